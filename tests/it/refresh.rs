//! `authwatch refresh`: real processes, real locks, a token endpoint whose tokens are good for one use.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use serde_json::{Value, json};

use crate::support::{Home, Ran};
use crate::token_server::{Fault, TokenServer};

pub(crate) const PROFILE: &str = "openai-codex:default";

pub(crate) fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A codex login that ended a minute ago.
pub(crate) fn expired(refresh: &str) -> Value {
    json!({ "type": "oauth", "provider": "openai-codex", "access": "canary-access-0", "refresh": refresh,
        "expires": now() - 60_000, "email": "a@x.org", "unknown": { "kept": [1, 2.50, null] } })
}

/// A home whose main agent has one expired login, served by the token server.
pub(crate) fn home(server: &TokenServer) -> Home {
    let refresh = server.sign_in("main");
    Home::new()
        .file(".config/authwatch/config.toml", server.config(&["openai-codex"]))
        .profiles("main", &json!({ PROFILE: expired(&refresh), "openrouter:k": { "type": "api_key", "provider": "openrouter", "key": "canary-key" } }))
}

pub(crate) fn stored(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap())
        .unwrap_or_else(|error| panic!("not whole: {error}"))
}

pub(crate) fn login(home: &Home, agent: &str) -> Value {
    stored(&home.store(agent))["profiles"][PROFILE].clone()
}

fn jwt(account: &str) -> String {
    let claims = json!({ "exp": 4_000_000_000_u64, "https://api.openai.com/auth": { "chatgpt_account_id": account }, "x": "??>>~~" });
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims.to_string());
    format!("e30.{claims}.c2ln")
}

/// Everything a refresh may leave beside the store.
pub(crate) fn leftovers(home: &Home, agent: &str) -> Vec<String> {
    let names = std::fs::read_dir(home.agent_dir(agent)).unwrap().flatten();
    names
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name != "auth-profiles.json")
        .collect()
}

pub(crate) fn locks(home: &Home) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(home.state().join("locks/oauth-refresh")) else { return Vec::new() };
    entries.flatten().map(|entry| entry.file_name().into_string().unwrap()).collect()
}

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
    assert!(ran.stdout.contains("openrouter:k\tnot renewed from here (static)"), "{}", ran.stdout);
    assert_eq!((home.tree() == before, server.calls()), (true, 0));
}

#[test]
fn the_shapes_of_requests_and_answers_follow_the_provider() {
    let server = TokenServer::start();
    server.expires_in(Some(3600));
    let refresh = server.sign_in("claude");
    server.omit_refresh();
    let home = Home::new()
        .file(".config/authwatch/config.toml", format!("[refresh.providers.anthropic]\ntoken_url = \"{}\"\n", server.url()))
        .profiles("main", &json!({ "anthropic:default": {
            "type": "oauth", "provider": "anthropic", "access": "a", "refresh": refresh, "expires": now() } }));
    let start = now();
    assert_eq!(home.run(&["refresh"]).code, 0);
    let (content_type, fields) = &server.requests()[0];
    assert_eq!(content_type, "application/json");
    assert_eq!(fields["client_id"], "9d1c250a-e61b-44d9-88ed-5944d1962f5e");
    let entry = stored(&home.store("main"))["profiles"]["anthropic:default"].clone();
    assert_eq!(entry["refresh"], refresh.as_str(), "an answer without a refresh token keeps the old one");
    let lifetime = entry["expires"].as_u64().unwrap() - start;
    assert!((3_290_000..3_310_000).contains(&lifetime), "an hour less five minutes: {lifetime}");
}

#[test]
fn an_account_is_learnt_from_base64url_and_never_changed() {
    let server = TokenServer::start();
    let home = home(&server);
    server.access(&jwt("acct-1"));
    assert_eq!(home.run(&["refresh"]).code, 0);
    assert_eq!(login(&home, "main")["accountId"], "acct-1");
    // An opaque token says nothing about an account: the new token counts all the same.
    server.access("opaque");
    assert_eq!(home.run(&["refresh", "--force"]).code, 0);
    assert_eq!(
        (login(&home, "main")["accountId"].as_str(), login(&home, "main")["access"].as_str()),
        (Some("acct-1"), Some("opaque"))
    );
    // Another account's token is never written over this one.
    server.access(&jwt("acct-2"));
    let before = stored(&home.store("main"));
    let ran = home.run(&["refresh", "--force"]);
    assert_eq!(ran.code, 78, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(stored(&home.store("main")), before);
    assert!(ran.stdout.contains("another account"), "{}", ran.stdout);
}

#[test]
fn every_answer_has_its_outcome_and_leaves_the_credential_alone() {
    let json_type = "Content-Type: application/json\r\n";
    let cases: &[(Fault, i32, &str)] = &[
        (Fault::Answer(400, json_type, r#"{"error":"invalid_grant"}"#.into()), 1, "dead (invalid_grant)"),
        (
            Fault::Answer(401, json_type, r#"{"error":{"code":"refresh_token_reused"}}"#.into()),
            1,
            "dead (refresh_token_reused)",
        ),
        (
            Fault::Answer(401, json_type, r#"{"error":{"code":"refresh_token_expired"}}"#.into()),
            1,
            "dead (refresh_token_expired)",
        ),
        (
            Fault::Answer(401, json_type, r#"{"error":{"code":"refresh_token_invalidated"}}"#.into()),
            1,
            "dead (refresh_token_invalidated)",
        ),
        (
            Fault::Answer(401, json_type, r#"{"error":{"code":"token_expired"}}"#.into()),
            1,
            "dead (refresh_token_expired)",
        ),
        (
            Fault::Answer(401, json_type, r#"{"error":{"message":"Please try signing in again."}}"#.into()),
            1,
            "dead (sign_in_again)",
        ),
        (
            Fault::Answer(
                400,
                json_type,
                r#"{"error":"invalid_grant","error_description":"revoked"}"#.into(),
            ),
            1,
            "dead (revoked)",
        ),
        (
            Fault::Answer(
                403,
                json_type,
                r#"{"error":{"code":"unsupported_country_region_territory"}}"#.into(),
            ),
            75,
            "region blocked",
        ),
        (
            Fault::Answer(403, "Content-Type: text/html\r\ncf-mitigated: challenge\r\n", "<html>".into()),
            75,
            "challenged",
        ),
        (Fault::Answer(200, "Content-Type: text/html\r\n", "<html>hotel</html>".into()), 75, "bad answer"),
        (Fault::Answer(429, "Retry-After: 120\r\n", String::new()), 75, "rate limited): try again in 2 min"),
        (Fault::Answer(408, "", String::new()), 75, "request timeout"),
        (Fault::Answer(500, "", String::new()), 75, "server error"),
        (Fault::Answer(503, "", "busy".into()), 75, "server error"),
        (Fault::Answer(302, "Location: http://127.0.0.1/\r\n", String::new()), 75, "bad answer"),
        (Fault::Answer(401, json_type, r#"{"error":"invalid_client"}"#.into()), 78, "invalid client"),
        (
            Fault::Answer(400, json_type, r#"{"error":"unauthorized_client"}"#.into()),
            78,
            "unauthorized client",
        ),
        (Fault::Answer(400, json_type, r#"{"error":"invalid_request"}"#.into()), 78, "invalid request"),
        (Fault::Reset, 75, "connection lost"),
    ];
    for (fault, code, words) in cases {
        let server = TokenServer::start();
        let home = home(&server);
        let before = std::fs::read(home.store("main")).unwrap();
        server.fail(fault.clone());
        let ran = home.run(&["refresh"]);
        assert_eq!(ran.code, *code, "{fault:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains(words), "{fault:?}: {}", ran.stdout);
        assert_eq!(
            std::fs::read(home.store("main")).unwrap(),
            before,
            "{fault:?}: the credential is untouched"
        );
        assert!(leftovers(&home, "main").is_empty() && locks(&home).is_empty(), "{fault:?}");
        assert_eq!(server.calls(), 1, "{fault:?}");
        // Dead is never presented again, and what failed a moment ago is not tried at once.
        let again = home.run(&["refresh"]);
        assert_eq!(server.calls(), 1, "{fault:?}: {}", again.stdout);
        if *code == 1 {
            assert_eq!(home.run(&["refresh", "--force"]).code, 1);
            assert_eq!(server.calls(), 1, "not even when forced");
            let report = home.run(&["status", "--json"]).agent("main");
            let profile = report["profiles"]
                .as_array()
                .unwrap()
                .iter()
                .find(|profile| profile["profileId"] == PROFILE)
                .unwrap()
                .clone();
            assert_eq!(profile["login"], "dead", "status knows: {profile}");
            // Signing in again ends it.
            server.recover();
            let refresh = server.sign_in("again");
            let home = home.profiles("main", &json!({ PROFILE: expired(&refresh) }));
            assert_eq!(home.run(&["refresh"]).code, 0);
        }
    }
}

#[test]
fn slow_bytes_are_waited_for() {
    let server = TokenServer::start();
    let home = home(&server);
    server.fail(Fault::Slow);
    assert_eq!(home.run(&["refresh"]).code, 0);
}

#[test]
fn a_hang_ends_after_thirty_seconds_and_sigterm_waits_for_what_is_in_flight() {
    let server = TokenServer::start();
    let home = home(&server);
    server.fail(Fault::Hang);
    let start = Instant::now();
    let mut child = home.command(&["refresh"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    wait_until(|| server.calls() == 1);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(locks(&home).len(), 1, "the lock is held for as long as the call takes");
    assert_eq!(child.wait().unwrap().code(), Some(75));
    assert!(start.elapsed() > Duration::from_secs(25), "it was not cut short");
    assert!(locks(&home).is_empty() && leftovers(&home, "main").is_empty());
}

pub(crate) fn wait_until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "it did not happen within a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn networks_that_do_not_answer_are_told_apart() {
    let cases = [
        ("https://no-such-host.invalid/token", "dns"),
        ("http://127.0.0.1:1/token", "connect"),
        ("http://auth.example.org/token", "bad endpoint"),
    ];
    for (url, words) in cases {
        let server = TokenServer::start();
        let home = home(&server).file(
            ".config/authwatch/config.toml",
            format!("[refresh.providers.openai-codex]\ntoken_url = \"{url}\"\n"),
        );
        let ran = home.run(&["refresh"]);
        assert!(ran.stdout.contains(words), "{url}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn a_link_is_written_through() {
    let server = TokenServer::start();
    let home = home(&server);
    let real = home.path().join("elsewhere/store.json");
    std::fs::create_dir_all(real.parent().unwrap()).unwrap();
    std::fs::rename(home.store("main"), &real).unwrap();
    std::os::unix::fs::symlink(&real, home.store("main")).unwrap();
    assert_eq!(home.run(&["refresh"]).code, 0);
    assert!(home.store("main").symlink_metadata().unwrap().is_symlink());
    assert!(server.is_good(stored(&real)["profiles"][PROFILE]["refresh"].as_str().unwrap()));
}

#[test]
fn a_login_is_renewed_at_its_owner_and_mirrored_into_main() {
    let server = TokenServer::start();
    let refresh = server.sign_in("shared");
    // One and the same: the copy that ends later would be the owner's.
    let shared = expired(&refresh);
    let home = Home::new()
        .file(".config/authwatch/config.toml", server.config(&["openai-codex"]))
        .profiles("main", &json!({ PROFILE: shared }))
        .profiles("copy", &json!({ PROFILE: shared }))
        .profiles("heir", &json!({}));
    let copy = std::fs::read(home.store("copy")).unwrap();
    for agent in ["copy", "heir", "main"] {
        let ran = home.run(&["refresh", "--agent", agent]);
        assert_eq!((ran.code, server.calls()), (0, 1), "{agent}: {}", ran.stdout);
    }
    assert_eq!(std::fs::read(home.store("copy")).unwrap(), copy, "a superseded copy stays as it is");

    // An agent's own login that main does not have goes to main as well.
    let home = Home::new()
        .file(".config/authwatch/config.toml", server.config(&["openai-codex"]))
        .profiles("main", &json!({ "x:y": { "type": "api_key", "provider": "x", "key": "k" } }))
        .profiles("own", &json!({ PROFILE: expired(&server.sign_in("own")) }));
    assert_eq!(home.run(&["refresh"]).code, 0);
    assert_eq!(login(&home, "own"), login(&home, "main"));
    assert_eq!(stored(&home.store("main"))["profiles"]["x:y"]["key"], "k");
    // But never over another account's.
    let mut other = expired(&server.sign_in("other"));
    other["email"] = json!("b@y.org");
    let home = home.profiles("main", &json!({ PROFILE: other }));
    let before = login(&home, "main");
    home.run(&["refresh", "--agent", "own", "--force"]);
    assert_eq!(login(&home, "main"), before, "another account's login stays");
}

#[test]
fn what_others_own_is_never_spent() {
    let server = TokenServer::start();
    let cli =
        json!({ "type": "oauth", "provider": "anthropic", "access": "a", "refresh": "r", "expires": 5 });
    let portal =
        json!({ "type": "oauth", "provider": "qwen-portal", "access": "a", "refresh": "r", "expires": 5 });
    let home = Home::new()
        .file(
            ".config/authwatch/config.toml",
            server.config(&["anthropic", "openai-codex"]) + "[refresh.providers.zai]\nenabled = false\n",
        )
        .profiles("main", &json!({ "anthropic:claude-cli": cli, "qwen-portal:default": portal }));
    let ran = home.run(&["refresh", "--force"]);
    assert_eq!((ran.code, server.calls()), (1, 0), "both are expired: {}", ran.stdout);
    assert!(ran.stdout.contains("(external)") && ran.stdout.contains("(unsupported)"), "{}", ran.stdout);
}

#[test]
fn openclaw_is_asked_for_what_only_it_may_renew() {
    let server = TokenServer::start();
    let portal =
        json!({ "type": "oauth", "provider": "qwen-portal", "access": "a", "refresh": "r", "expires": 5 });
    let script = "#!/bin/sh\nprintf '%s %s %s %s' \"$AUTHWATCH_AGENT\" \"$AUTHWATCH_PROVIDER\" \"$AUTHWATCH_PROFILE\" \"$1\" > \"$HOME/asked\"\nexit ${DELEGATE_EXIT:-0}\n";
    let home = Home::new()
        .file("openclaw.sh", script)
        .profiles("main", &json!({ "qwen-portal:$(touch x)": portal }));
    let program = home.path().join("openclaw.sh");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = format!(
        "[refresh]\ndelegate_command = [\"{}\", \"a b;$HOME\"]\ndelegate_timeout = \"2s\"\n",
        program.display()
    );
    let home = home.file(".config/authwatch/config.toml", config);
    let ran = home.run(&["refresh"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let asked = std::fs::read_to_string(home.path().join("asked")).unwrap();
    assert_eq!(asked, "main qwen-portal qwen-portal:$(touch x) a b;$HOME", "nothing is interpolated");
    let home = home.env("DELEGATE_EXIT", "3");
    let ran = home.run(&["refresh"]);
    assert!(ran.code == 75 && ran.stderr.contains("exited with 3"), "{}{}", ran.stdout, ran.stderr);
    home.write("openclaw.sh", "#!/bin/sh\nsleep 300 & echo $! > \"$HOME/child\"; wait\n");
    let ran = home.run(&["refresh"]);
    assert!(ran.code == 75 && ran.stderr.contains("longer than 2 s"), "{}{}", ran.stdout, ran.stderr);
    let child = std::fs::read_to_string(home.path().join("child")).unwrap();
    wait_until(|| {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z ")
    });
    assert_eq!(server.calls(), 0);
}

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
    use std::os::unix::process::CommandExt;

    let server = TokenServer::start();
    let home = home(&server);
    let nobody = 65_534;
    let root = rustix::process::geteuid().is_root();
    std::fs::set_permissions(home.agent_dir("main"), std::fs::Permissions::from_mode(0o555)).unwrap();
    let mut command = home.command(&["refresh"]);
    if root {
        // Root may do anything, so somebody else does it; the locks and authwatch's own state are theirs to write.
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        std::fs::set_permissions(home.state(), std::fs::Permissions::from_mode(0o777)).unwrap();
        command.uid(nobody).gid(nobody).env("XDG_STATE_HOME", home.path().join("own-state"));
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

#[test]
fn locks_are_respected_and_broken_only_when_stale() {
    let dead_pid = {
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        pid
    };
    let mut zombie = Command::new("true").spawn().unwrap();
    let zombie_pid = zombie.id();
    wait_until(|| {
        std::fs::read_to_string(format!("/proc/{zombie_pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    });
    let mut alive = Command::new("sleep").arg("600").spawn().unwrap();
    let date = |age_s: u64| {
        let at =
            chrono::DateTime::from_timestamp_millis(i64::try_from(now() - age_s * 1000).unwrap()).unwrap();
        at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    };
    let payload = |pid: u32, age_s: u64, more: &str| {
        format!(r#"{{"pid": {pid}, "createdAt": "{}"{more}}}"#, date(age_s))
    };
    let starttime = std::fs::read_to_string(format!("/proc/{}/stat", alive.id())).unwrap();
    let starttime = starttime.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap().to_owned();
    let other = r#", "starttime": 1"#;
    let right = format!(r#", "starttime": {starttime}"#);
    // Age of the file in seconds, content, whether it is broken.
    let cases = [
        ("dead pid", 1, payload(dead_pid, 1, ""), true),
        ("zombie", 1, payload(zombie_pid, 1, ""), true),
        ("reused pid, old", 300, payload(alive.id(), 300, other), true),
        ("reused pid, young", 1, payload(alive.id(), 1, other), false),
        ("old createdAt with a live pid", 99_999, payload(alive.id(), 99_999, ""), false),
        ("its holder", 300, payload(alive.id(), 300, &right), false),
        // The first process is another user's, unless the tests run as root; then the file is.
        ("another user's", 300, payload(1, 300, ""), false),
        ("another user's, dead", 1, payload(dead_pid, 1, ""), true),
        ("empty, young", 1, String::new(), false),
        ("empty, old", 300, String::new(), true),
        ("garbage, young", 1, "{\"pid\": \"x\"".to_owned(), false),
        ("garbage, old", 300, "{\"pid\": \"x\"".to_owned(), true),
    ];
    let refresh_lock =
        "locks/oauth-refresh/sha256-cee1bbaed8073aace8170859a25616882c288ceeaa1119df363bf01cc0cdab65.lock";
    std::thread::scope(|scope| {
        for (name, age_s, content, is_broken) in &cases {
            for store_lock in [false, true] {
                scope.spawn(move || {
                    let server = TokenServer::start();
                    let home = home(&server);
                    let path = if store_lock {
                        home.agent_dir("main").join("auth-profiles.json.lock")
                    } else {
                        home.state().join(refresh_lock)
                    };
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::fs::write(&path, content).unwrap();
                    let old = SystemTime::now() - Duration::from_secs(*age_s);
                    std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
                    if name.starts_with("another") && rustix::process::geteuid().is_root() {
                        std::os::unix::fs::chown(&path, Some(65_534), Some(65_534)).unwrap();
                    }
                    check_lock(name, &home, &server, &path, *is_broken);
                });
            }
        }
        // Early releases used a directory, whose time its holder kept young.
        for (age_s, is_broken) in [(1, false), (300, true)] {
            scope.spawn(move || {
                let server = TokenServer::start();
                let home = home(&server);
                let path = home.state().join(refresh_lock);
                std::fs::create_dir_all(&path).unwrap();
                let old = SystemTime::now() - Duration::from_secs(age_s);
                std::fs::File::open(&path).unwrap().set_modified(old).unwrap();
                check_lock("directory", &home, &server, &path, is_broken);
            });
        }
    });
    zombie.wait().unwrap();
    alive.kill().unwrap();
    alive.wait().unwrap();
}

/// A lock that is broken lets the refresh through; one that is respected is still there while it waits.
fn check_lock(name: &str, home: &Home, server: &TokenServer, path: &Path, is_broken: bool) {
    let inode = path.symlink_metadata().unwrap().ino();
    if is_broken {
        let ran = home.run(&["refresh"]);
        assert_eq!(
            (ran.code, server.calls()),
            (0, 1),
            "{name} {}: {}{}",
            path.display(),
            ran.stdout,
            ran.stderr
        );
        assert!(!path.exists(), "{name}: and leaves none of its own");
        return;
    }
    let mut child = home
        .command(&["refresh", "--log-level", "info"])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stderr.take().unwrap()), &mut line)
        .unwrap();
    assert!(
        line.contains("waiting") && line.contains(path.file_name().unwrap().to_str().unwrap()),
        "{name}: {line}"
    );
    assert_eq!((path.symlink_metadata().unwrap().ino(), server.calls()), (inode, 0), "{name}: respected");
    child.kill().unwrap();
    child.wait().unwrap();
    if path.is_file() {
        // The reports see it, too.
        let report = home.run(&["status", "--json"]).agent("main");
        let profile = report["profiles"]
            .as_array()
            .unwrap()
            .iter()
            .find(|profile| profile["profileId"] == PROFILE)
            .unwrap()
            .clone();
        if path.to_string_lossy().contains("oauth-refresh") {
            assert_eq!(profile["login"], "refreshing", "{name}: {profile}");
            assert!(profile["loginSince"].is_number());
        }
    }
}

#[test]
fn a_peer_that_was_faster_is_noticed() {
    let server = TokenServer::start();
    let home = home(&server);
    let runs: Vec<_> = (0..2)
        .map(|_| {
            home.command(&["refresh", "--force"])
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for run in runs {
        let ran = Ran::of(run.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    }
    assert_eq!(server.reuses(), 0);
}

#[test]
fn a_wall_clock_that_jumps_neither_storms_the_provider_nor_skips_a_refresh() {
    let server = TokenServer::start();
    let home = home(&server);
    let faked = |by: &str| {
        let mut command = Command::new("faketime");
        command.args(["-f", by, env!("CARGO_BIN_EXE_authwatch"), "refresh"]);
        let inner = home.command(&[]);
        command.env_clear().env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        for (name, value) in inner.get_envs() {
            command.env(name, value.unwrap());
        }
        Ran::of(command.output().expect("faketime is installed (Debian: faketime)"))
    };
    assert_eq!((home.run(&["refresh"]).code, server.calls()), (0, 1));
    // Five days ahead the token looks expired: renewed once, and not again and again.
    for _ in 0..5 {
        let ran = faked("+5d");
        assert_eq!((ran.code, server.calls()), (0, 2), "{}{}", ran.stdout, ran.stderr);
    }
    // Back to now: by the wall clock the new token lives for five days and an hour; by the other clock for an hour.
    let ran = home.run(&["refresh"]);
    assert_eq!((ran.code, server.calls()), (0, 2), "{}", ran.stdout);
    let state = home.path().join(".local/state/authwatch/state.json");
    let mut memory = stored(&state);
    let records = memory["logins"].as_object_mut().unwrap().values_mut();
    for record in records.filter(|record| record["issued"].is_object()) {
        let at = record["issued"]["at"].as_f64().unwrap();
        record["issued"]["at"] = json!(at - 3_600_000.0);
    }
    std::fs::write(&state, memory.to_string()).unwrap();
    assert_eq!((home.run(&["refresh"]).code, server.calls()), (0, 3), "an hour later it is renewed");
    // Two days back, a failure's pause does not become two days long.
    server.fail(Fault::Answer(500, "", String::new()));
    assert_eq!(home.run(&["refresh", "--force"]).code, 75);
    server.recover();
    let mut entry = stored(&home.store("main"));
    entry["profiles"][PROFILE]["expires"] = json!(now() - 3 * 86_400_000);
    std::fs::write(home.store("main"), entry.to_string()).unwrap();
    let calls = server.calls();
    let ran = faked("-2d");
    assert_eq!((ran.code, server.calls()), (0, calls + 1), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn nothing_a_provider_says_or_is_sent_is_printed_or_remembered() {
    let json_type = "Content-Type: application/json\r\n";
    let echo = r#"{"error":"canary-error","error_description":"canary-refresh-1","access_token":5}"#;
    let faults = [
        None,
        Some(Fault::Answer(400, json_type, echo.to_owned())),
        Some(Fault::Answer(200, json_type, echo.to_owned())),
        Some(Fault::Answer(500, "Retry-After: canary-header\r\n", "canary-body".to_owned())),
        Some(Fault::Huge),
    ];
    for fault in faults {
        for (step, log_format) in [("", "text"), ("rename", "json")] {
            let server = TokenServer::start();
            let home = home(&server).env("AUTHWATCH_TEST_FAIL", step);
            if let Some(fault) = fault.clone() {
                server.fail(fault);
            }
            let ran = home.run(&["refresh", "--force", "--log-level", "trace", "--log-format", log_format]);
            assert_eq!(server.calls(), 1);
            let state = home.path().join(".local/state/authwatch");
            let remembered = std::fs::read_to_string(state.join("state.json")).unwrap();
            for output in [&ran.stdout, &ran.stderr, &remembered] {
                assert!(!output.contains("canary"), "{fault:?}: {output}");
            }
        }
    }
}
