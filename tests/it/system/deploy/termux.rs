//! The scripts for phones: shellcheck reads them, bats runs them with the real program and stand-ins for Termux's.

use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("termux")
}

/// Runs a program that must find nothing wrong.
fn passes(mut command: Command) -> String {
    let shown = format!("{command:?}");
    let output = command.output().unwrap_or_else(|error| panic!("{shown} ({error}): tests/run installs it"));
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{shown}\n{said}");
    said
}

/// Everything below a folder that a shell reads.
fn scripts(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("tests") {
            scripts(&path, found);
        } else if std::fs::read(&path).unwrap_or_default().starts_with(b"#!/bin/sh") {
            found.push(path);
        }
    }
}

fn bats(file: &str, tests: usize) {
    let mut command = Command::new("bats");
    command
        .arg("--tap")
        .arg(folder().join("tests").join(file))
        .env("AUTHWATCH", env!("CARGO_BIN_EXE_authwatch"));
    let said = passes(command);
    let ran = said.lines().filter(|line| line.starts_with("ok ") && !line.contains("# skip")).count();
    assert!(ran >= tests, "only {ran} tests of {file} have run:\n{said}");
}

#[test]
fn shellcheck_finds_nothing_in_them() {
    let mut found = Vec::new();
    scripts(&folder(), &mut found);
    assert!(found.len() >= 6, "{found:?}");
    let mut command = Command::new("shellcheck");
    // What is sourced is read with what sources it.
    passes({
        command.args(["--shell=sh", "--external-sources", "--source-path=SCRIPTDIR"]).args(&found);
        command
    });
    let mut tests = Command::new("shellcheck");
    tests.args(["--shell=bash", "--severity=error"]).arg(folder().join("tests/phone.bash"));
    passes(tests);
}

#[test]
fn the_phone_shows_and_does_what_it_should() {
    bats("phone.bats", 25);
}

#[test]
fn messages_of_the_command_channel_become_notifications() {
    bats("notify.bats", 4);
}

#[test]
fn setup_puts_everything_in_place_and_takes_it_away() {
    bats("setup.bats", 7);
}
