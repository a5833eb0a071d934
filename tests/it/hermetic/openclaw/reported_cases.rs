//! Cases from public reports that an earlier build answered wrongly. Each test has the name of its case.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::home::{Home, Ran, document, token};
use crate::support::openclaw_releases::{NEWEST, Release};

const CONFIG: &str = ".openclaw/openclaw.json";
const OLD: &str = "2026.4.29";
const DAY: i64 = crate::support::home::DAY;

/// A home whose configured model is this one.
fn using(model: &str) -> Home {
    with(&json!({ "agents": { "defaults": { "model": model } } }))
}

fn with(config: &Value) -> Home {
    Home::new().file(CONFIG, config.to_string())
}

fn key(provider: &str) -> Value {
    json!({ "type": "api_key", "provider": provider, "key": format!("sk-{}", "a1B2".repeat(12)) })
}

fn anthropic() -> Value {
    json!({ "anthropic:default": key("anthropic") })
}

/// Puts logins into the database that the newest release keeps an agent's in.
fn in_database(home: Home, agent: &str, profiles: &Value) -> Home {
    home.database_of(&Release::of(NEWEST), agent).put("store", &document(profiles));
    home
}

fn check(home: &Home, arguments: &[&str]) -> Ran {
    home.status(&[&["--check"], arguments].concat())
}

fn code(home: &Home, version: &str) -> i32 {
    check(home, &["--openclaw-version", version]).code
}

fn findings(home: &Home) -> Vec<Value> {
    home.run(&["doctor", "--json"]).json()["findings"].as_array().unwrap().clone()
}

fn finding(home: &Home, kind: &str) -> Value {
    let found = findings(home);
    found
        .iter()
        .find(|finding| finding["code"] == kind)
        .unwrap_or_else(|| panic!("no {kind} in {found:#?}"))
        .clone()
}

/// What a pass of the daemon notifies of.
fn notified(home: &Home) -> String {
    let config = "[notify.command.file]\nrun = [\"/bin/sh\", \"-c\", \"echo $AUTHWATCH_SEVERITY: $AUTHWATCH_TITLE >> $HOME/notified\"]\n";
    home.write(".config/authwatch/config.toml", config);
    home.run(&["watch", "--once", "--no-refresh"]);
    fs::read_to_string(home.path().join("notified")).unwrap_or_default()
}

#[test]
fn agents_entries() {
    let home = with(&json!({
        "agents": {
            "ownership": "explicit",
            "defaults": { "model": { "primary": "openrouter/auto" }, "systemAgent": { "agentId": "main" } },
            "entries": {
                "main": {},
                "writer": { "model": { "primary": "openai/gpt-5.5" }, "agentDir": "~/elsewhere/writer" },
                "scout": { "model": { "primary": "openai/gpt-5.5" } },
            },
        },
        "meta": { "lastTouchedVersion": NEWEST },
    }));
    let home = in_database(home, "main", &json!({ "openrouter:manual": key("openrouter") }));
    assert_eq!(check(&home, &[]).code, 1);
    for (agent, code) in [("main", 0), ("writer", 1), ("scout", 1)] {
        let report = check(&home, &["--json", "--agent", agent]);
        assert_eq!(report.code, code, "{agent}");
        let missing = if code == 0 { json!([]) } else { json!(["openai"]) };
        assert_eq!(report.agent(agent)["missingProvidersInUse"], missing, "{agent}");
    }
    let dir = home.path().join("elsewhere/writer");
    assert_eq!(check(&home, &["--json"]).agent("writer")["dir"], dir.to_str().unwrap());
    assert_eq!(home.run(&["doctor"]).code, 1);
}

#[test]
fn bom_store_remedy() {
    let store = format!("\u{feff}{}", document(&anthropic()));
    let path = ".openclaw/agents/main/agent/auth-profiles.json";
    let home = using("anthropic/claude-opus-4-7").file(path, &store);
    assert_eq!(check(&home, &[]).code, 1);
    let remedy = finding(&home, "store-broken")["command"].as_str().unwrap().to_owned();
    assert!(!remedy.contains("openclaw doctor"), "OpenClaw's own repair loses the key: {remedy}");
    let mut shell = Command::new("sh");
    home.set_environment(&mut shell);
    assert!(shell.args(["-c", &remedy]).status().unwrap().success(), "{remedy}");
    assert_eq!(check(&home, &[]).code, 0);
    assert_eq!(fs::read_to_string(home.store("main")).unwrap(), document(&anthropic()));

    // What the newest release's own repair leaves of it: no login, and the key in an archive.
    let archive = format!("{path}.migrated-2026-11-26T11-54-02.125Z-f1c5e5f1-4180-4fcb-901a-4c040aa6fe78");
    let home = in_database(using("anthropic/claude-opus-4-7").file(&archive, &store), "main", &json!({}));
    assert_eq!(code(&home, NEWEST), 1);
    let finding = finding(&home, "import-backup");
    assert_eq!(finding["severity"], "warning");
    assert!(finding["command"].as_str().unwrap().contains("tail -c +4"), "{finding:#}");
}

#[test]
fn config_env_block() {
    let home = with(&json!({
        "env": { "ANTHROPIC_API_KEY": "sk-ant-api03-a" },
        "agents": { "defaults": { "model": "anthropic/claude-opus-4-7" } },
    }));
    assert_eq!((code(&home, OLD), code(&home, NEWEST)), (0, 1));
    let report = home.status(&["--openclaw-version", NEWEST]);
    assert!(report.stdout.contains("refuses its configuration: env.ANTHROPIC_API_KEY"), "{}", report.stdout);
}

#[test]
fn doctor_silent_on_missing() {
    let login = json!({ "type": "oauth", "provider": "anthropic", "token": format!("sk-ant-oat01-{}", "a".repeat(90)), "expires": 4_102_444_800_000_i64 });
    let home = using("anthropic/claude-opus-4-7").profiles("main", &json!({ "anthropic:claude-cli": login }));
    assert_eq!(home.status(&["--needs-person"]).code, 1);
    assert_eq!(home.run(&["doctor"]).code, 1);
    let finding = finding(&home, "entry-mistyped");
    assert!(finding["command"].as_str().unwrap().contains("setup-token"), "{finding:#}");
}

#[test]
fn env_only_invisible() {
    let config = json!({ "agents": { "defaults": { "model": { "primary": "openrouter/auto", "fallbacks": ["openai/gpt-5.5"] } } } });
    let home = with(&config).file(".openclaw/.env", "OPENROUTER_API_KEY=sk-or-v1-e\nOPENAI_API_KEY=sk-old\n");
    assert_eq!(check(&home, &[]).code, 0);
    let table = home.status(&[]).stdout;
    for says in ["key of openrouter from .env", "key of openai from .env"] {
        assert!(table.contains(says), "{table}");
    }
    let plain = home.status(&["--format", "plain"]).stdout;
    assert!(plain.contains("main\tenv:OPENROUTER_API_KEY\topenrouter\tenv\tstatic"), "{plain}");
    home.run(&["watch", "--once", "--no-refresh", "--textfile", "a.prom"]);
    let metrics = fs::read_to_string(home.path().join("a.prom")).unwrap();
    let series = "authwatch_model_key_info{agent=\"main\",provider=\"openrouter\",origin=\"dotenv\"} 1";
    assert!(metrics.contains(series), "{metrics}");
}

#[test]
fn explain() {
    let lines = [
        (
            "MissingEnvVarError: Missing env var \"X\" referenced at config path: models.providers.x.apiKey",
            "configuration",
        ),
        ("requires api-key auth: No usable api-key authentication is available", "wrong-credential"),
        ("Auth profile \"openai:default\" is temporarily unavailable", "provider"),
        ("claude live session turn failed: error=FailoverError Not logged in . Please run /login.", "login"),
        ("Failed to generate authentication code - Unknown scope: org:create_api_key", "configuration"),
        ("embedded run failover decision: runId=1 reason=auth provider=gmn/gpt-5 profile=-", "login"),
        (
            "OpenClaw agent database /x/openclaw-agent.sqlite uses schema version 0; run openclaw doctor --fix to migrate it",
            "migration",
        ),
        (
            "400 {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"This organization has been disabled.\"}}",
            "provider",
        ),
        ("HTTP 403: I can't help with that request.", "provider"),
    ];
    for (line, kind) in lines {
        let cause = &Home::new().run(&["explain", "--json", line]).json()["causes"][0];
        assert_eq!(cause["kind"], kind, "{line}: {cause:#}");
        assert_eq!(cause["agentId"], Value::Null, "{line}");
    }
}

#[test]
fn json_store_new_rules() {
    let login = json!({ "type": "apiKey", "provider": "deepseek", "key": "sk-a" });
    let home = using("deepseek/deepseek-chat").profiles("main", &json!({ "deepseek:default": login }));
    for named in [&[][..], &["--openclaw-version", OLD]] {
        let report = check(&home, &[&["--json"], named].concat());
        assert_eq!(report.code, 1);
        let main = report.agent("main");
        assert_eq!((&main["profiles"], &main["missingProvidersInUse"]), (&json!([]), &json!(["deepseek"])));
        assert_eq!(main["rejected"][0]["reason"], "invalid_type");
        assert_eq!(home.status(&[&["--needs-person"], named].concat()).code, 1);
    }
    finding(&home, "entry-rejected");
    assert!(notified(&home).contains("critical"), "{}", notified(&home));
    // Releases that read databases know that word.
    let home = in_database(using("deepseek/deepseek-chat"), "main", &json!({ "deepseek:default": login }));
    assert_eq!(code(&home, NEWEST), 0);
    assert_eq!(home.status(&["--json"]).profile("main", "deepseek:default")["status"], "static");
}

fn is_refused(home: &Home, agent: &str) {
    assert_eq!(check(home, &["--agent", agent]).code, 1);
    let report = home.status(&["--json"]).agent(agent);
    assert_eq!(report["storeAssessment"]["severity"], "critical", "{report:#}");
    assert_eq!(home.run(&["doctor"]).code, 1);
}

#[test]
fn legacy_json_refused_empty_json() {
    let list = json!([{ "id": "main", "default": true }, { "id": "flash" }]);
    let home =
        with(&json!({ "agents": { "defaults": { "model": "anthropic/claude-opus-4-7" }, "list": list } }));
    let home = in_database(home.profiles("flash", &json!({})), "main", &anthropic());
    is_refused(&home, "flash");
    assert_eq!(check(&home, &["--agent", "main"]).code, 0);
}

#[test]
fn legacy_json_refused_authjson_beside_db() {
    let legacy = json!({ "anthropic": { "type": "token", "token": "t" } }).to_string();
    for path in [".openclaw/agents/main/agent/auth.json", ".openclaw/credentials/oauth.json"] {
        let home = using("anthropic/claude-opus-4-7").file(path, &legacy);
        is_refused(&in_database(home, "main", &anthropic()), "main");
    }
}

#[test]
fn legacy_json_refused_rewritten() {
    let home = using("anthropic/claude-opus-4-7").profiles("main", &anthropic());
    is_refused(&in_database(home, "main", &anthropic()), "main");
}

#[test]
fn local_provider_without_key() {
    let at = |address: &str| {
        let provider = json!({ "baseUrl": address, "api": "openai-completions", "models": [{ "id": "m", "name": "m" }] });
        with(&json!({
            "models": { "providers": { "lotus": provider } },
            "agents": { "defaults": { "model": "lotus/m" } },
        }))
    };
    for local in ["http://127.0.0.1:8000/v1", "http://10.0.0.2:8000/v1"] {
        let home = at(local);
        assert_eq!((code(&home, OLD), code(&home, NEWEST)), (1, 0), "{local}");
        assert_eq!(notified(&home), "", "{local}");
    }
    let home = at("https://models.example.org/v1");
    assert_eq!((code(&home, OLD), code(&home, NEWEST)), (1, 1));
    assert!(notified(&home).contains("lotus"), "{}", notified(&home));
}

#[test]
fn migrated_archive_unseen() {
    let archive = ".openclaw/agents/main/agent/auth-profiles.json.migrated-2026-11-26T11-28-49.249Z-086bce20-8cd8-40e7-97fe-67e93493956a";
    let home = using("anthropic/claude-opus-4-7").file(archive, document(&anthropic()));
    let home = in_database(home, "main", &anthropic());
    assert_eq!(code(&home, NEWEST), 0);
    assert_eq!(finding(&home, "import-backup")["file"], home.path().join(archive).to_str().unwrap());
}

#[test]
fn orphan_agent_dir() {
    let config = json!({ "agents": { "defaults": { "model": "anthropic/claude-opus-4-7" }, "list": [{ "id": "main", "default": true }] } });
    let home = with(&config)
        .profiles("main", &anthropic())
        .profiles("old-bot", &json!({ "anthropic:default": token("anthropic", -900 * DAY) }));
    assert_eq!(check(&home, &[]).code, 0);
    assert_eq!(home.status(&["--json"]).agent("old-bot")["configured"], false);
    assert_eq!(notified(&home), "");
    assert_ne!(home.run(&["doctor"]).code, 1);
    let found = findings(&home);
    let is_about_it = |finding: &&Value| finding["agent"] == "old-bot" && finding["code"] != "store-mode";
    assert!(found.iter().filter(is_about_it).all(|finding| finding["severity"] == "info"), "{found:#?}");
    assert!(found.iter().any(|finding| is_about_it(&finding)), "{found:#?}");
}

#[test]
fn phantom_main() {
    let config = json!({ "agents": { "defaults": { "model": "anthropic/claude-opus-4-7" }, "list": [{ "id": "alpha", "default": true }] } });
    let home = in_database(with(&config), "alpha", &anthropic());
    assert_eq!(check(&home, &[]).code, 0);
    let report = home.status(&["--json"]);
    let is_alarming = |agent: &Value| agent["id"] == "main" && agent["missingProvidersInUse"] != json!([]);
    assert!(!report.json()["agents"].as_array().unwrap().iter().any(is_alarming), "{}", report.stdout);
    assert_eq!(notified(&home), "");
    assert_ne!(home.run(&["doctor"]).code, 1);
    // The oldest releases look into main's directory unless an agent is named.
    let home = with(&config).profiles("alpha", &anthropic());
    let bare = check(&home, &["--format", "openclaw", "--openclaw-version", OLD]);
    assert_eq!(bare.code, 1);
}

#[test]
fn placeholder_keys() {
    let login = |key: &str| json!({ "anthropic:default": { "type": "api_key", "provider": "anthropic", "key": key } });
    for placeholder in ["__OPENCLAW_REDACTED__", "your_api_key_here"] {
        let home = using("anthropic/claude-opus-4-7").profiles("main", &login(placeholder));
        assert_eq!((code(&home, OLD), code(&home, NEWEST)), (0, 1));
        assert_eq!(finding(&home, "token-placeholder")["severity"], "critical");
        assert_eq!(home.status(&["--needs-person"]).code, 1);
    }
    for value in ["__OPENCLAW_REDACTED__", "your_api_key_here", "\"'sk-ant-api03-a'\"", "$OTHER_KEY"] {
        let home =
            using("anthropic/claude-opus-4-7").file(".openclaw/.env", format!("ANTHROPIC_API_KEY={value}\n"));
        let finding = finding(&home, "key-malformed");
        assert!(finding["meaning"].as_str().unwrap().contains("ANTHROPIC_API_KEY"), "{finding:#}");
    }
    let fine =
        using("anthropic/claude-opus-4-7").file(".openclaw/.env", "ANTHROPIC_API_KEY=sk-ant-api03-a\n");
    assert!(!findings(&fine).iter().any(|finding| finding["code"] == "key-malformed"));
}

#[test]
fn remedy_agent_flag() {
    let config = json!({ "agents": { "defaults": { "model": "anthropic/claude-opus-4-7" }, "list": [{ "id": "main", "default": true }, { "id": "bot" }] } });
    let expired = json!({ "anthropic:default": token("anthropic", -DAY) });
    for version in ["2026.6.11", NEWEST] {
        let home = with(&config);
        home.database_of(&Release::of(version), "bot").put("store", &document(&expired));
        let report = home.status(&["--openclaw-version", version]).stdout;
        assert!(report.contains("$ openclaw models auth --agent bot "), "{version}: {report}");
    }
    let home = with(&config).profiles("bot", &expired);
    let report = home.status(&["--openclaw-version", OLD]).stdout;
    assert!(report.contains("$ authwatch auth setup-token --provider anthropic"), "{report}");
    assert!(report.contains("--agent bot"), "{report}");
}

#[test]
fn remedy_other_state_dir() {
    let expired = document(&json!({ "anthropic:default": token("anthropic", -DAY) }));
    let config = json!({ "agents": { "defaults": { "model": "anthropic/claude-opus-4-7" } } }).to_string();
    let home = using("anthropic/claude-opus-4-7").profiles("main", &anthropic());
    for (dir, start) in
        [(".openclaw-rescue", "openclaw --profile rescue "), ("elsewhere", "OPENCLAW_STATE_DIR=")]
    {
        home.write(&format!("{dir}/openclaw.json"), &config);
        home.write(&format!("{dir}/agents/main/agent/auth-profiles.json"), &expired);
        let state = home.path().join(dir);
        let report =
            home.run(&["--state-dir", state.to_str().unwrap(), "status", "--openclaw-version", NEWEST]);
        let commands = report.stdout.lines().filter_map(|line| line.trim_start().strip_prefix("$ "));
        let commands: Vec<_> = commands.collect();
        assert!(
            !commands.is_empty() && commands.iter().all(|command| command.starts_with(start)),
            "{commands:?}"
        );
    }
    let unwatched = finding(&home, "other-state-directory");
    assert_eq!(unwatched["file"], home.path().join(".openclaw-rescue").to_str().unwrap());
}

#[test]
fn secretref_env_unset() {
    let login = json!({ "type": "api_key", "provider": "nvidia", "keyRef": { "source": "env", "id": "NVIDIA_API_KEY" } });
    let home = || in_database(using("nvidia/nemotron-3"), "main", &json!({ "nvidia:manual": login }));
    let unset = home();
    assert_eq!(check(&unset, &[]).code, 1);
    finding(&unset, "login-unresolved");
    assert_eq!(check(&home().env("NVIDIA_API_KEY", "k"), &[]).code, 0);
    assert_eq!(check(&home().file(".openclaw/.env", "NVIDIA_API_KEY=k\n"), &[]).code, 0);
}

#[test]
fn service_env_key_paged() {
    let home = using("openrouter/auto")
        .file(
            ".config/systemd/user/openclaw-gateway.service",
            "[Service]\nExecStart=/usr/bin/openclaw gateway\n",
        )
        .file(
            ".config/systemd/user/openclaw-gateway.service.d/secrets.conf",
            "[Service]\nEnvironmentFile=%h/secrets/ai.env\n",
        )
        .file("secrets/ai.env", "OPENROUTER_API_KEY=sk-or-v1-e\n");
    assert_eq!(check(&home, &[]).code, 1, "OpenClaw's command does not see it either");
    assert_eq!(home.status(&["--needs-person"]).code, 0);
    assert_eq!(home.run(&["doctor"]).code, 0);
    assert_eq!(notified(&home), "");
}

#[test]
fn textfile_two_instances() {
    let home = using("anthropic/claude-opus-4-7").profiles("main", &anthropic());
    home.write(".openclaw-rescue/agents/main/agent/auth-profiles.json", document(&anthropic()));
    let rescue = home.path().join(".openclaw-rescue");
    let series = |options: &[&str]| -> Vec<String> {
        home.run(&[options, &["watch", "--once", "--no-refresh", "--textfile", "a.prom"]].concat());
        let text = fs::read_to_string(home.path().join("a.prom")).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
    };
    let (first, second) = (series(&[]), series(&["--state-dir", rescue.to_str().unwrap()]));
    assert!(first.len() > 50 && second.len() > 50);
    assert!(second.iter().all(|series| series.contains("{state_dir_id=\"")), "{second:#?}");
    assert!(first.iter().all(|series| !second.contains(series)));
}
