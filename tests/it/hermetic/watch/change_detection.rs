//! What starts a check: a changed login does at once, and nothing that authwatch writes itself.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flate2::read::GzDecoder;
use rusqlite::Connection;
use serde_json::json;

use crate::support::daemon::{Daemon, scans};
use crate::support::databases::{agent_connection, put_agent_store, put_shared, shared_connection};
use crate::support::home::{Home, document};
use crate::support::token_server::TokenServer;

/// A database that OpenClaw 2026.9.6 made.
fn unpack(name: &str, to: &Path) {
    let packed = format!("{}/tests/fixtures/openclaw-2026.9/{name}.gz", env!("CARGO_MANIFEST_DIR"));
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    io::copy(&mut GzDecoder::new(File::open(packed).unwrap()), &mut File::create(to).unwrap()).unwrap();
}

/// A home whose logins are in the shared database of OpenClaw 2026.9.6, with an agent that has a database of its own.
fn home_of_2026_9() -> Home {
    let home = Home::new();
    unpack("openclaw.sqlite", &home.shared_database());
    unpack("openclaw-agent.sqlite", &home.agent_database("work"));
    home
}

/// Opens a database as OpenClaw does while it runs, and leaves something in the log.
fn hold(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    connection.execute_batch("CREATE TABLE chat (said TEXT)").unwrap();
    chat(&connection);
    connection
}

fn chat(connection: &Connection) {
    connection.execute("INSERT INTO chat VALUES (?1)", ["hello ".repeat(500)]).unwrap();
}

/// Another row now and then, until `done`.
fn keep_chatting(connection: &Connection, done: &AtomicBool) {
    while !done.load(Ordering::Relaxed) {
        chat(connection);
        std::thread::sleep(Duration::from_millis(20));
    }
}

const RARELY: [&str; 3] = ["--no-refresh", "--interval", "1h"];
/// Checks that start each other are a second apart.
const IDLE: Duration = Duration::from_secs(8);

#[test]
fn an_idle_daemon_checks_at_its_interval_only() {
    let shared = home_of_2026_9();
    let holders = [hold(&shared.shared_database()), hold(&shared.agent_database("work"))];
    let own = Home::new().profiles("work", &json!({}));
    unpack("openclaw-agent.sqlite", &own.agent_database("main"));
    let own_holder = hold(&own.agent_database("main"));
    let emptied = home_of_2026_9();
    let emptied_holder = hold(&emptied.shared_database());
    emptied_holder.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    // Everything authwatch writes lies where it watches: the login it renews, the textfile, what it remembers.
    let server = TokenServer::start();
    let config = server.config(&["openai-codex"]) + "[notify.command.x]\nrun = [\"true\"]\n";
    let writing = crate::support::renewal::home(&server).file(".config/authwatch/config.toml", config);
    let inside = writing.state().to_str().unwrap().to_owned();
    let writing = writing.env("XDG_STATE_HOME", &inside);
    let textfile = format!("{inside}/authwatch.prom");
    let chatty = home_of_2026_9();
    let chatty_holder = hold(&chatty.shared_database());

    let daemon = [
        ("a shared database that is held", Daemon::ready(&shared, &RARELY)),
        ("main's own database that is held", Daemon::ready(&own, &RARELY)),
        ("a database whose log is empty", Daemon::ready(&emptied, &RARELY)),
        ("writes of its own", Daemon::ready(&writing, &["--interval", "1h", "--textfile", &textfile])),
    ];
    let at_chat = Daemon::ready(&chatty, &RARELY);
    daemon[3].1.wait("the login is renewed", || server.calls() == 1);

    let before: Vec<f64> = daemon.iter().map(|(_, daemon)| scans(daemon)).collect();
    let before_chat = scans(&at_chat);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let holder = chatty_holder;
            keep_chatting(&holder, &done);
        });
        std::thread::sleep(IDLE);
        done.store(true, Ordering::Relaxed);
    });
    for ((what, daemon), before) in daemon.iter().zip(before) {
        let passes = scans(daemon) - before;
        println!("{what}: {passes} checks in {IDLE:?}");
        // The renewal's own check may still be under way at the beginning.
        assert!(passes <= 1.0, "{what}: {passes} checks in {IDLE:?}: {}", daemon.log());
    }
    let passes = scans(&at_chat) - before_chat;
    println!("beside a writer that never rests: {passes} checks in {IDLE:?}");
    assert!(
        passes <= IDLE.as_secs_f64() + 2.0,
        "{passes} checks in {IDLE:?} beside a writer that never rests"
    );
    assert_eq!(server.calls(), 1);
    drop((holders, own_holder, emptied_holder));
}

/// A login that ends then, and the series that shows it.
fn ending(agent: &str, end: i32) -> (String, String) {
    let end = i64::from(end) * 1000;
    let entry = json!({ "type": "token", "provider": "anthropic", "token": "t", "expires": end });
    let series = format!(
        "authwatch_credential_expiry_timestamp_seconds{{agent=\"{agent}\",provider=\"anthropic\",profile=\"anthropic:a\"}}"
    );
    (document(&json!({ "anthropic:a": entry })), series)
}

/// Changes a login a few times and waits until each is shown. The interval is far too long to show it.
fn changes_are_shown(home: &Home, agent: &str, change: impl Fn(&str)) {
    let daemon = Daemon::ready(home, &["--no-refresh", "--interval", "1h"]);
    for end in [2_000_000_001, 2_000_000_002, 2_000_000_003] {
        let (document, series) = ending(agent, end);
        change(&document);
        daemon.wait_for_metric(&series, f64::from(end));
    }
}

#[test]
fn a_changed_login_in_a_json_store_is_shown() {
    let home = Home::new().profiles("main", &json!({})).profiles("work", &json!({}));
    let store = home.store("work");
    // In place, as an editor may; whole, as OpenClaw does.
    changes_are_shown(&home, "work", |document| std::fs::write(&store, document).unwrap());
    let draft = home.path().join("draft");
    changes_are_shown(&home, "work", |document| {
        std::fs::write(&draft, document).unwrap();
        std::fs::rename(&draft, &store).unwrap();
    });
}

#[test]
fn a_changed_login_in_a_database_is_shown() {
    let home = home_of_2026_9();
    let path = home.agent_database("work");
    // Without anybody who holds it, then with somebody, then with somebody who also writes other rows.
    changes_are_shown(&home, "work", |document| put_agent_store(&agent_connection(&path), document));
    let holder = hold(&path);
    changes_are_shown(&home, "work", |document| put_agent_store(&holder, document));
    beside_a_writer(&path, || {
        changes_are_shown(&home, "work", |document| put_agent_store(&holder, document));
    });
}

#[test]
fn a_changed_login_in_the_shared_database_is_shown() {
    let home = home_of_2026_9();
    let path = home.shared_database();
    let put =
        |connection: &Connection, document: &str| put_shared(connection, "authProfiles.store", document);
    changes_are_shown(&home, "main", |document| put(&shared_connection(&path), document));
    let holder = hold(&path);
    changes_are_shown(&home, "main", |document| put(&holder, document));
    beside_a_writer(&path, || changes_are_shown(&home, "main", |document| put(&holder, document)));
}

/// Does something while another connection writes other rows all the time.
fn beside_a_writer(path: &Path, does: impl FnOnce()) {
    let writer = Connection::open(path).unwrap();
    writer.busy_timeout(Duration::from_secs(30)).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let writer = writer;
            keep_chatting(&writer, &done);
        });
        does();
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn other_rows_are_no_change() {
    use authwatch::pipeline::{Cache, Request, run_with_cache};

    let home = home_of_2026_9();
    let holders = [hold(&home.shared_database()), hold(&home.agent_database("work"))];
    let (roots, mut cache) = (home.roots(), Cache::default());
    let mut scan = || run_with_cache(&roots, [], &Request::default(), Some(&mut cache));
    assert!(scan().changed, "the first scan reads everything");
    assert!(!scan().changed);
    for holder in &holders {
        chat(holder);
        assert!(!scan().changed, "a row that is no login");
    }
    let (document, _) = ending("work", 2_000_000_000);
    put_agent_store(&holders[1], &document);
    assert!(scan().changed, "a login of an agent's own");
    put_shared(&holders[0], "authProfiles.store", &document);
    assert!(scan().changed, "a login all agents inherit");
    assert!(!scan().changed);
}
