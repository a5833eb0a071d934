//! A JSON store under its lock: the only thing here that writes credentials.
//!
//! The order of work is the whole point. [`LockedStore::open`] takes the lock and reads what is there *now*.
//! [`LockedStore::reserve`] proves, before a token is spent, that a new version can be put in place: it puts the old one in
//! place by the same steps, and sets room aside for the new one. Only [`Reserved::commit`] writes the store; the files beside it
//! that its lock covers, too, are read and written by the lock's holder alone.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;

use crate::checkpoint;
use crate::load::file;
use crate::locking::{self, Holder, LockGuard, STORE_LOCK, Taken};
use crate::model::StoreError;
use crate::ownership::{self, give_to_owner_of};
use crate::random;
use crate::secret::SecretBuffer;

/// Room set aside beyond the store's size: tokens may grow, and another profile may be added.
const HEADROOM: u64 = 64 * 1024;

/// What drafts of a store are named after, wherever a link leads.
const STORE: &str = "auth-profiles.json";

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
    /// Takes the store's lock, waiting as OpenClaw would, and reads the store.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        let mut store = Self::lock(path).await?;
        store.read()?;
        Ok(store)
    }

    /// The same where the store need not be there yet: its directory is made, for its owner alone.
    pub async fn open_or_new(path: &Path) -> Result<Self, OpenError> {
        if let Some(dir) = path.parent() {
            ownership::make_directory(dir).map_err(OpenError::Lock)?;
        }
        let mut store = Self::lock(path).await?;
        match store.read() {
            Err(OpenError::Absent) => store.target = store.beside(path.file_name().unwrap_or_default())?,
            read => read?,
        }
        Ok(store)
    }

    async fn lock(path: &Path) -> Result<Self, OpenError> {
        let lock_path = locking::store_lock_path(path).map_err(OpenError::Lock)?;
        let lock = match locking::take(&lock_path, STORE_LOCK).await {
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

    /// Proves that the store can be replaced, and sets room aside for its next version.
    pub fn reserve(self) -> Result<Reserved, io::Error> {
        let dir = self.target.parent().unwrap_or(Path::new("/")).to_owned();
        if self.exists {
            self.rehearse(&dir)?;
        }
        let draft = Draft::create(&dir, STORE, self.owner(&dir))?;
        draft.set_aside(self.content.bytes().len() as u64 + HEADROOM)?;
        checkpoint::fails("reserve")?;
        Ok(Reserved { store: self, draft })
    }

    fn rehearse(&self, dir: &Path) -> io::Result<()> {
        // A rehearsal with what is there already: full disks, read-only directories, files that may not be renamed over and
        // whatever else could go wrong go wrong here, while the token is still good.
        let rehearsal = Draft::create(dir, STORE, &self.target)?.write(self.content.bytes())?;
        rehearsal.put_in_place(&self.target, "rehearsed")
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

    /// Replaces a file beside the store, or makes it: whole, or not at all. A link is written through.
    pub fn write_beside(&self, name: &str, json: &str) -> io::Result<()> {
        let path = self.beside(name.as_ref()).map_err(io::Error::other)?;
        let target = if path.is_symlink() { follow(&path)? } else { path };
        let dir = target.parent().unwrap_or(Path::new("/"));
        let owner = if target.exists() { &target } else { dir };
        Draft::create(dir, name, owner)?.write(json.as_bytes())?.put_in_place(&target, "renamed-beside")
    }

    fn beside(&self, name: &std::ffi::OsStr) -> Result<PathBuf, OpenError> {
        let dir = self.shown.parent().unwrap_or(Path::new("/"));
        Ok(follow(dir).map_err(OpenError::Lock)?.join(name))
    }
}

/// A store that can be written.
#[derive(Debug)]
pub struct Reserved {
    /// The store.
    pub store: LockedStore,
    draft: Draft,
}

impl Reserved {
    /// Replaces the store: whole, or not at all. The lock stays held until the result is dropped.
    pub fn commit(self, json: &str) -> io::Result<LockedStore> {
        let Self { store, draft } = self;
        checkpoint::fails("write")?;
        let draft = draft.write(json.as_bytes())?;
        checkpoint::reached("written");
        checkpoint::fails("rename")?;
        draft.put_in_place(&store.target, "renamed")?;
        Ok(LockedStore { exists: true, ..store })
    }
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
}

impl Draft {
    /// Makes a draft that belongs to whom this file or directory belongs.
    fn create(dir: &Path, name: &str, owner: &Path) -> io::Result<Self> {
        let path = dir.join(format!(".{name}.{}-{}.tmp", std::process::id(), random::word()));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        let draft = Self { path, file };
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

    fn write(self, bytes: &[u8]) -> io::Result<Self> {
        let mut file = &self.file;
        file.rewind()?;
        file.write_all(bytes)?;
        self.file.set_len(bytes.len() as u64)?;
        self.file.sync_all()?;
        Ok(self)
    }

    fn put_in_place(self, target: &Path, step: &str) -> io::Result<()> {
        std::fs::rename(&self.path, target)?;
        checkpoint::reached(step);
        // Without this the rename may be lost with the power.
        File::open(target.parent().unwrap_or(Path::new("/")))?.sync_all()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already where it has been put in place.
        let _ = std::fs::remove_file(&self.path);
    }
}
