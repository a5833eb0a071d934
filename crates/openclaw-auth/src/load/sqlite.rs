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
mod content;
mod descriptors;

use std::io::Read;
use std::path::Path;

#[cfg(feature = "sqlite")]
pub(crate) use self::content::beside;
#[cfg(not(feature = "sqlite"))]
use self::content::error;
pub use self::content::{Content, Database, SharedOwner};
#[cfg(feature = "sqlite")]
pub(crate) use self::descriptors::alone;
use crate::file;
use crate::model::StoreError;
#[cfg(not(feature = "sqlite"))]
use crate::model::StoreErrorReason;
use crate::secret::SecretBuffer;

/// Reads a database's rows into the buffers; `None` where there is no database.
#[cfg(feature = "sqlite")]
pub fn read(
    path: &Path,
    database: Database,
    store: &mut SecretBuffer,
    state: &mut SecretBuffer,
) -> Result<Option<Content>, StoreError> {
    let _reader = descriptors::among_readers();
    connection::read(path, database, store, state)
}

/// The first bytes of a database's file; `None` where there is none.
pub(super) fn header<const LENGTH: usize>(path: &Path) -> std::io::Result<Option<[u8; LENGTH]>> {
    let _reader = descriptors::among_readers();
    let mut header = [0; LENGTH];
    let opened = file::open(path).map_err(|error| std::io::Error::other(error.message))?;
    let Some((mut file, _)) = opened else { return Ok(None) };
    file.read_exact(&mut header)?;
    Ok(Some(header))
}

/// The `user_version` of a database, its log included; `None` where it cannot be read.
#[cfg(feature = "sqlite")]
pub(super) fn schema(path: &Path) -> Option<u32> {
    let _reader = descriptors::among_readers();
    connection::schema(path)
}

/// This build cannot read it.
#[cfg(not(feature = "sqlite"))]
pub(super) fn schema(_path: &Path) -> Option<u32> {
    None
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
