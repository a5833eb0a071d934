//! Logins of older releases.

use std::os::unix::fs::MetadataExt;

use serde_json::json;

use crate::support::auth::{files, no_secret, piped, profile};
use crate::support::home::{Home, stored};
use crate::support::renewal::leftovers;

#[test]
fn a_store_that_is_not_there_begins_with_the_legacy_logins() {
    let home = Home::new()
        .file(".openclaw/agents/work/agent/auth.json", json!({ "xai": { "type": "api_key", "key": "canary-x", "extra": 1 }, "groq": { "type": "token", "token": "canary-g", "expires": "soon" } }).to_string())
        .file(".openclaw/credentials/oauth.json", json!({ "openai-codex": { "access": "canary-a", "refresh": "canary-r", "expires": 1_900_000_000_000_u64, "accountId": "acct", "extra": { "kept": 1 } } }).to_string())
        .profiles("main", &json!({}));
    let legacy = std::fs::read(home.agent_dir("work").join("auth.json")).unwrap();
    let ran = piped(&home, &["auth", "paste-token", "--provider", "acme", "--agent", "work"], "canary-acme");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("3 logins of earlier releases imported"), "{}", ran.stderr);
    let expected = json!({
        "xai:default": { "type": "api_key", "provider": "xai", "key": "canary-x" },
        "groq:default": { "type": "token", "provider": "groq", "token": "canary-g" },
        "openai-codex:default": { "type": "oauth", "provider": "openai-codex", "access": "canary-a", "refresh": "canary-r", "expires": 1_900_000_000_000_u64, "accountId": "acct", "extra": { "kept": 1 } },
        "acme:manual": { "type": "token", "provider": "acme", "token": "canary-acme" },
    });
    assert_eq!(stored(&home.store("work")), json!({ "version": 1, "profiles": expected }));
    assert_eq!(home.store("work").metadata().unwrap().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read(home.agent_dir("work").join("auth.json")).unwrap(), legacy);

    // An agent that has nothing at all, not even a directory.
    let home = Home::new().file(".openclaw/openclaw.json", "{ agents: { list: [{ id: 'new' }] } }");
    let ran = piped(&home, &["auth", "paste-token", "--provider", "acme"], "canary-acme");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(profile(&home, "new", "acme:manual")["token"], "canary-acme");
    assert_eq!(home.agent_dir("new").metadata().unwrap().mode() & 0o777, 0o700);
    assert_eq!(leftovers(&home, "new"), [] as [&str; 0]);

    // What cannot be taken over whole is not passed over in silence.
    let home = Home::new().file(".openclaw/agents/main/agent/auth.json", "{\"xai\": {\"key\": \"canary");
    let ran = piped(&home, &["auth", "paste-token", "--provider", "acme"], "canary-acme");
    assert_eq!(ran.code, 74, "{}", ran.stderr);
    assert!(ran.stderr.contains("auth.json") && !home.store("main").exists(), "{}", ran.stderr);
    no_secret(&ran);
}

/// `oauth.json` stays where it is for years. What main has renewed since must not be shadowed by what it once was.
#[test]
fn no_agent_is_given_a_login_that_main_has_renewed_since() {
    let login = |refresh: &str, expires: u64| json!({ "type": "oauth", "provider": "openai-codex", "access": "a", "refresh": refresh, "expires": expires });
    let old = json!({ "openai-codex": { "access": "a", "refresh": "canary-spent", "expires": 1_700_000_000_000_u64 }, "chutes": { "access": "b", "refresh": "canary-only", "expires": 5 } });
    let home = Home::new()
        .profiles("main", &json!({ "openai-codex:default": login("canary-new", 4_000_000_000_000) }))
        .file(".openclaw/credentials/oauth.json", old.to_string())
        .file(".openclaw/agents/work/agent/x", "")
        .file(".openclaw/agents/night/agent/x", "");
    let ran = piped(
        &home,
        &["auth", "paste-api-key", "--provider", "mistral", "--agent", "work"],
        "canary-mistral",
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let ran = home.run(&["auth", "import", "--agent", "night"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "night\tchutes:default\timported\n"), "{}", ran.stderr);
    for agent in ["work", "night"] {
        let profiles = &stored(&home.store(agent))["profiles"];
        assert!(profiles["openai-codex:default"].is_null(), "{profiles}");
        assert_eq!(profiles["chutes:default"]["refresh"], "canary-only");
    }
}

#[test]
fn import_makes_the_store_openclaw_would() {
    let home = || {
        Home::new()
        .file(".openclaw/agents/main/agent/auth.json", json!({ "xai": { "type": "api_key", "key": "canary-x", "provider": "XAI" }, "openai-codex": { "type": "oauth", "access": "canary-first", "refresh": "r", "expires": 5, "email": "a@x.org" }, "bad": { "type": "nonsense" } }).to_string())
        .file(".openclaw/credentials/oauth.json", json!({ "openai-codex": { "access": "canary-second" }, "chutes": { "access": "canary-c", "refresh": "canary-d", "expires": 7.5 } }).to_string())
    };
    let (ours, theirs) = (home(), home());
    // What a look judges the legacy files to be is what the import makes of them.
    let looked = theirs.status(&["--format", "plain", "--scope", "all"]).stdout;
    let ran = ours.run(&["auth", "import"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (
            0,
            "main\topenai-codex:default\timported\nmain\txai:default\timported\nmain\tchutes:default\timported\n"
        ),
        "{}",
        ran.stderr
    );
    no_secret(&ran);
    assert_eq!(ours.status(&["--format", "plain", "--scope", "all"]).stdout, looked);
    assert_eq!(profile(&ours, "main", "openai-codex:default")["access"], "canary-first");
    let before = files(&ours);
    let again = ours.run(&["auth", "import"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, ""));
    assert!(again.stderr.contains("There is a store already") && files(&ours) == before, "{}", again.stderr);
    let nothing = Home::new().file(".openclaw/x", "").run(&["auth", "import"]);
    assert!(nothing.code == 0 && nothing.stderr.contains("nothing to take over"), "{}", nothing.stderr);
}
