//! authwatch's own configuration: TOML, every value with a default, unknown keys refused by name.

use std::io;
use std::path::{Path, PathBuf};

use openclaw_auth::paths;
use serde::{Deserialize, Serialize};
use toml::de::{DeTable, Deserializer};

use crate::exit::{self, Failure};

pub mod check;
mod notify;
mod sections;
mod table;

pub use self::notify::{NotifyConfig, QuietHours};
pub use self::sections::{
    DatabaseMode, MetricsConfig, NetworkConfig, ProviderConfig, RefreshConfig, StatusConfig, WatchConfig,
};
pub use crate::channel::command::CommandConfig;
pub use crate::settings::{SettingProblem, redacted_url, variable, without_user};

/// The file `config init` writes.
pub const TEMPLATE: &str = include_str!("config/template.toml");

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// OpenClaw's state directory; found as OpenClaw finds it where unset.
    pub state_dir: Option<PathBuf>,
    pub status: StatusConfig,
    pub refresh: RefreshConfig,
    pub watch: WatchConfig,
    pub notify: NotifyConfig,
    pub metrics: MetricsConfig,
    pub network: NetworkConfig,
    /// Removed settings that the file still contains.
    #[serde(skip)]
    pub removed: Vec<SettingProblem>,
}

impl Config {
    /// Loads the named file, or the default one if it exists, and applies environment variables.
    pub fn load(named: Option<&Path>) -> Result<Self, Failure> {
        let mut config = Self::read(named)?;
        let invalid = |problem: String| Failure::new(exit::CONFIGURATION, problem);
        config.notify.apply_old_variables(variable).map_err(invalid)?;
        config.notify.check_names()?;
        Ok(config)
    }

    fn read(named: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = named.map(Path::to_path_buf).or_else(default_path) else {
            return Ok(Self::default());
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse_with(&text, &path, variable(table::CREDENTIALS).as_deref()),
            Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => Ok(Self::default()),
            Err(error) => Err(Failure::new(
                exit::CONFIGURATION,
                format!("cannot read the configuration `{}`", path.display()),
            )
            .caused_by(error)),
        }
    }

    /// Reads a configuration. The error names the line, and the nearest key where one is unknown.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Failure> {
        Self::parse_with(text, path, None)
    }

    /// The same; `credentials` is the directory of systemd's credentials.
    fn parse_with(text: &str, path: &Path, credentials: Option<&str>) -> Result<Self, Failure> {
        let read = DeTable::parse(text).and_then(|mut parsed| {
            let removed = table::take_removed(parsed.get_mut());
            if let Some(directory) = credentials {
                table::expand_credentials(parsed.get_mut(), directory);
            }
            Self::deserialize(Deserializer::from(parsed)).map(|config| Self { removed, ..config })
        });
        read.map_err(|error| {
            let line =
                error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
            let problem = error.message().lines().next().unwrap_or_default().to_owned();
            let failure =
                Failure::new(exit::CONFIGURATION, format!("`{}`, line {line}: {problem}", path.display()));
            match nearest_key(&problem) {
                Some(key) => failure.hint(format!("did you mean `{key}`?")),
                None => failure,
            }
        })
    }

    /// Writes to the log which settings are ignored because they were removed.
    pub fn warn_of_removed(&self) {
        for problem in &self.removed {
            tracing::warn!("{problem}");
        }
    }

    /// The effective settings as TOML, with secrets redacted.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a configuration is plain tables and values")
    }
}

/// Where the configuration is if none is named.
#[must_use]
pub fn default_path() -> Option<PathBuf> {
    paths::own_config(paths::of_process)
}

/// serde's message lists the known names in backquotes, the unknown one first.
fn nearest_key(problem: &str) -> Option<&str> {
    let mut names = problem.starts_with("unknown").then(|| problem.split('`').skip(1).step_by(2))?;
    let unknown = names.next()?;
    nearest(unknown, names)
}

/// The name that a mistyped word probably means: at most three edits away.
#[must_use]
pub fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = names.map(|name| (distance(word, name), name)).min();
    near.filter(|(distance, _)| *distance <= 3).map(|(_, name)| name)
}

/// Levenshtein's distance.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, character) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for column in 0..other.len() {
            let replace = diagonal + usize::from(character != other[column]);
            diagonal = row[column + 1];
            row[column + 1] = replace.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use openclaw_auth::model::Span;

    use super::*;

    #[test]
    fn the_template_is_the_default() {
        assert_eq!(Config::parse(TEMPLATE, Path::new("t")).expect("valid"), Config::default());
        let everything = TEMPLATE
            .replace("# state_dir", "state_dir")
            .replace("# scope", "scope")
            .replace("# warn", "warn");
        let config = Config::parse(&everything, Path::new("t")).expect("valid");
        assert_eq!(config.status.warn, Some(Span::from_days(1.0)));
        assert_eq!(Config::parse(&config.to_toml(), Path::new("t")).expect("valid"), config);
    }

    #[test]
    fn errors_name_the_place_and_the_nearest_key() {
        let failure =
            Config::parse("[status]\n\nsematics = \"2026.9\"\n", Path::new("c.toml")).expect_err("misspelt");
        assert!(
            failure.message.starts_with("`c.toml`, line 3: unknown field `sematics`"),
            "{}",
            failure.message
        );
        assert_eq!(failure.hint.as_deref(), Some("did you mean `semantics`?"));
        let failure =
            Config::parse("[status]\nwarn = \"soon\"\n", Path::new("c.toml")).expect_err("no duration");
        assert!(failure.message.contains("line 2: `soon` is no duration"), "{}", failure.message);
        assert_eq!(failure.code, exit::CONFIGURATION);
    }
}
