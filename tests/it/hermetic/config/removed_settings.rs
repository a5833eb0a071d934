//! Settings that were removed: accepted for a release, ignored, and named wherever a configuration is judged.

use crate::support::daemon::Daemon;
use crate::support::home::Home;

const CONFIG: &str = ".config/authwatch/config.toml";
/// What `config init` of an earlier release wrote, and what somebody put in.
const OLD: &str = "[refresh]\nenabled = true\ndelegate_command = [\"sh\", \"-c\", \"echo ran > $HOME/ran\"]\ndelegate_timeout = \"3m\"\n";
const WHY: &str =
    "refresh.delegate_command: was removed and is ignored, because `openclaw models status` can end a login";

/// A login that only OpenClaw renews, and that is due.
fn home(config: &str) -> Home {
    let portal = serde_json::json!({ "type": "oauth", "provider": "qwen-portal", "access": "a", "refresh": "r", "expires": 5 });
    Home::new().profiles("main", &serde_json::json!({ "qwen-portal:default": portal })).file(CONFIG, config)
}

#[test]
fn a_removed_setting_is_accepted_ignored_and_named() {
    let home = home(OLD);
    let ran = home.run(&["config", "check"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains(WHY), "{}", ran.stderr);
    assert!(ran.stderr.contains("refresh.delegate_timeout: was removed"), "{}", ran.stderr);
    let shown = home.run(&["config", "show"]);
    assert!(shown.code == 0 && !shown.stdout.contains("delegate"), "{}", shown.stdout);
    let findings = home.run(&["doctor", "--json"]).json()["findings"].clone();
    let named = |setting: &str| {
        findings.as_array().unwrap().iter().any(|found| {
            found["code"] == "setting-removed" && found["meaning"].as_str().unwrap().starts_with(setting)
        })
    };
    assert!(named("refresh.delegate_command: ") && named("refresh.delegate_timeout: "), "{findings}");
    home.run(&["refresh", "--force"]);
    home.run(&["watch", "--once"]);
    assert!(!home.path().join("ran").exists(), "it is not run any more");
}

#[test]
fn the_daemon_names_it_when_it_starts_and_when_it_reads_its_configuration_again() {
    let home = home(OLD);
    let daemon = Daemon::ready(&home, &["--no-refresh"]);
    assert!(daemon.log().contains(WHY), "{}", daemon.log());
    drop(daemon);
    home.write(CONFIG, "");
    let daemon = Daemon::ready(&home, &["--no-refresh"]);
    assert!(!daemon.log().contains("was removed"), "{}", daemon.log());
    home.write(CONFIG, OLD);
    daemon.signal(rustix::process::Signal::HUP);
    daemon.wait("the warning", || daemon.log().contains(WHY));
}

#[test]
fn other_problems_are_still_reported_with_their_line() {
    let home = home("[refresh]\ndelegate_timeout = \"3m\"\nenbled = true\n");
    let ran = home.run(&["config", "check"]);
    assert_eq!(ran.code, 78, "{}", ran.stderr);
    assert!(ran.stderr.contains("line 3: unknown field `enbled`"), "{}", ran.stderr);
}

#[test]
fn a_systemd_credential_is_found_beside_a_removed_setting() {
    let home = home("[refresh]\ndelegate_timeout = \"3m\"\n[notify.ntfy.phone]\ntopic = \"x\"\ntoken_file = \"$CREDENTIALS_DIRECTORY/token\"\n")
        .env("CREDENTIALS_DIRECTORY", "/run/credentials/authwatch.service");
    let shown = home.run(&["config", "show"]).stdout;
    assert!(shown.contains("/run/credentials/authwatch.service/token"), "{shown}");
}
