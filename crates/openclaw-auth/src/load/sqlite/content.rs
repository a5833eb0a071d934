//! What is read of a database, and why it is not.

use std::path::Path;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;

use crate::model::{StoreError, StoreErrorReason};

/// Which database is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// `openclaw-agent.sqlite`.
    Agent,
    /// `state/openclaw.sqlite`.
    Shared,
}

/// Who keeps the credentials all agents share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedOwner {
    /// The main agent's own store.
    LegacyMain,
    /// The shared database.
    StateDatabase,
}

/// What a database holds. The documents themselves are in the buffers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Content {
    /// The database file.
    pub facts: crate::file::FileFacts,
    /// Whether it has the tables for credentials.
    pub keeps_credentials: bool,
    /// Whether there is a row with credentials; it is in the store buffer.
    pub has_store: bool,
    /// Whether there is a row with state; it is in the state buffer.
    pub has_state: bool,
    /// The recorded owner (shared database only).
    pub owner: SharedOwner,
}

pub(super) fn error(path: &Path, reason: StoreErrorReason, what: impl std::fmt::Display) -> StoreError {
    StoreError::new(reason, format!("`{}` {what}", path.display()))
}

/// A file that belongs to the database: `-wal` or `-shm`.
#[cfg(feature = "sqlite")]
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
