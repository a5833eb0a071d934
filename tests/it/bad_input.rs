//! Bad input: each is that store's error, with its reason; the other agents still report; nothing on disk changes.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{AT, DAY, HOUR, Home, NOW, Ran, document, ids, run, token};

/// `main` and `other` have what works; `work` has whatever a test puts there.
fn fleet() -> Home {
    let home = Home::new()
        .profiles("main", &json!({ "anthropic:default": token("anthropic", 90 * DAY) }))
        .profiles("other", &json!({ "xai:default": token("xai", 90 * DAY) }));
    fs::create_dir_all(home.agent_dir("work")).unwrap();
    home
}

fn profile<'a>(agent: &'a Value, id: &str) -> &'a Value {
    let profiles = agent["profiles"].as_array().unwrap();
    profiles
        .iter()
        .find(|profile| profile["profileId"] == id)
        .unwrap_or_else(|| panic!("no {id} in {agent:#}"))
}

/// Holds everything a broken store of `work` must lead to.
fn assert_broken(home: &Home, reason: &str, file: &Path, says: &str) {
    assert_broken_as(|arguments| home.command(arguments), home, reason, file, says);
}

fn assert_broken_as(
    command: impl Fn(&[&str]) -> Command,
    home: &Home,
    reason: &str,
    file: &Path,
    says: &str,
) {
    let before = home.tree();
    let report = run(command(&["status", "--json", "--at", AT]));
    assert_eq!(report.code, 0, "{}", report.stderr);
    let work = report.agent("work");
    let error = &work["store"]["error"];
    assert_eq!(error["reason"], reason, "{error:#}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(file.to_str().unwrap()), "{message} should name {}", file.display());
    assert!(message.contains(says), "{message} should say {says}");
    assert_eq!(work["exitCode"], 1);
    assert_eq!(ids(&work), ["anthropic:default"], "it still inherits what main has");
    assert_others_report(&report);
    let check = run(command(&["status", "--check", "--at", AT]));
    assert_eq!(check.code, 1, "{}", check.stderr);
    let unwrapped = check.stdout.replace(['\n', ' '], "");
    assert!(unwrapped.contains(&message.replace(' ', "")), "{message} is shown to people: {}", check.stdout);
    assert!(before == home.tree(), "a look must not change anything");
}

fn assert_others_report(report: &Ran) {
    assert_others_report_and_exit(report, 0);
}

fn assert_others_report_and_exit(report: &Ran, code: u8) {
    for (agent, expected) in
        [("main", vec!["anthropic:default"]), ("other", vec!["anthropic:default", "xai:default"])]
    {
        let agent = report.agent(agent);
        assert_eq!(ids(&agent), expected);
        assert_eq!(agent["exitCode"], code);
        assert_eq!(agent["store"]["error"], Value::Null);
        assert!(agent["profiles"].as_array().unwrap().iter().all(|profile| profile["status"] == "ok"));
    }
}

/// `work`'s `auth-profiles.json` holds these bytes.
fn assert_content_is_broken(content: impl AsRef<[u8]>, reason: &str, says: &str) {
    let home = fleet();
    fs::write(home.store("work"), content).unwrap();
    assert_broken(&home, reason, &home.store("work"), says);
}

#[test]
fn an_empty_file() {
    assert_content_is_broken("", "parse", "not JSON at line 1");
    assert_content_is_broken(" \n\t\n", "parse", "not JSON at line");
}

#[test]
fn a_truncated_file() {
    let whole = document(&json!({ "zai:default": token("zai", DAY) }));
    for length in [1, 20, whole.len() / 2, whole.len() - 1] {
        assert_content_is_broken(&whole[..length], "parse", "not JSON at line 1, column");
    }
    assert_content_is_broken(format!("{whole}\n{{"), "parse", "not JSON at line 2");
}

#[test]
fn a_file_that_is_not_utf8() {
    assert_content_is_broken(b"{\"profiles\":{\"\xff\xfe\":1}", "parse", "is not UTF-8 at byte 14");
    assert_content_is_broken(b"\xff\xfe{\0}\0", "parse", "is not UTF-8 at byte 0");
    assert_content_is_broken([0; 4096], "parse", "not JSON");
}

#[test]
fn a_byte_order_mark() {
    let content = format!("\u{feff}{}", document(&json!({})));
    assert_content_is_broken(content, "parse", "byte order mark");
}

#[test]
fn a_top_level_of_the_wrong_type() {
    for content in ["[]", "[{\"profiles\":{}}]", "null", "3", "true", "\"profiles\""] {
        assert_content_is_broken(content, "schema", "the top level is no object");
    }
    assert_content_is_broken("{}", "schema", "there is no `profiles`");
    assert_content_is_broken(r#"{"version":1,"Profiles":{}}"#, "schema", "there is no `profiles`");
}

#[test]
fn profiles_of_the_wrong_type() {
    for profiles in ["[]", "[{}]", "null", "3", "-0.5", "false", "\"x\""] {
        let content = format!("{{\"version\":1,\"profiles\":{profiles}}}");
        assert_content_is_broken(content, "schema", "`profiles` is no object");
    }
}

#[test]
fn entries_of_the_wrong_type_are_rejected_one_by_one() {
    let entries = json!({
        "a-null": null, "b-bool": true, "c-number": 3, "d-text": "x", "e-list": [], "f-empty": {},
        "g-type": { "type": 3, "provider": "xai" }, "h-type": { "type": "password", "provider": "xai" },
        "i-type": { "type": null, "mode": "token", "provider": "xai" }, "j-none": { "type": "token" },
        "k-number": { "type": "token", "provider": 7 }, "l-blank": { "type": "oauth", "provider": " " },
        "zai:default": token("zai", DAY * 9),
    });
    let home = fleet().profiles("work", &entries);
    let before = home.tree();
    let report = home.status(&["--json"]);
    let work = report.agent("work");
    assert_eq!(work["store"]["error"], Value::Null);
    assert_eq!(ids(&work), ["anthropic:default", "zai:default"]);
    let rejected: Vec<_> = work["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rejected| (rejected["profileId"].as_str().unwrap(), rejected["reason"].as_str().unwrap()))
        .collect();
    let expected = [
        ("a-null", "non_object"),
        ("b-bool", "non_object"),
        ("c-number", "non_object"),
        ("d-text", "non_object"),
        ("e-list", "non_object"),
        ("f-empty", "invalid_type"),
        ("g-type", "invalid_type"),
        ("h-type", "invalid_type"),
        ("i-type", "invalid_type"),
        ("j-none", "missing_provider"),
        ("k-number", "missing_provider"),
        ("l-blank", "missing_provider"),
    ];
    assert_eq!(rejected, expected);
    assert_others_report(&report);
    assert!(home.status(&[]).stdout.contains("c-number"), "people are told, too");
    assert!(before == home.tree());
}

#[test]
fn fields_of_the_wrong_type_break_their_profile_only() {
    let profiles = json!({
        "a:key": { "type": "api_key", "provider": "a", "key": ["k"], "metadata": 3 },
        "b:token": { "type": "token", "provider": "b", "token": 7, "expires": NOW + DAY },
        "c:expires": { "type": "token", "provider": "c", "token": "t", "expires": "soon" },
        "d:oauth": { "type": "oauth", "provider": "d", "access": {}, "refresh": 1, "expires": NOW + DAY },
        "e:expires": { "type": "oauth", "provider": "e", "access": "a", "refresh": "r", "expires": [NOW] },
        "f:email": { "type": "token", "provider": "f", "token": "t", "email": {}, "accountId": [] },
    });
    let home = fleet().profiles("work", &profiles);
    let report = home.status(&["--json"]);
    let work = report.agent("work");
    assert_eq!(work["store"]["error"], Value::Null);
    let verdicts = [
        ("a:key", "missing", json!("missing_credential")),
        ("b:token", "missing", json!("missing_credential")),
        ("c:expires", "missing", json!("invalid_expires")),
        ("d:oauth", "missing", json!("missing_credential")),
        ("e:expires", "missing", Value::Null),
        ("f:email", "static", Value::Null),
    ];
    for (id, status, reason) in verdicts {
        let profile = profile(&work, id);
        assert_eq!(profile["status"], status, "{profile:#}");
        if !reason.is_null() {
            assert_eq!(profile["reasonCode"], reason, "{profile:#}");
        }
    }
    assert_others_report(&report);
    assert_eq!(home.status(&["--check"]).code, 1);
}

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn nesting_without_end() {
    let entry = |value: &str| {
        format!(r#"{{"profiles":{{"a":{{"type":"token","provider":"x","token":"t","extra":{value}}}}}}}"#)
    };
    let field =
        |value: &str| format!(r#"{{"profiles":{{"a":{{"type":"token","provider":"x","token":{value}}}}}}}"#);
    let objects = format!("{}1{}", r#"{"id":"#.repeat(200), "}".repeat(200));
    let documents = [
        nested(200),
        objects.clone(),
        format!(r#"{{"extra":{},"profiles":{{}}}}"#, nested(200)),
        format!(r#"{{"profiles":{}}}"#, nested(200)),
        format!(r#"{{"profiles":{{"a":{}}}}}"#, nested(200)),
        entry(&nested(200)),
        entry(&objects),
        field(&nested(200)),
        field(&objects),
        // So deep that a parser that recurses would overflow its stack.
        nested(1_000_000),
        entry(&nested(1_000_000)),
        "{\"a\":".repeat(1_000_000),
    ];
    for content in documents {
        assert_content_is_broken(content, "parse", "not JSON at line 1");
    }
}

#[test]
fn duplicate_keys_are_no_error_and_the_last_one_wins() {
    let content = format!(
        r#"{{"profiles":{{"gone:a":{{"type":"api_key","provider":"gone","key":"k"}}}},"version":1,
            "profiles":{{"x:a":{{"type":"token","type":"api_key","provider":"y","provider":"x","key":"k"}},
                         "x:b":3,"x:b":{{"type":"token","provider":"x","token":"t","expires":1,"expires":{}}}}}}}"#,
        NOW + HOUR
    );
    let home = fleet();
    fs::write(home.store("work"), content).unwrap();
    let report = home.status(&["--json"]);
    let work = report.agent("work");
    assert_eq!(work["store"]["error"], Value::Null);
    assert_eq!(work["rejected"], json!([]));
    assert_eq!(ids(&work), ["anthropic:default", "x:a", "x:b"]);
    assert_eq!(profile(&work, "x:a")["type"], "api_key");
    assert_eq!(profile(&work, "x:b")["status"], "expiring");
    assert_eq!(profile(&work, "x:b")["remainingMs"], HOUR);
    assert_others_report(&report);
    assert_eq!(home.status(&["--check"]).code, 2);
}

#[test]
fn a_file_of_64_mebibytes() {
    let home = fleet();
    File::create(home.store("work")).unwrap().set_len(64 << 20).unwrap();
    assert_broken(
        &home,
        "too-large",
        &home.store("work"),
        "has 67108864 bytes; more than 16777216 are not read",
    );
}

#[test]
fn the_largest_file_that_is_read() {
    let home = fleet();
    let mut content = document(&json!({ "zai:default": token("zai", 9 * DAY) }));
    let room = (16 << 20) - content.len();
    content.extend(std::iter::repeat_n(' ', room));
    fs::write(home.store("work"), &content).unwrap();
    assert_eq!(ids(&home.status(&["--json"]).agent("work")), ["anthropic:default", "zai:default"]);
    content.push(' ');
    fs::write(home.store("work"), &content).unwrap();
    assert_broken(&home, "too-large", &home.store("work"), "has 16777217 bytes");
}

#[test]
fn a_directory() {
    let home = fleet();
    fs::create_dir(home.store("work")).unwrap();
    assert_broken(&home, "not-a-file", &home.store("work"), "is a directory, not a file");
}

fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_fifo_that_nobody_writes_to() {
    let home = fleet();
    make_fifo(&home.store("work"));
    assert_broken(&home, "not-a-file", &home.store("work"), "is a FIFO, not a file");
}

#[test]
fn a_socket() {
    let home = fleet();
    let _listener = std::os::unix::net::UnixListener::bind(home.store("work")).unwrap();
    assert_broken(&home, "not-a-file", &home.store("work"), "not a file");
}

#[test]
fn a_device_without_end() {
    let home = fleet();
    symlink("/dev/zero", home.store("work")).unwrap();
    assert_broken(&home, "not-a-file", &home.store("work"), "is a device, not a file");
}

#[test]
fn a_link_to_nothing() {
    let home = fleet();
    symlink("nowhere.json", home.store("work")).unwrap();
    assert_broken(&home, "not-a-file", &home.store("work"), "is a link to nothing, not a file");
}

#[test]
fn a_loop_of_links() {
    let home = fleet();
    symlink("around.json", home.store("work")).unwrap();
    symlink("auth-profiles.json", home.agent_dir("work").join("around.json")).unwrap();
    assert_broken(&home, "not-a-file", &home.store("work"), "is a link that leads back to itself");
}

#[test]
fn a_link_to_a_store_elsewhere_is_followed() {
    let home = fleet();
    home.write("volume/store.json", document(&json!({ "zai:default": token("zai", 9 * DAY) })));
    symlink(home.path().join("volume/store.json"), home.store("work")).unwrap();
    assert_eq!(ids(&home.status(&["--json"]).agent("work")), ["anthropic:default", "zai:default"]);
}

/// The program as somebody who is not root, to whom everything is readable.
fn as_stranger(home: &Home, arguments: &[&str]) -> Command {
    let mut command = home.command(arguments);
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    command
}

/// Lets everybody read what is below a directory, and go through it.
fn open_up(dir: &Path) {
    fs::set_permissions(dir, Permissions::from_mode(0o755)).unwrap();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => open_up(&entry.path()),
            kind if kind.is_file() => {
                fs::set_permissions(entry.path(), Permissions::from_mode(0o644)).unwrap();
            }
            _ => {}
        }
    }
}

#[test]
fn a_file_that_may_not_be_read() {
    let home = fleet().profiles("work", &json!({ "zai:default": token("zai", DAY) }));
    open_up(home.path());
    let seen = run(as_stranger(&home, &["status", "--json", "--at", AT]));
    assert_eq!(ids(&seen.agent("work")), ["anthropic:default", "zai:default"], "it is the mode that matters");
    fs::set_permissions(home.store("work"), Permissions::from_mode(0o000)).unwrap();
    let stranger = |arguments: &[&str]| as_stranger(&home, arguments);
    assert_broken_as(
        stranger,
        &home,
        "permission",
        &home.store("work"),
        "may not be read by this user (uid ",
    );
}

#[test]
fn a_directory_that_may_not_be_searched() {
    let home = fleet().profiles("work", &json!({ "zai:default": token("zai", DAY) }));
    open_up(home.path());
    fs::set_permissions(home.agent_dir("work"), Permissions::from_mode(0o000)).unwrap();
    let stranger = |arguments: &[&str]| as_stranger(&home, arguments);
    // Without root's powers the tree is looked at only once the directory can be searched again.
    if rustix::process::geteuid().is_root() {
        assert_broken_as(
            stranger,
            &home,
            "permission",
            &home.agent_dir("work"),
            "may not be read by this user",
        );
    } else {
        let report = run(stranger(&["status", "--json", "--at", AT]));
        assert_eq!(report.agent("work")["store"]["error"]["reason"], "permission");
        assert_others_report(&report);
    }
    fs::set_permissions(home.agent_dir("work"), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_broken_store_of_main_leaves_the_others_their_own() {
    let home = fleet();
    fs::write(home.store("main"), "{").unwrap();
    let report = home.status(&["--json"]);
    assert_eq!(report.agent("main")["store"]["error"]["reason"], "parse");
    assert_eq!(ids(&report.agent("other")), ["xai:default"]);
    assert_eq!(report.agent("other")["exitCode"], 0);
    assert_eq!(home.status(&["--check"]).code, 1);
}

#[test]
fn a_broken_configuration_is_said_and_agents_are_found_all_the_same() {
    let text = |content: &str| content.as_bytes().to_vec();
    let contents = [
        (text("{ agents: { list: ["), "parse", "is not JSON5"),
        (text(""), "parse", "is not JSON5"),
        (text("[]"), "parse", "the top level is no object"),
        (b"{ a: '\xff' }".to_vec(), "parse", "is not UTF-8"),
        (text("{} {}"), "parse", "is not JSON5"),
        (text(&format!("{{ a: {} }}", nested(200))), "parse", "nested deeper than"),
        (text(&nested(1_000_000)), "parse", "nested deeper than"),
        (text(&"{a:".repeat(1_000_000)), "parse", "nested deeper than"),
        (vec![b' '; (16 << 20) + 1], "too-large", "are not read"),
    ];
    for (content, reason, says) in contents {
        let home = fleet();
        home.write(".openclaw/openclaw.json", content);
        assert_configuration_is_broken(&home, reason, says);
    }
    let home = fleet();
    make_fifo(&home.state().join("openclaw.json"));
    assert_configuration_is_broken(&home, "not-a-file", "is a FIFO");
    let home = fleet();
    fs::create_dir(home.state().join("openclaw.json")).unwrap();
    assert_configuration_is_broken(&home, "not-a-file", "is a directory");
}

fn assert_configuration_is_broken(home: &Home, reason: &str, says: &str) {
    let before = home.tree();
    let report = home.status(&["--json"]);
    assert_eq!(report.code, 0, "{}", report.stderr);
    let error = report.json()["config"]["error"].clone();
    assert_eq!(error["reason"], reason, "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("openclaw.json") && message.contains(says), "{message} should say {says}");
    // OpenClaw does not start with it, so nothing is vouched for.
    assert_others_report_and_exit(&report, 1);
    assert_eq!(ids(&report.agent("work")), ["anthropic:default"]);
    let table = home.status(&[]).stdout;
    assert!(table.contains("OpenClaw's configuration"), "people are told, too: {table}");
    assert!(before == home.tree());
}

#[test]
fn brackets_in_strings_and_comments_of_the_configuration_are_no_nesting() {
    let many = "[{".repeat(200);
    let config = format!(
        "// {many}\n/* {many} * / */ {{ a: '{many}\\'{many}', \"b\\\"{many}\": 1, agents: {{ list: [{{ id: 'listed' }}] }} }}"
    );
    let home = fleet().file(".openclaw/openclaw.json", config);
    let report = home.status(&["--json"]);
    assert_eq!(report.json()["config"]["error"], Value::Null);
    assert_eq!(ids(&report.agent("listed")), ["anthropic:default"]);
}

#[test]
fn a_broken_state_file_is_said_and_does_not_count() {
    let contents: [(&[u8], &str); 6] = [
        (b"", "parse"),
        (b"{\"order\":{", "parse"),
        (b"\xff", "parse"),
        (b"\xef\xbb\xbf{}", "parse"),
        (b"{\"x\":\"\\ud800\"", "parse"),
        (b"{\"usageStats\":{\"xai:default\":{\"cooldownUntil\":1e}}}", "parse"),
    ];
    for (content, reason) in contents {
        let home = fleet();
        home.write(".openclaw/agents/other/agent/auth-state.json", content);
        assert_state_is_broken(&home, reason);
    }
    let home = fleet();
    make_fifo(&home.agent_dir("other").join("auth-state.json"));
    assert_state_is_broken(&home, "not-a-file");
    let home = fleet();
    File::create(home.agent_dir("other").join("auth-state.json")).unwrap().set_len(64 << 20).unwrap();
    assert_state_is_broken(&home, "too-large");
}

fn assert_state_is_broken(home: &Home, reason: &str) {
    let before = home.tree();
    let report = home.status(&["--json"]);
    let error = report.agent("other")["store"]["stateError"].clone();
    assert_eq!(error["reason"], reason, "{error}");
    assert!(error["message"].as_str().unwrap().contains("other/agent/auth-state.json"), "{error}");
    assert_others_report(&report);
    assert_eq!(home.status(&["--check"]).code, 0);
    assert!(before == home.tree());
}

#[test]
fn broken_legacy_files_are_passed_over() {
    for content in ["", "[]", "{", "3", "{\"groq\":7}", &nested(200)] {
        let home = fleet();
        home.write(".openclaw/agents/work/agent/auth.json", content);
        home.write(".openclaw/credentials/oauth.json", content);
        let report = home.status(&["--json"]);
        assert_eq!(ids(&report.agent("work")), ["anthropic:default"], "{content}");
        assert_others_report(&report);
    }
}

#[test]
fn broken_files_of_other_programs_are_passed_over() {
    for content in ["", "[]", "{\"claudeAiOauth\":3,\"tokens\":[]}", "\u{feff}{}", &nested(1_000_000)] {
        let mut home = fleet();
        for path in [
            ".claude/.credentials.json",
            ".codex/auth.json",
            ".gemini/oauth_creds.json",
            ".minimax/oauth_creds.json",
            ".openclaw/.env",
        ] {
            home = home.file(path, content);
        }
        let report = home.status(&["--json"]);
        assert_eq!(report.json()["external"], json!([]));
        assert_others_report(&report);
    }
}

#[test]
fn a_path_that_is_not_utf8_is_shown_as_well_as_it_can_be() {
    use std::os::unix::ffi::OsStrExt;

    let home = fleet();
    let moved = home.path().join(std::ffi::OsStr::from_bytes(b"st\xffte"));
    fs::rename(home.state(), &moved).unwrap();
    let mut command = home.command(&["status", "--json", "--at", AT]);
    command.arg("--state-dir").arg(&moved);
    let report = run(command);
    assert_eq!(report.code, 0, "{}", report.stderr);
    assert!(report.agent("main")["dir"].as_str().unwrap().contains("st\u{fffd}te"));
    assert_others_report(&report);
}

#[cfg(feature = "sqlite")]
mod databases {
    use std::io::{Seek, SeekFrom, Write};

    use rusqlite::Connection;

    use super::*;
    use crate::support::{agent_connection, put_agent_state, put_agent_store};

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
        assert_broken(&home, "schema", &home.agent_database("work"), "has schema 99");
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
        for content in
            ["x", "SQLite format 3\0", "SQLite format 4\0 and then something else entirely, on and on"]
        {
            let home = fleet();
            fs::write(home.agent_database("work"), content).unwrap();
            assert_broken(&home, "parse", &home.agent_database("work"), "is no SQLite database");
        }
    }

    #[test]
    fn that_is_damaged() {
        let home = healthy();
        let path = home.agent_database("work");
        let length = fs::metadata(&path).unwrap().len();
        overwrite(&path, 100, &vec![0xff; usize::try_from(length).unwrap() - 100]);
        assert_broken(&home, "parse", &path, "a damaged one");

        let home = healthy();
        let path = home.agent_database("work");
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length / 2).unwrap();
        assert_broken(&home, "parse", &path, "a damaged one");
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
        let stranger = |arguments: &[&str]| as_stranger(&home, arguments);
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
}
