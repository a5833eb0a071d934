//! The databases of 2026.6 and later: the newest value is seen, and nothing is ever left behind.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::databases::{
    agent_connection, put_agent_state, put_agent_store, put_shared, shared_connection,
};
use crate::support::home::{AT, DAY, Home, NOW, Ran, document, ids, run, token};

/// A document whose only profile ends `value` milliseconds after [`NOW`].
fn valued(value: i64) -> String {
    document(&json!({ "zai:default": token("zai", value) }))
}

/// The value of [`valued`] that a report shows.
fn value(report: &Ran, agent: &str) -> i64 {
    let agent = report.agent(agent);
    agent["profiles"][0]["remainingMs"].as_i64().unwrap_or_else(|| panic!("no value in {agent:#}"))
}

/// `main` has an empty JSON store, so that `work` shows its own profiles only.
fn home() -> Home {
    let home = Home::new().listing(&["main", "work"]).profiles("main", &json!({}));
    fs::create_dir_all(home.agent_dir("work")).unwrap();
    home
}

fn use_wal(connection: &Connection) {
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
}

/// Every name and every byte below a directory, as another process sees them.
///
/// This process must not open a database that it writes: closing it again would give up the writer's locks.
fn seen_from_outside(dir: &Path) -> String {
    let script = "find . | LC_ALL=C sort && find . -type f -exec cksum {} + | LC_ALL=C sort";
    let output = Command::new("sh").args(["-c", script]).current_dir(dir).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_agents_database_is_its_store() {
    let home = home().database("work", &json!({ "zai:default": token("zai", 9 * DAY) }));
    let before = home.tree();
    let work = home.status(&["--json"]).agent("work");
    assert_eq!(work["store"]["kind"], "agent-sqlite");
    assert_eq!(work["store"]["path"], home.agent_database("work").to_str().unwrap());
    assert_eq!(work["profiles"][0]["source"], "agent-sqlite");
    assert_eq!(work["profiles"][0]["remainingMs"], 9 * DAY);
    assert!(before == home.tree());
}

#[test]
fn order_and_usage_are_read_from_their_own_row() {
    let home = home().database("work", &json!({ "zai:default": token("zai", 9 * DAY) }));
    let state = json!({ "usageStats": { "zai:default": { "disabledUntil": NOW + DAY, "disabledReason": "billing" } } });
    put_agent_state(&agent_connection(&home.agent_database("work")), &state.to_string());
    let cooldown = home.status(&["--json"]).agent("work")["profiles"][0]["cooldown"].clone();
    assert_eq!(cooldown["until"], NOW + DAY);
    assert_eq!(cooldown["reason"], "billing");
    // A JSON state file beside a database is a leftover like the store's.
    let leftover = json!({ "usageStats": { "zai:default": { "cooldownUntil": NOW + 9 * DAY } } });
    home.write(".openclaw/agents/work/agent/auth-state.json", leftover.to_string());
    assert_eq!(home.status(&["--json"]).agent("work")["profiles"][0]["cooldown"], cooldown);
}

#[test]
fn the_shared_database_counts_if_it_owns_the_shared_credentials() {
    let own = json!({ "own:default": token("own", 9 * DAY) });
    let shared = json!({ "shared:default": token("shared", 9 * DAY) });
    for (owner, expected, kind) in [
        (Some("state-db"), "shared:default", "shared-sqlite"),
        (Some("legacy-main"), "own:default", "json"),
        (None, "own:default", "json"),
    ] {
        let home = Home::new().profiles("main", &own).shared(owner, &shared);
        fs::create_dir_all(home.agent_dir("work")).unwrap();
        let before = home.tree();
        let report = home.status(&["--json"]);
        assert_eq!(ids(&report.agent("main")), [expected], "{owner:?}");
        assert_eq!(report.agent("main")["store"]["kind"], kind, "{owner:?}");
        assert_eq!(report.agent("main")["profiles"][0]["source"], kind, "{owner:?}");
        assert_eq!(ids(&report.agent("work")), [expected], "all agents inherit it");
        assert_eq!(report.agent("work")["profiles"][0]["inherited"], true);
        assert!(before == home.tree());
    }
}

#[test]
fn the_shared_database_may_leave_the_credentials_to_mains_own() {
    let home = Home::new()
        .database("main", &json!({ "own:default": token("own", 9 * DAY) }))
        .shared(Some("legacy-main"), &json!({ "shared:default": token("shared", 9 * DAY) }));
    let report = home.status(&["--json"]);
    assert_eq!(ids(&report.agent("main")), ["own:default"]);
    assert_eq!(report.agent("main")["store"]["kind"], "agent-sqlite");
    // Without a table for credentials it says nothing about them.
    let other = Home::new().database("main", &json!({ "own:default": token("own", 9 * DAY) }));
    fs::create_dir_all(other.state().join("state")).unwrap();
    Connection::open(other.shared_database()).unwrap().execute_batch("CREATE TABLE other (x)").unwrap();
    assert_eq!(ids(&other.status(&["--json"]).agent("main")), ["own:default"]);
}

#[test]
fn an_owner_nobody_knows_is_an_error_and_no_guess() {
    for owner in ["\"cloud\"", "{\"location\":\"cloud\"}", "{", "null", "{\"location\":null}"] {
        let home = Home::new().shared(None, &json!({ "shared:default": token("shared", 9 * DAY) }));
        put_shared(&shared_connection(&home.shared_database()), "auth.sharedStore", owner);
        let report = home.status(&["--json"]);
        let store = &report.agent("main")["store"];
        assert_eq!(store["kind"], "shared-sqlite");
        assert_eq!(store["error"]["reason"], "schema", "{owner}");
        assert_eq!(home.status(&["--check"]).code, 1);
    }
}

#[test]
fn what_is_only_in_the_log_is_seen() {
    let home = home();
    let writer = agent_connection(&home.agent_database("work"));
    use_wal(&writer);
    for newest in [DAY, 2 * DAY, 3 * DAY] {
        put_agent_store(&writer, &valued(newest));
        let before = seen_from_outside(home.path());
        assert!(before.contains("openclaw-agent.sqlite-wal") && before.contains("openclaw-agent.sqlite-shm"));
        assert_eq!(value(&home.status(&["--json"]), "work"), newest);
        assert_eq!(before, seen_from_outside(home.path()), "a live writer's files are not touched");
    }
}

#[test]
fn what_is_not_committed_is_not_seen() {
    let home = home();
    let writer = agent_connection(&home.agent_database("work"));
    use_wal(&writer);
    put_agent_store(&writer, &valued(DAY));
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    put_agent_store(&writer, &valued(2 * DAY));
    writer.cache_flush().unwrap();
    assert_eq!(value(&home.status(&["--json"]), "work"), DAY, "and a writer at work does not lock it");
    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(value(&home.status(&["--json"]), "work"), 2 * DAY);
}

#[test]
fn the_shared_databases_log_counts_too() {
    let home = Home::new().shared(Some("legacy-main"), &json!({}));
    let writer = shared_connection(&home.shared_database());
    use_wal(&writer);
    put_shared(&writer, "authProfiles.store", &valued(2 * DAY));
    put_shared(&writer, "auth.sharedStore", r#"{"location":"state-db"}"#);
    let before = seen_from_outside(home.path());
    assert_eq!(value(&home.status(&["--json"]), "main"), 2 * DAY);
    assert_eq!(before, seen_from_outside(home.path()));
}

/// Copies a database with its log, as a crash (or a backup) leaves them.
fn crash(from: &Path, to: &Path, suffixes: &[&str]) {
    for suffix in suffixes {
        let name = |path: &Path| format!("{}{suffix}", path.display());
        // By another process: see `seen_from_outside`.
        let copied = Command::new("cp").args([name(from), name(to)]).status().unwrap();
        assert!(copied.success());
    }
}

#[test]
fn a_log_left_by_a_crash_is_read_and_left_alone() {
    let (alive, crashed) = (home(), home());
    let writer = agent_connection(&alive.agent_database("work"));
    put_agent_store(&writer, &valued(DAY));
    use_wal(&writer);
    put_agent_store(&writer, &valued(2 * DAY));
    crash(&alive.agent_database("work"), &crashed.agent_database("work"), &["", "-wal", "-shm"]);
    let before = crashed.tree();
    assert_eq!(value(&crashed.status(&["--json"]), "work"), 2 * DAY);
    assert!(before == crashed.tree(), "recovery is OpenClaw's");
    drop(writer);
}

#[test]
fn a_log_without_its_index_is_never_passed_over() {
    let (alive, crashed) = (home(), home());
    let writer = agent_connection(&alive.agent_database("work"));
    put_agent_store(&writer, &valued(DAY));
    use_wal(&writer);
    put_agent_store(&writer, &valued(2 * DAY));
    crash(&alive.agent_database("work"), &crashed.agent_database("work"), &["", "-wal"]);
    let before = crashed.tree();
    let report = crashed.status(&["--json"]);
    let store = &report.agent("work")["store"];
    assert_eq!(store["error"]["reason"], "locked", "better none than a stale one");
    assert!(store["error"]["message"].as_str().unwrap().contains("write-ahead log"));
    assert!(before == crashed.tree());
    // Once it has been recovered the newest value is there.
    drop(agent_connection(&crashed.agent_database("work")));
    assert_eq!(value(&crashed.status(&["--json"]), "work"), 2 * DAY);
}

#[test]
fn a_journal_left_by_a_crash_is_not_rolled_back_by_us() {
    let (alive, crashed) = (home(), home());
    let writer = agent_connection(&alive.agent_database("work"));
    put_agent_store(&writer, &valued(DAY));
    // A cache of a page forces changed pages out before the commit, so that the journal is needed.
    writer.execute_batch("PRAGMA cache_size = 1; BEGIN IMMEDIATE").unwrap();
    put_agent_store(&writer, &valued(2 * DAY));
    let sql = "INSERT INTO auth_profile_store VALUES (?1, ?2, 0)";
    for row in 0..64 {
        writer.execute(sql, [format!("other-{row}"), "x".repeat(4000)]).unwrap();
    }
    crash(&alive.agent_database("work"), &crashed.agent_database("work"), &["", "-journal"]);
    writer.execute_batch("ROLLBACK").unwrap();
    let before = crashed.tree();
    let report = crashed.status(&["--json"]);
    assert_eq!(report.agent("work")["store"]["error"]["reason"], "locked", "{}", report.stdout);
    assert!(before == crashed.tree(), "recovery is OpenClaw's");
    drop(agent_connection(&crashed.agent_database("work")).query_row(
        "SELECT count(*) FROM auth_profile_store",
        [],
        |_| Ok(()),
    ));
    assert_eq!(value(&crashed.status(&["--json"]), "work"), DAY);
}

#[test]
fn nothing_is_created_beside_a_database_that_was_closed() {
    for wal in [true, false] {
        let home = home();
        let writer = agent_connection(&home.agent_database("work"));
        if wal {
            use_wal(&writer);
        }
        put_agent_store(&writer, &valued(DAY));
        drop(writer);
        assert!(!home.agent_dir("work").join("openclaw-agent.sqlite-wal").exists());
        let before = home.tree();
        for _ in 0..3 {
            assert_eq!(value(&home.status(&["--json"]), "work"), DAY);
        }
        assert!(before == home.tree(), "wal: {wal}");
    }
}

/// Size, owner, mode and times of every file in an agent's directory, as another process sees them.
fn attributes(home: &Home) -> String {
    let script = "LC_ALL=C stat -c '%n %i %s %u:%g %a %y %z' *";
    let output =
        Command::new("sh").args(["-c", script]).current_dir(home.agent_dir("work")).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_index_without_a_log_is_left_as_it_is() {
    // Left behind by a crash, then with somebody who has the database open.
    let home = home();
    let path = home.agent_database("work");
    let writer = agent_connection(&path);
    use_wal(&writer);
    put_agent_store(&writer, &valued(DAY));
    drop(writer);
    fs::write(home.agent_dir("work").join("openclaw-agent.sqlite-shm"), vec![0; 32768]).unwrap();
    if rustix::process::geteuid().is_root() {
        // Root must not set the owner of another user's files, either.
        std::os::unix::fs::chown(&path, Some(4242), Some(4242)).unwrap();
    }
    let before = attributes(&home);
    assert_eq!(value(&home.status(&["--json"]), "work"), DAY);
    assert_eq!(attributes(&home), before);

    let writer = agent_connection(&path);
    put_agent_store(&writer, &valued(2 * DAY));
    writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let before = attributes(&home);
    assert_eq!(value(&home.status(&["--json"]), "work"), 2 * DAY);
    assert_eq!(attributes(&home), before);
}

/// Reads as often as it can while a writer commits, and holds the values to an order.
fn read_while_writing(
    home: &Home,
    reads: usize,
    may_be_locked: bool,
    write: impl FnOnce(&AtomicBool) + Send,
) {
    let done = AtomicBool::new(false);
    let (mut last, mut seen) = (0, BTreeSet::new());
    std::thread::scope(|scope| {
        scope.spawn(|| write(&done));
        let mut locked = 0;
        for _ in 0..reads {
            let report = home.status(&["--json"]);
            let error = &report.agent("work")["store"]["error"];
            if may_be_locked && error["reason"] == "locked" {
                locked += 1;
                continue;
            }
            if *error != Value::Null {
                done.store(true, Ordering::Relaxed);
                panic!("{error:#}");
            }
            let now = value(&report, "work");
            if now < last {
                done.store(true, Ordering::Relaxed);
                panic!("{now} after {last}");
            }
            last = now;
            seen.insert(now);
        }
        done.store(true, Ordering::Relaxed);
        assert!(locked <= reads / 2, "{locked} of {reads} reads found it locked");
    });
    assert!(seen.len() > 1, "the writer was at work meanwhile");
}

#[test]
fn values_never_go_backwards_while_a_writer_commits() {
    let home = home();
    let path = home.agent_database("work");
    let writer = agent_connection(&path);
    use_wal(&writer);
    put_agent_store(&writer, &valued(1));
    // A log that is emptied into the database all the time is the hardest to read.
    writer.pragma_update(None, "wal_autocheckpoint", 3).unwrap();
    read_while_writing(&home, 200, false, move |done| {
        let mut value = 1;
        while !done.load(Ordering::Relaxed) {
            value += 1;
            put_agent_store(&writer, &valued(value));
        }
    });
}

#[test]
fn values_never_go_backwards_while_writers_come_and_go() {
    let home = home();
    let path = home.agent_database("work");
    let first = agent_connection(&path);
    use_wal(&first);
    put_agent_store(&first, &valued(1));
    drop(first);
    read_while_writing(&home, 200, true, move |done| {
        let mut value = 1;
        while !done.load(Ordering::Relaxed) {
            let writer = agent_connection(&path);
            for _ in 0..20 {
                value += 1;
                put_agent_store(&writer, &valued(value));
            }
        }
    });
}

#[test]
fn values_never_go_backwards_with_the_older_journal() {
    let home = home();
    let writer = agent_connection(&home.agent_database("work"));
    put_agent_store(&writer, &valued(1));
    writer.busy_timeout(Duration::from_secs(20)).unwrap();
    read_while_writing(&home, 100, true, move |done| {
        let mut value = 1;
        while !done.load(Ordering::Relaxed) {
            value += 1;
            put_agent_store(&writer, &valued(value));
        }
    });
}

#[test]
fn a_writer_is_not_held_up_by_readers() {
    let home = home();
    let writer = agent_connection(&home.agent_database("work"));
    use_wal(&writer);
    writer.busy_timeout(Duration::ZERO).unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| (0..40).for_each(|_| drop(home.status(&["--json"]))));
        let mut commits = 0;
        while !reader.is_finished() {
            assert!(Instant::now() < deadline);
            // Fails at once where a reader holds a lock that a writer needs.
            put_agent_store(&writer, &valued(DAY));
            commits += 1;
        }
        assert!(commits > 0);
    });
}

#[test]
fn json_beside_a_populated_database_is_a_leftover() {
    let home = home().database("work", &json!({ "zai:default": token("zai", 9 * DAY) })).profiles(
        "work",
        &json!({ "old:default": token("old", -DAY), "older:default": token("older", -DAY) }),
    );
    let before = home.tree();
    let work = home.status(&["--json"]).agent("work");
    assert_eq!(ids(&work), ["zai:default"], "a leftover is not used");
    let stranded =
        json!({ "kind": "leftover-json", "path": home.store("work").to_str().unwrap(), "profiles": 2 });
    assert_eq!(work["store"]["stranded"], stranded);
    assert_eq!(work["store"]["error"], Value::Null);
    assert_eq!(home.status(&["--check"]).code, 0);
    assert!(before == home.tree());
}

#[test]
fn logins_that_a_migration_lost_are_no_clean_bill_of_health() {
    let empty_document = home().database("work", &json!({}));
    let no_document = home();
    drop(agent_connection(&no_document.agent_database("work")));
    for home in [empty_document, no_document] {
        let home = home.profiles("work", &json!({ "zai:default": token("zai", 9 * DAY) }));
        let work = home.status(&["--json"]).agent("work");
        assert_eq!(ids(&work), Vec::<&str>::new(), "OpenClaw does not see them");
        assert_eq!(work["store"]["stranded"]["kind"], "empty-database");
        assert_eq!(work["store"]["stranded"]["profiles"], 1);
        assert_eq!(home.status(&["--needs-person"]).code, 1);
        assert!(home.status(&[]).stdout.contains("migration incomplete: 1 login not imported"));
    }
}

#[test]
fn logins_stranded_beside_the_shared_database_are_found() {
    let home = Home::new()
        .profiles("main", &json!({ "zai:default": token("zai", 9 * DAY) }))
        .shared(Some("state-db"), &json!({}));
    let main = home.status(&["--json"]).agent("main");
    assert_eq!(main["store"]["kind"], "shared-sqlite");
    assert_eq!(main["store"]["stranded"]["kind"], "empty-database");
    assert_eq!(home.status(&["--check"]).code, 1);
}

#[test]
fn json_without_profiles_beside_a_database_is_nothing() {
    let home = home().database("work", &json!({})).profiles("work", &json!({}));
    let work = home.status(&["--json"]).agent("work");
    assert_eq!(work["store"]["stranded"], Value::Null);
    assert_eq!(home.status(&["--check"]).code, 0);
}

#[test]
fn a_database_without_tables_leaves_the_json_store_in_effect() {
    let home = home().profiles("work", &json!({ "zai:default": token("zai", 9 * DAY) }));
    fs::write(home.agent_database("work"), "").unwrap();
    let work = home.status(&["--json"]).agent("work");
    assert_eq!((&work["store"]["kind"], ids(&work)), (&json!("json"), vec!["zai:default"]));
    Connection::open(home.agent_database("work")).unwrap().execute_batch("CREATE TABLE other (x)").unwrap();
    let work = home.status(&["--json"]).agent("work");
    assert_eq!((&work["store"]["kind"], ids(&work)), (&json!("json"), vec!["zai:default"]));
}

#[test]
fn directories_with_odd_names_work() {
    for name in ["a?mode=rwc", "b#c", "100%", "%20", "d e&f=g", "ü;'\"", "file:h", "-i"] {
        let home = Home::new().shared(Some("legacy-main"), &json!({})).database("main", &json!({}));
        let moved = home.path().join(name).join(name);
        fs::create_dir_all(moved.parent().unwrap()).unwrap();
        fs::rename(home.state(), &moved).unwrap();
        let path = moved.join("agents/main/agent/openclaw-agent.sqlite");
        let status = || {
            let mut command = home.command(&["status", "--json", "--at", AT]);
            command.env("OPENCLAW_STATE_DIR", &moved);
            run(command)
        };
        // With the older journal, then with a live log, then with a log that was emptied.
        put_agent_store(&agent_connection(&path), &valued(DAY));
        assert_eq!(value(&status(), "main"), DAY, "{name}");
        let writer = agent_connection(&path);
        use_wal(&writer);
        put_agent_store(&writer, &valued(2 * DAY));
        let before = seen_from_outside(home.path());
        assert_eq!(value(&status(), "main"), 2 * DAY, "{name}");
        assert_eq!(before, seen_from_outside(home.path()), "{name}");
        drop(writer);
        let before = home.tree();
        assert_eq!(value(&status(), "main"), 2 * DAY, "{name}");
        assert!(before == home.tree(), "{name}");
    }
}

#[test]
fn a_linked_database_is_read_with_the_log_of_its_target() {
    let home = home();
    let target = home.path().join("volume.sqlite");
    let writer = agent_connection(&target);
    put_agent_store(&writer, &valued(DAY));
    use_wal(&writer);
    put_agent_store(&writer, &valued(2 * DAY));
    std::os::unix::fs::symlink(&target, home.agent_database("work")).unwrap();
    let before = seen_from_outside(home.path());
    assert_eq!(
        value(&home.status(&["--json"]), "work"),
        2 * DAY,
        "the log is beside the target, not beside the link"
    );
    assert_eq!(before, seen_from_outside(home.path()));
}

/// Seen with 2026.9.6: an agent's own profiles go before an order of main's, as they stand in its store.
#[test]
fn own_profiles_go_before_an_inherited_order_as_they_are_stored() {
    let config = json!({ "agents": {
        "defaults": { "model": "anthropic/claude-opus-4-5" },
        "entries": { "main": {}, "work": {} },
        "ownership": "explicit",
    } });
    let home = Home::new()
        .file(".openclaw/openclaw.json", config.to_string())
        .shared(None, &json!({}))
        .database("work", &json!({}));
    let shared = shared_connection(&home.shared_database());
    let order = json!({ "version": 1, "order": { "anthropic": ["anthropic:b", "anthropic:a"] } });
    put_shared(&shared, "authProfiles.state", &order.to_string());
    let own = agent_connection(&home.agent_database("work"));
    let answer = |first: &str, second: &str| {
        let profile = |id: &str| {
            let ends = if id == "b" { DAY / 2 } else { 30 * DAY };
            format!(r#""anthropic:{id}":{}"#, token("anthropic", ends))
        };
        put_agent_store(
            &own,
            &format!(r#"{{"version":1,"profiles":{{{},{}}}}}"#, profile(first), profile(second)),
        );
        let release = ["--format", "openclaw", "--openclaw-version", "2026.9.6"];
        home.status(&[&["--check", "--agent", "work"], &release[..]].concat()).code
    };
    assert_eq!((answer("b", "a"), answer("a", "b")), (2, 0));
}
