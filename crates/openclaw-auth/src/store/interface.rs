//! What every store can do, and why it may not.

use std::io;
use std::path::Path;

use crate::locking::Holder;
use crate::model::StoreError;

/// A store that is held for writing. Dropping it lets go of it.
pub trait Store: std::fmt::Debug {
    /// Its path, as it is shown.
    fn path(&self) -> &Path;

    /// The document that was read last, as JSON.
    fn text(&self) -> Result<&str, OpenError>;

    /// Reads it again: not every writer asks for the lock.
    fn reread(&mut self) -> Result<(), OpenError>;

    /// Proves that a new version can be stored, and sets room aside for it. What is stored does not change.
    fn rehearse(&mut self) -> io::Result<()>;

    /// Whether nobody has taken it from us since it was opened.
    fn is_still_ours(&self) -> bool;

    /// Stores a new version, whole or not at all, if what is stored still is what was read last. It stays held.
    fn replace(&mut self, json: &str) -> io::Result<Written>;
}

/// What came of storing a new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is stored.
    Stored,
    /// What is stored is not what the new version was made from. It was left as it is.
    Changed,
}

/// Why a store could not be opened for writing.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its lock is held.
    #[error("{}", .0.describe())]
    Busy(Holder),
    /// Its lock cannot be taken.
    #[error("the lock beside it cannot be taken")]
    Lock(#[source] io::Error),
    /// It cannot be read.
    #[error("{}", .0.message)]
    Read(StoreError),
    /// There is none.
    #[error("it is not there")]
    Absent,
}
