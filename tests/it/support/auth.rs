//! A home with logins of every kind, and input for `authwatch auth`.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::home::{Home, Ran, stored};
use crate::support::time::now;

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
pub(crate) fn home() -> Home {
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

pub(crate) fn profile(home: &Home, agent: &str, id: &str) -> Value {
    stored(&home.store(agent))["profiles"][id].clone()
}

pub(crate) fn state(home: &Home, agent: &str) -> Value {
    stored(&home.agent_dir(agent).join("auth-state.json"))
}

/// All files below the home directory, with their contents. A lock that was held leaves its time on the directory.
pub(crate) fn files(home: &Home) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let paths = home.tree().into_keys().filter(|path| path.is_file());
    paths.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

pub(crate) fn no_secret(ran: &Ran) {
    for output in [&ran.stdout, &ran.stderr] {
        assert!(!output.contains("canary"), "a secret is printed:\n{output}");
    }
}
