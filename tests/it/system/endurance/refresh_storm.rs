//! Many processes, many copies of one login: exactly one of them calls the provider, and nobody loses it.

use std::process::Stdio;

use serde_json::json;

use crate::support::home::{Home, Ran, stored};
use crate::support::renewal::{PROFILE, expired};
use crate::support::time::now;
use crate::support::token_server::TokenServer;

const AGENTS: [&str; 6] = ["main", "a", "b", "c", "d", "e"];
const PROCESSES: usize = 24;
const ROUNDS: usize = 20;

#[test]
fn a_storm_of_processes_makes_one_call_a_round() {
    let server = TokenServer::start();
    let refresh = server.sign_in("shared");
    let mut home = Home::new().file(".config/authwatch/config.toml", server.config(&["openai-codex"]));
    let copy = expired(&refresh);
    for agent in AGENTS {
        home = home.profiles(agent, &json!({ PROFILE: copy }));
    }
    for round in 1..=ROUNDS {
        let runs: Vec<_> = (0..PROCESSES)
            .map(|process| {
                let mut command = home.command(&[
                    "refresh",
                    "--agent",
                    AGENTS[process % AGENTS.len()],
                    "--profile",
                    PROFILE,
                ]);
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for run in runs {
            let ran = Ran::of(run.wait_with_output().unwrap());
            assert_eq!(ran.code, 0, "round {round}: {}{}", ran.stdout, ran.stderr);
            assert!(
                ran.stdout.contains("valid for"),
                "every process ends with a valid token: {}",
                ran.stdout
            );
        }
        assert_eq!((server.calls(), server.reuses()), (round, 0), "round {round}");
        let owner = stored(&home.store("main"))["profiles"][PROFILE].clone();
        assert!(
            owner["expires"].as_i64().unwrap() > now() && server.is_good(owner["refresh"].as_str().unwrap())
        );
        // An hour passes: every store's token ends.
        let end = now() - 60_000;
        for agent in AGENTS {
            let mut store = stored(&home.store(agent));
            store["profiles"][PROFILE]["expires"] = json!(end);
            std::fs::write(home.store(agent), store.to_string()).unwrap();
        }
        std::fs::remove_dir_all(home.path().join(".local/state/authwatch")).unwrap();
    }
}

#[test]
fn agents_without_a_login_in_main_share_one_too() {
    let server = TokenServer::start();
    let refresh = server.sign_in("shared");
    let mut home = Home::new()
        .file(".config/authwatch/config.toml", server.config(&["openai-codex"]))
        .profiles("main", &json!({}));
    for agent in &AGENTS[1..] {
        home = home.profiles(agent, &json!({ PROFILE: expired(&refresh) }));
    }
    let runs: Vec<_> = (0..15)
        .map(|process| {
            let mut command = home.command(&["refresh", "--agent", AGENTS[1 + process % 5]]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for run in runs {
        let ran = Ran::of(run.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    }
    assert_eq!((server.calls(), server.reuses()), (1, 0));
}
