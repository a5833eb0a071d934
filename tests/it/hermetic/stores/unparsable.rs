//! Stores that cannot be parsed. OpenClaw's own repair archives them without importing their logins, so no surface may name it
//! while such a store is there: it says what to repair, keeps a copy first, and says how to check.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::databases::{agent_connection, put_agent_store, put_shared, shared_connection};
use crate::support::home::{Home, document, run};
use crate::support::notify::CONFIG;
use crate::support::receiver::Receiver;

/// What must not be advised: the first archives, the others may end a login or ask to be allowed to archive.
const HARMFUL: [&str; 3] = ["openclaw doctor", "openclaw models status", "openclaw onboard"];

fn key() -> Value {
    json!({ "anthropic:default": { "type": "api_key", "provider": "anthropic", "key": "sk-ant-1" } })
}

/// Contents of `auth-profiles.json` that nobody can parse, and what is said of each.
fn broken_json() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let whole = document(&key());
    let utf16 =
        |text: &str| [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    vec![
        ("byte order mark", format!("\u{feff}{whole}").into_bytes(), "byte order mark"),
        ("UTF-16", utf16(&whole), "is not UTF-8 at byte 0"),
        (
            "a comma is missing",
            b"{\"version\":1,\n\"profiles\":{\"a\":{} \"b\":{}}}".to_vec(),
            "at line 2, column 20: expected `,` or `}`. Copy",
        ),
        ("cut", whole.as_bytes()[..whole.len() / 2].to_vec(), "not JSON at line 1"),
        ("empty", Vec::new(), "not JSON at line 1"),
        ("a comment", format!("// mine\n{whole}").into_bytes(), "not JSON at line 1, column 1"),
        ("another encoding", b"{\"profiles\": \xe9}".to_vec(), "is not UTF-8 at byte 13"),
        ("a list", b"[]".to_vec(), "the top level is no object"),
        ("null", b"null".to_vec(), "the top level is no object"),
        ("no profiles", b"{\"version\":1}".to_vec(), "there is no `profiles`"),
        ("profiles of another kind", b"{\"profiles\":\"x\"}".to_vec(), "`profiles` is no object"),
    ]
}

/// A model uses a provider whose login is in the store: nobody is to sign in over it.
fn with_json(content: &[u8]) -> Home {
    let config = r#"{"agents": {"defaults": {"model": "anthropic/claude-opus-4-6"}}}"#;
    Home::new()
        .file(".openclaw/openclaw.json", config)
        .file(".openclaw/agents/main/agent/auth-profiles.json", content)
}

/// What a page says. Each word of a command has a tag of its own there.
fn without_tags(page: &str) -> String {
    page.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
}

/// Everything that is printed for people or programs, by the surface.
fn surfaces(home: &Home) -> Vec<(&'static str, String)> {
    let receiver = Receiver::start();
    home.write(CONFIG, format!("[notify.webhook.own]\nurl = \"{}\"\n", receiver.url("/own")));
    let said = |arguments: &[&str]| {
        let ran = home.run(arguments);
        ran.stdout + &ran.stderr
    };
    let mut all = vec![
        ("status", said(&["status"])),
        ("status --check", said(&["status", "--check"])),
        ("status --json", said(&["status", "--json"])),
        ("plain", said(&["status", "--format", "plain"])),
        ("nagios", said(&["status", "--format", "nagios"])),
        ("doctor", said(&["doctor"])),
        ("doctor --json", said(&["doctor", "--json"])),
        ("refresh", said(&["refresh", "--dry-run"])),
        ("auth list", said(&["auth", "list"])),
        ("auth import", said(&["auth", "import"])),
    ];
    let daemon = Daemon::ready(home, &["--no-refresh"]);
    all.push(("page", without_tags(&daemon.get("/").text())));
    all.push(("metrics", daemon.get("/metrics").text()));
    all.push(("log", daemon.log()));
    drop(daemon);
    home.run(&["watch", "--once", "--no-refresh"]);
    let told: Vec<String> = receiver.received().into_iter().map(|request| request.body).collect();
    all.push(("notification", told.join("\n")));
    all
}

/// Tables fold lines; commands are found all the same.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn assert_harmless(name: &str, home: &Home) -> Vec<(&'static str, String)> {
    let surfaces = surfaces(home);
    for (surface, text) in &surfaces {
        let flat = flat(text);
        for harmful in HARMFUL {
            assert!(!flat.contains(harmful), "{name}: {surface} names `{harmful}`:\n{text}");
        }
    }
    surfaces
}

fn said<'s>(surfaces: &'s [(&str, String)], name: &str) -> &'s str {
    &surfaces.iter().find(|(surface, _)| *surface == name).unwrap().1
}

/// The remedy of agent main's store.
fn remedy(surfaces: &[(&str, String)]) -> (String, String) {
    let report: Value = serde_json::from_str(said(surfaces, "status --json")).unwrap();
    let remedies = report["agents"][0]["remedies"].as_array().unwrap();
    let remedy = remedies.iter().find(|remedy| remedy["of"] == "store").unwrap();
    let text = |key: &str| remedy[key].as_str().unwrap_or_default().to_owned();
    (text("meaning"), text("command"))
}

fn shell(command: &str) {
    let mut sh = Command::new("sh");
    sh.args(["-c", command]);
    let ran = run(sh);
    assert_eq!(ran.code, 0, "{command}: {}{}", ran.stdout, ran.stderr);
}

/// The copies beside a file.
fn copies(home: &Home) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(home.agent_dir("main")).unwrap().flatten();
    let copies = entries.filter(|entry| entry.file_name().to_string_lossy().contains(".copy-"));
    copies.map(|entry| std::fs::read(entry.path()).unwrap()).collect()
}

#[test]
fn a_json_store_is_copied_and_repaired_where_it_is_broken() {
    for (name, content, place) in broken_json() {
        let home = with_json(&content);
        let surfaces = assert_harmless(name, &home);
        for (surface, text) in &surfaces {
            assert!(!flat(text).contains("openclaw models auth"), "{name}: {surface} writes over the store");
        }
        let (meaning, command) = remedy(&surfaces);
        assert!(meaning.contains(place), "{name}: {meaning}");
        assert!(meaning.contains("Check it with `authwatch status`"), "{name}: {meaning}");
        for surface in ["status", "doctor", "doctor --json", "notification"] {
            assert!(flat(said(&surfaces, surface)).contains("cp -p -- "), "{name}: {surface} keeps no copy");
        }
        shell(&command);
        assert_eq!(copies(&home), [content], "{name}: {command}");
    }
}

#[test]
fn the_command_for_a_byte_order_mark_removes_it_and_nothing_else() {
    for at in ["plain", "it's a \"path\" $HOME"] {
        let whole = document(&key());
        let home = Home::new();
        let state = home.path().join(at);
        let home = home.env("OPENCLAW_STATE_DIR", state.to_str().unwrap());
        let store = state.join("agents/main/agent/auth-profiles.json");
        home.write(store.to_str().unwrap(), format!("\u{feff}{whole}"));
        let report = home.run(&["status", "--json"]).json();
        let command = report["agents"][0]["remedies"][0]["command"].as_str().unwrap().to_owned();
        // Whoever pastes it twice loses nothing either.
        for _ in 0..2 {
            shell(&command);
            assert_eq!(std::fs::read_to_string(&store).unwrap(), whole, "{command}");
        }
        let report = home.run(&["status", "--json"]).json();
        assert_eq!(report["agents"][0]["profiles"][0]["profileId"], "anthropic:default");
        assert_eq!(report["agents"][0]["store"]["error"], Value::Null);
    }
}

#[test]
fn a_database_is_copied_before_anything_else() {
    let path = |home: &Home| {
        std::fs::create_dir_all(home.agent_dir("main")).unwrap();
        home.agent_database("main")
    };
    let row = |json: &str| {
        let home = Home::new();
        put_agent_store(&agent_connection(&path(&home)), json);
        home
    };
    let file =
        |content: &[u8]| Home::new().file(".openclaw/agents/main/agent/openclaw-agent.sqlite", content);
    let whole = std::fs::read(Home::new().database("main", &key()).agent_database("main")).unwrap();
    let damaged = [&whole[..4096], &vec![0xa5; whole.len() - 4096]].concat();
    for (name, home) in [
        ("not a database", file(b"no database at all, but some text")),
        ("cut", file(&whole[..whole.len() - 5000])),
        ("cut in its header", file(&whole[..10])),
        ("damaged", file(&damaged)),
        ("a row that is not JSON", row("{\"profiles\":{")),
        ("a row with a byte order mark", row(&format!("\u{feff}{}", document(&key())))),
        ("a row that is no store", row("[]")),
    ] {
        let (meaning, command) = remedy(&assert_harmless(name, &home));
        assert!(meaning.contains("Stop OpenClaw"), "{name}: {meaning}");
        let before = std::fs::read(home.agent_database("main")).unwrap();
        shell(&command);
        assert_eq!(copies(&home), [before], "{name}: {command}");
    }
}

#[test]
fn a_database_that_is_newer_wants_a_newer_authwatch() {
    let newer = Home::new();
    std::fs::create_dir_all(newer.agent_dir("main")).unwrap();
    let schema = "CREATE TABLE elsewhere (x); PRAGMA user_version = 99";
    rusqlite::Connection::open(newer.agent_database("main")).unwrap().execute_batch(schema).unwrap();
    let owner = Home::new();
    std::fs::create_dir_all(owner.shared_database().parent().unwrap()).unwrap();
    put_shared(&shared_connection(&owner.shared_database()), "auth.sharedStore", "{\"location\":\"moon\"}");
    for (name, home) in [("schema", newer), ("owner", owner)] {
        let (meaning, command) = remedy(&assert_harmless(name, &home));
        assert!(meaning.contains("update authwatch"), "{name}: {meaning}");
        assert_eq!(command, "authwatch --version", "{name}");
        assert_eq!(home.run(&["--version"]).code, 0);
    }
}

/// A database without logins beside a JSON store with one: OpenClaw's import brings it back.
fn migration() -> Home {
    Home::new().database("main", &json!({})).profiles("main", &key())
}

#[test]
fn a_leftover_that_parses_is_imported_by_openclaw() {
    let report = migration().run(&["status", "--json"]).json();
    assert_eq!(report["agents"][0]["remedies"][0]["command"], "openclaw doctor --fix", "{report}");
}

#[test]
fn openclaws_import_is_named_only_while_every_file_it_would_archive_parses() {
    for (name, path, content) in [
        ("another agent's store", "agents/work/agent/auth-profiles.json", "\u{feff}{\"profiles\":{}}"),
        ("a leftover beside a database", "agents/data/agent/auth-profiles.json", "{\"profiles\":{"),
        ("auth.json", "agents/work/agent/auth.json", "{\"zai\": "),
        ("auth-state.json", "agents/work/agent/auth-state.json", "{,}"),
        ("oauth.json", "credentials/oauth.json", "\u{feff}{}"),
    ] {
        let home = migration().database("data", &key());
        home.write(&format!(".openclaw/{path}"), content);
        let surfaces = assert_harmless(name, &home);
        let (meaning, command) = remedy(&surfaces);
        assert!(meaning.contains("Before OpenClaw imports anything: "), "{name}: {meaning}");
        assert!(command.contains("cp -p -- ") && command.contains(path), "{name}: {command}");
        let findings: Value = serde_json::from_str(said(&surfaces, "doctor --json")).unwrap();
        let file = home.state().join(path);
        let named = findings["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|found| found["file"] == file.to_str().unwrap());
        assert!(named, "{name}: {findings}");
        // Repaired, nothing is in the way, and the running daemon sees that, too.
        let daemon = Daemon::ready(&home, &["--no-refresh"]);
        home.write(&format!(".openclaw/{path}"), "{\"profiles\":{}}");
        let page = || without_tags(&daemon.get("/").text());
        daemon.wait("the import to be named", || page().contains("openclaw doctor --fix"));
    }
}

#[test]
fn an_entry_that_openclaw_drops_is_copied_before_it_is_edited() {
    let home = Home::new().profiles("main", &json!({ "x:default": { "type": "weird", "provider": "x" } }));
    let surfaces = assert_harmless("a dropped entry", &home);
    assert!(said(&surfaces, "doctor --json").contains("cp -p -- "), "{}", said(&surfaces, "doctor --json"));
}

#[test]
fn an_archive_that_holds_the_only_login_is_not_to_be_removed() {
    let config = json!({ "agents": { "defaults": { "model": "anthropic/claude-opus-4-7" } } });
    let archive = ".openclaw/agents/main/agent/auth-profiles.json.migrated-2026-11-26";
    let stored = json!({ "version": 1, "profiles": {
        "anthropic:default": { "type": "api_key", "provider": "anthropic", "key": "k" } } });
    let home = |content: String| {
        Home::new().file(".openclaw/openclaw.json", config.to_string()).file(archive, content)
    };
    let finding = |home: &Home| {
        let report = home.run(&["doctor", "--json"]).json();
        let all = report["findings"].as_array().unwrap().clone();
        all.into_iter().find(|finding| finding["code"] == "import-backup").unwrap()
    };
    let marked = finding(&home(format!("\u{feff}{stored}")));
    assert_eq!(marked["severity"], "warning", "{marked}");
    let command = marked["command"].as_str().unwrap();
    assert!(command.contains("tail -c +4") && !command.contains("rm "), "{command}");
    let plain = finding(&home(stored.to_string()));
    assert!(plain["meaning"].as_str().unwrap().contains("anthropic:default"), "{plain}");
    assert_eq!(plain["command"], Value::Null, "{plain}");
    // What cannot be read may be all there is, and so may what the store holds a broken copy of.
    let cut = home(stored.to_string()[..60].to_owned());
    assert_eq!(finding(&cut)["command"], Value::Null, "{}", finding(&cut));
    let redacted = json!({ "anthropic:default": { "type": "api_key", "provider": "anthropic", "key": "__OPENCLAW_REDACTED__" } });
    let broken = home(stored.to_string()).profiles("main", &redacted);
    assert_eq!(finding(&broken)["command"], Value::Null, "{}", finding(&broken));
    // Where the login is stored, the archive is only a copy.
    let copied = home(stored.to_string()).profiles("main", &stored["profiles"]);
    assert!(finding(&copied)["command"].as_str().unwrap().starts_with("rm -i"), "{}", finding(&copied));
}
