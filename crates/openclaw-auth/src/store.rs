//! Where a login is kept, held for writing: the only thing here that writes credentials.
//!
//! Whoever renews a login proves by [`Store::rehearse`], before a token is spent, that a new version can be stored; nothing
//! changes by it. Only [`Store::replace`] writes, and only over what was read last: where somebody has written in between, theirs
//! stays and the caller decides again.

#[cfg(feature = "sqlite")]
mod database;
mod draft;
#[cfg(feature = "sqlite")]
mod holder;
mod interface;
mod json;

#[cfg(feature = "sqlite")]
pub use self::database::DatabaseStore;
pub use self::interface::{ForeignHolder, OpenError, Refusal, Store, Written};
pub use self::json::JsonStore;

use std::path::Path;
use std::time::Duration;

use crate::file;
use crate::load::DATABASE_FILE;
use crate::load::sqlite::{self, Database};
use crate::model::{Semantics, StoreError};
use crate::secret::SecretBuffer;

/// The rules by which a store is read before it is written: no aliases of providers, so that locks are named as OpenClaw names them.
pub const SEMANTICS: Semantics = Semantics::V2026_9;

/// Opens a store for writing, of the kind that its name says: a file under its lock, or an agent's database, for whose login the
/// caller holds the refresh lock. `sleep` is how the caller waits.
pub async fn open(
    path: &Path,
    agent: &str,
    sleep: impl AsyncFn(Duration),
) -> Result<Box<dyn Store>, OpenError> {
    if !is_database(path) {
        return Ok(Box::new(JsonStore::open(path, sleep).await?));
    }
    open_database(path, agent)
}

#[cfg(feature = "sqlite")]
fn open_database(path: &Path, agent: &str) -> Result<Box<dyn Store>, OpenError> {
    Ok(Box::new(DatabaseStore::open(path, agent)?))
}

#[cfg(not(feature = "sqlite"))]
fn open_database(_path: &Path, _agent: &str) -> Result<Box<dyn Store>, OpenError> {
    Err(OpenError::Refused(Refusal::NotBuilt))
}

/// Reads the document of a store without holding it; `None` where there is none.
pub fn read<'b>(path: &Path, buffer: &'b mut SecretBuffer) -> Result<Option<&'b str>, StoreError> {
    let is_there = if is_database(path) {
        let mut state = SecretBuffer::default();
        sqlite::read(path, Database::Agent, buffer, &mut state)?.is_some_and(|content| content.has_store)
    } else {
        file::read(path, buffer)?.is_some()
    };
    if is_there { file::text(path, buffer).map(Some) } else { Ok(None) }
}

/// Whether it is a database, by its name.
#[must_use]
pub fn is_database(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == DATABASE_FILE)
}
