//! What is written, and how: backups, links, owners, locks, kills; and what is not.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::json;

use crate::support::auth::{home, no_secret, piped, profile, setup_token, state};
use crate::support::home::{Home, stored, tree};
use crate::support::paused::Paused;
use crate::support::renewal::leftovers;

/// The backups that were kept: the file's name and its content.
pub(crate) fn backups(home: &Home) -> Vec<(String, String)> {
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
        let home = home.file(".openclaw/openclaw.json", r#"{"meta":{"lastTouchedVersion":"2026.9.6"}}"#);
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
            let command = format!("hint: run: openclaw models auth --agent {agent} {rest}\n");
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

#[cfg(feature = "sqlite")]
#[test]
fn releases_that_cannot_log_out_are_to_be_updated() {
    let profiles = json!({ "xai:a": { "type": "api_key", "provider": "xai", "key": "canary" } });
    let home = Home::new()
        .database("main", &profiles)
        .file(".openclaw/openclaw.json", r#"{"meta":{"lastTouchedVersion":"2026.6.11"}}"#);
    let ran = home.run(&["auth", "logout", "xai:a", "--yes"]);
    assert_eq!(ran.code, 78);
    assert!(ran.stderr.ends_with("to update, run: openclaw update\n"), "{}", ran.stderr);
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
        home.write("input", input);
        let mut command = home.command(arguments);
        command.stdin(std::fs::File::open(home.path().join("input")).unwrap());
        Paused::at(step, &home, command).kill();

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
