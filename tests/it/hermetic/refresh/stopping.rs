//! Being asked to stop: nothing is waited for and nothing begun, whatever is in the way.

use std::io::Read;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::home::Home;
use crate::support::paused::Paused;
use crate::support::renewal::{PROFILE, expired, home, login};
use crate::support::time::wait_until;
use crate::support::token_server::TokenServer;

/// OpenClaw's patience with a lock is over a hundred seconds, authwatch's with its own state five.
const PROMPTLY: Duration = Duration::from_secs(20);

/// A lock held by a process that lives.
struct Foreign {
    holder: Child,
    path: PathBuf,
}

impl Foreign {
    fn new(path: PathBuf) -> Self {
        let holder = Command::new("sleep").arg("3600").spawn().unwrap();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let payload = json!({ "pid": holder.id(), "createdAt": "2026-11-26T11:00:00.000Z" });
        std::fs::write(&path, payload.to_string()).unwrap();
        Self { holder, path }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        self.holder.kill().unwrap();
        self.holder.wait().unwrap();
        let _ = std::fs::remove_file(&self.path);
    }
}

fn refresh_lock(home: &Home) -> PathBuf {
    // As 2026.4 names it for this provider and profile.
    let name = "sha256-cee1bbaed8073aace8170859a25616882c288ceeaa1119df363bf01cc0cdab65.lock";
    home.state().join("locks/oauth-refresh").join(name)
}

/// Asks a program to stop and gives the exit code it ends with, promptly.
fn stopped(mut child: Child, context: &str) -> Option<i32> {
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let asked = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if asked.elapsed() > PROMPTLY {
            child.kill().unwrap();
            panic!("{context}: still there {PROMPTLY:?} after it was asked to stop");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

const COMMANDS: [&[&str]; 3] = [&["refresh"], &["watch", "--once"], &["watch", "--listen", "127.0.0.1:0"]];

#[test]
fn a_lock_is_not_waited_for_and_no_call_begun() {
    for arguments in COMMANDS {
        for which in ["refresh", "store", "recovery"] {
            let server = TokenServer::start();
            let mut home = home(&server);
            if which == "recovery" {
                // What waits in a recovery file waits for the store's lock, too.
                home = home.env("AUTHWATCH_TEST_FAIL", "rename");
                assert_eq!(home.run(&["refresh"]).code, 73);
                home = home.env("AUTHWATCH_TEST_FAIL", "");
            }
            let calls = server.calls();
            let path = match which {
                "refresh" => refresh_lock(&home),
                _ => home.store("main").with_extension("json.lock"),
            };
            let foreign = Foreign::new(path);
            let log = home.path().join("log");
            let mut command = home.command(&[&["--log-level", "info"], arguments].concat());
            let child =
                command.stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
            wait_until(|| std::fs::read_to_string(&log).unwrap().contains("waiting"));
            let context = format!("{arguments:?}, {which}");
            let code = stopped(child, &context);
            assert_eq!(server.calls(), calls, "{context}");
            if arguments == ["refresh"] {
                assert_eq!(code, Some(75), "{context}");
            }
            drop(foreign);
        }
    }
}

#[test]
fn a_stop_at_any_step_before_the_call_begins_none() {
    for arguments in COMMANDS {
        for step in ["refresh-locked", "store-locked", "rehearsed", "reserved"] {
            let server = TokenServer::start();
            let home = home(&server);
            let paused = Paused::at(step, &home, home.command(arguments));
            kill_process(Pid::from_child(&paused.child), Signal::TERM).unwrap();
            std::thread::sleep(Duration::from_millis(50));
            paused.finish();
            assert_eq!(server.calls(), 0, "{arguments:?} at {step}");
        }
    }
}

#[test]
fn mains_lock_does_not_hold_up_what_is_stored() {
    let server = TokenServer::start();
    let home = Home::new()
        .file(".config/authwatch/config.toml", server.config(&["openai-codex"]))
        .profiles("main", &json!({ "x:y": { "type": "api_key", "provider": "x", "key": "k" } }))
        .profiles("own", &json!({ PROFILE: expired(&server.sign_in("own")) }));
    let _foreign = Foreign::new(home.store("main").with_extension("json.lock"));
    let mut command = home.command(&["refresh"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let is_stored = || server.is_good(login(&home, "own")["refresh"].as_str().unwrap_or_default());
    wait_until(|| server.calls() == 1 && is_stored());
    assert_eq!(stopped(child, "mirror"), Some(0));
    assert!(is_stored());
}

#[test]
fn a_locked_state_directory_stops_neither_the_page_nor_the_end() {
    let server = TokenServer::start();
    let home = home(&server);
    let dir = home.path().join(".local/state/authwatch");
    std::fs::create_dir_all(&dir).unwrap();
    let lock = std::fs::File::create(dir.join("state.lock")).unwrap();
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).unwrap();
    let log = home.path().join("log");
    let mut command =
        home.command(&["--log-level", "info", "watch", "--listen", "127.0.0.1:0", "--interval", "1s"]);
    let child = command.stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
    let said = || std::fs::read_to_string(&log).unwrap();
    wait_until(|| said().contains("serving on http://"));
    let address = said().split_once("serving on http://").unwrap().1.split('/').next().unwrap().to_owned();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer within three seconds");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(stopped(child, "state.lock"), Some(0));
    assert_eq!(server.calls(), 0, "what cannot be remembered is not begun");
    drop(lock);
    assert_eq!((home.run(&["refresh"]).code, server.calls()), (0, 1));
}
