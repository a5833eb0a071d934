//! What doctor must not do: fix what has changed, take work for a problem, show a secret, or raise a false
//! alarm about the demo.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use authwatch::clock;
use authwatch::demo::Demo;
use authwatch::doctor::fix::{self, Fix, FixError};
use openclaw_auth::locking::STORE_LOCK;
use openclaw_auth::model::Timestamp;
use serde_json::{Value, json};

use super::case::{self, cases, lay_out};
use crate::support::home::{Home, make_fifo};

const WORK: &str = ".openclaw/agents/work/agent/auth-profiles.json";

fn codes(home: &Home, arguments: &[&str]) -> Vec<String> {
    case::codes_of_problems(&home.run(&[&["doctor", "--json"], arguments].concat()))
}

fn apply(change: &Fix, own_state: &Path) -> Result<(), FixError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(fix::apply(change, own_state, clock::now())).map(|_| ())
}

#[test]
fn what_has_changed_meanwhile_is_left_alone() {
    let home = lay_out(None);
    let (store, own) = (home.path().join(WORK), home.path().join("own"));
    let draft = home.path().join("gone.tmp");
    let metadata = fs::metadata(&store).unwrap();
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    let lock = home.path().join(".openclaw/agents/main/agent/auth-profiles.json.lock");
    let fixes = [
        Fix::Mode { path: store.clone(), owner, from: 0o644, to: 0o640 },
        Fix::Mode { path: store.clone(), owner: owner + 1, from: mode, to: 0o640 },
        Fix::Remove { path: draft },
        Fix::Lock { path: lock, stale_after: STORE_LOCK.stale_after },
        Fix::Expires {
            store: store.clone(),
            profile: "xai:default".to_owned(),
            to: Timestamp::from_millis(1.9e12),
        },
        Fix::Value { store: store.clone(), profile: "xai:default".to_owned(), field: "token" },
        Fix::Value { store, profile: "nobody:here".to_owned(), field: "token" },
    ];
    let before = case::contents(&home.state());
    for fix in fixes {
        assert!(matches!(apply(&fix, &own), Err(FixError::Changed)), "{fix:?}");
    }
    assert!(before == case::contents(&home.state()));
}

#[test]
fn a_fix_follows_no_link() {
    let home = lay_out(None);
    let (target, link) = (home.path().join("target"), home.path().join("link"));
    home.write("target", "x");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let mode = fs::metadata(&target).unwrap();
    let from = mode.mode() & 0o7777;
    let fixes = [
        Fix::Mode { path: link.clone(), owner: mode.uid(), from, to: 0o600 },
        Fix::Remove { path: link.clone() },
    ];
    for fix in fixes {
        assert!(apply(&fix, &home.path().join("own")).is_err(), "{fix:?}");
    }
    assert!(link.is_symlink() && target.exists());
    assert_eq!(fs::metadata(&target).unwrap().permissions(), mode.permissions());
}

#[test]
fn a_link_is_fixed_at_its_target() {
    let home = lay_out(None);
    let target = home.path().join("elsewhere/store.json");
    fs::create_dir(target.parent().unwrap()).unwrap();
    let store = json!({ "version": 1, "profiles": { "zai:default": { "type": "api_key", "provider": "zai", "key": " zai-0123 " },
        "openai-codex:work": { "type": "api_key", "provider": "openai-codex", "key": "k" },
        "xai:default": { "type": "api_key", "provider": "xai", "key": "k" } } });
    fs::write(&target, store.to_string()).unwrap();
    fs::remove_file(home.path().join(WORK)).unwrap();
    std::os::unix::fs::symlink(&target, home.path().join(WORK)).unwrap();
    assert_eq!(codes(&home, &[]), ["store-mode", "token-pasted-text", "store-symlink"]);
    assert_eq!(codes(&home, &["--fix", "--yes"]), ["store-symlink"]);
    assert!(home.path().join(WORK).is_symlink());
    let fixed: Value = serde_json::from_str(&fs::read_to_string(&target).unwrap()).unwrap();
    assert_eq!(fixed["profiles"]["zai:default"]["key"], "zai-0123");
}

#[test]
fn with_an_agent_only_what_concerns_it_is_reported() {
    let case = cases().into_iter().find(|case| case.name == "store-mode").unwrap();
    let home = lay_out(Some(&case));
    fs::set_permissions(
        home.path().join(".openclaw/.env"),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    assert_eq!(codes(&home, &[]), ["store-mode", "env-mode"]);
    assert_eq!(codes(&home, &["--agent", "work"]), ["store-mode", "env-mode"]);
    assert_eq!(codes(&home, &["--agent", "modern"]), ["env-mode"]);
    let ran = home.run(&["doctor", "--agent", "nobody"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (66, ""));
    let ran = home.run(&["doctor", "--agent", "wrok"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (66, ""));
    assert!(ran.stderr.contains("did you mean `work`?"), "{}", ran.stderr);
    assert_eq!(
        codes(&home, &["--agent", "Work"]),
        ["store-mode", "env-mode"],
        "as OpenClaw makes an ID of it"
    );
    let ran = home.run(&["doctor", "--state-dir", "/nowhere"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (66, ""));
    // What an agent inherits concerns it, too.
    let mut main: Value = serde_json::from_str(&fs::read_to_string(home.store("main")).unwrap()).unwrap();
    main["profiles"]["openai-codex:default"]["refresh"] = Value::Null;
    main["profiles"]["openai-codex:default"]["expires"] = json!(clock::now().as_millis() - 5e8);
    fs::write(home.store("main"), main.to_string()).unwrap();
    assert_eq!(codes(&home, &["--agent", "modern"]), ["login-expired", "env-mode"]);
}

/// A process with the name of OpenClaw's gateway; it ends with the test.
struct Gateway(Child);

impl Gateway {
    fn start(home: &Home, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new("sleep");
        command
            .arg0("openclaw-gateway")
            .arg("600")
            .env_clear()
            .env("HOME", home.path())
            .env("ZAI_API_KEY", "unit")
            .stdout(Stdio::null());
        Self(command.envs(variables.iter().copied()).spawn().unwrap())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_gateways_process_says_more_than_its_unit() {
    let planted = cases().into_iter().find(|case| case.name == "key-unseen-by-service").unwrap();
    let home = lay_out(Some(&planted));
    assert_eq!(codes(&home, &[]), ["key-unseen-by-service"]);
    {
        let _gateway = Gateway::start(&home, &[("TOGETHER_API_KEY", "secret-of-the-gateway")]);
        assert_eq!(codes(&home, &[]), Vec::<String>::new(), "the process has it");
    }
    let gateway = Gateway::start(&home, &[("TOGETHER_API_KEY", "")]);
    let ran = home.run(&["doctor", "--json"]);
    let meaning = ran.json()["findings"][0]["meaning"].as_str().unwrap().to_owned();
    assert!(meaning.contains(&format!("process {}", gateway.0.id())), "{meaning}");
    assert!(!ran.stdout.contains("in-the-shell"), "{}", ran.stdout);
    drop(gateway);
    // Without a service the shell's key is enough, and the key that only the service had is missing.
    let unit = ".config/systemd/user/openclaw-gateway.service";
    fs::remove_file(home.path().join(unit)).unwrap();
    assert_eq!(codes(&home, &[]), Vec::<String>::new());
    let planted = cases().into_iter().find(|case| case.name == "key-only-in-service").unwrap();
    let home = lay_out(Some(&planted));
    fs::remove_file(home.path().join(unit)).unwrap();
    let ran = home.run(&["doctor", "--json"]);
    assert_eq!(case::codes(&ran), ["provider-without-auth"]);
    assert!(ran.stdout.contains("`zai`: a configured model needs this provider"), "{}", ran.stdout);
}

#[test]
fn the_command_for_a_key_works_and_shows_no_key() {
    let planted = cases().into_iter().find(|case| case.name == "key-unseen-by-service").unwrap();
    let home = lay_out(Some(&planted));
    let command =
        home.run(&["doctor", "--json"]).json()["findings"][0]["command"].as_str().unwrap().to_owned();
    let (append, restart) = command.split_once(" && ").unwrap();
    assert_eq!(restart, "systemctl --user restart openclaw-gateway.service");
    let ran =
        Command::new("sh").args(["-c", append]).env("TOGETHER_API_KEY", "in-the-shell").output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(codes(&home, &[]), Vec::<String>::new());
}

#[test]
fn the_demos_healthy_agents_are_healthy() {
    let home = lay_out(None);
    let demo = Demo::lay_out(clock::now()).unwrap();
    let state = demo.roots().state.to_str().unwrap();
    let ran = home.run(&["doctor", "--json", "--state-dir", state]);
    let report = ran.json();
    let of = |agent: &str| -> Vec<&str> {
        let all = report["findings"].as_array().unwrap().iter().filter(|found| found["agent"] == agent);
        all.map(|found| found["code"].as_str().unwrap()).filter(|code| *code != "check-differs").collect()
    };
    for healthy in ["main", "intern", "writer", "builder"] {
        assert_eq!(of(healthy), Vec::<&str>::new(), "{healthy}");
    }
    assert_eq!(of("courier"), ["store-broken"]);
    assert_eq!(of("archivist"), ["database-empty"]);
    assert_eq!(of("reviewer"), ["login-dead"]);
    assert_eq!(of("translator"), ["provider-without-auth"]);
    assert_eq!(of("night-shift"), ["login-expiring"]);
    assert_eq!(of("researcher"), ["login-expired"]);
    assert_eq!(of("veteran"), ["legacy-not-imported"]);
    assert_eq!(ran.code, 1);
}

/// Everything in a home that must not be shown: the values of stores and of `.env`, and the pieces of those
/// that are broken.
fn secrets(home: &Home) -> Vec<String> {
    fn collect(value: &Value, is_secret: bool, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let names = [
                        "access",
                        "refresh",
                        "key",
                        "apiKey",
                        "token",
                        "access_token",
                        "refresh_token",
                        "email",
                        "accountId",
                    ];
                    collect(value, names.contains(&key.as_str()), found);
                }
            }
            Value::String(text) if is_secret => found.extend(text.split_whitespace().map(str::to_owned)),
            _ => {}
        }
    }
    let mut found = ["in-the-shell", "gsk-healthy", "sk-or-v1-lost-its-name", "sk-pasted-into-the-order"]
        .map(str::to_owned)
        .to_vec();
    for (path, _) in case::contents(home.path()) {
        let is_store = path.extension().is_some_and(|extension| extension == "json" || extension == "tmp");
        let text = fs::read_to_string(home.path().join(&path)).unwrap_or_default();
        if let (true, Ok(value)) = (is_store, serde_json::from_str(&text)) {
            collect(&value, false, &mut found);
        }
    }
    found.retain(|secret| secret.len() >= 6);
    found
}

#[test]
fn no_case_shows_a_secret_at_any_level() {
    for planted in cases().iter().filter(|case| case.flags.is_empty()) {
        let home = lay_out(Some(planted));
        let secrets = secrets(&home);
        assert!(secrets.len() > 8, "{}: {secrets:?}", planted.name);
        // A fix removes secrets from the store, so reports come first.
        for arguments in [&["--json"][..], &[], &["--fix", "--yes"], &["--fix", "--yes", "--json"]] {
            let ran = home.run(&[&["doctor", "--log-level", "trace"], arguments].concat());
            for output in [&ran.stdout, &ran.stderr] {
                let leak = secrets.iter().find(|secret| output.contains(*secret));
                assert!(leak.is_none(), "{} {arguments:?} shows {leak:?}:\n{output}", planted.name);
            }
        }
    }
}

#[test]
fn what_is_at_work_is_not_a_problem() {
    let home = lay_out(None);
    let locks = ".openclaw/locks/oauth-refresh";
    // A renewal in progress; one whose holder lives in another container, perhaps; a draft that is being
    // written.
    let home = case::perform(&["lock", &format!("{locks}/sha256-1.lock"), "working"], home);
    let home = case::perform(&["lock", &format!("{locks}/sha256-2.lock"), "dying"], home);
    home.write(
        &format!(".openclaw/agents/work/agent/.auth-profiles.json.{}-0123456789ab.tmp", std::process::id()),
        " ",
    );
    home.write(".openclaw/agents/work/agent/.auth-profiles.json.999999-0123456789ab.tmp", " ");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    for entry in fs::read_dir(home.agent_dir("work")).unwrap().flatten() {
        fs::set_permissions(entry.path(), Clone::clone(&private)).unwrap();
    }
    assert_eq!(codes(&home, &[]), Vec::<String>::new());
}

/// A file that root rewrites becomes root's, and OpenClaw could not store anything in it any more.
#[test]
fn root_rewrites_nobody_elses_store() {
    let planted = cases().into_iter().find(|case| case.name == "token-pasted-text").unwrap();
    let home = lay_out(Some(&planted));
    if !rustix::process::geteuid().is_root() {
        println!("skipped, because it takes root");
        return;
    }
    for path in case::contents(home.path()).keys() {
        std::os::unix::fs::lchown(home.path().join(path), Some(54321), None).unwrap();
    }
    let before = case::contents(home.path());
    let found = home.run(&["doctor", "--json", "--fix", "--yes"]).json()["findings"].clone();
    assert_eq!(
        (&found[0]["code"], &found[0]["fixable"]),
        (&json!("token-pasted-text"), &json!(false)),
        "{found}"
    );
    assert!(before == case::contents(home.path()));
}

/// Whoever may write among the stores may create a link there to somebody else's file.
#[test]
fn root_fixes_nobody_elses_files_through_links() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped, because it takes root");
        return;
    }
    let home = lay_out(None);
    home.write("system", "root:x:0:0");
    let system = home.path().join("system");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(&system, open).unwrap();
    for path in [".openclaw/.env", ".openclaw/agents/work/agent/auth.json"] {
        let path = home.path().join(path);
        let _ = fs::remove_file(&path);
        std::os::unix::fs::symlink(&system, path).unwrap();
    }
    for path in case::contents(&home.state()).keys() {
        std::os::unix::fs::lchown(home.state().join(path), Some(54321), None).unwrap();
    }
    std::os::unix::fs::chown(home.state(), Some(54321), None).unwrap();
    let found = codes(&home, &["--fix", "--yes"]);
    assert!(found.contains(&"env-mode".to_owned()) && found.contains(&"store-mode".to_owned()), "{found:?}");
    assert_eq!(fs::metadata(&system).unwrap().mode() & 0o777, 0o644);
    let report = home.run(&["doctor", "--json"]).json();
    for found in report["findings"].as_array().unwrap() {
        let command = found["command"].as_str().unwrap_or_default();
        assert!(!command.starts_with("chmod") && !command.contains("chown"), "{found}");
    }
}

/// On a machine whose logins are in databases, an old draft of the JSON store is nothing to restore.
#[cfg(feature = "sqlite")]
#[test]
fn beside_a_database_an_old_draft_is_not_a_lost_renewal() {
    let login = json!({ "type": "oauth", "provider": "xai", "access": "a", "refresh": "r", "expires": clock::now().as_millis() + 1e9 });
    let home = Home::new().database("main", &json!({ "xai:default": login }));
    let draft = home.agent_dir("main").join("auth-profiles.json.17.6f1d.tmp");
    let old = json!({ "version": 1, "profiles": { "xai:default": { "type": "oauth", "provider": "xai", "access": "b", "refresh": "old", "expires": 5 } } });
    fs::write(&draft, old.to_string()).unwrap();
    let file = fs::File::options().write(true).open(&draft).unwrap();
    file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(86_400)).unwrap();
    let found = codes(&home, &[]);
    assert!(found.contains(&"leftover-temp".to_owned()), "{found:?}");
    assert!(!found.contains(&"draft-newer".to_owned()), "{found:?}");
}

#[test]
fn nothing_is_waited_for() {
    let home = lay_out(None);
    let config = "[watch]\nbearer_token_file = \"pipes/token\"\ntextfile = \"textfile/authwatch.prom\"\n";
    home.write(".config/authwatch/config.toml", config);
    let pipes = [
        ".openclaw/.env",
        ".openclaw/agents/work/agent/auth.json",
        ".openclaw/agents/work/agent/auth-profiles.json.1.tmp",
        ".openclaw/agents/main/agent/auth-profiles.json.lock",
        ".openclaw/locks/oauth-refresh/x.lock",
        ".config/systemd/user/openclaw-gateway.service",
        ".config/systemd/user/authwatch.timer",
        ".config/environment.d/x.conf",
        ".termux/boot/authwatch",
        ".local/state/authwatch/rescue/rescue-1.json",
        "pipes/token",
    ];
    for pipe in pipes {
        let path = home.path().join(pipe);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&path);
        make_fifo(&path);
    }
    let found = codes(&home, &["--fix", "--yes"]);
    for expected in ["env-unreadable", "secret-file-missing", "rescue-waiting"] {
        assert!(found.iter().any(|code| code == expected), "{found:?}");
    }
}

#[test]
fn what_cannot_be_kept_is_not_changed() {
    let planted = cases().into_iter().find(|case| case.name == "token-cut").unwrap();
    let home = lay_out(Some(&planted));
    // No directory can be made below a file.
    home.write("blocked", "a file");
    let blocked = home.path().join("blocked").to_str().unwrap().to_owned();
    let home = home.env("XDG_STATE_HOME", &blocked);
    let before = case::contents(home.path());
    let ran = home.run(&["doctor", "--fix", "--yes", "--json"]);
    let fixed = &ran.json()["mended"][0];
    assert!(fixed["error"].is_string() && fixed["undo"].is_null(), "{fixed}");
    assert!(before == case::contents(home.path()));
    let text = home.run(&["doctor", "--fix", "--yes"]).stdout;
    assert!(text.contains("X   remove from the token of"), "{text}");
}
