//! Which profile goes first, and why one is passed over.

use std::os::unix::fs::MetadataExt;

use serde_json::{Value, json};

use crate::support::auth::{home, state};
use crate::support::home::{Home, stored};
use crate::support::time::now;

#[test]
fn the_order_is_set_shown_and_cleared() {
    let home = home();
    let get = |home: &Home, more: &[&str]| {
        home.run(&[&["auth", "order", "get", "--provider", "anthropic"], more].concat())
    };
    let shown = get(&home, &[]);
    insta::assert_snapshot!(shown.stdout, @r"
    anthropic of main: set for this agent
      1. anthropic:manual
         expired
      2. anthropic:default
         would be used now
    ");
    let ran = home.run(&["auth", "order", "set", "--provider", "anthropic", "anthropic:default"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut expected = state(&home, "main");
    expected["order"]["anthropic"] = json!(["anthropic:default"]);
    assert_eq!(state(&home, "main"), expected, "usage and what is unknown stays");
    assert_eq!(home.agent_dir("main").join("auth-state.json").metadata().unwrap().mode() & 0o777, 0o600);
    assert!(
        home.run(&["auth", "order", "set", "--provider", "anthropic", "anthropic:default"])
            .stderr
            .contains("Nothing to change")
    );

    // Another agent inherits it, and may have its own.
    assert_eq!(get(&home, &["--agent", "work", "--json"]).json()["origin"], "inherited");
    let ran = home.run(&[
        "auth",
        "order",
        "set",
        "--provider",
        "anthropic",
        "anthropic:manual,anthropic:default",
        "--agent",
        "work",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        state(&home, "work"),
        json!({ "version": 1, "order": { "anthropic": ["anthropic:manual", "anthropic:default"] } })
    );
    let answer = get(&home, &["--agent", "work", "--json"]).json();
    assert_eq!((&answer["origin"], &answer["used"]), (&json!("stored"), &json!("anthropic:default")));
    assert_eq!(answer["profiles"][0]["verdict"], "expired");
    assert_eq!(home.run(&["auth", "order", "clear", "--provider", "anthropic", "--agent", "work"]).code, 0);
    assert_eq!(get(&home, &["--agent", "work", "--json"]).json()["origin"], "inherited");

    assert_eq!(home.run(&["auth", "order", "clear", "--provider", "Anthropic"]).code, 0);
    let answer = get(&home, &["--json"]).json();
    assert_eq!((&answer["origin"], &answer["order"]), (&json!("automatic"), &Value::Null));

    let before = home.tree();
    for (ids, code) in [
        (&["nobody:x"][..], 66),
        (&["openai-codex:default"], 64),
        (&["anthropic:default", "nobody:x"], 66),
        (&[","], 64),
    ] {
        let ran = home.run(&[&["auth", "order", "set", "--provider", "anthropic"], ids].concat());
        assert_eq!(ran.code, code, "{ids:?}: {}", ran.stderr);
    }
    assert!(home.tree() == before);
}

#[test]
fn an_order_kept_in_the_store_itself_is_cleared_there_too() {
    let inline = json!({ "version": 1, "profiles": { "xai:a": { "type": "api_key", "provider": "xai", "key": "canary" } },
        "order": { " XAI ": ["xai:a"], "zai": ["zai:a"] } });
    let home = Home::new().file(".openclaw/agents/main/agent/auth-profiles.json", inline.to_string());
    let origin = |home: &Home| {
        home.run(&["auth", "order", "get", "--provider", "xai", "--json"]).json()["origin"].clone()
    };
    assert_eq!(origin(&home), "stored");
    assert_eq!(home.run(&["auth", "order", "clear", "--provider", "xai"]).code, 0);
    assert_eq!(origin(&home), "automatic");
    let mut expected = inline;
    expected["order"] = json!({ "zai": ["zai:a"] });
    assert_eq!(stored(&home.store("main")), expected);
}

#[test]
fn why_a_profile_is_not_used_is_said() {
    let later = now() + 1_800_500;
    let home = Home::new()
        .file(
            ".openclaw/openclaw.json",
            "{ auth: { profiles: { 'xai:mode': { provider: 'xai', mode: 'oauth' } } } }",
        )
        .profiles(
            "main",
            &json!({
                "xai:billing": { "type": "api_key", "provider": "xai", "key": "canary" },
                "xai:empty": { "type": "api_key", "provider": "xai" },
                "xai:mode": { "type": "api_key", "provider": "xai", "key": "canary" },
                "xai:good": { "type": "api_key", "provider": "xai", "key": "canary" },
                "zai:a": { "type": "api_key", "provider": "zai", "key": "canary" },
            }),
        )
        .file(
            ".openclaw/agents/main/agent/auth-state.json",
            json!({
            "order": { "xai": ["xai:gone", "xai:empty", "zai:a", "xai:mode", "xai:billing", "xai:good"] },
            "usageStats": { "xai:billing": { "disabledUntil": later, "disabledReason": "billing" } } })
            .to_string(),
        );
    let ran = home.env("COLUMNS", "40").run(&["auth", "order", "get", "--provider", "xai"]);
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 40), "{}", ran.stdout);
    insta::assert_snapshot!(ran.stdout, @r"
    xai of main: set for this agent
      1. xai:gone
         no such profile
      2. xai:empty
         holds no credential
      3. zai:a
         is a profile of zai
      4. xai:mode
         contradicts the configuration
         (auth.profiles)
      5. xai:billing
         disabled (billing) for another 30
         min
      6. xai:good
         would be used now
    ");
}
