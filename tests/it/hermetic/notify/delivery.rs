//! No message is lost, and none is repeated: over refusals, hangs, kills, restarts and new settings.

use std::fs;
use std::process::Stdio;

use serde_json::json;

use crate::support::daemon::Daemon;
use crate::support::home::{document, run};
use crate::support::notify::{CONFIG, STORE, fixed, home, once, waiting, webhook};
use crate::support::receiver::{Answer, Receiver};
use crate::support::time::now;

#[test]
fn what_is_refused_is_neither_retried_for_ever_nor_lost() {
    let receiver = Receiver::start();
    receiver.answer(Answer::With(404, "", "no such hook"));
    let home = home(&webhook(&receiver, "own", ""));
    // From a timer, ten minutes apart, for three days.
    let start = now();
    let later = |minutes: i64| (start + minutes * 60_000).to_string();
    for pass in 0..(3 * 24 * 6) {
        home.run(&["watch", "--once", "--at", &later(pass * 10)]);
        if receiver.received().len() >= 6 {
            break;
        }
    }
    let waits = waiting(&home)["own"].clone();
    let tried = receiver.received().len();
    assert!((5..=30).contains(&tried), "{tried}");
    assert!(waits.as_array().is_some_and(|waits| !waits.is_empty()), "{waits}");
    // Another address, and it goes.
    let other = Receiver::start();
    home.write(CONFIG, webhook(&other, "own", ""));
    home.run(&["watch", "--once", "--at", &later(4 * 24 * 60)]);
    let taken = other.at("/own");
    // All that was refused in one, and what this pass has to say.
    assert!((1..=2).contains(&taken.len()), "{taken:?}");
    assert_eq!(taken[0]["changes"][0]["profile"], "xai:default");
    assert_eq!(taken[0]["changes"][0]["change"], "new", "nobody was notified yet");
    assert_eq!(waiting(&home)["own"].as_array().map_or(0, Vec::len), 0);
}

#[test]
fn a_channel_that_hangs_delays_no_other_and_no_check() {
    let (good, hanging) = (Receiver::start(), Receiver::start());
    hanging.answer(Answer::Hang);
    let config = webhook(&good, "good", "") + &webhook(&hanging, "hanging", "");
    let home = home(&config);
    let daemon = Daemon::start(&home, &["--no-refresh", "--interval", "100ms"]);
    daemon.wait("the good channel to get a message", || good.received().len() == 1);
    daemon.wait("the hanging channel to be called", || hanging.received().len() == 1);
    // While one hangs, a change goes through by the other.
    home.write(STORE, document(&fixed()));
    daemon.wait("the good channel to get the end", || good.received().len() == 2);
    assert_eq!(hanging.received().len(), 1);
    daemon.wait_for_metric("authwatch_notifications_total{channel=\"good\"}", 2.0);
    daemon.wait_for_metric("authwatch_notifications_total{channel=\"hanging\"}", 0.0);
    assert!(
        daemon.metric("authwatch_notification_last_success_timestamp_seconds{channel=\"hanging\"}").is_none()
    );
    assert!(daemon.metric("authwatch_notifications_waiting{channel=\"hanging\"}").unwrap() >= 1.0);
}

#[test]
fn failures_are_counted_by_reason_and_over_restarts() {
    let receiver = Receiver::start();
    receiver.answer(Answer::With(503, "Retry-After: 7200\r\n", "later"));
    let home = home(&webhook(&receiver, "own", ""));
    let failed = "authwatch_notification_failures_total{channel=\"own\",reason=\"server_error\"}";
    {
        let daemon = Daemon::start(&home, &["--no-refresh"]);
        daemon.wait_for_metric(failed, 1.0);
        daemon.wait_for_metric("authwatch_notification_failures_total{channel=\"own\",reason=\"dns\"}", 0.0);
    }
    let textfile = home.path().join("authwatch.prom");
    let ran = home.run(&["watch", "--once", "--no-refresh", "--textfile", textfile.to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let text = fs::read_to_string(&textfile).unwrap();
    assert!(text.contains(&format!("{failed} 1\n")), "not asked again before it wants to be: {text}");
    assert_eq!(receiver.received().len(), 1);
}

#[test]
fn a_removed_state_directory_is_notified_by_a_timer_too() {
    let receiver = Receiver::start();
    let home = home(&webhook(&receiver, "own", "")).profiles("main", &fixed());
    assert_eq!(home.run(&["watch", "--once", "--no-refresh"]).code, 0);
    assert!(receiver.received().is_empty());
    fs::rename(home.state(), home.path().join("unmounted")).unwrap();
    once(&home);
    let message = &receiver.at("/own")[0];
    assert_eq!(message["changes"][0]["condition"], "gone", "{message}");
}

#[test]
fn sigterm_lets_a_message_on_its_way_arrive() {
    let receiver = Receiver::start();
    let home = home(&webhook(&receiver, "own", ""));
    let mut daemon = Daemon::start(&home, &["--no-refresh"]);
    daemon.wait("the message", || receiver.received().len() == 1);
    daemon.signal(rustix::process::Signal::TERM);
    assert_eq!(daemon.ended(), Some(0));
    assert!(waiting(&home).as_object().unwrap().values().all(|waits| waits.as_array().unwrap().is_empty()));
    let mut again = home.command(&["watch", "--once", "--no-refresh"]);
    again.stdin(Stdio::null());
    run(again);
    assert_eq!(receiver.received().len(), 1);
}

const FILE: &str = ".local/state/authwatch/notify.json";

#[test]
fn a_damaged_store_is_moved_aside_and_a_newer_one_is_left_alone() {
    let receiver = Receiver::start();
    let config =
        webhook(&receiver, "own", "") + &format!("[notify.heartbeat]\nurl = \"{}\"\n", receiver.url("/beat"));
    let home = home(&config);
    once(&home);
    home.write(FILE, "{\"version\": 1, \"ledger\": {\"inc");
    once(&home);
    once(&home);
    assert_eq!(receiver.at("/own").len(), 2, "once more, because nothing is remembered");
    let aside = fs::read_to_string(home.path().join(format!("{FILE}.damaged"))).unwrap();
    assert!(aside.ends_with("{\"inc"), "{aside}");
    let newer = "{\"version\": 99, \"ledger\": []}";
    home.write(FILE, newer);
    let ran = home.run(&["watch", "--once", "--no-refresh"]);
    assert!(ran.stderr.contains("newer authwatch"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(home.path().join(FILE)).unwrap(), newer);
    // The heartbeat reports that notifying failed.
    let paths: Vec<String> = receiver.received().into_iter().map(|request| request.path).collect();
    assert_eq!(paths.last().map(String::as_str), Some("/beat/73"), "{paths:?}");
}

#[test]
fn a_daemon_that_cannot_write_its_store_notifies_all_the_same_and_once() {
    let receiver = Receiver::start();
    let home = home(&webhook(&receiver, "own", ""));
    // A full disk, as far as this file goes; even root cannot open these for writing.
    for lock in ["notify.lock", "notify-own.lock"] {
        fs::create_dir_all(home.path().join(".local/state/authwatch").join(lock)).unwrap();
    }
    let daemon = Daemon::start(&home, &["--no-refresh", "--interval", "100ms"]);
    daemon.wait("the message", || receiver.received().len() == 1);
    home.write(STORE, document(&fixed()));
    daemon.wait("the end of it", || receiver.received().len() == 2);
    assert!(!home.path().join(FILE).exists());
    assert!(daemon.log().contains("remembered in memory only"), "{}", daemon.log());
    for lock in ["notify.lock", "notify-own.lock"] {
        fs::remove_dir(home.path().join(".local/state/authwatch").join(lock)).unwrap();
    }
    daemon.wait("the store to be written", || home.path().join(FILE).exists());
    assert_eq!(receiver.received().len(), 2);
}

#[test]
fn a_message_on_its_way_survives_new_settings_and_is_not_sent_twice() {
    let home = home("");
    let (begun, go) = (home.path().join("begun"), home.path().join("go"));
    let script = format!("echo x >> {}; until [ -e {} ]; do sleep 0.05; done", begun.display(), go.display());
    home.write(CONFIG, format!("[notify.command.own]\nrun = [\"sh\", \"-c\", \"{script}\"]\n"));
    let daemon = Daemon::start(&home, &["--no-refresh"]);
    daemon.wait("the command to run", || begun.exists());
    daemon.signal(rustix::process::Signal::HUP);
    daemon.wait("the settings to be read", || daemon.log().contains("read the configuration again"));
    fs::write(&go, "").unwrap();
    daemon.wait("the message to be taken", || waiting(&home)["own"].as_array().map_or(0, Vec::len) == 0);
    daemon.wait_for_metric("authwatch_notifications_total{channel=\"own\"}", 1.0);
    assert_eq!(fs::read_to_string(&begun).unwrap(), "x\n");
}

#[test]
fn a_new_or_renamed_channel_gets_open_problems() {
    let receiver = Receiver::start();
    receiver.answer(Answer::With(503, "", "down"));
    let home = home(&webhook(&receiver, "before", ""));
    once(&home);
    receiver.answer(Answer::With(200, "", "ok"));
    // What waits for a name that is no more would be lost with it.
    home.write(CONFIG, webhook(&receiver, "after", ""));
    once(&home);
    once(&home);
    let messages = receiver.at("/after");
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (&messages[0]["changes"][0]["profile"], &messages[0]["severity"]),
        (&json!("xai:default"), &json!("critical"))
    );
}

#[test]
fn what_was_refused_is_retried_as_soon_as_its_secret_changes() {
    let receiver = Receiver::start();
    receiver.answer(Answer::With(401, "", "who are you"));
    let home = home("");
    home.write("token", "old");
    let file = home.path().join("token").display().to_string();
    home.write(CONFIG, webhook(&receiver, "own", &format!("token_file = \"{file}\"\n")));
    once(&home);
    once(&home);
    assert_eq!(receiver.received().len(), 1, "a refusal is not hurried");
    receiver.answer(Answer::With(200, "", "ok"));
    home.write("token", "new");
    once(&home);
    let requests = receiver.received();
    assert_eq!((requests.len(), requests[1].header("authorization")), (2, Some("Bearer new")));
}
