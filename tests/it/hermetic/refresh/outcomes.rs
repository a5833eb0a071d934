//! What is asked of a provider, and what its answers mean.

use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::json;

use crate::support::home::{Home, stored};
use crate::support::renewal::{PROFILE, expired, home, leftovers, locks, login};
use crate::support::time::{now, wait_until};
use crate::support::token_server::{Fault, TokenServer};

fn jwt(account: &str) -> String {
    let claims = json!({ "exp": 4_000_000_000_u64, "https://api.openai.com/auth": { "chatgpt_account_id": account }, "x": "??>>~~" });
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims.to_string());
    format!("e30.{claims}.c2ln")
}

#[test]
fn the_shapes_of_requests_and_answers_follow_the_provider() {
    let server = TokenServer::start();
    server.expires_in(Some(3600));
    let refresh = server.sign_in("claude");
    server.omit_refresh();
    let home = Home::new()
        .file(".config/authwatch/config.toml", format!("[refresh.providers.anthropic]\ntoken_url = \"{}\"\n", server.url()))
        .profiles("main", &json!({ "anthropic:default": {
            "type": "oauth", "provider": "anthropic", "access": "a", "refresh": refresh, "expires": now() } }));
    let start = now();
    assert_eq!(home.run(&["refresh"]).code, 0);
    let (content_type, fields) = &server.requests()[0];
    assert_eq!(content_type, "application/json");
    assert_eq!(fields["client_id"], "9d1c250a-e61b-44d9-88ed-5944d1962f5e");
    let entry = stored(&home.store("main"))["profiles"]["anthropic:default"].clone();
    assert_eq!(entry["refresh"], refresh.as_str(), "an answer without a refresh token keeps the old one");
    let lifetime = entry["expires"].as_i64().unwrap() - start;
    assert!((3_290_000..3_310_000).contains(&lifetime), "an hour less five minutes: {lifetime}");
}

#[test]
fn an_account_is_learnt_from_base64url_and_never_changed() {
    let server = TokenServer::start();
    let home = home(&server);
    server.access(&jwt("acct-1"));
    assert_eq!(home.run(&["refresh"]).code, 0);
    assert_eq!(login(&home, "main")["accountId"], "acct-1");
    // An opaque token says nothing about an account: the new token counts all the same.
    server.access("opaque");
    assert_eq!(home.run(&["refresh", "--force"]).code, 0);
    assert_eq!(
        (login(&home, "main")["accountId"].as_str(), login(&home, "main")["access"].as_str()),
        (Some("acct-1"), Some("opaque"))
    );
    // Another account's token is never written over this one.
    server.access(&jwt("acct-2"));
    let before = stored(&home.store("main"));
    let ran = home.run(&["refresh", "--force"]);
    assert_eq!(ran.code, 78, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(stored(&home.store("main")), before);
    assert!(ran.stdout.contains("another account"), "{}", ran.stdout);
}

#[test]
fn every_answer_has_its_outcome_and_leaves_the_credential_alone() {
    let json_type = "Content-Type: application/json\r\n";
    let cases: &[(Fault, i32, &str)] = &[
        (
            Fault::Answer(400, json_type, r#"{"error":"invalid_grant"}"#.into()),
            1,
            "needs sign-in: the provider rejected the refresh token; run `",
        ),
        (
            Fault::Answer(401, json_type, r#"{"error":{"code":"refresh_token_reused"}}"#.into()),
            1,
            "needs sign-in: another program already used its refresh token",
        ),
        (
            Fault::Answer(401, json_type, r#"{"error":{"code":"refresh_token_expired"}}"#.into()),
            1,
            "needs sign-in: its refresh token expired",
        ),
        (
            Fault::Answer(401, json_type, r#"{"error":{"code":"refresh_token_invalidated"}}"#.into()),
            1,
            "needs sign-in: the provider withdrew it",
        ),
        (
            Fault::Answer(401, json_type, r#"{"error":{"code":"token_expired"}}"#.into()),
            1,
            "needs sign-in: its refresh token expired",
        ),
        (
            Fault::Answer(401, json_type, r#"{"error":{"message":"Please try signing in again."}}"#.into()),
            1,
            "needs sign-in: the provider asks for it",
        ),
        (
            Fault::Answer(
                400,
                json_type,
                r#"{"error":"invalid_grant","error_description":"revoked"}"#.into(),
            ),
            1,
            "needs sign-in: it was revoked",
        ),
        (
            Fault::Answer(
                403,
                json_type,
                r#"{"error":{"code":"unsupported_country_region_territory"}}"#.into(),
            ),
            75,
            "region not served",
        ),
        (
            Fault::Answer(403, "Content-Type: text/html\r\ncf-mitigated: challenge\r\n", "<html>".into()),
            75,
            "challenge page",
        ),
        (
            Fault::Answer(200, "Content-Type: text/html\r\n", "<html>hotel</html>".into()),
            75,
            "no valid answer",
        ),
        (
            Fault::Answer(429, "Retry-After: 120\r\n", String::new()),
            75,
            "too many requests): try again in 2 min",
        ),
        (Fault::Answer(408, "", String::new()), 75, "the provider timed out"),
        (Fault::Answer(500, "", String::new()), 75, "the provider's server failed"),
        (Fault::Answer(503, "", "busy".into()), 75, "the provider's server failed"),
        (Fault::Answer(302, "Location: http://127.0.0.1/\r\n", String::new()), 75, "no valid answer"),
        (
            Fault::Answer(401, json_type, r#"{"error":"invalid_client"}"#.into()),
            78,
            "does not know the client ID",
        ),
        (
            Fault::Answer(400, json_type, r#"{"error":"unauthorized_client"}"#.into()),
            78,
            "the client may not refresh",
        ),
        (
            Fault::Answer(400, json_type, r#"{"error":"invalid_request"}"#.into()),
            78,
            "the provider rejected the request",
        ),
        (Fault::Reset, 75, "connection lost"),
    ];
    std::thread::scope(|scope| {
        for (fault, code, words) in cases {
            scope.spawn(move || {
                let server = TokenServer::start();
                let home = home(&server);
                let before = std::fs::read(home.store("main")).unwrap();
                server.fail(fault.clone());
                let ran = home.run(&["refresh"]);
                assert_eq!(ran.code, *code, "{fault:?}: {}{}", ran.stdout, ran.stderr);
                assert!(ran.stdout.contains(words), "{fault:?}: {}", ran.stdout);
                assert_eq!(
                    std::fs::read(home.store("main")).unwrap(),
                    before,
                    "{fault:?}: the credential is untouched"
                );
                assert!(leftovers(&home, "main").is_empty() && locks(&home).is_empty(), "{fault:?}");
                assert_eq!(server.calls(), 1, "{fault:?}");
                // Dead is never presented again, and what failed a moment ago is not tried at once.
                let again = home.run(&["refresh"]);
                assert_eq!(server.calls(), 1, "{fault:?}: {}", again.stdout);
                if *code == 1 {
                    assert_eq!(home.run(&["refresh", "--force"]).code, 1);
                    assert_eq!(server.calls(), 1, "not even when forced");
                    let profile = home.run(&["status", "--json"]).profile("main", PROFILE);
                    assert_eq!(profile["login"], "dead", "status knows: {profile}");
                    // Signing in again ends it.
                    server.recover();
                    let refresh = server.sign_in("again");
                    let home = home.profiles("main", &json!({ PROFILE: expired(&refresh) }));
                    assert_eq!(home.run(&["refresh"]).code, 0);
                }
            });
        }
    });
}

#[test]
fn slow_bytes_are_waited_for() {
    let server = TokenServer::start();
    let home = home(&server);
    server.fail(Fault::Slow);
    assert_eq!(home.run(&["refresh"]).code, 0);
}

#[test]
fn a_hang_ends_after_thirty_seconds_and_sigterm_waits_for_what_is_in_flight() {
    let server = TokenServer::start();
    let home = home(&server);
    server.fail(Fault::Hang);
    let start = Instant::now();
    let mut child = home.command(&["refresh"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    wait_until(|| server.calls() == 1);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(locks(&home).len(), 1, "the lock is held for as long as the call takes");
    assert_eq!(child.wait().unwrap().code(), Some(75));
    assert!(start.elapsed() > Duration::from_secs(25), "it was not cut short");
    assert!(locks(&home).is_empty() && leftovers(&home, "main").is_empty());
}

#[test]
fn networks_that_do_not_answer_are_told_apart() {
    let cases = [
        ("https://no-such-host.invalid/token", "DNS error"),
        ("http://127.0.0.1:1/token", "no connection"),
        ("http://auth.example.org/token", "the token endpoint must not be used"),
    ];
    for (url, words) in cases {
        let server = TokenServer::start();
        let home = home(&server).file(
            ".config/authwatch/config.toml",
            format!("[refresh.providers.openai-codex]\ntoken_url = \"{url}\"\n"),
        );
        let ran = home.run(&["refresh"]);
        assert!(ran.stdout.contains(words), "{url}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn nothing_a_provider_says_or_is_sent_is_printed_or_remembered() {
    let json_type = "Content-Type: application/json\r\n";
    let echo = r#"{"error":"canary-error","error_description":"canary-refresh-1","access_token":5}"#;
    let faults = [
        None,
        Some(Fault::Answer(400, json_type, echo.to_owned())),
        Some(Fault::Answer(200, json_type, echo.to_owned())),
        Some(Fault::Answer(500, "Retry-After: canary-header\r\n", "canary-body".to_owned())),
        Some(Fault::Huge),
    ];
    for fault in faults {
        for (step, log_format) in [("", "text"), ("rename", "json")] {
            let server = TokenServer::start();
            let home = home(&server).env("AUTHWATCH_TEST_FAIL", step);
            if let Some(fault) = fault.clone() {
                server.fail(fault);
            }
            let ran = home.run(&["refresh", "--force", "--log-level", "trace", "--log-format", log_format]);
            assert_eq!(server.calls(), 1);
            let state = home.path().join(".local/state/authwatch");
            let remembered = std::fs::read_to_string(state.join("state.json")).unwrap();
            for output in [&ran.stdout, &ran.stderr, &remembered] {
                assert!(!output.contains("canary"), "{fault:?}: {output}");
            }
        }
    }
}
