//! Files around the stores: where they are, what they are, whose, and how old. Links are not followed unless
//! it says so.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

pub(super) use openclaw_auth::file::{list, secret_text};
use openclaw_auth::model::Timestamp;
use openclaw_auth::paths::Roots;
use openclaw_auth::service;

use crate::remedy::quote;

/// The directories files are looked for in.
#[derive(Clone, Debug)]
pub struct Places {
    pub roots: Roots,
    variables: Vec<(String, String)>,
}

/// Of these variables the values are kept: they name directories. All others may be secrets.
const DIRECTORY_VARIABLES: [&str; 3] = ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "TMPDIR"];

impl Places {
    /// `variables` is the process's environment.
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

#[derive(Clone, Debug, PartialEq)]
pub struct FileAttributes {
    pub mode: u32,
    pub owner: u32,
    /// When its content last changed.
    pub modified: Timestamp,
    /// Whether it is a regular file.
    pub is_file: bool,
    pub is_dir: bool,
    pub is_link: bool,
}

impl From<&Metadata> for FileAttributes {
    fn from(metadata: &Metadata) -> Self {
        let modified = Timestamp::from_file_time(metadata.mtime(), metadata.mtime_nsec());
        Self {
            mode: metadata.mode() & 0o7777,
            owner: metadata.uid(),
            modified,
            is_file: metadata.is_file(),
            is_dir: metadata.is_dir(),
            is_link: metadata.is_symlink(),
        }
    }
}

/// The facts about a path, or `None` if nothing is there; a link is a link.
#[must_use]
pub fn facts(path: &Path) -> Option<FileAttributes> {
    path.symlink_metadata().ok().map(|metadata| FileAttributes::from(&metadata))
}

/// The file a path leads to through links, or the path itself if that fails.
#[must_use]
pub fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Whether authwatch runs for this user with this argument.
#[must_use]
pub fn authwatch_runs(roots: &Roots, argument: &str) -> bool {
    let own = std::process::id();
    let is_it = |arguments: &[String]| {
        let program = arguments.first().and_then(|path| Path::new(path).file_name());
        program.is_some_and(|name| name == "authwatch") && arguments.iter().any(|given| given == argument)
    };
    service::processes(roots, is_it).iter().any(|(pid, _)| *pid != own)
}

/// Whether this user may create files in a directory.
#[must_use]
pub fn may_write_into(dir: &Path) -> bool {
    use rustix::fs::Access;
    dir.is_dir() && rustix::fs::access(dir, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// A path as one word of a shell command.
#[must_use]
pub fn quoted(path: &Path) -> String {
    quote(&path.to_string_lossy())
}
