//! Release notes are taken from the changelog.

use std::process::Command;

use crate::support::home::run;
use crate::support::install::deploy;

#[test]
fn release_notes_are_a_part_of_the_changelog() {
    let notes = |version: &[&str]| {
        let mut command = Command::new("sh");
        command.arg(deploy().join("release-notes.sh")).args(version);
        run(command)
    };
    let changelog = include_str!("../../../../CHANGELOG.md");
    let ran = notes(&[]);
    assert!(ran.code == 0 && ran.stdout.starts_with("- "), "{}", ran.stderr);
    assert!(changelog.contains(ran.stdout.trim_end()) && !ran.stdout.contains("\n## "), "{}", ran.stdout);
    let ran = notes(&["99.0"]);
    assert!(
        ran.code == 66 && ran.stderr.contains("no section for `99.0`") && ran.stdout.is_empty(),
        "{}",
        ran.stderr
    );
}
