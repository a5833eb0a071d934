//! The installation to diagnose: where OpenClaw and authwatch keep their files, and how authwatch is configured.

use std::path::PathBuf;

use openclaw_auth::paths::Roots;

use crate::config::Config;

/// An OpenClaw and the authwatch that watches it, as the command line and the environment say.
#[derive(Clone, Debug)]
pub struct Installation {
    pub roots: Roots,
    /// The process's environment.
    pub variables: Vec<(String, String)>,
    pub own: OwnSettings,
}

/// authwatch's own files and settings.
#[derive(Clone, Debug)]
pub struct OwnSettings {
    pub state: Option<PathBuf>,
    /// Its configuration file, even if it does not exist.
    pub config_file: Option<PathBuf>,
    /// The configuration; the default one if it is invalid.
    pub config: Config,
    /// Why it is invalid.
    pub config_problem: Option<String>,
}

/// The directories files are looked for in.
#[derive(Clone, Debug)]
pub struct Places {
    pub roots: Roots,
    variables: Vec<(String, String)>,
}

/// Of these variables the values are kept: they name directories. All others may be secrets.
const DIRECTORY_VARIABLES: [&str; 3] = ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "TMPDIR"];

impl Places {
    #[must_use]
    pub fn new(roots: Roots, variables: Vec<(String, String)>) -> Self {
        let names_a_directory = |name: &str| DIRECTORY_VARIABLES.contains(&name);
        let variables = variables.into_iter().filter(|(name, _)| names_a_directory(name)).collect();
        Self { roots, variables }
    }

    /// The value of a variable that names a directory, unless it is empty.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A directory of the user's: what the variable `XDG_…` says, or `default` below the home directory.
    #[must_use]
    pub fn user_dir(&self, variable: &str, default: &str) -> PathBuf {
        self.variable(variable).map_or_else(|| self.roots.home.join(default), PathBuf::from)
    }
}
