//! The same credentials are judged alike wherever they are kept, and no input makes a look panic.

use std::fs;

use authwatch::clock::At;
use authwatch::pipeline::{self, Request, ScanResult};
use authwatch::publish::report::{self, Format, Layout};
use openclaw_auth::model::{Semantics, Timestamp};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::databases::{
    agent_connection, put_agent_state, put_agent_store, put_shared, shared_connection,
};
use crate::support::home::{DAY, HOUR, Home, NOW};

const IDS: [&str; 6] =
    ["anthropic:default", "anthropic:work", "xai:default", "z.ai:default", "x", " odd id "];

/// Any small JSON value.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,8}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z]{1,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Mostly what is meant, sometimes something else.
fn mostly(meant: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![6 => meant.prop_map(Some), 1 => Just(None), 1 => any_json().prop_map(Some)]
}

fn one_of(values: Vec<Value>) -> impl Strategy<Value = Value> {
    prop::sample::select(values)
}

fn kind() -> impl Strategy<Value = Value> {
    one_of(vec![json!("api_key"), json!("token"), json!("oauth")])
}

fn provider() -> impl Strategy<Value = Value> {
    one_of(
        ["anthropic", "xai", "z.ai", " ZAI ", "openai-codex", "claude-cli", "unheard-of", ""]
            .map(Value::from)
            .to_vec(),
    )
}

fn secret() -> impl Strategy<Value = Value> {
    let marker = |kind: &str| {
        format!(
            "openclaw-oauth-refresh-fence:v1:{}:{kind}:{}",
            "0123456789abcdef".repeat(2),
            "0123456789abcdef".repeat(4)
        )
    };
    one_of(vec![
        json!("s-1"),
        json!(""),
        json!("  "),
        json!("${ANTHROPIC_API_KEY}"),
        json!({ "source": "env", "provider": "default", "id": "X" }),
        json!({ "source": "store", "id": "X" }),
        json!(marker("access")),
        json!(marker("failed:refresh")),
        json!("s-\"\\\u{e9}\n"),
    ])
}

fn expires() -> impl Strategy<Value = Value> {
    prop_oneof![
        one_of(vec![
            json!(0),
            json!(-1),
            json!(1),
            json!(NOW),
            json!(NOW + 1),
            json!(1_800_000_000_000.5),
            json!(NOW + 5 * 60_000),
            json!(NOW + DAY),
            json!(NOW + DAY + 1),
            json!(8.64e15),
            json!(9e15),
            json!(1e300),
            json!("1800000000000"),
        ]),
        (-40 * DAY..40 * DAY).prop_map(|span| json!(NOW + span)),
    ]
}

fn identity() -> impl Strategy<Value = Value> {
    one_of(["a@example.org", "A@example.org ", "b@example.org", ""].map(Value::from).to_vec())
}

fn credential() -> impl Strategy<Value = Value> {
    let fields = (
        (mostly(kind()), prop::option::weighted(0.1, kind()), mostly(provider())),
        (mostly(secret()), prop::option::weighted(0.2, secret()), prop::option::weighted(0.2, secret())),
        (mostly(secret()), prop::option::weighted(0.2, secret())),
        (mostly(secret()), mostly(secret()), prop::option::weighted(0.1, secret())),
        (mostly(expires()), mostly(identity()), mostly(identity()), prop::option::weighted(0.2, any_json())),
    );
    fields.prop_map(|((kind, mode, provider), (key, api_key, key_ref), (token, token_ref), oauth, rest)| {
        let (access, refresh, oauth_ref) = oauth;
        let (expires, email, account, extra) = rest;
        let fields = [
            ("type", kind),
            ("mode", mode),
            ("provider", provider),
            ("key", key),
            ("apiKey", api_key),
            ("keyRef", key_ref),
            ("token", token),
            ("tokenRef", token_ref),
            ("access", access),
            ("refresh", refresh),
            ("oauthRef", oauth_ref),
            ("expires", expires),
            ("email", email),
            ("accountId", account),
            ("metadata", extra),
        ];
        fields
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect::<Map<_, _>>()
            .into()
    })
}

fn entry() -> impl Strategy<Value = Value> {
    prop_oneof![12 => credential(), 1 => any_json()]
}

/// A store's document with one to four logins, some of them odd.
pub(crate) fn document() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(
        one_of(IDS.map(Value::from).to_vec()).prop_map(|id| id.as_str().unwrap().to_owned()),
        entry(),
        1..5,
    )
    .prop_map(|profiles| json!({ "version": 1, "profiles": profiles.into_iter().collect::<Map<_, _>>() }))
}

fn state() -> impl Strategy<Value = Option<Value>> {
    let moment = || mostly((-2 * HOUR..2 * HOUR).prop_map(|span| json!(NOW + span)));
    let usage = (prop::sample::select(IDS.to_vec()), moment(), moment()).prop_map(|(id, cooldown, disabled)| {
        json!({ id: { "cooldownUntil": cooldown, "disabledUntil": disabled, "cooldownReason": "rate_limit", "errorCount": 2 } })
    });
    let order = prop::collection::vec(prop::sample::select(IDS.to_vec()), 0..4);
    prop::option::of((usage, order).prop_map(
        |(usage, order)| json!({ "version": 1, "usageStats": usage, "order": { "anthropic": order } }),
    ))
}

const CONFIGS: [&str; 3] = [
    "{}",
    "{ agents: { defaults: { model: 'anthropic/claude-opus-4-5' } } }",
    "{ agents: { defaults: { model: { primary: 'xai/grok-4', fallbacks: ['zai/glm-5'] } }, list: [{ id: 'work', default: true }] } }",
];

fn look(home: &Home, semantics: Semantics) -> ScanResult {
    let request = Request {
        at: Some(At::Absolute(Timestamp::from_millis(1_800_000_000_000.0))),
        semantics,
        own_rules: true,
        ..Request::default()
    };
    pipeline::run(&home.roots(), [], &request)
}

/// What must not depend on where credentials are kept. What models are called with depends on the release, which that tells.
fn essence(look: &ScanResult) -> Value {
    let mut report = serde_json::to_value(&look.snapshot).unwrap();
    for agent in report["agents"].as_array_mut().unwrap() {
        for key in ["store", "dir", "models", "remedies"] {
            agent.as_object_mut().unwrap().remove(key);
        }
        for profile in agent["profiles"].as_array_mut().unwrap() {
            profile.as_object_mut().unwrap().remove("source");
            without_commands(profile);
        }
        for provider in
            agent.get_mut("providerAssessments").into_iter().flat_map(|all| all.as_array_mut().unwrap())
        {
            without_commands(provider);
        }
    }
    for key in ["generatedAt", "config", "openclaw"] {
        report.as_object_mut().unwrap().remove(key);
    }
    report
}

/// Which program changes a login depends on where it is kept.
fn without_commands(judged: &mut Value) {
    judged.as_object_mut().unwrap().remove("remedy");
    judged["assessment"].as_object_mut().unwrap().remove("remedy");
}

/// What a store and its state are kept in.
#[derive(Clone, Copy, Debug)]
enum Kept {
    Json,
    AgentDatabase,
    SharedDatabase,
}

fn put(home: &Home, agent: &str, kept: Kept, store: &Value, state: Option<&Value>) {
    fs::create_dir_all(home.agent_dir(agent)).unwrap();
    match kept {
        Kept::Json => {
            fs::write(home.store(agent), store.to_string()).unwrap();
            if let Some(state) = state {
                fs::write(home.agent_dir(agent).join("auth-state.json"), state.to_string()).unwrap();
            }
        }
        Kept::AgentDatabase => {
            let connection = agent_connection(&home.agent_database(agent));
            put_agent_store(&connection, &store.to_string());
            if let Some(state) = state {
                put_agent_state(&connection, &state.to_string());
            }
        }
        Kept::SharedDatabase => {
            fs::create_dir_all(home.state().join("state")).unwrap();
            let connection = shared_connection(&home.shared_database());
            put_shared(&connection, "auth.sharedStore", r#"{"location":"state-db"}"#);
            put_shared(&connection, "authProfiles.store", &store.to_string());
            if let Some(state) = state {
                put_shared(&connection, "authProfiles.state", &state.to_string());
            }
        }
    }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn credentials_are_judged_alike_wherever_they_are_kept(
        main in document(),
        main_state in state(),
        work in document(),
        work_state in state(),
        settings in prop::sample::select(CONFIGS.to_vec()),
    ) {
        let places = [
            (Kept::Json, Kept::Json),
            (Kept::AgentDatabase, Kept::AgentDatabase),
            (Kept::SharedDatabase, Kept::AgentDatabase),
            (Kept::SharedDatabase, Kept::Json),
        ];
        let homes = places.map(|(mains, works)| {
            let home = Home::new().file(".openclaw/openclaw.json", settings);
            put(&home, "main", mains, &main, main_state.as_ref());
            put(&home, "work", works, &work, work_state.as_ref());
            home
        });
        for semantics in [Semantics::V2026_4, Semantics::V2026_9] {
            let looks = homes.each_ref().map(|home| look(home, semantics));
            for look in &looks {
                prop_assert!(look.snapshot.agents.iter().all(|agent| agent.store.error.is_none()));
            }
            for (look, place) in looks.iter().zip(places).skip(1) {
                prop_assert_eq!(essence(&looks[0]), essence(look), "{:?} {:?}", place, semantics);
            }
        }
    }
}

/// Bytes of any kind, JSON of any kind, and text that looks like what is expected.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let text = |text: &str| text.as_bytes().to_vec();
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        any::<String>().prop_map(String::into_bytes),
        any_json().prop_map(|value| value.to_string().into_bytes()),
        any_json().prop_map(|value| json!({ "profiles": value, "order": value, "usageStats": value }).to_string().into_bytes()),
        any_json().prop_map(|value| json!({ "agents": { "list": [value], "defaults": { "model": value, "models": value } }, "models": { "providers": value }, "auth": { "order": value, "profiles": value }, "env": value }).to_string().into_bytes()),
        any_json().prop_map(|value| json!({ "claudeAiOauth": value, "tokens": { "access_token": value }, "expiry_date": value }).to_string().into_bytes()),
        (document(), any::<prop::sample::Index>()).prop_map(|(document, cut)| {
            let text = document.to_string().into_bytes();
            text[..cut.index(text.len())].to_vec()
        }),
        document().prop_map(|document| document.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..200).prop_map(move |bytes| [text("SQLite format 3\0"), bytes].concat()),
        "([A-Z_]{1,4}=[ -~]{0,5}\n|export [a-z]=.\n|#.*\n|\\PC{0,6}\n){0,5}".prop_map(String::into_bytes),
    ]
}

/// Every file a look reads.
const FILES: [&str; 14] = [
    ".openclaw/openclaw.json",
    ".openclaw/.env",
    ".openclaw/credentials/oauth.json",
    ".openclaw/state/openclaw.sqlite",
    ".openclaw/agents/main/agent/auth-profiles.json",
    ".openclaw/agents/main/agent/auth-state.json",
    ".openclaw/agents/main/agent/auth.json",
    ".openclaw/agents/main/agent/openclaw-agent.sqlite",
    ".openclaw/agents/work/agent/auth-profiles.json",
    ".openclaw/agents/work/agent/auth-state.json",
    ".claude/.credentials.json",
    ".codex/auth.json",
    ".gemini/oauth_creds.json",
    ".minimax/oauth_creds.json",
];

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn no_content_makes_a_look_or_a_report_fail(
        contents in prop::collection::vec((prop::sample::select(FILES.to_vec()), content()), 1..8),
        width in 0_usize..120,
    ) {
        let home = Home::new();
        for (path, content) in &contents {
            home.write(path, content);
        }
        let before = home.tree();
        for semantics in [Semantics::V2026_4, Semantics::V2026_9] {
            let look = look(&home, semantics);
            for format in [Format::Table, Format::Json, Format::Plain, Format::Openclaw, Format::Nagios] {
                let mut printed = Vec::new();
                let layout = Layout { width, only_problems: false };
                report::write(&look.snapshot, format, layout, &mut printed).unwrap();
                prop_assert!(!look.state_exists || format == Format::Plain || !printed.is_empty());
            }
        }
        prop_assert!(before == home.tree());
    }
}
