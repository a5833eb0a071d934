//! Bad input: each is that store's error, with its reason; the other agents still report; nothing on disk changes.

#[cfg(feature = "sqlite")]
mod databases;
mod documents;
mod files;
mod other_files;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::home::{AT, DAY, Home, Ran, ids, run, token};

/// `main` and `other` have what works; `work` has whatever a test puts there.
pub(crate) fn fleet() -> Home {
    let home = Home::new()
        .listing(&["main", "work", "other"])
        .profiles("main", &json!({ "anthropic:default": token("anthropic", 90 * DAY) }))
        .profiles("other", &json!({ "xai:default": token("xai", 90 * DAY) }));
    fs::create_dir_all(home.agent_dir("work")).unwrap();
    home
}

pub(crate) fn profile<'a>(agent: &'a Value, id: &str) -> &'a Value {
    let profiles = agent["profiles"].as_array().unwrap();
    profiles
        .iter()
        .find(|profile| profile["profileId"] == id)
        .unwrap_or_else(|| panic!("no {id} in {agent:#}"))
}

/// Holds everything a broken store of `work` must lead to.
pub(crate) fn assert_broken(home: &Home, reason: &str, file: &Path, says: &str) {
    assert_broken_as(|arguments| home.command(arguments), home, reason, file, says);
}

pub(crate) fn assert_broken_as(
    command: impl Fn(&[&str]) -> Command,
    home: &Home,
    reason: &str,
    file: &Path,
    says: &str,
) {
    let before = home.tree();
    let report = run(command(&["status", "--json", "--at", AT]));
    assert_eq!(report.code, 0, "{}", report.stderr);
    let work = report.agent("work");
    let error = &work["store"]["error"];
    assert_eq!(error["reason"], reason, "{error:#}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(file.to_str().unwrap()), "{message} should name {}", file.display());
    assert!(message.contains(says), "{message} should say {says}");
    assert_eq!(work["exitCode"], 1);
    assert_eq!(ids(&work), ["anthropic:default"], "it still inherits what main has");
    assert_others_report(&report);
    let check = run(command(&["status", "--check", "--at", AT]));
    assert_eq!(check.code, 1, "{}", check.stderr);
    let unwrapped = check.stdout.replace(['\n', ' '], "");
    assert!(unwrapped.contains(&message.replace(' ', "")), "{message} is shown to people: {}", check.stdout);
    assert!(before == home.tree(), "a look must not change anything");
}

pub(crate) fn assert_others_report(report: &Ran) {
    assert_others_report_and_exit(report, 0);
}

pub(crate) fn assert_others_report_and_exit(report: &Ran, code: u8) {
    for (agent, expected) in
        [("main", vec!["anthropic:default"]), ("other", vec!["anthropic:default", "xai:default"])]
    {
        let agent = report.agent(agent);
        assert_eq!(ids(&agent), expected);
        assert_eq!(agent["exitCode"], code);
        assert_eq!(agent["store"]["error"], Value::Null);
        assert!(agent["profiles"].as_array().unwrap().iter().all(|profile| profile["status"] == "ok"));
    }
}

/// Lets everybody read what is below a directory, and go through it.
pub(crate) fn open_up(dir: &Path) {
    fs::set_permissions(dir, Permissions::from_mode(0o755)).unwrap();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => open_up(&entry.path()),
            kind if kind.is_file() => {
                fs::set_permissions(entry.path(), Permissions::from_mode(0o644)).unwrap();
            }
            _ => {}
        }
    }
}
