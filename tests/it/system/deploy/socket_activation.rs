//! Sockets that systemd hands over.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::daemon::Daemon;
use crate::support::home::plain_home;
use crate::support::http::{free_address, received, request};

#[test]
fn a_socket_that_is_handed_over_is_used() {
    let home = plain_home();
    let address = free_address();
    let mut command = home.command(&[]);
    let mut activate = Command::new("systemd-socket-activate");
    activate.arg(format!("--listen={address}")).arg(format!("--setenv=HOME={}", home.path().display()));
    activate.arg(command.get_program()).args([
        "watch",
        "--no-refresh",
        "--log-level",
        "info",
        "--listen",
        "127.0.0.1:1",
    ]);
    activate.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    assert!(
        Command::new("systemd-socket-activate").arg("--version").output().is_ok(),
        "apt-get install systemd"
    );
    // The first visitor has the daemon started.
    let visitor = std::thread::spawn(move || {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            match TcpStream::connect(address) {
                Ok(stream) => return stream,
                Err(_) => assert!(Instant::now() < deadline, "nobody listens on {address}"),
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    let daemon = Daemon::listening(activate);
    assert_eq!(daemon.address, address);
    let mut first = visitor.join().unwrap();
    first.write_all(request(address, "GET", "/healthz", &[]).as_bytes()).unwrap();
    assert!(received(first).starts_with(b"HTTP/1.1 200"), "who came first is answered");
    assert_eq!(daemon.get("/healthz").status, 200);

    // Sockets for another process are not ours.
    command.env("LISTEN_FDS", "1").env("LISTEN_PID", "1");
    command.args(["watch", "--no-refresh", "--log-level", "info", "--listen", "127.0.0.1:0"]);
    let daemon = Daemon::listening(command);
    assert_eq!(daemon.get("/healthz").status, 200);
}

#[test]
fn a_socket_that_is_handed_over_wide_open_is_refused() {
    let home = plain_home();
    let port = free_address().port();
    let program = home.command(&[]);
    let mut activate = Command::new("systemd-socket-activate");
    activate.arg(format!("--listen=0.0.0.0:{port}")).arg(format!("--setenv=HOME={}", home.path().display()));
    activate.arg(program.get_program()).args(["watch", "--no-refresh"]);
    activate.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    activate.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
    let child = activate.spawn().expect("apt-get install systemd");
    let deadline = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "nobody listens");
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains(&format!("other machines can reach `0.0.0.0:{port}`")), "{said}");
}
