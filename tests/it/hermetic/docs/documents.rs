//! What the documents name is there: commands, links, files.

use authwatch::cli::Cli;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::support::project::{documents, root};

/// Commands the documents name before they are there. Once one is, its line has to go.
const NOT_YET: &[&str] = &[];

/// `a|b` in a command that is named stands for either.
fn alternatives(words: &[&str]) -> Vec<Vec<String>> {
    words.iter().fold(vec![Vec::new()], |all, word| {
        let choices: Vec<&str> = word.split('|').collect();
        let with = |words: &Vec<String>, choice: &str| [&words[..], &[choice.to_owned()]].concat();
        all.iter().flat_map(|words| choices.iter().map(|choice| with(words, choice))).collect()
    })
}

#[test]
fn every_command_that_is_named_in_the_text_is_understood() {
    for command in NOT_YET {
        let is_there = Cli::command().find_subcommand(command).is_some();
        assert!(!is_there, "`authwatch {command}` is there now: take it out of NOT_YET");
    }
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap().replace("\\|", "|");
        for (line, text) in text.lines().enumerate() {
            let spans = text.split('`').skip(1).step_by(2).filter(|span| span.starts_with("authwatch "));
            for span in spans {
                let words: Vec<&str> =
                    span.split_whitespace().filter(|word| *word != "…" && *word != "..").collect();
                for words in alternatives(&words) {
                    checked += 1;
                    let Err(error) = Cli::try_parse_from(&words) else { continue };
                    // A name alone (`authwatch config`) is no command to run, but it is one.
                    let is_name = matches!(
                        error.kind(),
                        ErrorKind::DisplayHelp
                            | ErrorKind::DisplayVersion
                            | ErrorKind::MissingRequiredArgument
                            | ErrorKind::MissingSubcommand
                            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                    );
                    let is_not_yet = NOT_YET.contains(&words[1].as_str());
                    // Names of what is to be put there: SHELL, DIR, COMMAND.
                    let is_placeholder =
                        matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::InvalidSubcommand)
                            && words
                                .iter()
                                .any(|word| word.len() > 2 && word.chars().all(|c| c.is_ascii_uppercase()));
                    if !is_name && !is_placeholder && !is_not_yet {
                        wrong.push(format!("{}:{}: `{span}`: {error}", document.display(), line + 1));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked >= 20, "only {checked} were found");
}

#[test]
fn every_link_between_the_documents_leads_somewhere() {
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (path, section) = target.split_once('#').unwrap_or((target, ""));
            if path.contains("://") {
                continue;
            }
            let place =
                if path.is_empty() { document.clone() } else { document.parent().unwrap().join(path) };
            assert!(place.exists(), "{}: {target}", document.display());
            if !section.is_empty() {
                let text = std::fs::read_to_string(&place).unwrap();
                let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| {
                    let kept = line.trim_start_matches('#').trim().to_lowercase();
                    kept.chars()
                        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
                        .collect::<String>()
                        .replace(' ', "-")
                });
                assert!(
                    headings.into_iter().any(|heading| heading == section),
                    "{}: {target}",
                    document.display()
                );
            }
        }
    }
}

#[test]
fn the_files_that_the_architecture_names_are_there() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let named: Vec<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.contains('/') && !name.contains('\n'))
        .collect();
    assert!(named.len() > 20, "{named:?}");
    for name in named {
        let is_there = ["", "src", "crates/openclaw-auth/src", "src/doctor/checks"]
            .iter()
            .any(|dir| root().join(dir).join(name).exists());
        assert!(is_there, "{name}");
    }
}
