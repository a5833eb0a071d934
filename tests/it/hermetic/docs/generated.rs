//! Man pages, completions and the configuration reference are written from the code, and those that are kept are what it writes today.
//!
//! `REGENERATE=1 cargo test --test it generated` writes them anew.

mod configuration;
mod fields;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use authwatch::cli::Cli;
use clap::CommandFactory;

use crate::support::home::Home;
use crate::support::project::root;

/// What the page of the program itself has besides its options.
const FILES: &str = r".SH FILES
.TP
\fI~/.config/authwatch/config.toml\fR, the system\*(Aqs service: \fI/etc/authwatch/config.toml\fR
The configuration, if there is one; \fBauthwatch config init\fR writes one with every setting explained.
.TP
\fI~/.local/state/authwatch\fR, the system\*(Aqs service: \fI/var/lib/authwatch\fR
Fingerprints of refused logins and, in \fIrescue\fR, new tokens that could not be stored. Never delete the latter.
.TP
\fI~/.openclaw\fR
OpenClaw\*(Aqs state directory, unless \fBOPENCLAW_STATE_DIR\fR or the configuration says otherwise.
";

/// The variable that asks for files to be written, not compared.
const REGENERATE: &str = "REGENERATE";

/// Every generated file below a directory of the project: its path and its text.
fn kept(dir: &str) -> BTreeMap<PathBuf, String> {
    let entries = std::fs::read_dir(root().join(dir)).into_iter().flatten().flatten();
    entries
        .map(|entry| {
            let path = PathBuf::from(dir).join(entry.file_name());
            (path, std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

/// Holds what is kept against what the code gives, or replaces it.
fn keep(kept: &BTreeMap<PathBuf, String>, generated: &BTreeMap<PathBuf, String>) {
    if std::env::var_os(REGENERATE).is_some() {
        for path in kept.keys().filter(|path| !generated.contains_key(*path)) {
            std::fs::remove_file(root().join(path)).unwrap();
        }
        for (path, text) in generated {
            let path = root().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        return;
    }
    let mut paths: Vec<&PathBuf> = kept.keys().chain(generated.keys()).collect();
    paths.sort();
    paths.dedup();
    let stale: Vec<&PathBuf> =
        paths.into_iter().filter(|path| kept.get(*path) != generated.get(*path)).collect();
    assert!(
        stale.is_empty(),
        "{stale:?} are not what the code says: {REGENERATE}=1 cargo test --test it generated"
    );
}

#[test]
fn the_man_pages_are_those_of_the_commands() {
    let scratch = tempfile::tempdir().unwrap();
    // `help` has nothing to say that `--help` does not.
    let command = Cli::command().disable_help_subcommand(true);
    clap_mangen::generate_to(command, scratch.path()).unwrap();
    let mut pages: BTreeMap<PathBuf, String> = std::fs::read_dir(scratch.path())
        .unwrap()
        .flatten()
        .map(|entry| {
            (Path::new("man").join(entry.file_name()), std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    assert!(pages.len() > 6, "{:?}", pages.keys());
    assert!(pages[Path::new("man/authwatch-watch.1")].contains("\\-\\-once"));
    pages.get_mut(Path::new("man/authwatch.1")).unwrap().push_str(FILES);
    keep(&kept("man"), &pages);
}

#[test]
fn the_completions_are_what_the_program_prints() {
    let scripts = [("bash", "authwatch.bash"), ("fish", "authwatch.fish"), ("zsh", "_authwatch")];
    let scripts = scripts.map(|(shell, file)| {
        let ran = Home::new().run(&["completions", shell]);
        assert!(ran.stdout.contains("no-refresh"), "{shell}: {}", ran.stderr);
        (Path::new("completions").join(file), ran.stdout)
    });
    keep(&kept("completions"), &scripts.into());
}

#[test]
fn the_configuration_reference_is_that_of_the_settings() {
    let path = PathBuf::from("docs/configuration.md");
    let text = configuration::reference();
    let settings = fields::settings();
    for setting in ["status.warn", "watch.listen", "refresh.providers.<id>.body", "network.ca_file"] {
        assert!(settings.iter().any(|found| found.path() == setting), "{setting} is found: {settings:?}");
    }
    for setting in settings {
        assert!(text.contains(&format!("| `{}` |", setting.key())), "{} is in the reference", setting.path());
    }
    let there = std::fs::read_to_string(root().join(&path)).unwrap_or_default();
    keep(&BTreeMap::from([(path.clone(), there)]), &BTreeMap::from([(path, text)]));
}

#[test]
fn a_config_with_every_default_of_the_reference_is_the_default() {
    let home = Home::new();
    let shown = home.run(&["config", "show"]).stdout;
    for setting in fields::settings() {
        // Names of the user's choice are not there until somebody chooses one.
        let is_named = setting.table.iter().any(|part| part == "<id>" || part == "[]");
        let Some(value) = configuration::default(&setting).filter(|_| !is_named) else { continue };
        assert!(
            shown.contains(&format!("{} = {value}\n", setting.key())),
            "`config show` has {} = {value}:\n{shown}",
            setting.key()
        );
    }
}
