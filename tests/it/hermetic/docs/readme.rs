//! What the README says is true: its examples are run, its tables are held against the program.

use crate::support::home::{Home, Ran};

const README: &str = include_str!("../../../../README.md");

#[cfg(feature = "sqlite")]
/// The lines of a console block that follow a command, up to the next command or the end of the block.
fn example(command: &str) -> Vec<&'static str> {
    let mut lines = README.lines().skip_while(|line| *line != format!("$ {command}"));
    assert!(lines.next().is_some(), "the README shows `$ {command}`");
    // Remedies begin with a `$`, too, but are indented.
    lines.take_while(|line| !line.starts_with("```") && !line.starts_with("$ ")).collect()
}

#[cfg(feature = "sqlite")]
/// A line without what differs from run to run: numbers and places.
fn essence(line: &str) -> String {
    let mut essence = String::new();
    for character in line.chars() {
        let character = if character.is_ascii_digit() { '#' } else { character };
        if !(character == '#' && essence.ends_with('#')) {
            essence.push(character);
        }
    }
    essence.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(feature = "sqlite")]
#[test]
fn the_example_is_what_the_program_prints() {
    let ran = Home::new().env("COLUMNS", "90").run(&["status", "--demo"]);
    let printed: Vec<String> = ran.stdout.lines().map(essence).collect();
    let shown = example("authwatch status --demo");
    let (start, end) = {
        let cut = shown.iter().position(|line| *line == "…").expect("the example leaves something out");
        (&shown[..cut], &shown[cut + 1..])
    };
    let start: Vec<String> = start.iter().map(|line| essence(line)).collect();
    let end: Vec<String> = end.iter().map(|line| essence(line)).collect();
    assert_eq!(printed[..start.len()], start[..]);
    assert_eq!(printed[printed.len() - end.len()..], end[..]);
}

#[test]
fn every_command_is_listed_and_every_listed_command_exists() {
    let help = Home::new().run(&["help"]);
    let commands = help
        .stdout
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    for command in commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        assert!(
            README.contains(&format!("| `authwatch {command}")),
            "the README lists `authwatch {command}`"
        );
    }
    for line in README.lines().filter_map(|line| line.strip_prefix("| `authwatch ")) {
        let command: Vec<&str> = line.split(['`', '\\', '|']).next().unwrap().split_whitespace().collect();
        let words: Vec<&str> =
            command.iter().copied().filter(|word| word.chars().all(char::is_lowercase)).collect();
        let ran: Ran = Home::new().run(&[&words[..], &["--help"]].concat());
        assert_eq!(ran.code, 0, "`authwatch {}`: {}", words.join(" "), ran.stderr);
    }
}

#[test]
fn every_exit_code_is_listed() {
    for code in [
        authwatch::exit::OK,
        authwatch::exit::EXPIRED_OR_MISSING,
        authwatch::exit::EXPIRING,
        authwatch::exit::USAGE,
        authwatch::exit::NO_INPUT,
        authwatch::exit::INTERNAL,
        authwatch::exit::CANNOT_WRITE,
        authwatch::exit::TRY_AGAIN,
        authwatch::exit::CONFIGURATION,
    ] {
        let listed = README.lines().any(|line| {
            let codes = line.strip_prefix("| ").and_then(|rest| rest.split(" |").next()).unwrap_or_default();
            codes.split(", ").any(|listed| listed == code.to_string())
        });
        assert!(listed, "the README lists exit code {code}");
    }
}

#[test]
fn every_flag_the_readme_names_exists() {
    let home = Home::new();
    let help: String = ["status", "watch", "refresh", "notify", "config", "probe", "doctor"]
        .iter()
        .map(|command| home.run(&[command, "--help"]).stdout)
        .collect();
    let others = [
        "--release",
        "--locked",
        "--path",
        "--profile",
        "--nocapture",
        "--bench",
        "--test",
        "--demo",
        // The install script's, and systemctl's.
        "--user",
        "--init",
        "--now",
        "--warmup",
        "--runs",
    ];
    for word in README.split(|character: char| !(character.is_ascii_alphanumeric() || character == '-')) {
        let is_flag = word.starts_with("--")
            && word.len() > 2
            && word[2..].starts_with(|c: char| c.is_ascii_lowercase());
        assert!(!is_flag || others.contains(&word) || help.contains(word), "the README names `{word}`");
    }
}
