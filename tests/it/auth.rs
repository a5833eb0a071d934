//! `authwatch auth`: what is stored, what is refused, what is kept, and that nothing else changes.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::refresh::{leftovers, now, stored, wait_until};
use crate::support::{Home, Ran, tree};
use crate::token_server::TokenServer;

/// A setup-token as long as a real one.
pub(crate) fn setup_token() -> String {
    format!("sk-ant-oat01-{}", "canaryAB3".repeat(10))
}

/// Runs with this on standard input.
pub(crate) fn piped(home: &Home, arguments: &[&str], input: &str) -> Ran {
    feed(home.command(arguments), input)
}

pub(crate) fn feed(mut command: Command, input: &str) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that refuses at once closes its end.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Ran::of(child.wait_with_output().unwrap())
}

/// A home whose main agent has logins of every kind, beside things no other program knows.
fn home() -> Home {
    let profiles = json!({
        "anthropic:default": { "type": "api_key", "provider": "anthropic", "key": "canary-key-1", "metadata": { "kept": [1, 2.5] } },
        "anthropic:manual": { "type": "token", "provider": "anthropic", "token": "canary-old", "expires": 5, "unknown": "kept" },
        "openai-codex:default": { "type": "oauth", "provider": "openai-codex", "access": "canary-a", "refresh": "canary-r", "expires": now() + 3_600_000, "email": "a@x.org" },
    });
    let state = json!({ "version": 1, "order": { "anthropic": ["anthropic:manual", "anthropic:default"] },
        "lastGood": { "anthropic": "anthropic:default" }, "usageStats": { "anthropic:manual": { "errorCount": 2 } }, "unknown": [null] });
    Home::new()
        .profiles("main", &profiles)
        .profiles(
            "work",
            &json!({ "xai:default": { "type": "api_key", "provider": "xai", "key": "canary-key-2" } }),
        )
        .file(".openclaw/agents/main/agent/auth-state.json", state.to_string())
}

fn profile(home: &Home, agent: &str, id: &str) -> Value {
    stored(&home.store(agent))["profiles"][id].clone()
}

fn state(home: &Home, agent: &str) -> Value {
    stored(&home.agent_dir(agent).join("auth-state.json"))
}

/// All files below the home directory, with their contents. A lock that was held leaves its time on the directory.
fn files(home: &Home) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let paths = home.tree().into_keys().filter(|path| path.is_file());
    paths.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// The backups that were kept: the file's name and its content.
fn backups(home: &Home) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let root = home.path().join(".local/state/authwatch/backups");
    for dir in std::fs::read_dir(root).into_iter().flatten().flatten() {
        for file in std::fs::read_dir(dir.path()).unwrap().flatten() {
            assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600, "{}", file.path().display());
            let name = file.file_name().into_string().unwrap();
            if name != "original-path" {
                found.push((name, std::fs::read_to_string(file.path()).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn no_secret(ran: &Ran) {
    for output in [&ran.stdout, &ran.stderr] {
        assert!(!output.contains("canary"), "a secret is printed:\n{output}");
    }
}

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
    let expires = profile(&home, "main", "anthropic:year")["expires"].as_u64().unwrap();
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

#[test]
fn a_store_that_is_not_there_begins_with_the_legacy_logins() {
    let home = Home::new()
        .file(".openclaw/agents/work/agent/auth.json", json!({ "xai": { "type": "api_key", "key": "canary-x", "extra": 1 }, "groq": { "type": "token", "token": "canary-g", "expires": "soon" } }).to_string())
        .file(".openclaw/credentials/oauth.json", json!({ "openai-codex": { "access": "canary-a", "refresh": "canary-r", "expires": 1_900_000_000_000_u64, "accountId": "acct", "extra": { "kept": 1 } } }).to_string())
        .profiles("main", &json!({}));
    let legacy = std::fs::read(home.agent_dir("work").join("auth.json")).unwrap();
    let ran = piped(&home, &["auth", "paste-token", "--provider", "acme", "--agent", "work"], "canary-acme");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("3 login(s) of earlier releases"), "{}", ran.stderr);
    let expected = json!({
        "xai:default": { "type": "api_key", "provider": "xai", "key": "canary-x" },
        "groq:default": { "type": "token", "provider": "groq", "token": "canary-g" },
        "openai-codex:default": { "type": "oauth", "provider": "openai-codex", "access": "canary-a", "refresh": "canary-r", "expires": 1_900_000_000_000_u64, "accountId": "acct", "extra": { "kept": 1 } },
        "acme:manual": { "type": "token", "provider": "acme", "token": "canary-acme" },
    });
    assert_eq!(stored(&home.store("work")), json!({ "version": 1, "profiles": expected }));
    assert_eq!(home.store("work").metadata().unwrap().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read(home.agent_dir("work").join("auth.json")).unwrap(), legacy);

    // An agent that has nothing at all, not even a directory.
    let home = Home::new().file(".openclaw/openclaw.json", "{ agents: { list: [{ id: 'new' }] } }");
    let ran = piped(&home, &["auth", "paste-token", "--provider", "acme"], "canary-acme");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(profile(&home, "new", "acme:manual")["token"], "canary-acme");
    assert_eq!(home.agent_dir("new").metadata().unwrap().mode() & 0o777, 0o700);
    assert_eq!(leftovers(&home, "new"), [] as [&str; 0]);

    // What cannot be taken over whole is not passed over in silence.
    let home = Home::new().file(".openclaw/agents/main/agent/auth.json", "{\"xai\": {\"key\": \"canary");
    let ran = piped(&home, &["auth", "paste-token", "--provider", "acme"], "canary-acme");
    assert_eq!(ran.code, 74, "{}", ran.stderr);
    assert!(ran.stderr.contains("auth.json") && !home.store("main").exists(), "{}", ran.stderr);
    no_secret(&ran);
}

/// `oauth.json` stays where it is for years. What main has renewed since must not be shadowed by what it once was.
#[test]
fn no_agent_is_given_a_login_that_main_has_renewed_since() {
    let login = |refresh: &str, expires: u64| json!({ "type": "oauth", "provider": "openai-codex", "access": "a", "refresh": refresh, "expires": expires });
    let old = json!({ "openai-codex": { "access": "a", "refresh": "canary-spent", "expires": 1_700_000_000_000_u64 }, "chutes": { "access": "b", "refresh": "canary-only", "expires": 5 } });
    let home = Home::new()
        .profiles("main", &json!({ "openai-codex:default": login("canary-new", 4_000_000_000_000) }))
        .file(".openclaw/credentials/oauth.json", old.to_string())
        .file(".openclaw/agents/work/agent/x", "")
        .file(".openclaw/agents/night/agent/x", "");
    let ran = piped(
        &home,
        &["auth", "paste-api-key", "--provider", "mistral", "--agent", "work"],
        "canary-mistral",
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let ran = home.run(&["auth", "import", "--agent", "night"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "night\tchutes:default\timported\n"), "{}", ran.stderr);
    for agent in ["work", "night"] {
        let profiles = &stored(&home.store(agent))["profiles"];
        assert!(profiles["openai-codex:default"].is_null(), "{profiles}");
        assert_eq!(profiles["chutes:default"]["refresh"], "canary-only");
    }
}

#[test]
fn import_makes_the_store_openclaw_would() {
    let home = || {
        Home::new()
        .file(".openclaw/agents/main/agent/auth.json", json!({ "xai": { "type": "api_key", "key": "canary-x", "provider": "XAI" }, "openai-codex": { "type": "oauth", "access": "canary-first", "refresh": "r", "expires": 5, "email": "a@x.org" }, "bad": { "type": "nonsense" } }).to_string())
        .file(".openclaw/credentials/oauth.json", json!({ "openai-codex": { "access": "canary-second" }, "chutes": { "access": "canary-c", "refresh": "canary-d", "expires": 7.5 } }).to_string())
    };
    let (ours, theirs) = (home(), home());
    // What a look judges the legacy files to be is what the import makes of them.
    let looked = theirs.status(&["--format", "plain", "--scope", "all"]).stdout;
    let ran = ours.run(&["auth", "import"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (
            0,
            "main\topenai-codex:default\timported\nmain\txai:default\timported\nmain\tchutes:default\timported\n"
        ),
        "{}",
        ran.stderr
    );
    no_secret(&ran);
    assert_eq!(ours.status(&["--format", "plain", "--scope", "all"]).stdout, looked);
    assert_eq!(profile(&ours, "main", "openai-codex:default")["access"], "canary-first");
    let before = files(&ours);
    let again = ours.run(&["auth", "import"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, ""));
    assert!(again.stderr.contains("There is a store already") && files(&ours) == before, "{}", again.stderr);
    let nothing = Home::new().file(".openclaw/x", "").run(&["auth", "import"]);
    assert!(nothing.code == 0 && nothing.stderr.contains("nothing to take over"), "{}", nothing.stderr);
}

#[test]
fn a_login_is_removed_only_if_told_and_kept_all_the_same() {
    let home = home();
    let before = home.tree();
    let ran = home.run(&["auth", "logout", "anthropic:manual"]);
    assert_eq!(ran.code, 64, "{}", ran.stderr);
    assert!(ran.stderr.contains("--yes") && home.tree() == before, "{}", ran.stderr);

    let (store, beside) = (
        std::fs::read_to_string(home.store("main")).unwrap(),
        std::fs::read_to_string(home.agent_dir("main").join("auth-state.json")).unwrap(),
    );
    let (mut expected, mut expected_state) = (stored(&home.store("main")), state(&home, "main"));
    let ran = home.run(&["auth", "logout", "anthropic:manual", "--yes"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "main\tanthropic:manual\tremoved\n"), "{}", ran.stderr);
    expected["profiles"].as_object_mut().unwrap().remove("anthropic:manual");
    expected_state["order"]["anthropic"] = json!(["anthropic:default"]);
    assert_eq!((stored(&home.store("main")), state(&home, "main")), (expected, expected_state));
    let kept = [("auth-profiles.json".to_owned(), store), ("auth-state.json".to_owned(), beside)];
    assert_eq!(backups(&home), kept, "`cp` brings both back");

    for (arguments, hint) in [
        (&["auth", "logout", "anthropic:manual", "--yes"][..], "authwatch auth list --agent main"),
        (&["auth", "logout", "xai:default", "--yes"], "authwatch auth logout xai:default --agent work"),
        (&["auth", "logout", "anthropic:default", "--agent", "work", "--yes"], "--agent main"),
    ] {
        let ran = home.run(arguments);
        assert_eq!(ran.code, 66, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(hint), "{arguments:?}: {}", ran.stderr);
    }
    assert_eq!(backups(&home).len(), 2);
}

#[test]
fn without_a_backup_nothing_is_removed_or_replaced() {
    let home = home();
    // A file where the directory would be.
    home.write(".local/state/authwatch/backups", "");
    let before = tree(&home.state());
    for (arguments, input) in [
        (&["auth", "logout", "anthropic:manual", "--yes"][..], String::new()),
        (&["auth", "paste-token", "--provider", "anthropic"], setup_token()),
    ] {
        let ran = piped(&home, arguments, &input);
        assert_eq!(ran.code, 73, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("backup"), "{}", ran.stderr);
        no_secret(&ran);
    }
    let without_inodes =
        |tree: &std::collections::BTreeMap<PathBuf, String>| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(without_inodes(&tree(&home.state())), without_inodes(&before));
    assert_eq!(profile(&home, "main", "anthropic:manual")["token"], "canary-old");
}

#[test]
fn a_write_that_fails_changes_nothing() {
    let token = setup_token();
    for step in ["reserve", "write", "rename"] {
        let home = home().env("AUTHWATCH_TEST_FAIL", step);
        let before = stored(&home.store("main"));
        for (arguments, input) in [
            (&["auth", "paste-token", "--provider", "anthropic"][..], token.as_str()),
            (&["auth", "logout", "anthropic:manual", "--yes"], ""),
        ] {
            let ran = piped(&home, arguments, input);
            assert_eq!(ran.code, 73, "{step}: {}", ran.stderr);
            no_secret(&ran);
        }
        assert_eq!(stored(&home.store("main")), before, "{step}");
        assert_eq!(leftovers(&home, "main"), ["auth-state.json"], "{step}");
    }
}

#[test]
fn broken_files_are_named_and_left_alone() {
    for (path, content, code) in [
        ("auth-profiles.json", "{\"profiles\":{\"a\": canary", 74),
        ("auth-profiles.json", "{\"canary\":1}", 74),
        ("auth-profiles.json", "[]", 74),
        ("auth-state.json", "{\"order\": canary", 74),
    ] {
        let home = home();
        let file = home.agent_dir("main").join(path);
        std::fs::write(&file, content).unwrap();
        let token = setup_token();
        let cases = [
            (&["auth", "paste-token", "--provider", "anthropic"][..], token.as_str()),
            (&["auth", "logout", "anthropic:manual", "--yes"], ""),
            (&["auth", "order", "clear", "--provider", "anthropic"], ""),
        ];
        for (arguments, input) in cases.into_iter().skip(usize::from(path == "auth-state.json")) {
            if path == "auth-profiles.json" && arguments.contains(&"order") {
                continue;
            }
            let ran = piped(&home, arguments, input);
            let expected =
                if arguments.contains(&"logout") && path == "auth-profiles.json" { 66 } else { code };
            assert_eq!(ran.code, expected, "{content} {arguments:?}: {}", ran.stderr);
            no_secret(&ran);
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), content);
        assert_eq!(backups(&home).iter().filter(|(_, kept)| kept.contains("never")).count(), 0);
    }
}

#[test]
fn links_are_written_through() {
    let home = home();
    let real = home.path().join("elsewhere.json");
    std::fs::rename(home.store("main"), &real).unwrap();
    std::os::unix::fs::symlink(&real, home.store("main")).unwrap();
    assert_eq!(piped(&home, &["auth", "paste-token", "--provider", "acme"], "canary-t").code, 0);
    assert!(
        home.store("main").is_symlink() && stored(&real)["profiles"]["acme:manual"]["token"] == "canary-t"
    );
    let state = home.agent_dir("main").join("auth-state.json");
    let real = home.path().join("state.json");
    std::fs::rename(&state, &real).unwrap();
    std::os::unix::fs::symlink(&real, &state).unwrap();
    assert_eq!(home.run(&["auth", "order", "clear", "--provider", "anthropic"]).code, 0);
    assert!(state.is_symlink() && stored(&real)["order"] == json!({}));
}

#[test]
fn the_order_is_set_shown_and_cleared() {
    let home = home();
    let get = |home: &Home, more: &[&str]| {
        home.run(&[&["auth", "order", "get", "--provider", "anthropic"], more].concat())
    };
    let shown = get(&home, &[]);
    insta::assert_snapshot!(shown.stdout, @r"
    anthropic of main: set for this agent
      1. anthropic:manual
         has ended
      2. anthropic:default
         would be used now
    ");
    let ran = home.run(&["auth", "order", "set", "--provider", "anthropic", "anthropic:default"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut expected = state(&home, "main");
    expected["order"]["anthropic"] = json!(["anthropic:default"]);
    assert_eq!(state(&home, "main"), expected, "usage and what is unknown stays");
    assert_eq!(home.agent_dir("main").join("auth-state.json").metadata().unwrap().mode() & 0o777, 0o600);
    assert!(
        home.run(&["auth", "order", "set", "--provider", "anthropic", "anthropic:default"])
            .stderr
            .contains("so already")
    );

    // Another agent inherits it, and may have its own.
    assert_eq!(get(&home, &["--agent", "work", "--json"]).json()["origin"], "inherited");
    let ran = home.run(&[
        "auth",
        "order",
        "set",
        "--provider",
        "anthropic",
        "anthropic:manual,anthropic:default",
        "--agent",
        "work",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        state(&home, "work"),
        json!({ "version": 1, "order": { "anthropic": ["anthropic:manual", "anthropic:default"] } })
    );
    let answer = get(&home, &["--agent", "work", "--json"]).json();
    assert_eq!((&answer["origin"], &answer["used"]), (&json!("stored"), &json!("anthropic:default")));
    assert_eq!(answer["profiles"][0]["verdict"], "expired");
    assert_eq!(home.run(&["auth", "order", "clear", "--provider", "anthropic", "--agent", "work"]).code, 0);
    assert_eq!(get(&home, &["--agent", "work", "--json"]).json()["origin"], "inherited");

    assert_eq!(home.run(&["auth", "order", "clear", "--provider", "Anthropic"]).code, 0);
    let answer = get(&home, &["--json"]).json();
    assert_eq!((&answer["origin"], &answer["order"]), (&json!("automatic"), &Value::Null));

    let before = home.tree();
    for (ids, code) in [
        (&["nobody:x"][..], 66),
        (&["openai-codex:default"], 64),
        (&["anthropic:default", "nobody:x"], 66),
        (&[","], 64),
    ] {
        let ran = home.run(&[&["auth", "order", "set", "--provider", "anthropic"], ids].concat());
        assert_eq!(ran.code, code, "{ids:?}: {}", ran.stderr);
    }
    assert!(home.tree() == before);
}

#[test]
fn an_order_kept_in_the_store_itself_is_cleared_there_too() {
    let inline = json!({ "version": 1, "profiles": { "xai:a": { "type": "api_key", "provider": "xai", "key": "canary" } },
        "order": { " XAI ": ["xai:a"], "zai": ["zai:a"] } });
    let home = Home::new().file(".openclaw/agents/main/agent/auth-profiles.json", inline.to_string());
    let origin = |home: &Home| {
        home.run(&["auth", "order", "get", "--provider", "xai", "--json"]).json()["origin"].clone()
    };
    assert_eq!(origin(&home), "stored");
    assert_eq!(home.run(&["auth", "order", "clear", "--provider", "xai"]).code, 0);
    assert_eq!(origin(&home), "automatic");
    let mut expected = inline;
    expected["order"] = json!({ "zai": ["zai:a"] });
    assert_eq!(stored(&home.store("main")), expected);
}

#[test]
fn why_a_profile_is_not_used_is_said() {
    let later = now() + 1_800_500;
    let home = Home::new()
        .file(
            ".openclaw/openclaw.json",
            "{ auth: { profiles: { 'xai:mode': { provider: 'xai', mode: 'oauth' } } } }",
        )
        .profiles(
            "main",
            &json!({
                "xai:billing": { "type": "api_key", "provider": "xai", "key": "canary" },
                "xai:empty": { "type": "api_key", "provider": "xai" },
                "xai:mode": { "type": "api_key", "provider": "xai", "key": "canary" },
                "xai:good": { "type": "api_key", "provider": "xai", "key": "canary" },
                "zai:a": { "type": "api_key", "provider": "zai", "key": "canary" },
            }),
        )
        .file(
            ".openclaw/agents/main/agent/auth-state.json",
            json!({
            "order": { "xai": ["xai:gone", "xai:empty", "zai:a", "xai:mode", "xai:billing", "xai:good"] },
            "usageStats": { "xai:billing": { "disabledUntil": later, "disabledReason": "billing" } } })
            .to_string(),
        );
    let ran = home.env("COLUMNS", "40").run(&["auth", "order", "get", "--provider", "xai"]);
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 40), "{}", ran.stdout);
    insta::assert_snapshot!(ran.stdout, @r"
    xai of main: set for this agent
      1. xai:gone
         there is no such profile
      2. xai:empty
         holds no credential
      3. zai:a
         is a profile of zai
      4. xai:mode
         the configuration (auth.profiles)
         says something else of it
      5. xai:billing
         disabled (billing) for another 30
         min
      6. xai:good
         would be used now
    ");
}

#[test]
fn profiles_are_listed() {
    let home = home();
    let answer = home.run(&["auth", "list", "--json"]).json();
    let ids = |answer: &Value| {
        answer["profiles"]
            .as_array()
            .unwrap()
            .iter()
            .map(|profile| profile["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&answer), ["anthropic:default", "anthropic:manual", "openai-codex:default"]);
    assert_eq!((&answer["agentId"], &answer["formatVersion"]), (&json!("main"), &json!(1)));
    let answer =
        home.run(&["models", "auth", "list", "--agent", "work", "--provider", "xai", "--json"]).json();
    assert_eq!(ids(&answer), ["xai:default"]);
    let ran = home.env("COLUMNS", "40").run(&["auth", "list", "--provider", "anthropic"]);
    assert_eq!(ran.stdout.lines().next(), Some("anthropic:default"));
    assert!(ran.stdout.contains("  api_key, valid, no expiry\n"), "{}", ran.stdout);
    no_secret(&ran);
}

#[cfg(feature = "sqlite")]
#[test]
fn databases_are_openclaws_alone() {
    let profiles = json!({ "xai:a": { "type": "api_key", "provider": "xai", "key": "canary" } });
    let homes = [
        Home::new().database("main", &profiles),
        Home::new().shared(Some("state-db"), &profiles),
        // The release keeps logins in databases: an agent without one is about to get one, too.
        Home::new().database("main", &profiles).profiles("work", &profiles),
    ];
    for home in homes {
        let agent = if home.store("work").exists() { "work" } else { "main" };
        let before = home.tree();
        let commands: [(&[&str], String); 7] = [
            (&["paste-token", "--provider", "anthropic"], "paste-token --provider anthropic".to_owned()),
            (&["paste-api-key", "--provider", "xai"], "paste-api-key --provider xai".to_owned()),
            (&["setup-token", "--provider", "anthropic"], "setup-token --provider anthropic".to_owned()),
            (&["login", "--provider", "openai-codex"], "login --provider openai-codex".to_owned()),
            (&["logout", "xai:a", "--yes"], "logout xai:a".to_owned()),
            (&["order", "set", "--provider", "xai", "xai:a"], "order set --provider xai xai:a".to_owned()),
            (&["order", "clear", "--provider", "xai"], "order clear --provider xai".to_owned()),
        ];
        for (arguments, rest) in commands {
            let ran = piped(&home, &[&["auth"], arguments, &["--agent", agent]].concat(), "sk-canary");
            assert_eq!((ran.code, ran.stdout.as_str()), (78, ""), "{arguments:?}: {}", ran.stderr);
            let command = format!("hint: run: openclaw models auth {rest} --agent {agent}\n");
            assert!(ran.stderr.ends_with(&command), "{arguments:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(".sqlite"), "{}", ran.stderr);
        }
        assert_eq!(home.run(&["auth", "import", "--agent", agent]).code, 78);
        assert_eq!(home.run(&["auth", "list", "--agent", agent]).code, 0, "looking is free");
        let order = home.run(&["auth", "order", "get", "--provider", "xai", "--agent", agent, "--json"]);
        assert_eq!(order.json()["used"], "xai:a");
        assert!(home.tree() == before);
    }
}

#[test]
fn what_root_writes_stays_its_owners() {
    let home = home();
    let root = rustix::process::geteuid().is_root();
    // Root can give the files to somebody; for everybody else they stay their own, which has to hold as well.
    let owner = if root { 1234 } else { rustix::process::geteuid().as_raw() };
    let (main, work) = (home.agent_dir("main"), home.agent_dir("work"));
    std::fs::remove_dir_all(&work).unwrap();
    for path in [&home.store("main"), &main, work.parent().unwrap()] {
        std::os::unix::fs::chown(path, Some(owner), None).unwrap();
    }
    std::fs::remove_file(main.join("auth-state.json")).unwrap();
    home.write(".openclaw/openclaw.json", "{ agents: { list: [{ id: 'main' }, { id: 'work' }] } }");
    for agent in ["main", "work"] {
        let ran =
            piped(&home, &["auth", "paste-token", "--provider", "acme", "--agent", agent], "canary-acme");
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let ran = home.run(&["auth", "order", "set", "--provider", "acme", "acme:manual", "--agent", agent]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    for path in [
        home.store("main"),
        main.join("auth-state.json"),
        work.clone(),
        home.store("work"),
        work.join("auth-state.json"),
    ] {
        assert_eq!(path.metadata().unwrap().uid(), owner, "{}", path.display());
    }
}

#[test]
fn a_held_lock_is_waited_for_and_named() {
    let home = home();
    let mut lock = home.store("main").into_os_string();
    lock.push(".lock");
    let holder = json!({ "pid": std::process::id(), "createdAt": "2099-01-01T00:00:00.000Z" });
    std::fs::write(&lock, holder.to_string()).unwrap();
    let mut command =
        home.command(&["auth", "order", "clear", "--provider", "anthropic", "--log-level", "info"]);
    let mut waiting = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(waiting.stderr.take().unwrap()).read_line(&mut said).unwrap();
    let holder = format!("is held by process {}", std::process::id());
    assert!(said.contains("waiting") && said.contains(&holder), "{said}");
    assert_eq!(state(&home, "main")["order"].as_object().unwrap().len(), 1);
    std::fs::remove_file(&lock).unwrap();
    assert!(waiting.wait().unwrap().success());
    assert_eq!(state(&home, "main")["order"], json!({}));
}

#[test]
fn a_kill_at_any_step_leaves_whole_files_and_no_obstacle() {
    let token = setup_token();
    let paste = &["auth", "paste-token", "--provider", "anthropic"][..];
    let logout = &["auth", "logout", "anthropic:manual", "--yes"][..];
    let order = &["auth", "order", "set", "--provider", "anthropic", "anthropic:default"][..];
    for (arguments, input, step) in [
        (paste, token.as_str(), "store-locked"),
        (paste, &token, "rehearsed"),
        (paste, &token, "written"),
        (paste, &token, "renamed"),
        (logout, "", "rehearsed"),
        (logout, "", "written"),
        (logout, "", "renamed"),
        (logout, "", "renamed-beside"),
        (order, "", "store-locked"),
        (order, "", "renamed-beside"),
    ] {
        let home = home();
        let marker = home.path().join("marker");
        let mut command = home.command(arguments);
        command.env("AUTHWATCH_TEST_PAUSE", step).env("AUTHWATCH_TEST_MARKER", &marker);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        wait_until(|| marker.exists());
        child.kill().unwrap();
        child.wait().unwrap();

        let (manual, kept) = (profile(&home, "main", "anthropic:manual"), backups(&home));
        let is_new = manual["token"] == token.as_str() || manual.is_null();
        assert_eq!(is_new, step.starts_with("renamed") && arguments != order, "{arguments:?} {step}");
        assert!(is_new || manual["token"] == "canary-old", "{arguments:?} {step}");
        assert!(!is_new || kept.iter().any(|(_, kept)| kept.contains("canary-old")), "what is gone is kept");
        assert_eq!(state(&home, "main")["usageStats"]["anthropic:manual"]["errorCount"], 2);
        assert_eq!(profile(&home, "main", "anthropic:default")["metadata"]["kept"][1], 2.5);
        // The dead process's lock is no obstacle.
        let ran = piped(&home, arguments, input);
        let expected = if arguments == logout && is_new { 66 } else { 0 };
        assert_eq!(ran.code, expected, "{arguments:?} after {step}: {}", ran.stderr);
    }
}

/// The command lines of OpenClaw's two pages about auth (authentication, OAuth), with the program's name changed.
/// What each is given on standard input, and the exit code it has on a home with working logins.
const DOCUMENTED: &[(&str, &str, i32)] = &[
    // Something that is worth a warning there is in this home, as in most.
    ("doctor", "", 2),
    ("models status", "", 0),
    ("models status --check", "", 0),
    ("models auth setup-token --provider anthropic", "SETUP", 0),
    ("models auth paste-token --provider anthropic", "SETUP", 0),
    ("models auth paste-token --provider openrouter", "sk-or-v1-canary0123456789", 0),
    ("models auth login --provider openai-codex", "CODE", 0),
    ("models auth order get --provider anthropic", "", 0),
    ("models auth order get --provider anthropic --agent work", "", 0),
    ("models auth order set --provider anthropic anthropic:default", "", 0),
    ("models auth order set --provider anthropic anthropic:default --agent work", "", 0),
    ("models auth order clear --provider anthropic", "", 0),
    ("models auth order clear --provider anthropic --agent work", "", 0),
    ("models auth list --json", "", 0),
];

#[test]
fn every_documented_command_line_works() {
    let server = TokenServer::start();
    let config = server.config(&["openai-codex"])
        + "authorize_url = \"http://127.0.0.1:9/authorize\"\nredirect_url = \"http://localhost:PORT/auth/callback\"\n";
    // Any free port: the provider's own may be taken on this machine.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let home = Home::new()
        .file(".config/authwatch/config.toml", config.replace("PORT", &port.to_string()))
        .file(
            ".openclaw/openclaw.json",
            "{ agents: { list: [{ id: 'main', default: true }, { id: 'work' }] } }",
        )
        .profiles(
            "main",
            &json!({ "anthropic:default": { "type": "api_key", "provider": "anthropic", "key": "canary" } }),
        );
    for (line, input, code) in DOCUMENTED {
        let input = match *input {
            "SETUP" => setup_token(),
            "CODE" => server.code("canary-code"),
            other => other.to_owned(),
        };
        let arguments: Vec<&str> = line.split(' ').collect();
        let ran = piped(&home, &arguments, &input);
        assert_eq!(ran.code, *code, "authwatch {line}: {}{}", ran.stdout, ran.stderr);
        no_secret(&ran);
        // The short form means the same where it has one.
        if arguments[0] != "models" {
            continue;
        }
        let short = piped(
            &home,
            &arguments[1..],
            &if input == "canary-code" { server.code("canary-code-2") } else { input },
        );
        assert_eq!(short.code, *code, "authwatch {}: {}", &line[7..], short.stderr);
    }
    let profiles = stored(&home.store("main"))["profiles"].clone();
    for id in ["anthropic:default", "anthropic:manual", "openrouter:manual", "openai-codex:default"] {
        assert!(profiles[id].is_object(), "{id} in {profiles:#}");
    }
}
