//! `authwatch auth` on a terminal of 40 columns: a phone's, over SSH. Everything is typed and read as a person would.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::auth::setup_token;
use crate::support::home::{Home, stored};
use crate::support::terminal::Terminal;

const PHONE: u16 = 40;

fn home() -> Home {
    Home::new().profiles(
        "main",
        &json!({
            "anthropic:default": { "type": "api_key", "provider": "anthropic", "key": "canary-key" },
            "openai-codex:default": { "type": "oauth", "provider": "openai-codex", "access": "canary-a", "refresh": "canary-r", "expires": 1, "email": "someone.with.a.long.name@example.org" },
        }),
    )
}

fn on_a_phone(home: &Home, arguments: &[&str]) -> Terminal {
    Terminal::run(&home.command(arguments), PHONE)
}

fn profile(home: &Home, id: &str) -> Value {
    stored(&home.store("main"))["profiles"][id].clone()
}

/// Every line fits, but for the last words of a failure, which the terminal breaks, and paths, which can be copied whole.
fn fits(terminal: &Terminal) {
    let text = terminal.text();
    assert!(!text.contains("canary"), "a secret is shown:\n{text}");
    for line in text.lines().filter(|line| {
        !line.starts_with("authwatch: ") && !line.starts_with("hint: ") && !line.starts_with('/')
    }) {
        assert!(line.chars().count() <= usize::from(PHONE), "{line:?} in\n{text}");
    }
}

#[test]
fn a_token_cut_at_a_line_break_is_pasted_hidden() {
    let home = home();
    let token = setup_token();
    let mut terminal = on_a_phone(&home, &["auth", "paste-token", "--provider", "anthropic"]);
    terminal.expect("Paste the setup-token (hidden),\nthen press Enter: ");
    terminal.until_hidden();
    terminal.types(&format!("{}\r{}\r", &token[..40], &token[40..]));
    terminal.expect("(its line breaks were joined)");
    terminal.expect("103 characters.");
    terminal.expect("stored");
    assert_eq!(terminal.end(), 0, "{}", terminal.text());
    fits(&terminal);
    assert_eq!(profile(&home, "anthropic:manual")["token"], token.as_str());
}

#[test]
fn what_is_missing_of_a_token_is_asked_for() {
    let home = home();
    let token = setup_token();
    let mut terminal = on_a_phone(&home, &["auth", "paste-token", "--provider", "anthropic"]);
    terminal.expect("Enter: ");
    terminal.until_hidden();
    // A slip, taken back: Ctrl-U, and a backspace.
    terminal.types(&format!("wrong\u{15}{}x\u{7f}\r", &token[..40]));
    terminal.expect("Paste the rest.");
    terminal.expect("Enter: ");
    terminal.until_hidden();
    terminal.types(&format!("{}\r", &token[40..]));
    terminal.expect("stored");
    assert_eq!(terminal.end(), 0, "{}", terminal.text());
    fits(&terminal);
    assert_eq!(profile(&home, "anthropic:manual")["token"], token.as_str());

    // Enter alone gives up.
    let mut terminal = on_a_phone(&home, &["auth", "paste-token", "--provider", "anthropic"]);
    terminal.expect("Enter: ");
    terminal.until_hidden();
    terminal.types(&format!("{}\r", &token[..40]));
    terminal.expect("Paste the rest.");
    terminal.expect("Enter: ");
    terminal.until_hidden();
    terminal.types("\r");
    assert_eq!(terminal.end(), 64, "{}", terminal.text());
}

#[test]
fn ctrl_c_shows_what_is_typed_again_and_changes_nothing() {
    let home = home();
    let before = home.tree();
    for arguments in [&["auth", "paste-api-key", "--provider", "mistral"][..], &["auth", "setup-token"]] {
        let mut terminal = on_a_phone(&home, arguments);
        terminal.expect("Enter: ");
        terminal.until_hidden();
        terminal.types("canary\u{3}");
        terminal.expect("interrupted");
        assert_eq!(terminal.end(), 75, "{}", terminal.text());
        fits(&terminal);
    }
    assert!(home.tree() == before);
}

#[test]
fn a_signal_shows_what_is_typed_again_and_changes_nothing() {
    use rustix::process::Signal;

    let home = home();
    let login = ["auth", "login", "--provider", "openai-codex", "--no-browser"];
    for signal in [Signal::TERM, Signal::HUP, Signal::QUIT, Signal::INT] {
        for arguments in [&["auth", "paste-api-key", "--provider", "mistral"][..], &login] {
            let before = home.tree();
            let mut terminal = on_a_phone(&home, arguments);
            terminal.expect("press Enter");
            terminal.until_hidden();
            terminal.signal(signal);
            // As it would have ended without a terminal.
            assert_eq!(terminal.end(), 128 + signal.as_raw(), "{signal:?}: {}", terminal.text());
            assert!(arguments == login || home.tree() == before);
        }
    }
    // Once it has been hidden, a question is left by the same signals.
    let arguments =
        ["auth", "paste-api-key", "--provider", "openai-codex", "--profile-id", "openai-codex:default"];
    let mut terminal = on_a_phone(&home, &arguments);
    terminal.expect("Enter: ");
    terminal.until_hidden();
    terminal.types("sk-proj-canary-0123456789\r");
    terminal.expect("[y/N] ");
    terminal.signal(Signal::INT);
    assert_eq!(terminal.end(), 130, "{}", terminal.text());
    assert_eq!(profile(&home, "openai-codex:default")["type"], "oauth");
}

#[test]
fn removing_and_replacing_are_asked_about() {
    let home = home();
    for (answer, code) in [("n\r", 64), ("\r", 64), ("maybe\r", 64), ("\u{4}", 64), ("y\r", 0)] {
        let mut terminal = on_a_phone(&home, &["auth", "logout", "anthropic:default"]);
        terminal.expect("Remove it? [y/N] ");
        assert!(profile(&home, "anthropic:default").is_object(), "only after the answer");
        terminal.types(answer);
        assert_eq!(terminal.end(), code, "{answer:?}: {}", terminal.text());
        fits(&terminal);
    }
    assert!(profile(&home, "anthropic:default").is_null());

    for (answer, code) in [("n\r", 64), ("yes\r", 0)] {
        let mut terminal = on_a_phone(
            &home,
            &["auth", "paste-api-key", "--provider", "openai-codex", "--profile-id", "openai-codex:default"],
        );
        terminal.expect("Enter: ");
        terminal.until_hidden();
        terminal.types("sk-proj-canary-0123456789\r");
        terminal.expect("type oauth");
        terminal.expect("[y/N] ");
        terminal.types(answer);
        assert_eq!(terminal.end(), code, "{}", terminal.text());
        fits(&terminal);
    }
    assert_eq!(profile(&home, "openai-codex:default")["type"], "api_key");
}

#[test]
fn claude_code_makes_the_token_where_it_is_installed() {
    let token = setup_token();
    let home = home().file(
        "bin/claude",
        format!("#!/bin/sh\n[ \"$1\" = setup-token ] && [ -t 0 ] || exit 9\necho 'Your token (valid for 1 year):'\necho made-by-claude\n: {token}\n"),
    );
    let program = home.path().join("bin/claude");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", home.path().join("bin").display(), std::env::var("PATH").unwrap());
    let mut command = home.command(&["models", "auth", "setup-token", "--provider", "anthropic"]);
    command.env("PATH", path);
    let start = crate::support::time::now();
    let mut terminal = Terminal::run(&command, PHONE);
    terminal.expect("made-by-claude");
    terminal.expect("Enter: ");
    terminal.until_hidden();
    terminal.types(&format!("{token}\r"));
    terminal.expect("It is new");
    terminal.expect("stored");
    assert_eq!(terminal.end(), 0, "{}", terminal.text());
    let expires = profile(&home, "anthropic:manual")["expires"].as_i64().unwrap();
    assert!(expires >= start + 365 * 86_400_000, "a setup-token is good for a year");

    // Where it is not installed, a token made elsewhere is taken, and no end is guessed.
    let home = Home::new().profiles("main", &json!({}));
    let mut terminal = on_a_phone(&home, &["auth", "setup-token"]);
    terminal.expect("is not installed here");
    terminal.expect("Enter: ");
    terminal.until_hidden();
    terminal.types(&format!("{token}\r"));
    assert_eq!(terminal.end(), 0, "{}", terminal.text());
    fits(&terminal);
    assert_eq!(
        profile(&home, "anthropic:manual"),
        json!({ "type": "token", "provider": "anthropic", "token": token })
    );
}

#[test]
fn a_message_to_explain_is_pasted() {
    let home = home();
    let mut terminal = on_a_phone(&home, &["explain"]);
    terminal.expect("Ctrl-D");
    terminal.types("openai-codex: invalid_grant\r\u{4}");
    terminal.expect("the login: invalid_grant");
    assert_eq!(terminal.end(), 0, "{}", terminal.text());
}
