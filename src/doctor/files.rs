//! Looking at files around the stores: what they are, whose, how old. Links are looked at, not through.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use openclaw_auth::file;
use openclaw_auth::model::Timestamp;
use openclaw_auth::secret::SecretBuffer;
use zeroize::Zeroizing;

#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    pub mode: u32,
    pub owner: u32,
    /// When its content last changed.
    pub modified: Timestamp,
    /// Whether it is a regular file.
    pub is_file: bool,
    /// Whether it is a directory.
    pub is_dir: bool,
    pub is_link: bool,
}

impl From<&Metadata> for Facts {
    fn from(metadata: &Metadata) -> Self {
        let modified = Timestamp::from_file_time(metadata.mtime(), metadata.mtime_nsec());
        Self {
            mode: metadata.mode() & 0o7777,
            owner: metadata.uid(),
            modified,
            is_file: metadata.is_file(),
            is_dir: metadata.is_dir(),
            is_link: metadata.is_symlink(),
        }
    }
}

/// Looks at what has this name; a link is a link.
#[must_use]
pub fn look(path: &Path) -> Option<Facts> {
    path.symlink_metadata().ok().map(|metadata| Facts::from(&metadata))
}

/// What a directory holds: names that are text, sorted, with where they are. Nothing where it cannot be read.
#[must_use]
pub fn list(dir: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let named = |entry: std::fs::DirEntry| Some((entry.file_name().into_string().ok()?, entry.path()));
    let mut found: Vec<_> = entries.flatten().filter_map(named).collect();
    found.sort_unstable();
    found
}

/// The file a path leads to, through links; the path itself where that cannot be told.
#[must_use]
pub fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The text of a file that may hold keys; empty where it cannot be read or is none. Never waits, as for a FIFO.
#[must_use]
pub fn text(path: &Path) -> Zeroizing<String> {
    let mut buffer = SecretBuffer::default();
    let read = file::read(path, &mut buffer).ok().flatten();
    let text = read.and_then(|_| file::text(path, &buffer).ok()).unwrap_or_default();
    Zeroizing::new(text.to_owned())
}

/// Whether this user may put files into a directory.
#[must_use]
pub fn may_write_into(dir: &Path) -> bool {
    use rustix::fs::Access;
    dir.is_dir() && rustix::fs::access(dir, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}
