//! Mending. Each fix looks again before it acts, keeps what takes it back, and never takes a credential away.

mod credential;
mod files;

use std::io;
use std::path::{Path, PathBuf};

use openclaw_auth::model::{Span, Timestamp};
use openclaw_auth::store::OpenError;
use serde::Serialize;

use crate::remedy::quote;

/// Something that is safe to do, for a finding.
#[derive(Clone, Debug, PartialEq)]
pub enum Fix {
    /// Gives a file or a directory another mode.
    Mode {
        path: PathBuf,
        /// Whose it was when it was looked at.
        owner: u32,
        from: u32,
        /// Its mode from now on.
        to: u32,
    },
    /// Removes a draft of this program's.
    Remove { path: PathBuf },
    /// Removes a lock that is provably stale.
    Lock {
        path: PathBuf,
        /// After this long a lock without a provable holder is.
        stale_after: Span,
    },
    /// Removes a directory of made-up data.
    Tree { path: PathBuf },
    /// Tells a profile's `expires` in milliseconds.
    Expires { store: PathBuf, profile: String, to: Timestamp },
    /// Takes out of a pasted value what does not belong to it.
    Value { store: PathBuf, profile: String, field: &'static str },
}

/// What takes back what was done.
#[derive(Clone, Debug, Serialize)]
pub struct Done {
    /// Where a copy is of what was there before, or the command that restores it.
    #[serde(serialize_with = "shown")]
    pub backup: PathBuf,
    /// The command that takes it back.
    pub undo: String,
}

fn shown<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum FixError {
    /// It is not what it was when it was looked at.
    #[error("it has changed meanwhile and was left alone; run doctor again")]
    Changed,
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The store is somebody else's at this moment, or cannot be read.
    #[error("{0}")]
    Store(#[from] OpenError),
}

impl Fix {
    /// What it would do, in words.
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

    /// Does it, keeping in authwatch's own state what takes it back.
    pub async fn apply(&self, own_state: &Path, now: Timestamp) -> Result<Done, FixError> {
        let keeper = Keeper { own_state, now };
        let (backup, undo) = match self {
            Self::Mode { path, owner, from, to } => files::set_mode(path, (*owner, *from), *to, &keeper)?,
            Self::Remove { path } => files::remove(path, &keeper)?,
            Self::Lock { path, stale_after } => files::clear_lock(path, *stale_after, &keeper)?,
            Self::Tree { path } => files::remove_tree(path, &keeper)?,
            Self::Expires { store, profile, to } => {
                credential::set_expires(store, profile, *to, &keeper).await?
            }
            Self::Value { store, profile, field } => {
                credential::mend_value(store, profile, field, &keeper).await?
            }
        };
        Ok(Done { backup, undo })
    }
}

/// Where backups go, and when it is.
struct Keeper<'a> {
    own_state: &'a Path,
    now: Timestamp,
}

/// The backup, and the command that takes the change back.
type Kept = (PathBuf, String);
