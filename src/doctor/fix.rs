//! What `--fix` can do, as data: a check proposes it, and [`repair`](super::repair) applies it.

use std::io;
use std::path::{Path, PathBuf};

use openclaw_auth::model::{Span, Timestamp};
use openclaw_auth::store::OpenError;
use serde::Serialize;

use crate::remedy::quote;

/// A change that resolves a finding and is safe to make.
#[derive(Clone, Debug, PartialEq)]
pub enum Fix {
    /// Changes the mode of a file or a directory.
    Mode {
        path: PathBuf,
        /// The owner and the mode that the check saw.
        owner: u32,
        from: u32,
        to: u32,
    },
    /// Removes a temporary file of authwatch's.
    Remove { path: PathBuf },
    /// Removes a lock that is provably stale.
    Lock {
        path: PathBuf,
        /// A lock without a provable holder is stale when older.
        stale_after: Span,
    },
    /// Removes a directory of demo data.
    Tree { path: PathBuf },
    /// Rewrites a profile's `expires` in milliseconds.
    Expires { store: PathBuf, profile: String, to: Timestamp },
    /// Removes from a pasted value what does not belong to it.
    Value { store: PathBuf, profile: String, field: &'static str },
}

/// How to undo a fix that was applied.
#[derive(Clone, Debug, Serialize)]
pub struct Applied {
    /// A copy of what was there before, or a script with the command that restores it.
    #[serde(serialize_with = "shown")]
    pub backup: PathBuf,
    /// The command that restores it.
    pub undo: String,
}

fn shown<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

/// Why a fix was not applied.
#[derive(Debug, thiserror::Error)]
pub enum FixError {
    /// It is not as the check saw it.
    #[error("it has changed meanwhile and was left alone; run doctor again")]
    Changed,
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The store is locked, or cannot be read.
    #[error("{0}")]
    Store(#[from] OpenError),
}

impl Fix {
    /// Describes the change as an imperative, such as "set the mode of FILE to 0600".
    #[must_use]
    pub fn describe(&self) -> String {
        let name = |path: &Path| quote(&path.to_string_lossy());
        match self {
            Self::Mode { path, to, .. } => format!("set the mode of {} to {to:04o}", name(path)),
            Self::Remove { path } => format!("remove the draft {}", name(path)),
            Self::Lock { path, .. } => format!("remove the stale lock {}", name(path)),
            Self::Tree { path } => format!("remove the demo data in {}", name(path)),
            Self::Expires { profile, .. } => format!("tell the end of {} in milliseconds", quote(profile)),
            Self::Value { profile, field, .. } => {
                format!("take out of the {field} of {} what does not belong to it", quote(profile))
            }
        }
    }
}
