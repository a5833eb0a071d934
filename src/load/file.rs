//! Reading a file that is somebody else's: what is opened is checked, nothing blocks, nothing is without bounds.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

use crate::model::{Fault, StoreError, StoreErrorReason};
use crate::secret::SecretBuffer;

/// No store is larger; OpenClaw's are a few kilobytes.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// What the opened file is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FileFacts {
    /// Permission bits.
    pub mode: u32,
    /// The owner's user id.
    pub owner: u32,
    /// Last change of the content, Unix seconds.
    pub modified: i64,
}

impl FileFacts {
    fn of(metadata: &Metadata) -> Self {
        Self { mode: metadata.mode() & 0o7777, owner: metadata.uid(), modified: metadata.mtime() }
    }
}

/// A directory that most files are below, opened once: from there the way to each is short. Any other path works, too.
#[derive(Debug, Default)]
pub struct Base {
    path: PathBuf,
    /// `None` where the directory cannot be opened; then files are asked for by their whole paths, and say why.
    descriptor: Option<OwnedFd>,
}

impl Base {
    /// Opens a directory.
    #[must_use]
    pub fn open(path: PathBuf) -> Self {
        // The way through a directory is all that is wanted, where a system can be asked for no more; others want it readable.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let only_the_way = OFlags::PATH;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let only_the_way = OFlags::RDONLY;
        let flags = only_the_way | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Self { descriptor: rustix::fs::open(&path, flags, Mode::empty()).ok(), path }
    }

    /// Where the way to a file starts, and the way from there.
    fn way<'p>(&self, path: &'p Path) -> (BorrowedFd<'_>, &'p Path) {
        let below = |base: &Path| {
            let rest = path.as_os_str().as_bytes().strip_prefix(base.as_os_str().as_bytes())?;
            Some(Path::new(OsStr::from_bytes(rest.strip_prefix(b"/")?)))
        };
        match &self.descriptor {
            Some(descriptor) => below(&self.path).map_or((CWD, path), |rest| (descriptor.as_fd(), rest)),
            None => (CWD, path),
        }
    }

    /// Whether there is anything at the path: a file, or a link to nothing. One call, for files most agents do not have.
    #[must_use]
    pub fn has(&self, path: &Path) -> bool {
        let (start, way) = self.way(path);
        rustix::fs::statat(start, way, AtFlags::SYMLINK_NOFOLLOW).err() != Some(Errno::NOENT)
    }

    /// What a file is at this moment; `None` where there is nothing at the path.
    #[must_use]
    pub fn stamp(&self, path: &Path) -> Option<Stamp> {
        let (start, way) = self.way(path);
        rustix::fs::statat(start, way, AtFlags::empty()).ok().map(|stat| Stamp::from(&stat))
    }

    /// Reads a whole file into the buffer; `None` where there is nothing at the path.
    pub fn read(&self, path: &Path, buffer: &mut SecretBuffer) -> Result<Option<FileFacts>, StoreError> {
        let (start, way) = self.way(path);
        let Some((file, metadata)) = opened(rustix::fs::openat(start, way, FLAGS, Mode::empty()), path)?
        else {
            return Ok(None);
        };
        read_opened(path, file, &metadata, buffer).map(Some)
    }
}

/// What tells one version of a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    inode: (u64, u64),
    size: i64,
    /// Content and attributes: a rename keeps the first time of the two.
    changed: [(i64, i64); 2],
}

impl Stamp {
    /// The stamp of a file; `None` where there is none.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        Base::default().stamp(path)
    }
}

impl From<&rustix::fs::Stat> for Stamp {
    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_lossless,
        clippy::cast_possible_wrap,
        reason = "types differ by platform"
    )]
    fn from(stat: &rustix::fs::Stat) -> Self {
        Self {
            inode: (stat.st_dev as u64, stat.st_ino as u64),
            size: stat.st_size as i64,
            changed: [
                (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
                (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
            ],
        }
    }
}

/// A FIFO without a writer, or a device, would hold an ordinary open up for ever.
const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// Opens a regular file without ever waiting for it; `None` where there is nothing at the path.
pub fn open(path: &Path) -> Result<Option<(File, Metadata)>, StoreError> {
    opened(rustix::fs::open(path, FLAGS, Mode::empty()), path)
}

/// What was opened is looked at, not what was there a moment before.
fn opened(result: Result<OwnedFd, Errno>, path: &Path) -> Result<Option<(File, Metadata)>, StoreError> {
    let file = match result {
        Ok(descriptor) => File::from(descriptor),
        Err(Errno::NOENT) => return absent(path).map(|()| None),
        Err(error) => return Err(os_error(path, &error.into())),
    };
    let metadata = file.metadata().map_err(|error| os_error(path, &error))?;
    if metadata.is_file() { Ok(Some((file, metadata))) } else { Err(not_a_file(path, kind_name(&metadata))) }
}

/// Reads a whole file into the buffer; `None` where there is nothing at the path.
pub fn read(path: &Path, buffer: &mut SecretBuffer) -> Result<Option<FileFacts>, StoreError> {
    Base::default().read(path, buffer)
}

fn read_opened(
    path: &Path,
    mut file: File,
    metadata: &Metadata,
    buffer: &mut SecretBuffer,
) -> Result<FileFacts, StoreError> {
    if metadata.len() > MAX_BYTES {
        return Err(too_large(path, metadata.len()));
    }
    let expected = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    buffer.reset(expected.saturating_add(1));
    let bytes = buffer.bytes_mut();
    // One byte more than the file had: a call that leaves it empty has seen the end, and no other is needed.
    bytes.resize(expected + 1, 0);
    let length = match file.read(bytes) {
        Ok(length) => length,
        Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
        Err(error) => return Err(os_error(path, &error)),
    };
    bytes.truncate(length);
    if length != expected {
        // It changes meanwhile; the limit holds all the same.
        let rest = MAX_BYTES + 1 - length as u64;
        file.take(rest).read_to_end(bytes).map_err(|error| os_error(path, &error))?;
    }
    if bytes.len() as u64 > MAX_BYTES {
        return Err(too_large(path, bytes.len() as u64));
    }
    Ok(FileFacts::of(metadata))
}

/// The buffer as text that may begin with a byte order mark: to JSON5 that is white space.
pub fn text_after_mark<'b>(path: &Path, buffer: &'b SecretBuffer) -> Result<&'b str, StoreError> {
    decoded(path, buffer).map(|text| text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The buffer as text.
pub fn text<'b>(path: &Path, buffer: &'b SecretBuffer) -> Result<&'b str, StoreError> {
    let text = decoded(path, buffer)?;
    if text.starts_with('\u{feff}') {
        let what = "starts with a byte order mark, which JSON does not allow";
        return Err(parse_error(path, Fault::ByteOrderMark, what));
    }
    Ok(text)
}

fn decoded<'b>(path: &Path, buffer: &'b SecretBuffer) -> Result<&'b str, StoreError> {
    std::str::from_utf8(buffer.bytes()).map_err(|error| {
        let what = format!("is not UTF-8 at byte {}", error.valid_up_to());
        parse_error(path, Fault::Encoding, &what)
    })
}

fn parse_error(path: &Path, fault: Fault, what: &str) -> StoreError {
    StoreError::in_file(fault, format!("`{}` {what}", path.display()))
}

/// Nothing there, or a link to nothing: not the same, for the link shows that somebody meant a file to be there.
fn absent(path: &Path) -> Result<(), StoreError> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(not_a_file(path, "a link to nothing")),
        _ => Ok(()),
    }
}

fn not_a_file(path: &Path, what: &str) -> StoreError {
    StoreError::new(StoreErrorReason::NotAFile, format!("`{}` is {what}, not a file", path.display()))
}

fn too_large(path: &Path, bytes: u64) -> StoreError {
    let message = format!("`{}` has {bytes} bytes; more than {MAX_BYTES} are not read", path.display());
    StoreError::new(StoreErrorReason::TooLarge, message)
}

fn kind_name(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// Says what a system error means for a store.
#[must_use]
pub fn os_error(path: &Path, error: &io::Error) -> StoreError {
    let shown = path.display();
    match Errno::from_io_error(error) {
        Some(Errno::LOOP) => not_a_file(path, "a link that leads back to itself"),
        // open(2) of a socket, or of a device without a driver.
        Some(Errno::NXIO | Errno::NODEV) => not_a_file(path, "a socket or a device"),
        Some(Errno::ACCESS | Errno::PERM) => {
            let message = format!(
                "`{shown}` may not be read by this user (uid {})",
                rustix::process::geteuid().as_raw()
            );
            StoreError::new(StoreErrorReason::Permission, message)
        }
        _ => StoreError::new(StoreErrorReason::Io, format!("`{shown}` cannot be read: {error}")),
    }
}
