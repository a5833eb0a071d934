//! Reading a file that is somebody else's: what is opened is checked, nothing blocks, nothing is without bounds.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use zeroize::Zeroizing;

use crate::clock;
use crate::model::{Fault, StoreError, StoreErrorReason};
use crate::ownership::{self, FollowError};
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
    /// Whose directory it is.
    owner: Option<u32>,
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
        let owner = ownership::follow(&path).ok().map(|followed| followed.metadata.uid());
        let descriptor = owner.and_then(|_| rustix::fs::open(&path, flags, Mode::empty()).ok());
        Self { path, descriptor, owner }
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
        let Some((file, metadata)) = self.open_file(path)? else { return Ok(None) };
        read_opened(path, file, &metadata, buffer).map(Some)
    }

    /// Opens a regular file without ever waiting for it; `None` where there is nothing at the path.
    fn open_file(&self, path: &Path) -> Result<Option<(File, Metadata)>, StoreError> {
        let (start, way) = self.way(path);
        if rustix::process::geteuid().is_root()
            && let Ok(descriptor) = open_without_links(start, way)
        {
            return checked(descriptor, path).map(Some);
        }
        let (file, metadata) = match rustix::fs::openat(start, way, FLAGS, Mode::empty()) {
            Ok(descriptor) => checked(descriptor, path)?,
            Err(Errno::NOENT) => return absent(path).map(|()| None),
            Err(error) => return Err(os_error(path, &error.into())),
        };
        if !self.may_lead_to(metadata.uid()) {
            let followed = ownership::follow(path).map_err(|error| not_followed(path, error))?;
            if !followed.is(&metadata) {
                let problem = io::Error::other("it was replaced while it was opened");
                return Err(os_error(path, &problem));
            }
        }
        Ok(Some((file, metadata)))
    }

    /// Whether links may lead to that user's files, whoever they belong to: then the way there need not be looked at. Nothing
    /// is gained by leading us to our own files, or to those of whom all the others belong to. Root's files are the exception.
    fn may_lead_to(&self, owner: u32) -> bool {
        let own = rustix::process::geteuid();
        (owner == own.as_raw() || self.owner == Some(owner)) && !(own.is_root() && owner == 0)
    }
}

/// Opens a file if there is no link on the way from the start. Root asks for that first, for it may open everything.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn open_without_links(start: BorrowedFd<'_>, way: &Path) -> Result<OwnedFd, Errno> {
    rustix::fs::openat2(start, way, FLAGS, Mode::empty(), rustix::fs::ResolveFlags::NO_SYMLINKS)
}

/// The same on systems that cannot be asked for that.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn open_without_links(_start: BorrowedFd<'_>, _way: &Path) -> Result<OwnedFd, Errno> {
    Err(Errno::NOSYS)
}

/// The times of files advance in steps of up to 10 ms. A file that was written within twice that time may be written again without
/// a change of its times.
pub const SETTLED_AFTER: Duration = Duration::from_millis(20);

/// What tells one version of a file from another without reading it.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    inode: (u64, u64),
    size: i64,
    /// Content and attributes: a rename keeps the first time of the two.
    changed: [(i64, i64); 2],
    /// Whether another write since then would show.
    is_settled: bool,
}

/// Equal means: certainly the same content. A stamp taken right after a write is equal to none.
impl PartialEq for Stamp {
    fn eq(&self, other: &Self) -> bool {
        let Self { inode, size, changed, is_settled } = self;
        *is_settled
            && other.is_settled
            && (inode, size, changed) == (&other.inode, &other.size, &other.changed)
    }
}

impl Stamp {
    /// The stamp of a file; `None` where there is none.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        Base::default().stamp(path)
    }

    /// The stamp of the content alone. As root, SQLite sets the owner of a log that it reads, which changes its attributes' time.
    #[must_use]
    pub fn of_content(self) -> Self {
        Self { changed: [self.changed[0], (0, 0)], ..self }
    }
}

impl From<&rustix::fs::Stat> for Stamp {
    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_lossless,
        clippy::cast_possible_wrap,
        clippy::cast_precision_loss,
        reason = "types differ by platform"
    )]
    fn from(stat: &rustix::fs::Stat) -> Self {
        let written = (stat.st_mtime as i64, stat.st_mtime_nsec as i64);
        let age = clock::now().as_secs() - (written.0 as f64 + written.1 as f64 / 1e9);
        Self {
            inode: (stat.st_dev as u64, stat.st_ino as u64),
            size: stat.st_size as i64,
            changed: [written, (stat.st_ctime as i64, stat.st_ctime_nsec as i64)],
            // A time in the future was set by hand: the next write sets another.
            is_settled: !(-0.001..SETTLED_AFTER.as_secs_f64()).contains(&age),
        }
    }
}

/// A FIFO without a writer, or a device, would hold an ordinary open up for ever.
const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// Opens a regular file without ever waiting for it; `None` where there is nothing at the path.
pub fn open(path: &Path) -> Result<Option<(File, Metadata)>, StoreError> {
    Base::default().open_file(path)
}

/// What was opened is looked at, not what was there a moment before.
fn checked(descriptor: OwnedFd, path: &Path) -> Result<(File, Metadata), StoreError> {
    let file = File::from(descriptor);
    let metadata = file.metadata().map_err(|error| os_error(path, &error))?;
    if metadata.is_file() { Ok((file, metadata)) } else { Err(not_a_file(path, kind_name(&metadata))) }
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

/// What it means for a store that a path was not followed.
#[must_use]
pub fn not_followed(path: &Path, error: FollowError) -> StoreError {
    match error {
        FollowError::Foreign { .. } => StoreError::new(StoreErrorReason::Permission, error.to_string()),
        FollowError::Io(error) => os_error(path, &error),
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

/// The entries of a directory whose names are text, sorted; none if it cannot be read.
#[must_use]
pub fn list(dir: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let named = |entry: std::fs::DirEntry| Some((entry.file_name().into_string().ok()?, entry.path()));
    let mut found: Vec<_> = entries.flatten().filter_map(named).collect();
    found.sort_unstable();
    found
}

/// The text of a file that may hold keys; empty if it cannot be read or is not a file. Never waits, as for a FIFO.
#[must_use]
pub fn secret_text(path: &Path) -> Zeroizing<String> {
    let mut buffer = SecretBuffer::default();
    let read = read(path, &mut buffer).ok().flatten();
    let text = read.and_then(|_| decoded(path, &buffer).ok()).unwrap_or_default();
    Zeroizing::new(text.to_owned())
}
