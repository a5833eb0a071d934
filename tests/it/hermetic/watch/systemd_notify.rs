//! As a service of systemd: notifications of its state.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::scans::token;
use crate::support::daemon::Daemon;
use crate::support::home::{HOUR, Home};
use crate::support::notify_socket::Notified;

#[test]
fn systemd_is_notified_of_the_state() {
    let home = Home::new().profiles("main", &json!({ "anthropic:a": token(HOUR) }));
    let mut notified = Notified::bind(&home);
    let socket = home.path().join("notify");
    let home = home.env("NOTIFY_SOCKET", socket.to_str().unwrap()).env("WATCHDOG_USEC", "400000");
    let mut daemon = Daemon::start(&home, &["--no-refresh"]);
    notified.wait("READY=1");
    assert_eq!(daemon.get("/readyz").status, 200);
    assert_eq!(daemon.metric("authwatch_agents"), Some(1.0), "ready means that there is something to see");
    let status = notified.wait("STATUS=");
    assert_eq!(status, format!("STATUS=1 agent: 0 valid, 1 expiring, 0 missing; http://{}/", daemon.address));
    // The interval is a minute: signs of life come by themselves, and more often than asked for.
    let start = Instant::now();
    for _ in 0..5 {
        notified.wait("WATCHDOG=1");
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    notified.states.clear();
    daemon.signal(Signal::HUP);
    notified.wait("RELOADING=1");
    assert!(
        notified.states.iter().any(|state| state.starts_with("MONOTONIC_USEC=")),
        "{:?}",
        notified.states
    );
    notified.wait("READY=1");
    daemon.signal(Signal::TERM);
    notified.wait("STOPPING=1");
    assert_eq!(daemon.ended(), Some(0));
}
