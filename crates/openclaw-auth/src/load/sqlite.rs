//! Reading OpenClaw's databases, strictly read-only and with their write-ahead log.
//!
//! Two things must not happen. A reader must never see a stale token, so the log counts: while OpenClaw runs, its newest
//! writes are there and nowhere else. And a reader must never leave anything behind: SQLite creates `-wal` and `-shm`
//! beside a database in WAL mode even for a read-only connection, and one owned by another user locks OpenClaw out.
//!
//! Hence: `readonly_shm` where there is a log, which reads it without writing the index. SQLite opens the log for writing all the
//! same, and as root sets its owner and the index's to the database's: their content stays, their attributes' time does not, and
//! whoever watches sees that the log was closed. Where there is no log (an index alone does not count), the
//! database alone is the whole truth and is read as a plain file, and only believed if no log has appeared and the file
//! has not changed meanwhile.

#[cfg(feature = "sqlite")]
mod connection;

use std::path::Path;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;

use crate::model::{StoreError, StoreErrorReason};
use crate::secret::SecretBuffer;

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

/// Reads a database's rows into the buffers; `None` where there is no database.
#[cfg(feature = "sqlite")]
pub fn read(
    path: &Path,
    database: Database,
    store: &mut SecretBuffer,
    state: &mut SecretBuffer,
) -> Result<Option<Content>, StoreError> {
    connection::read(path, database, store, state)
}

/// Says that this build can't read databases; `None` where there is no database.
#[cfg(not(feature = "sqlite"))]
pub fn read(
    path: &Path,
    _database: Database,
    _store: &mut SecretBuffer,
    _state: &mut SecretBuffer,
) -> Result<Option<Content>, StoreError> {
    match crate::file::open(path)? {
        None => Ok(None),
        Some(_) => Err(error(
            path,
            StoreErrorReason::Schema,
            "is a database, and this build reads none (feature `sqlite`)",
        )),
    }
}

fn error(path: &Path, reason: StoreErrorReason, what: impl std::fmt::Display) -> StoreError {
    StoreError::new(reason, format!("`{}` {what}", path.display()))
}

/// A file that belongs to the database: `-wal` or `-shm`.
#[cfg(feature = "sqlite")]
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
