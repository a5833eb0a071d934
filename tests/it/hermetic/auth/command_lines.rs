//! `authwatch auth list`, and every command line of OpenClaw's documents.

use serde_json::{Value, json};

use crate::support::auth::{home, no_secret, piped, setup_token};
use crate::support::home::{Home, stored};
use crate::support::http::free_address;
use crate::support::token_server::TokenServer;

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
    let port = free_address().port();
    // OpenClaw's default model has a key.
    let home = Home::new()
        .env("OPENAI_API_KEY", "k")
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
