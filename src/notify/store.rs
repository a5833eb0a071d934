//! The notification store: one file with incidents, outbox, mutes, the state of channels, and history.
//!
//! They are in one file so that they change together: a message is in the outbox exactly when its incident counts as notified.
//! The file is replaced atomically, has mode 0600, and is read and written under a lock that ends with the process.

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
/// Delivery attempts in the history.
const HISTORY: usize = 200;
const FILE: &str = "notify.json";
/// Where a damaged file is moved.
const ASIDE: &str = "notify.json.damaged";
const LOCK: &str = "notify.lock";
/// How long the lock is waited for. A write takes less; a process that is suspended while it holds the lock delays others by this.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NotificationStore {
    version: u32,
    #[serde(rename = "ledger")]
    pub incidents: Incidents,
    #[serde(rename = "silences")]
    pub mutes: Vec<Mute>,
    /// Messages by channel, oldest first.
    pub outbox: BTreeMap<String, Vec<QueuedMessage>>,
    pub channels: BTreeMap<String, ChannelRecord>,
    /// The latest delivery attempts, newest last.
    pub history: Vec<DeliveryRecord>,
}

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NotificationStoreError {
    #[error("cannot use `{path}`")]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{path}` was written by a newer authwatch (it has version {version})")]
    Newer { path: PathBuf, version: u32 },
    #[error("`{path}` is damaged: {problem}")]
    Damaged { path: PathBuf, problem: String },
}

impl NotificationStore {
    /// Reads the store of a state directory; empty if there is none yet.
    pub fn read(dir: &Path) -> Result<Self, NotificationStoreError> {
        let path = dir.join(FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(NotificationStoreError::Io { path, source }),
        };
        let (version, store) = match serde_json::from_slice::<Self>(&bytes) {
            Ok(store) => (store.version, Ok(store)),
            // A newer version may be readable only as far as its version: that is not damage.
            Err(error) => {
                let version = serde_json::from_slice(&bytes).map_or(0, |FormatVersion { version }| version);
                (
                    version,
                    Err(NotificationStoreError::Damaged { path: path.clone(), problem: error.to_string() }),
                )
            }
        };
        if version > VERSION { Err(NotificationStoreError::Newer { path, version }) } else { store }
    }

    /// Reads the store unless it is still the one that was read `last`: in a large fleet it is long, and every channel reads it.
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

    /// Reads the store for a change. A damaged file is moved aside: notifying again is better than never.
    fn read_or_begin(dir: &Path) -> Result<Self, NotificationStoreError> {
        match Self::read(dir) {
            Err(error @ NotificationStoreError::Damaged { .. }) => {
                let (path, aside) = (dir.join(FILE), dir.join(ASIDE));
                std::fs::rename(&path, &aside)
                    .map_err(|source| NotificationStoreError::Io { path, source })?;
                tracing::error!(
                    "{error}; it is kept as `{}`, and open problems are notified again",
                    aside.display()
                );
                Ok(Self::default())
            }
            read => read,
        }
    }

    /// Changes the store, and writes it if it is different then.
    pub fn update<T>(dir: &Path, change: impl FnOnce(&mut Self) -> T) -> Result<T, NotificationStoreError> {
        let failed = |source| NotificationStoreError::Io { path: dir.join(FILE), source };
        let _lock = state::lock_soon(dir, LOCK, LOCK_TIMEOUT).map_err(failed)?;
        let before = Self::read_or_begin(dir)?;
        let (store, result) = before.changed(change);
        if store != before {
            store.write(dir).map_err(failed)?;
        }
        Ok(result)
    }

    /// The same for a daemon: while the file cannot be written, the store is kept in memory.
    ///
    /// Whatever may wait for a lock or the disk runs on its own thread: a disk may take seconds, and visitors are served meanwhile.
    /// Changes also take turns within the process, so that none counts as another process that holds the lock for too long.
    pub(super) async fn update_or_keep<T>(
        dir: &Path,
        cache: &StoreCache,
        change: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, NotificationStoreError> {
        let _turn = cache.turn.lock().await;
        let (place, known) = (dir.to_owned(), cache.known.borrow().clone());
        let was_kept = known.kept.is_some();
        let Opened { lock, before, seen } = on_thread(dir, move || begin(&place, known)).await??;
        cache.known.borrow_mut().seen = seen;
        let (store, result) = before.changed(change);
        if !was_kept && store == *before {
            return Ok(result);
        }
        let store = Arc::new(store);
        let (place, written) = (dir.to_owned(), Arc::clone(&store));
        let stamp = on_thread(dir, move || {
            let _lock = lock?;
            written.write(&place).map(|()| Stamp::of(&place.join(FILE)))
        });
        let known = match stamp.await? {
            Ok(stamp) => CachedStore { seen: stamp.map(|stamp| LastRead { stamp, store }), kept: None },
            Err(problem) => {
                if !was_kept {
                    let path = dir.join(FILE);
                    tracing::error!(
                        "cannot write `{}`: {problem}; until it can be written, notifications are remembered in memory only",
                        path.display()
                    );
                }
                CachedStore { kept: Some(store), ..cache.known.borrow().clone() }
            }
        };
        cache.known.replace(known);
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
        checkpoint::reached("notify-writing");
        state::replace(&dir.join(FILE), &serde_json::to_vec(self).expect("the store is plain data"))
    }
}

/// What a daemon remembers of the store from check to check.
#[derive(Debug, Default)]
pub(super) struct StoreCache {
    pub(super) known: RefCell<CachedStore>,
    /// Held by a change from reading to writing.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct CachedStore {
    /// The store as it was last read or written.
    pub(super) seen: Option<LastRead>,
    /// The store while its file cannot be written.
    pub(super) kept: Option<Arc<NotificationStore>>,
}

/// A store, and the stamp of the file it was read from.
#[derive(Clone, Debug)]
pub(super) struct LastRead {
    stamp: Stamp,
    store: Arc<NotificationStore>,
}

/// A change that has begun, with the lock held.
struct Opened {
    /// An error if nothing can be written.
    lock: io::Result<File>,
    before: Arc<NotificationStore>,
    seen: Option<LastRead>,
}

/// Takes the lock and reads the store.
fn begin(dir: &Path, CachedStore { mut seen, kept }: CachedStore) -> Result<Opened, NotificationStoreError> {
    let lock = match state::lock_soon(dir, LOCK, LOCK_TIMEOUT) {
        Err(source) if source.kind() == io::ErrorKind::WouldBlock => {
            return Err(NotificationStoreError::Io { path: dir.join(LOCK), source });
        }
        lock => lock,
    };
    let before = match kept {
        Some(kept) => {
            let mut before = NotificationStore::clone(&kept);
            // A person may be able to write where the daemon is not.
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

/// Does work that may wait on its own thread.
async fn on_thread<T: Send + 'static>(
    dir: &Path,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NotificationStoreError> {
    let failed = |error| NotificationStoreError::Io { path: dir.join(FILE), source: io::Error::other(error) };
    tokio::task::spawn_blocking(work).await.map_err(failed)
}

/// What every version of the file contains.
#[derive(Deserialize)]
struct FormatVersion {
    version: u32,
}
