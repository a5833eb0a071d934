//! `docs/migration.md`: what it offers to scripts that read the old ones' output says what those said.

use serde_json::{Value, json};

use crate::support::home::{DAY, HOUR, Home, NOW, Ran, run, token};

const PAGE: &str = include_str!("../../../../docs/migration.md");

/// The commands of the page's `sh` block: the words of `simple`, and the keys of `json`.
fn commands() -> (String, String) {
    let block = PAGE.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let (simple, json) = block.split_once("# json:").unwrap();
    // As of a fixed time.
    let at = |text: &str| text.replace("status --json", &format!("status --at {NOW} --json"));
    (at(simple), format!("#{}", at(json)))
}

fn shell(home: &Home, script: &str) -> Ran {
    let script = script.replace("authwatch status", &format!("{} status", env!("CARGO_BIN_EXE_authwatch")));
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script]).env_clear().env("HOME", home.path()).current_dir(home.path());
    run({
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command
    })
}

/// A home where Claude Code's login and OpenClaw's end so long after now.
fn home(claude: i64, openclaw: i64) -> Home {
    let claude =
        json!({ "claudeAiOauth": { "accessToken": "a", "refreshToken": "r", "expiresAt": NOW + claude } });
    Home::new()
        .file(".openclaw/openclaw.json", "{ agents: { defaults: { model: 'anthropic/claude-opus-4-5' } } }")
        .file(".claude/.credentials.json", claude.to_string())
        .profiles("main", &json!({ "anthropic:default": token("anthropic", openclaw) }))
}

#[test]
fn the_words_of_the_old_script_are_there() {
    let (simple, _) = commands();
    for (claude, openclaw, word) in [
        (DAY * 9, DAY * 9, "OK"),
        (-HOUR, DAY * 9, "CLAUDE_EXPIRED"),
        (DAY * 9, -HOUR, "OPENCLAW_EXPIRED"),
        (DAY * 9, HOUR, "OPENCLAW_EXPIRING"),
        (60_000, DAY * 9, "CLAUDE_EXPIRING"),
        (-HOUR, -HOUR, "CLAUDE_EXPIRED"),
    ] {
        let ran = shell(&home(claude, openclaw), &simple);
        assert_eq!((ran.stdout.trim(), ran.stderr.as_str()), (word, ""), "{claude} {openclaw}");
    }
}

#[test]
fn the_keys_of_the_old_script_are_there() {
    let (_, keys) = commands();
    let old: Value = shell(&home(DAY * 9, HOUR), &keys).json();
    assert_eq!(
        old,
        json!({
            "claude_code": { "expires_at_ms": NOW + DAY * 9 },
            "openclaw": { "expires_at_ms": NOW + HOUR },
            "needs_reauth": true,
        })
    );
    assert_eq!(shell(&home(DAY * 9, DAY * 9), &keys).json()["needs_reauth"], false);
    let nothing = shell(&Home::new().profiles("main", &json!({})), &keys).json();
    assert_eq!(nothing["claude_code"]["expires_at_ms"], 0);
}

#[test]
fn everything_the_old_scripts_were_told_by_has_its_line() {
    for name in [
        "WARN_HOURS",
        "NOTIFY_NTFY",
        "NOTIFY_PHONE",
        "OPENCLAW_SERVER",
        "auth-monitor-state",
        "claude-auth-status.sh",
        "setup-auth-system.sh",
        "mobile-reauth.sh",
        "termux-quick-auth.sh",
        "termux-auth-widget.sh",
        "termux-sync-widget.sh",
        "openclaw-auth-monitor.service",
        "openclaw-auth-monitor.timer",
    ] {
        assert!(PAGE.contains(name), "{name}");
    }
}
