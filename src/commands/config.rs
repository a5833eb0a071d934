//! `authwatch config`: creates, shows, and checks authwatch's own configuration.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::Subcommand;

use crate::commands::context::GlobalArgs;
use crate::config::{self, Config, SettingProblem};
use crate::exit::{self, Failure};
use crate::terminal;

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Write a commented configuration file, unless there is one
    Init,
    /// Print the effective configuration
    Show,
    /// Check the configuration
    Check,
}

pub fn run(global: &GlobalArgs, command: &ConfigCommand) -> Result<u8, Failure> {
    match command {
        ConfigCommand::Init => init(&path(global)?),
        ConfigCommand::Show => {
            let config = Config::load(global.config.as_deref())?;
            terminal::print(config.to_toml().as_bytes())?;
            Ok(exit::OK)
        }
        ConfigCommand::Check => {
            let path = path(global)?;
            let there = path.exists();
            let config = Config::load(global.config.as_deref())?;
            for removed in &config.removed {
                terminal::say(&removed.to_string());
            }
            let mut problems = config::check::files(&config);
            problems.extend(config::check::notifications(&config.notify));
            if !problems.is_empty() {
                return Err(invalid(&path, &problems));
            }
            let verdict = if there { "is valid" } else { "does not exist; all settings have their defaults" };
            terminal::print(format!("{} {verdict}\n", path.display()).as_bytes())?;
            Ok(exit::OK)
        }
    }
}

fn path(global: &GlobalArgs) -> Result<PathBuf, Failure> {
    global.config.clone().or_else(config::default_path).ok_or_else(|| {
        Failure::new(exit::CONFIGURATION, "no directory for the configuration file")
            .hint("set HOME or XDG_CONFIG_HOME, or give --config")
    })
}

fn init(path: &std::path::Path) -> Result<u8, Failure> {
    let write = || {
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(config::TEMPLATE.as_bytes())
    };
    match write() {
        Ok(()) => {
            terminal::print(format!("wrote {}\n", path.display()).as_bytes())?;
            Ok(exit::OK)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(Failure::new(exit::CANNOT_WRITE, format!("`{}` already exists", path.display()))
                .hint("nothing was changed; `authwatch config check` checks it"))
        }
        Err(error) => Err(Failure::new(exit::CANNOT_WRITE, format!("cannot write `{}`", path.display()))
            .caused_by(error)
            .hint("set XDG_CONFIG_HOME, or give --config with a writable directory")),
    }
}

/// All problems, one on each line.
fn invalid(path: &std::path::Path, problems: &[SettingProblem]) -> Failure {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let lines = lines.join("\n  ");
    Failure::new(exit::CONFIGURATION, format!("`{}` has invalid settings:\n  {lines}", path.display()))
}
