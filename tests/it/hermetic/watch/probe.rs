//! `authwatch probe`: what a container's health check asks, of a real daemon and of everything else that may listen there.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::daemon::Daemon;
use crate::support::home::Home;
use crate::support::http::free_address;

/// Something that listens and says this to everybody; where it is.
fn listener(says: &'static [u8], closes: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(says);
            if !closes {
                kept.push(stream);
            }
        }
    });
    address
}

#[test]
fn a_daemon_is_well_when_it_answers_and_unwell_when_it_is_gone() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let address = daemon.address.to_string();
    let well = home.run(&["probe", &address]);
    assert_eq!(
        (well.code, well.stdout.as_str()),
        (0, &*format!("http://{address}/healthz ok\n")),
        "{}",
        well.stderr
    );
    let nothing = home.run(&["probe", &format!("http://{address}/nothing")]);
    assert_eq!(nothing.code, 1);
    assert!(nothing.stderr.contains("is unhealthy: 404"), "{}", nothing.stderr);
    drop(daemon);
    let gone = home.run(&["probe", &address]);
    assert_eq!((gone.code, gone.stdout.as_str()), (1, ""));
    assert!(gone.stderr.contains("no answer: Connection refused"), "{}", gone.stderr);
    assert!(gone.stderr.contains("hint: is `authwatch watch` running"), "{}", gone.stderr);
}

#[test]
fn readiness_can_be_asked_for() {
    let home = Home::new().profiles("main", &serde_json::json!({}));
    let daemon = Daemon::ready(&home, &[]);
    let ready = home.run(&["probe", &format!("http://{}/readyz", daemon.address)]);
    assert_eq!((ready.code, ready.stdout.ends_with("/readyz ready\n")), (0, true), "{}", ready.stderr);
}

#[test]
fn the_configuration_says_whom_to_ask() {
    let free = free_address().port();
    // The probes' own listener wins, and one that listens everywhere is asked on loopback.
    let config = format!("[watch]\nlisten = \"127.0.0.1:1\"\nhealth_listen = \"0.0.0.0:{free}\"\n");
    let home = Home::new().file(".config/authwatch/config.toml", config);
    let daemon = Daemon::start(&home, &[]);
    daemon.wait("the probes' listener", || home.run(&["probe"]).code == 0);
    drop(daemon);
    assert_eq!(home.run(&["probe"]).code, 1);
}

#[test]
fn a_password_is_said_to_be_in_the_way() {
    let home = Home::new().file("token", "let-me-in\n");
    let config = format!("[watch]\nbearer_token_file = \"{}\"\n", home.path().join("token").display());
    home.write(".config/authwatch/config.toml", config);
    let daemon = Daemon::start(&home, &[]);
    let ran = home.run(&["probe", &daemon.address.to_string()]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("requires a password or token") && ran.stderr.contains("watch.health_listen"),
        "{}",
        ran.stderr
    );
}

#[test]
fn whoever_speaks_something_else_or_nothing_is_not_well() {
    let home = Home::new();
    for (says, shown) in [
        (&b"SSH-2.0-OpenSSH_9.2\r\n"[..], "does not speak HTTP"),
        (b"", "does not speak HTTP"),
        (
            b"HTTP/1.1 503 Service Unavailable\r\n\r\nno \x1b[31mfresh look\n",
            "is unhealthy: 503 no [31mfresh look",
        ),
        (b"HTTP/1.1 abc\r\n\r\n", "does not speak HTTP"),
    ] {
        let ran = home.run(&["probe", &listener(says, true)]);
        assert_eq!(ran.code, 1, "{shown}");
        assert!(ran.stderr.contains(shown), "{shown}: {}", ran.stderr);
    }
    let started = Instant::now();
    let ran = home.run(&["probe", "--timeout", "200ms", &listener(b"HTTP/1.1 200 OK\r\n", false)]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("no answer: timed out"), "{}", ran.stderr);
    assert!(started.elapsed() < Duration::from_secs(30), "it waits for ever");
}

#[test]
fn a_wrong_address_is_said_to_be_wrong() {
    let home = Home::new();
    for (url, hint) in [
        ("localhost", "hint: give an address and a port"),
        ("https://127.0.0.1:1/", "hint: set watch.health_listen"),
    ] {
        let ran = home.run(&["probe", url]);
        assert_eq!((ran.code, ran.stderr.contains(hint)), (64, true), "{url}: {}", ran.stderr);
    }
}
