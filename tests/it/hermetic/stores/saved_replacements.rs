//! Credentials that 2026.9 has saved to replace others, and has not put to use: seen, and nobody's alarm.

use serde_json::{Value, json};

use crate::support::home::Home;

fn replacement() -> Value {
    json!({ "type": "api_key", "provider": "xai", "key": "canary-new",
        "setup": { "replacement": true, "modelRef": "xai/grok-4", "configJson": "{}" } })
}

fn home(profiles: &Value) -> Home {
    Home::new()
        .file(".openclaw/openclaw.json", "{ agents: { defaults: { model: 'xai/grok-4' } } }")
        .file(".config/authwatch/config.toml", "[notify.command.nobody]\nrun = [\"true\"]\n")
        .database("main", profiles)
}

#[test]
fn one_that_waits_is_seen_and_not_told_of() {
    let home = home(
        &json!({ "xai:default": { "type": "api_key", "provider": "xai", "key": "canary-old" }, "xai:new": replacement() }),
    );
    let ran = home.run(&["status", "--check", "--json"]);
    let profiles = &ran.agent("main")["profiles"];
    assert_eq!(profiles[1]["reasonCode"], "setup_inactive", "{profiles:#}");
    assert_eq!([&profiles[1]["status"], &profiles[1]["login"]], ["missing", "none"]);
    assert_eq!([&profiles[0]["inUse"], &profiles[1]["inUse"]], [true, false]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let ran = home.run(&["watch", "--once"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let history = home.run(&["notify", "history", "--json"]).json();
    assert_eq!((&history["history"], &history["waiting"]), (&json!([]), &json!({})), "{history:#}");
    let doctor = home.run(&["doctor", "--json"]).json();
    let found = doctor["findings"].as_array().unwrap();
    assert!(found.iter().all(|found| found["profile"] != "xai:new"), "{found:#?}");
}

#[test]
fn where_there_is_nothing_else_a_model_has_no_login() {
    let home = home(&json!({ "xai:new": replacement() }));
    let ran = home.run(&["status", "--check"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("its setup in OpenClaw is not finished"), "{}", ran.stdout);
    assert_eq!(home.run(&["watch", "--once"]).code, 1);
    let doctor = home.run(&["doctor", "--json"]).json();
    let found = doctor["findings"].as_array().unwrap();
    assert!(found.iter().any(|found| found["profile"] == "xai:new"), "{found:#?}");
}
