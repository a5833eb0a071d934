//! Tokens and keys that are pasted.

use std::os::unix::fs::MetadataExt;

use serde_json::json;

use super::store_files::backups;
use crate::support::auth::{files, home, no_secret, piped, profile, setup_token};
use crate::support::home::{Home, stored};
use crate::support::renewal::leftovers;
use crate::support::time::now;

#[test]
fn a_token_is_stored_and_nothing_else_changes() {
    let home = home();
    let mut expected = stored(&home.store("main"));
    let before = std::fs::read_to_string(home.store("main")).unwrap();
    let token = setup_token();
    // Cut at a line break, quoted, behind a prompt: as it is pasted.
    let pasted = format!("$ export TOKEN=\"{}\n{}\"\r\n", &token[..50], &token[50..]);
    let ran = piped(&home, &["auth", "paste-token", "--provider", "Anthropic"], &pasted);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "main\tanthropic:manual\tstored\n"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("line breaks were joined") && ran.stderr.contains("prompt"),
        "{}",
        ran.stderr
    );
    no_secret(&ran);
    expected["profiles"]["anthropic:manual"] =
        json!({ "type": "token", "provider": "anthropic", "token": token, "unknown": "kept" });
    assert_eq!(stored(&home.store("main")), expected, "the old end is gone with the old token");
    assert_eq!(home.store("main").metadata().unwrap().mode() & 0o777, 0o600);
    assert_eq!(backups(&home), [("auth-profiles.json".to_owned(), before)], "what it replaced is kept");
    assert_eq!(leftovers(&home, "main"), ["auth-state.json"]);

    let start = now();
    let ran = piped(
        &home,
        &[
            "auth",
            "paste-token",
            "--provider",
            "anthropic",
            "--profile-id",
            "anthropic:year",
            "--expires-in",
            "365d",
        ],
        &token,
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let expires = profile(&home, "main", "anthropic:year")["expires"].as_i64().unwrap();
    assert!((start..=now()).contains(&(expires - 365 * 86_400_000)));
    assert!(
        ran.stderr.contains("order of anthropic leaves it out") || ran.stderr.contains("used before it"),
        "{}",
        ran.stderr
    );
    assert_eq!(backups(&home).len(), 1, "nothing was replaced, nothing is kept");
}

#[test]
fn the_configured_default_agent_is_meant_where_none_is_named() {
    let home = home().file(
        ".openclaw/openclaw.json",
        "{ agents: { list: [{ id: 'main' }, { id: 'work', default: true }] } }",
    );
    let ran =
        piped(&home, &["models", "auth", "paste-token", "--provider", "openrouter"], "sk-or-v1-canary0000\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "work\topenrouter:manual\tstored\n"), "{}", ran.stderr);
    let ran = piped(
        &home,
        &["auth", "paste-api-key", "--provider", "mistral", "--agent", "MAIN"],
        "canary-mistral-key",
    );
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "main\tmistral:manual\tstored\n"), "{}", ran.stderr);
    let expected = json!({ "type": "api_key", "provider": "mistral", "key": "canary-mistral-key" });
    assert_eq!(profile(&home, "main", "mistral:manual"), expected);
    let ran = piped(&home, &["auth", "paste-api-key", "--provider", "mistral", "--agent", "nobody"], "k");
    assert_eq!(ran.code, 66, "{}", ran.stderr);
    assert!(!home.agent_dir("nobody").exists());
    assert_eq!(piped(&Home::new(), &["auth", "paste-api-key", "--provider", "mistral"], "k").code, 66);
}

#[test]
fn the_wrong_thing_is_refused_with_the_right_command() {
    let home = home();
    let before = home.tree();
    let jwt = "eyJhbGciOiJcanary.eyJzdWIiOicanary.c2lnbmF0canary";
    let cut = &setup_token()[..40];
    for (command, provider, input, hint) in [
        (
            "paste-token",
            "anthropic",
            "sk-ant-api03-canary-0123456789",
            "authwatch auth paste-api-key --provider anthropic --agent main",
        ),
        (
            "paste-api-key",
            "anthropic",
            setup_token().as_str(),
            "authwatch auth paste-token --provider anthropic --agent main",
        ),
        ("paste-api-key", "openai", jwt, "authwatch auth login --provider openai --agent main"),
        (
            "paste-token",
            "openai",
            "sk-proj-canary0123456789",
            "authwatch auth paste-api-key --provider openai --agent main",
        ),
        (
            "paste-token",
            "anthropic",
            "sk-ant-ort01-canary0123456",
            "authwatch auth login --provider anthropic --agent main",
        ),
        (
            "paste-api-key",
            "openrouter",
            "sk-ant-api03-canary-0123456789",
            "--provider anthropic --agent main",
        ),
        ("paste-token", "anthropic", "canary", "claude setup-token"),
        ("paste-token", "anthropic", cut, "copy it whole"),
        ("paste-token", "xai", "two canary words", "copy nothing but the token"),
        ("paste-api-key", "xai", " \n\n", "copy nothing but the token"),
    ] {
        let ran = piped(&home, &["auth", command, "--provider", provider], input);
        assert_eq!((ran.code, ran.stdout.as_str()), (64, ""), "{command} {provider}: {}", ran.stderr);
        assert!(ran.stderr.contains(hint), "{command} {provider}: {}", ran.stderr);
        no_secret(&ran);
    }
    // A secret has no place on a command line, and no command takes one there.
    for arguments in [
        &["auth", "paste-token", "--provider", "anthropic", "x"][..],
        &["auth", "paste-api-key", "--provider", "xai", "--key", "x"],
        &["auth", "paste-token"],
        &["auth"],
        &["auth", "order", "set", "--provider", "xai"],
        &["auth", "paste-token", "--provider", "a b"],
        &["auth", "setup-token", "--provider", "openai"],
        &["auth", "paste-token", "--provider", "xai", "--expires-in", "0s"],
    ] {
        assert_eq!(home.run(arguments).code, 64, "{arguments:?}");
    }
    assert!(home.tree() == before, "nothing was changed");
}

#[test]
fn another_kind_of_credential_is_replaced_only_if_told() {
    let home = home();
    let arguments =
        ["auth", "paste-api-key", "--provider", "openai-codex", "--profile-id", "openai-codex:default"];
    let before = files(&home);
    let ran = piped(&home, &arguments, "sk-proj-canary-0123456789");
    assert_eq!(ran.code, 64, "{}", ran.stderr);
    assert!(ran.stderr.contains("type oauth") && ran.stderr.contains("--yes"), "{}", ran.stderr);
    assert!(files(&home) == before);
    let login = std::fs::read_to_string(home.store("main")).unwrap();
    let ran = piped(&home, &[&arguments[..], &["--yes"]].concat(), "sk-proj-canary-0123456789");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let expected =
        json!({ "type": "api_key", "provider": "openai-codex", "key": "sk-proj-canary-0123456789" });
    assert_eq!(profile(&home, "main", "openai-codex:default"), expected);
    assert_eq!(backups(&home)[0].1, login);
    let ran = piped(
        &home,
        &["auth", "paste-token", "--provider", "acme", "--profile-id", "openai-codex:default"],
        "canary-token",
    );
    assert!(ran.code == 64 && ran.stderr.contains("a credential of openai-codex"), "{}", ran.stderr);
}
