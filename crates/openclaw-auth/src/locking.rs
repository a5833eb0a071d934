//! Taking OpenClaw's locks: sidecar files, created exclusively, waited for within the contracted budget.
//!
//! A [`LockGuard`] is the lock. Dropping it, by whatever way out, removes the file, but only if it is still the file that was
//! created: a lock that somebody rightly took over is theirs. After `kill -9` the file stays, and says enough (pid,
//! start time, PID namespace, time) for OpenClaw and for us to prove it stale.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, FlockOperation, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::checkpoint;
use crate::clock;
use crate::lock::{Evidence, Payload, PidOrigin, Process};
pub use crate::lock::{Patience, REFRESH_LOCK, STORE_LOCK};
use crate::model::{Span, Timestamp};
use crate::ownership;
use crate::process::Stat;

pub mod inspect;

/// No lock is longer: OpenClaw's have a hundred bytes.
const MAX_BYTES: u64 = 64 * 1024;

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
    pub since: Timestamp,
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
        find(&self.path).is_ok_and(|found| found.is_some_and(|found| self.is(&found)))
    }

    fn is(&self, found: &Found) -> bool {
        found.inode == self.inode && found.content == LockFileContent::File(self.payload.clone())
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        match remove_if(&self.path, |found| self.is(found)) {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!("the lock `{}` was taken over; it is left alone", self.path.display());
            }
            Err(error) => tracing::warn!("cannot remove the lock `{}`: {error}", self.path.display()),
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
    Ok(ownership::follow(dir)?.path.join(name))
}

/// Takes a lock, waiting as OpenClaw would. `sleep` is how the caller waits: its runtime's timer, or a thread's.
pub async fn take(path: &Path, patience: Patience, sleep: impl AsyncFn(Duration)) -> Taken {
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
        sleep(pause(patience, attempt)).await;
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

fn try_once(path: &Path, stale_after: Span, broken: &mut u32) -> io::Result<Attempt> {
    // A stale lock that is removed may be replaced by somebody else's before ours is there; a few rounds settle it.
    for _ in 0..4 {
        match create(path) {
            Ok(guard) => return Ok(Attempt::Created(guard)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        let Some(found) = find(path)? else { continue };
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
    ownership::make_directory(directory_of(path))?;
    let draft = aside(path);
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

/// A name beside the lock that nobody takes for one. What is left there is found as a draft.
fn aside(path: &Path) -> PathBuf {
    let name = format!(".authwatch-lock-{}-{}", std::process::id(), crate::random::word());
    directory_of(path).join(name)
}

fn directory_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// What is found where a lock should be.
#[derive(Debug, PartialEq)]
struct Found {
    inode: (u64, u64),
    modified: Timestamp,
    content: LockFileContent,
}

#[derive(Debug, PartialEq)]
enum LockFileContent {
    /// A file; empty where it may not be read or is longer than any lock.
    File(Vec<u8>),
    /// A directory, as early releases used them.
    Directory,
    /// A link, a FIFO, a device: it is in the way of a lock like everything else.
    Other,
}

impl Found {
    fn of(metadata: &Metadata, content: LockFileContent) -> Self {
        let modified = Timestamp::from_file_time(metadata.mtime(), metadata.mtime_nsec());
        Self { inode: (metadata.dev(), metadata.ino()), modified, content }
    }

    fn payload(&self) -> Option<Payload> {
        match &self.content {
            LockFileContent::File(bytes) => Payload::parse(bytes),
            LockFileContent::Directory | LockFileContent::Other => None,
        }
    }

    fn is_stale(&self, limit: Span) -> bool {
        let payload = self.payload();
        let process = payload.as_ref().map(|payload| process(payload.pid));
        let (origin, now) = (own_origin(), clock::now());
        let (payload, origin) = (payload.as_ref(), origin.as_ref());
        Evidence { payload, process, origin, modified: self.modified, limit, now }.is_stale()
    }

    fn holder(&self, path: &Path) -> Holder {
        let payload = self.payload();
        let since = payload.as_ref().and_then(Payload::created).unwrap_or(self.modified);
        Holder { path: path.to_owned(), pid: payload.map(|payload| payload.pid), since }
    }
}

/// Looks at what is in a lock's place. Never waits, reads no more than a lock has, and is led nowhere by links.
fn find(path: &Path) -> io::Result<Option<Found>> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    ownership::follow(directory_of(path))?;
    if !metadata.is_file() {
        let content = if metadata.is_dir() { LockFileContent::Directory } else { LockFileContent::Other };
        return Ok(Some(Found::of(&metadata, content)));
    }
    match read(path) {
        Ok((metadata, bytes)) => Ok(Some(Found::of(&metadata, LockFileContent::File(bytes)))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // Somebody else's lock that we may not read is a lock all the same.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Ok(Some(Found::of(&metadata, LockFileContent::File(Vec::new()))))
        }
        Err(error) => Err(error),
    }
}

fn read(path: &Path) -> io::Result<(Metadata, Vec<u8>)> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    let mut bytes = Vec::new();
    if metadata.is_file() && metadata.len() <= MAX_BYTES {
        file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    }
    Ok((metadata, bytes))
}

/// Removes a lock that was judged stale, if it is still the same one. Whether it is gone by our doing.
fn remove_stale(path: &Path, judged: &Found) -> io::Result<bool> {
    // One of our processes at a time: the second one would find the first one's new lock in the stale one's place.
    let directory = File::open(directory_of(path));
    let lock = |directory| rustix::fs::flock(directory, FlockOperation::NonBlockingLockExclusive);
    if directory.as_ref().is_ok_and(|directory| lock(directory) == Err(Errno::WOULDBLOCK)) {
        return Ok(false);
    }
    remove_if(path, |found| found == judged)
}

/// Removes what is in a lock's place if it is what it should be. Whether it is gone by our doing.
///
/// Others remove locks, too, and make new ones in their place at any moment. So it is first renamed, which takes exactly one lock away,
/// and looked at where nobody else changes it. A lock that turns out to be somebody's goes back.
fn remove_if(path: &Path, is_it: impl Fn(&Found) -> bool) -> io::Result<bool> {
    if !find(path)?.is_some_and(|found| is_it(&found)) {
        return Ok(false);
    }
    checkpoint::reached("lock-judged");
    let aside = aside(path);
    match std::fs::rename(path, &aside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        renamed => renamed?,
    }
    let found = find(&aside)?;
    if !found.as_ref().is_some_and(&is_it) {
        return put_back(&aside, path).map(|()| false);
    }
    let removed = match found.map(|found| found.content) {
        Some(LockFileContent::Directory) => std::fs::remove_dir(&aside),
        _ => std::fs::remove_file(&aside),
    };
    match removed {
        Ok(()) => Ok(true),
        // A directory with something in it is not ours to remove.
        Err(error) => put_back(&aside, path).and(Err(error)),
    }
}

/// Puts a lock back, unless there is another one by now: then its holder notices before it calls the provider.
fn put_back(aside: &Path, path: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, aside, CWD, path, RenameFlags::NOREPLACE) {
        // File systems that cannot rename without replacing can mostly link.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            if std::fs::hard_link(aside, path).is_err() && !path.try_exists()? {
                return std::fs::rename(aside, path);
            }
            std::fs::remove_file(aside)
        }
        Err(Errno::EXIST) => std::fs::remove_file(aside).or_else(|_| std::fs::remove_dir(aside)),
        renamed => Ok(renamed?),
    }
}

/// Whether a login may be renewed at this moment: its lock is still ours, and nobody has the lock by which later releases of
/// OpenClaw renew the same login.
#[must_use]
pub fn may_begin(refresh: &LockGuard, newer_refresh_lock: &Path) -> bool {
    let is_free = || match find(newer_refresh_lock) {
        Ok(found) => found.is_none_or(|found| found.is_stale(REFRESH_LOCK.stale_after)),
        Err(_) => false,
    };
    refresh.is_still_ours() && is_free()
}

/// Who holds a lock at this moment; `None` where it is free, stale, or cannot be read.
#[must_use]
pub fn holder(path: &Path, stale_after: Span) -> Option<Holder> {
    let found = find(path).ok()??;
    (!found.is_stale(stale_after)).then(|| found.holder(path))
}

fn own_payload() -> Payload {
    let pid = std::process::id();
    let created_at = clock::date(clock::now())
        .map(|date| date.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
        .unwrap_or_default();
    Payload {
        pid,
        created_at,
        starttime: Stat::read(pid).and_then(|stat| stat.start_ticks()),
        origin: own_origin(),
    }
}

/// Where our process ids mean something; `None` where the system does not say, or `/proc` shows the processes of another namespace.
fn own_origin() -> Option<PidOrigin> {
    let shown = std::fs::read_link("/proc/self").ok()?;
    let pid_namespace = std::fs::metadata("/proc/self/ns/pid").ok()?.ino();
    let is_ours = shown.to_str()?.parse() == Ok(std::process::id());
    is_ours.then_some(PidOrigin { pid_namespace, boot_id: clock::boot()?.boot })
}

/// What the system says about a process. A signal of 0 tells even where `/proc` hides other users' processes.
fn process(pid: u32) -> Process {
    let raw = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    let Some(raw) = raw else { return Process::Dead };
    match rustix::process::test_kill_process(raw) {
        Err(Errno::SRCH) => Process::Dead,
        _ => match Stat::read(pid) {
            Some(stat) if stat.is_zombie() => Process::Dead,
            stat => Process::Alive { starttime: stat.and_then(|stat| stat.start_ticks()) },
        },
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// What is done between the first look at a lock and its removal, and what is in the lock's place afterwards.
    fn remove_while(lock: &Path, judged_is: &str, meanwhile: [&dyn Fn(); 2]) -> bool {
        let looks = Cell::new(0);
        let removed = remove_if(lock, |found| {
            let is_it = found.content == LockFileContent::File(judged_is.as_bytes().to_vec());
            if let Some(change) = meanwhile.get(looks.replace(looks.get() + 1)) {
                change();
            }
            is_it
        });
        removed.expect("the directory can be written")
    }

    #[test]
    fn a_lock_that_took_the_judged_ones_place_is_put_back() {
        let dir = tempfile::tempdir().expect("a directory");
        let lock = dir.path().join("a.lock");
        let put = |content: &'static str| {
            let lock = lock.clone();
            move || {
                drop(std::fs::remove_file(&lock));
                std::fs::write(&lock, content).expect("writable");
            }
        };
        let (nothing, content) = (|| {}, || std::fs::read_to_string(&lock).expect("a lock"));
        put("stale")();
        assert!(!remove_while(&lock, "stale", [&put("live"), &nothing]));
        assert_eq!(content(), "live");
        assert!(!remove_while(&lock, "stale", [&nothing, &nothing]), "not even looked at");
        assert!(!remove_while(&lock, "live", [&put("second"), &put("third")]), "a third one came meanwhile");
        assert_eq!(content(), "third");
        assert!(remove_while(&lock, "third", [&nothing, &nothing]));
        assert_eq!(std::fs::read_dir(dir.path()).expect("readable").count(), 0, "nothing is left aside");
    }

    #[test]
    fn what_is_no_lock_is_never_waited_for_or_followed() {
        let dir = tempfile::tempdir().expect("a directory");
        let lock = dir.path().join("a.lock");
        std::os::unix::fs::symlink("/dev/zero", &lock).expect("writable");
        let found = find(&lock).expect("readable").expect("there");
        assert_eq!((&found.content, found.payload()), (&LockFileContent::Other, None));
        assert!(remove_if(&lock, |again| *again == found).expect("writable"));
        File::create(&lock).and_then(|file| file.set_len(4 << 30)).expect("a sparse file");
        let found = find(&lock).expect("readable").expect("there");
        assert_eq!(found.content, LockFileContent::File(Vec::new()), "longer than any lock");
    }
}
