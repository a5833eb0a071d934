//! `kill -9` at every step: the store is always whole, and a login is lost only in the one window no client can close.

use std::time::Duration;

use crate::support::home::stored;
use crate::support::paused::Paused;
use crate::support::renewal::{PROFILE, expired, home, login};
use crate::support::time::now;
use crate::support::token_server::TokenServer;

/// The steps in order, and whether the token that was stored before is spent while the new one is nowhere yet.
const STEPS: [(&str, bool); 10] = [
    ("refresh-locked", false),
    ("store-locked", false),
    ("rehearsed", false),
    ("reserved", false),
    ("answered", true),
    ("filled", false),
    ("written", false),
    ("renamed", false),
    ("saved", false),
    ("mirrored", false),
];
const KILLS: usize = 200;

#[test]
fn two_hundred_kills_lose_a_login_only_before_the_answer_is_written_down() {
    let (mut kills, mut lost) = (0, 0);
    'all: loop {
        for (step, may_lose) in STEPS {
            let server = TokenServer::start();
            let home = home(&server);
            Paused::at(step, &home, home.command(&["refresh"])).kill();
            let is_good = || server.is_good(login(&home, "main")["refresh"].as_str().unwrap());
            if !is_good() && !may_lose {
                // It was written down before it was stored, and the next run puts it back.
                let ran = home.run(&["refresh"]);
                assert!(ran.code == 0 && ran.stdout.contains("\tstored"), "{}{}", ran.stdout, ran.stderr);
            }
            let is_lost = !is_good();
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
                entry["expires"].as_i64().unwrap() > now()
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
    println!("{kills} kills, {lost} logins lost, all of them before the provider's answer was written down");
}

#[test]
fn the_window_is_measured() {
    let server = TokenServer::start();
    let home = home(&server);
    let rescue = home.path().join(".local/state/authwatch/rescue");
    let mut windows: Vec<Duration> = (0..20)
        .map(|_| {
            let paused = Paused::at("filled", &home, home.command(&["refresh", "--force"]));
            let file = std::fs::read_dir(&rescue).unwrap().flatten().next().unwrap();
            let written = file.metadata().unwrap().modified().unwrap();
            paused.kill();
            assert_eq!(home.run(&["refresh"]).code, 0);
            written.duration_since(server.answered().unwrap()).unwrap_or_default()
        })
        .collect();
    windows.sort();
    // Shown by `cargo test -- --nocapture`.
    println!(
        "answer to written down: median {:?}, longest {:?} of {}",
        windows[10],
        windows[19],
        windows.len()
    );
    assert_eq!((server.calls(), server.reuses()), (20, 0));
}
