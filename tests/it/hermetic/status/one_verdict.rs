//! One and the same home on every surface: one severity, one state, one command.

use std::collections::VecDeque;
use std::fs;
use std::sync::Mutex;

use authwatch::texts::text;
use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::home::{Home, Ran, document};
use crate::support::http::free_address;
use crate::support::page::{markup_between, visible_text};
use crate::support::renewal::PROFILE;
use crate::support::time::now;
use crate::support::token_server::{Fault, TokenServer};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const USAGE: &str = ".openclaw/agents/main/agent/auth-state.json";
/// The lock under which OpenClaw renews [`PROFILE`].
const REFRESH_LOCK: &str = ".openclaw/locks/oauth-refresh/sha256-cee1bbaed8073aace8170859a25616882c288ceeaa1119df363bf01cc0cdab65.lock";

/// What a verdict is about; all of it is agent main's.
#[derive(Clone, Copy, Debug)]
enum About {
    Login(&'static str),
    Provider(&'static str),
    Store,
    Configuration,
    Recovery,
}

struct Row {
    name: &'static str,
    home: fn(Home) -> Home,
    about: About,
    severity: &'static str,
    state: &'static str,
    command: Option<&'static str>,
}

impl Row {
    fn needs_person(&self) -> bool {
        ["warning", "critical"].contains(&self.severity)
    }

    /// 1 for what is critical, 2 for a warning.
    fn exit_code(&self) -> i32 {
        match self.severity {
            "critical" => 1,
            "warning" => 2,
            _ => 0,
        }
    }

    /// What it is about, as the table and the page call it.
    fn subject(&self) -> &'static str {
        match self.about {
            About::Login(id) | About::Provider(id) => id,
            About::Store => "credential store",
            About::Configuration => "openclaw.json",
            About::Recovery => PROFILE,
        }
    }

    /// Its verdict in a report for programs.
    fn verdict(&self, report: &Value) -> Value {
        let main = &report["agents"][0];
        let found = |list: &Value, key: &str, id: &str| {
            let all = list.as_array().unwrap();
            let found = all.iter().find(|entry| entry[key] == id);
            found.unwrap_or_else(|| panic!("{}: no {id} in {report:#}", self.name))["assessment"].clone()
        };
        match self.about {
            About::Login(id) => found(&main["profiles"], "profileId", id),
            About::Provider(id) => found(&main["providerAssessments"], "provider", id),
            About::Store => main["storeAssessment"].clone(),
            About::Configuration => report["configAssessment"].clone(),
            About::Recovery => report["recoveryAssessment"].clone(),
        }
    }
}

fn token(provider: &str, ends_in: i64) -> Value {
    json!({ "type": "token", "provider": provider, "token": "t-1234567890", "expires": now() + ends_in })
}

fn key(provider: &str) -> Value {
    json!({ "type": "api_key", "provider": provider, "key": "k-1234567890" })
}

fn codex(ends_in: i64) -> Value {
    json!({ "type": "oauth", "provider": "openai-codex", "access": "a-1", "refresh": "r-1", "expires": now() + ends_in })
}

/// A home in which a model uses a provider.
fn using(home: Home, model: &str) -> Home {
    let config = json!({ "agents": { "defaults": { "model": model } } });
    home.file(".openclaw/openclaw.json", config.to_string())
}

fn with_login(home: Home, model: &str, id: &str, login: Value) -> Home {
    using(home, model).profiles("main", &Value::from_iter([(id, login), ("groq:default", key("groq"))]))
}

/// A home where the models use groq, and not this.
fn unused(home: Home, id: &str, login: Value) -> Home {
    with_login(home, "groq/llama", id, login)
}

fn usage(home: Home, id: &str, usage: Value) -> Home {
    home.file(USAGE, json!({ "version": 1, "usageStats": Value::from_iter([(id, usage)]) }).to_string())
}

fn disabled() -> Value {
    json!({ "disabledUntil": now() + 5 * HOUR, "disabledReason": "billing" })
}

/// A codex login in use whose renewal fails, for this endpoint does not answer as it should. It is attempted once, here.
fn failing(home: Home, ends_in: i64, endpoint: &str) -> Home {
    let home = with_login(home, "openai-codex/gpt-5", PROFILE, codex(ends_in));
    let channel = fs::read_to_string(home.path().join(CONFIG)).unwrap();
    home.write(CONFIG, format!("{channel}[refresh.providers.openai-codex]\ntoken_url = \"{endpoint}\"\n"));
    let ran = home.run(&["refresh"]);
    assert_ne!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    home
}

/// The same for what a token endpoint answers.
fn refused(home: Home, ends_in: i64, status: u16, body: &str) -> Home {
    let server = TokenServer::start();
    server.fail(Fault::Answer(status, "Content-Type: application/json\r\n", body.to_owned()));
    failing(home, ends_in, &server.url())
}

const CONFIG: &str = ".config/authwatch/config.toml";
const SHOW_CODEX: &str = "authwatch auth order get --provider openai-codex --agent main";
const SHOW_XAI: &str = "authwatch auth order get --provider xai --agent main";
const RENEW: &str = "authwatch refresh --agent main --profile openai-codex:default --force";
const SIGN_IN: &str =
    "authwatch auth login --provider openai-codex --profile-id openai-codex:default --agent main";
const PASTE_TOKEN: &str = "authwatch auth paste-token --provider xai --profile-id xai:default --agent main";
const PASTE_KEY: &str = "authwatch auth paste-api-key --provider xai --profile-id xai:default --agent main";
const DEFAULT: &str = "xai:default";

fn rows() -> Vec<Row> {
    let row =
        |name, about, (severity, state), command, home| Row { name, home, about, severity, state, command };
    let login = |name, verdict, command, home| row(name, About::Login(DEFAULT), verdict, command, home);
    let codex_login = |name, verdict, command, home| row(name, About::Login(PROFILE), verdict, command, home);
    vec![
        codex_login(
            "a Codex login that expired two hours ago and whose renewal fails on DNS",
            ("critical", "renewal_failing"),
            Some(RENEW),
            |home| failing(home, -2 * HOUR, "https://token.invalid/oauth"),
        ),
        login("disabled for billing", ("warning", "disabled"), Some(SHOW_XAI), |home| {
            usage(with_login(home, "xai/grok-4", DEFAULT, key("xai")), DEFAULT, disabled())
        }),
        codex_login(
            "disabled for billing, access token expired",
            ("warning", "disabled"),
            Some(SHOW_CODEX),
            |home| {
                usage(with_login(home, "openai-codex/gpt-5", PROFILE, codex(-2 * HOUR)), PROFILE, disabled())
            },
        ),
        login("disabled, and no model uses it", ("info", "disabled"), Some(SHOW_XAI), |home| {
            usage(unused(home, DEFAULT, key("xai")), DEFAULT, disabled())
        }),
        login("cooling down", ("info", "cooling_down"), Some(SHOW_XAI), |home| {
            let cooldown =
                json!({ "cooldownUntil": now() + HOUR / 2, "cooldownReason": "rate_limit", "errorCount": 2 });
            usage(with_login(home, "xai/grok-4", DEFAULT, key("xai")), DEFAULT, cooldown)
        }),
        login("all is well", ("ok", "ok"), None, |home| with_login(home, "xai/grok-4", DEFAULT, key("xai"))),
        login("expired", ("critical", "expired"), Some(PASTE_TOKEN), |home| {
            with_login(home, "xai/grok-4", DEFAULT, token("xai", -2 * HOUR))
        }),
        login("expired, and no model uses it", ("warning", "expired"), Some(PASTE_TOKEN), |home| {
            unused(home, DEFAULT, token("xai", -2 * HOUR))
        }),
        login("expires in five hours", ("warning", "expiring"), Some(PASTE_TOKEN), |home| {
            with_login(home, "xai/grok-4", DEFAULT, token("xai", 5 * HOUR))
        }),
        login("expires in an hour", ("critical", "expiring"), Some(PASTE_TOKEN), |home| {
            with_login(home, "xai/grok-4", DEFAULT, token("xai", HOUR))
        }),
        login(
            "expires in an hour, and no model uses it",
            ("warning", "expiring"),
            Some(PASTE_TOKEN),
            |home| unused(home, DEFAULT, token("xai", HOUR)),
        ),
        codex_login("renews automatically", ("info", "renews"), None, |home| {
            with_login(home, "openai-codex/gpt-5", PROFILE, codex(-2 * HOUR))
        }),
        codex_login("cannot be renewed, expired", ("critical", "expired"), Some(SIGN_IN), |home| {
            let mut login = codex(-2 * HOUR);
            login.as_object_mut().unwrap().remove("refresh");
            with_login(home, "openai-codex/gpt-5", PROFILE, login)
        }),
        codex_login("renewal fails for half an hour", ("info", "renewal_failing"), Some(RENEW), |home| {
            failing(home, -HOUR / 2, &format!("http://{}/", free_address()))
        }),
        codex_login(
            "renewal fails with no connection",
            ("critical", "renewal_failing"),
            Some(RENEW),
            |home| failing(home, -3 * HOUR, &format!("http://{}/", free_address())),
        ),
        codex_login("renewal fails, access token works", ("info", "renewal_failing"), Some(RENEW), |home| {
            refused(home, MINUTE, 503, "{}")
        }),
        codex_login(
            "the provider rejected the refresh token",
            ("critical", "needs_sign_in"),
            Some(SIGN_IN),
            |home| refused(home, -MINUTE, 400, r#"{"error":"invalid_grant"}"#),
        ),
        codex_login(
            "rejected while the access token works",
            ("critical", "needs_sign_in"),
            Some(SIGN_IN),
            |home| refused(home, MINUTE, 400, r#"{"error":"invalid_grant"}"#),
        ),
        codex_login("region not served", ("critical", "renewal_blocked"), None, |home| {
            refused(home, -2 * HOUR, 403, r#"{"error":{"code":"unsupported_country_region_territory"}}"#)
        }),
        codex_login("being renewed", ("info", "renewing"), None, |home| {
            let home = with_login(home, "openai-codex/gpt-5", PROFILE, codex(-2 * HOUR));
            home.file(REFRESH_LOCK, lock(MINUTE))
        }),
        login("holds no credential", ("critical", "missing"), Some(PASTE_TOKEN), |home| {
            let login = json!({ "type": "token", "provider": "xai" });
            with_login(home, "xai/grok-4", DEFAULT, login)
        }),
        login("`expires` is not a time", ("critical", "missing"), Some(PASTE_TOKEN), |home| {
            let login =
                json!({ "type": "token", "provider": "xai", "token": "t-1234567890", "expires": "soon" });
            with_login(home, "xai/grok-4", DEFAULT, login)
        }),
        login("a command line instead of a key", ("critical", "missing"), Some(PASTE_KEY), |home| {
            let pasted = "openclaw onboard --auth-choice xai-api-key --non-interactive";
            let login = json!({ "type": "api_key", "provider": "xai", "key": pasted });
            with_login(home, "xai/grok-4", DEFAULT, login)
        }),
        codex_login(
            "a secret that OpenClaw resolves",
            ("warning", "unresolved"),
            Some("openclaw secrets audit"),
            |home| {
                let reference = json!({ "source": "openclaw-credentials", "provider": "openai-codex", "id": "0123456789abcdef0123456789abcdef" });
                let login = json!({ "type": "oauth", "provider": "openai-codex", "oauthRef": reference, "expires": now() + 9 * HOUR });
                with_login(home, "openai-codex/gpt-5", PROFILE, login)
            },
        ),
        login(
            "expired, and only an agent that inherits it uses it",
            ("critical", "expired"),
            Some(PASTE_TOKEN),
            |home| {
                let home = unused(home, DEFAULT, token("xai", -2 * HOUR));
                let heir = json!({ "id": "heir", "model": "xai/grok-4" });
                let config = json!({ "agents": { "defaults": { "model": "groq/llama" }, "list": [{ "id": "main", "default": true }, heir] } });
                home.file(".openclaw/openclaw.json", config.to_string()).profiles("heir", &json!({}))
            },
        ),
        login("`expires` in seconds", ("critical", "expired"), Some(PASTE_TOKEN), |home| {
            let mut login = token("xai", 0);
            login["expires"] = (now() / 1000 + 86_400).into();
            with_login(home, "xai/grok-4", DEFAULT, login)
        }),
        login(
            "`expires` in seconds, and no model uses it",
            ("warning", "expired"),
            Some(PASTE_TOKEN),
            |home| {
                let mut login = token("xai", 0);
                login["expires"] = (now() / 1000 + 86_400).into();
                unused(home, DEFAULT, login)
            },
        ),
        row(
            "a provider without a login",
            About::Provider("mistral"),
            ("critical", "no_login"),
            Some("authwatch auth paste-api-key --provider mistral --agent main"),
            |home| using(home, "mistral/large").profiles("main", &json!({ "groq:default": key("groq") })),
        ),
        row("a store that is not JSON", About::Store, ("critical", "unreadable"), None, |home| {
            home.file(".openclaw/agents/main/agent/auth-profiles.json", "{")
        }),
        row("a directory in place of a store", About::Store, ("critical", "unreadable"), None, |home| {
            fs::create_dir_all(home.store("main")).unwrap();
            home
        }),
        row("a store of an unknown shape", About::Store, ("critical", "unreadable"), None, |home| {
            home.file(".openclaw/agents/main/agent/auth-profiles.json", r#"{"version":1,"profiles":"none"}"#)
        }),
        row(
            "a configuration that is not JSON5",
            About::Configuration,
            ("critical", "unusable"),
            None,
            |home| {
                let logins = json!({ "groq:default": key("groq") });
                home.profiles("main", &logins).file(".openclaw/openclaw.json", "{ agents: ")
            },
        ),
        row(
            "a renewed login that could not be stored",
            About::Recovery,
            ("critical", "not_stored"),
            Some("authwatch refresh"),
            |home| {
                let server = TokenServer::start();
                let mut login = codex(-HOUR / 2);
                login["refresh"] = server.sign_in("main").into();
                let home = with_login(home, "openai-codex/gpt-5", PROFILE, login);
                let channel = fs::read_to_string(home.path().join(CONFIG)).unwrap();
                home.write(CONFIG, channel + &server.config(&["openai-codex"]));
                let home = home.env("AUTHWATCH_TEST_FAIL", "rename");
                assert_eq!(home.run(&["refresh"]).code, 73);
                home.env("AUTHWATCH_TEST_FAIL", "")
            },
        ),
        #[cfg(feature = "sqlite")]
        row(
            "an incomplete migration",
            About::Store,
            ("critical", "migration_incomplete"),
            Some("openclaw doctor --fix"),
            |home| home.database("main", &json!({})).profiles("main", &json!({ DEFAULT: key("xai") })),
        ),
        #[cfg(feature = "sqlite")]
        row("a JSON store beside a database", About::Store, ("info", "leftover"), None, |home| {
            home.database("main", &json!({ DEFAULT: key("xai") }))
                .profiles("main", &json!({ DEFAULT: key("xai") }))
        }),
    ]
}

fn lock(age: i64) -> String {
    let since = chrono::DateTime::from_timestamp_millis(now() - age).unwrap();
    let since = since.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    json!({ "pid": std::process::id(), "createdAt": since }).to_string()
}

/// Everything a surface must not contradict, of one row.
struct Verdict<'r> {
    row: &'r Row,
    /// As `status --json` has it.
    json: Value,
    /// Its name on the page and in the list of states.
    word: String,
}

impl Verdict<'_> {
    fn command(&self) -> Option<&str> {
        self.json["remedy"]["command"].as_str()
    }

    fn meaning(&self) -> &str {
        self.json["remedy"]["meaning"].as_str().or(self.json["summary"].as_str()).unwrap()
    }

    fn on_the_table(&self, ran: &Ran) {
        let (row, table) = (self.row, &ran.stdout);
        let is_fine = table.starts_with("All logins are OK\n") || table.starts_with("No logins found\n");
        assert_eq!(is_fine, !row.needs_person(), "{}: {table}", row.name);
        let marked: Vec<&str> =
            table.lines().filter(|line| line.starts_with("X ") || line.starts_with("! ")).collect();
        if !row.needs_person() {
            assert!(marked.is_empty(), "{}: {table}", row.name);
            return;
        }
        let mark = if row.severity == "critical" { "X  " } else { "!  " };
        assert_eq!(marked.len(), 1, "{}: {table}", row.name);
        assert!(marked[0].starts_with(&format!("{mark}  {}", row.subject())), "{}: {table}", row.name);
        let command = self.command().map(|command| format!("     $ {command}"));
        let shown = table.lines().filter(|line| line.starts_with("     $ ")).map(str::to_owned);
        assert_eq!(
            shown.collect::<Vec<_>>(),
            command.into_iter().collect::<Vec<_>>(),
            "{}: {table}",
            row.name
        );
    }

    fn for_nagios(&self, ran: &Ran) {
        let (word, code) = match self.row.severity {
            "critical" if self.row.state == "unreadable" => ("UNKNOWN", 3),
            "critical" => ("CRITICAL", 2),
            "warning" => ("WARNING", 1),
            _ => ("OK", 0),
        };
        assert_eq!(ran.code, code, "{}: {}", self.row.name, ran.stdout);
        assert!(ran.stdout.starts_with(&format!("AUTHWATCH {word} - ")), "{}: {}", self.row.name, ran.stdout);
    }

    /// Doctor knows more, of file modes for one; of what is assessed it says the same. Where it can fix the cause, it offers that.
    fn by_doctor(&self, ran: &Ran) {
        let (row, report) = (self.row, ran.json());
        let findings = report["findings"].as_array().unwrap();
        let is_same = |finding: &&Value| {
            let fits = finding["command"].as_str() == self.command() || finding["fixable"] == true;
            finding["severity"] == row.severity && fits
        };
        if row.needs_person() {
            let mut same = findings.iter().filter(is_same);
            let has_subject = |finding: &Value| match row.about {
                About::Login(id) => finding["profile"] == id,
                About::Store => finding["agent"] == "main",
                About::Provider(_) | About::Configuration | About::Recovery => true,
            };
            assert!(same.any(has_subject), "{}: {:#} not in {report:#}", row.name, self.json);
        } else if let About::Login(id) = row.about {
            let worse =
                findings.iter().find(|finding| finding["profile"] == id && finding["severity"] != "info");
            assert!(worse.is_none(), "{}: {worse:#?}", row.name);
        } else {
            let worse = findings
                .iter()
                .find(|finding| finding["meaning"] == self.meaning() && finding["severity"] != "info");
            assert!(worse.is_none(), "{}: {worse:#?}", row.name);
        }
    }

    fn in_messages(&self, messages: &str) {
        let row = self.row;
        let messages: Vec<Value> = messages.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let changes: Vec<&Value> =
            messages.iter().flat_map(|message| message["changes"].as_array().unwrap()).collect();
        if !row.needs_person() {
            let worse = changes.iter().find(|change| change["severity"] != "info");
            assert!(worse.is_none(), "{}: {worse:#?}", row.name);
            return;
        }
        assert_eq!(changes.len(), 1, "{}: {changes:#?}", row.name);
        let change = changes[0];
        let is_about = match row.about {
            About::Login(id) => change["of"] == "profile" && change["profile"] == id,
            About::Provider(id) => change["of"] == "provider" && change["provider"] == id,
            About::Store => change["of"] == "store",
            About::Configuration => change["of"] == "config",
            About::Recovery => change["of"] == "rescue" && change["profile"] == PROFILE,
        };
        assert!(is_about, "{}: {change:#}", row.name);
        assert_eq!(change["severity"], row.severity, "{}", row.name);
        assert_eq!(change["command"].as_str(), self.command(), "{}", row.name);
        assert_eq!(change["meaning"], self.meaning(), "{}", row.name);
    }

    fn on_the_page(&self, page: &str) {
        let row = self.row;
        let headline = visible_text(markup_between(page, "<h1>", "</h1>"));
        // The host follows.
        let is_fine = headline.starts_with("All logins are OK") || headline.starts_with("No logins found");
        assert_eq!(is_fine, !row.needs_person(), "{}: {headline}", row.name);
        let tone = match row.severity {
            "critical" => "bad",
            "warning" => "soon",
            "info" => "busy",
            _ => "good",
        };
        assert_eq!(page.contains("id=\"needs\""), row.needs_person(), "{}", row.name);
        if row.needs_person() {
            let needs = markup_between(page, "<ul class=\"needs\">", "</ul>");
            let shown = visible_text(needs);
            assert_eq!(needs.matches("<li ").count(), 1, "{}: {shown}", row.name);
            assert!(needs.contains(&format!("class=\"need {tone}\"")), "{}: {needs}", row.name);
            for expected in [row.subject(), &self.word].into_iter().chain(self.command()) {
                assert!(shown.contains(expected), "{}: no `{expected}` in {shown}", row.name);
            }
        }
        if let About::Login(id) | About::Provider(id) = row.about {
            let start = format!("<tr class=\"{tone}\" role=\"row\" data-key=\"main/{id}\">");
            let line = visible_text(markup_between(page, &start, "</tr>"));
            assert!(line.starts_with(&self.word), "{}: {line}", row.name);
        }
    }

    /// Metrics have no verdict of their own; what they say of both axes is what it rests on.
    fn in_metrics(&self, report: &Value, metrics: &str) {
        let labels = |id: &str, more: &str| {
            let provider = id.split(':').next().unwrap();
            format!("{{agent=\"main\",provider=\"{provider}\",profile=\"{id}\"{more}}}")
        };
        let expected = match self.row.about {
            About::Login(id) => {
                let profiles = report["agents"][0]["profiles"].as_array().unwrap();
                let profile = profiles.iter().find(|profile| profile["profileId"] == id).unwrap();
                let axis = |name: &str| format!(",{name}={}", profile[name]);
                vec![
                    format!("authwatch_credential_status{} 1", labels(id, &axis("status"))),
                    format!("authwatch_credential_login{} 1", labels(id, &axis("login"))),
                ]
            }
            About::Provider(id) => {
                vec![format!("authwatch_provider_in_use_missing{{agent=\"main\",provider=\"{id}\"}} 1")]
            }
            About::Store if self.row.state == "unreadable" => {
                vec!["authwatch_store_up{agent=\"main\",store=\"json\"} 0".to_owned()]
            }
            About::Store => vec!["authwatch_store_up{agent=\"main\",store=\"agent-sqlite\"} 1".to_owned()],
            About::Configuration => vec!["authwatch_openclaw_config_error{reason=\"parse\"} 1".to_owned()],
            About::Recovery => vec!["authwatch_rescues_waiting 1".to_owned()],
        };
        for line in expected {
            assert!(
                metrics.lines().any(|found| found == line),
                "{}: no `{line}` in {metrics}",
                self.row.name
            );
        }
    }
}

fn check(row: &Row) {
    let home = Home::new();
    let messages = home.path().join("messages");
    let channel = format!(
        "[notify.command.file]\nrun = [\"sh\", \"-c\", \"cat >> {0}; echo >> {0}\"]\n",
        messages.display()
    );
    home.write(CONFIG, channel);
    let home = (row.home)(home);
    let ran = home.run(&["status", "--json"]);
    assert_eq!(ran.code, 0, "{}: {}", row.name, ran.stderr);
    let report = ran.json();
    let json = row.verdict(&report);
    let verdict = Verdict { row, word: text(&format!("state-{}", row.state), &[]), json };
    let found = (verdict.json["severity"].as_str(), verdict.json["state"].as_str());
    assert_eq!(found, (Some(row.severity), Some(row.state)), "{}: {}", row.name, verdict.json);
    assert_eq!(verdict.json["needsPerson"], row.needs_person(), "{}: {}", row.name, verdict.json);
    let is_file = matches!(row.about, About::Store | About::Configuration) && row.command.is_none();
    // Commands for files that cannot be read name them, wherever the home is.
    assert!(is_file || verdict.command() == row.command, "{}: {}", row.name, verdict.json);

    verdict.on_the_table(&home.run(&["status"]));
    verdict.on_the_table(&home.run(&["status", "--problems"]));
    verdict.for_nagios(&home.run(&["status", "--format", "nagios"]));
    let by_needs = home.run(&["status", "--needs-person"]);
    assert_eq!(by_needs.code, row.exit_code(), "{}: {}", row.name, by_needs.stdout);
    verdict.by_doctor(&home.run(&["doctor", "--json"]));
    let once = home.run(&["watch", "--once", "--no-refresh"]);
    assert_eq!(once.code, row.exit_code(), "{}: {}", row.name, once.stderr);
    if matches!(row.about, About::Configuration) {
        // Whoever edits it is given ten minutes.
        assert!(!messages.exists(), "{}", row.name);
        home.run(&["watch", "--once", "--at", "+11m"]);
    }
    verdict.in_messages(&fs::read_to_string(&messages).unwrap_or_default());

    let daemon = Daemon::ready(&home, &["--no-refresh"]);
    let served: Value = serde_json::from_str(&daemon.get("/api/v1/status").text()).unwrap();
    assert_eq!(row.verdict(&served), verdict.json, "{}", row.name);
    verdict.on_the_page(&daemon.get("/").text());
    verdict.in_metrics(&served, &daemon.get("/metrics").text());
}

#[test]
fn every_surface_of_one_home_has_the_same_verdict() {
    let (rows, failed) = (Mutex::new(VecDeque::from(rows())), Mutex::new(Vec::new()));
    let take = || rows.lock().unwrap().pop_front();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(row) = take() {
                    if std::panic::catch_unwind(|| check(&row)).is_err() {
                        failed.lock().unwrap().push(row.name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "contradicted, as said above: {failed:#?}");
}

/// What a renewal in the same pass has shown is part of what the pass says.
#[test]
fn a_renewal_that_fails_in_a_pass_is_told_in_that_pass() {
    let home = Home::new();
    let messages = home.path().join("messages");
    home.write(CONFIG, format!(
        "[notify.command.file]\nrun = [\"sh\", \"-c\", \"cat >> {}\"]\n[refresh.providers.openai-codex]\ntoken_url = \"https://token.invalid/\"\n",
        messages.display()
    ));
    home.write(
        ".openclaw/agents/main/agent/auth-profiles.json",
        document(&json!({ PROFILE: codex(-2 * HOUR) })),
    );
    let ran = home.run(&["watch", "--once"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let message: Value = serde_json::from_str(&fs::read_to_string(&messages).unwrap()).unwrap();
    assert_eq!(message["changes"][0]["command"], RENEW);
    assert_eq!(message["changes"][0]["severity"], "critical");
}
