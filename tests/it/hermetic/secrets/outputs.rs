//! No secret of any store appears in any output of any command, at any log level.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Map, Value, json};

use crate::support::databases::{
    agent_connection, put_agent_state, put_agent_store, put_shared, shared_connection,
};
use crate::support::home::{AT, DAY, Home, NOW, document};

/// Every secret of these homes contains this word, and nothing else does.
const CANARY: &str = "canary";

/// What every secret ends with, to find one that was cut at its start. Addresses of sign-in pages hold random letters, so it is too
/// long to come up among them by chance.
const TAIL: &str = "Zz9TailOfSecret";

/// What each command is run with. A command that is missing here fails the test.
const COMMANDS: &[(&str, &[&[&str]])] = &[
    (
        "status",
        &[
            &["--at", AT],
            &["--at", AT, "--json", "--check"],
            &["--at", AT, "--format", "plain", "--semantics", "2026.4"],
            &["--at", AT, "--format", "openclaw", "--agent", "kinds"],
            &["--at", AT, "--format", "openclaw", "--agent", "sqlite"],
            &["--at", AT, "--format", "nagios"],
            &["--at", AT, "--scope", "all", "--provider", "anthropic", "--warn", "1d", "--agent", "nobody"],
        ],
    ),
    ("models status", &[&["--at", AT, "--color", "always"], &["--at", AT, "--json"]]),
    // Renewing for real, with answers of every kind, is watched in `refresh`.
    ("refresh", &[&["--dry-run"], &["--dry-run", "--force"]]),
    // The second mends, the third finds what is left; pasted secrets that it mends are watched in `doctor` as well.
    ("doctor", &[&[], &["--fix", "--yes"], &["--json"], &["--fix", "--yes", "--json"]]),
    // The daemon itself, and what it serves, is watched in `watch`. These homes have no network.
    ("watch", &[&["--once", "--no-refresh"], &["--once", "--no-refresh", "--interval", "1m"]]),
    // What goes out, and what is kept of it, is watched below.
    ("notify test", &[&[]]),
    ("notify history", &[&[], &["--json"]]),
    ("notify mute", &[&["xai:oauth", "1h"], &["--list"]]),
    ("probe", &[&["http://127.0.0.1:9/healthz"]]),
    (
        "auth list",
        &[
            &[],
            &["--json"],
            &["--agent", "kinds"],
            &["--agent", "sqlite", "--json"],
            &["--agent", "broken-0"],
        ],
    ),
    // What is pasted, and what a provider issues, is watched in `auth`, `auth_login` and `auth_terminal`.
    ("auth paste-token", &[&["--provider", "anthropic"], &["--provider", "xai", "--agent", "broken-0"]]),
    ("auth paste-api-key", &[&["--provider", "xai"], &["--provider", "xai", "--agent", "sqlite"]]),
    ("auth setup-token", &[&[], &["--agent", "sqlite"]]),
    ("auth login", &[&["--provider", "openai-codex", "--no-browser", "--timeout", "0s"]]),
    ("auth logout", &[&["anthropic:key", "--agent", "kinds"], &["bad:text", "--agent", "broken-0"]]),
    ("auth order get", &[&["--provider", "anthropic", "--agent", "kinds"], &["--provider", "xai", "--json"]]),
    (
        "auth order set",
        &[
            &["--provider", "anthropic", "anthropic:never", "--agent", "kinds"],
            &["--provider", "xai", "no:one"],
        ],
    ),
    ("auth order clear", &[&["--provider", "xai"], &["--provider", "xai", "--agent", "stateless-0"]]),
    ("auth import", &[&[], &["--agent", "broken-0"], &["--agent", "sqlite"]]),
    ("models auth list", &[&[]]),
    ("models auth paste-token", &[&["--provider", "anthropic"]]),
    ("models auth paste-api-key", &[&["--provider", "xai"]]),
    ("models auth setup-token", &[&[]]),
    ("models auth login", &[&["--provider", "anthropic", "--no-browser", "--timeout", "0s"]]),
    ("models auth logout", &[&["anthropic:key"]]),
    ("models auth order get", &[&["--provider", "anthropic"]]),
    ("models auth order set", &[&["--provider", "anthropic", "no:one"]]),
    ("models auth order clear", &[&["--provider", "xai"]]),
    ("models auth import", &[&[]]),
    ("config init", &[&[]]),
    ("config show", &[&[]]),
    ("config check", &[&[]]),
    ("completions", &[&["bash"]]),
    // What is pasted into it is watched in `explain`.
    ("explain", &[&["invalid_grant refresh_token=canary-sk-ant-oat01-Zz9TailOfSecret"]]),
];

fn secret(place: &str) -> String {
    format!("{CANARY}-{place}-sk-ant-oat01-{TAIL}")
}

/// A token whose claims are the secret, for whoever decodes it.
fn token_with_claims(place: &str) -> String {
    use base64::Engine;

    let claims = json!({ "exp": (NOW + DAY) / 1000, "sub": secret(place) }).to_string();
    format!(
        "{}.{}.{}",
        secret(place),
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims),
        secret(place)
    )
}

/// Every field of every kind, with a secret in each that can hold one.
fn kinds(place: &str) -> Value {
    let s = |field: &str| secret(&format!("{place}-{field}"));
    let fields = json!({
        "key": s("key"), "apiKey": s("apiKey"), "keyRef": s("keyRef"), "token": s("token"), "tokenRef": s("tokenRef"),
        "access": token_with_claims(place), "refresh": s("refresh"), "idToken": s("idToken"), "oauthRef": s("oauthRef"),
        "email": s("email"), "accountId": s("accountId"), "projectId": s("projectId"), "clientId": s("clientId"),
        "clientSecret": s("clientSecret"), "metadata": { s("metadata-key"): s("metadata") }, "displayName": s("displayName"),
    });
    let with = |more: Value| {
        let mut entry = fields.clone();
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry
    };
    let reference = json!({ "source": "exec", "provider": s("ref-provider"), "id": s("ref-id") });
    let variable = json!({ "source": "env", "provider": "default", "id": s("ref-variable") });
    json!({
        "anthropic:key": with(json!({ "type": "api_key", "provider": "anthropic" })),
        "anthropic:token": with(json!({ "type": "token", "provider": "anthropic", "expires": NOW + DAY / 2 })),
        "anthropic:ended": with(json!({ "type": "token", "provider": "anthropic", "expires": NOW - DAY })),
        "anthropic:never": with(json!({ "type": "token", "provider": "anthropic", "expires": s("expires") })),
        "xai:oauth": with(json!({ "type": "oauth", "provider": "xai", "expires": NOW + DAY })),
        "xai:ended": with(json!({ "type": "oauth", "provider": "xai", "expires": NOW - DAY })),
        "xai:list": with(json!({ "type": "oauth", "provider": "xai", "expires": [s("list")], "access": [s("list")] })),
        "zai:mode": with(json!({ "mode": "api_key", "provider": "zai" })),
        "zai:ref": with(json!({ "type": "api_key", "provider": "zai", "key": reference, "token": reference })),
        "zai:env": with(json!({ "type": "api_key", "provider": "zai", "key": variable, "keyRef": variable })),
        "bad:type": with(json!({ "type": s("type"), "provider": "zai" })),
        "bad:types": with(json!({ "type": [s("types")], "provider": "zai" })),
        "bad:provider": with(json!({ "type": "token", "provider": [s("provider")] })),
        "bad:text": s("entry"),
        "bad:list": [s("entry-list")],
    })
}

/// Usage and order with secrets where words are expected.
fn state(place: &str) -> Value {
    let s = |field: &str| secret(&format!("{place}-{field}"));
    json!({
        "version": s("version"),
        "order": { "anthropic": [s("order")], s("order-provider"): ["anthropic:key"] },
        "lastGood": { "anthropic": s("lastGood") },
        "usageStats": {
            "anthropic:key": { "cooldownUntil": NOW + DAY, "cooldownReason": s("cooldownReason"), "errorCount": s("errorCount") },
            "anthropic:token": { "disabledUntil": NOW + DAY, "disabledReason": s("disabledReason"), "lastError": s("lastError") },
            "xai:oauth": { "cooldownUntil": s("until"), "failureCounts": { s("failure"): 1 } },
        },
    })
}

/// Documents that break off, or are something else, at a place where a secret is.
fn broken_documents() -> Vec<String> {
    let whole = document(&kinds("broken"));
    let after_secret: Vec<usize> = whole.match_indices(TAIL).map(|(at, found)| at + found.len()).collect();
    let mut documents: Vec<String> = after_secret
        .iter()
        .step_by(7)
        .flat_map(|&at| [whole[..at].to_owned(), whole[..=at].to_owned()])
        .collect();
    let s = secret("whole");
    documents.extend([
        s.clone(),
        format!("\"{s}\""),
        format!("[\"{s}\"]"),
        format!("{{\"profiles\":\"{s}\"}}"),
        format!("{{\"profiles\":[\"{s}\"]}}"),
        format!("{{\"profiles\":{{\"{s}\" 3}}}}"),
        format!("{{\"profiles\":{{\"a\":{{\"token\":\"{s}\\q\"}}}}}}"),
        format!("{{\"profiles\":{{\"a\":{{\"token\":{s}}}}}}}"),
        format!("{{\"profiles\":{{\"a\":{{\"token\":\"{s}\n\"}}}}}}"),
        format!("{{\"profiles\":{{}}}} {s}"),
        format!("\u{feff}{{\"profiles\":\"{s}\"}}"),
    ]);
    documents
}

fn with_everything() -> Home {
    let s = |place: &str| secret(place);
    let config = format!(
        "// {0}\n{{ agents: {{ defaults: {{ model: 'anthropic/claude-opus-4-5' }} }}, gateway: {{ auth: {{ token: '{0}' }} }},
           env: {{ XAI_API_KEY: '{0}', vars: {{ GROQ_API_KEY: '{0}' }} }},
           models: {{ providers: {{ mistral: {{ apiKey: '{0}', headers: {{ Authorization: '{0}' }} }} }} }} }}",
        s("config")
    );
    let mut home = Home::new()
        .profiles("main", &kinds("main"))
        .profiles("kinds", &kinds("json"))
        .file(".openclaw/agents/kinds/agent/auth-state.json", state("state").to_string())
        .file(".openclaw/openclaw.json", config)
        .file(".openclaw/.env", format!("ANTHROPIC_API_KEY={0}\nexport {0}=1\nX='{0}\n{0}\n", s("dotenv")))
        .file(".openclaw/credentials/oauth.json", json!({ "groq": kinds("oauth-file")["xai:oauth"] }).to_string())
        .file(".claude/.credentials.json", json!({ "claudeAiOauth": {
            "accessToken": s("claude-access"), "refreshToken": s("claude-refresh"), "expiresAt": NOW + DAY } }).to_string())
        .file(".codex/auth.json", json!({ "OPENAI_API_KEY": s("codex-key"), "tokens": {
            "access_token": token_with_claims("codex"), "refresh_token": s("codex-refresh"), "id_token": s("codex-id") } }).to_string())
        .file(".gemini/oauth_creds.json", json!({
            "access_token": s("gemini-access"), "refresh_token": s("gemini-refresh"), "expiry_date": NOW - DAY }).to_string())
        .file(".minimax/oauth_creds.json", json!({ "access_token": s("minimax"), "expiry_date": s("minimax-date") }).to_string())
        .env("OPENAI_API_KEY", &s("environment"))
        .env("ANTHROPIC_OAUTH_TOKEN", &s("environment"));
    let flat: Map<String, Value> = kinds("legacy")
        .as_object()
        .unwrap()
        .iter()
        .map(|(id, entry)| (id.replace(':', "-"), entry.clone()))
        .collect();
    home = home.file(".openclaw/agents/legacy/agent/auth.json", Value::Object(flat).to_string());
    home = home.database("sqlite", &kinds("sqlite"));
    put_agent_state(&agent_connection(&home.agent_database("sqlite")), &state("sqlite-state").to_string());
    // A leftover beside a database is read as well.
    home = home.profiles("sqlite", &kinds("leftover"));
    for (number, document) in broken_documents().iter().enumerate() {
        home.write(&format!(".openclaw/agents/broken-{number}/agent/auth-profiles.json"), document);
        home.write(&format!(".openclaw/agents/broken-{number}/agent/auth.json"), document);
        home.write(&format!(".openclaw/agents/stateless-{number}/agent/auth-state.json"), document);
        home = home.profiles(&format!("stateless-{number}"), &json!({}));
    }
    home = home.database("broken-database", &json!({}));
    put_agent_store(&agent_connection(&home.agent_database("broken-database")), &broken_documents()[0]);
    home = home.database("broken-state", &kinds("broken-state"));
    put_agent_state(&agent_connection(&home.agent_database("broken-state")), &broken_documents()[0]);
    home.write(".openclaw/agents/no-database/agent/openclaw-agent.sqlite", secret("no-database"));
    home
}

fn with_a_shared_database() -> Home {
    let home = Home::new().shared(Some("state-db"), &kinds("shared")).profiles("main", &kinds("stranded"));
    put_shared(
        &shared_connection(&home.shared_database()),
        "authProfiles.state",
        &state("shared-state").to_string(),
    );
    home
}

fn with_broken_settings() -> Vec<Home> {
    let s = secret("settings");
    let configs = [
        format!("{{ models: {{ providers: {{ x: {{ apiKey: '{s}"),
        format!("{{ models: {{ providers: {{ x: {{ apiKey: {s} }} }} }} }}"),
        format!("{{ a: '{s}' '{s}' }}"),
        format!("{{ \"{s}\" }}"),
        format!("'{s}'"),
        s.clone(),
        format!("{{ a: 0x{s} }}"),
        format!("{{ a: '{s}\\u{s}' }}"),
    ];
    let home = |config: &String| {
        Home::new().profiles("main", &kinds("settings")).file(".openclaw/openclaw.json", config)
    };
    let mut homes: Vec<Home> = configs.iter().map(home).collect();
    let unknown_owner = Home::new().shared(None, &kinds("owner"));
    let connection = shared_connection(&unknown_owner.shared_database());
    put_shared(&connection, "auth.sharedStore", &json!({ "location": s }).to_string());
    homes.push(unknown_owner);
    homes
}

/// The commands that `help` lists, down to those without subcommands.
fn commands(home: &Home, path: &[&str]) -> BTreeSet<String> {
    let help = home.run(&[&["help"], path].concat());
    assert_eq!(help.code, 0, "help {path:?}: {}", help.stderr);
    let listed = help
        .stdout
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let names: Vec<&str> = listed
        .filter_map(|line| {
            line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '))?.split_whitespace().next()
        })
        .filter(|name| *name != "help")
        .collect();
    if names.is_empty() {
        return BTreeSet::from([path.join(" ")]);
    }
    names.into_iter().flat_map(|name| commands(home, &[path, &[name]].concat())).collect()
}

#[test]
fn every_command_is_watched() {
    let watched: BTreeSet<String> = COMMANDS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(commands(&Home::new(), &[]), watched);
}

/// Every log line, in both formats, and none. Levels between only filter: they are tried with [`LOUDEST`] alone.
const LOGS: [[&str; 2]; 3] = [["off", "text"], ["trace", "text"], ["trace", "json"]];
const LEVELS_BETWEEN: [[&str; 2]; 4] =
    [["error", "text"], ["warn", "json"], ["info", "text"], ["debug", "json"]];
/// The commands that log the most.
const LOUDEST: [&str; 4] = ["status", "refresh", "doctor", "watch"];

fn assert_no_secret_is_printed(home: &Home, logs: &[[&str; 2]], is_meant: fn(&str) -> bool) {
    for (name, variants) in COMMANDS.iter().filter(|(name, _)| is_meant(name)) {
        for (variant, [level, format]) in
            variants.iter().flat_map(|variant| logs.iter().map(move |log| (variant, log)))
        {
            let name: Vec<&str> = name.split(' ').collect();
            let arguments = [&name[..], variant, &["--log-level", level, "--log-format", format]].concat();
            let ran = home.run(&arguments);
            for output in [&ran.stdout, &ran.stderr] {
                let lower = output.to_lowercase();
                let leaks = [CANARY, "oat01", &TAIL.to_lowercase()].iter().any(|part| lower.contains(part));
                assert!(!leaks, "authwatch {arguments:?} prints a secret:\n{output}");
            }
            assert!(![70, -1].contains(&ran.code), "{arguments:?}: {}", ran.stderr);
        }
    }
}

#[test]
fn no_secret_is_printed_at_any_level() {
    let home = with_everything();
    let report = home.status(&["--json"]);
    // What is not read can't leak: each source has to be there.
    let sources: BTreeSet<String> = report.json()["agents"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|agent| agent["profiles"].as_array().unwrap().clone())
        .map(|profile| profile["source"].as_str().unwrap().to_owned())
        .collect();
    let expected = ["agent-sqlite", "json", "legacy-auth-json", "legacy-oauth-json"].map(str::to_owned);
    assert_eq!(sources, BTreeSet::from(expected));
    assert_eq!(report.json()["external"].as_array().unwrap().len(), 4);
    assert!(report.agent("kinds")["profiles"].as_array().unwrap().len() >= 9);
    assert_eq!(report.agent("kinds")["rejected"].as_array().unwrap().len(), 5);
    assert!(
        report.agent("kinds")["profiles"]
            .as_array()
            .unwrap()
            .iter()
            .any(|profile| profile["cooldown"] != Value::Null)
    );
    assert_eq!(report.agent("broken-database")["store"]["error"]["reason"], "parse");
    assert_eq!(report.agent("broken-state")["store"]["stateError"]["reason"], "parse");
    assert_eq!(report.agent("sqlite")["store"]["stranded"]["kind"], "leftover-json");
    for number in 0..broken_documents().len() {
        assert_ne!(report.agent(&format!("broken-{number}"))["store"]["error"], Value::Null, "{number}");
    }
    assert_no_secret_is_printed(&home, &LOGS, |_| true);
    assert_no_secret_is_printed(&home, &LEVELS_BETWEEN, |name| LOUDEST.contains(&name));
}

#[test]
fn no_secret_of_the_shared_database_is_printed() {
    let home = with_a_shared_database();
    let main = home.status(&["--json"]).agent("main");
    assert!(main["profiles"].as_array().unwrap().iter().any(|profile| profile["source"] == "shared-sqlite"));
    assert_no_secret_is_printed(&home, &LOGS, |_| true);
}

#[test]
fn no_secret_of_a_broken_configuration_is_printed() {
    // `models` is the same code under another name, and the others never read OpenClaw's configuration.
    let reads_it = |name: &str| {
        !["models", "config", "completions", "explain", "probe"].iter().any(|other| name.starts_with(other))
    };
    std::thread::scope(|scope| {
        for home in with_broken_settings() {
            scope.spawn(move || {
                let report = home.status(&["--json"]);
                let config_is_broken = report.json()["config"]["error"] != Value::Null;
                assert!(
                    config_is_broken || report.agent("main")["store"]["error"] != Value::Null,
                    "{}",
                    report.stdout
                );
                assert_no_secret_is_printed(&home, &[["trace", "json"]], reads_it);
            });
        }
    });
}

/// What people are told, what is kept of it, and what is said about telling them: with channels that hold secrets of their own, and
/// with other sides that repeat all they are sent.
#[test]
fn no_secret_is_told_kept_or_logged_by_notifications() {
    use crate::support::receiver::{Answer, Receiver};

    let receiver = Receiver::start();
    let s = |name: &str| secret(name);
    let hook = |name: &str, preset: &str| {
        format!(
            "[notify.webhook.{name}]\nurl_file = \"hook\"\npreset = \"{preset}\"\nmin_severity = \"info\"\n\
             token_file = \"token\"\nsecret_file = \"key\"\nchat_id = \"1\"\n"
        )
    };
    let mut config = format!(
        "[notify]\n[notify.heartbeat]\nurl_env = \"BEAT\"\n[notify.ntfy.phone]\ntopic = \"logins\"\nserver = \"{}\"\n\
         token_file = \"token\"\n[notify.alertmanager.main]\nurls = [\"{}\"]\ntoken_file = \"token\"\n\
         [notify.command.run]\nrun = [\"sh\", \"-c\", \"cat > told.json; env > told.env; echo done\"]\n",
        receiver.url(""),
        receiver.url("")
    );
    for (name, preset) in [("own", "json"), ("chat", "slack"), ("room", "discord"), ("bot", "telegram")] {
        config += &hook(name, preset);
    }
    let home = with_everything()
        .file(".config/authwatch/config.toml", config)
        .file("hook", receiver.url(&format!("/{}", s("url"))))
        .file("token", s("token"))
        .file("key", s("key"))
        .env("BEAT", &receiver.url(&format!("/{}", s("beat"))));
    let assert_clean = |text: &str, place: &str| {
        let lower = text.to_lowercase();
        assert!(!lower.contains(CANARY) && !lower.contains("oat01"), "{place} holds a secret:\n{text}");
    };
    for answer in
        [Answer::With(200, "", "{head}"), Answer::With(400, "", "{head}"), Answer::With(503, "", "{head}")]
    {
        receiver.answer(answer);
        for level in ["warn", "trace"] {
            for arguments in [
                &["watch", "--once", "--at", AT, "--log-level", level][..],
                &["notify", "test", "--log-level", level],
                &["notify", "history"],
            ] {
                let ran = home.run(arguments);
                assert_clean(&ran.stdout, &format!("{arguments:?}"));
                // The commands of this home are given secrets on purpose; what they print is not ours.
                assert_clean(&ran.stderr, &format!("{arguments:?}"));
            }
        }
        let book = fs::read_to_string(home.path().join(".local/state/authwatch/notify.json")).unwrap();
        assert_clean(&book, "the book");
        fs::remove_file(home.path().join(".local/state/authwatch/notify.json")).unwrap();
    }
    let requests = receiver.received();
    assert!(requests.iter().any(|request| request.body.contains("critical")), "something is told");
    for request in &requests {
        assert_clean(&request.body, &format!("what is sent to {}", request.path));
    }
    assert_clean(&fs::read_to_string(home.path().join("told.json")).unwrap(), "what a program reads");
    let told: String = fs::read_to_string(home.path().join("told.env"))
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("AUTHWATCH_"))
        .collect();
    assert!(told.contains("AUTHWATCH_TITLE"));
    assert_clean(&told, "a program's environment");
}

#[test]
fn nothing_that_is_read_is_written_elsewhere() {
    let home = with_everything();
    let temporary = home.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let home = home.env("TMPDIR", temporary.to_str().unwrap());
    let before = home.tree();
    home.status(&["--log-level", "trace"]);
    assert!(before == home.tree());
}
