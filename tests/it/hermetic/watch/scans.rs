//! Passes of the daemon: what is checked, renewed, and counted, and what expires, hangs, fails, or changes meanwhile.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::daemon::{Daemon, scans};
use crate::support::home::{DAY, HOUR, Home, plain_home, stored};
use crate::support::renewal::{PROFILE, expired, home, leftovers, locks, login};
use crate::support::sample_home::everything;
use crate::support::time::now;
use crate::support::token_server::{Fault, TokenServer};

pub(crate) fn token(ends_in: i64) -> Value {
    json!({ "type": "token", "provider": "anthropic", "token": "t",
        "expires": now() + ends_in })
}

#[test]
fn once_exits_by_the_assessment() {
    for (profiles, code) in [
        (json!({ "anthropic:a": token(30 * DAY) }), 0),
        (json!({ "anthropic:a": token(5 * HOUR) }), 2),
        (json!({ "anthropic:a": token(-HOUR) }), 1),
    ] {
        let home = Home::new().env("OPENAI_API_KEY", "k").profiles("main", &profiles);
        let ran = home.run(&["watch", "--once"]);
        assert_eq!(ran.code, code, "{profiles}: {}", ran.stderr);
        assert_eq!(home.run(&["status", "--check"]).code, code, "{profiles}");
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    }
    let ran = Home::new().run(&["watch", "--once"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("no OpenClaw state directory"), "{}", ran.stderr);
}

#[test]
fn once_renews_and_writes_the_textfile() {
    let server = TokenServer::start();
    let home = everything(&server).file("collected/other.prom", "");
    let collected = home.path().join("collected");
    let file = collected.join("authwatch.prom");
    let path = file.to_str().unwrap();
    let untouched = std::fs::read(home.store("main")).unwrap();
    let ran = home.run(&["watch", "--once", "--no-refresh", "--textfile", path]);
    assert_eq!((ran.code, server.calls()), (1, 0), "{}", ran.stderr);
    assert_eq!(std::fs::read(home.store("main")).unwrap(), untouched);
    let ran = home.run(&["watch", "--once", "--textfile", path]);
    assert_eq!(
        (ran.code, server.calls()),
        (1, 1),
        "a store is broken and a provider missing: {}",
        ran.stderr
    );
    let renewed = stored(&home.store("main"))["profiles"]["xai:default"]["refresh"].clone();
    assert!(server.is_good(renewed.as_str().unwrap()));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o644);
    let names: BTreeSet<_> =
        std::fs::read_dir(&collected).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names, BTreeSet::from(["authwatch.prom".into(), "other.prom".into()]));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("process_"));
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        assert_eq!(line.split(' ').count(), 2, "a series and a value, no time: {line}");
    }
    assert!(text.contains("authwatch_refresh_attempts_total{provider=\"xai\"} 1\n"));
    let renewed = "authwatch_refresh_last_success_timestamp_seconds{agent=\"main\",provider=\"xai\",profile=\"xai:default\"} ";
    assert!(text.contains(renewed), "{text}");

    let nowhere = home.run(&["watch", "--once", "--textfile", "nowhere/authwatch.prom"]);
    assert!(
        nowhere.code == 1 && nowhere.stderr.contains("cannot write `nowhere/authwatch.prom`"),
        "{}",
        nowhere.stderr
    );
}

#[test]
fn what_is_due_is_renewed_counted_and_shown() {
    let server = TokenServer::start();
    let home = home(&server);
    let started = now();
    let daemon = Daemon::ready(&home, &[]);
    daemon.wait_for_metric("authwatch_refresh_attempts_total{provider=\"openai-codex\"}", 1.0);
    let series = "{agent=\"main\",provider=\"openai-codex\",profile=\"openai-codex:default\"}";
    for name in ["last_success", "last_attempt"] {
        let at = daemon.metric(&format!("authwatch_refresh_{name}_timestamp_seconds{series}")).unwrap();
        assert!((at - now_seconds()).abs() < 60.0, "{name}: {at}");
    }
    let next = format!("authwatch_refresh_next_timestamp_seconds{series}");
    daemon.wait("the next renewal is known", || daemon.metric(&next).is_some_and(|at| at > now_seconds()));
    let expiry = daemon.metric(&format!("authwatch_credential_expiry_timestamp_seconds{series}")).unwrap();
    assert!(expiry > now_seconds() + 3000.0, "the new end is shown: {expiry}");
    assert_eq!(
        daemon.metric("authwatch_refresh_duration_seconds_count{provider=\"openai-codex\"}"),
        Some(1.0)
    );
    let lock_wait = daemon.metric("authwatch_refresh_lock_wait_seconds_count");
    assert!(lock_wait.is_some_and(|count| count >= 1.0), "{lock_wait:?}");
    let page = daemon.get("/").text();
    assert!(page.contains("renewed, valid for"), "{page}");
    assert_eq!((server.calls(), server.reuses()), (1, 0), "since {started}");
    assert!(server.is_good(login(&home, "main")["refresh"].as_str().unwrap()));
}

fn now_seconds() -> f64 {
    authwatch::clock::now().as_secs()
}

#[test]
fn a_provider_that_hangs_hides_nothing() {
    let server = TokenServer::start();
    server.fail(Fault::Hang);
    let home = home(&server);
    // Ready within seconds, and what changes meanwhile shows; the call is given up after thirty.
    let daemon = Daemon::start(&home, &[]);
    daemon.wait("the token is presented", || server.calls() == 1);
    daemon.wait("it is ready", || daemon.get("/readyz").status == 200);
    let agents = daemon.metric("authwatch_agents").unwrap();
    let home = home.profiles("newcomer", &json!({}));
    daemon.wait_for_metric("authwatch_agents", agents + 1.0);
    let attempts = "authwatch_refresh_attempts_total{provider=\"openai-codex\"}";
    assert_eq!(daemon.metric(attempts), Some(0.0), "the call has ended meanwhile, and nothing was tested");
    assert_eq!(server.calls(), 1);
    drop(home);
}

#[test]
fn a_refused_login_is_counted_with_its_reason_and_never_presented_again() {
    let server = TokenServer::start();
    let body = r#"{"error":{"code":"refresh_token_reused"}}"#.to_owned();
    server.fail(Fault::Answer(401, "Content-Type: application/json\r\n", body));
    let home = home(&server);
    let daemon = Daemon::ready(&home, &["--interval", "200ms"]);
    let failures =
        "authwatch_refresh_failures_total{provider=\"openai-codex\",reason=\"refresh_token_reused\"}";
    daemon.wait_for_metric(failures, 1.0);
    let dead = "authwatch_credential_login{agent=\"main\",provider=\"openai-codex\",profile=\"openai-codex:default\",login=\"dead\"}";
    daemon.wait_for_metric(dead, 1.0);
    let before = scans(&daemon);
    daemon.wait("three more passes", || scans(&daemon) >= before + 3.0);
    assert_eq!((server.calls(), daemon.metric(failures)), (1, Some(1.0)));
    assert!(daemon.get("/").text().contains("not renewed: refresh token reused"));
    // Signing in again ends it.
    server.recover();
    let refresh = server.sign_in("again");
    let document = json!({ "version": 1, "profiles": { PROFILE: expired(&refresh) } });
    std::fs::write(home.store("main"), document.to_string()).unwrap();
    daemon.wait_for_metric(dead, 0.0);
    daemon.wait("it is renewed", || server.calls() == 2);
}

#[test]
fn sigterm_waits_for_what_is_in_flight() {
    let server = TokenServer::start();
    server.fail(Fault::Slow);
    let home = home(&server);
    let mut daemon = Daemon::start(&home, &[]);
    daemon.wait("the token is presented", || server.calls() == 1);
    let spent = login(&home, "main");
    daemon.signal(Signal::TERM);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ended(), Some(0), "{}", daemon.log());
    assert_ne!(login(&home, "main")["refresh"], spent["refresh"], "the answer was waited for, and kept");
    assert!(server.is_good(login(&home, "main")["refresh"].as_str().unwrap()));
    assert!(locks(&home).is_empty() && leftovers(&home, "main").is_empty());

    let idle = Home::new().profiles("main", &json!({}));
    for signal in [Signal::TERM, Signal::INT] {
        let mut daemon = Daemon::ready(&idle, &[]);
        daemon.signal(signal);
        assert_eq!(daemon.ended(), Some(0), "{signal:?}");
    }
}

#[test]
fn what_cannot_be_renewed_for_want_of_a_place_is_watched_all_the_same() {
    let server = TokenServer::start();
    let home = home(&server).file(".local/state", "a file where the state directory should be");
    let daemon = Daemon::ready(&home, &[]);
    assert_eq!(daemon.metric("authwatch_agents"), Some(1.0));
    assert_eq!(server.calls(), 0, "{}", daemon.log());
    assert!(daemon.log().contains("nothing is renewed"), "{}", daemon.log());
}

#[test]
fn the_configuration_is_read_again_and_a_wrong_one_refused() {
    const CONFIG: &str = ".config/authwatch/config.toml";
    // A directory that is not there cannot be watched: its file would be noticed at the next pass only.
    let home = Home::new()
        .profiles("main", &json!({ "anthropic:a": token(2 * DAY) }))
        .file(".config/authwatch/notes.txt", "");
    let file = home.path().join("authwatch.prom");
    let daemon = Daemon::ready(&home, &["--textfile", "authwatch.prom", "--no-refresh"]);
    let good = "authwatch_config_last_reload_successful";
    let expiring = "authwatch_credentials{status=\"expiring\"}";
    assert_eq!((daemon.metric(good), daemon.metric(expiring)), (Some(1.0), Some(0.0)));
    // There is none yet, and nobody has named one: that is no mistake.
    daemon.signal(Signal::HUP);
    daemon.wait("SIGHUP is heeded", || daemon.log().contains("read the configuration again on SIGHUP"));
    assert_eq!(daemon.metric(good), Some(1.0));
    home.write(CONFIG, "[status]\nwarn = \"3d\"\n");
    daemon.wait("a new file is read", || {
        daemon.log().contains("for it has changed") || daemon.metric(expiring) == Some(1.0)
    });
    daemon.wait_for_metric(expiring, 1.0);
    home.write(CONFIG, "[status]\nwran = \"1d\"\n");
    daemon.wait_for_metric(good, 0.0);
    assert_eq!(daemon.metric(expiring), Some(1.0), "the old one goes on");
    assert!(daemon.log().contains("wran"), "{}", daemon.log());
    assert!(daemon.get("/").text().contains("the configuration was refused"));
    daemon.signal(Signal::HUP);
    let before = scans(&daemon);
    daemon.wait("SIGHUP makes a pass", || scans(&daemon) > before);
    assert_eq!(daemon.metric(good), Some(0.0));
    std::fs::remove_file(&file).unwrap();
    home.write(CONFIG, "[status]\nwarn = \"1d\"\n[metrics]\nhash_profiles = true\n");
    daemon.wait_for_metric(good, 1.0);
    daemon.wait_for_metric(expiring, 0.0);
    assert!(!daemon.get("/metrics").text().contains("anthropic:a"), "names in labels follow");
    assert!(file.exists(), "what the command line says stays in force");
    assert_eq!(daemon.get("/healthz").status, 200, "and the address is the same");
}

#[test]
fn a_pass_that_panics_is_a_failed_one_and_the_scrape_goes_on() {
    let home = plain_home();
    let trouble = home.path().join("trouble");
    let mut command = home.command(&["watch", "--no-refresh", "--log-level", "info"]);
    command.args(["--listen", "127.0.0.1:0", "--interval", "200ms"]);
    command.env("AUTHWATCH_TEST_PANIC", format!("scan={}", trouble.display()));
    let daemon = Daemon::listening(command);
    daemon.wait("the first pass", || daemon.get("/readyz").status == 200);
    let before = scans(&daemon);
    std::fs::write(&trouble, "").unwrap();
    daemon.wait("passes fail", || {
        daemon.metric("authwatch_scan_failures_total").is_some_and(|failures| failures >= 2.0)
    });
    assert!(daemon.metric("authwatch_agents").is_some(), "the last picture stays");
    std::fs::remove_file(&trouble).unwrap();
    daemon.wait("passes succeed again", || scans(&daemon) >= before + 3.0);
}

#[test]
fn a_change_on_disk_shows_at_once() {
    let home = Home::new().profiles("main", &json!({})).profiles("other", &json!({}));
    let daemon = Daemon::ready(&home, &["--no-refresh"]);
    let before = scans(&daemon);
    let series = "authwatch_credential_expiry_timestamp_seconds{agent=\"main\",provider=\"anthropic\",profile=\"anthropic:a\"}";
    let mut took: Vec<Duration> = (0..5)
        .map(|number| {
            // After some quiet: changes in a row are looked at together, once a second.
            std::thread::sleep(Duration::from_millis(1100));
            let end = 4_000_000_000_i64 + number;
            let entry =
                json!({ "type": "token", "provider": "anthropic", "token": "t", "expires": end * 1000 });
            let draft = home.path().join("draft");
            std::fs::write(&draft, json!({ "version": 1, "profiles": { "anthropic:a": entry } }).to_string())
                .unwrap();
            let start = Instant::now();
            std::fs::rename(&draft, home.store("main")).unwrap();
            let end = f64::from(i32::try_from(end - 2_000_000_000).unwrap()) + 2e9;
            daemon.wait_for_metric(series, end);
            start.elapsed()
        })
        .collect();
    took.sort();
    println!("from a change on disk to the metric: median {:?}, longest {:?}", took[2], took[4]);
    assert!(took[2] < Duration::from_secs(1), "{took:?}");
    let passes = scans(&daemon) - before;
    assert!(passes <= 10.0, "{passes} passes for 5 changes");
    // A new agent is noticed, and then watched as well.
    let home = home.profiles("new", &json!({}));
    daemon.wait_for_metric("authwatch_agents", 3.0);
    let _home = home.profiles("new", &json!({ "anthropic:b": token(-HOUR) }));
    daemon.wait_for_metric("authwatch_credentials{status=\"expired\"}", 1.0);
    assert!(daemon.get("/").text().contains("a new agent"));
}
