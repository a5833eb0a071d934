//! The one file that holds what has been told and what still has to be: ledger, outbox, silences, history.
//!
//! They are in one file so that they change together: a message is in the outbox as soon as the ledger says that it is told, and
//! neither before nor after. It is replaced atomically, 0600, and read and written under a lock that ends with the process.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::decide::Silence;
use super::incident::Ledger;
use super::outbox::{ChannelRecord, Entry, Parcel};
use crate::state;

/// The format of the file.
const VERSION: u32 = 1;
/// Deliveries that are remembered.
const HISTORY: usize = 200;
/// The file.
const FILE: &str = "notify.json";

/// What has been told and what still has to be.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Book {
    version: u32,
    /// What has been told.
    pub ledger: Ledger,
    /// What nobody wants to hear of for a while.
    pub silences: Vec<Silence>,
    /// Messages by channel, oldest first.
    pub outbox: BTreeMap<String, Vec<Parcel>>,
    /// How the channels are doing.
    pub channels: BTreeMap<String, ChannelRecord>,
    /// What has been delivered lately, and what not; newest last.
    pub history: Vec<Entry>,
}

/// Why the book cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The system refused.
    #[error("cannot use `{path}`")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not ours, or of a newer version.
    #[error("`{path}` is no record of notifications of this version: {problem}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl Book {
    /// Reads the book of a state directory; empty where there is none yet.
    pub fn read(dir: &Path) -> Result<Self, BookError> {
        let path = dir.join(FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(BookError::Io { path, source }),
        };
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(book) if book.version <= VERSION => Ok(book),
            Ok(book) => Err(BookError::Format { path, problem: format!("it has version {}", book.version) }),
            Err(error) => Err(BookError::Format { path, problem: error.to_string() }),
        }
    }

    /// Changes the book; it is written only if it is another one then.
    pub fn update<T>(dir: &Path, change: impl FnOnce(&mut Self) -> T) -> Result<T, BookError> {
        let path = dir.join(FILE);
        let failed = |source| BookError::Io { path: path.clone(), source };
        let _lock = state::lock(dir, "notify.lock").map_err(failed)?;
        let before = Self::read(dir)?;
        let mut book = before.clone();
        let result = change(&mut book);
        book.version = VERSION;
        let surplus = book.history.len().saturating_sub(HISTORY);
        book.history.drain(..surplus);
        if book != before {
            let json = serde_json::to_vec(&book).expect("the book is plain data");
            state::replace(&path, &json).map_err(failed)?;
        }
        Ok(result)
    }
}
