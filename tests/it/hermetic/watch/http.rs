//! What is served: paths, formats, compression, metrics; and nothing else, to no matter whom.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use authwatch::publish::metrics::METRICS;
use serde_json::{Value, json};

use super::scans::token;
use crate::support::daemon::Daemon;
use crate::support::home::{HOUR, Home, plain_home};
use crate::support::http::send;
use crate::support::renewal::{PROFILE, expired, home};
use crate::support::sample_home::{daemon_with_everything, everything};
use crate::support::token_server::{Fault, TokenServer};

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
    let daemon = Daemon::ready(&home, &["--no-refresh"]);
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
        let answer = daemon.get(path);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{path}");
        assert!(answer.text().contains(part), "{path}: {}", answer.text());
        let head = daemon.ask("HEAD", path, &[]);
        assert_eq!((head.status, head.body.len()), (200, 0), "HEAD {path}");
        assert_eq!(head.header("content-type"), Some(kind), "HEAD {path}");
    }
    for path in ["/nothing", "/metrics/", "/%2e%2e/etc/passwd", "//", "/api/v1", "/API/V1/STATUS"] {
        assert_eq!(daemon.get(path).status, 404, "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"] {
        let answer = daemon.ask(method, "/metrics", &["Content-Length: 0"]);
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")), "{method}");
    }
    for path in ["/", "/metrics", "/nothing", "/api/v1/status"] {
        let answer = daemon.get(path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    let report = home.run(&["status", "--json"]).json();
    let shown: Value = serde_json::from_slice(&daemon.get("/api/v1/status").body).unwrap();
    assert_alike(&shown, &report, "report");
    assert_eq!(server.calls(), 0, "requests start nothing");
}

#[test]
fn what_is_no_proper_request_is_refused_and_the_next_one_answered() {
    let home = Home::new().profiles("main", &json!({}));
    let daemon = Daemon::ready(&home, &["--no-refresh"]);
    let address = daemon.address;
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
        let answer = daemon.ask("GET", "/api/v1/status", &[&format!("Host: {host}")]);
        assert_eq!(answer.status, 421, "{host:?}");
    }
    for host in ["localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:1", "[::1]:10979", "127.9.9.9"] {
        let answer = daemon.ask("GET", "/api/v1/status", &[&format!("Host: {host}")]);
        assert_eq!(answer.status, 200, "{host}");
    }
    assert_eq!(send(address, b"GET /metrics HTTP/1.0\r\n\r\n").status, 421, "no host is no name of this one");
    assert_eq!(daemon.get("/metrics").status, 200);
}

#[test]
fn metrics_come_in_both_formats_and_compressed() {
    let home = Home::new().profiles("main", &json!({}));
    let daemon = Daemon::ready(&home, &["--no-refresh"]);
    let open = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3";
    let cases = [(open, true), ("text/plain", false), ("*/*", false)];
    for (accept, is_open) in cases {
        let accept = format!("Accept: {accept}");
        let plain = daemon.ask("GET", "/metrics", &[&accept]);
        let zipped = daemon.ask("GET", "/metrics", &[&accept, "Accept-Encoding: gzip"]);
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
    let refused = daemon.ask("GET", "/metrics", &["Accept-Encoding: br, gzip;q=0"]);
    assert_eq!(refused.header("content-encoding"), None, "gzip was refused");
}

#[test]
fn the_list_of_metrics_agrees_with_what_is_served() {
    let server = TokenServer::start();
    let home = everything(&server);
    let daemon = daemon_with_everything(&home);
    let text = daemon.get("/metrics").text();
    let listed: BTreeSet<String> = METRICS.iter().map(|metric| metric.name.to_owned()).collect();
    let found = families(&text);
    assert_eq!(found, listed, "different: {:?}\n{text}", found.symmetric_difference(&listed));
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
        "a lock is shown at the owner of its login, not at everybody who inherits it"
    );
    for forbidden in ["canary", "access", home.path().to_str().unwrap()] {
        assert!(!text.lines().any(|line| !line.starts_with('#') && line.contains(forbidden)), "{forbidden}");
    }
}

#[test]
fn idle_and_slow_visitors_do_not_stop_a_scrape() {
    let daemon = Daemon::ready(&plain_home(), &["--no-refresh"]);
    let connect = || TcpStream::connect(daemon.address).unwrap();
    let idle: Vec<TcpStream> = (0..200).map(|_| connect()).collect();
    let mut slow: Vec<TcpStream> = (0..200).map(|_| connect()).collect();
    let mut longest = Duration::ZERO;
    for byte in b"GET /metrics HTTP/1.1\r\nX: ".iter().chain([b'x'; 14].iter()) {
        for stream in &mut slow {
            stream.write_all(&[*byte]).unwrap();
        }
        let start = Instant::now();
        assert_eq!(daemon.get("/metrics").status, 200);
        longest = longest.max(start.elapsed());
    }
    println!("a scrape beside 200 idle and 200 slow visitors took at most {longest:?}");
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    drop((idle, slow));
    daemon.wait("their places are free again", || {
        daemon.metric("process_open_fds").is_some() && open_files(daemon.pid()) < 60
    });
}

fn open_files(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
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
    let daemon = Daemon::ready(&home, &[]);
    daemon.wait_for_metric("authwatch_refresh_attempts_total{provider=\"openai-codex\"}", 1.0);
    let text = daemon.get("/metrics").text();
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
        let daemon = Daemon::listening(home.command(&log));
        daemon.wait_for_metric("authwatch_refresh_attempts_total{provider=\"openai-codex\"}", 1.0);
        for path in
            ["/", "/?q=canar", "/fragment", "/metrics", "/api/v1/status", "/healthz", "/readyz", "/canar"]
        {
            for accept in ["Accept: */*", "Accept: application/openmetrics-text"] {
                let answer = daemon.ask("GET", path, &[accept]);
                let text = answer.text();
                assert!(!text.contains("canary"), "{path}: {text}");
            }
        }
        let file = std::fs::read_to_string(home.path().join("authwatch.prom")).unwrap();
        assert!(!file.contains("canary") && !daemon.log().contains("canary"), "{}", daemon.log());
    }
}
