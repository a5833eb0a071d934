//! Databases that the releases themselves made, with random logins put in: each reads like a JSON store with the same document,
//! at rest, while a program keeps writing, and after that one was killed.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::equivalence::document;
use crate::support::home::{AT, Home};
use crate::support::openclaw_releases::{Release, Stores};
use crate::support::state_directories::Database;

/// Databases of each release.
const DATABASES: usize = 50;
/// More than are made while one is read: should reading fail, the writer ends all the same.
const MOST_WRITES: usize = 20_000;
/// Agents whose JSON stores hold the documents that one after the other is in a database.
const TWINS: [&str; 3] = ["a", "b", "c"];

fn home() -> Home {
    Home::new().listing(&["main", "work", "a", "b", "c"])
}

/// What a report says about agents' logins, wherever they are kept.
fn logins<const N: usize>(home: &Home, release: &Release, agents: [&str; N]) -> [Value; N] {
    let ran = home.run(&["status", "--json", "--at", AT, "--openclaw-version", &release.version]);
    agents.map(|agent| {
        let report = ran.agent(agent);
        assert_eq!(report["store"]["error"], Value::Null, "{}", report["store"]);
        let profiles = report["profiles"].as_array().unwrap().iter();
        let essence = |profile: &Value| {
            ["profileId", "provider", "type", "status", "reasonCode", "expiresAt", "login", "loginReason"]
                .map(|key| profile[key].clone())
        };
        json!({ "profiles": profiles.map(essence).collect::<Vec<_>>(), "rejected": report["rejected"] })
    })
}

/// A home with what is on disk in another one, as of now.
fn copied(original: &Home) -> Home {
    let copy = home();
    let mut cp = Command::new("cp");
    assert!(cp.arg("-a").arg(original.state()).arg(copy.path()).status().unwrap().success());
    copy
}

fn write_without_checkpoint(database: &Database) {
    let mode: String =
        database.connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    database.connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
}

/// Reads the same documents, one after the other, from a database and from JSON.
fn compare(release: &Release, agent: &str, documents: &[Value; 3]) {
    let twins = home().profiles("main", &json!({}));
    for (twin, document) in TWINS.iter().zip(documents) {
        twins.write(&format!(".openclaw/agents/{twin}/agent/auth-profiles.json"), document.to_string());
    }
    let twins = logins(&twins, release, TWINS);
    let texts = documents.each_ref().map(Value::to_string);

    let home = home();
    let database = home.database_of(release, agent);
    database.put("store", &texts[0]);
    drop(database);
    let read = |home: &Home| {
        let [seen] = logins(home, release, [agent]);
        seen
    };
    assert_eq!(read(&home), twins[0], "at rest: {}", texts[0]);

    let database = home.database_of(release, agent);
    write_without_checkpoint(&database);
    database.put("store", &texts[1]);
    let is_read = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let database = database;
            let log = format!("{}-wal", database.connection.path().unwrap());
            for text in texts[1..].iter().rev().cycle().take(MOST_WRITES) {
                database.put("store", text);
                if is_read.load(Ordering::Relaxed) {
                    break;
                }
            }
            database.put("store", &texts[2]);
            // What is there while the writer still has it open is what is there once it was killed.
            assert_ne!(std::fs::metadata(&log).unwrap().len(), 0);
            let killed = copied(&home);
            assert_eq!(read(&killed), twins[2], "after its writer was killed: {}", texts[2]);
        });
        let seen = read(&home);
        is_read.store(true, Ordering::Relaxed);
        assert!(twins[1..].contains(&seen), "while it is written: {seen:#}\n{}\n{}", texts[1], texts[2]);
    });
}

fn compare_databases(version: &str) {
    let release = Release::of(version);
    let mut runner = TestRunner::deterministic();
    for index in 0..DATABASES {
        let documents = [(); 3].map(|()| document().new_tree(&mut runner).unwrap().current());
        // From 2026.8 on main's logins are in the shared database, and other agents' in their own.
        let is_works = release.stores == Stores::Shared && index % 2 == 1;
        compare(&release, if is_works { "work" } else { "main" }, &documents);
    }
}

macro_rules! releases {
    ($($test:ident: $version:literal;)+) => {
        $(
            #[test]
            fn $test() {
                compare_databases($version);
            }
        )+
    };
}

releases! {
    databases_of_2026_6_read_like_json: "2026.6.11";
    databases_of_2026_7_read_like_json: "2026.7.35";
    databases_of_2026_8_read_like_json: "2026.8.2";
    databases_of_2026_9_read_like_json: "2026.9.6";
}
