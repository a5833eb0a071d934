//! Machines that are not as one would like them: no home named, no OpenClaw yet, nowhere to write; and the person who starts
//! the daemon by hand there.

use std::process::Command;

use serde_json::json;

use crate::support::daemon::Daemon;
use crate::support::home::{DAY, Home, run, token};
use crate::support::terminal::Terminal;

#[test]
fn without_home_the_systems_home_directory_is_used() {
    let mut system = Command::new("sh");
    system.args(["-c", "getent passwd \"$(id -u)\" | cut -d: -f6"]);
    let known = run(system).stdout.trim().to_owned();
    assert!(known.starts_with('/'), "{known}");
    let home = Home::new();
    for empty in [false, true] {
        let mut command = home.command(&["config", "check"]);
        command.env_remove("HOME");
        if empty {
            command.env("HOME", "");
        }
        let ran = run(command);
        // Whatever is there, it is looked for there.
        let place = format!("{}/.config/authwatch/config.toml", known.trim_end_matches('/'));
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains(&place), "{}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn the_daemon_reports_a_missing_openclaw_and_waits_for_it() {
    let home = Home::new();
    let daemon = Daemon::ready(&home, &[]);
    let said = format!("there is no OpenClaw state directory at `{}`", home.state().display());
    assert!(daemon.log().contains(&said), "{}", daemon.log());
    assert!(daemon.log().contains("set OPENCLAW_STATE_DIR"), "{}", daemon.log());
}

#[test]
fn a_daemon_started_by_hand_prints_the_address_of_the_page() {
    let home = Home::new().profiles("main", &json!({ "anthropic:a": token("anthropic", DAY) }));
    for arguments in
        [&["watch", "--listen", "127.0.0.1:0"][..], &["watch", "--demo", "--listen", "127.0.0.1:0"]]
    {
        let mut terminal = Terminal::run(&home.command(arguments), 40);
        terminal.expect("the page is on http://127.0.0.1:");
    }
}

#[test]
fn what_cannot_be_written_is_reported_with_the_cause_and_a_hint() {
    let home = Home::new()
        .profiles("main", &json!({ "anthropic:a": token("anthropic", DAY) }))
        .file(".local/state", "a file where the state directory should be");
    let daemon = Daemon::ready(&home, &[]);
    for log in [daemon.log(), home.run(&["status"]).stderr, home.run(&["watch", "--once"]).stderr] {
        assert!(log.contains("state.json`: Not a directory"), "{log}");
    }
    let log = daemon.log();
    let renewing = log.lines().find(|line| line.contains("nothing is renewed")).unwrap_or_default();
    assert!(renewing.contains("Not a directory") && renewing.contains("set XDG_STATE_HOME"), "{log}");
}

#[test]
fn a_check_without_openclaw_has_a_hint() {
    let ran = Home::new().run(&["status", "--check"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("no OpenClaw state directory"), "{}", ran.stderr);
    assert!(ran.stderr.contains("set OPENCLAW_STATE_DIR"), "{}", ran.stderr);
}

#[test]
fn a_timer_fails_if_nothing_could_be_renewed_or_remembered() {
    let home = Home::new()
        .profiles("main", &json!({ "anthropic:a": token("anthropic", DAY) }))
        .file(".local/state", "a file where the state directory should be");
    assert_eq!(home.run(&["watch", "--once"]).code, 73);
    // With nothing to renew and nobody to notify, only the memory is lost.
    let ran = home.run(&["watch", "--once", "--no-refresh"]);
    assert!(ran.code <= 2, "{}{}", ran.code, ran.stderr);
    let notifying = home.file(".config/authwatch/config.toml", "[notify.command.x]\nrun = [\"true\"]\n");
    assert_eq!(notifying.run(&["watch", "--once", "--no-refresh"]).code, 73);
}

#[test]
fn where_nothing_can_be_written_a_hint_names_the_variable() {
    let home = Home::new().file("file", "no directory");
    let nowhere = home.path().join("file");
    let demo = Home::new().env("TMPDIR", nowhere.to_str().unwrap());
    for arguments in [&["status", "--demo"][..], &["watch", "--demo", "--listen", "127.0.0.1:0"]] {
        let ran = demo.run(arguments);
        assert!(ran.code == 73 && ran.stderr.contains("set TMPDIR"), "{}", ran.stderr);
    }
    let init = Home::new().env("XDG_CONFIG_HOME", nowhere.to_str().unwrap()).run(&["config", "init"]);
    assert!(init.code == 73 && init.stderr.contains("XDG_CONFIG_HOME"), "{}", init.stderr);
}
