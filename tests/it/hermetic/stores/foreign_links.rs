//! Links that lead to another owner's files. Root may read and write everything, so whoever may write among the stores could have root do
//! it for them. A link that stays with one owner is followed as ever.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::json;

use crate::support::home::{Home, Ran, document, stored};
use crate::support::renewal::{PROFILE, expired, login};
use crate::support::token_server::TokenServer;

const VICTIM: u32 = 54_321;

/// Only root has files that are worth leading to.
fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        println!("not tried, for it takes root");
    }
    is_root
}

/// A home whose OpenClaw belongs to somebody else. Beside it, what root alone may read: a login that is due.
fn home(server: &TokenServer) -> (Home, PathBuf) {
    let home = Home::new()
        .file(".config/authwatch/config.toml", server.config(&["openai-codex"]))
        .file("root/store.json", document(&json!({ PROFILE: expired(&server.sign_in("root")) })))
        .profiles("main", &json!({}));
    let secret = home.path().join("root");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o700)).unwrap();
    (home, secret)
}

fn give(home: &Home) {
    fn all(path: &Path) {
        lchown(path, Some(VICTIM), Some(VICTIM)).unwrap();
        if path.symlink_metadata().unwrap().is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                all(&entry.unwrap().path());
            }
        }
    }
    all(&home.state());
}

fn link(target: &Path, path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(path);
    symlink(target, path).unwrap();
}

fn refused(path: &Path, kind: &str) -> String {
    format!(
        "`{}` is reached through a link of uid {VICTIM} that leads to a {kind} of uid 0: not followed",
        path.display()
    )
}

/// What is there and what is in it; not when it was looked at.
fn content(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(&path).unwrap_or_default()))
        .collect();
    found.sort();
    found
}

fn piped(home: &Home, arguments: &[&str], input: &str) -> Ran {
    let mut command = home.command(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
    Ran::of(child.wait_with_output().unwrap())
}

#[test]
fn no_login_is_read_renewed_or_mirrored_through_them() {
    if !is_root() {
        return;
    }
    // The store itself, its directory, a directory above it, a link to a link, and one that leads up again.
    for (place, target) in [
        ("agents/a1/agent/auth-profiles.json", "root/store.json"),
        ("agents/a1/agent", "root"),
        ("agents/a1", "root/agent-of-root"),
        ("agents/a1/agent/auth-profiles.json", ".openclaw/again"),
        ("agents/a1/agent/auth-profiles.json", ".openclaw/agents/../../root/store.json"),
    ] {
        let server = TokenServer::start();
        let (home, secret) = home(&server);
        fs::create_dir_all(secret.join("agent-of-root/agent")).unwrap();
        for copy in ["auth-profiles.json", "agent-of-root/agent/auth-profiles.json"] {
            fs::copy(secret.join("store.json"), secret.join(copy)).unwrap();
        }
        link(&secret.join("store.json"), &home.state().join("again"));
        link(&home.path().join(target), &home.state().join(place));
        give(&home);
        let (root_before, main_before) = (content(&secret), stored(&home.store("main")));
        let ran = home.run(&["refresh", "--force"]);
        assert_eq!(server.calls(), 0, "{place}: {}{}", ran.stdout, ran.stderr);
        assert!(content(&secret) == root_before, "{place}");
        assert_eq!(stored(&home.store("main")), main_before, "{place}");
        let error = home.run(&["status", "--json"]).agent("a1")["store"]["error"].clone();
        assert_eq!(error["reason"], "permission", "{place}: {error}");
        assert_eq!(error["message"], refused(&home.store("a1"), "file"), "{place}");
    }
}

#[test]
fn they_lead_to_no_database_environment_or_configuration_either() {
    if !is_root() {
        return;
    }
    let server = TokenServer::start();
    let (home, secret) = home(&server);
    home.write("root/env", "OPENROUTER_API_KEY=sk-or-canary-0123456789\n");
    home.write("root/openclaw.json", "{ agents: { list: [{ id: 'canary-agent' }] } }");
    link(&secret.join("env"), &home.state().join(".env"));
    link(&secret.join("openclaw.json"), &home.state().join("openclaw.json"));
    #[cfg(feature = "sqlite")]
    {
        let database = secret.join("database");
        crate::support::databases::put_agent_store(
            &crate::support::databases::agent_connection(&database),
            &document(&json!({})),
        );
        link(&database, &home.agent_database("a1"));
    }
    give(&home);
    let report = home.run(&["status", "--json"]);
    assert!(!report.stdout.contains("canary"), "{}", report.stdout);
    let config = home.state().join("openclaw.json");
    assert!(report.stdout.contains(&refused(&config, "file")), "{}", report.stdout);
    #[cfg(feature = "sqlite")]
    {
        let error = report.agent("a1")["store"]["error"].clone();
        assert_eq!(
            (&error["reason"], &error["message"]),
            (&json!("permission"), &json!(refused(&home.agent_database("a1"), "file")))
        );
    }
}

#[test]
fn no_lock_and_no_file_is_made_where_they_lead() {
    if !is_root() {
        return;
    }
    // The refresh lock's directory, and one above it that has yet to get it.
    for place in ["locks/oauth-refresh", "locks"] {
        let server = TokenServer::start();
        let (home, secret) = home(&server);
        let home = home.profiles("main", &json!({ PROFILE: expired(&server.sign_in("victim")) }));
        // An old lock of root's own is not removed through them.
        let lock = secret.join("Cargo.lock");
        fs::write(&lock, "").unwrap();
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(9999);
        fs::File::options().write(true).open(&lock).unwrap().set_modified(old).unwrap();
        link(&secret, &home.state().join(place));
        give(&home);
        let before = content(&secret);
        let ran = home.run(&["refresh"]);
        assert_eq!(server.calls(), 0, "{place}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains("not followed"), "{place}: {}", ran.stderr);
        home.run(&["doctor", "--fix", "--yes"]);
        assert!(content(&secret) == before, "{place}");
    }
    // The directory of a store that is yet to be made, and files beside one.
    let server = TokenServer::start();
    let (home, secret) = home(&server);
    home.write("root/state.json", "{\"a\":1}");
    home.write(
        ".openclaw/openclaw.json",
        "{ agents: { list: [{ id: 'main' }, { id: 'a1' }, { id: 'a2' }] } }",
    );
    let home = home
        .profiles("main", &json!({ "zai:default": { "type": "api_key", "provider": "zai", "key": "k" } }));
    link(&secret, &home.agent_dir("a1"));
    link(&secret, &home.state().join("agents/a2"));
    give(&home);
    let before = content(&secret);
    for agent in ["a1", "a2"] {
        let arguments = ["auth", "paste-token", "--provider", "acme", "--agent", agent];
        let ran = piped(&home, &arguments, "canary-acme");
        assert_ne!(ran.code, 0, "{agent}: {}", ran.stdout);
        assert!(ran.stderr.contains("not followed"), "{agent}: {}", ran.stderr);
    }
    link(&secret.join("state.json"), &home.agent_dir("main").join("auth-state.json"));
    give(&home);
    let ran = home.run(&["auth", "order", "set", "--provider", "zai", "zai:default"]);
    assert_ne!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stderr.contains("not followed"), "{}", ran.stderr);
    assert!(content(&secret) == before);
}

#[test]
fn a_link_is_followed_to_its_owners_files_and_where_root_leads() {
    if !is_root() {
        return;
    }
    for owner_of_link in [VICTIM, 0] {
        let server = TokenServer::start();
        let (home, _) = home(&server);
        let home = home.profiles("main", &json!({ PROFILE: expired(&server.sign_in("victim")) }));
        let real = home.state().join("elsewhere/store.json");
        fs::create_dir(real.parent().unwrap()).unwrap();
        fs::rename(home.store("main"), &real).unwrap();
        fs::create_dir(home.state().join("real-locks")).unwrap();
        link(&real, &home.store("main"));
        link(&home.state().join("real-locks"), &home.state().join("locks"));
        give(&home);
        for path in [home.store("main"), home.state().join("locks")] {
            lchown(path, Some(owner_of_link), None).unwrap();
        }
        let ran = home.run(&["refresh"]);
        assert_eq!((ran.code, server.calls()), (0, 1), "{}{}", ran.stdout, ran.stderr);
        assert!(server.is_good(login(&home, "main")["refresh"].as_str().unwrap()));
        assert_eq!(real.metadata().unwrap().uid(), VICTIM, "what root writes stays its owner's");
        let made = home.state().join("real-locks/oauth-refresh");
        assert_eq!(made.metadata().unwrap().uid(), VICTIM, "OpenClaw could lock nothing otherwise");
    }
}
