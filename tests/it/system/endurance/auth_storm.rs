//! Many processes change one store at the same time, each something else: no change is lost.

use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use crate::support::home::{Home, Ran, stored};
use crate::support::renewal::{PROFILE, expired, leftovers, locks};
use crate::support::token_server::TokenServer;

const ROUNDS: usize = 4;

#[test]
fn sixteen_processes_lose_no_update() {
    let server = TokenServer::start();
    let refresh = server.sign_in("shared");
    let mut profiles = json!({ PROFILE: expired(&refresh) });
    for number in 0..6 {
        profiles[format!("p{number}:a")] =
            json!({ "type": "api_key", "provider": format!("p{number}"), "key": "k", "kept": number });
        profiles[format!("p{number}:b")] =
            json!({ "type": "api_key", "provider": format!("p{number}"), "key": "k" });
    }
    let home = Home::new()
        .file(".config/authwatch/config.toml", server.config(&["openai-codex"]))
        .profiles("main", &profiles)
        .file(
            ".openclaw/agents/main/agent/auth-state.json",
            json!({ "version": 1, "usageStats": { "p0:a": { "errorCount": 1 } } }).to_string(),
        );
    for round in 1..=ROUNDS {
        let order = |number: usize| {
            if round % 2 == 0 {
                [format!("p{number}:a"), format!("p{number}:b")]
            } else {
                [format!("p{number}:b"), format!("p{number}:a")]
            }
        };
        let runs: Vec<_> = (0..16)
            .map(|process| {
                let (arguments, input): (Vec<String>, String) = match process {
                    0..6 => (
                        [
                            "auth",
                            "paste-token",
                            "--provider",
                            "acme",
                            "--profile-id",
                            &format!("acme:{process}"),
                        ]
                        .map(str::to_owned)
                        .to_vec(),
                        format!("token-{round}-{process}"),
                    ),
                    6..12 => {
                        let number = process - 6;
                        let mut arguments = ["auth", "order", "set", "--provider", &format!("p{number}")]
                            .map(str::to_owned)
                            .to_vec();
                        arguments.extend(order(number));
                        (arguments, String::new())
                    }
                    _ => (["refresh", "--profile", PROFILE].map(str::to_owned).to_vec(), String::new()),
                };
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let mut command = home.command(&arguments);
                let mut child = command
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap();
                // Those that read nothing may be done already.
                let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
                child
            })
            .collect();
        for (process, run) in runs.into_iter().enumerate() {
            let ran = Ran::of(run.wait_with_output().unwrap());
            assert_eq!(ran.code, 0, "round {round}, process {process}: {}{}", ran.stdout, ran.stderr);
        }
        let (mut store, state) =
            (stored(&home.store("main")), stored(&home.agent_dir("main").join("auth-state.json")));
        for process in 0..6 {
            assert_eq!(
                store["profiles"][format!("acme:{process}")]["token"],
                format!("token-{round}-{process}"),
                "round {round}"
            );
            assert_eq!(store["profiles"][format!("p{process}:a")]["kept"], process, "round {round}");
            assert_eq!(state["order"][format!("p{process}")], json!(order(process)), "round {round}");
        }
        assert_eq!(state["usageStats"]["p0:a"]["errorCount"], 1);
        assert_eq!((server.calls(), server.reuses()), (round, 0), "round {round}");
        let login = &mut store["profiles"][PROFILE];
        assert!(
            server.is_good(login["refresh"].as_str().unwrap()) && login["unknown"]["kept"][0] == 1,
            "round {round}"
        );
        assert_eq!(
            (leftovers(&home, "main"), locks(&home)),
            (vec!["auth-state.json".to_owned()], Vec::new())
        );
        // An hour passes.
        login["expires"] = json!(crate::support::time::now() - 60_000);
        std::fs::write(home.store("main"), store.to_string()).unwrap();
        let memory = home.path().join(".local/state/authwatch");
        for entry in std::fs::read_dir(&memory).unwrap().flatten().filter(|entry| entry.path().is_file()) {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
}
