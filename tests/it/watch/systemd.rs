//! As a service of systemd: told how it stands, and given its socket.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::passes::token;
use super::strangers::plain_home;
use crate::support::{HOUR, Home};
use crate::watching::{Watching, received, request};

/// What comes back, if anything does.
pub(super) fn send_quietly(address: SocketAddr, text: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    let _ = stream.write_all(text.as_bytes());
    received(stream)
}

/// A socket such as systemd's, and what has been sent to it so far.
pub(crate) struct Notified {
    socket: UnixDatagram,
    pub(crate) states: Vec<String>,
}

impl Notified {
    pub(crate) fn bind(home: &Home) -> Self {
        let socket = UnixDatagram::bind(home.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { socket, states: Vec::new() }
    }

    /// Waits for a state that begins so; returns it.
    pub(crate) fn wait(&mut self, beginning: &str) -> String {
        let mut datagram = [0; 4096];
        loop {
            let read = self
                .socket
                .recv(&mut datagram)
                .unwrap_or_else(|problem| panic!("no {beginning} ({problem}) in {:?}", self.states));
            let states = String::from_utf8(datagram[..read].to_vec()).unwrap();
            self.states.extend(states.lines().map(str::to_owned));
            if let Some(found) = states.lines().find(|state| state.starts_with(beginning)) {
                return found.to_owned();
            }
        }
    }
}

#[test]
fn systemd_is_told_how_it_stands() {
    let home = Home::new().profiles("main", &json!({ "anthropic:a": token(HOUR) }));
    let mut notified = Notified::bind(&home);
    let socket = home.path().join("notify");
    let home = home.env("NOTIFY_SOCKET", socket.to_str().unwrap()).env("WATCHDOG_USEC", "400000");
    let mut watching = Watching::start(&home, &["--no-refresh"]);
    notified.wait("READY=1");
    assert_eq!(watching.get("/readyz").status, 200);
    assert_eq!(watching.metric("authwatch_agents"), Some(1.0), "ready means that there is something to see");
    let status = notified.wait("STATUS=");
    assert_eq!(
        status,
        format!("STATUS=1 agents: 0 valid, 1 expiring, 0 missing; http://{}/", watching.address)
    );
    // The interval is a minute: signs of life come by themselves, and more often than asked for.
    let start = Instant::now();
    for _ in 0..5 {
        notified.wait("WATCHDOG=1");
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    notified.states.clear();
    watching.signal(Signal::HUP);
    notified.wait("RELOADING=1");
    assert!(
        notified.states.iter().any(|state| state.starts_with("MONOTONIC_USEC=")),
        "{:?}",
        notified.states
    );
    notified.wait("READY=1");
    watching.signal(Signal::TERM);
    notified.wait("STOPPING=1");
    assert_eq!(watching.ended(), Some(0));
}

#[test]
fn a_socket_that_is_handed_over_is_used() {
    let home = plain_home();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
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
    let watching = Watching::listening(activate);
    assert_eq!(watching.address, address);
    let mut first = visitor.join().unwrap();
    first.write_all(request(address, "GET", "/healthz", &[]).as_bytes()).unwrap();
    assert!(received(first).starts_with(b"HTTP/1.1 200"), "who came first is answered");
    assert_eq!(watching.get("/healthz").status, 200);

    // Sockets for another process are not ours.
    command.env("LISTEN_FDS", "1").env("LISTEN_PID", "1");
    command.args(["watch", "--no-refresh", "--log-level", "info", "--listen", "127.0.0.1:0"]);
    let watching = Watching::listening(command);
    assert_eq!(watching.get("/healthz").status, 200);
}

#[test]
fn a_socket_that_is_handed_over_wide_open_is_refused() {
    let home = plain_home();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
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
    assert!(said.contains(&format!("`0.0.0.0:{port}` can be reached from other machines")), "{said}");
}
