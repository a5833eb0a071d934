//! `authwatch auth`: what is stored, what is refused, what is kept, and that nothing else changes.

mod files;
mod importing;
mod order;
mod pasting;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::refresh::{now, stored};
use crate::support::{Home, Ran};
use crate::token_server::TokenServer;

/// A setup-token as long as a real one.
pub(crate) fn setup_token() -> String {
    format!("sk-ant-oat01-{}", "canaryAB3".repeat(10))
}

/// Runs with this on standard input.
pub(crate) fn piped(home: &Home, arguments: &[&str], input: &str) -> Ran {
    feed(home.command(arguments), input)
}

pub(crate) fn feed(mut command: Command, input: &str) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that refuses at once closes its end.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Ran::of(child.wait_with_output().unwrap())
}

/// A home whose main agent has logins of every kind, beside things no other program knows.
fn home() -> Home {
    let profiles = json!({
        "anthropic:default": { "type": "api_key", "provider": "anthropic", "key": "canary-key-1", "metadata": { "kept": [1, 2.5] } },
        "anthropic:manual": { "type": "token", "provider": "anthropic", "token": "canary-old", "expires": 5, "unknown": "kept" },
        "openai-codex:default": { "type": "oauth", "provider": "openai-codex", "access": "canary-a", "refresh": "canary-r", "expires": now() + 3_600_000, "email": "a@x.org" },
    });
    let state = json!({ "version": 1, "order": { "anthropic": ["anthropic:manual", "anthropic:default"] },
        "lastGood": { "anthropic": "anthropic:default" }, "usageStats": { "anthropic:manual": { "errorCount": 2 } }, "unknown": [null] });
    Home::new()
        .profiles("main", &profiles)
        .profiles(
            "work",
            &json!({ "xai:default": { "type": "api_key", "provider": "xai", "key": "canary-key-2" } }),
        )
        .file(".openclaw/agents/main/agent/auth-state.json", state.to_string())
}

fn profile(home: &Home, agent: &str, id: &str) -> Value {
    stored(&home.store(agent))["profiles"][id].clone()
}

fn state(home: &Home, agent: &str) -> Value {
    stored(&home.agent_dir(agent).join("auth-state.json"))
}

/// All files below the home directory, with their contents. A lock that was held leaves its time on the directory.
fn files(home: &Home) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let paths = home.tree().into_keys().filter(|path| path.is_file());
    paths.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn no_secret(ran: &Ran) {
    for output in [&ran.stdout, &ran.stderr] {
        assert!(!output.contains("canary"), "a secret is printed:\n{output}");
    }
}

#[test]
fn profiles_are_listed() {
    let home = home();
    let answer = home.run(&["auth", "list", "--json"]).json();
    let ids = |answer: &Value| {
        answer["profiles"]
            .as_array()
            .unwrap()
            .iter()
            .map(|profile| profile["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&answer), ["anthropic:default", "anthropic:manual", "openai-codex:default"]);
    assert_eq!((&answer["agentId"], &answer["formatVersion"]), (&json!("main"), &json!(1)));
    let answer =
        home.run(&["models", "auth", "list", "--agent", "work", "--provider", "xai", "--json"]).json();
    assert_eq!(ids(&answer), ["xai:default"]);
    let ran = home.env("COLUMNS", "40").run(&["auth", "list", "--provider", "anthropic"]);
    assert_eq!(ran.stdout.lines().next(), Some("anthropic:default"));
    assert!(ran.stdout.contains("  api_key, valid, no expiry\n"), "{}", ran.stdout);
    no_secret(&ran);
}

/// The command lines of OpenClaw's two pages about auth (authentication, OAuth), with the program's name changed.
/// What each is given on standard input, and the exit code it has on a home with working logins.
const DOCUMENTED: &[(&str, &str, i32)] = &[
    // Something that is worth a warning there is in this home, as in most.
    ("doctor", "", 2),
    ("models status", "", 0),
    ("models status --check", "", 0),
    ("models auth setup-token --provider anthropic", "SETUP", 0),
    ("models auth paste-token --provider anthropic", "SETUP", 0),
    ("models auth paste-token --provider openrouter", "sk-or-v1-canary0123456789", 0),
    ("models auth login --provider openai-codex", "CODE", 0),
    ("models auth order get --provider anthropic", "", 0),
    ("models auth order get --provider anthropic --agent work", "", 0),
    ("models auth order set --provider anthropic anthropic:default", "", 0),
    ("models auth order set --provider anthropic anthropic:default --agent work", "", 0),
    ("models auth order clear --provider anthropic", "", 0),
    ("models auth order clear --provider anthropic --agent work", "", 0),
    ("models auth list --json", "", 0),
];

#[test]
fn every_documented_command_line_works() {
    let server = TokenServer::start();
    let config = server.config(&["openai-codex"])
        + "authorize_url = \"http://127.0.0.1:9/authorize\"\nredirect_url = \"http://localhost:PORT/auth/callback\"\n";
    // Any free port: the provider's own may be taken on this machine.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let home = Home::new()
        .file(".config/authwatch/config.toml", config.replace("PORT", &port.to_string()))
        .file(
            ".openclaw/openclaw.json",
            "{ agents: { list: [{ id: 'main', default: true }, { id: 'work' }] } }",
        )
        .profiles(
            "main",
            &json!({ "anthropic:default": { "type": "api_key", "provider": "anthropic", "key": "canary" } }),
        );
    for (line, input, code) in DOCUMENTED {
        let input = match *input {
            "SETUP" => setup_token(),
            "CODE" => server.code("canary-code"),
            other => other.to_owned(),
        };
        let arguments: Vec<&str> = line.split(' ').collect();
        let ran = piped(&home, &arguments, &input);
        assert_eq!(ran.code, *code, "authwatch {line}: {}{}", ran.stdout, ran.stderr);
        no_secret(&ran);
        // The short form means the same where it has one.
        if arguments[0] != "models" {
            continue;
        }
        let short = piped(
            &home,
            &arguments[1..],
            &if input == "canary-code" { server.code("canary-code-2") } else { input },
        );
        assert_eq!(short.code, *code, "authwatch {}: {}", &line[7..], short.stderr);
    }
    let profiles = stored(&home.store("main"))["profiles"].clone();
    for id in ["anthropic:default", "anthropic:manual", "openrouter:manual", "openai-codex:default"] {
        assert!(profiles[id].is_object(), "{id} in {profiles:#}");
    }
}
