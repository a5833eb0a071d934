//! `authwatch explain`: what people paste, and what it answers.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::support::home::{Home, Ran};

fn explain(text: &str) -> Value {
    let ran = Home::new().run(&["explain", "--json", text]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{text}");
    ran.json()
}

fn piped(arguments: &[&str], input: &[u8]) -> Ran {
    let home = Home::new();
    let mut command = home.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that has read enough closes its end.
    let _ = stdin.write_all(input);
    drop(stdin);
    Ran::of(child.wait_with_output().unwrap())
}

/// A message as it is met in the wild; the cause, its kind, and the command.
const MESSAGES: &[(&str, &str, &str, &str)] = &[
    (
        "Error: No credentials found for profile \"anthropic:default\".",
        "no_credentials",
        "login",
        "openclaw models auth setup-token --provider anthropic",
    ),
    (
        "No API key found for provider \"openai\". Auth store: /home/u/.openclaw/agents/work/agent/auth-profiles.json (agentDir: /home/u/.openclaw/agents/work/agent).",
        "no_credentials",
        "login",
        "openclaw models auth --agent work login --provider openai",
    ),
    (
        "No API key found for provider \"mistral\".",
        "no_credentials",
        "login",
        "openclaw models auth paste-api-key --provider mistral",
    ),
    (
        "HTTP 400: This credential is only authorized for use with Claude Code and cannot be used for other API requests. (anthropic)",
        "claude_code_only",
        "wrong-credential",
        "openclaw models auth paste-api-key --provider anthropic",
    ),
    (
        r#"openai-codex: {"error":{"message":"Your refresh token has already been used to generate a new access token. Please try signing in again.","type":"invalid_request_error","code":"refresh_token_reused"}}"#,
        "refresh_token_reused",
        "login",
        "openclaw models auth login --provider openai-codex",
    ),
    (
        r#"{"error":{"code":"refresh_token_expired"}}"#,
        "refresh_token_expired",
        "login",
        "openclaw models auth login --provider PROVIDER",
    ),
    (
        "refresh_token_invalidated",
        "refresh_token_invalidated",
        "login",
        "openclaw models auth login --provider PROVIDER",
    ),
    ("xai:default token_expired", "token_expired", "login", "openclaw models auth login --provider xai"),
    (
        "OAuth token refresh failed for openai-codex: 400 {\"error\":\"invalid_grant\"}. Please try again or re-authenticate.",
        "invalid_grant",
        "login",
        "openclaw models auth login --provider openai-codex",
    ),
    (
        "openai-codex: Your session has ended. Please try signing in again.",
        "sign_in_again",
        "login",
        "openclaw models auth login --provider openai-codex",
    ),
    ("The token has been revoked.", "revoked", "login", "openclaw models auth login --provider PROVIDER"),
    (
        r#"403 {"error":{"code":"unsupported_country_region_territory","message":"Country, region, or territory not supported"}}"#,
        "region_blocked",
        "network",
        "authwatch refresh",
    ),
    (
        "<html><head><title>Just a moment...</title></head> cf-mitigated: challenge",
        "challenged",
        "network",
        "authwatch refresh",
    ),
    (r#"401 {"error":"invalid_client"}"#, "invalid_client", "configuration", "authwatch config show"),
    ("unauthorized_client", "unauthorized_client", "configuration", "authwatch config show"),
    (
        "429 rate_limit_error: try again later (anthropic:work)",
        "rate_limited",
        "provider",
        "authwatch auth order get --provider anthropic",
    ),
    (
        "API rate limit reached. HTTP 429",
        "rate_limited",
        "provider",
        "authwatch auth order get --provider PROVIDER",
    ),
    ("connect ETIMEDOUT 104.18.0.1:443", "timeout", "network", "authwatch refresh"),
    ("TypeError: fetch failed: getaddrinfo EAI_AGAIN auth.openai.com", "dns", "network", "authwatch refresh"),
    ("self-signed certificate in certificate chain", "tls", "network", "date -u"),
    (
        "SyntaxError: Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
        "captive_portal",
        "network",
        "authwatch refresh",
    ),
    (
        "file lock timeout for /home/u/.openclaw/agents/main/agent/auth-profiles.json",
        "lock_timeout",
        "contention",
        "authwatch doctor",
    ),
    (
        "[AUTH_PROFILE_MIGRATION_REQUIRED] run openclaw doctor",
        "migration_required",
        "migration",
        "authwatch doctor",
    ),
    (
        "EACCES: permission denied, open '/data/agents/main/agent/auth-profiles.json'",
        "permission",
        "configuration",
        "authwatch doctor",
    ),
    ("SqliteError: SQLITE_BUSY: database is locked", "database_busy", "contention", "authwatch doctor"),
    (
        "Your credit balance is too low to access the Anthropic API.",
        "billing",
        "provider",
        "authwatch auth order get --provider anthropic",
    ),
    (
        "Auth profile \"openai:work\" is disabled (temporarily).",
        "profile_disabled",
        "provider",
        "authwatch auth order get --provider openai",
    ),
    (
        "OAuth token refresh failed for openai-codex: fetch failed. Please try again or re-authenticate.",
        "unreachable",
        "network",
        "authwatch refresh",
    ),
    ("HTTP 401 Unauthorized", "unauthorized", "login", "authwatch status"),
    (
        "MissingEnvVarError: Missing env var \"ANTHROPIC_API_KEY\" referenced at config path: models.providers.anthropic.apiKey",
        "env_var_missing",
        "configuration",
        "authwatch doctor",
    ),
    (
        "openai: requires api-key auth: No usable api-key authentication is available",
        "api_key_required",
        "wrong-credential",
        "openclaw models auth paste-api-key --provider openai",
    ),
    (
        "Auth profile \"openai:default\" is temporarily unavailable",
        "profile_disabled",
        "provider",
        "authwatch auth order get --provider openai",
    ),
    (
        "claude live session turn failed: error=FailoverError Not logged in . Please run /login.",
        "cli_not_logged_in",
        "login",
        "claude /login",
    ),
    (
        "Failed to generate authentication code - Unknown scope: grok-cli:access",
        "unknown_scope",
        "configuration",
        "openclaw update",
    ),
    (
        "embedded run failover decision: runId=1 decision=fallback_model reason=auth provider=gmn/gpt-5.4 profile=-",
        "auth_failover",
        "login",
        "authwatch status",
    ),
    (
        "OpenClaw agent database /home/u/.openclaw/agents/main/agent/openclaw-agent.sqlite uses schema version 0; run openclaw doctor --fix to migrate it",
        "database_schema",
        "migration",
        "authwatch doctor",
    ),
    (
        r#"HTTP 400 anthropic: {"type":"error","error":{"type":"invalid_request_error","message":"This organization has been disabled."}}"#,
        "organization_disabled",
        "provider",
        "authwatch auth order get --provider anthropic",
    ),
];

/// A model that refuses a request is not a problem of its login, whatever the status code.
#[test]
fn a_content_refusal_is_not_a_login_problem() {
    for text in [
        "HTTP 403: I can't help with that request.",
        "400 content_policy_violation",
        "HTTP 403: I can’t assist with that.",
    ] {
        let answer = explain(text);
        let cause = &answer["causes"][0];
        assert_eq!(
            (&cause["code"], &cause["kind"]),
            (&"content_refused".into(), &"provider".into()),
            "{text}"
        );
        assert_eq!(
            (answer["causes"].as_array().unwrap().len(), &cause["command"]),
            (1, &Value::Null),
            "{text}"
        );
    }
}

#[test]
fn messages_are_explained() {
    for (text, code, kind, command) in MESSAGES {
        let answer = explain(text);
        assert_eq!(answer["known"], true, "{text}");
        let causes = answer["causes"].as_array().unwrap();
        assert_eq!(causes.len(), 1, "{text}: {answer:#}");
        let cause = &causes[0];
        let named = [&cause["code"], &cause["kind"], &cause["command"]].map(|value| value.as_str().unwrap());
        assert_eq!(named, [*code, *kind, *command], "{text}");
    }
}

#[test]
fn a_log_with_several_causes_names_each_once_in_order() {
    let log = b"10:00 [agent=work] getaddrinfo ENOTFOUND auth.openai.com\n10:01 all is well\n10:02 getaddrinfo ENOTFOUND auth.openai.com\n\
        10:03 openai-codex:default: invalid_grant\n10:04 invalid_grant; file lock timeout\n";
    for arguments in [&["explain", "--json"][..], &["explain", "--json", "-"]] {
        let answer = piped(arguments, log).json();
        let named: Vec<(&str, u64)> = answer["causes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cause| (cause["code"].as_str().unwrap(), cause["line"].as_u64().unwrap()))
            .collect();
        assert_eq!(named, [("dns", 1), ("invalid_grant", 4), ("lock_timeout", 5)]);
        assert_eq!(answer["causes"][0]["agentId"], "work");
        assert_eq!(answer["causes"][1]["profileId"], "openai-codex:default");
    }
}

#[test]
fn an_unknown_message_is_reported_as_unknown() {
    let ran = Home::new().run(&["explain", "the cat sat on the keyboard"]);
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.stdout,
        "authwatch does not know this message.\nWhat to try:\n  $ authwatch doctor\n  $ authwatch status --scope all\n"
    );
    assert_eq!(explain("the cat sat on the keyboard")["known"], false);
    for nothing in [&b""[..], b" \n"] {
        let ran = piped(&["explain"], nothing);
        assert_eq!((ran.code, ran.stdout.as_str()), (64, ""));
        assert!(ran.stderr.contains("nothing to explain"), "{}", ran.stderr);
    }
}

#[test]
fn an_answer_fits_a_phone() {
    let home = Home::new().env("COLUMNS", "40");
    for (text, ..) in MESSAGES {
        let ran = home.run(&["explain", text]);
        for line in ran.stdout.lines() {
            assert!(crate::support::home::fits(line, 40), "{line}");
        }
    }
    insta::assert_snapshot!(home.run(&["explain", MESSAGES[4].0]).stdout, @r#"
the login: refresh_token_reused
  another program already used this
  login's refresh token, and the
  provider has ended the login: sign in
  again.
  Copies of one login log each other
  out. Let agents inherit the login of
  agent main, or sign in once for each.
  $ openclaw models auth login --provider openai-codex
  line 1: openai-codex:
  {"error":{"message":"Your refresh
  token has already been used to
  generate a new access token. Please
  try signing in
  again.","type":"invalid_request_error"
  ,"code":"refresh_token_reused"}}
"#);
}

#[test]
fn no_secret_is_repeated() {
    let secrets = [
        "sk-ant-oat01-canaryAAAAAAAAAA",
        "sk-ant-api03-canary-BBBBBBBB",
        "sk-proj-canaryCCCC",
        "eyJhbGciOicanary.eyJjYW5hcnki.canary_sig",
        "canarypassword",
        "canaryrefresh",
        "canaryaccess",
        "canarycode",
        "canaryverifier",
        "canarykey",
    ];
    let lines = [
        "invalid_grant for sk-ant-oat01-canaryAAAAAAAAAA",
        "429 with key sk-ant-api03-canary-BBBBBBBB and (sk-proj-canaryCCCC)",
        "ETIMEDOUT Authorization: Bearer eyJhbGciOicanary.eyJjYW5hcnki.canary_sig",
        "ENOTFOUND https://user:canarypassword@proxy.example.org:8080/x",
        r#"refresh_token_reused {"refresh_token":"canaryrefresh","access":"canaryaccess"}"#,
        "EACCES GET /auth/callback?code=canarycode&state=canarycode",
        "SQLITE_BUSY code_verifier=canaryverifier&x=1",
        "file lock timeout OPENAI_API_KEY=canarykey x-api-key: canarykey",
        "provider sk-ant-oat01-canaryAAAAAAAAAA agent sk-proj-canaryCCCC unsupported_country_region_territory",
    ];
    let text = lines.join("\n");
    assert!(secrets.iter().all(|secret| text.contains(secret)), "every secret is in the text");
    for arguments in [&["explain"][..], &["explain", "--json"], &["explain", "--log-level", "trace"]] {
        let ran = piped(arguments, text.as_bytes());
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains("[redacted]"), "lines are quoted");
        for output in [&ran.stdout, &ran.stderr] {
            assert!(!output.contains("canary"), "{output}");
        }
    }
}

#[test]
fn odd_input_is_handled() {
    assert_eq!(piped(&["explain"], b"\xff\xfe invalid_grant \x1b[31m\n").code, 0);
    assert!(!piped(&["explain"], b"invalid_grant \x1b[31m\x07\n").stdout.contains('\x07'));
    let long = "x".repeat(9 << 20);
    let ran = piped(&["explain"], long.as_bytes());
    assert_eq!(ran.code, 74, "{}", ran.stderr);
    assert!(ran.stderr.contains("tail"), "{}", ran.stderr);
}

#[test]
fn a_command_is_one_that_the_release_on_this_machine_has() {
    let home = Home::new().profiles("main", &serde_json::json!({}));
    let config = |version: &str| format!(r#"{{"meta":{{"lastTouchedVersion":"{version}"}}}}"#);
    let command =
        |message: &str| home.run(&["explain", "--json", message]).json()["causes"][0]["command"].clone();
    // 2026.4 has no `paste-api-key`, and signs in to all but those that authwatch can.
    home.write(".openclaw/openclaw.json", config("2026.4.29"));
    let key = "No API key found for provider \"mistral\".";
    assert_eq!(command(key), "authwatch auth paste-api-key --provider mistral");
    let token = "No credentials found for profile \"anthropic:default\".";
    assert_eq!(command(token), "authwatch auth setup-token --provider anthropic");
    let login = "minimax-portal: refresh_token_expired";
    assert_eq!(command(login), "openclaw models auth login --provider minimax-portal");
    home.write(".openclaw/openclaw.json", config("2026.9.6"));
    assert_eq!(command(key), "openclaw models auth paste-api-key --provider mistral");
}
