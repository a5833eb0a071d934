//! `authwatch watch`: the real daemon, asked as Prometheus, browsers, systemd and strangers ask.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use authwatch::publish::metrics;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::Signal;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

use crate::prometheus::METRICS;
use crate::refresh::{PROFILE, expired, home, leftovers, locks, login, now, stored};
use crate::support::{DAY, HOUR, Home};
use crate::token_server::{Fault, TokenServer};
use crate::watching::{Watching, ask, received, request, send};

/// The lock under which OpenClaw renews [`PROFILE`].
const REFRESH_LOCK: &str = ".openclaw/locks/oauth-refresh/sha256-cee1bbaed8073aace8170859a25616882c288ceeaa1119df363bf01cc0cdab65.lock";

/// A state in which there is something of everything: a renewal, a login being renewed by somebody else, a cooldown, a
/// provider without any login, a store that cannot be read.
fn everything(server: &TokenServer) -> Home {
    let until = now() + 3_600_000;
    let codex = json!({ "type": "oauth", "provider": "openai-codex", "access": "a", "refresh": "r", "expires": now() + 864_000_000 });
    let due = json!({ "type": "oauth", "provider": "xai", "access": "a", "refresh": server.sign_in("xai"), "expires": now() });
    let since = chrono::DateTime::from_timestamp_millis(i64::try_from(now()).unwrap()).unwrap();
    let lock = json!({ "pid": std::process::id(), "createdAt": since.to_rfc3339_opts(chrono::SecondsFormat::Millis, true) });
    Home::new()
        .file(
            ".config/authwatch/config.toml",
            server.config(&["openai-codex", "xai"]) + "[notify.command.nobody]\nrun = [\"true\"]\n",
        )
        .file(".openclaw/openclaw.json", "{ agents: { defaults: { model: 'mistral/mistral-large' } } }")
        .profiles(
            "main",
            &json!({
                PROFILE: codex,
                "xai:default": due,
                "groq:default": { "type": "api_key", "provider": "groq", "key": "k" },
            }),
        )
        .file(
            ".openclaw/agents/main/agent/auth-state.json",
            json!({ "version": 1, "usageStats": {
            "groq:default": { "cooldownUntil": until, "cooldownReason": "rate_limit", "errorCount": 1 } } })
            .to_string(),
        )
        .file(".openclaw/agents/broken/agent/auth-profiles.json", "{")
        .file(REFRESH_LOCK, lock.to_string())
}

/// Runs `promtool check metrics`, which must have nothing to say.
fn check_metrics(text: &str) {
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|problem| panic!("cannot run promtool ({problem}): apt-get install prometheus"));
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
}

/// The names of all families in a scrape.
fn families(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.map(|rest| rest.split(' ').next().unwrap().to_owned()).collect()
}

/// Two reports of the same state, made a moment apart.
fn assert_alike(one: &Value, other: &Value, place: &str) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = |object: &serde_json::Map<String, Value>| object.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(one), keys(other), "{place}");
            for (key, value) in one {
                assert_alike(value, &other[key], &format!("{place}.{key}"));
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            assert_eq!(one.len(), other.len(), "{place}");
            for (number, (one, other)) in one.iter().zip(other).enumerate() {
                assert_alike(one, other, &format!("{place}[{number}]"));
            }
        }
        (Value::Number(one), Value::Number(other)) => {
            let difference = (one.as_f64().unwrap() - other.as_f64().unwrap()).abs();
            assert!(difference < 60_000.0, "{place}: {one} and {other}");
        }
        _ if place.ends_with("generatedAt") => {}
        _ => assert_eq!(one, other, "{place}"),
    }
}

#[test]
fn every_path_is_answered_and_nothing_else() {
    let server = TokenServer::start();
    let home = everything(&server);
    let watching = Watching::ready(&home, &["--no-refresh"]);
    for (path, kind, part) in [
        ("/healthz", "text/plain; charset=utf-8", "ok\n"),
        ("/readyz", "text/plain; charset=utf-8", "ready\n"),
        ("/", "text/html; charset=utf-8", "<!DOCTYPE html>"),
        ("/?q=xai&show=all", "text/html; charset=utf-8", "xai:default"),
        ("/fragment", "text/html; charset=utf-8", "xai:default"),
        ("/style.css", "text/css; charset=utf-8", "{"),
        ("/script.js", "text/javascript; charset=utf-8", "fetch"),
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8", "authwatch_agents 2\n"),
        ("/api/v1/status", "application/json", "\"agents\""),
    ] {
        let answer = watching.get(path);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{path}");
        assert!(answer.text().contains(part), "{path}: {}", answer.text());
        let head = watching.ask("HEAD", path, &[]);
        assert_eq!((head.status, head.body.len()), (200, 0), "HEAD {path}");
        assert_eq!(head.header("content-type"), Some(kind), "HEAD {path}");
    }
    for path in ["/nothing", "/metrics/", "/%2e%2e/etc/passwd", "//", "/api/v1", "/API/V1/STATUS"] {
        assert_eq!(watching.get(path).status, 404, "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"] {
        let answer = watching.ask(method, "/metrics", &["Content-Length: 0"]);
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")), "{method}");
    }
    for path in ["/", "/metrics", "/nothing", "/api/v1/status"] {
        let answer = watching.get(path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    let report = home.run(&["status", "--json"]).json();
    let shown: Value = serde_json::from_slice(&watching.get("/api/v1/status").body).unwrap();
    assert_alike(&shown, &report, "report");
    assert_eq!(server.calls(), 0, "looking starts nothing");
}

#[test]
fn what_is_no_proper_request_is_refused_and_the_next_one_answered() {
    let home = Home::new().profiles("main", &json!({}));
    let watching = Watching::ready(&home, &["--no-refresh"]);
    let address = watching.address;
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"what?\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    ] {
        let answer = send(address, garbage);
        assert_eq!(answer.status, 400, "{:?}", String::from_utf8_lossy(garbage));
    }
    let long = "x".repeat(1 << 20);
    for request in [
        format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Long: {long}\r\n\r\n"),
        format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(100_000)),
    ] {
        let status = send(address, request.as_bytes()).status;
        assert!(matches!(status, 400 | 414 | 431), "{status}");
    }
    for host in [
        "evil.example",
        "evil.example:10979",
        "127.0.0.1.evil.example",
        "localhost.evil.example:80",
        "10.0.0.1",
        "",
    ] {
        let answer = watching.ask("GET", "/api/v1/status", &[&format!("Host: {host}")]);
        assert_eq!(answer.status, 421, "{host:?}");
    }
    for host in ["localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:1", "[::1]:10979", "127.9.9.9"] {
        let answer = watching.ask("GET", "/api/v1/status", &[&format!("Host: {host}")]);
        assert_eq!(answer.status, 200, "{host}");
    }
    assert_eq!(send(address, b"GET /metrics HTTP/1.0\r\n\r\n").status, 421, "no host is no name of this one");
    assert_eq!(watching.get("/metrics").status, 200);
}

#[test]
fn metrics_come_in_both_formats_and_compressed() {
    let home = Home::new().profiles("main", &json!({}));
    let watching = Watching::ready(&home, &["--no-refresh"]);
    let open = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3";
    let cases = [(open, true), ("text/plain", false), ("*/*", false)];
    for (accept, is_open) in cases {
        let accept = format!("Accept: {accept}");
        let plain = watching.ask("GET", "/metrics", &[&accept]);
        let zipped = watching.ask("GET", "/metrics", &[&accept, "Accept-Encoding: gzip"]);
        let kind = if is_open {
            "application/openmetrics-text; version=1.0.0; charset=utf-8"
        } else {
            "text/plain; version=0.0.4; charset=utf-8"
        };
        for answer in [&plain, &zipped] {
            assert_eq!(answer.header("content-type"), Some(kind));
            assert_eq!(answer.header("vary"), Some("Accept, Accept-Encoding"));
        }
        assert_eq!(
            (plain.header("content-encoding"), zipped.header("content-encoding")),
            (None, Some("gzip"))
        );
        let text = zipped.unzipped();
        assert!(zipped.body.len() < text.len() / 3);
        assert_eq!(families(&text), families(&plain.text()));
        assert_eq!(text.ends_with("# EOF\n"), is_open);
        assert_eq!(text.contains("# TYPE authwatch_scans counter\n"), is_open);
    }
    let refused = watching.ask("GET", "/metrics", &["Accept-Encoding: br, gzip;q=0"]);
    assert_eq!(refused.header("content-encoding"), None, "gzip was refused");
}

#[test]
fn promtool_and_the_list_of_metrics_agree_with_what_is_served() {
    let server = TokenServer::start();
    let home = everything(&server);
    let watching = Watching::ready(&home, &[]);
    watching.wait_for_metric("authwatch_refresh_attempts_total{provider=\"xai\"}", 1.0);
    let next =
        "authwatch_refresh_next_timestamp_seconds{agent=\"main\",provider=\"xai\",profile=\"xai:default\"}";
    watching.wait("the next renewal is known", || watching.metric(next).is_some());
    watching.wait("somebody is told", || {
        watching.metric("authwatch_notifications_total{channel=\"nobody\"}").is_some_and(|told| told >= 1.0)
    });
    let text = watching.get("/metrics").text();
    check_metrics(&text);
    let listed: BTreeSet<String> = METRICS.iter().map(|name| (*name).to_owned()).collect();
    let found = families(&text);
    assert_eq!(found, listed, "different: {:?}\n{text}", found.symmetric_difference(&listed));
    let own: BTreeSet<&str> = metrics::METRICS.iter().map(|(name, _)| *name).collect();
    assert_eq!(own, METRICS.into_iter().filter(|name| name.starts_with("authwatch_")).collect());
    let help = text.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split_once(' '));
    for (name, help) in help {
        assert!(help.len() > 10 && help.ends_with('.'), "{name}: {help}");
    }
    let holds = |line: &str| assert!(text.lines().any(|found| found == line), "no {line} in {text}");
    holds("authwatch_agents 2");
    holds("authwatch_check_exit_code_overall 1");
    holds("authwatch_provider_in_use_missing{agent=\"main\",provider=\"mistral\"} 1");
    holds("authwatch_store_up{agent=\"broken\",store=\"json\"} 0");
    holds("authwatch_store_up{agent=\"main\",store=\"json\"} 1");
    holds(
        "authwatch_credential_login{agent=\"main\",provider=\"openai-codex\",profile=\"openai-codex:default\",login=\"refreshing\"} 1",
    );
    assert!(!text.contains("NaN"));
    let locked =
        text.lines().filter(|line| line.starts_with("authwatch_refresh_lock_held_since_timestamp_seconds{"));
    assert_eq!(
        locked.count(),
        1,
        "a lock is told of where its login is kept, not at everybody who inherits it"
    );
    for forbidden in ["canary", "access", home.path().to_str().unwrap()] {
        assert!(!text.lines().any(|line| !line.starts_with('#') && line.contains(forbidden)), "{forbidden}");
    }

    let demo = Watching::ready(&Home::new(), &["--demo"]);
    check_metrics(&demo.get("/metrics").text());
}

fn token(ends_in: i64) -> Value {
    json!({ "type": "token", "provider": "anthropic", "token": "t",
        "expires": i64::try_from(now()).unwrap() + ends_in })
}

fn scans(watching: &Watching) -> f64 {
    watching.metric("authwatch_scans_total").unwrap_or_default()
}

#[test]
fn once_exits_as_a_check_does() {
    for (profiles, code) in [
        (json!({ "anthropic:a": token(30 * DAY) }), 0),
        (json!({ "anthropic:a": token(HOUR) }), 2),
        (json!({ "anthropic:a": token(-HOUR) }), 1),
    ] {
        let home = Home::new().profiles("main", &profiles);
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
    check_metrics(&text);
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
fn what_is_due_is_renewed_counted_and_told_of() {
    let server = TokenServer::start();
    let home = home(&server);
    let started = now();
    let watching = Watching::ready(&home, &[]);
    watching.wait_for_metric("authwatch_refresh_attempts_total{provider=\"openai-codex\"}", 1.0);
    let series = "{agent=\"main\",provider=\"openai-codex\",profile=\"openai-codex:default\"}";
    for name in ["last_success", "last_attempt"] {
        let at = watching.metric(&format!("authwatch_refresh_{name}_timestamp_seconds{series}")).unwrap();
        assert!((at - now_seconds()).abs() < 60.0, "{name}: {at}");
    }
    let next = format!("authwatch_refresh_next_timestamp_seconds{series}");
    watching
        .wait("the next renewal is known", || watching.metric(&next).is_some_and(|at| at > now_seconds()));
    let expiry = watching.metric(&format!("authwatch_credential_expiry_timestamp_seconds{series}")).unwrap();
    assert!(expiry > now_seconds() + 3000.0, "the new end is shown: {expiry}");
    assert_eq!(
        watching.metric("authwatch_refresh_duration_seconds_count{provider=\"openai-codex\"}"),
        Some(1.0)
    );
    let lock_wait = watching.metric("authwatch_refresh_lock_wait_seconds_count");
    assert!(lock_wait.is_some_and(|count| count >= 1.0), "{lock_wait:?}");
    let page = watching.get("/").text();
    assert!(page.contains("renewed, valid for"), "{page}");
    assert_eq!((server.calls(), server.reuses()), (1, 0), "since {started}");
    assert!(server.is_good(login(&home, "main")["refresh"].as_str().unwrap()));
}

fn now_seconds() -> f64 {
    authwatch::clock::now().seconds()
}

#[test]
fn a_provider_that_hangs_hides_nothing() {
    let server = TokenServer::start();
    server.fail(Fault::Hang);
    let home = home(&server);
    // Ready within seconds, and what changes meanwhile shows; the call is given up after thirty.
    let watching = Watching::start(&home, &[]);
    watching.wait("the token is presented", || server.calls() == 1);
    watching.wait("it is ready", || watching.get("/readyz").status == 200);
    let agents = watching.metric("authwatch_agents").unwrap();
    let home = home.profiles("newcomer", &json!({}));
    watching.wait_for_metric("authwatch_agents", agents + 1.0);
    let attempts = "authwatch_refresh_attempts_total{provider=\"openai-codex\"}";
    assert_eq!(watching.metric(attempts), Some(0.0), "the call has ended meanwhile, and nothing was tested");
    assert_eq!(server.calls(), 1);
    drop(home);
}

#[test]
fn a_dead_login_is_counted_with_its_reason_and_never_presented_again() {
    let server = TokenServer::start();
    let body = r#"{"error":{"code":"refresh_token_reused"}}"#.to_owned();
    server.fail(Fault::Answer(401, "Content-Type: application/json\r\n", body));
    let home = home(&server);
    let watching = Watching::ready(&home, &["--interval", "200ms"]);
    let failures =
        "authwatch_refresh_failures_total{provider=\"openai-codex\",reason=\"refresh_token_reused\"}";
    watching.wait_for_metric(failures, 1.0);
    let dead = "authwatch_credential_login{agent=\"main\",provider=\"openai-codex\",profile=\"openai-codex:default\",login=\"dead\"}";
    watching.wait_for_metric(dead, 1.0);
    let before = scans(&watching);
    watching.wait("three more passes", || scans(&watching) >= before + 3.0);
    assert_eq!((server.calls(), watching.metric(failures)), (1, Some(1.0)));
    assert!(watching.get("/").text().contains("not renewed: refresh token reused"));
    // Signing in again ends it.
    server.recover();
    let refresh = server.sign_in("again");
    let document = json!({ "version": 1, "profiles": { PROFILE: expired(&refresh) } });
    std::fs::write(home.store("main"), document.to_string()).unwrap();
    watching.wait_for_metric(dead, 0.0);
    watching.wait("it is renewed", || server.calls() == 2);
}

#[test]
fn sigterm_waits_for_what_is_in_flight() {
    let server = TokenServer::start();
    server.fail(Fault::Slow);
    let home = home(&server);
    let mut watching = Watching::start(&home, &[]);
    watching.wait("the token is presented", || server.calls() == 1);
    let spent = login(&home, "main");
    watching.signal(Signal::TERM);
    watching.signal(Signal::TERM);
    assert_eq!(watching.ended(), Some(0), "{}", watching.log());
    assert_ne!(login(&home, "main")["refresh"], spent["refresh"], "the answer was waited for, and kept");
    assert!(server.is_good(login(&home, "main")["refresh"].as_str().unwrap()));
    assert!(locks(&home).is_empty() && leftovers(&home, "main").is_empty());

    let idle = Home::new().profiles("main", &json!({}));
    for signal in [Signal::TERM, Signal::INT] {
        let mut watching = Watching::ready(&idle, &[]);
        watching.signal(signal);
        assert_eq!(watching.ended(), Some(0), "{signal:?}");
    }
}

#[test]
fn what_cannot_be_renewed_for_want_of_a_place_is_watched_all_the_same() {
    let server = TokenServer::start();
    let home = home(&server).file(".local/state", "a file where the state directory should be");
    let watching = Watching::ready(&home, &[]);
    assert_eq!(watching.metric("authwatch_agents"), Some(1.0));
    assert_eq!(server.calls(), 0, "{}", watching.log());
    assert!(watching.log().contains("nothing is renewed"), "{}", watching.log());
}

#[test]
fn the_configuration_is_read_again_and_a_wrong_one_refused() {
    const CONFIG: &str = ".config/authwatch/config.toml";
    // A directory that is not there cannot be watched: its file would be noticed at the next pass only.
    let home = Home::new()
        .profiles("main", &json!({ "anthropic:a": token(2 * DAY) }))
        .file(".config/authwatch/notes.txt", "");
    let file = home.path().join("authwatch.prom");
    let watching = Watching::ready(&home, &["--textfile", "authwatch.prom", "--no-refresh"]);
    let good = "authwatch_config_last_reload_successful";
    let expiring = "authwatch_credentials{status=\"expiring\"}";
    assert_eq!((watching.metric(good), watching.metric(expiring)), (Some(1.0), Some(0.0)));
    // There is none yet, and nobody has named one: that is no mistake.
    watching.signal(Signal::HUP);
    watching.wait("SIGHUP is heeded", || watching.log().contains("read the configuration again on SIGHUP"));
    assert_eq!(watching.metric(good), Some(1.0));
    home.write(CONFIG, "[status]\nwarn = \"3d\"\n");
    watching.wait("a new file is read", || {
        watching.log().contains("for it has changed") || watching.metric(expiring) == Some(1.0)
    });
    watching.wait_for_metric(expiring, 1.0);
    home.write(CONFIG, "[status]\nwran = \"1d\"\n");
    watching.wait_for_metric(good, 0.0);
    assert_eq!(watching.metric(expiring), Some(1.0), "the old one goes on");
    assert!(watching.log().contains("wran"), "{}", watching.log());
    assert!(watching.get("/").text().contains("the configuration was refused"));
    watching.signal(Signal::HUP);
    let before = scans(&watching);
    watching.wait("SIGHUP makes a pass", || scans(&watching) > before);
    assert_eq!(watching.metric(good), Some(0.0));
    std::fs::remove_file(&file).unwrap();
    home.write(CONFIG, "[status]\nwarn = \"1d\"\n[metrics]\nhash_profiles = true\n");
    watching.wait_for_metric(good, 1.0);
    watching.wait_for_metric(expiring, 0.0);
    assert!(!watching.get("/metrics").text().contains("anthropic:a"), "names in labels follow");
    assert!(file.exists(), "what the command line says stays in force");
    assert_eq!(watching.get("/healthz").status, 200, "and the address is the same");
}

/// What a user shows.
fn basic(user: &str, password: &str) -> String {
    format!("Authorization: Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Any free port of every interface.
const EVERYWHERE: &str = "0.0.0.0:0";

fn plain_home() -> Home {
    Home::new().profiles("main", &json!({}))
}

#[test]
fn strangers_are_served_only_where_that_is_wanted() {
    for address in [EVERYWHERE, "[::]:0"] {
        let ran = plain_home().run(&["watch", "--no-refresh", "--listen", address]);
        assert_eq!(ran.code, 78, "{address}: {}", ran.stderr);
        assert!(ran.stderr.contains("--insecure-listen"), "{}", ran.stderr);
    }
    for address in ["nonsense", "localhost:80", "127.0.0.1"] {
        let ran = plain_home().run(&["watch", "--no-refresh", "--listen", address]);
        assert_eq!(ran.code, 78, "{address}: {}", ran.stderr);
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = plain_home().run(&["watch", "--no-refresh", "--listen", &address]);
    assert!(ran.code == 73 && ran.stderr.contains("another authwatch"), "{}", ran.stderr);

    let log = ["watch", "--no-refresh", "--log-level", "info", "--listen", EVERYWHERE];
    let home = plain_home();
    let mut open = Watching::listening(home.command(&[&log[..], &["--insecure-listen"]].concat()));
    open.address.set_ip([127, 0, 0, 1].into());
    let answer = open.ask("GET", "/metrics", &["Host: watch.example.org"]);
    assert_eq!(answer.status, 200, "names are the operator's affair there");

    let home = plain_home()
        .file(".config/authwatch/config.toml", "[watch]\nbearer_token_file = \"token\"\n")
        .file("token", "canary-bearer\n");
    let mut guarded = Watching::listening(home.command(&log));
    guarded.address.set_ip([127, 0, 0, 1].into());
    let answer = guarded.get("/metrics");
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")));
    for path in ["/", "/healthz", "/readyz", "/api/v1/status", "/nothing", "/style.css"] {
        assert_eq!(guarded.get(path).status, 401, "{path}");
    }
    for wrong in ["", "canary-beare", "canary-bearer2", "CANARY-BEARER"] {
        let answer = guarded.ask("GET", "/metrics", &[&format!("Authorization: Bearer {wrong}")]);
        assert_eq!(answer.status, 401, "{wrong}");
    }
    let right = guarded.ask("GET", "/metrics", &["Authorization: Bearer canary-bearer"]);
    assert_eq!(right.status, 200);
    home.write("token", "canary-next");
    guarded.wait("the new token is taken", || {
        guarded.ask("GET", "/metrics", &["Authorization: Bearer canary-next"]).status == 200
    });
    assert_eq!(guarded.ask("GET", "/metrics", &["Authorization: Bearer canary-bearer"]).status, 401);
    assert!(!guarded.log().contains("canary"), "{}", guarded.log());

    for (name, content) in [("token", ""), ("missing", "")] {
        let config = format!("[watch]\nbearer_token_file = \"{name}\"\n");
        let home = plain_home().file(".config/authwatch/config.toml", config).file("token", content);
        let ran = home.run(&["watch", "--no-refresh", "--listen", "127.0.0.1:0"]);
        assert!(ran.code == 78 && ran.stderr.contains(name), "{}", ran.stderr);
    }
}

#[test]
fn users_sign_in_with_passwords_and_probes_go_past_them() {
    let hash = bcrypt::hash("canary: password", 4).unwrap();
    let web = format!("basic_auth_users:\n  prometheus: '{hash}'\n");
    let probes = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = format!("[watch]\nweb_config_file = \"web.yml\"\nhealth_listen = \"{probes}\"\n");
    let home = plain_home().file(".config/authwatch/config.toml", config).file("web.yml", &web);
    let watching = Watching::start(&home, &["--no-refresh"]);
    let status = |headers: &[&str]| watching.ask("GET", "/metrics", headers).status;
    let refused = watching.get("/metrics");
    assert_eq!(
        (refused.status, refused.header("www-authenticate")),
        (401, Some("Basic realm=\"authwatch\""))
    );
    assert_eq!(status(&[&basic("prometheus", "canary: password")]), 200);
    assert_eq!(status(&[&basic("prometheus", "canary: password")]), 200, "known by now");
    for (user, password) in [
        ("prometheus", "wrong"),
        ("prometheus", ""),
        ("nobody", "canary: password"),
        ("", ""),
        ("Prometheus", "canary: password"),
    ] {
        assert_eq!(status(&[&basic(user, password)]), 401, "{user}:{password}");
    }
    for odd in [
        "Authorization: Basic",
        "Authorization: Basic !!!",
        "Authorization: Basic bm9jb2xvbg==",
        "Authorization: Digest x",
    ] {
        assert_eq!(status(&[odd]), 401, "{odd}");
    }
    for (path, expected) in
        [("/healthz", 200), ("/metrics", 404), ("/", 404), ("/api/v1/status", 404), ("/fragment", 404)]
    {
        assert_eq!(ask(probes, "GET", path, &[]).status, expected, "{path}");
    }
    assert_eq!(ask(probes, "POST", "/healthz", &[]).status, 405);
    watching.wait("the probe says ready", || ask(probes, "GET", "/readyz", &[]).status == 200);
    // A wrong file changes nothing; another password ends the old one.
    home.write("web.yml", "basic_auth_users: [");
    assert_eq!(status(&[&basic("prometheus", "canary: password")]), 200);
    home.write(
        "web.yml",
        format!("basic_auth_users:\n  prometheus: '{}'\n", bcrypt::hash("other", 4).unwrap()),
    );
    watching.wait("the new password is taken", || status(&[&basic("prometheus", "other")]) == 200);
    assert_eq!(status(&[&basic("prometheus", "canary: password")]), 401);
    assert!(!watching.log().contains("canary"), "{}", watching.log());
    let ran = home.file("web.yml", "tls_client_config: {}\n").run(&["watch", "--listen", "127.0.0.1:0"]);
    assert!(ran.code == 78 && ran.stderr.contains("web.yml"), "{}", ran.stderr);
}

/// A certificate for localhost and its key, as files.
fn certify(home: &Home) -> CertificateDer<'static> {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    // The key first: a certificate without its key is refused, and the one before stays in force.
    home.write("key.pem", certified.signing_key.serialize_pem());
    home.write("cert.pem", certified.cert.pem());
    certified.cert.der().clone()
}

/// Asks over TLS, trusting this certificate alone; `None` where it is another.
fn ask_over_tls(address: SocketAddr, trusted: &CertificateDer<'static>) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut tls = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    tls.write_all(request(address, "GET", "/metrics", &[]).as_bytes()).ok()?;
    Some(String::from_utf8(received(tls)).unwrap())
}

#[test]
fn tls_is_spoken_and_a_renewed_certificate_taken_up() {
    let home = plain_home()
        .file(".config/authwatch/config.toml", "[watch]\nweb_config_file = \"tls/web.yml\"\n")
        .file("tls/web.yml", "tls_server_config:\n  cert_file: ../cert.pem\n  key_file: ../key.pem\n");
    let first = certify(&home);
    let probes = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let watching = Watching::start(&home, &["--no-refresh"]);
    assert!(watching.log().contains("serving on https://"), "{}", watching.log());
    let answered = |certificate: &CertificateDer<'static>| {
        ask_over_tls(watching.address, certificate).is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
    };
    assert!(answered(&first));
    let plain = send_quietly(watching.address, &request(watching.address, "GET", "/metrics", &[]));
    assert!(!plain.starts_with(b"HTTP/1.1 200"), "nothing is said in the open");
    let second = certify(&home);
    watching.wait("the renewed certificate is shown", || answered(&second));
    assert!(!answered(&first));
    home.write("cert.pem", "broken");
    assert!(answered(&second), "a broken one is refused");
    drop(watching);
    let ran = home.run(&["watch", "--no-refresh", "--listen", "127.0.0.1:0"]);
    assert!(ran.code == 78 && ran.stderr.contains("cert.pem"), "{}", ran.stderr);

    // Probes are asked by what knows nothing of certificates.
    let config = format!("[watch]\nweb_config_file = \"tls/web.yml\"\nhealth_listen = \"{probes}\"\n");
    home.write(".config/authwatch/config.toml", config);
    let third = certify(&home);
    let watching = Watching::start(&home, &["--no-refresh"]);
    assert!(ask_over_tls(watching.address, &third).is_some());
    assert_eq!(ask(probes, "GET", "/healthz", &[]).status, 200);
}

/// What comes back, if anything does.
fn send_quietly(address: SocketAddr, text: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    let _ = stream.write_all(text.as_bytes());
    received(stream)
}

/// A socket such as systemd's, and what has been sent to it so far.
pub(crate) struct Notified {
    socket: UnixDatagram,
    pub(crate) states: Vec<String>,
}

impl Notified {
    pub(crate) fn bind(home: &Home) -> Self {
        let socket = UnixDatagram::bind(home.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { socket, states: Vec::new() }
    }

    /// Waits for a state that begins so; returns it.
    pub(crate) fn wait(&mut self, beginning: &str) -> String {
        let mut datagram = [0; 4096];
        loop {
            let read = self
                .socket
                .recv(&mut datagram)
                .unwrap_or_else(|problem| panic!("no {beginning} ({problem}) in {:?}", self.states));
            let states = String::from_utf8(datagram[..read].to_vec()).unwrap();
            self.states.extend(states.lines().map(str::to_owned));
            if let Some(found) = states.lines().find(|state| state.starts_with(beginning)) {
                return found.to_owned();
            }
        }
    }
}

#[test]
fn systemd_is_told_how_it_stands() {
    let home = Home::new().profiles("main", &json!({ "anthropic:a": token(HOUR) }));
    let mut notified = Notified::bind(&home);
    let socket = home.path().join("notify");
    let home = home.env("NOTIFY_SOCKET", socket.to_str().unwrap()).env("WATCHDOG_USEC", "400000");
    let mut watching = Watching::start(&home, &["--no-refresh"]);
    notified.wait("READY=1");
    assert_eq!(watching.get("/readyz").status, 200);
    assert_eq!(watching.metric("authwatch_agents"), Some(1.0), "ready means that there is something to see");
    let status = notified.wait("STATUS=");
    assert_eq!(
        status,
        format!("STATUS=1 agents: 0 valid, 1 expiring, 0 missing; http://{}/", watching.address)
    );
    // The interval is a minute: signs of life come by themselves, and more often than asked for.
    let start = Instant::now();
    for _ in 0..5 {
        notified.wait("WATCHDOG=1");
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    notified.states.clear();
    watching.signal(Signal::HUP);
    notified.wait("RELOADING=1");
    assert!(
        notified.states.iter().any(|state| state.starts_with("MONOTONIC_USEC=")),
        "{:?}",
        notified.states
    );
    notified.wait("READY=1");
    watching.signal(Signal::TERM);
    notified.wait("STOPPING=1");
    assert_eq!(watching.ended(), Some(0));
}

#[test]
fn a_pass_that_panics_is_a_failed_one_and_the_scrape_goes_on() {
    let home = plain_home();
    let trouble = home.path().join("trouble");
    let mut command = home.command(&["watch", "--no-refresh", "--log-level", "info"]);
    command.args(["--listen", "127.0.0.1:0", "--interval", "200ms"]);
    command.env("AUTHWATCH_TEST_PANIC", format!("look={}", trouble.display()));
    let watching = Watching::listening(command);
    watching.wait("the first pass", || watching.get("/readyz").status == 200);
    let before = scans(&watching);
    std::fs::write(&trouble, "").unwrap();
    watching.wait("passes fail", || {
        watching.metric("authwatch_scan_failures_total").is_some_and(|failures| failures >= 2.0)
    });
    assert!(watching.metric("authwatch_agents").is_some(), "the last picture stays");
    std::fs::remove_file(&trouble).unwrap();
    watching.wait("passes succeed again", || scans(&watching) >= before + 3.0);
}

#[test]
fn a_socket_that_is_handed_over_is_used() {
    let home = plain_home();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = home.command(&[]);
    let mut activate = Command::new("systemd-socket-activate");
    activate.arg(format!("--listen={address}")).arg(format!("--setenv=HOME={}", home.path().display()));
    activate.arg(command.get_program()).args([
        "watch",
        "--no-refresh",
        "--log-level",
        "info",
        "--listen",
        "127.0.0.1:1",
    ]);
    activate.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    assert!(
        Command::new("systemd-socket-activate").arg("--version").output().is_ok(),
        "apt-get install systemd"
    );
    // The first visitor has the daemon started.
    let visitor = std::thread::spawn(move || {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            match TcpStream::connect(address) {
                Ok(stream) => return stream,
                Err(_) => assert!(Instant::now() < deadline, "nobody listens on {address}"),
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    let watching = Watching::listening(activate);
    assert_eq!(watching.address, address);
    let mut first = visitor.join().unwrap();
    first.write_all(request(address, "GET", "/healthz", &[]).as_bytes()).unwrap();
    assert!(received(first).starts_with(b"HTTP/1.1 200"), "who came first is answered");
    assert_eq!(watching.get("/healthz").status, 200);

    // Sockets for another process are not ours.
    command.env("LISTEN_FDS", "1").env("LISTEN_PID", "1");
    command.args(["watch", "--no-refresh", "--log-level", "info", "--listen", "127.0.0.1:0"]);
    let watching = Watching::listening(command);
    assert_eq!(watching.get("/healthz").status, 200);
}

#[test]
fn a_socket_that_is_handed_over_wide_open_is_refused() {
    let home = plain_home();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let program = home.command(&[]);
    let mut activate = Command::new("systemd-socket-activate");
    activate.arg(format!("--listen=0.0.0.0:{port}")).arg(format!("--setenv=HOME={}", home.path().display()));
    activate.arg(program.get_program()).args(["watch", "--no-refresh"]);
    activate.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    activate.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
    let child = activate.spawn().expect("apt-get install systemd");
    let deadline = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "nobody listens");
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains(&format!("`0.0.0.0:{port}` can be reached from other machines")), "{said}");
}

#[test]
fn idle_and_slow_visitors_do_not_stop_a_scrape() {
    let watching = Watching::ready(&plain_home(), &["--no-refresh"]);
    let connect = || TcpStream::connect(watching.address).unwrap();
    let idle: Vec<TcpStream> = (0..200).map(|_| connect()).collect();
    let mut slow: Vec<TcpStream> = (0..200).map(|_| connect()).collect();
    let mut longest = Duration::ZERO;
    for byte in b"GET /metrics HTTP/1.1\r\nX: ".iter().chain([b'x'; 14].iter()) {
        for stream in &mut slow {
            stream.write_all(&[*byte]).unwrap();
        }
        let start = Instant::now();
        assert_eq!(watching.get("/metrics").status, 200);
        longest = longest.max(start.elapsed());
    }
    println!("a scrape beside 200 idle and 200 slow visitors took at most {longest:?}");
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    drop((idle, slow));
    watching.wait("their places are free again", || {
        watching.metric("process_open_fds").is_some() && open_files(watching.pid()) < 60
    });
}

fn open_files(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

#[test]
fn a_change_on_disk_shows_at_once() {
    let home = Home::new().profiles("main", &json!({})).profiles("other", &json!({}));
    let watching = Watching::ready(&home, &["--no-refresh"]);
    let before = scans(&watching);
    let series = "authwatch_credential_expiry_timestamp_seconds{agent=\"main\",provider=\"anthropic\",profile=\"anthropic:a\"}";
    let mut took: Vec<Duration> = (0..20)
        .map(|number| {
            let end = 4_000_000_000_i64 + number;
            let entry =
                json!({ "type": "token", "provider": "anthropic", "token": "t", "expires": end * 1000 });
            let draft = home.path().join("draft");
            std::fs::write(&draft, json!({ "version": 1, "profiles": { "anthropic:a": entry } }).to_string())
                .unwrap();
            let start = Instant::now();
            std::fs::rename(&draft, home.store("main")).unwrap();
            let end = f64::from(i32::try_from(end - 2_000_000_000).unwrap()) + 2e9;
            watching.wait_for_metric(series, end);
            start.elapsed()
        })
        .collect();
    took.sort();
    println!("from a change on disk to the metric: median {:?}, longest {:?}", took[10], took[19]);
    assert!(took[10] < Duration::from_secs(1), "{took:?}");
    let passes = scans(&watching) - before;
    assert!(passes <= 40.0, "{passes} passes for 20 changes");
    // A new agent is noticed, and then watched as well.
    let home = home.profiles("new", &json!({}));
    watching.wait_for_metric("authwatch_agents", 3.0);
    let _home = home.profiles("new", &json!({ "anthropic:b": token(-HOUR) }));
    watching.wait_for_metric("authwatch_credentials{status=\"expired\"}", 1.0);
    assert!(watching.get("/").text().contains("a new agent"));
}

#[test]
fn ids_of_profiles_can_be_hidden_from_prometheus() {
    let server = TokenServer::start();
    let config = server.config(&["openai-codex"]) + "[metrics]\nhash_profiles = true\n";
    let home = Home::new().file(".config/authwatch/config.toml", config).profiles(
        "main",
        &json!({
            PROFILE: expired(&server.sign_in("main")),
            "anthropic:somebody@example.org": token(HOUR),
        }),
    );
    let watching = Watching::ready(&home, &[]);
    watching.wait_for_metric("authwatch_refresh_attempts_total{provider=\"openai-codex\"}", 1.0);
    let text = watching.get("/metrics").text();
    assert!(text.contains("authwatch_refresh_last_success_timestamp_seconds{"));
    for id in ["somebody", "example.org", PROFILE] {
        assert!(!text.contains(id), "{id} in {text}");
    }
    let profiles: BTreeSet<&str> =
        text.lines().filter_map(|line| line.split_once("profile=\"")?.1.split('"').next()).collect();
    assert!(profiles.len() == 2 && profiles.iter().all(|name| name.len() == 16), "{profiles:?}");
}

#[test]
fn no_secret_is_served_or_logged() {
    for fault in [
        None,
        Some(Fault::Answer(
            400,
            "Content-Type: application/json\r\n",
            r#"{"error":"invalid_grant","error_description":"canary"}"#.into(),
        )),
    ] {
        let server = TokenServer::start();
        if let Some(fault) = &fault {
            server.fail(fault.clone());
        }
        let home = home(&server).file(
            ".openclaw/agents/broken/agent/auth-profiles.json",
            "{\"profiles\":{\"a\":{\"token\":\"canary\\q\"}}}",
        );
        let log =
            ["watch", "--listen", "127.0.0.1:0", "--log-level", "trace", "--textfile", "authwatch.prom"];
        let watching = Watching::listening(home.command(&log));
        watching.wait_for_metric("authwatch_refresh_attempts_total{provider=\"openai-codex\"}", 1.0);
        for path in
            ["/", "/?q=canar", "/fragment", "/metrics", "/api/v1/status", "/healthz", "/readyz", "/canar"]
        {
            for accept in ["Accept: */*", "Accept: application/openmetrics-text"] {
                let answer = watching.ask("GET", path, &[accept]);
                let text = answer.text();
                assert!(!text.contains("canary"), "{path}: {text}");
            }
        }
        let file = std::fs::read_to_string(home.path().join("authwatch.prom")).unwrap();
        assert!(!file.contains("canary") && !watching.log().contains("canary"), "{}", watching.log());
    }
}
