//! A database that is none, or not the one it should be.

use std::fs::{self, Permissions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::hermetic::stores::bad_input::{
    assert_broken, assert_broken_as, assert_others_report, fleet, open_up,
};
use crate::support::databases::{agent_connection, put_agent_state, put_agent_store};
use crate::support::home::{AT, DAY, Home, document, ids, make_fifo, run, token};

/// `work` has a database that was made like this.
fn with_database(make: impl FnOnce(&Connection)) -> Home {
    let home = fleet();
    make(&Connection::open(home.agent_database("work")).unwrap());
    home
}

fn healthy() -> Home {
    fleet().database("work", &json!({ "zai:default": token("zai", 9 * DAY) }))
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn of_a_newer_schema() {
    let home = with_database(|connection| {
        connection.execute_batch("CREATE TABLE elsewhere (x); PRAGMA user_version = 99").unwrap();
    });
    let work = home.status(&["--json"]).agent("work");
    assert_eq!(work["store"]["error"]["reason"], "schema");
    let message = work["store"]["error"]["message"].as_str().unwrap();
    assert!(message.contains("has schema 99"), "{message}");
    // A release with such databases reads no JSON stores, such as the others have here.
    assert_eq!(home.status(&["--check"]).code, 1);
}

#[test]
fn with_renamed_columns() {
    let home = with_database(|connection| {
        let sql = "CREATE TABLE auth_profile_store (id TEXT PRIMARY KEY, document BLOB);
                   INSERT INTO auth_profile_store VALUES ('primary', '{}')";
        connection.execute_batch(sql).unwrap();
    });
    assert_broken(&home, "schema", &home.agent_database("work"), "tables this version does not know");
}

#[test]
fn of_a_newer_file_format() {
    let home = healthy();
    overwrite(&home.agent_database("work"), 18, &[3, 3]);
    assert_broken(&home, "schema", &home.agent_database("work"), "has file format 3");
}

#[test]
fn that_is_no_database() {
    for content in ["x", "SQLite format 3\0", "SQLite format 4\0 and then something else entirely, on and on"]
    {
        let home = fleet();
        fs::write(home.agent_database("work"), content).unwrap();
        assert_broken(&home, "parse", &home.agent_database("work"), "is not a SQLite database");
    }
}

#[test]
fn that_is_damaged() {
    let home = healthy();
    let path = home.agent_database("work");
    let length = fs::metadata(&path).unwrap().len();
    overwrite(&path, 100, &vec![0xff; usize::try_from(length).unwrap() - 100]);
    assert_broken(&home, "parse", &path, "or is damaged");

    let home = healthy();
    let path = home.agent_database("work");
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length / 2).unwrap();
    assert_broken(&home, "parse", &path, "or is damaged");
}

#[test]
fn with_a_document_that_is_none() {
    let documents = [
        ("''", "parse", "not JSON"),
        ("NULL", "parse", "not JSON"),
        ("42", "parse", "not JSON"),
        ("x'ff'", "parse", "not UTF-8"),
        ("'{\"profiles\":'", "parse", "not JSON"),
        ("'[]'", "schema", "the top level is no object"),
        ("'{}'", "schema", "there is no `profiles`"),
        ("zeroblob(20000000)", "too-large", "a document of 20000000 bytes"),
    ];
    for (value, reason, says) in documents {
        let home = with_database(|connection| {
            let sql = format!(
                "CREATE TABLE auth_profile_store (store_key TEXT PRIMARY KEY, store_json, updated_at INTEGER);
                 CREATE TABLE auth_profile_state (state_key TEXT PRIMARY KEY, state_json, updated_at INTEGER);
                 INSERT INTO auth_profile_store VALUES ('primary', {value}, 0)"
            );
            connection.execute_batch(&sql).unwrap();
        });
        assert_broken(&home, reason, &home.agent_database("work"), says);
    }
}

#[test]
fn with_a_broken_state_document() {
    let home = healthy();
    put_agent_state(&agent_connection(&home.agent_database("work")), "{\"order\":");
    let report = home.status(&["--json"]);
    let work = report.agent("work");
    assert_eq!(work["store"]["error"], Value::Null);
    assert_eq!(work["store"]["stateError"]["reason"], "parse", "{work:#}");
    assert_eq!(ids(&work), ["anthropic:default", "zai:default"]);
    assert_eq!(home.status(&["--check"]).code, 0);
}

#[test]
fn that_is_locked_by_a_writer() {
    let home = healthy();
    let before = home.tree();
    let writer = agent_connection(&home.agent_database("work"));
    put_agent_store(&writer, &document(&json!({ "zai:default": token("zai", 9 * DAY) })));
    writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
    // Looking at the tree would open and close the database, and thereby give up this process's lock on it.
    let report = home.status(&["--json"]);
    let check = home.status(&["--check"]);
    writer.execute_batch("ROLLBACK").unwrap();
    drop(writer);
    assert_eq!(report.code, 0);
    let error = report.agent("work")["store"]["error"].clone();
    assert_eq!(error["reason"], "locked", "{error}");
    assert!(error["message"].as_str().unwrap().contains("is held by a writer"), "{error}");
    assert_others_report(&report);
    assert_eq!(check.code, 1);
    assert!(before.keys().eq(home.tree().keys()));
    let later = home.status(&["--json"]).agent("work");
    assert_eq!(ids(&later), ["anthropic:default", "zai:default"], "the next look sees it again");
}

#[test]
fn that_is_no_file() {
    let home = fleet();
    fs::create_dir(home.agent_database("work")).unwrap();
    assert_broken(&home, "not-a-file", &home.agent_database("work"), "is a directory");
    let home = fleet();
    make_fifo(&home.agent_database("work"));
    assert_broken(&home, "not-a-file", &home.agent_database("work"), "is a FIFO");
    let home = fleet();
    symlink("/dev/zero", home.agent_database("work")).unwrap();
    assert_broken(&home, "not-a-file", &home.agent_database("work"), "is a device");
    let home = fleet();
    symlink("nowhere", home.agent_database("work")).unwrap();
    assert_broken(&home, "not-a-file", &home.agent_database("work"), "is a link to nothing");
}

#[test]
fn that_may_not_be_read() {
    let home = healthy();
    open_up(home.path());
    let stranger = |arguments: &[&str]| home.command_without_root(arguments);
    let seen = run(stranger(&["status", "--json", "--at", AT]));
    assert_eq!(ids(&seen.agent("work")), ["anthropic:default", "zai:default"]);
    let path = home.agent_database("work");
    fs::set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
    assert_broken_as(stranger, &home, "permission", &path, "may not be read by this user");
}

#[test]
fn that_is_the_shared_one_and_broken_is_mains_error() {
    let home = fleet().file(".openclaw/state/openclaw.sqlite", "no database at all, but long enough");
    let report = home.status(&["--json"]);
    let main = report.agent("main");
    assert_eq!(main["store"]["kind"], "shared-sqlite");
    assert_eq!(main["store"]["error"]["reason"], "parse");
    assert_eq!(ids(&report.agent("other")), ["xai:default"]);
    assert_eq!(home.status(&["--check"]).code, 1);
}
