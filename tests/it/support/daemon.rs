//! A running `authwatch watch`.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::support::home::Home;
use crate::support::http::{Answer, ask};

pub(crate) fn scans(daemon: &Daemon) -> f64 {
    daemon.metric("authwatch_scans_total").unwrap_or_default()
}

/// The daemon; it ends with the test.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Daemon {
    /// Starts it in this home on a free port, and waits until it listens.
    pub(crate) fn start(home: &Home, arguments: &[&str]) -> Self {
        Self::listening(
            home.command(&[&["watch", "--listen", "127.0.0.1:0", "--log-level", "info"], arguments].concat()),
        )
    }

    /// The same, and waits until the first pass is done.
    pub(crate) fn ready(home: &Home, arguments: &[&str]) -> Self {
        let daemon = Self::start(home, arguments);
        daemon.wait("the first pass", || daemon.get("/readyz").status == 200);
        daemon
    }

    pub(crate) fn listening(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        std::thread::spawn({
            let log = Arc::clone(&log);
            move || {
                for line in lines.map_while(Result::ok) {
                    let mut log = log.lock().unwrap();
                    log.push_str(&line);
                    log.push('\n');
                }
            }
        });
        let mut daemon = Self { child, address: ([127, 0, 0, 1], 0).into(), log };
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(address) = daemon.address_in_log() {
                daemon.address = address;
                return daemon;
            }
            let ended = daemon.child.try_wait().unwrap();
            assert!(ended.is_none(), "it has ended ({ended:?}): {}", daemon.log());
            assert!(Instant::now() < deadline, "it does not listen: {}", daemon.log());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn address_in_log(&self) -> Option<SocketAddr> {
        let log = self.log();
        let rest = log.split_once("serving on http")?.1;
        rest.trim_start_matches('s').strip_prefix("://")?.split_once('/')?.0.parse().ok()
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it has ended; its exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until something is so.
    pub(crate) fn wait(&self, what: &str, condition: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !condition() {
            assert!(Instant::now() < deadline, "{what} did not happen within a minute: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[])
    }

    /// A request with further header lines.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[&str]) -> Answer {
        ask(self.address, method, path, headers)
    }

    /// The sample of this name and these labels, as they are written.
    pub(crate) fn metric(&self, series: &str) -> Option<f64> {
        let text = self.get("/metrics").text();
        text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
    }

    /// Waits until a sample has this value.
    pub(crate) fn wait_for_metric(&self, series: &str, value: f64) {
        self.wait(&format!("{series} {value}"), || {
            self.metric(series).is_some_and(|found| (found - value).abs() < 1e-9)
        });
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
