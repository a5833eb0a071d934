//! What the reports look like.

use std::fs;

use serde_json::{Value, json};

use crate::support::home::{AT, DAY, HOUR, Home, NOW, Ran, fits, oauth, run, token};

/// A fleet with a bit of everything.
fn fleet() -> Home {
    let config = "{ agents: { defaults: { model: { primary: 'anthropic/claude-opus-4-5', fallbacks: ['mistral/large'] } },
        list: [{ id: 'main', default: true }, { id: 'painter', model: { primary: 'xai/grok-4', fallbacks: ['mistral/large'] } },
          { id: 'broken' }, { id: 'intern' }, { id: 'sqlite' }, { id: 'stranded' }, { id: 'veteran' }] } }";
    let marker = |kind: &str| {
        let (short, long) = ("0123456789abcdef".repeat(2), "0123456789abcdef".repeat(4));
        format!("openclaw-oauth-refresh-fence:v1:{short}:{kind}:{long}")
    };
    let fenced = |state: &str| {
        json!({ "type": "oauth", "provider": "openai", "expires": 1,
            "access": marker(&format!("{state}access")), "refresh": marker(&format!("{state}refresh")) })
    };
    let mut ending = oauth("xai", 5 * HOUR);
    ending["refresh"] = Value::Null;
    let state = json!({ "usageStats": {
        "anthropic:default": { "cooldownUntil": NOW + HOUR / 2, "cooldownReason": "rate_limit", "errorCount": 3 },
        "xai:default": { "disabledUntil": NOW + 5 * HOUR, "disabledReason": "billing" } } });
    let home = Home::new()
        .file(".openclaw/openclaw.json", config)
        .profiles("main", &json!({
            "anthropic:default": token("anthropic", 212 * DAY),
            "openai-codex:someone.with.a.long.name@subdomain.example.org": oauth("openai-codex", 6 * DAY),
            "openrouter:default": { "type": "api_key", "provider": "openrouter", "key": "k" },
        }))
        .file(".openclaw/agents/main/agent/auth-state.json", state.to_string())
        .profiles("painter", &json!({
            "xai:default": ending,
            "anthropic:manual": token("anthropic", -3 * DAY),
            "anthropic:odd": { "type": "token", "provider": "anthropic", "token": "t", "expires": "soon" },
            "custom:paste": { "type": "token", "provider": "custom", "token": "t", "expires": NOW + 90 * 60_000 },
            "old:entry": { "type": "password", "provider": "old" },
        }))
        .file(".openclaw/agents/painter/agent/auth-state.json", state.to_string())
        .database("sqlite", &json!({ "openai:default": fenced(""), "openai:other": fenced("failed:") }))
        .database("stranded", &json!({}))
        .profiles("stranded", &json!({ "zai:default": token("zai", DAY) }))
        .file(".openclaw/agents/veteran/agent/auth.json", json!({ "groq": { "type": "api_key", "key": "k" } }).to_string())
        .file(".claude/.credentials.json", json!({ "claudeAiOauth": {
            "accessToken": "a", "refreshToken": "r", "expiresAt": NOW - HOUR } }).to_string());
    fs::create_dir_all(home.agent_dir("broken")).unwrap();
    fs::write(home.store("broken"), "{\n  \"version\": 1,\n  \"profiles\": {\n").unwrap();
    fs::create_dir_all(home.agent_dir("intern")).unwrap();
    home
}

/// A report of the fleet. The state directory is named relatively, so that no path depends on the machine.
fn report(home: &Home, columns: usize, arguments: &[&str]) -> Ran {
    let mut command =
        home.command(&[&["status", "--at", AT, "--state-dir", ".openclaw"], arguments].concat());
    command.env("COLUMNS", columns.to_string());
    let ran = run(command);
    assert_eq!(ran.stderr, "");
    ran
}

#[test]
fn a_table_of_a_phones_width() {
    insta::assert_snapshot!(report(&fleet(), 40, &[]).stdout);
}

#[test]
fn a_table_of_a_terminals_width() {
    insta::assert_snapshot!(report(&fleet(), 100, &[]).stdout);
}

#[test]
fn plain_lines() {
    insta::assert_snapshot!(report(&fleet(), 80, &["--format", "plain"]).stdout);
}

#[test]
fn a_nagios_line() {
    insta::assert_snapshot!(report(&fleet(), 80, &["--format", "nagios"]).stdout);
}

#[test]
fn openclaws_own_keys() {
    insta::assert_snapshot!(report(&fleet(), 80, &["--format", "openclaw", "--agent", "painter"]).stdout);
}

#[test]
fn no_line_of_a_table_is_wider_than_the_terminal() {
    let fleet = fleet();
    for columns in [20, 30, 40, 60, 75, 76, 77, 80, 100] {
        let demo = run({
            let mut command = fleet.command(&["status", "--demo"]);
            command.env("COLUMNS", columns.to_string());
            command
        });
        for table in [report(&fleet, columns, &[]), report(&fleet, columns, &["--agent", "broken"]), demo] {
            for line in table.stdout.lines() {
                assert!(fits(line, columns), "{} > {columns}: {line}", line.chars().count());
            }
        }
    }
}

/// Ids that want to be more than text.
const HOSTILE: [&str; 8] = [
    "esc:\u{1b}[2J\u{1b}[31mred",
    "line:\nmain\tanthropic:default\tanthropic\ttoken\tok",
    "return:\rX  fake",
    "tab:\ta\tb",
    "c1:\u{9b}31m\u{85}\u{7f}\u{0}",
    "bidi:\u{202e}gnihton\u{2066}\u{200f}\u{61c}",
    "separator:\u{2028}X\u{2029}Y",
    "pipe:|valid=9;;;0",
];

fn hostile() -> Home {
    let mut profiles = serde_json::Map::new();
    for id in HOSTILE {
        profiles.insert(id.to_owned(), token(&format!("p-{id}"), HOUR));
        profiles.insert(format!("rejected-{id}"), json!(3));
    }
    let models = json!({ "agents": { "defaults": { "model": "\u{1b}[31m\nx/y", "imageModel": "a/b" } } });
    Home::new()
        .profiles("main", &Value::Object(profiles))
        .profiles("agent\u{1b}[31m\n|\u{202e}", &json!({ "x:y": token("x", 1) }))
        .file(".openclaw/openclaw.json", models.to_string())
        .file(".openclaw/agents/broken\u{1b}]0;title\u{7}\n/agent/auth-profiles.json", "{")
}

fn is_obeyed(character: char) -> bool {
    let moves = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2028}\u{2029}\u{2066}\u{2067}\u{2068}\u{2069}";
    (character.is_control() && character != '\n') || moves.contains(character)
}

#[test]
fn hostile_ids_are_shown_and_not_obeyed() {
    let home = hostile();
    for arguments in [&["--format", "table"][..], &["--format", "plain"], &["--format", "nagios"]] {
        for columns in [40, 100] {
            let shown = report(&home, columns, arguments).stdout;
            let own = |character: char| arguments[1] == "plain" && character == '\t';
            let obeyed = shown.chars().find(|character| is_obeyed(*character) && !own(*character));
            assert_eq!(obeyed, None, "{arguments:?}:\n{shown}");
            assert!(arguments[1] == "nagios" || shown.contains("\\u{1b}[2J"), "{shown}");
        }
    }
}

#[test]
fn hostile_ids_add_no_lines_and_no_columns() {
    let home = hostile();
    let whole = report(&home, 80, &["--json"]).json();
    let agents = whole["agents"].as_array().unwrap();
    let count = |key: &str| agents.iter().map(|agent| agent[key].as_array().unwrap().len()).sum::<usize>();
    let broken = agents.iter().filter(|agent| agent["store"]["error"] != Value::Null).count();
    assert_eq!((agents.len(), broken, count("missingProvidersInUse")), (3, 1, 6));
    let plain = report(&home, 80, &["--format", "plain"]).stdout;
    assert_eq!(plain.lines().count(), count("profiles") + count("missingProvidersInUse") + broken);
    for line in plain.lines() {
        assert_eq!(line.split('\t').count(), 9, "{line:?}");
    }
    let nagios = report(&home, 80, &["--format", "nagios"]).stdout;
    assert_eq!((nagios.lines().count(), nagios.matches('|').count()), (1, 1), "{nagios}");
}

#[test]
fn json_carries_ids_unchanged() {
    let main = report(&hostile(), 80, &["--json"]).agent("main");
    let ids: Vec<&str> = main["profiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|profile| profile["profileId"].as_str().unwrap())
        .collect();
    for id in HOSTILE {
        assert!(ids.contains(&id), "no {id:?} in {ids:?}");
    }
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let home = fleet();
    let escapes = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = home.command(&[&["status", "--at", AT], arguments].concat());
        command.envs(variables.iter().copied());
        run(command).stdout.contains('\u{1b}')
    };
    assert!(!escapes(&[], &[]), "a pipe is no terminal");
    assert!(!escapes(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], &[]));
    assert!(escapes(&[], &["--color", "always"]));
    assert!(!escapes(&[], &["--color", "never"]));
    assert!(escapes(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!escapes(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(!escapes(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
    for format in ["json", "plain", "nagios", "openclaw"] {
        assert!(!escapes(&[], &["--color", "always", "--format", format]), "{format} is for programs");
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    let home = fleet();
    let coloured = report(&home, 60, &["--color", "always"]).stdout;
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), report(&home, 60, &[]).stdout);
}

#[derive(Clone, Copy, Debug)]
enum Type {
    Text,
    Whole,
    Number,
    Truth,
    List,
    Object,
}

fn assert_keys(value: &Value, keys: &[(&str, Type, bool)]) {
    for (key, expected, required) in keys {
        let Some(found) = value.get(key) else {
            assert!(!required, "no {key} in {value:#}");
            continue;
        };
        let fits = match expected {
            Type::Text => found.is_string(),
            Type::Whole => found.is_u64(),
            Type::Number => found.is_number(),
            Type::Truth => found.is_boolean(),
            Type::List => found.is_array(),
            Type::Object => found.is_object(),
        };
        assert!(fits, "{key} should be {expected:?}: {found:#}");
    }
}

/// The keys of the contract: name, type, and whether it is always there.
#[test]
fn json_has_the_keys_of_the_contract() {
    use Type::{List, Number, Object, Text, Truth, Whole};

    let whole = report(&fleet(), 80, &["--json"]).json();
    let top = [
        ("formatVersion", Whole, true),
        ("generatedAt", Text, true),
        ("now", Number, true),
        ("semantics", Text, true),
        ("scope", Text, true),
        ("exitCode", Whole, true),
        ("summary", Object, true),
        ("agents", List, true),
    ];
    assert_keys(&whole, &top);
    assert_eq!((&whole["formatVersion"], &whole["now"]), (&json!(1), &json!(NOW)));
    assert_eq!((&whole["semantics"], &whole["scope"]), (&json!("2026.9"), &json!("in-use")));
    assert_keys(
        &whole["summary"],
        &[("valid", Whole, true), ("expiring", Whole, true), ("missing", Whole, true)],
    );
    let agents = whole["agents"].as_array().unwrap();
    assert_eq!(agents.len(), 7);
    for agent in agents {
        let keys = [
            ("id", Text, true),
            ("dir", Text, true),
            ("default", Truth, true),
            ("exitCode", Whole, true),
            ("store", Object, true),
            ("profiles", List, true),
            ("providers", List, true),
            ("missingProvidersInUse", List, true),
            ("rejected", List, true),
            ("remedies", List, false),
        ];
        assert_keys(agent, &keys);
        let store = &agent["store"];
        assert_keys(store, &[("kind", Text, true), ("path", Text, true), ("error", Object, false)]);
        assert!(["json", "agent-sqlite", "shared-sqlite", "none"].contains(&store["kind"].as_str().unwrap()));
        if let Some(error) = store.get("error") {
            assert_keys(error, &[("reason", Text, true), ("message", Text, true)]);
        }
        for profile in agent["profiles"].as_array().unwrap() {
            let keys = [
                ("profileId", Text, true),
                ("provider", Text, true),
                ("type", Text, true),
                ("status", Text, true),
                ("reasonCode", Text, false),
                ("expiresAt", Number, false),
                ("remainingMs", Number, false),
                ("bucket", Text, true),
                ("login", Text, true),
                ("loginReason", Text, false),
                ("inherited", Truth, true),
                ("inUse", Truth, true),
                ("cooldown", Object, false),
                ("remedy", Object, false),
                ("source", Text, true),
            ];
            assert_keys(profile, &keys);
            let one_of = |key: &str, words: &[&str]| {
                assert!(words.contains(&profile[key].as_str().unwrap()), "{profile:#}");
            };
            if let Some(remedy) = profile.get("remedy") {
                assert_keys(remedy, &[("meaning", Text, true), ("command", Text, false)]);
            }
            one_of("status", &["ok", "static", "expiring", "expired", "missing"]);
            one_of("bucket", &["valid", "expiring", "missing"]);
            one_of("type", &["api_key", "token", "oauth"]);
            one_of(
                "login",
                &["static", "renewable", "refreshing", "dead", "blocked", "external", "unsupported", "none"],
            );
        }
        for provider in agent["providers"].as_array().unwrap() {
            let keys = [
                ("provider", Text, true),
                ("status", Text, true),
                ("expiresAt", Number, false),
                ("remainingMs", Number, false),
            ];
            assert_keys(provider, &keys);
        }
        for remedy in agent["remedies"].as_array().into_iter().flatten() {
            let keys = [
                ("of", Text, true),
                ("provider", Text, false),
                ("meaning", Text, true),
                ("command", Text, false),
            ];
            assert_keys(remedy, &keys);
            assert!(["store", "provider"].contains(&remedy["of"].as_str().unwrap()), "{remedy:#}");
        }
        for rejected in agent["rejected"].as_array().unwrap() {
            assert_keys(rejected, &[("profileId", Text, true), ("reason", Text, true)]);
        }
    }
}

#[test]
fn profiles_are_sorted_by_provider_then_id() {
    let whole = report(&fleet(), 80, &["--json"]).json();
    for agent in whole["agents"].as_array().unwrap() {
        let key = |profile: &Value| {
            (
                profile["provider"].as_str().unwrap().to_owned(),
                profile["profileId"].as_str().unwrap().to_owned(),
            )
        };
        let keys: Vec<_> = agent["profiles"].as_array().unwrap().iter().map(key).collect();
        assert!(keys.is_sorted(), "{keys:?}");
    }
}

#[test]
fn the_summary_counts_what_is_listed() {
    let whole = report(&fleet(), 80, &["--json"]).json();
    for bucket in ["valid", "expiring", "missing"] {
        let profiles = whole["agents"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|agent| agent["profiles"].as_array().unwrap());
        assert_eq!(whole["summary"][bucket], profiles.filter(|profile| profile["bucket"] == bucket).count());
    }
}
