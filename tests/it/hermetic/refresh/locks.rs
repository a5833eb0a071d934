//! Locks of OpenClaw and of other processes: respected, and broken only when stale.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::support::home::{Home, Ran};
use crate::support::paused::Paused;
use crate::support::renewal::{PROFILE, home, leftovers, locks};
use crate::support::time::{now, wait_until};
use crate::support::token_server::TokenServer;

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
            chrono::DateTime::from_timestamp_millis(now() - i64::try_from(age_s * 1000).unwrap()).unwrap();
        at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    };
    let payload = |pid: u32, age_s: u64, more: &str| {
        format!(r#"{{"pid": {pid}, "createdAt": "{}"{more}}}"#, date(age_s))
    };
    let starttime = std::fs::read_to_string(format!("/proc/{}/stat", alive.id())).unwrap();
    let starttime = starttime.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap().to_owned();
    let namespace = std::fs::metadata("/proc/self/ns/pid").unwrap().ino();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let from = |namespace: u64, boot: &str| {
        format!(r#", "starttime": 1, "pidNamespace": {namespace}, "bootId": "{}""#, boot.trim())
    };
    let ours = from(namespace, &boot);
    let other = r#", "starttime": 1"#;
    let right = format!(r#", "starttime": {starttime}"#);
    // Age of the file in seconds, content, whether it is broken.
    let cases = [
        ("dead pid", 1, payload(dead_pid, 1, &ours), true),
        ("zombie", 1, payload(zombie_pid, 1, &ours), true),
        // OpenClaw does not say which container a process is in, and from another one the living look dead.
        ("dead pid, OpenClaw's", 1, payload(dead_pid, 1, ""), false),
        ("zombie, OpenClaw's", 1, payload(zombie_pid, 1, ""), false),
        ("dead pid, OpenClaw's, old", 300, payload(dead_pid, 300, ""), true),
        ("dead pid, of another container", 1, payload(dead_pid, 1, &from(namespace + 1, &boot)), false),
        (
            "dead pid, of another container, old",
            300,
            payload(dead_pid, 300, &from(namespace + 1, &boot)),
            true,
        ),
        ("dead pid, of another machine", 1, payload(dead_pid, 1, &from(namespace, "another")), false),
        ("reused pid, old", 300, payload(alive.id(), 300, other), true),
        ("reused pid, young", 1, payload(alive.id(), 1, other), false),
        ("old createdAt with a live pid", 99_999, payload(alive.id(), 99_999, ""), false),
        ("its holder", 300, payload(alive.id(), 300, &right), false),
        // The first process is another user's, unless the tests run as root; then the file is.
        ("another user's", 300, payload(1, 300, ""), false),
        ("another user's, dead", 1, payload(dead_pid, 1, &ours), true),
        ("empty, young", 1, String::new(), false),
        ("empty, old", 300, String::new(), true),
        ("garbage, young", 1, "{\"pid\": \"x\"".to_owned(), false),
        ("garbage, old", 300, "{\"pid\": \"x\"".to_owned(), true),
        ("without end, young", 1, payload(alive.id(), 1, &right), false),
        ("without end, old", 300, payload(alive.id(), 300, &right), true),
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
                    if name.starts_with("without end") {
                        // To read it would take all there is of this process's memory.
                        std::fs::File::options().write(true).open(&path).unwrap().set_len(4 << 40).unwrap();
                    }
                    let old = SystemTime::now() - Duration::from_secs(*age_s);
                    std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
                    if name.starts_with("another") && rustix::process::geteuid().is_root() {
                        std::os::unix::fs::chown(&path, Some(65_534), Some(65_534)).unwrap();
                    }
                    check_lock(name, &home, &server, &path, *is_broken);
                });
            }
        }
        // Early releases used a directory, whose time its holder kept young. The others are nobody's locks, and in the way of one.
        for make in ["mkdir", "mkfifo", "ln -s /dev/zero", "ln -s nowhere"] {
            for (age, is_broken) in [("now", false), ("5 minutes ago", true)] {
                scope.spawn(move || {
                    let server = TokenServer::start();
                    let home = home(&server);
                    let path = home.state().join(refresh_lock);
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    let script = format!("{make} \"$1\" && touch --no-dereference --date \"{age}\" \"$1\"");
                    let made = Command::new("sh").args(["-ec", &script, "sh"]).arg(&path).status().unwrap();
                    assert!(made.success(), "{make}");
                    check_lock(make, &home, &server, &path, is_broken);
                });
            }
        }
    });
    zombie.wait().unwrap();
    alive.kill().unwrap();
    alive.wait().unwrap();
}

/// A lock that is broken lets the refresh through; one that is respected is still there while it waits.
fn check_lock(name: &str, home: &Home, server: &TokenServer, path: &Path, is_broken: bool) {
    let inode = path.symlink_metadata().unwrap().ino();
    // Whatever is there, looking at it comes to an end.
    home.run(&["status"]);
    home.run(&["doctor"]);
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
        assert!(path.symlink_metadata().is_err(), "{name}: and leaves none of its own");
        return;
    }
    let mut child = home
        .command(&["refresh", "--log-level", "info"])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(
        line.contains("waiting") && line.contains(path.file_name().unwrap().to_str().unwrap()),
        "{name}: {line}"
    );
    assert_eq!((path.symlink_metadata().unwrap().ino(), server.calls()), (inode, 0), "{name}: respected");
    child.kill().unwrap();
    child.wait().unwrap();
    if path.is_file() {
        // The reports see it, too.
        let profile = home.run(&["status", "--json"]).profile("main", PROFILE);
        if path.to_string_lossy().contains("oauth-refresh") {
            assert_eq!(profile["login"], "refreshing", "{name}: {profile}");
            assert!(profile["loginSince"].is_number());
        }
    }
}

/// A lock of a process that lives, as OpenClaw writes them.
fn put_live_lock(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = std::fs::remove_file(path);
    let at = chrono::DateTime::from_timestamp_millis(now()).unwrap();
    let holder = json!({ "pid": std::process::id(), "createdAt": at.to_rfc3339() });
    std::fs::write(path, holder.to_string()).unwrap();
}

/// The locks of the login: OpenClaw's up to 2026.5, the one of the store, and OpenClaw's from 2026.6 on.
fn all_locks(home: &Home) -> [PathBuf; 3] {
    let refresh_locks = home.state().join("locks/oauth-refresh");
    [
        refresh_locks.join("sha256-cee1bbaed8073aace8170859a25616882c288ceeaa1119df363bf01cc0cdab65.lock"),
        home.agent_dir("main").join("auth-profiles.json.lock"),
        refresh_locks.join("lock-7b9da1f0ba485a46aaec13e8c09ceb27.lock"),
    ]
}

#[test]
fn no_call_is_begun_once_somebody_else_has_a_lock() {
    for lock in 0..3 {
        let server = TokenServer::start();
        let home = home(&server);
        let before = std::fs::read(home.store("main")).unwrap();
        let path = &all_locks(&home)[lock];
        let paused = Paused::at("reserved", &home, home.command(&["refresh"]));
        put_live_lock(path);
        let inode = path.metadata().unwrap().ino();
        let ran = paused.finish();
        assert_eq!((ran.code, server.calls()), (75, 0), "{}: {}{}", path.display(), ran.stdout, ran.stderr);
        assert_eq!(path.metadata().unwrap().ino(), inode, "it is left to its holder");
        assert!(std::fs::read(home.store("main")).unwrap() == before);
        // Whose lock it was is gone.
        std::fs::remove_file(path).unwrap();
        assert_eq!((home.run(&["refresh"]).code, server.calls()), (0, 1));
        assert!(leftovers(&home, "main").is_empty() && locks(&home).is_empty());
    }
}

#[test]
fn a_lock_that_took_a_stale_ones_place_is_not_removed_with_it() {
    for lock in 0..2 {
        let server = TokenServer::start();
        let home = home(&server);
        let path = &all_locks(&home)[lock];
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
        let old = SystemTime::now() - Duration::from_secs(300);
        std::fs::File::options().write(true).open(path).unwrap().set_modified(old).unwrap();
        let mut paused = Paused::at("lock-judged", &home, home.command(&["refresh", "--log-level", "info"]));
        put_live_lock(path);
        let inode = path.metadata().unwrap().ino();
        paused.resume();
        let mut lines = BufReader::new(paused.child.stderr.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.contains("waiting")), "it waits for the new holder");
        assert_eq!((path.metadata().unwrap().ino(), server.calls()), (inode, 0));
        paused.kill();
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
