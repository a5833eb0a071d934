//! Taking OpenClaw's locks: sidecar files, created exclusively, waited for within the contracted budget.
//!
//! A [`LockGuard`] is the lock. Dropping it, by whatever way out, removes the file, but only if it is still the file that was
//! created: a lock that somebody rightly took over is theirs. After `kill -9` the file stays, and says enough (pid,
//! start time, time) for OpenClaw and for us to prove it stale.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use crate::clock;
use crate::model::Millis;
use crate::openclaw::lock::{Evidence, Payload, Process};

pub mod inspect;

/// How a lock is waited for, and when it is stale.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Attempts, the first one included.
    pub attempts: u32,
    /// The pause after the first attempt; it doubles.
    pub first_pause: Duration,
    /// No pause is longer.
    pub longest_pause: Duration,
    /// A lock without a provable holder is stale after this.
    pub stale_after: Millis,
}

/// OpenClaw's patience with the refresh lock: about 143 s in all.
pub const REFRESH_LOCK: Patience = Patience {
    attempts: 20,
    first_pause: Duration::from_millis(100),
    longest_pause: Duration::from_secs(10),
    stale_after: Millis(180_000.0),
};

/// OpenClaw's patience with the lock of a store: about 43 s in all.
pub const STORE_LOCK: Patience = Patience {
    attempts: 10,
    first_pause: Duration::from_millis(100),
    longest_pause: Duration::from_secs(10),
    stale_after: Millis(30_000.0),
};

/// What came of trying to take a lock.
#[derive(Debug)]
pub enum Taken {
    /// It is ours.
    Held(LockGuard),
    /// Somebody else has it, and kept it for as long as we waited.
    Busy(Holder),
    /// The file system does not allow locks (it is read-only, say).
    Unsupported(io::Error),
    /// Anything else went wrong.
    Failed(io::Error),
}

/// Who has a lock.
#[derive(Clone, Debug, PartialEq)]
pub struct Holder {
    /// The lock file.
    pub path: PathBuf,
    /// The process, where the file says so.
    pub pid: Option<u32>,
    /// Since when.
    pub since: Millis,
}

impl Holder {
    /// Who it is, in words.
    #[must_use]
    pub fn describe(&self) -> String {
        let holder = self.pid.map_or_else(|| "an unnamed process".to_owned(), |pid| format!("process {pid}"));
        format!("`{}` is held by {holder}", self.path.display())
    }
}

/// A lock that is ours until this is dropped.
#[derive(Debug)]
pub struct LockGuard {
    path: PathBuf,
    inode: (u64, u64),
    payload: Vec<u8>,
    /// Stale locks that had to be removed to get it.
    pub broken: u32,
}

impl LockGuard {
    /// Whether the file is still the one that was created.
    #[must_use]
    pub fn is_still_ours(&self) -> bool {
        look(&self.path).is_ok_and(|found| {
            found.is_some_and(|found| {
                found.inode == self.inode && found.bytes.as_deref() == Some(&self.payload)
            })
        })
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        if self.is_still_ours() {
            if let Err(error) = std::fs::remove_file(&self.path) {
                tracing::warn!("cannot remove the lock `{}`: {error}", self.path.display());
            }
        } else {
            tracing::warn!("the lock `{}` was taken over; it is left alone", self.path.display());
        }
    }
}

/// The lock of a store: beside it, in the directory resolved through links, as OpenClaw finds it.
pub fn store_lock_path(store: &Path) -> io::Result<PathBuf> {
    let (Some(dir), Some(name)) = (store.parent(), store.file_name()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a store has a name and a directory"));
    };
    let mut name = name.to_owned();
    name.push(".lock");
    Ok(dir.canonicalize()?.join(name))
}

/// Takes a lock, waiting as OpenClaw would.
pub async fn take(path: &Path, patience: Patience) -> Taken {
    let mut broken = 0;
    let mut announced = false;
    for attempt in 1.. {
        let holder = match try_once(path, patience.stale_after, &mut broken) {
            Ok(Attempt::Created(mut guard)) => {
                guard.broken = broken;
                return Taken::Held(guard);
            }
            Ok(Attempt::Held(holder)) => holder,
            Err(error) => return failure(error),
        };
        if attempt >= patience.attempts {
            return Taken::Busy(holder);
        }
        if !announced && attempt > 2 {
            announced = true;
            tracing::info!("waiting: {}", holder.describe());
        }
        tokio::time::sleep(pause(patience, attempt)).await;
    }
    unreachable!("the last attempt returns")
}

fn failure(error: io::Error) -> Taken {
    match Errno::from_io_error(&error) {
        Some(Errno::ROFS | Errno::NOSYS | Errno::OPNOTSUPP) => Taken::Unsupported(error),
        _ => Taken::Failed(error),
    }
}

/// Doubles from attempt to attempt, with up to as much again at random: those who wait together should not come together.
fn pause(patience: Patience, attempt: u32) -> Duration {
    let doubled = patience.first_pause.saturating_mul(1 << (attempt - 1).min(16));
    let jittered = doubled.mul_f64(1.0 + crate::random::fraction());
    jittered.min(patience.longest_pause)
}

enum Attempt {
    Created(LockGuard),
    Held(Holder),
}

fn try_once(path: &Path, stale_after: Millis, broken: &mut u32) -> io::Result<Attempt> {
    // A stale lock that is removed may be replaced by somebody else's before ours is there; a few rounds settle it.
    for _ in 0..4 {
        match create(path) {
            Ok(guard) => return Ok(Attempt::Created(guard)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        let Some(found) = look(path)? else { continue };
        if !found.is_stale(stale_after) {
            return Ok(Attempt::Held(found.holder(path)));
        }
        if remove_stale(path, &found)? {
            *broken += 1;
            tracing::info!("removed the stale lock `{}`", path.display());
        }
    }
    let modified = clock::now();
    Ok(Attempt::Held(Holder { path: path.to_owned(), pid: None, since: modified }))
}

/// Creates the lock with all that is in it at once, so that even `kill -9` never leaves one without a holder's name.
fn create(path: &Path) -> io::Result<LockGuard> {
    let payload = own_payload().to_json().into_bytes();
    let dir = path.parent().unwrap_or(Path::new("."));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let draft = dir.join(format!(".authwatch-lock-{}-{}", std::process::id(), crate::random::word()));
    let write = |path: &Path| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        // On a full disk there may be room for a name and none for what is in it.
        file.write_all(&payload).inspect_err(|_| drop(std::fs::remove_file(path)))?;
        Ok::<File, io::Error>(file)
    };
    let file = write(&draft)?;
    let renamed = rustix::fs::renameat_with(CWD, &draft, CWD, path, RenameFlags::NOREPLACE);
    let file = match renamed {
        Ok(()) => file,
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            // File systems that cannot rename without replacing still create exclusively.
            std::fs::remove_file(&draft)?;
            write(path)?
        }
        Err(error) => {
            std::fs::remove_file(&draft)?;
            return Err(error.into());
        }
    };
    let metadata = file.metadata()?;
    Ok(LockGuard { path: path.to_owned(), inode: (metadata.dev(), metadata.ino()), payload, broken: 0 })
}

/// What is found where a lock should be.
#[derive(Debug, PartialEq)]
struct Found {
    inode: (u64, u64),
    modified: Millis,
    /// The content; `None` for a lock directory, as early releases used them.
    bytes: Option<Vec<u8>>,
}

impl Found {
    fn payload(&self) -> Option<Payload> {
        self.bytes.as_deref().and_then(Payload::parse)
    }

    fn is_stale(&self, limit: Millis) -> bool {
        let payload = self.payload();
        let process = payload.as_ref().map(|payload| process(payload.pid));
        Evidence { payload: payload.as_ref(), process, modified: self.modified, limit, now: clock::now() }
            .is_stale()
    }

    fn holder(&self, path: &Path) -> Holder {
        let payload = self.payload();
        let since = payload.as_ref().and_then(Payload::created).unwrap_or(self.modified);
        Holder { path: path.to_owned(), pid: payload.map(|payload| payload.pid), since }
    }
}

fn look(path: &Path) -> io::Result<Option<Found>> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let bytes = if metadata.is_file() {
        match std::fs::read(path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            // Somebody else's lock that we may not read is a lock all the same.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Some(Vec::new()),
            Err(error) => return Err(error),
        }
    } else {
        None
    };
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay far below 2^53")]
    let modified = Millis((metadata.mtime() * 1000 + metadata.mtime_nsec() / 1_000_000) as f64);
    Ok(Some(Found { inode: (metadata.dev(), metadata.ino()), modified, bytes }))
}

/// Removes a lock that was judged stale, if it is still the same one. Whether it is gone by our doing.
fn remove_stale(path: &Path, judged: &Found) -> io::Result<bool> {
    match look(path)? {
        Some(found) if found == *judged => {}
        _ => return Ok(false),
    }
    let removed = if judged.bytes.is_some() { std::fs::remove_file(path) } else { std::fs::remove_dir(path) };
    match removed {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Who holds a lock at this moment; `None` where it is free, stale, or cannot be read.
#[must_use]
pub fn holder(path: &Path, stale_after: Millis) -> Option<Holder> {
    let found = look(path).ok()??;
    (!found.is_stale(stale_after)).then(|| found.holder(path))
}

fn own_payload() -> Payload {
    let pid = std::process::id();
    let created_at = clock::date(clock::now())
        .map(|date| date.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
        .unwrap_or_default();
    Payload { pid, created_at, starttime: starttime(pid) }
}

/// What the system says about a process. A signal of 0 tells even where `/proc` hides other users' processes.
fn process(pid: u32) -> Process {
    let raw = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    let Some(raw) = raw else { return Process::Dead };
    match rustix::process::test_kill_process(raw) {
        Err(Errno::SRCH) => Process::Dead,
        _ if is_zombie(pid) => Process::Dead,
        _ => Process::Alive { starttime: starttime(pid) },
    }
}

/// The fields of `/proc/<pid>/stat` behind the command's name, which may hold anything.
fn stat_fields(pid: u32) -> Option<Vec<String>> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let (_, fields) = stat.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

fn is_zombie(pid: u32) -> bool {
    stat_fields(pid).is_some_and(|fields| fields.first().is_some_and(|state| state == "Z" || state == "X"))
}

/// Field 22, counted from 1; the state is field 3 and the first one here.
fn starttime(pid: u32) -> Option<u64> {
    stat_fields(pid)?.get(22 - 3)?.parse().ok()
}
