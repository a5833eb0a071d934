//! `kill -9` at every step: the store is always whole, and a login is lost only in the one window no client can close.

use std::process::Stdio;
use std::time::{Duration, SystemTime};

use crate::refresh::{PROFILE, expired, home, login, now, stored, wait_until};
use crate::token_server::TokenServer;

/// The steps in order, and whether the token that was stored before is spent while the new one is not stored yet.
const STEPS: [(&str, bool); 9] = [
    ("refresh-locked", false),
    ("store-locked", false),
    ("rehearsed", false),
    ("reserved", false),
    ("answered", true),
    ("written", true),
    ("renamed", false),
    ("saved", false),
    ("mirrored", false),
];
const KILLS: usize = 200;

#[test]
fn two_hundred_kills_lose_a_login_only_between_answer_and_rename() {
    let (mut kills, mut lost) = (0, 0);
    'all: loop {
        for (step, may_lose) in STEPS {
            let server = TokenServer::start();
            let home = home(&server);
            let marker = home.path().join("marker");
            let mut child = home
                .command(&["refresh"])
                .env("AUTHWATCH_TEST_PAUSE", step)
                .env("AUTHWATCH_TEST_MARKER", &marker)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            wait_until(|| marker.exists());
            child.kill().unwrap();
            child.wait().unwrap();
            let kept = login(&home, "main")["refresh"].as_str().unwrap().to_owned();
            let is_lost = !server.is_good(&kept);
            assert!(!is_lost || may_lose, "killed at `{step}`: the stored token is spent");
            lost += usize::from(is_lost);
            if is_lost {
                // What no client can prevent: sign in again.
                let mut store = stored(&home.store("main"));
                store["profiles"][PROFILE] = expired(&server.sign_in("again"));
                std::fs::write(home.store("main"), store.to_string()).unwrap();
            }
            // The next run removes the dead process's locks and carries on.
            let ran = home.run(&["refresh"]);
            assert_eq!((ran.code, server.reuses()), (0, 0), "after `{step}`: {}{}", ran.stdout, ran.stderr);
            let entry = login(&home, "main");
            assert!(
                entry["expires"].as_u64().unwrap() > now()
                    && server.is_good(entry["refresh"].as_str().unwrap())
            );
            // Where nothing was left to do the locks may still lie there; they are no obstacle.
            let ran = home.run(&["refresh", "--force"]);
            assert_eq!((ran.code, server.reuses()), (0, 0), "after `{step}`: {}{}", ran.stdout, ran.stderr);
            assert!(!home.agent_dir("main").join("auth-profiles.json.lock").exists());
            kills += 1;
            if kills == KILLS {
                break 'all;
            }
        }
    }
    // Shown by `cargo test -- --nocapture`.
    println!("{kills} kills, {lost} logins lost, all of them between the provider's answer and the rename");
}

#[test]
fn the_window_is_measured() {
    use std::os::unix::fs::MetadataExt;

    let server = TokenServer::start();
    let home = home(&server);
    let mut windows: Vec<Duration> = (0..20)
        .map(|_| {
            assert_eq!(home.run(&["refresh", "--force"]).code, 0);
            // A rename changes the inode's time.
            let metadata = home.store("main").metadata().unwrap();
            let renamed = SystemTime::UNIX_EPOCH
                + Duration::new(
                    u64::try_from(metadata.ctime()).unwrap(),
                    u32::try_from(metadata.ctime_nsec()).unwrap(),
                );
            renamed.duration_since(server.answered().unwrap()).unwrap_or_default()
        })
        .collect();
    windows.sort();
    // Shown by `cargo test -- --nocapture`.
    println!("answer to rename: median {:?}, longest {:?} of {}", windows[10], windows[19], windows.len());
    assert_eq!(server.calls(), 20);
}
