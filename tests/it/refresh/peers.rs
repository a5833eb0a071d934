//! Others who renew the same logins, their locks, and clocks.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::{PROFILE, home, now, stored, wait_until};
use crate::support::{Home, Ran};
use crate::token_server::{Fault, TokenServer};

#[test]
fn locks_are_respected_and_broken_only_when_stale() {
    let dead_pid = {
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        pid
    };
    let mut zombie = Command::new("true").spawn().unwrap();
    let zombie_pid = zombie.id();
    wait_until(|| {
        std::fs::read_to_string(format!("/proc/{zombie_pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    });
    let mut alive = Command::new("sleep").arg("600").spawn().unwrap();
    let date = |age_s: u64| {
        let at =
            chrono::DateTime::from_timestamp_millis(i64::try_from(now() - age_s * 1000).unwrap()).unwrap();
        at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    };
    let payload = |pid: u32, age_s: u64, more: &str| {
        format!(r#"{{"pid": {pid}, "createdAt": "{}"{more}}}"#, date(age_s))
    };
    let starttime = std::fs::read_to_string(format!("/proc/{}/stat", alive.id())).unwrap();
    let starttime = starttime.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap().to_owned();
    let other = r#", "starttime": 1"#;
    let right = format!(r#", "starttime": {starttime}"#);
    // Age of the file in seconds, content, whether it is broken.
    let cases = [
        ("dead pid", 1, payload(dead_pid, 1, ""), true),
        ("zombie", 1, payload(zombie_pid, 1, ""), true),
        ("reused pid, old", 300, payload(alive.id(), 300, other), true),
        ("reused pid, young", 1, payload(alive.id(), 1, other), false),
        ("old createdAt with a live pid", 99_999, payload(alive.id(), 99_999, ""), false),
        ("its holder", 300, payload(alive.id(), 300, &right), false),
        // The first process is another user's, unless the tests run as root; then the file is.
        ("another user's", 300, payload(1, 300, ""), false),
        ("another user's, dead", 1, payload(dead_pid, 1, ""), true),
        ("empty, young", 1, String::new(), false),
        ("empty, old", 300, String::new(), true),
        ("garbage, young", 1, "{\"pid\": \"x\"".to_owned(), false),
        ("garbage, old", 300, "{\"pid\": \"x\"".to_owned(), true),
    ];
    let refresh_lock =
        "locks/oauth-refresh/sha256-cee1bbaed8073aace8170859a25616882c288ceeaa1119df363bf01cc0cdab65.lock";
    std::thread::scope(|scope| {
        for (name, age_s, content, is_broken) in &cases {
            for store_lock in [false, true] {
                scope.spawn(move || {
                    let server = TokenServer::start();
                    let home = home(&server);
                    let path = if store_lock {
                        home.agent_dir("main").join("auth-profiles.json.lock")
                    } else {
                        home.state().join(refresh_lock)
                    };
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::fs::write(&path, content).unwrap();
                    let old = SystemTime::now() - Duration::from_secs(*age_s);
                    std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
                    if name.starts_with("another") && rustix::process::geteuid().is_root() {
                        std::os::unix::fs::chown(&path, Some(65_534), Some(65_534)).unwrap();
                    }
                    check_lock(name, &home, &server, &path, *is_broken);
                });
            }
        }
        // Early releases used a directory, whose time its holder kept young.
        for (age_s, is_broken) in [(1, false), (300, true)] {
            scope.spawn(move || {
                let server = TokenServer::start();
                let home = home(&server);
                let path = home.state().join(refresh_lock);
                std::fs::create_dir_all(&path).unwrap();
                let old = SystemTime::now() - Duration::from_secs(age_s);
                std::fs::File::open(&path).unwrap().set_modified(old).unwrap();
                check_lock("directory", &home, &server, &path, is_broken);
            });
        }
    });
    zombie.wait().unwrap();
    alive.kill().unwrap();
    alive.wait().unwrap();
}

/// A lock that is broken lets the refresh through; one that is respected is still there while it waits.
fn check_lock(name: &str, home: &Home, server: &TokenServer, path: &Path, is_broken: bool) {
    let inode = path.symlink_metadata().unwrap().ino();
    if is_broken {
        let ran = home.run(&["refresh"]);
        assert_eq!(
            (ran.code, server.calls()),
            (0, 1),
            "{name} {}: {}{}",
            path.display(),
            ran.stdout,
            ran.stderr
        );
        assert!(!path.exists(), "{name}: and leaves none of its own");
        return;
    }
    let mut child = home
        .command(&["refresh", "--log-level", "info"])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stderr.take().unwrap()), &mut line)
        .unwrap();
    assert!(
        line.contains("waiting") && line.contains(path.file_name().unwrap().to_str().unwrap()),
        "{name}: {line}"
    );
    assert_eq!((path.symlink_metadata().unwrap().ino(), server.calls()), (inode, 0), "{name}: respected");
    child.kill().unwrap();
    child.wait().unwrap();
    if path.is_file() {
        // The reports see it, too.
        let report = home.run(&["status", "--json"]).agent("main");
        let profile = report["profiles"]
            .as_array()
            .unwrap()
            .iter()
            .find(|profile| profile["profileId"] == PROFILE)
            .unwrap()
            .clone();
        if path.to_string_lossy().contains("oauth-refresh") {
            assert_eq!(profile["login"], "refreshing", "{name}: {profile}");
            assert!(profile["loginSince"].is_number());
        }
    }
}

#[test]
fn a_peer_that_was_faster_is_noticed() {
    let server = TokenServer::start();
    let home = home(&server);
    let runs: Vec<_> = (0..2)
        .map(|_| {
            home.command(&["refresh", "--force"])
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for run in runs {
        let ran = Ran::of(run.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    }
    assert_eq!(server.reuses(), 0);
}

#[test]
fn a_wall_clock_that_jumps_neither_storms_the_provider_nor_skips_a_refresh() {
    let server = TokenServer::start();
    let home = home(&server);
    let faked = |by: &str| {
        let mut command = Command::new("faketime");
        command.args(["-f", by, env!("CARGO_BIN_EXE_authwatch"), "refresh"]);
        let inner = home.command(&[]);
        command.env_clear().env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        for (name, value) in inner.get_envs() {
            command.env(name, value.unwrap());
        }
        Ran::of(command.output().expect("faketime is installed (Debian: faketime)"))
    };
    assert_eq!((home.run(&["refresh"]).code, server.calls()), (0, 1));
    // Five days ahead the token looks expired: renewed once, and not again and again.
    for _ in 0..5 {
        let ran = faked("+5d");
        assert_eq!((ran.code, server.calls()), (0, 2), "{}{}", ran.stdout, ran.stderr);
    }
    // Back to now: by the wall clock the new token lives for five days and an hour; by the other clock for an hour.
    let ran = home.run(&["refresh"]);
    assert_eq!((ran.code, server.calls()), (0, 2), "{}", ran.stdout);
    let state = home.path().join(".local/state/authwatch/state.json");
    let mut memory = stored(&state);
    let records = memory["logins"].as_object_mut().unwrap().values_mut();
    for record in records.filter(|record| record["issued"].is_object()) {
        let at = record["issued"]["at"].as_f64().unwrap();
        record["issued"]["at"] = json!(at - 3_600_000.0);
    }
    std::fs::write(&state, memory.to_string()).unwrap();
    assert_eq!((home.run(&["refresh"]).code, server.calls()), (0, 3), "an hour later it is renewed");
    // Two days back, a failure's pause does not become two days long.
    server.fail(Fault::Answer(500, "", String::new()));
    assert_eq!(home.run(&["refresh", "--force"]).code, 75);
    server.recover();
    let mut entry = stored(&home.store("main"));
    entry["profiles"][PROFILE]["expires"] = json!(now() - 3 * 86_400_000);
    std::fs::write(home.store("main"), entry.to_string()).unwrap();
    let calls = server.calls();
    let ran = faked("-2d");
    assert_eq!((ran.code, server.calls()), (0, calls + 1), "{}{}", ran.stdout, ran.stderr);
}
