//! The one file that holds what has been told and what still has to be: ledger, outbox, silences, history.
//!
//! They are in one file so that they change together: a message is in the outbox as soon as the ledger says that it is told, and
//! neither before nor after. It is replaced atomically, 0600, and read and written under a lock that ends with the process.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use openclaw_auth::checkpoint;
use openclaw_auth::file::Stamp;
use serde::{Deserialize, Serialize};

use super::incident::Incidents;
use super::records::{ChannelRecord, DeliveryRecord, Mute, QueuedMessage};
use crate::state;

/// The format of the file.
const VERSION: u32 = 1;
/// Deliveries that are remembered.
const HISTORY: usize = 200;
const FILE: &str = "notify.json";
/// Where a damaged one goes.
const ASIDE: &str = "notify.json.damaged";
/// Who changes the file has this lock.
const LOCK: &str = "notify.lock";
/// Nobody has it for longer than a write takes; a process that was stopped meanwhile holds no other up for longer than this.
const PATIENCE: Duration = Duration::from_secs(5);

/// What has been told and what still has to be.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NotificationStore {
    version: u32,
    #[serde(rename = "ledger")]
    pub incidents: Incidents,
    /// What nobody wants to hear of for a while.
    #[serde(rename = "silences")]
    pub mutes: Vec<Mute>,
    /// Messages by channel, oldest first.
    pub outbox: BTreeMap<String, Vec<QueuedMessage>>,
    /// How the channels are doing.
    pub channels: BTreeMap<String, ChannelRecord>,
    /// What has been delivered lately, and what not; newest last.
    pub history: Vec<DeliveryRecord>,
}

/// Why the book cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NotificationStoreError {
    #[error("cannot use `{path}`")]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The file is of a newer authwatch.
    #[error("`{path}` was written by a newer authwatch (it has version {version})")]
    Newer { path: PathBuf, version: u32 },
    /// The file is not what we have written.
    #[error("`{path}` is no record of notifications: {problem}")]
    Damaged { path: PathBuf, problem: String },
}

impl NotificationStore {
    /// Reads the book of a state directory; empty where there is none yet.
    pub fn read(dir: &Path) -> Result<Self, NotificationStoreError> {
        let path = dir.join(FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(NotificationStoreError::Io { path, source }),
        };
        let (version, store) = match serde_json::from_slice::<Self>(&bytes) {
            Ok(store) => (store.version, Ok(store)),
            // A newer one may well read differently; that does not make it a damaged one.
            Err(error) => {
                let version = serde_json::from_slice(&bytes).map_or(0, |Version { version }| version);
                (
                    version,
                    Err(NotificationStoreError::Damaged { path: path.clone(), problem: error.to_string() }),
                )
            }
        };
        if version > VERSION { Err(NotificationStoreError::Newer { path, version }) } else { store }
    }

    /// Reads the book, unless it is the one that was read `last`: in a large fleet it is long, and every channel looks at it.
    pub(super) fn read_again(
        dir: &Path,
        last: &mut Option<LastRead>,
    ) -> Result<Arc<Self>, NotificationStoreError> {
        let stamp = Stamp::of(&dir.join(FILE));
        if let (Some(stamp), Some(seen)) = (stamp, &*last)
            && seen.stamp == stamp
        {
            return Ok(Arc::clone(&seen.store));
        }
        let store = Arc::new(Self::read(dir)?);
        *last = stamp.map(|stamp| LastRead { stamp, store: Arc::clone(&store) });
        Ok(store)
    }

    /// Reads the book in order to change it. A damaged one is put aside: to tell again what is so is better than never to tell again.
    fn read_or_begin(dir: &Path) -> Result<Self, NotificationStoreError> {
        match Self::read(dir) {
            Err(error @ NotificationStoreError::Damaged { .. }) => {
                let (path, aside) = (dir.join(FILE), dir.join(ASIDE));
                std::fs::rename(&path, &aside)
                    .map_err(|source| NotificationStoreError::Io { path, source })?;
                tracing::error!("{error}; it is kept as `{}`, and what is so is told again", aside.display());
                Ok(Self::default())
            }
            read => read,
        }
    }

    /// Changes the book; it is written only if it is another one then.
    pub fn update<T>(dir: &Path, change: impl FnOnce(&mut Self) -> T) -> Result<T, NotificationStoreError> {
        let failed = |source| NotificationStoreError::Io { path: dir.join(FILE), source };
        let _lock = state::lock_soon(dir, LOCK, PATIENCE).map_err(failed)?;
        let before = Self::read_or_begin(dir)?;
        let (store, result) = before.changed(change);
        if store != before {
            store.write(dir).map_err(failed)?;
        }
        Ok(result)
    }

    /// The same for who goes on after it: where the file cannot be written, the book is kept in memory until it can be.
    ///
    /// Whatever may wait for a lock or for the disk is done on a thread of its own: a disk may take seconds, and visitors are served
    /// meanwhile. Changes take turns in the process, too, so that none counts as another process that holds the lock for too long.
    pub(super) async fn update_or_keep<T>(
        dir: &Path,
        memory: &StoreCache,
        change: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, NotificationStoreError> {
        let _turn = memory.transition.lock().await;
        let (place, known) = (dir.to_owned(), memory.known.borrow().clone());
        let was_kept = known.kept.is_some();
        let Opened { lock, before, seen } = aside(dir, move || begin(&place, known)).await??;
        memory.known.borrow_mut().seen = seen;
        let (store, result) = before.changed(change);
        if !was_kept && store == *before {
            return Ok(result);
        }
        let store = Arc::new(store);
        let (place, written) = (dir.to_owned(), Arc::clone(&store));
        let stamp = aside(dir, move || {
            let _lock = lock?;
            written.write(&place).map(|()| Stamp::of(&place.join(FILE)))
        });
        let known = match stamp.await? {
            Ok(stamp) => CachedStore { seen: stamp.map(|stamp| LastRead { stamp, store }), kept: None },
            Err(problem) => {
                if !was_kept {
                    let path = dir.join(FILE);
                    tracing::error!(
                        "cannot write `{}`: {problem}; until it can be written, what is told is remembered in memory alone",
                        path.display()
                    );
                }
                CachedStore { kept: Some(store), ..memory.known.borrow().clone() }
            }
        };
        memory.known.replace(known);
        Ok(result)
    }

    fn changed<T>(&self, change: impl FnOnce(&mut Self) -> T) -> (Self, T) {
        let mut store = self.clone();
        let result = change(&mut store);
        store.version = VERSION;
        let surplus = store.history.len().saturating_sub(HISTORY);
        store.history.drain(..surplus);
        (store, result)
    }

    fn write(&self, dir: &Path) -> io::Result<()> {
        checkpoint::reached("book-writing");
        state::replace(&dir.join(FILE), &serde_json::to_vec(self).expect("the book is plain data"))
    }
}

/// What who goes on after each pass remembers.
#[derive(Debug, Default)]
pub(super) struct StoreCache {
    pub(super) known: RefCell<CachedStore>,
    /// Who changes the book has it, from reading to writing.
    transition: tokio::sync::Mutex<()>,
}

/// What is known of the book.
#[derive(Clone, Debug, Default)]
pub(super) struct CachedStore {
    /// The book as it was read or written last.
    pub(super) seen: Option<LastRead>,
    /// The book, while its file cannot be written.
    pub(super) kept: Option<Arc<NotificationStore>>,
}

/// A book, and by what to know that it is still the same.
#[derive(Clone, Debug)]
pub(super) struct LastRead {
    stamp: Stamp,
    store: Arc<NotificationStore>,
}

/// A change that has begun.
struct Opened {
    /// The lock, or why it cannot be had: then nothing can be written, either.
    lock: io::Result<File>,
    before: Arc<NotificationStore>,
    seen: Option<LastRead>,
}

/// Takes the lock and reads the book.
fn begin(dir: &Path, CachedStore { mut seen, kept }: CachedStore) -> Result<Opened, NotificationStoreError> {
    let lock = match state::lock_soon(dir, LOCK, PATIENCE) {
        Err(source) if source.kind() == io::ErrorKind::WouldBlock => {
            return Err(NotificationStoreError::Io { path: dir.join(LOCK), source });
        }
        lock => lock,
    };
    let before = match kept {
        Some(kept) => {
            let mut before = NotificationStore::clone(&kept);
            // People may have written theirs where we may not.
            before.mutes = NotificationStore::read(dir).map_or(before.mutes, |written| written.mutes);
            Arc::new(before)
        }
        None => match NotificationStore::read_again(dir, &mut seen) {
            Err(NotificationStoreError::Damaged { .. }) => Arc::new(NotificationStore::read_or_begin(dir)?),
            read => read?,
        },
    };
    Ok(Opened { lock, before, seen })
}

/// Does something on a thread that may wait.
async fn aside<T: Send + 'static>(
    dir: &Path,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NotificationStoreError> {
    let failed = |error| NotificationStoreError::Io { path: dir.join(FILE), source: io::Error::other(error) };
    tokio::task::spawn_blocking(work).await.map_err(failed)
}

/// What every version of the file begins with.
#[derive(Deserialize)]
struct Version {
    version: u32,
}
