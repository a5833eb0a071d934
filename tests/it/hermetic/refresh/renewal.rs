//! `authwatch refresh`: what is renewed, and what a dry run says.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use serde_json::json;

use crate::support::home::{Home, stored};
use crate::support::renewal::{PROFILE, home, leftovers, locks};
use crate::support::token_server::TokenServer;

#[test]
fn a_due_login_is_renewed_and_nothing_else_changes() {
    let server = TokenServer::start();
    let home = home(&server);
    std::fs::set_permissions(home.store("main"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let text = std::fs::read_to_string(home.store("main")).unwrap();
    std::fs::write(home.store("main"), text.replace("2.5,", "2.50,")).unwrap();
    let before = stored(&home.store("main"));
    let ran = home.run(&["refresh"]);
    assert_eq!((ran.code, server.calls()), (0, 1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("main\topenai-codex:default\trenewed, valid for 59 min"), "{}", ran.stdout);
    let text = std::fs::read_to_string(home.store("main")).unwrap();
    let mut expected = before.clone();
    let after = stored(&home.store("main"));
    for field in ["access", "refresh", "expires"] {
        assert_ne!(after["profiles"][PROFILE][field], before["profiles"][PROFILE][field], "{field}");
        expected["profiles"][PROFILE][field] = after["profiles"][PROFILE][field].clone();
    }
    assert_eq!(after, expected);
    assert!(text.contains("2.50"), "numbers stay as they were written");
    assert!(text.ends_with("}\n") && text.starts_with("{\n  \""), "laid out as OpenClaw does");
    assert_eq!(home.store("main").metadata().unwrap().mode() & 0o777, 0o600);
    assert!(server.is_good(after["profiles"][PROFILE]["refresh"].as_str().unwrap()));
    assert!(leftovers(&home, "main").is_empty() && locks(&home).is_empty());
    let (content_type, fields) = &server.requests()[0];
    assert_eq!(content_type, "application/x-www-form-urlencoded");
    assert_eq!(fields["client_id"], "test-client");

    let ran = home.run(&["refresh"]);
    assert_eq!((ran.code, server.calls()), (0, 1), "nothing is due: {}", ran.stdout);
    let ran = home.run(&["refresh", "--force"]);
    assert_eq!((ran.code, server.calls()), (0, 2), "unless forced: {}", ran.stdout);
}

#[test]
fn a_dry_run_says_who_is_due_and_does_nothing() {
    let server = TokenServer::start();
    let home = home(&server);
    let before = home.tree();
    let ran = home.run(&["refresh", "--dry-run"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("due: would be renewed now"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("openrouter:k\tcannot be renewed from here (an API key or token)"),
        "{}",
        ran.stdout
    );
    assert_eq!((home.tree() == before, server.calls()), (true, 0));
}

#[test]
fn a_dry_run_finds_out_what_the_real_run_would() {
    let entry = json!({ "type": "oauth", "provider": "google-gemini-cli", "access": "a", "refresh": "r", "expires": 1 });
    let home = Home::new().profiles("main", &json!({ "google-gemini-cli:default": entry }));
    let (dry, real) = (home.run(&["refresh", "--dry-run"]), home.run(&["refresh"]));
    assert_eq!((dry.code, real.code), (78, 78), "{}{}", dry.stdout, real.stdout);
    assert!(dry.stdout.contains("due, but not renewed (no client ID is configured)"), "{}", dry.stdout);
    assert!(!dry.stdout.contains("would be renewed"), "{}", dry.stdout);
}
