//! A JSON store under its lock file.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::draft::{self, Draft};
use super::interface::{OpenError, Store, Written, is_a_store};
use crate::checkpoint;
use crate::file;
use crate::load::STORE_FILE;
use crate::locking::{self, LockGuard, STORE_LOCK, Taken};
use crate::ownership;
use crate::secret::SecretBuffer;

/// Room set aside beyond the store's size: tokens may grow, and another profile may be added.
const HEADROOM: u64 = 64 * 1024;

/// `auth-profiles.json`, with its lock held.
#[derive(Debug)]
pub struct JsonStore {
    /// Where the file really is: a link is written through.
    target: PathBuf,
    shown: PathBuf,
    content: SecretBuffer,
    /// Whether there is a file yet.
    exists: bool,
    /// Room for the next version, until it is used.
    draft: Option<Draft>,
    lock: LockGuard,
}

impl JsonStore {
    /// Takes the store's lock, waiting as OpenClaw would, and reads the store. `sleep` is how the caller waits.
    pub async fn open(path: &Path, sleep: impl AsyncFn(Duration)) -> Result<Self, OpenError> {
        let mut store = Self::lock(path, sleep).await?;
        store.reread()?;
        Ok(store)
    }

    /// The same where the store need not be there yet: its directory is made, for its owner alone.
    pub async fn open_or_new(path: &Path, sleep: impl AsyncFn(Duration)) -> Result<Self, OpenError> {
        if let Some(dir) = path.parent() {
            ownership::make_directory(dir).map_err(OpenError::Lock)?;
        }
        let mut store = Self::lock(path, sleep).await?;
        match store.reread() {
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
        Ok(Self { target, shown: path.to_owned(), content, exists: false, draft: None, lock })
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

    fn beside(&self, name: &OsStr) -> Result<PathBuf, OpenError> {
        let dir = self.shown.parent().unwrap_or(Path::new("/"));
        Ok(follow(dir).map_err(OpenError::Lock)?.join(name))
    }

    /// An empty file beside the store, for whom the store belongs to.
    fn new_draft(&self) -> io::Result<Draft> {
        let dir = self.dir();
        Draft::create(dir, STORE_FILE, if self.exists { &self.target } else { dir })
    }

    fn dir(&self) -> &Path {
        self.target.parent().unwrap_or(Path::new("/"))
    }
}

impl Store for JsonStore {
    fn text(&self) -> Result<&str, OpenError> {
        file::text(&self.shown, &self.content).map_err(OpenError::Read)
    }

    fn reread(&mut self) -> Result<(), OpenError> {
        match file::read(&self.shown, &mut self.content).map_err(OpenError::Read)? {
            Some(_) => {}
            None => return Err(OpenError::Absent),
        }
        self.target = follow(&self.shown).map_err(OpenError::Lock)?;
        self.exists = true;
        Ok(())
    }

    fn rehearse(&mut self) -> io::Result<Written> {
        let draft = self.new_draft()?;
        draft.set_aside(self.content.bytes().len() as u64 + HEADROOM)?;
        self.draft = Some(draft.renamed()?);
        if self.exists {
            draft::may_be_replaced(&self.target, self.dir())?;
        }
        checkpoint::reached("rehearsed");
        checkpoint::fails("reserve")?;
        Ok(Written::Stored)
    }

    fn is_still_ours(&self) -> bool {
        self.lock.is_still_ours()
    }

    fn broken_locks(&self) -> u32 {
        self.lock.broken
    }

    fn replace(&mut self, json: &str) -> io::Result<Written> {
        checkpoint::fails("write")?;
        is_a_store(json)?;
        let draft = match self.draft.take() {
            Some(draft) => draft,
            None => self.new_draft()?,
        };
        draft.write(json.as_bytes())?;
        checkpoint::reached("written");
        checkpoint::fails("rename")?;
        let before = self.exists.then(|| self.content.bytes());
        draft.put_in_place(&self.target, before, json.as_bytes(), "renamed")
    }
}

/// Where a path leads, through no link of a stranger's.
fn follow(path: &Path) -> io::Result<PathBuf> {
    Ok(ownership::follow(path)?.path)
}
