//! Faults of the program's own: what is said of them and left behind holds no secret.

use crate::support::home::Home;
use crate::support::paused::Paused;
use crate::support::renewal::home;
use crate::support::token_server::TokenServer;

#[test]
fn what_it_panics_with_is_told_without_secrets() {
    // As where a store is cut at a place that is none: the message has the text in it.
    let piece = "byte index 3 is not a char boundary; it is inside `é` of `{\"profiles\":{\"xai:default\":{\"access\":\"canary-access\",\"key\":\"sk-ant-api03-canary-key\"}}}`";
    let home = Home::new().file("trouble", piece);
    let place = format!("scan={}", home.path().join("trouble").display());
    let home = home.env("AUTHWATCH_TEST_PANIC", &place);
    for (backtrace, format) in [("0", "text"), ("1", "json")] {
        let mut command = home.command(&[
            "watch",
            "--once",
            "--no-refresh",
            "--log-level",
            "trace",
            "--log-format",
            format,
        ]);
        command.env("RUST_BACKTRACE", backtrace);
        let ran = crate::support::home::run(command);
        assert_eq!(ran.code, 70, "{}", ran.stderr);
        assert!(ran.stderr.contains("made to panic at `scan`"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("canary") && !ran.stdout.contains("canary"), "{}", ran.stderr);
    }
}

#[test]
fn addresses_of_providers_are_shown_without_what_signs_in_there() {
    let endpoint = "https://user:canary-password@auth.example.org/token?key=canary-key";
    let config = format!(
        "[refresh.providers.acme]\ntoken_url = \"{endpoint}\"\nauthorize_url = \"{endpoint}\"\nredirect_url = \"{endpoint}\"\n"
    );
    let home =
        Home::new().profiles("main", &serde_json::json!({})).file(".config/authwatch/config.toml", config);
    for arguments in [
        &["config", "show"][..],
        &["config", "check"],
        &["refresh"],
        &["auth", "login", "--provider", "acme"],
    ] {
        let ran = home.run(arguments);
        assert!(!(ran.stdout + &ran.stderr).contains("canary"), "{arguments:?}");
    }
    let shown = home.run(&["config", "show"]).stdout;
    assert!(shown.contains("token_url = \"https://auth.example.org/token?[redacted]\""), "{shown}");
}

#[test]
fn no_core_is_left_behind() {
    let server = TokenServer::start();
    let home = home(&server);
    let paused = Paused::at("answered", &home, home.command(&["refresh"]));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", paused.child.id())).unwrap();
    paused.kill();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
}
