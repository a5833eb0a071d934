//! One trouble each in a home as OpenClaw 2026.9 keeps it: what `openclaw doctor --non-interactive` of 2026.9.6 says of it about
//! auth (recorded from that release), and the findings here that say the same.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};

use super::case::{codes, contents};
use crate::support::databases::{put_shared, shared_connection};
use crate::support::home::{DAY, HOUR, Home, document};

const MIGRATION: &str =
    "Auth profile SQLite migration: openclaw doctor --fix imports legacy auth profile JSON into SQLite";
/// It says nothing about auth.
const NOTHING: &str = "";

/// By the machine's clock, as `doctor` goes by it.
fn now() -> i64 {
    i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap()
}

fn key() -> Value {
    json!({ "type": "api_key", "provider": "anthropic", "key": format!("sk-ant-api03-{}", "k".repeat(40)) })
}

fn token(expires: i64) -> Value {
    json!({ "type": "token", "provider": "anthropic", "token": format!("sk-ant-oat01-{}", "t".repeat(80)), "expires": expires })
}

fn oauth(provider: &str, expires: i64) -> Value {
    json!({ "type": "oauth", "provider": provider, "access": "acc", "refresh": "rt", "expires": expires, "email": "me@example.org" })
}

fn with_reference(source: &str, provider: &str, id: &str) -> Value {
    json!({ "type": "api_key", "provider": "anthropic", "keyRef": { "source": source, "provider": provider, "id": id } })
}

fn settings() -> Value {
    json!({
        "meta": { "lastTouchedVersion": "2026.9.6" },
        "gateway": { "mode": "local" },
        "agents": { "defaults": { "model": { "primary": "anthropic/claude-opus-4-6" } } },
    })
}

fn configured(part: &Value) -> Value {
    let mut settings = settings();
    settings.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
    settings
}

fn using(model: &str) -> Value {
    configured(&json!({ "agents": { "defaults": { "model": { "primary": model } } } }))
}

/// A home with these profiles in its shared database.
fn home(settings: &Value, profiles: &Value) -> Home {
    let home = Home::new().file(".openclaw/openclaw.json", settings.to_string());
    // What others' demos leave in the common directory is no finding about this home.
    let temporary = home.path().to_str().unwrap().to_owned();
    home.env("TMPDIR", &temporary).shared(Some("state-db"), profiles)
}

fn storing(profiles: &Value) -> Home {
    home(&settings(), profiles)
}

fn fine() -> Home {
    storing(&json!({ "anthropic:default": key() }))
}

fn cooling(usage: &Value) -> Home {
    let home = fine();
    let state = json!({ "version": 1, "usageStats": { "anthropic:default": usage } });
    put_shared(&shared_connection(&home.shared_database()), "authProfiles.state", &state.to_string());
    home
}

/// Name, home, what OpenClaw's doctor says, and the findings.
type State = (&'static str, Home, &'static str, &'static [&'static str]);

fn stored() -> Vec<State> {
    let now = now();
    let one = |credential: Value| storing(&json!({ "anthropic:default": credential }));
    let marker = |kind: &str| {
        format!("openclaw-oauth-refresh-fence:v1:{}:failed:{kind}:{}", "a".repeat(32), "b".repeat(64))
    };
    let fence = json!({ "type": "oauth", "provider": "anthropic", "access": marker("access"), "refresh": marker("refresh"), "expires": 1 });
    let mut with_entry = json!({ "anthropic:default": key() });
    with_entry["x:y"] = json!({ "type": "weird" });
    let command = json!({ "type": "api_key", "provider": "anthropic", "key": "openclaw onboard --auth-choice anthropic-api-key" });
    let retired = json!({ "anthropic:default": key(), "anthropic:claude-cli": oauth("claude-cli", now + DAY),
        "openai-codex:codex-cli": oauth("openai-codex", now + DAY) });
    vec![
        ("healthy", fine(), NOTHING, &[]),
        (
            "expired-token",
            one(token(now - DAY)),
            "Model auth: anthropic:default: expired [expired]",
            &["login-expired"],
        ),
        (
            "expiring-token",
            one(token(now + 12 * HOUR)),
            "Model auth: anthropic:default: expiring (12h)",
            &["login-expiring"],
        ),
        // It renews automatically, and nobody has to do anything.
        (
            "expired-oauth",
            one(oauth("anthropic", now - DAY)),
            "Model auth: anthropic:default: expired (0m)",
            &["check-differs"],
        ),
        (
            "expiring-oauth",
            one(oauth("anthropic", now + 2 * HOUR)),
            "Model auth: anthropic:default: expiring (2h)",
            &["check-differs"],
        ),
        ("fence-failed", one(fence), "Model auth: anthropic:default: expired [expired]", &["login-dead"]),
        ("env-ref-unset", one(with_reference("env", "default", "GONE_KEY")), NOTHING, &["login-unresolved"]),
        ("file-ref-no-provider", one(with_reference("file", "vault", "/x")), NOTHING, &["check-differs"]),
        ("unknown-provider-entry", storing(&with_entry), NOTHING, &["entry-rejected"]),
        (
            "pasted-command",
            one(command),
            "Model auth: anthropic:default: missing [malformed_api_key]",
            &["login-missing"],
        ),
        (
            "deprecated-ids",
            storing(&retired),
            "Remove retired auth profile anthropic:claude-cli",
            &["profile-retired"],
        ),
        (
            "no-auth-for-model",
            storing(&json!({ "xai:default": { "type": "api_key", "provider": "xai", "key": "xai-k" } })),
            NOTHING,
            &["provider-without-auth"],
        ),
        (
            "disabled-billing",
            cooling(
                &json!({ "disabledUntil": now + 5 * HOUR, "disabledReason": "billing", "errorCount": 3 }),
            ),
            "Auth profile cooldowns: anthropic:default: disabled:billing (4h)",
            &["profile-disabled"],
        ),
        (
            "cooldown",
            cooling(&json!({ "cooldownUntil": now + HOUR, "cooldownReason": "rate_limit", "errorCount": 3 })),
            "Auth profile cooldowns: anthropic:default: cooldown:rate_limit (55m)",
            &["check-differs"],
        ),
    ]
}

fn around() -> Vec<State> {
    let key = || json!({ "anthropic:default": key() });
    let leftover = document(&key());
    let in_main = ".openclaw/agents/main/agent";
    let old = json!({ "anthropic": { "type": "api_key", "key": "sk-old" } }).to_string();
    let shared_old =
        json!({ "anthropic": { "access": "a", "refresh": "r", "expires": now() + DAY } }).to_string();
    let nobody = json!({ "auth": { "order": { "anthropic": ["anthropic:gone"] },
        "profiles": { "anthropic:gone": { "provider": "anthropic", "mode": "oauth" } } } });
    let mode = json!({ "auth": { "profiles": { "anthropic:default": { "provider": "anthropic", "mode": "oauth" } } } });
    let inline = json!({ "models": { "providers": { "anthropic": { "baseUrl": "https://api.anthropic.com", "apiKey": "sk-ant-inline", "models": [] } } } });
    let two =
        configured(&json!({ "agents": { "ownership": "explicit", "entries": { "main": {}, "work": {} },
        "defaults": { "model": { "primary": "anthropic/claude-opus-4-6" } } } }));
    let copy = json!({ "anthropic:default": oauth("anthropic", now() + 2 * DAY) });
    let (broken, smashed) = (fine(), fine());
    put_shared(
        &shared_connection(&broken.shared_database()),
        "authProfiles.store",
        "{\"version\":1,\"profiles\":{",
    );
    fs::write(smashed.shared_database(), "no database at all".repeat(20)).unwrap();
    let codex = json!({ "anthropic:default": key()["anthropic:default"], "openai-codex:default": oauth("openai-codex", now() + 9 * DAY) });
    let openai = json!({ "openai:default": { "type": "api_key", "provider": "openai", "key": "sk-x" } });
    vec![
        (
            "leftover-json",
            fine().file(&format!("{in_main}/auth-profiles.json"), &leftover),
            MIGRATION,
            &["database-empty"],
        ),
        (
            "empty-db-leftover-json",
            storing(&json!({})).file(&format!("{in_main}/auth-profiles.json"), &leftover),
            MIGRATION,
            &["database-empty", "provider-without-auth"],
        ),
        (
            "legacy-auth-json",
            fine().file(&format!("{in_main}/auth.json"), old),
            MIGRATION,
            &["database-empty"],
        ),
        (
            "legacy-oauth-json",
            fine().file(".openclaw/credentials/oauth.json", shared_old),
            MIGRATION,
            &["database-empty"],
        ),
        (
            "order-names-nobody",
            home(&configured(&nobody), &key()),
            NOTHING,
            &["order-names-absent", "profile-not-stored"],
        ),
        ("mode-disagrees", home(&configured(&mode), &key()), NOTHING, &["profile-mode-mismatch"]),
        (
            "open-modes",
            home(&configured(&inline), &key()),
            "Config file is group/world readable (~/.openclaw/openclaw.json)",
            &["store-mode", "config-mode", "key-in-configuration"],
        ),
        (
            "broken-store",
            broken,
            "Auth profile store ~/.openclaw/state/openclaw.sqlite is unreadable",
            &["store-broken"],
        ),
        (
            "broken-db",
            smashed,
            "shared state database is unreadable at ...: file is not a database",
            &["store-broken"],
        ),
        (
            "secret-in-config",
            home(&configured(&inline), &key()),
            "Found 1 plaintext model credential",
            &["key-in-configuration"],
        ),
        (
            "openai-codex-provider",
            home(&using("openai-codex/gpt-5.5"), &codex),
            "Configured model \"openai-codex/gpt-5.5\" is a legacy reference",
            &["provider-retired"],
        ),
        // A plugin that is missing is no matter of auth.
        ("openai-without-codex-plugin", home(&using("openai/gpt-5.5"), &openai), NOTHING, &[]),
        (
            "two-agents-copies",
            home(&two, &copy).database("work", &copy),
            "work has stale OAuth auth profile anthropic:default; it shadows the fresher main-agent credential",
            &["token-shared"],
        ),
    ]
}

#[test]
fn what_openclaws_doctor_finds_about_auth_is_found() {
    let states: Vec<State> = stored().into_iter().chain(around()).collect();
    let mut wrong = Vec::new();
    for (name, home, says, expected) in &states {
        let mode = if *name == "open-modes" { 0o644 } else { 0o600 };
        let files = contents(home.path()).into_keys().map(|path| home.path().join(path));
        for file in files.filter(|path| path.is_file()) {
            fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
        }
        let ran = home.run(&["doctor", "--json"]);
        let found: Vec<String> =
            codes(&ran).into_iter().filter(|code| !IRRELEVANT.contains(&code.as_str())).collect();
        if found.iter().map(String::as_str).ne(expected.iter().copied())
            || !says.is_empty() && found.is_empty()
        {
            wrong.push(format!("{name}: {found:?}, not {expected:?} ({says})"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is about how this home was laid out.
const IRRELEVANT: &[&str] = &["not-scheduled"];
