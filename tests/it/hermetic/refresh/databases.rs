//! Logins in agents' databases: renewed where releases without fences keep them, under the refresh lock, and only read elsewhere.

use std::time::Duration;

use rusqlite::TransactionBehavior;
use serde_json::json;

use crate::support::databases::{
    DATABASE_PROFILE as PROFILE, agent_connection, database_home as home, database_home_of as home_of,
    database_profiles as profiles, expired_in_database as expired, put_agent_store,
};
use crate::support::home::{Home, Ran, document};
use crate::support::paused::Paused;
use crate::support::renewal::locks;
use crate::support::time::now;
use crate::support::token_server::{Fault, TokenServer};

fn is_good(home: &Home, server: &TokenServer, agent: &str) -> bool {
    server.is_good(home.in_database(agent)["profiles"][PROFILE]["refresh"].as_str().unwrap())
}

#[test]
fn a_due_login_is_renewed_and_nothing_else_changes() {
    let server = TokenServer::start();
    let home = home(&server);
    let before = home.in_database("main");
    let ran = home.run(&["refresh"]);
    assert_eq!((ran.code, server.calls()), (0, 1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("main\topenai:default\trenewed"), "{}", ran.stdout);
    let after = home.in_database("main");
    let mut expected = before.clone();
    for field in ["access", "refresh", "expires"] {
        assert_ne!(after["profiles"][PROFILE][field], before["profiles"][PROFILE][field], "{field}");
        expected["profiles"][PROFILE][field] = after["profiles"][PROFILE][field].clone();
    }
    assert_eq!(after, expected);
    assert!(is_good(&home, &server, "main") && locks(&home).is_empty());
    let connection = agent_connection(&home.agent_database("main"));
    let (text, updated): (String, i64) = connection
        .query_row("SELECT store_json, updated_at FROM auth_profile_store", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(text, serde_json::from_str::<Box<serde_json::value::RawValue>>(&text).unwrap().get());
    assert!(!text.contains('\n') && (now() - updated).abs() < 600_000, "{updated}");
    let ran = home.run(&["refresh"]);
    assert_eq!((ran.code, server.calls()), (0, 1), "nothing is due: {}", ran.stdout);
}

#[test]
fn an_agents_own_login_is_renewed_at_its_owner_and_mirrored_into_main() {
    let server = TokenServer::start();
    let home = Home::new()
        .file(".config/authwatch/config.toml", server.config(&["openai"]))
        .database("main", &json!({}))
        .database("work", &profiles(&server.sign_in("work")))
        .with_schemas(&["main", "work"], 1, 1);
    let ran = home.run(&["refresh"]);
    assert_eq!((ran.code, server.calls(), server.reuses()), (0, 1, 0), "{}{}", ran.stdout, ran.stderr);
    assert!(is_good(&home, &server, "work") && is_good(&home, &server, "main"));
    assert!(home.in_database("work")["profiles"]["openrouter:k"].is_object());
}

#[test]
fn other_schemas_and_other_agents_databases_are_only_read() {
    let server = TokenServer::start();
    for (agent_schema, shared_schema) in [(1, 2), (2, 1), (15, 15), (19, 15), (23, 18), (24, 18)] {
        let home = home_of(&server, agent_schema, shared_schema);
        let before = home.in_database("main");
        let ran = home.run(&["refresh", "--force"]);
        let schemas = format!("{agent_schema}/{shared_schema}: {}{}", ran.stdout, ran.stderr);
        assert_eq!((server.calls(), home.in_database("main") == before), (0, true), "{schemas}");
        assert!(ran.stdout.contains("in a database that only OpenClaw writes"), "{schemas}");
    }
    // A copy of another agent's database says whose it is.
    let home = home(&server);
    agent_connection(&home.agent_database("main"))
        .execute("UPDATE schema_meta SET agent_id = 'other'", [])
        .unwrap();
    let ran = home.run(&["refresh"]);
    assert_eq!(server.calls(), 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("in a database that says it is another agent's"), "{}", ran.stdout);
    assert!(locks(&home).is_empty());
}

#[test]
fn the_configuration_leaves_databases_to_openclaw() {
    let server = TokenServer::start();
    let home = home(&server);
    let config = format!("[refresh]\ndatabases = \"off\"\n{}", server.config(&["openai"]));
    let home = home.file(".config/authwatch/config.toml", config);
    let ran = home.run(&["refresh"]);
    assert_eq!(server.calls(), 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("`refresh.databases` is \"off\""), "{}", ran.stdout);
}

#[test]
fn a_sign_in_during_the_call_stays() {
    let server = TokenServer::start();
    let home = home(&server);
    let paused = Paused::at("answered", &home, home.command(&["refresh"]));
    let newer = server.sign_in("newer");
    let mut entry = expired(&newer);
    entry["expires"] = json!(now() + 3_600_000);
    put_agent_store(
        &agent_connection(&home.agent_database("main")),
        &document(&json!({ PROFILE: entry, "new:k": { "type": "api_key", "provider": "new", "key": "k" } })),
    );
    let ran = paused.finish();
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let stored = home.in_database("main");
    assert_eq!(stored["profiles"][PROFILE]["refresh"], json!(newer));
    assert!(stored["profiles"]["new:k"].is_object());
}

#[test]
fn what_others_write_beside_it_during_the_call_stays_too() {
    let server = TokenServer::start();
    let home = home(&server);
    let paused = Paused::at("answered", &home, home.command(&["refresh"]));
    let mut other = home.in_database("main");
    other["profiles"]["new:k"] = json!({ "type": "api_key", "provider": "new", "key": "k" });
    put_agent_store(&agent_connection(&home.agent_database("main")), &other.to_string());
    assert_eq!(paused.finish().code, 0);
    assert!(home.in_database("main")["profiles"]["new:k"].is_object() && is_good(&home, &server, "main"));
}

#[test]
fn a_program_that_is_killed_loses_nothing_once_the_answer_is_there() {
    for step in ["filled", "written", "committed", "saved"] {
        let server = TokenServer::start();
        let home = home(&server);
        Paused::at(step, &home, home.command(&["refresh"])).kill();
        let ran = home.run(&["refresh"]);
        assert_eq!((server.calls(), server.reuses()), (1, 0), "{step}: {}{}", ran.stdout, ran.stderr);
        assert!(is_good(&home, &server, "main"), "{step}: {}{}", ran.stdout, ran.stderr);
        assert!(locks(&home).is_empty(), "{step}");
    }
}

#[test]
fn a_program_that_is_killed_before_the_call_leaves_the_login_as_it_was() {
    for step in ["refresh-locked", "rehearsed", "reserved"] {
        let server = TokenServer::start();
        let home = home(&server);
        let before = home.in_database("main");
        Paused::at(step, &home, home.command(&["refresh"])).kill();
        assert_eq!((server.calls(), home.in_database("main") == before), (0, true), "{step}");
        let ran = home.run(&["refresh"]);
        assert_eq!((ran.code, server.calls()), (0, 1), "{step}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn a_full_disk_after_the_call_costs_nothing() {
    for step in ["write", "commit"] {
        let server = TokenServer::start();
        let home = home(&server).env("AUTHWATCH_TEST_FAIL", step);
        let before = home.in_database("main");
        let ran = home.run(&["refresh"]);
        assert_eq!((ran.code, server.calls()), (73, 1), "{step}: {}{}", ran.stdout, ran.stderr);
        assert!(home.in_database("main") == before, "{step}");
        let home = home.env("AUTHWATCH_TEST_FAIL", "");
        let ran = home.run(&["refresh"]);
        assert_eq!((server.calls(), server.reuses()), (1, 0), "{step}: {}{}", ran.stdout, ran.stderr);
        assert!(is_good(&home, &server, "main"), "{step}");
    }
}

#[test]
fn a_database_that_others_hold_for_a_while_is_waited_for() {
    let server = TokenServer::start();
    let home = home(&server);
    let paused = Paused::at("filled", &home, home.command(&["refresh"]));
    let mut connection = agent_connection(&home.agent_database("main"));
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    paused.resume();
    std::thread::sleep(Duration::from_secs(2));
    drop(transaction);
    let ran = Ran::of(paused.child.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(is_good(&home, &server, "main"));
}

#[test]
fn a_failed_call_leaves_the_login_as_it_was() {
    for fault in [
        Fault::Answer(500, "", String::new()),
        Fault::Answer(429, "", String::new()),
        Fault::Answer(200, "Content-Type: text/html\r\n", "<html>sign in</html>".to_owned()),
        Fault::Reset,
    ] {
        let server = TokenServer::start();
        let home = home(&server);
        let before = home.in_database("main");
        server.fail(fault.clone());
        let ran = home.run(&["refresh"]);
        assert!(home.in_database("main") == before, "{fault:?}: {}{}", ran.stdout, ran.stderr);
        assert!(locks(&home).is_empty(), "{fault:?}");
        server.recover();
        let ran = home.run(&["refresh", "--force"]);
        assert_eq!((ran.code, server.reuses()), (0, 0), "{fault:?}: {}{}", ran.stdout, ran.stderr);
        assert!(is_good(&home, &server, "main"), "{fault:?}");
    }
}

#[test]
fn many_processes_make_one_call_and_all_are_content() {
    let server = TokenServer::start();
    let home = home(&server);
    let spawn = |_| {
        let piped = std::process::Stdio::piped;
        home.command(&["refresh"]).stdout(piped()).stderr(piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..8).map(spawn).collect();
    for child in children {
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    }
    assert_eq!((server.calls(), server.reuses()), (1, 0));
    assert!(is_good(&home, &server, "main") && locks(&home).is_empty());
}

/// OpenClaw does not read a JSON file beside a database, so what is in it stands in for nothing.
#[test]
fn a_file_that_a_migration_left_does_not_hide_a_login_that_is_over() {
    let server = TokenServer::start();
    let mut other = expired("another-token");
    other["expires"] = json!(now() + 3_600_000);
    let home = home(&server).profiles("main", &json!({ PROFILE: other }));
    let reused = r#"{"error":{"code":"refresh_token_reused","message":"already used"}}"#.to_owned();
    server.fail(Fault::Answer(401, "", reused));
    let ran = home.run(&["refresh"]);
    assert_eq!(server.calls(), 1, "{}{}", ran.stdout, ran.stderr);
    // Not authwatch's own command, which writes no database.
    let over = "needs sign-in: another program already used its refresh token; run `openclaw models auth ";
    assert!(ran.stdout.contains(over), "{}{}", ran.stdout, ran.stderr);
    let report = home.run(&["status"]).stdout;
    assert!(report.contains("$ openclaw models auth ") && !report.contains("$ authwatch auth"), "{report}");
}

#[test]
fn another_users_database_is_only_read() {
    if !rustix::process::geteuid().is_root() {
        println!("needs root: gives a database away");
        return;
    }
    let server = TokenServer::start();
    let home = home(&server);
    std::os::unix::fs::chown(home.agent_database("main"), Some(4242), Some(4242)).unwrap();
    let before = home.in_database("main");
    let ran = home.run(&["refresh"]);
    assert_eq!((server.calls(), home.in_database("main") == before), (0, true), "{}", ran.stderr);
    assert!(ran.stdout.contains("in a database of another user"), "{}{}", ran.stdout, ran.stderr);
}
