//! A new version of a file, from an empty draft beside it to its place.
//!
//! Not every writer takes the lock: OpenClaw's own sign-in does not. So a draft only ever replaces the bytes it was made from.
//! It is exchanged with the file in one step, and what comes out is compared: if somebody wrote in between, theirs goes back.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FallocateFlags, RenameFlags};
use rustix::io::Errno;

use super::interface::Written;
use crate::checkpoint;
use crate::load::STORE_FILE;
use crate::ownership::give_to_owner_of;
use crate::random;
use crate::secret::SecretBuffer;

/// Exchanges in a row that may meet somebody else's write. Each needs another write within microseconds.
const EXCHANGES: usize = 16;

/// A file beside the store that will take its place. Removed if it does not come to that.
#[derive(Debug)]
pub(super) struct Draft {
    path: PathBuf,
    file: File,
    /// Whether the file stays, because what is in it is nowhere else.
    keep: bool,
}

impl Draft {
    /// Makes a draft that belongs to whom this file or directory belongs.
    pub(super) fn create(dir: &Path, name: &str, owner: &Path) -> io::Result<Self> {
        let path = new_name(dir, name);
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        let draft = Self { path, file, keep: false };
        give_to_owner_of(owner, &draft.file)?;
        Ok(draft)
    }

    pub(super) fn set_aside(&self, bytes: u64) -> io::Result<()> {
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

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = &self.file;
        file.rewind()?;
        file.write_all(bytes)?;
        self.file.set_len(bytes.len() as u64)?;
        self.file.sync_all()
    }

    /// The same draft under another name: proves that files may be renamed here.
    pub(super) fn renamed(mut self) -> io::Result<Self> {
        let path = new_name(self.path.parent().unwrap_or(Path::new("/")), STORE_FILE);
        std::fs::rename(&self.path, &path)?;
        self.path = path;
        Ok(self)
    }

    /// Takes the place of a file that still holds these bytes (`None`: of none).
    pub(super) fn put_in_place(
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

/// Doctor knows by it which process has left a draft behind.
fn new_name(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!(".{name}.{}-{}.tmp", std::process::id(), random::word()))
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

/// What would make the rename fail although the directory can be written, found out without trying it.
pub(super) fn may_be_replaced(target: &Path, dir: &Path) -> io::Result<()> {
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
