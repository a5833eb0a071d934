//! Why a change was not made, and what kind of obstacle that is.

use std::io;
use std::path::{Path, PathBuf};

use openclaw_auth::edit::EditError;
use openclaw_auth::store::OpenError;

use crate::auth::import::ImportError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Somebody else is at work.
    Busy,
    /// A file cannot be written.
    NotWritable,
    /// A file cannot be read, or is not what it should be.
    NotReadable,
}

#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The store cannot be opened.
    #[error("{}", unopened(.path, .problem))]
    Open { path: PathBuf, problem: OpenError },
    /// The file is not what it should be.
    #[error("`{}` is {problem}", .path.display())]
    Broken { path: PathBuf, problem: String },
    /// The file cannot be changed.
    #[error("`{}`: {problem}", .path.display())]
    Edit { path: PathBuf, problem: EditError },
    /// The legacy logins that the new store has to begin with cannot be taken over.
    #[error("the logins of earlier releases cannot be taken over")]
    Import(#[from] ImportError),
    /// The backup cannot be written.
    #[error("no backup can be kept in `{}`", .path.display())]
    Backup { path: PathBuf, source: io::Error },
    /// Another program wrote the file at the same time.
    #[error("`{}` was changed by another program at the same time; try again", .path.display())]
    Changed { path: PathBuf },
    /// The store cannot be written.
    #[error("cannot write `{}`", .path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// What cannot be read, and what is held, is named by the problem itself.
fn unopened(path: &Path, problem: &OpenError) -> String {
    match problem {
        OpenError::Read(_) | OpenError::Busy(_) => problem.to_string(),
        OpenError::Lock(_) | OpenError::Absent => format!("`{}`: {problem}", path.display()),
    }
}

impl ChangeError {
    /// What kind of obstacle it is.
    #[must_use]
    pub fn obstacle(&self) -> Obstacle {
        match self {
            Self::Open { problem: OpenError::Busy(_), .. } | Self::Changed { .. } => Obstacle::Busy,
            Self::Open { problem: OpenError::Lock(_), .. } | Self::Write { .. } | Self::Backup { .. } => {
                Obstacle::NotWritable
            }
            Self::Open { .. } | Self::Broken { .. } | Self::Edit { .. } | Self::Import(_) => {
                Obstacle::NotReadable
            }
        }
    }

    /// What led to it, where the message does not say it.
    #[must_use]
    pub fn into_cause(self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        match self {
            Self::Write { source, .. }
            | Self::Backup { source, .. }
            | Self::Open { problem: OpenError::Lock(source), .. } => Some(Box::new(source)),
            Self::Import(source) => Some(Box::new(source)),
            _ => None,
        }
    }
}
