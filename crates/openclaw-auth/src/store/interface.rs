//! What every store can do, and why it may not.

use std::fmt;
use std::io;

use crate::document::Document;
use crate::file;
use crate::locking::Holder;
use crate::model::{Semantics, Source, StoreError};

/// A store that is held for writing. Dropping it lets go of it.
pub trait Store: std::fmt::Debug + Send {
    /// The document that was read last, as JSON.
    fn text(&self) -> Result<&str, OpenError>;

    /// Reads it again: not every writer asks for the lock.
    fn reread(&mut self) -> Result<(), OpenError>;

    /// Proves that a new version can be stored, and sets room aside for it. What is stored does not change. A database also says
    /// whether it still holds what was read last.
    fn rehearse(&mut self) -> io::Result<Written>;

    /// Whether nobody has taken it from us since it was opened.
    fn is_still_ours(&self) -> bool;

    /// How many stale locks were in the way.
    fn broken_locks(&self) -> u32 {
        0
    }

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
    /// It is only read.
    #[error("{0}")]
    Refused(Refusal),
    /// There is none.
    #[error("it is not there")]
    Absent,
}

/// Why a database is only read.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is not one that is written under the refresh lock.
    #[error("it has schema {0}, which is only read")]
    Schema(i64),
    /// This build has no feature `sqlite`.
    #[error("this build reads and writes no databases (feature `sqlite`)")]
    NotBuilt,
    /// It says that it is another agent's.
    #[error("it is not the database of this agent")]
    OtherAgent,
    /// Another user's programs would no longer be able to write it.
    #[error("it belongs to uid {0}: only that user's programs write it")]
    OtherOwner(u32),
    /// Locks would say nothing to a process that cannot see this one.
    #[error("{0}")]
    ForeignHolder(ForeignHolder),
}

/// A process of another PID namespace that has a database open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForeignHolder {
    /// Its id here; `None` where it has none.
    pub pid: Option<u32>,
}

impl fmt::Display for ForeignHolder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a process of another PID namespace has it open, a container's for example")?;
        self.pid.map_or(Ok(()), |pid| write!(formatter, " (process {pid})"))
    }
}

/// A broken version must never take the place of a whole one, whatever broke it.
pub(super) fn is_a_store(json: &str) -> io::Result<()> {
    if json.len() as u64 > file::MAX_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "the new version is too large to be read again",
        ));
    }
    Document::parse(json, Semantics::V2026_9, Source::Json).map(drop).map_err(|problem| {
        io::Error::new(io::ErrorKind::InvalidData, format!("the new version is {problem}"))
    })
}
