//! Stores that cannot be written: found out before the token is spent, or the new one is rescued.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use serde_json::json;

use super::{PROFILE, expired, home, leftovers, login, now};
use crate::support::{Home, Ran};
use crate::token_server::TokenServer;

/// Runs a shell script where it may mount: as root, or as root of a namespace of its own.
pub(crate) fn with_mounts(home: &Home, script: &str) -> Ran {
    let root = rustix::process::geteuid().is_root();
    let mut command = Command::new("unshare");
    command
        .args(if root { &["--mount"][..] } else { &["--mount", "--map-root-user"] })
        .args(["sh", "-ec", script]);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home.path())
        .env("AUTHWATCH", env!("CARGO_BIN_EXE_authwatch"))
        .env("DIR", home.agent_dir("main"));
    Ran::of(command.output().unwrap())
}

#[test]
fn a_store_that_cannot_be_replaced_is_found_out_before_the_token_is_spent() {
    // A full disk: one page is left, which is not enough for the next version.
    let server = TokenServer::start();
    let home_full = home(&server);
    let ran = with_mounts(
        &home_full,
        r#"cp "$DIR/auth-profiles.json" "$HOME/kept"; mount -t tmpfs -o size=64k tmpfs "$DIR"
           cp "$HOME/kept" "$DIR/auth-profiles.json"; cat /dev/zero > "$DIR/filler" 2>/dev/null || true
           code=0; "$AUTHWATCH" refresh || code=$?; cmp "$HOME/kept" "$DIR/auth-profiles.json"; ls -A "$DIR"; exit $code"#,
    );
    assert_eq!((ran.code, server.calls()), (73, 0), "full: {}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("store not writable") && ran.stdout.ends_with("auth-profiles.json\nfiller\n"),
        "{}",
        ran.stdout
    );

    // A read-only file system.
    let server = TokenServer::start();
    let home_ro = home(&server);
    let ran = with_mounts(
        &home_ro,
        r#"mount --bind "$DIR" "$DIR"; mount -o remount,bind,ro "$DIR"; exec "$AUTHWATCH" refresh"#,
    );
    assert_eq!((ran.code, server.calls()), (73, 0), "read-only: {}{}", ran.stdout, ran.stderr);

    // A file that may not be renamed over, in a directory that may be written.
    let server = TokenServer::start();
    let home_bound = home(&server);
    let ran = with_mounts(
        &home_bound,
        r#"mount --bind "$DIR/auth-profiles.json" "$DIR/auth-profiles.json"; exec "$AUTHWATCH" refresh"#,
    );
    assert_eq!((ran.code, server.calls()), (73, 0), "a mount point: {}{}", ran.stdout, ran.stderr);
    assert!(leftovers(&home_bound, "main").is_empty());

    // Faults of the steps themselves.
    let server = TokenServer::start();
    let home_step = home(&server).env("AUTHWATCH_TEST_FAIL", "reserve");
    assert_eq!((home_step.run(&["refresh"]).code, server.calls()), (73, 0));
}

#[test]
fn no_permission_is_found_out_before_the_token_is_spent() {
    let server = TokenServer::start();
    let home = home(&server);
    let root = rustix::process::geteuid().is_root();
    std::fs::set_permissions(home.agent_dir("main"), std::fs::Permissions::from_mode(0o555)).unwrap();
    let mut command = home.command_without_root(&["refresh"]);
    if root {
        // Root may do anything, so somebody else does it; the locks and authwatch's own state are theirs to write.
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        std::fs::set_permissions(home.state(), std::fs::Permissions::from_mode(0o777)).unwrap();
        command.env("XDG_STATE_HOME", home.path().join("own-state"));
    }
    let ran = Ran::of(command.output().unwrap());
    std::fs::set_permissions(home.agent_dir("main"), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!((ran.code, server.calls()), (73, 0), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn what_cannot_be_stored_after_all_is_rescued_and_put_back() {
    for step in ["write", "rename"] {
        let server = TokenServer::start();
        let home = home(&server).env("AUTHWATCH_TEST_FAIL", step);
        let before = std::fs::read(home.store("main")).unwrap();
        let ran = home.run(&["refresh"]);
        assert_eq!((ran.code, server.calls()), (73, 1), "{}{}", ran.stdout, ran.stderr);
        assert!(
            ran.stderr.contains("ERROR") && ran.stderr.contains("rescue"),
            "the loudest there is: {}",
            ran.stderr
        );
        assert_eq!(std::fs::read(home.store("main")).unwrap(), before);
        let rescue: Vec<_> =
            std::fs::read_dir(home.path().join(".local/state/authwatch/rescue")).unwrap().flatten().collect();
        assert_eq!(rescue.len(), 1);
        assert_eq!(rescue[0].metadata().unwrap().mode() & 0o777, 0o600);

        let home = home.env("AUTHWATCH_TEST_FAIL", "");
        let ran = home.run(&["refresh"]);
        assert_eq!((ran.code, server.calls(), server.reuses()), (0, 1, 0), "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("put back"), "{}", ran.stdout);
        assert!(server.is_good(login(&home, "main")["refresh"].as_str().unwrap()));
        assert!(!rescue[0].path().exists());
    }
}

#[test]
fn a_rescued_token_never_replaces_a_newer_login() {
    let server = TokenServer::start();
    let home = home(&server).env("AUTHWATCH_TEST_FAIL", "rename");
    assert_eq!(home.run(&["refresh"]).code, 73);
    let newer = server.sign_in("newer");
    let mut entry = expired(&newer);
    entry["expires"] = json!(now() + 3_600_000);
    let home = home.env("AUTHWATCH_TEST_FAIL", "").profiles("main", &json!({ PROFILE: entry }));
    let ran = home.run(&["refresh"]);
    assert!(ran.code == 0 && ran.stdout.contains("superseded"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(login(&home, "main")["refresh"], newer.as_str());
}
