//! What may go wrong around a renewal, and must not cost the login: answers cut off, recovery files at a wrong time, copies of one token,
//! writers that ask for no lock, terminals that go away, disks that are full.

use std::os::unix::fs::MetadataExt;
use std::process::Stdio;

use serde_json::json;

use crate::support::home::{Home, Ran, make_fifo, stored};
use crate::support::renewal::{PROFILE, expired, home, login};
use crate::support::time::{now, wait_until};
use crate::support::token_server::{Fault, TokenServer};

fn is_good(home: &Home, server: &TokenServer, agent: &str) -> bool {
    server.is_good(login(home, agent)["refresh"].as_str().unwrap())
}

/// By the other clock an hour has passed as well.
fn forget_when_it_was_issued(home: &Home) {
    let path = home.path().join(".local/state/authwatch/state.json");
    let mut memory = stored(&path);
    for record in memory["logins"].as_object_mut().unwrap().values_mut() {
        record.as_object_mut().unwrap().remove("issued");
    }
    std::fs::write(path, memory.to_string()).unwrap();
}

#[test]
fn a_token_whose_successor_waits_in_a_rescue_file_is_not_presented_again() {
    let server = TokenServer::start();
    let home = home(&server).env("AUTHWATCH_TEST_FAIL", "rename");
    assert_eq!((home.run(&["refresh"]).code, server.calls()), (73, 1));
    // It cannot be put back yet, and the store holds the token that is spent.
    for arguments in [&["refresh"][..], &["refresh", "--force"], &["watch", "--once"]] {
        let ran = home.run(arguments);
        assert_eq!((server.calls(), server.reuses()), (1, 0), "{arguments:?}: {}{}", ran.stdout, ran.stderr);
    }
    let home = home.env("AUTHWATCH_TEST_FAIL", "");
    assert_eq!(home.run(&["refresh"]).code, 0);
    assert!(is_good(&home, &server, "main"));
}

#[test]
fn copies_of_a_token_that_is_spent_are_not_presented_where_main_has_no_store() {
    let server = TokenServer::start();
    let copy = expired(&server.sign_in("shared"));
    let home = Home::new()
        .file(".config/authwatch/config.toml", server.config(&["openai-codex"]))
        .profiles("one", &json!({ PROFILE: copy }))
        .profiles("two", &json!({ PROFILE: copy }));
    for arguments in [&["refresh"][..], &["refresh"], &["refresh", "--force", "--agent", "two"]] {
        let ran = home.run(arguments);
        assert_eq!((ran.code, server.reuses()), (0, 0), "{arguments:?}: {}{}", ran.stdout, ran.stderr);
    }
    assert!(is_good(&home, &server, "one"));
    // An hour later the one that was renewed is renewed again, and the copy is still left alone.
    let mut store = stored(&home.store("one"));
    store["profiles"][PROFILE]["expires"] = json!(now() - 60_000);
    std::fs::write(home.store("one"), store.to_string()).unwrap();
    forget_when_it_was_issued(&home);
    let ran = home.run(&["refresh"]);
    assert_eq!((ran.code, server.reuses()), (0, 0), "{}{}", ran.stdout, ran.stderr);
    assert!(is_good(&home, &server, "one"));
}

#[test]
fn what_somebody_stored_meanwhile_is_not_overwritten() {
    let server = TokenServer::start();
    let home = home(&server);
    server.fail(Fault::Slow);
    let child = home.command(&["refresh"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until(|| server.calls() == 1);
    // A person signs in again by a program that asks for no lock.
    let newer = server.sign_in("newer");
    let mut entry = expired(&newer);
    entry["expires"] = json!(now() + 3_600_000);
    let mut store = stored(&home.store("main"));
    store["profiles"][PROFILE] = entry;
    std::fs::write(home.store("main"), store.to_string()).unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(login(&home, "main")["refresh"], newer.as_str(), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_rescue_of_another_accounts_tokens_is_never_put_back() {
    use base64::Engine;
    let jwt = |account: &str| {
        let claims = json!({ "https://api.openai.com/auth": { "chatgpt_account_id": account } });
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims.to_string());
        format!("e30.{claims}.c2ln")
    };
    let server = TokenServer::start();
    let home = home(&server);
    server.access(&jwt("acct-1"));
    assert_eq!(home.run(&["refresh"]).code, 0);
    server.access(&jwt("acct-2"));
    let before = stored(&home.store("main"));
    assert_eq!(home.run(&["refresh", "--force"]).code, 78);
    for _ in 0..2 {
        home.run(&["refresh"]);
        assert_eq!(stored(&home.store("main")), before);
    }
    let kept = std::fs::read_dir(home.path().join(".local/state/authwatch/rescue")).unwrap().flatten();
    let mut kinds: Vec<_> = kept.map(|entry| entry.path().extension().unwrap().to_owned()).collect();
    kinds.sort();
    assert_eq!(kinds, ["generation", "other-account"], "the first answer was stored, the second never");
}

#[test]
fn an_older_rescue_never_replaces_a_newer_access_token_of_the_same_login() {
    let server = TokenServer::start();
    server.omit_refresh();
    let home = home(&server).env("AUTHWATCH_TEST_FAIL", "rename");
    assert_eq!(home.run(&["refresh"]).code, 73);
    // The refresh token does not change with this provider, and OpenClaw has renewed meanwhile.
    let mut store = stored(&home.store("main"));
    store["profiles"][PROFILE]["access"] = json!("canary-access-of-openclaw");
    store["profiles"][PROFILE]["expires"] = json!(now() + 2 * 3_600_000);
    std::fs::write(home.store("main"), store.to_string()).unwrap();
    let home = home.env("AUTHWATCH_TEST_FAIL", "");
    let ran = home.run(&["refresh"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(login(&home, "main")["access"], "canary-access-of-openclaw");
}

#[test]
fn a_rescue_outlives_what_authwatch_remembers() {
    let server = TokenServer::start();
    let home = home(&server).env("AUTHWATCH_TEST_FAIL", "rename");
    assert_eq!(home.run(&["refresh"]).code, 73);
    std::fs::remove_file(home.path().join(".local/state/authwatch/state.json")).unwrap();
    let home = home.env("AUTHWATCH_TEST_FAIL", "");
    let ran = home.run(&["refresh"]);
    assert_eq!((ran.code, server.reuses()), (0, 0), "{}{}", ran.stdout, ran.stderr);
    assert!(is_good(&home, &server, "main"));
}

#[test]
fn a_whole_answer_counts_whatever_becomes_of_the_connection() {
    for fault in [Fault::CutBehind, Fault::Unchunked, Fault::Huge] {
        let server = TokenServer::start();
        let home = home(&server);
        server.fail(fault.clone());
        let ran = home.run(&["refresh"]);
        assert_eq!((ran.code, server.calls()), (0, 1), "{fault:?}: {}{}", ran.stdout, ran.stderr);
        assert!(is_good(&home, &server, "main"));
    }
    // Half of one is none.
    let server = TokenServer::start();
    let home = home(&server);
    server.fail(Fault::CutWithin);
    let before = stored(&home.store("main"));
    let ran = home.run(&["refresh"]);
    assert_eq!(ran.code, 75, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("connection lost"), "{}", ran.stdout);
    assert_eq!(stored(&home.store("main")), before);
}

#[test]
fn a_terminal_that_goes_away_waits_for_what_is_in_flight() {
    use rustix::process::{Pid, Signal, kill_process};
    let commands = [&["refresh"][..], &["watch", "--once"], &["watch", "--listen", "127.0.0.1:0"]];
    for (arguments, signal) in commands.into_iter().flat_map(|arguments| {
        [Signal::HUP, Signal::QUIT, Signal::INT, Signal::TERM].map(|signal| (arguments, signal))
    }) {
        let server = TokenServer::start();
        let home = home(&server);
        server.fail(Fault::Slow);
        let mut child = home.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until(|| server.calls() == 1);
        kill_process(Pid::from_child(&child), signal).unwrap();
        if arguments.contains(&"--listen") && signal == Signal::HUP {
            // The daemon reads its configuration again, and goes on.
            wait_until(|| is_good(&home, &server, "main"));
            kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        }
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?} {signal:?}");
        assert!(is_good(&home, &server, "main"), "{arguments:?} {signal:?}");
    }
}

#[test]
fn a_token_that_ends_in_a_lifetime_is_believed_for_an_hour() {
    let server = TokenServer::start();
    let home = home(&server);
    // Some mean the moment and not the time until then.
    server.expires_in(Some(4_000_000_000));
    assert_eq!(home.run(&["refresh"]).code, 0);
    let end = login(&home, "main")["expires"].as_i64().unwrap();
    assert!(end < now() + 3_700_000, "{end}");
}

#[test]
fn what_cannot_be_stored_after_all_is_rescued_and_put_back() {
    for step in ["write", "rename"] {
        let server = TokenServer::start();
        let home = home(&server).env("AUTHWATCH_TEST_FAIL", step);
        let before = std::fs::read(home.store("main")).unwrap();
        let ran = home.run(&["refresh"]);
        assert_eq!((ran.code, server.calls()), (73, 1), "{}{}", ran.stdout, ran.stderr);
        assert!(
            ran.stderr.contains("ERROR") && ran.stderr.contains("rescue"),
            "the loudest there is: {}",
            ran.stderr
        );
        assert_eq!(std::fs::read(home.store("main")).unwrap(), before);
        let rescue: Vec<_> =
            std::fs::read_dir(home.path().join(".local/state/authwatch/rescue")).unwrap().flatten().collect();
        assert_eq!(rescue.len(), 1);
        assert_eq!(rescue[0].metadata().unwrap().mode() & 0o777, 0o600);

        let home = home.env("AUTHWATCH_TEST_FAIL", "");
        let ran = home.run(&["refresh"]);
        assert_eq!((ran.code, server.calls(), server.reuses()), (0, 1, 0), "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("\tstored"), "{}", ran.stdout);
        assert!(server.is_good(login(&home, "main")["refresh"].as_str().unwrap()));
        assert!(!rescue[0].path().exists());
    }
}

#[test]
fn a_rescued_token_never_replaces_a_newer_login() {
    let server = TokenServer::start();
    let home = home(&server).env("AUTHWATCH_TEST_FAIL", "rename");
    assert_eq!(home.run(&["refresh"]).code, 73);
    let newer = server.sign_in("newer");
    let mut entry = expired(&newer);
    entry["expires"] = json!(now() + 3_600_000);
    let home = home.env("AUTHWATCH_TEST_FAIL", "").profiles("main", &json!({ PROFILE: entry }));
    let ran = home.run(&["refresh"]);
    assert!(ran.code == 0 && ran.stdout.contains("superseded"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(login(&home, "main")["refresh"], newer.as_str());
}

#[test]
fn recovery_files_without_end_hinder_nothing() {
    let server = TokenServer::start();
    let home = home(&server);
    let dir = home.path().join(".local/state/authwatch/rescue");
    std::fs::create_dir_all(&dir).unwrap();
    make_fifo(&dir.join("rescue-fifo.generation"));
    std::fs::File::create(dir.join("rescue-sparse.generation")).unwrap().set_len(1 << 30).unwrap();
    let ran = home.run(&["refresh", "--force"]);
    assert_eq!((ran.code, server.calls()), (0, 1), "{}{}", ran.stdout, ran.stderr);
    assert!(is_good(&home, &server, "main"));
}
