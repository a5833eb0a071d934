//! Programs that write a store without its lock while a login in it is renewed, as OpenClaw's own sign-in does. Whatever they
//! write stays, and no token is lost or presented twice.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::home::{Home, Ran, stored};
use crate::support::paused::Paused;
use crate::support::renewal::{PROFILE, expired, home, leftovers, login};
use crate::support::time::now;
use crate::support::token_server::TokenServer;

/// Every step between the lock and the stored answer, and whether the answer is there already.
const STEPS: [(&str, bool); 8] = [
    ("store-locked", false),
    ("rehearsed", false),
    ("reserved", false),
    ("answered", true),
    ("filled", true),
    ("written", true),
    ("compared", true),
    ("renamed", true),
];

/// The ways programs write files.
#[derive(Clone, Copy, Debug)]
enum Way {
    Rename,
    InPlace,
}

fn write(store: &Path, way: Way, content: &str) {
    match way {
        Way::InPlace => std::fs::write(store, content).unwrap(),
        Way::Rename => {
            let aside = store.with_extension("elsewhere");
            std::fs::write(&aside, content).unwrap();
            std::fs::rename(aside, store).unwrap();
        }
    }
}

/// Changes the profiles of main's store as they are at this moment.
fn change(home: &Home, way: Way, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
    let mut document = stored(&home.store("main"));
    change(document["profiles"].as_object_mut().unwrap());
    write(&home.store("main"), way, &document.to_string());
}

/// The contents of files in the directory of recovery files, by their extension.
fn recovery_files(home: &Home) -> Vec<(String, String)> {
    let dir = home.path().join(".local/state/authwatch/rescue");
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let file = |path: PathBuf| {
        let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        (extension, std::fs::read_to_string(path).unwrap())
    };
    entries.flatten().map(|entry| file(entry.path())).collect()
}

#[test]
fn another_login_that_is_added_at_any_moment_stays() {
    for way in [Way::Rename, Way::InPlace] {
        for (step, _) in STEPS {
            let server = TokenServer::start();
            let home = home(&server);
            let paused = Paused::at(step, &home, home.command(&["refresh"]));
            let added = json!({ "type": "api_key", "provider": "xai", "key": "canary-added" });
            change(&home, way, |profiles| {
                profiles.insert("xai:added".to_owned(), added.clone());
            });
            let ran = paused.finish();
            let context = format!("{way:?} at {step}: {}{}", ran.stdout, ran.stderr);
            assert_eq!(stored(&home.store("main"))["profiles"]["xai:added"], added, "{context}");
            assert_eq!((ran.code, server.calls(), server.reuses()), (0, 1, 0), "{context}");
            let refresh = login(&home, "main")["refresh"].as_str().unwrap().to_owned();
            assert!(server.is_good(&refresh), "{context}");
            assert!(leftovers(&home, "main").is_empty(), "{context}: {:?}", leftovers(&home, "main"));
        }
    }
}

#[test]
fn a_sign_in_at_any_moment_stays_and_what_was_renewed_is_kept_aside() {
    // With `--force` the login that is renewed ends later than the one that is signed in anew.
    for (arguments, ends_in) in
        [(&["refresh"][..], -60_000_i64), (&["refresh", "--force"], 9 * 24 * 3_600_000)]
    {
        for (step, is_answered) in STEPS {
            if step == "renamed" {
                // By then it is stored, and a sign-in comes after it.
                continue;
            }
            let server = TokenServer::start();
            let home = home(&server);
            change(&home, Way::Rename, |profiles| {
                profiles[PROFILE]["expires"] = json!(now() + ends_in);
            });
            let paused = Paused::at(step, &home, home.command(arguments));
            let newer = server.sign_in("newer");
            change(&home, Way::Rename, |profiles| {
                let mut entry = expired(&newer);
                entry["expires"] = json!(now() + 3_600_000);
                profiles.insert(PROFILE.to_owned(), entry);
            });
            let ran = paused.finish();
            let context = format!("{arguments:?} at {step}: {}{}", ran.stdout, ran.stderr);
            assert_eq!(login(&home, "main")["refresh"], newer.as_str(), "{context}");
            assert_eq!((ran.code, server.reuses()), (0, 0), "{context}");
            assert!(server.is_good(&newer), "{context}");
            if is_answered {
                let kept = recovery_files(&home);
                assert!(kept.len() == 1 && kept[0].0 == "superseded", "{context}: {kept:?}");
                assert!(ran.stderr.contains("kept in"), "{context}");
            }
        }
    }
}

#[test]
fn an_answer_goes_only_where_its_token_was() {
    let oauth = |provider: &str, more: Value| {
        let mut entry =
            json!({ "type": "oauth", "provider": provider, "access": "A", "refresh": "B", "expires": 1 });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry
    };
    let cases = [
        ("no type", Some(json!({ "note": 1 }))),
        ("null", Some(json!(null))),
        ("empty", Some(json!({}))),
        ("no object", Some(json!([1]))),
        ("a key", Some(json!({ "type": "api_key", "provider": "openai-codex", "key": "k" }))),
        ("another provider", Some(oauth("anthropic", json!({})))),
        ("another account", Some(oauth("openai-codex", json!({ "email": "b@y.org" })))),
        ("another token of the account", Some(oauth("openai-codex", json!({ "email": "a@x.org" })))),
        ("nothing", None),
    ];
    for (name, entry) in cases {
        for step in ["reserved", "filled", "compared"] {
            let server = TokenServer::start();
            let home = home(&server);
            let paused = Paused::at(step, &home, home.command(&["refresh"]));
            change(&home, Way::Rename, |profiles| {
                profiles.remove(PROFILE);
                if let Some(entry) = &entry {
                    profiles.insert(PROFILE.to_owned(), entry.clone());
                }
            });
            let before = stored(&home.store("main"));
            let ran = paused.finish();
            let context = format!("{name} at {step}: {}{}", ran.stdout, ran.stderr);
            assert_eq!(stored(&home.store("main")), before, "{context}");
            let kept = recovery_files(&home);
            assert!(kept.len() == 1 && kept[0].0 == "superseded", "{context}: {kept:?}");
            assert!(kept[0].1.contains("canary-refresh-main-2"), "{context}");
            assert!(ran.stderr.contains("kept in"), "{context}");
            assert_eq!(ran.code, 75, "{context}");
            // Nothing but the store's own entry decides from here on.
            home.run(&["refresh"]);
            assert_eq!(server.reuses(), 0, "{context}");
            let finding = home.run(&["doctor"]).stdout;
            assert!(finding.contains("rescue-superseded"), "{context}: {finding}");
        }
    }
}

#[test]
fn a_store_that_is_broken_meanwhile_is_left_and_the_answer_stored_once_it_is_whole() {
    let server = TokenServer::start();
    let home = home(&server);
    let whole = std::fs::read_to_string(home.store("main")).unwrap();
    let paused = Paused::at("filled", &home, home.command(&["refresh"]));
    write(&home.store("main"), Way::InPlace, &whole[..whole.len() / 2]);
    let ran = paused.finish();
    assert_eq!(ran.code, 73, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(std::fs::read_to_string(home.store("main")).unwrap(), whole[..whole.len() / 2]);
    write(&home.store("main"), Way::InPlace, &whole);
    let ran = home.run(&["refresh"]);
    assert_eq!((ran.code, server.calls(), server.reuses()), (0, 1, 0), "{}{}", ran.stdout, ran.stderr);
    assert!(server.is_good(login(&home, "main")["refresh"].as_str().unwrap()));
}

#[test]
fn main_is_mirrored_into_without_losing_what_others_write_there() {
    let server = TokenServer::start();
    for step in ["rehearsed", "written", "compared"] {
        // The second time that step is reached is the mirror's: the agent's own store is paused at first.
        let home = Home::new()
            .file(".config/authwatch/config.toml", server.config(&["openai-codex"]))
            .profiles("main", &json!({ "x:y": { "type": "api_key", "provider": "x", "key": "k" } }))
            .profiles("own", &json!({ PROFILE: expired(&server.sign_in("own")) }));
        let paused = Paused::at(step, &home, home.command(&["refresh", "--agent", "own"]));
        change(&home, Way::Rename, |profiles| {
            profiles.insert("x:z".to_owned(), json!({ "type": "api_key", "provider": "x", "key": "z" }));
        });
        let ran = paused.finish();
        assert_eq!(ran.code, 0, "{step}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(stored(&home.store("main"))["profiles"]["x:z"]["key"], "z", "{step}");
        assert_eq!(login(&home, "main"), login(&home, "own"), "{step}");
    }
}

#[test]
fn a_late_writer_that_puts_a_spent_token_back_costs_nothing() {
    for command in [&["refresh"][..], &["watch", "--once"]] {
        let server = TokenServer::start();
        let home = home(&server);
        let first = std::fs::read_to_string(home.store("main")).unwrap();
        assert_eq!(home.run(&["refresh"]).code, 0);
        let second = std::fs::read_to_string(home.store("main")).unwrap();
        assert_eq!(home.run(&["refresh", "--force"]).code, 0);
        let newest = login(&home, "main");
        // A program with an older copy of the whole store in its memory writes it: the last generation, or one before it.
        for older in [&second, &first] {
            write(&home.store("main"), Way::Rename, older);
            let ran = home.run(command);
            let context = format!("{command:?}: {}{}", ran.stdout, ran.stderr);
            assert_eq!((server.calls(), server.reuses()), (2, 0), "{context}");
            assert_eq!(login(&home, "main"), newest, "{context}");
        }
        let kept = recovery_files(&home);
        assert!(kept.len() == 1 && kept[0].0 == "generation", "only the last one is kept: {kept:?}");
        let finding = home.run(&["doctor"]).stdout;
        assert!(!finding.contains("rescue-"), "nothing for a person to do: {finding}");
    }
}

#[test]
fn a_login_that_was_recovered_is_kept_against_late_writers_too() {
    for step in ["filled", "written", "compared", "renamed", "saved", "mirrored"] {
        let server = TokenServer::start();
        let home = home(&server);
        let before = std::fs::read_to_string(home.store("main")).unwrap();
        let mut paused = Paused::at(step, &home, home.command(&["refresh"]));
        paused.child.kill().unwrap();
        paused.child.wait().unwrap();
        assert_eq!(home.run(&["refresh"]).code, 0, "{step}");
        let newest = login(&home, "main");
        write(&home.store("main"), Way::Rename, &before);
        let ran = home.run(&["refresh"]);
        assert_eq!((server.calls(), server.reuses()), (1, 0), "{step}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(login(&home, "main"), newest, "{step}");
    }
}

#[test]
fn one_login_under_two_profile_ids_is_presented_once() {
    for agents in [["main", "main"], ["main", "other"], ["one", "other"]] {
        let server = TokenServer::start();
        let copy = expired(&server.sign_in("shared"));
        let home = Home::new().file(".config/authwatch/config.toml", server.config(&["openai-codex"]));
        let home = if agents[0] == agents[1] {
            home.profiles(agents[0], &json!({ PROFILE: copy, "openai-codex:me@x.org": copy }))
        } else {
            home.profiles(agents[0], &json!({ PROFILE: copy }))
                .profiles(agents[1], &json!({ "openai-codex:me@x.org": copy }))
        };
        for arguments in
            [&["refresh"][..], &["refresh"], &["refresh", "--force", "--profile", "openai-codex:me@x.org"]]
        {
            let ran = home.run(arguments);
            let context = format!("{agents:?} {arguments:?}: {}{}", ran.stdout, ran.stderr);
            assert_eq!((server.calls(), server.reuses()), (1, 0), "{context}");
            assert!(matches!(ran.code, 0 | 75) && !ran.stdout.contains("recovery"), "{context}");
        }
    }
}

#[test]
fn a_last_generation_is_kept_for_a_day_and_never_replaces_a_sign_in() {
    let server = TokenServer::start();
    let home = home(&server);
    assert_eq!(home.run(&["refresh"]).code, 0);
    let newer = server.sign_in("newer");
    change(&home, Way::Rename, |profiles| profiles[PROFILE]["refresh"] = json!(newer));
    assert_eq!(home.run(&["refresh"]).code, 0);
    assert_eq!(login(&home, "main")["refresh"], newer.as_str());
    assert_eq!(recovery_files(&home).len(), 1);
    // A day later.
    let dir = home.path().join(".local/state/authwatch/rescue");
    let path = std::fs::read_dir(dir).unwrap().next().unwrap().unwrap().path();
    let mut record = stored(&path);
    record["at"] = json!(now() - 24 * 3_600_000 - 60_000);
    std::fs::write(&path, record.to_string()).unwrap();
    assert_eq!(home.run(&["refresh"]).code, 0);
    assert!(recovery_files(&home).is_empty());
}

#[test]
fn an_empty_entry_is_filled_and_the_store_stays_whole() {
    for (provider, key, command) in [
        ("openrouter", format!("sk-or-v1-{}", "a".repeat(64)), "paste-api-key"),
        ("anthropic", format!("sk-ant-oat01-{}", "a".repeat(80)), "paste-token"),
    ] {
        for entry in ["{}", "{ }", "{\n}"] {
            let text = format!(
                r#"{{"version":1,"profiles":{{"{provider}:manual":{entry},"other:default":{{"type":"api_key","provider":"other","key":"KEEP"}}}}}}"#
            );
            let home = Home::new().file(".openclaw/agents/main/agent/auth-profiles.json", text);
            let mut command = home.command(&["auth", command, "--provider", provider]);
            let mut child =
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{key}\n").as_bytes())
                .unwrap();
            let ran = Ran::of(child.wait_with_output().unwrap());
            assert_eq!(ran.code, 0, "{provider} {entry:?}: {}{}", ran.stdout, ran.stderr);
            let profiles = stored(&home.store("main"))["profiles"].clone();
            assert_eq!(profiles["other:default"]["key"], "KEEP");
            assert!(profiles[format!("{provider}:manual")].to_string().contains(&key), "{profiles}");
        }
    }
}
