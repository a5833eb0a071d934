//! Where OpenClaw reads what looks broken, odd or unusual, and goes on: what it then sees is what is reported.
//!
//! Each case has been held against the releases themselves; the conformance cases cover the usual.

use std::fs;

use serde_json::{Value, json};

use crate::support::home::{DAY, HOUR, Home, Ran, oauth, token};

const CONFIG: &str = ".openclaw/openclaw.json";

/// What `--check` says of an agent under the rules of 2026.4, everything counting.
fn check(home: &Home, agent: &str) -> Ran {
    home.status(&["--check", "--json", "--semantics", "2026.4", "--scope", "all", "--agent", agent])
}

/// The providers in use without any auth.
fn missing(home: &Home, agent: &str) -> Value {
    check(home, agent).agent(agent)["missingProvidersInUse"].clone()
}

fn configured(config: &Value) -> Home {
    Home::new().profiles("main", &json!({})).file(CONFIG, config.to_string())
}

fn using(model: &str) -> Home {
    configured(&json!({ "agents": { "defaults": { "model": model } } }))
}

#[test]
fn a_model_of_an_agents_own_comes_without_the_fallbacks_of_all() {
    let with = |model: Value| {
        configured(&json!({ "agents": {
            "defaults": { "model": { "primary": "xai/g", "fallbacks": ["mistral/m"] } },
            "list": [{ "id": "main" }, { "id": "work", "model": model }],
        } }))
    };
    assert_eq!(missing(&with(json!("openai/o")), "work"), json!(["openai"]));
    assert_eq!(missing(&with(json!({ "primary": "openai/o" })), "work"), json!(["openai"]));
    let own = json!({ "primary": "openai/o", "fallbacks": ["google/g"] });
    assert_eq!(missing(&with(own), "work"), json!(["google", "openai"]));
    assert_eq!(missing(&with(json!({ "fallbacks": ["google/g"] })), "work"), json!(["google", "xai"]));
    assert_eq!(missing(&with(json!({})), "work"), json!(["mistral", "xai"]));
}

#[test]
fn a_model_without_a_provider_is_of_the_default_one() {
    assert_eq!(missing(&using("gpt-5.5"), "main"), json!(["openai"]));
    assert_eq!(missing(&using("openrouter:auto"), "main"), json!(["openrouter"]));
    assert_eq!(missing(&using("claude-cli/opus"), "main"), json!(["anthropic"]));
    assert_eq!(missing(&using("xai/"), "main"), json!([]));
}

#[test]
fn providers_that_share_their_auth_are_not_missing() {
    let home = using("byteplus-plan/x")
        .profiles("main", &json!({ "b": { "type": "api_key", "provider": "byteplus", "key": "k" } }));
    assert_eq!(missing(&home, "main"), json!([]));
    assert_eq!(missing(&using("volcengine-plan/x").env("VOLCANO_ENGINE_API_KEY", "k"), "main"), json!([]));
    assert_eq!(missing(&using("volcengine-plan/x"), "main"), json!(["volcengine-plan"]));
}

#[test]
fn what_is_included_counts() {
    let home = configured(&json!({ "$include": ["./models.json5", "sub/agents.json5"], "auth": {} }))
        .profiles("main", &json!({ "xai:a": token("xai", 30 * DAY) }))
        .file(".openclaw/models.json5", "// mine\n{ agents: { defaults: { model: 'xai/g' } } }")
        .file(
            ".openclaw/sub/agents.json5",
            "{ agents: { list: { $include: '../list.json5' } }, auth: { order: { xai: ['xai:b'] } } }",
        )
        .file(
            ".openclaw/list.json5",
            "[{ id: 'main' }, { id: 'work', agentDir: '${WHERE}/work', model: 'mistral/m' }]",
        );
    let elsewhere = home.path().join("elsewhere");
    fs::create_dir_all(elsewhere.join("work")).unwrap();
    let home = home.env("WHERE", elsewhere.to_str().unwrap());
    let report = check(&home, "work");
    assert_eq!(report.json()["config"]["error"], Value::Null);
    assert_eq!(report.agent("work")["dir"], elsewhere.join("work").to_str().unwrap());
    assert_eq!(report.agent("work")["missingProvidersInUse"], json!(["mistral"]));
    assert_eq!(check(&home, "main").code, 0);
}

/// Files in the state directory.
type Files<'f> = &'f [(&'f str, &'f str)];

#[test]
fn an_included_file_that_is_none_is_named() {
    let cases: [(&str, Files<'_>, &str); 7] = [
        ("gone.json5", &[], "gone.json5`, included by"),
        ("bad.json5", &[("bad.json5", "{\n  agents: {")], "bad.json5`, included by"),
        ("bad.json5", &[("bad.json5", "{\n  agents: [,] }")], "line 2"),
        ("openclaw.json", &[], "includes itself"),
        ("../outside.json5", &[("../outside.json5", "{}")], "is outside of the configuration's directory"),
        ("/etc/passwd", &[], "is outside of the configuration's directory"),
        ("big.json5", &[("big.json5", &"/".repeat((2 << 20) + 1))], "has more than 2097152 bytes"),
    ];
    for (include, files, says) in cases {
        let mut home = configured(&json!({ "$include": include }));
        for (name, content) in files {
            home = home.file(&format!(".openclaw/{name}"), content);
        }
        let report = check(&home, "main");
        let message = report.json()["config"]["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains(says), "{include}: {message}");
        assert_eq!(report.code, 1, "{include}: OpenClaw does not start with it");
        let doctor = home.run(&["doctor", "--json"]);
        assert!(doctor.stdout.contains(says), "{include}: {}", doctor.stdout);
    }
}

#[test]
fn an_included_file_may_not_lead_outside_unless_that_is_allowed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("x.json5"), "{ agents: { defaults: { model: 'xai/g' } } }").unwrap();
    let error = |home: &Home| check(home, "main").json()["config"]["error"]["message"].clone();
    let linked = configured(&json!({ "$include": "x.json5" }));
    std::os::unix::fs::symlink(outside.path().join("x.json5"), linked.state().join("x.json5")).unwrap();
    assert!(error(&linked).as_str().unwrap().contains("leads out of"), "{}", error(&linked));
    let allowed = linked.env("OPENCLAW_INCLUDE_ROOTS", outside.path().to_str().unwrap());
    assert_eq!((error(&allowed), missing(&allowed, "main")), (Value::Null, json!(["xai"])));

    let twice = configured(&json!({ "$include": "y.json5" })).file(".openclaw/y.json5", "{}");
    fs::hard_link(twice.state().join("y.json5"), twice.state().join("z.json5")).unwrap();
    assert!(error(&twice).as_str().unwrap().contains("several names"), "{}", error(&twice));
}

#[test]
fn variables_come_from_where_openclaw_takes_them() {
    let xai = json!(["xai"]);
    let dotenv = |content: &str| missing(&using("xai/g").file(".openclaw/.env", content), "main");
    for set in ["XAI_API_KEY: k", "\u{feff}XAI_API_KEY=k", "A=1\rXAI_API_KEY=k\r", "export XAI_API_KEY=k#x"] {
        assert_eq!(dotenv(set), json!([]), "{set:?}");
    }
    for unset in ["A=\"x\nXAI_API_KEY=k\n\"\n", "XAI_API_KEY=k\nXAI_API_KEY=\n", "XAI_API_KEY=#k"] {
        assert_eq!(dotenv(unset), xai, "{unset:?}");
    }
    let emptied = using("xai/g").file(".openclaw/.env", "XAI_API_KEY=k").env("XAI_API_KEY", "");
    assert_eq!(missing(&emptied, "main"), xai);
    assert_eq!(missing(&using("xai/g").env("XAI_API_KEY", "\u{2026}"), "main"), xai);
    assert_eq!(
        missing(&using("xai/g").file(".config/openclaw/gateway.env", "XAI_API_KEY=k"), "main"),
        json!([])
    );

    let with = |env: Value| {
        configured(&json!({ "agents": { "defaults": { "model": "xai/g" } }, "env": { "vars": env } }))
    };
    assert_eq!(missing(&with(json!({ "XAI_API_KEY": "k" })).env("XAI_API_KEY", " "), "main"), json!([]));
    assert_eq!(missing(&with(json!({ "XAI_API_KEY": "${OTHER}" })), "main"), xai);
    assert_eq!(missing(&with(json!({ "XAI_API_KEY": "${OTHER}" })).env("OTHER", "k"), "main"), json!([]));
    assert_eq!(missing(&using("${PROVIDER}/g").env("PROVIDER", "xai"), "main"), xai);
}

#[test]
fn a_configuration_may_begin_with_a_byte_order_mark() {
    let home = Home::new()
        .profiles("main", &json!({}))
        .file(CONFIG, "\u{feff}{ agents: { defaults: { model: 'xai/g' } } }");
    assert_eq!(missing(&home, "main"), json!(["xai"]));
}

#[test]
fn agents_are_called_as_openclaw_calls_them() {
    let home = configured(
        &json!({ "agents": { "list": [{ "id": "main" }, { "id": "My Agent", "model": "xai/g" }] } }),
    )
    .profiles("my-agent", &json!({ "xai:a": token("xai", DAY) }));
    for asked in ["my-agent", "My Agent", "MY-AGENT"] {
        let report = home.status(&["--json", "--agent", asked]);
        assert_eq!(report.code, 0, "{asked}: {}", report.stderr);
        assert_eq!(report.agent("my-agent")["profiles"][0]["inUse"], true, "{asked}");
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_no_all_clear() {
    let home =
        Home::new().profiles("main", &json!({ "xai:a": token("xai", 30 * DAY) })).file(CONFIG, "{agents:");
    assert_eq!(home.status(&["--check"]).code, 1);
    assert_eq!(home.status(&[]).code, 0);
}

/// A store as text: what is tested cannot be written otherwise.
fn store(profiles: &str) -> String {
    format!("{{\n  \"version\": 1,\n  \"profiles\": {{ {profiles} }}\n}}\n")
}

#[test]
fn what_only_javascript_reads_is_read_all_the_same() {
    let fine = r#""xai:b": { "type": "oauth", "provider": "xai", "access": "a", "refresh": "r", "expires": 1800100000000 }"#;
    let odd = [
        r#""xai:a": { "type": "token", "provider": "xai", "token": "\ud800t" }"#,
        r#""xai:a": { "type": "token", "provider": "xai", "token": "t", "email": "\udc00" }"#,
        r#""xai:a": { "type": "token", "provider": "xai", "token": "t", "access": 1e999 }"#,
    ];
    for odd in odd {
        let home = Home::new()
            .file(".openclaw/agents/main/agent/auth-profiles.json", store(&format!("{odd}, {fine}")));
        let main = home.status(&["--json"]).agent("main");
        assert_eq!(main["store"]["error"], Value::Null, "{odd}");
        let statuses: Vec<_> =
            main["profiles"].as_array().unwrap().iter().map(|one| one["status"].clone()).collect();
        assert_eq!(statuses, ["static", "ok"], "{odd}");
    }
    let invalid =
        r#""xai:a": { "type": "token", "provider": "xai", "token": "t", "expires": 1e999 }, "b": 1e999"#;
    let home = Home::new().file(".openclaw/agents/main/agent/auth-profiles.json", store(invalid));
    let main = home.status(&["--json"]).agent("main");
    assert_eq!(main["profiles"][0]["reasonCode"], "invalid_expires");
    assert_eq!(main["rejected"][0]["reason"], "non_object");

    let mut bytes =
        store(&format!(r#""xai:a": {{ "type": "token", "provider": "xai", "token": "t?" }}, {fine}"#))
            .into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'?').unwrap();
    bytes[at] = 0xff;
    let home = Home::new().file(".openclaw/agents/main/agent/auth-profiles.json", bytes);
    assert_eq!(home.status(&["--json"]).agent("main")["profiles"].as_array().unwrap().len(), 2);
}

#[test]
fn what_only_javascript_reads_is_not_rewritten() {
    let profiles = r#""xai:a": { "type": "token", "provider": "xai", "token": "\ud800t" },
        "openai-codex:default": { "type": "oauth", "provider": "openai-codex", "access": "a", "refresh": "r", "expires": 1800000000001 }"#;
    let home = Home::new().file(".openclaw/agents/main/agent/auth-profiles.json", store(profiles));
    let before = fs::read(home.store("main")).unwrap();
    let refreshed = home.run(&["refresh", "--force"]);
    assert_ne!(refreshed.code, 0, "{}", refreshed.stdout);
    assert!(refreshed.stderr.contains("only JavaScript reads"), "{}", refreshed.stderr);
    assert_eq!(fs::read(home.store("main")).unwrap(), before);
}

#[test]
fn javascripts_own_name_is_no_profile() {
    let profiles = r#""__proto__": { "type": "api_key", "provider": "xai", "key": "k" }, "constructor": { "type": "api_key", "provider": "toString", "key": "k" }"#;
    for semantics in ["2026.4", "2026.9"] {
        let home = Home::new().file(".openclaw/agents/main/agent/auth-profiles.json", store(profiles));
        let main = home.status(&["--json", "--semantics", semantics]).agent("main");
        assert_eq!(main["profiles"].as_array().unwrap().len(), 1, "{semantics}");
        assert_eq!(main["profiles"][0]["provider"], "tostring", "{semantics}");
    }
    let flat = r#"{"__proto__": {"type":"api_key","key":"k"}, "xai": {"type":"api_key","key":"k"}}"#;
    let home = Home::new().file(".openclaw/agents/main/agent/auth.json", flat);
    assert_eq!(home.status(&["--json"]).agent("main")["profiles"].as_array().unwrap().len(), 1);
}

#[test]
fn an_import_drops_the_end_of_a_token_that_is_no_number() {
    let flat = json!({
        "xai": { "mode": "token", "token": "t", "expires": "never" },
        "mistral": { "type": "token", "token": "t", "expires": "never" },
        "openai": oauth("openai", HOUR),
    });
    let home = Home::new().file(".openclaw/agents/main/agent/auth.json", flat.to_string());
    let main = home.status(&["--json", "--semantics", "2026.4"]).agent("main");
    let statuses: Vec<_> =
        main["profiles"].as_array().unwrap().iter().map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, ["static", "expiring", "static"]);
}

#[test]
fn the_later_release_knows_more_spellings() {
    let profiles = json!({
        "xai:camel": { "type": "apiKey", "provider": "xai", "key": "k" },
        "xai:short": { "type": "api_key", "provider": "xai", "keyRef": "$XAI_API_KEY" },
        "xai:oauth": { "type": "oauth", "provider": "xai", "oauthRef": { "source": "env", "id": "X" } },
    });
    let home = Home::new().profiles("main", &profiles);
    let main = home.status(&["--json", "--semantics", "2026.9"]).agent("main");
    let reasons: Vec<_> =
        main["profiles"].as_array().unwrap().iter().map(|one| (&one["status"], &one["reasonCode"])).collect();
    let (fine, gone) = (json!("static"), json!("missing"));
    let expected = [(&fine, &Value::Null), (&gone, &json!("missing_credential")), (&fine, &Value::Null)];
    assert_eq!(reasons, expected);
    let main = home.status(&["--json", "--semantics", "2026.4"]).agent("main");
    assert_eq!(main["rejected"][0]["profileId"], "xai:camel");
}

#[test]
fn an_agents_own_profiles_go_before_the_order_of_main_in_the_later_release() {
    let main = json!({ "version": 1, "profiles": { "xai:work": token("xai", 30 * DAY) }, "order": { "xai": ["xai:work"] } });
    let home = Home::new().file(".openclaw/agents/main/agent/auth-profiles.json", main.to_string()).profiles(
        "work",
        &json!({ "xai:own": token("xai", -DAY), "xai:none": { "type": "token", "provider": "xai" } }),
    );
    let status =
        |home: &Home| home.status(&["--json", "--semantics", "2026.9"]).agent("work")["providers"].clone();
    assert_eq!(status(&home)[0]["status"], "ok", "what could be tried counts");
    let home = home.file(
        ".openclaw/agents/main/agent/auth-profiles.json",
        json!({ "version": 1, "profiles": {}, "order": { "xai": ["xai:work"] } }).to_string(),
    );
    assert_eq!(status(&home)[0]["status"], "expired", "main's order names none, the agent's own ones count");
}

/// Seen with the releases: 2026.4.29's own doctor does not start with a configuration that it refuses.
#[test]
fn a_refused_configuration_is_explained_by_a_command_that_starts_with_it() {
    for (version, command) in [
        ("2026.4.29", "openclaw config validate"),
        ("2026.5.28", "openclaw doctor"),
        ("2026.9.6", "openclaw doctor"),
    ] {
        let home = configured(&json!({ "nonsense": true, "meta": { "lastTouchedVersion": version } }));
        let report = home.status(&["--json"]).json();
        assert_eq!(report["configAssessment"]["remedy"]["command"], command, "{version}");
    }
}
