//! Every command of the documents is run: what stands behind a `$` in a block, and the scripts in `sh` blocks. A new page is
//! found by itself; a program that is new to the documents has to be put into one of the two tables below.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::home::{Home, Ran, run};
use crate::support::project::{documents, root};

/// Programs that do what they do. Nothing else is found by a command of the documents.
const RUN: &[&str] = &[
    "awk",
    "basename",
    "bash",
    "cat",
    "chmod",
    "cp",
    "cut",
    "date",
    "dirname",
    "env",
    "find",
    "getent",
    "grep",
    "head",
    "id",
    "install",
    "jq",
    "ln",
    "ls",
    "mkdir",
    "mktemp",
    "mv",
    "printf",
    "promtool",
    "python3",
    "readlink",
    "rm",
    "rmdir",
    "sed",
    "sh",
    "sha256sum",
    "sort",
    "tail",
    "tee",
    "touch",
    "tr",
    "true",
    "uname",
    "wc",
    "xargs",
];

/// Programs that cannot be run here, why, and what happens in their place. For them all, files of the project that are named
/// must be there.
const STAND_INS: &[(&str, &str, &str)] = &[
    ("amtool", "there is no Alertmanager to talk to; tests of the fleet run one", "exit 0"),
    (
        "cargo",
        "a build in a test of that build; the program is the one that was built",
        r#"case "$1" in
           run) while [ "$1" != -- ]; do shift; done; shift; exec authwatch "$@" ;;
           install | build | deb | test | bench) exit 0 ;;
           *) echo "cargo $1 is not known to the documents' test" >&2; exit 64 ;;
           esac"#,
    ),
    ("curl", "the daemon of the line before has ended; tests of `watch` ask it", "exit 0"),
    ("docker", "there is no container engine", "exit 0"),
    ("dpkg", "it would change the machine; .ci/package does it in a copy", "exit 0"),
    ("apt-get", "it would change the machine", "exit 0"),
    ("crontab", "it would change the machine", "cat >/dev/null"),
    (
        "git",
        "the network is not needed by any test: the checkout is this one",
        r#"[ "$1" != clone ] || ln -sfn . authwatch"#,
    ),
    ("journalctl", "there is no systemd running", "exit 0"),
    ("kubectl", "there is no cluster", "exit 0"),
    ("launchctl", "this is no Mac", "exit 0"),
    ("loginctl", "there is no systemd running", "exit 0"),
    ("openclaw", "OpenClaw itself is not needed by any test", "exit 0"),
    ("pkg", "this is no Termux", "exit 0"),
    ("podman", "there is no container engine", "exit 0"),
    ("prometheus-alertmanager", "it runs on several hosts; tests of the fleet run it", "exit 0"),
    ("rc-service", "there is no OpenRC running", "exit 0"),
    ("rc-update", "there is no OpenRC running", "exit 0"),
    ("rustup", "it would change the machine", "exit 0"),
    (
        "ssh",
        "there is no other host: it is done on this one",
        r#"while case "$1" in -*) true ;; *) false ;; esac; do shift; done; shift; exec sh -c "$*""#,
    ),
    (
        "sudo",
        "it would change the machine: the install script goes to a scratch root, and nothing else is done",
        r#"case "$1" in deploy/install.sh) exec "$@" --destdir "$HOME/root" ;; esac"#,
    ),
    ("sv", "there is no runit running; tests of the install script run it", "exit 0"),
    ("systemctl", "there is no systemd running; tests of the units run what they say", "exit 0"),
    ("systemd-analyze", "tests of the units run it on each", "exit 0"),
    (
        "termux-job-scheduler",
        "this is no Termux; tests of its scripts have stand-ins that remember",
        "exit 0",
    ),
    ("termux-notification", "as above", "exit 0"),
    ("termux-toast", "as above", "exit 0"),
    ("tests/run", "it is what runs this test", "exit 0"),
    (".ci/run", "it runs this test", "exit 0"),
    ("tests/fresh/run", "it takes half an hour, and runs this test", "exit 0"),
];

/// Commands that are meant to end with something else than 0.
const EXITS: &[(&str, i32)] = &[
    // Its reader has not set up a channel, and is told so.
    ("authwatch notify test", 78),
];

/// The program as the documents call it. A daemon is stopped once it serves, on a port that is free.
const AUTHWATCH: &str = r#"#!/bin/sh
case " $* " in
*" --help "* | *" --once "*) exec "$PROGRAM" "$@" ;;
*" watch "*) ;;
*) exec "$PROGRAM" "$@" ;;
esac
count=$# listen='--listen 127.0.0.1:0'
while [ "$count" -gt 0 ]; do
    word=$1; shift; count=$((count - 1))
    if [ "$word" = --listen ]; then
        set -- "$@" --listen "${1%:*}:0"; shift; count=$((count - 1)); listen=
    else
        set -- "$@" "$word"
    fi
done
# shellcheck disable=SC2086
"$PROGRAM" "$@" $listen --log-level info 2>"$HOME/watch.log" &
while ! grep -q "serving on" "$HOME/watch.log"; do
    kill -0 $! 2>/dev/null || { cat "$HOME/watch.log" >&2; wait $!; exit; }
done
kill $!
wait $!
"#;

/// The commands of a page and the lines they stand on: those behind `$` of any block, and whole `sh` blocks.
fn commands(text: &str) -> Vec<(usize, String)> {
    let (mut block, mut commands) = (None, Vec::<(usize, String)>::new());
    let mut goes_on = false;
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        match (line.trim_start().strip_prefix("```"), block) {
            (Some(language), None) => {
                block = Some(language.trim());
                if matches!(language.trim(), "sh" | "bash") {
                    commands.push((number, "set -e\n".to_owned()));
                }
            }
            (Some(_), Some(_)) => block = None,
            (None, Some("sh" | "bash")) => {
                let (_, script) = commands.last_mut().expect("the block has begun");
                script.push_str(line);
                script.push('\n');
            }
            (None, Some(_)) if goes_on => {
                let (_, command) = commands.last_mut().expect("a command goes on");
                command.push('\n');
                command.push_str(line);
            }
            (None, Some(_)) => {
                // Remedies in reports begin with a `$`, too, but are indented.
                commands.extend(line.strip_prefix("$ ").map(|command| (number, command.to_owned())));
            }
            (None, None) => {}
        }
        goes_on = block.is_some() && line.ends_with('\\') && (goes_on || line.starts_with("$ "));
    }
    commands
}

/// A directory that is all of `PATH`: the programs that may run, and those that stand in for others.
fn programs(home: &Home) -> PathBuf {
    let dir = home.path().join("programs");
    std::fs::create_dir(&dir).unwrap();
    let script = |name: &str, text: &str| {
        std::fs::write(dir.join(name), text).unwrap();
        std::fs::set_permissions(dir.join(name), PermissionsExt::from_mode(0o755)).unwrap();
    };
    let all = std::env::var_os("PATH").unwrap();
    for name in RUN {
        let place = std::env::split_paths(&all).map(|dir| dir.join(name)).find(|place| place.is_file());
        symlink(place.unwrap_or_else(|| panic!("`{name}` is not installed")), dir.join(name)).unwrap();
    }
    for (name, why, body) in STAND_INS.iter().filter(|(name, ..)| !name.contains('/')) {
        assert!(!why.is_empty() && !RUN.contains(name), "{name}");
        script(name, &format!("#!/bin/sh\n{body}\n"));
    }
    script("authwatch", &AUTHWATCH.replace("$PROGRAM", env!("CARGO_BIN_EXE_authwatch")));
    dir
}

/// A user with an OpenClaw all of whose logins are fine, and a checkout of this project.
fn reader() -> Home {
    let expires = crate::support::time::now() + 30 * 24 * 3_600_000;
    let home = Home::new()
        .file(".openclaw/openclaw.json", "{ agents: { defaults: { model: 'anthropic/claude-opus-4-5' } } }")
        .profiles(
            "main",
            &json!({
                "openrouter:default": { "type": "api_key", "provider": "openrouter", "key": "k" },
                "anthropic:default": { "type": "token", "provider": "anthropic", "token": "t", "expires": expires },
            }),
        )
        .file("checkout/Cargo.toml", "")
        // What a person has at hand: a setup-token to paste, a token for the page.
        .file("checkout/token.txt", format!("sk-ant-oat01-{}\n", "a".repeat(80)))
        .file("checkout/bearer-token", "open sesame\n");
    for entry in std::fs::read_dir(root()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if !matches!(name.to_str(), Some("target" | ".git" | "Cargo.toml")) {
            symlink(entry.path(), home.path().join("checkout").join(name)).unwrap();
        }
    }
    home
}

fn perform(home: &Home, path: &Path, command: &str) -> Ran {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .env_clear()
        .env("PATH", path)
        .env("HOME", home.path())
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .current_dir(home.path().join("checkout"));
    run(shell)
}

/// Files of this project that a command names and that are not there.
fn missing_files(command: &str) -> Vec<String> {
    let words = command.split(|c: char| c.is_whitespace() || "'\"=:;|&()<>".contains(c));
    let own = ["deploy/", "docs/", "dashboards/", "termux/", "tests/", "man/", "completions/", "src/"];
    let named = words.filter(|word| own.iter().any(|own| word.starts_with(own)));
    let plain = named.filter(|word| !word.contains(['*', '$', '{']));
    plain.filter(|word| !root().join(word).exists()).map(str::to_owned).collect()
}

#[test]
fn every_command_of_the_documents_does_what_it_should() {
    let (mut wrong, mut ran) = (Vec::new(), 0);
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        let commands = commands(&text);
        if commands.is_empty() {
            continue;
        }
        // The commands of a page are run in turn, as somebody who reads it does.
        let home = reader();
        let path = programs(&home);
        for (line, command) in commands {
            let place = format!("{}:{line}: {command}", document.strip_prefix(root()).unwrap().display());
            ran += 1;
            wrong.extend(
                missing_files(&command).into_iter().map(|file| format!("{place}\n  there is no `{file}`")),
            );
            if STAND_INS.iter().any(|(name, ..)| name.contains('/') && command.starts_with(name)) {
                continue;
            }
            // What needs no sudo must not need to be root either.
            let is_for_root = [" /etc/", " /usr/", " /var/"].iter().any(|dir| command.contains(dir));
            if is_for_root && !command.contains("sudo ") {
                wrong.push(format!("{place}\n  changes the machine without sudo"));
                continue;
            }
            let result = perform(&home, &path, &command);
            let expected = EXITS.iter().find(|(known, _)| *known == command).map_or(0, |(_, code)| *code);
            if result.code == 127 {
                wrong.push(format!(
                    "{place}\n  in neither table of tests/it/system/docs/commands.rs: {}",
                    result.stderr
                ));
            } else if result.code != expected {
                wrong.push(format!("{place}\n  exit {}: {}{}", result.code, result.stdout, result.stderr));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran >= 10, "only {ran} commands were found");
}

#[test]
fn commands_are_taken_out_of_their_blocks() {
    let page = "text\n```console\n$ one \\\n    --two\nsays\n  $ remedy\n$ three\n```\n$ no\n```sh\n# why\nfour\n```\n```yaml\na: b\n```\n";
    let found: Vec<String> =
        commands(page).into_iter().map(|(line, command)| format!("{line} {command}")).collect();
    assert_eq!(found, ["3 one \\\n    --two", "7 three", "10 set -e\n# why\nfour\n"]);
}
