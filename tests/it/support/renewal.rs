//! A home with a login that is due, and what a renewal leaves in it.

use serde_json::{Value, json};

use crate::support::home::{Home, stored};
use crate::support::time::now;
use crate::support::token_server::TokenServer;

pub(crate) const PROFILE: &str = "openai-codex:default";

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
