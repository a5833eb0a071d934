//! The demo shows every condition, on any machine, and leaves nothing behind.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::home::{Home, Ran, run};

/// The program on a machine without a home, and without an OpenClaw.
fn on_bare_machine(home: &Home, arguments: &[&str]) -> Command {
    let temporary = home.path().join("tmp");
    fs::create_dir_all(&temporary).unwrap();
    let mut command = home.command(arguments);
    command.env_clear().env("TMPDIR", temporary).env("TZ", "UTC").current_dir("/");
    command
}

fn demo(home: &Home, arguments: &[&str]) -> Ran {
    let ran = run(on_bare_machine(home, &[&["status", "--demo"], arguments].concat()));
    assert_eq!(ran.stderr, "");
    let left: Vec<_> = fs::read_dir(home.path().join("tmp")).unwrap().collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    ran
}

fn profiles(report: &Value) -> Vec<Value> {
    let agents = report["agents"].as_array().unwrap();
    agents.iter().flat_map(|agent| agent["profiles"].as_array().unwrap().clone()).collect()
}

fn words(values: impl IntoIterator<Item = Value>) -> BTreeSet<String> {
    values.into_iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

fn holds(found: &BTreeSet<String>, expected: &[&str]) {
    for word in expected {
        assert!(found.contains(*word), "no {word} in {found:?}");
    }
}

#[test]
fn every_condition_is_shown() {
    let report = demo(&Home::new(), &["--json"]).json();
    let profiles = profiles(&report);
    let values = |key: &str| words(profiles.iter().map(|profile| profile[key].clone()));
    holds(&values("status"), &["ok", "static", "expiring", "expired"]);
    holds(&values("bucket"), &["valid", "expiring", "missing"]);
    holds(&values("login"), &["static", "renewable", "refreshing", "dead", "none"]);
    holds(&values("type"), &["api_key", "token", "oauth"]);
    holds(&values("source"), &["json", "agent-sqlite", "legacy-auth-json"]);
    assert!(profiles.iter().any(|profile| profile["inherited"] == true));
    assert!(profiles.iter().any(|profile| profile["inUse"] == true));
    assert!(profiles.iter().any(|profile| profile["cooldown"]["reason"] == "rate_limit"));
    let agents = report["agents"].as_array().unwrap();
    assert!(agents.iter().any(|agent| agent["missingProvidersInUse"] != Value::Array(Vec::new())));
    let stores =
        |key: &str, inner: &str| words(agents.iter().map(|agent| agent["store"][key][inner].clone()));
    holds(&stores("error", "reason"), &["parse"]);
    holds(&stores("stranded", "kind"), &["empty-database"]);
    let kinds = words(agents.iter().map(|agent| agent["store"]["kind"].clone()));
    holds(&kinds, &["json", "agent-sqlite", "none"]);
    assert_eq!(agents[0]["id"], "main");
    assert_eq!(agents[0]["exitCode"], 0, "main is fine: not everything is red");
    assert_eq!(report["config"]["error"], Value::Null);
}

#[test]
fn people_see_the_conditions_in_words() {
    let table = demo(&Home::new(), &[]).stdout;
    let expected = [
        " problems need you",
        "agent main, used by ",
        "left",
        "valid, no expiry",
        "expires in ",
        "since ",
        "expired; cannot renew automatically",
        "but no login exists",
        "being renewed",
        "needs sign-in: ",
        "cooling down until ",
        "(rate_limit)",
        "credential store",
        "migration incomplete: 1 login not imported",
        "not imported yet",
        "$ openclaw models auth --agent ",
        "$ cp -p --",
    ];
    for words in expected {
        assert!(table.contains(words), "no {words:?} in:\n{table}");
    }
}

#[test]
fn every_format_works_with_its_own_code() {
    let home = Home::new();
    for (format, code, checked) in
        [("table", 0, 1), ("json", 0, 1), ("plain", 0, 1), ("openclaw", 0, 0), ("nagios", 2, 2)]
    {
        let plain = demo(&home, &["--format", format]);
        assert_eq!(plain.code, code, "{format}");
        assert!(!plain.stdout.is_empty());
        assert_eq!(demo(&home, &["--check", "--format", format]).code, checked, "{format}");
    }
    assert_eq!(demo(&home, &["--format", "openclaw"]).json()["agentId"], "main");
    assert!(demo(&home, &["--format", "nagios"]).stdout.starts_with("AUTHWATCH CRITICAL - "));
}

#[test]
fn later_is_worse() {
    let home = Home::new();
    let missing =
        |at: &str| demo(&home, &["--json", "--at", at]).json()["summary"]["missing"].as_u64().unwrap();
    assert!(missing("+1h") < missing("+8h") && missing("+8h") < missing("+30d"));
}

#[test]
fn what_is_on_the_machine_does_not_show() {
    let essence = |ran: Ran| -> Vec<(Value, Value, Value)> {
        let triple = |profile: &Value| {
            (profile["profileId"].clone(), profile["status"].clone(), profile["login"].clone())
        };
        profiles(&ran.json()).iter().map(triple).collect()
    };
    let bare = essence(demo(&Home::new(), &["--json"]));
    let home = Home::new()
        .profiles(
            "main",
            &serde_json::json!({ "real:default": { "type": "api_key", "provider": "real", "key": "k" } }),
        )
        .env("MISTRAL_API_KEY", "k")
        .env("OPENCLAW_AGENT_DIR", "/nonexistent")
        .env("OPENCLAW_CONFIG_PATH", "/nonexistent")
        .env("CODEX_HOME", "/nonexistent");
    let before = home.tree();
    let ran = home.run(&["status", "--demo", "--json"]);
    let report = ran.json();
    assert_eq!(bare, essence(ran));
    assert_eq!(report["exitCode"], 1);
    let translator =
        report["agents"].as_array().unwrap().iter().find(|agent| agent["id"] == "translator").unwrap();
    assert_eq!(translator["missingProvidersInUse"], serde_json::json!(["mistral"]));
    assert!(before == home.tree());
}

#[test]
fn a_closed_pipe_leaves_nothing_behind_either() {
    let home = Home::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = on_bare_machine(&home, &["status", "--demo", "--json"]);
    assert!(command.stdout(writer).status().unwrap().success());
    assert_eq!(fs::read_dir(home.path().join("tmp")).unwrap().count(), 0);
}
