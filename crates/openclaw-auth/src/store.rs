//! A JSON store under its lock: the only thing here that writes credentials.
//!
//! [`LockedStore::open`] takes the lock and reads what is there *now*. [`LockedStore::reserve`] proves, before a token is
//! spent, that a new version can be put in place, and sets room aside for it; it changes nothing. Only
//! [`Reserved::commit`] writes the store.
//!
//! Not every writer takes the lock: OpenClaw's own sign-in does not. So a new version only ever replaces the bytes it was
//! made from. It is exchanged with the store in one step, and what comes out is compared: if somebody wrote in between,
//! theirs goes back and the caller decides again.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, FallocateFlags, RenameFlags};
use rustix::io::Errno;

use crate::checkpoint;
use crate::document::Document;
use crate::file;
use crate::locking::{self, Holder, LockGuard, STORE_LOCK, Taken};
use crate::model::{Semantics, Source, StoreError};
use crate::ownership::{self, give_to_owner_of};
use crate::random;
use crate::secret::SecretBuffer;

/// Room set aside beyond the store's size: tokens may grow, and another profile may be added.
const HEADROOM: u64 = 64 * 1024;

/// What drafts of a store are named after, wherever a link leads.
const STORE: &str = "auth-profiles.json";

/// Exchanges in a row that may meet somebody else's write. Each needs another write within microseconds.
const EXCHANGES: usize = 16;

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
    /// It is not there.
    #[error("it is not there")]
    Absent,
}

/// A store whose lock we hold.
#[derive(Debug)]
pub struct LockedStore {
    /// Where the file really is: a link is written through.
    target: PathBuf,
    shown: PathBuf,
    content: SecretBuffer,
    /// Whether there is a file yet.
    exists: bool,
    lock: LockGuard,
}

impl LockedStore {
    /// Takes the store's lock, waiting as OpenClaw would, and reads the store. `sleep` is how the caller waits.
    pub async fn open(path: &Path, sleep: impl AsyncFn(Duration)) -> Result<Self, OpenError> {
        let mut store = Self::lock(path, sleep).await?;
        store.read()?;
        Ok(store)
    }

    /// The same where the store need not be there yet: its directory is made, for its owner alone.
    pub async fn open_or_new(path: &Path, sleep: impl AsyncFn(Duration)) -> Result<Self, OpenError> {
        if let Some(dir) = path.parent() {
            ownership::make_directory(dir).map_err(OpenError::Lock)?;
        }
        let mut store = Self::lock(path, sleep).await?;
        match store.read() {
            Err(OpenError::Absent) => store.target = store.beside(path.file_name().unwrap_or_default())?,
            read => read?,
        }
        Ok(store)
    }

    async fn lock(path: &Path, sleep: impl AsyncFn(Duration)) -> Result<Self, OpenError> {
        let lock_path = locking::store_lock_path(path).map_err(OpenError::Lock)?;
        let lock = match locking::take(&lock_path, STORE_LOCK, sleep).await {
            Taken::Held(lock) => lock,
            Taken::Busy(holder) => return Err(OpenError::Busy(holder)),
            Taken::Unsupported(error) | Taken::Failed(error) => return Err(OpenError::Lock(error)),
        };
        checkpoint::reached("store-locked");
        let (target, content) = (PathBuf::new(), SecretBuffer::default());
        Ok(Self { target, shown: path.to_owned(), content, exists: false, lock })
    }

    /// Reads the store again. Under the lock nobody should change it, but not every writer asks.
    pub fn read(&mut self) -> Result<(), OpenError> {
        match file::read(&self.shown, &mut self.content).map_err(OpenError::Read)? {
            Some(_) => {}
            None => return Err(OpenError::Absent),
        }
        self.target = follow(&self.shown).map_err(OpenError::Lock)?;
        self.exists = true;
        Ok(())
    }

    /// Whether there is a file yet.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// The bytes that were read.
    #[must_use]
    pub fn content(&self) -> &SecretBuffer {
        &self.content
    }

    /// Where the file really is, and where a new one would be.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// What the store holds.
    pub fn text(&self) -> Result<&str, OpenError> {
        file::text(&self.shown, &self.content).map_err(OpenError::Read)
    }

    /// The store's lock.
    #[must_use]
    pub fn lock_held(&self) -> &LockGuard {
        &self.lock
    }

    /// How many stale locks were in the way.
    #[must_use]
    pub fn broken_locks(&self) -> u32 {
        self.lock.broken
    }

    /// Proves that the store can be replaced, and sets room aside for its next version. Nothing that is there changes.
    pub fn reserve(self) -> io::Result<Reserved> {
        let dir = self.dir().to_owned();
        let draft = Draft::create(&dir, STORE, self.owner(&dir))?;
        draft.set_aside(self.content.bytes().len() as u64 + HEADROOM)?;
        let draft = draft.renamed()?;
        if self.exists {
            may_be_replaced(&self.target, &dir)?;
        }
        checkpoint::reached("rehearsed");
        checkpoint::fails("reserve")?;
        Ok(Reserved { store: self, draft: Some(draft) })
    }

    fn dir(&self) -> &Path {
        self.target.parent().unwrap_or(Path::new("/"))
    }

    /// What a new version belongs to the owner of.
    fn owner<'p>(&'p self, dir: &'p Path) -> &'p Path {
        if self.exists { &self.target } else { dir }
    }

    /// Reads a file beside the store that its lock covers; whether it is there.
    pub fn read_beside(&self, name: &str, content: &mut SecretBuffer) -> Result<bool, OpenError> {
        let path = self.beside(name.as_ref())?;
        Ok(file::read(&path, content).map_err(OpenError::Read)?.is_some())
    }

    /// Replaces a file beside the store, or makes it: whole, or not at all. A link is written through. `before` is what the
    /// new content was made from, `None` where there was no file.
    pub fn write_beside(&self, name: &str, before: Option<&SecretBuffer>, json: &str) -> io::Result<Written> {
        serde_json::from_str::<serde::de::IgnoredAny>(json)?;
        let path = self.beside(name.as_ref()).map_err(io::Error::other)?;
        let target = if path.is_symlink() { follow(&path)? } else { path };
        let dir = target.parent().unwrap_or(Path::new("/"));
        let owner = if target.exists() { &target } else { dir };
        let draft = Draft::create(dir, name, owner)?;
        draft.write(json.as_bytes())?;
        draft.put_in_place(&target, before.map(SecretBuffer::bytes), json.as_bytes(), "renamed-beside")
    }

    fn beside(&self, name: &std::ffi::OsStr) -> Result<PathBuf, OpenError> {
        let dir = self.shown.parent().unwrap_or(Path::new("/"));
        Ok(follow(dir).map_err(OpenError::Lock)?.join(name))
    }
}

/// A store that can be written.
#[derive(Debug)]
pub struct Reserved {
    store: LockedStore,
    /// Room for the next version, until it is used.
    draft: Option<Draft>,
}

/// What came of putting a new version in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is there.
    Stored,
    /// The file is not what the new version was made from. It was left as it is.
    Changed,
}

impl Reserved {
    /// The store as it was read last.
    #[must_use]
    pub fn store(&self) -> &LockedStore {
        &self.store
    }

    /// Reads the store again: not every writer asks for the lock.
    pub fn reread(&mut self) -> Result<(), OpenError> {
        self.store.read()
    }

    /// Replaces the store, whole or not at all, if it still is what was read last. The lock stays held.
    pub fn commit(&mut self, json: &str) -> io::Result<Written> {
        checkpoint::fails("write")?;
        is_a_store(json)?;
        let draft = match self.draft.take() {
            Some(draft) => draft,
            None => Draft::create(self.store.dir(), STORE, self.store.owner(self.store.dir()))?,
        };
        draft.write(json.as_bytes())?;
        checkpoint::reached("written");
        checkpoint::fails("rename")?;
        let before = self.store.exists.then(|| self.store.content.bytes());
        draft.put_in_place(&self.store.target, before, json.as_bytes(), "renamed")
    }
}

/// A broken version must never take the place of a whole one, whatever broke it.
fn is_a_store(json: &str) -> io::Result<()> {
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

/// What would make the rename fail although the directory can be written, found out without trying it.
fn may_be_replaced(target: &Path, dir: &Path) -> io::Result<()> {
    const STICKY: u32 = 0o1000;

    let (file, dir) = (target.metadata()?, dir.metadata()?);
    let user = rustix::process::geteuid();
    let is_one_of_the_owners = user.is_root() || [file.uid(), dir.uid()].contains(&user.as_raw());
    if dir.mode() & STICKY != 0 && !is_one_of_the_owners {
        return Err(Errno::PERM.into());
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{AtFlags, StatxAttributes, StatxFlags};

        // A system that cannot say so leaves it to the rename itself.
        let found = rustix::fs::statx(CWD, target, AtFlags::empty(), StatxFlags::empty());
        let attributes = found.map_or(StatxAttributes::empty(), |found| found.stx_attributes);
        if attributes.contains(StatxAttributes::MOUNT_ROOT) {
            return Err(Errno::BUSY.into());
        }
        if attributes.intersects(StatxAttributes::IMMUTABLE | StatxAttributes::APPEND) {
            return Err(Errno::PERM.into());
        }
    }
    Ok(())
}

/// Where a path leads, through no link of a stranger's.
fn follow(path: &Path) -> io::Result<PathBuf> {
    Ok(ownership::follow(path)?.path)
}

/// A file beside the store that will take its place. Removed if it does not come to that.
#[derive(Debug)]
struct Draft {
    path: PathBuf,
    file: File,
    /// Whether the file stays, because what is in it is nowhere else.
    keep: bool,
}

impl Draft {
    /// A new name. Doctor knows by it which process has left a draft behind.
    fn path(dir: &Path, name: &str) -> PathBuf {
        dir.join(format!(".{name}.{}-{}.tmp", std::process::id(), random::word()))
    }

    /// Makes a draft that belongs to whom this file or directory belongs.
    fn create(dir: &Path, name: &str, owner: &Path) -> io::Result<Self> {
        let path = Self::path(dir, name);
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        let draft = Self { path, file, keep: false };
        give_to_owner_of(owner, &draft.file)?;
        Ok(draft)
    }

    fn set_aside(&self, bytes: u64) -> io::Result<()> {
        match rustix::fs::fallocate(&self.file, FallocateFlags::empty(), 0, bytes) {
            // Some file systems cannot; then zeros are written, which takes the room just as well.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
                let zeros = [0; 4096];
                let mut file = &self.file;
                for _ in 0..bytes.div_ceil(zeros.len() as u64) {
                    file.write_all(&zeros)?;
                }
                file.rewind()?;
                file.sync_data()
            }
            result => Ok(result?),
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = &self.file;
        file.rewind()?;
        file.write_all(bytes)?;
        self.file.set_len(bytes.len() as u64)?;
        self.file.sync_all()
    }

    /// The same draft under another name: proves that files may be renamed here.
    fn renamed(mut self) -> io::Result<Self> {
        let path = Self::path(self.path.parent().unwrap_or(Path::new("/")), STORE);
        std::fs::rename(&self.path, &path)?;
        self.path = path;
        Ok(self)
    }

    /// Takes the place of a file that still holds these bytes (`None`: of none).
    fn put_in_place(
        mut self,
        target: &Path,
        before: Option<&[u8]>,
        written: &[u8],
        step: &str,
    ) -> io::Result<Written> {
        let result = match before {
            Some(before) if !holds(target, before)? => return Ok(Written::Changed),
            Some(before) => self.exchange(target, before, written)?,
            None => self.rename_to_nothing(target)?,
        };
        checkpoint::reached(step);
        // Without this the rename may be lost with the power.
        File::open(target.parent().unwrap_or(Path::new("/")))?.sync_all()?;
        Ok(result)
    }

    /// Exchanges the draft with the file and looks at what came out. Where that is not what was expected, a writer came in
    /// between: theirs goes back.
    fn exchange(&mut self, target: &Path, before: &[u8], written: &[u8]) -> io::Result<Written> {
        checkpoint::reached("compared");
        if !exchange(&self.path, target)? {
            // File systems that cannot exchange; the moment between the comparison and this stays open.
            std::fs::rename(&self.path, target)?;
            return Ok(Written::Stored);
        }
        let mut out = SecretBuffer::from(std::fs::read(&self.path)?);
        if out.bytes() == before {
            return Ok(Written::Stored);
        }
        // The draft now is somebody's newer version. Until it is back in its place it must survive us.
        self.keep = true;
        let mut in_place = SecretBuffer::from(written.to_vec());
        for _ in 0..EXCHANGES {
            exchange(&self.path, target)?;
            let next = SecretBuffer::from(std::fs::read(&self.path)?);
            if next.bytes() == in_place.bytes() {
                self.keep = false;
                return Ok(Written::Changed);
            }
            in_place = std::mem::replace(&mut out, next);
        }
        Err(io::Error::other("it is rewritten all the time"))
    }

    fn rename_to_nothing(&self, target: &Path) -> io::Result<Written> {
        match rustix::fs::renameat_with(CWD, &self.path, CWD, target, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(Written::Stored),
            Err(Errno::EXIST) => Ok(Written::Changed),
            Err(error) if cannot(error) => {
                std::fs::rename(&self.path, target)?;
                Ok(Written::Stored)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Exchanges two files; whether the file system can.
fn exchange(one: &Path, other: &Path) -> io::Result<bool> {
    match rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(error) if cannot(error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn cannot(error: Errno) -> bool {
    matches!(error, Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)
}

/// Whether a file holds exactly these bytes.
fn holds(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    match std::fs::read(path) {
        Ok(found) => Ok(SecretBuffer::from(found).bytes() == bytes),
        // Gone: somebody has removed it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already where it was renamed; the replaced version where it was exchanged.
        if !self.keep {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
