//! `authwatch refresh`: real processes, real locks, a token endpoint whose tokens are good for one use.

mod discovery;
mod lockless_writers;
mod outcomes;
mod owners;
mod peers;
pub(crate) mod places;
mod stopping;

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::Home;
use crate::token_server::TokenServer;

pub(crate) const PROFILE: &str = "openai-codex:default";

pub(crate) fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A codex login that ended a minute ago.
pub(crate) fn expired(refresh: &str) -> Value {
    json!({ "type": "oauth", "provider": "openai-codex", "access": "canary-access-0", "refresh": refresh,
        "expires": now() - 60_000, "email": "a@x.org", "unknown": { "kept": [1, 2.50, null] } })
}

/// A home whose main agent has one expired login, served by the token server.
pub(crate) fn home(server: &TokenServer) -> Home {
    let refresh = server.sign_in("main");
    Home::new()
        .file(".config/authwatch/config.toml", server.config(&["openai-codex"]))
        .profiles("main", &json!({ PROFILE: expired(&refresh), "openrouter:k": { "type": "api_key", "provider": "openrouter", "key": "canary-key" } }))
}

pub(crate) fn stored(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap())
        .unwrap_or_else(|error| panic!("not whole: {error}"))
}

pub(crate) fn login(home: &Home, agent: &str) -> Value {
    stored(&home.store(agent))["profiles"][PROFILE].clone()
}

/// Everything a refresh may leave beside the store.
pub(crate) fn leftovers(home: &Home, agent: &str) -> Vec<String> {
    let names = std::fs::read_dir(home.agent_dir(agent)).unwrap().flatten();
    names
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name != "auth-profiles.json")
        .collect()
}

pub(crate) fn locks(home: &Home) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(home.state().join("locks/oauth-refresh")) else { return Vec::new() };
    entries.flatten().map(|entry| entry.file_name().into_string().unwrap()).collect()
}

#[test]
fn a_due_login_is_renewed_and_nothing_else_changes() {
    let server = TokenServer::start();
    let home = home(&server);
    std::fs::set_permissions(home.store("main"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let text = std::fs::read_to_string(home.store("main")).unwrap();
    std::fs::write(home.store("main"), text.replace("2.5,", "2.50,")).unwrap();
    let before = stored(&home.store("main"));
    let ran = home.run(&["refresh"]);
    assert_eq!((ran.code, server.calls()), (0, 1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("main\topenai-codex:default\trenewed, valid for 59 min"), "{}", ran.stdout);
    let text = std::fs::read_to_string(home.store("main")).unwrap();
    let mut expected = before.clone();
    let after = stored(&home.store("main"));
    for field in ["access", "refresh", "expires"] {
        assert_ne!(after["profiles"][PROFILE][field], before["profiles"][PROFILE][field], "{field}");
        expected["profiles"][PROFILE][field] = after["profiles"][PROFILE][field].clone();
    }
    assert_eq!(after, expected);
    assert!(text.contains("2.50"), "numbers stay as they were written");
    assert!(text.ends_with("}\n") && text.starts_with("{\n  \""), "laid out as OpenClaw does");
    assert_eq!(home.store("main").metadata().unwrap().mode() & 0o777, 0o600);
    assert!(server.is_good(after["profiles"][PROFILE]["refresh"].as_str().unwrap()));
    assert!(leftovers(&home, "main").is_empty() && locks(&home).is_empty());
    let (content_type, fields) = &server.requests()[0];
    assert_eq!(content_type, "application/x-www-form-urlencoded");
    assert_eq!(fields["client_id"], "test-client");

    let ran = home.run(&["refresh"]);
    assert_eq!((ran.code, server.calls()), (0, 1), "nothing is due: {}", ran.stdout);
    let ran = home.run(&["refresh", "--force"]);
    assert_eq!((ran.code, server.calls()), (0, 2), "unless forced: {}", ran.stdout);
}

#[test]
fn a_dry_run_says_who_is_due_and_does_nothing() {
    let server = TokenServer::start();
    let home = home(&server);
    let before = home.tree();
    let ran = home.run(&["refresh", "--dry-run"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("due: would be renewed now"), "{}", ran.stdout);
    assert!(ran.stdout.contains("openrouter:k\tnot renewed from here (static)"), "{}", ran.stdout);
    assert_eq!((home.tree() == before, server.calls()), (true, 0));
}

#[test]
fn a_dry_run_finds_out_what_the_real_run_would() {
    let entry = json!({ "type": "oauth", "provider": "google-gemini-cli", "access": "a", "refresh": "r", "expires": 1 });
    let home = Home::new().profiles("main", &json!({ "google-gemini-cli:default": entry }));
    let (dry, real) = (home.run(&["refresh", "--dry-run"]), home.run(&["refresh"]));
    assert_eq!((dry.code, real.code), (78, 78), "{}{}", dry.stdout, real.stdout);
    assert!(dry.stdout.contains("due, but not renewed (no client id)"), "{}", dry.stdout);
    assert!(!dry.stdout.contains("would be renewed"), "{}", dry.stdout);
}

pub(crate) fn wait_until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "it did not happen within a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
}
