//! Reading a file that is somebody else's: what is opened is checked, nothing blocks, nothing is without bounds.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use crate::model::{StoreError, StoreErrorReason};
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

/// Opens a regular file without ever waiting for it; `None` where there is nothing at the path.
pub fn open(path: &Path) -> Result<Option<(File, Metadata)>, StoreError> {
    // A FIFO without a writer, or a device, would hold an ordinary open up for ever.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    #[expect(clippy::cast_possible_wrap, reason = "open(2) takes its flags as an int")]
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return absent(path),
        Err(error) => return Err(os_error(path, &error)),
    };
    let metadata = file.metadata().map_err(|error| os_error(path, &error))?;
    if metadata.is_file() { Ok(Some((file, metadata))) } else { Err(not_a_file(path, kind_name(&metadata))) }
}

/// Like [`open`], for a file most agents do not have: finding that out takes one call instead of two.
pub fn open_rare(path: &Path) -> Result<Option<(File, Metadata)>, StoreError> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        _ => open(path),
    }
}

/// Reads a whole file into the buffer; `None` where there is nothing at the path.
pub fn read(path: &Path, buffer: &mut SecretBuffer) -> Result<Option<FileFacts>, StoreError> {
    open(path)?.map(|opened| read_opened(path, opened, buffer)).transpose()
}

/// Like [`read`], for a file most agents do not have.
pub fn read_rare(path: &Path, buffer: &mut SecretBuffer) -> Result<Option<FileFacts>, StoreError> {
    open_rare(path)?.map(|opened| read_opened(path, opened, buffer)).transpose()
}

fn read_opened(
    path: &Path,
    (mut file, metadata): (File, Metadata),
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
    Ok(FileFacts::of(&metadata))
}

/// The buffer as text.
pub fn text<'b>(path: &Path, buffer: &'b SecretBuffer) -> Result<&'b str, StoreError> {
    let parse = |what: String| StoreError {
        reason: StoreErrorReason::Parse,
        message: format!("`{}` {what}", path.display()),
    };
    let text = std::str::from_utf8(buffer.bytes())
        .map_err(|error| parse(format!("is not UTF-8 at byte {}", error.valid_up_to())))?;
    if text.starts_with('\u{feff}') {
        return Err(parse("starts with a byte order mark, which JSON does not allow".to_owned()));
    }
    Ok(text)
}

/// Nothing there, or a link to nothing: not the same, for the link shows that somebody meant a file to be there.
fn absent(path: &Path) -> Result<Option<(File, Metadata)>, StoreError> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(not_a_file(path, "a link to nothing")),
        _ => Ok(None),
    }
}

fn not_a_file(path: &Path, what: &str) -> StoreError {
    StoreError {
        reason: StoreErrorReason::NotAFile,
        message: format!("`{}` is {what}, not a file", path.display()),
    }
}

fn too_large(path: &Path, bytes: u64) -> StoreError {
    let message = format!("`{}` has {bytes} bytes; more than {MAX_BYTES} are not read", path.display());
    StoreError { reason: StoreErrorReason::TooLarge, message }
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
    match rustix::io::Errno::from_io_error(error) {
        Some(rustix::io::Errno::LOOP) => not_a_file(path, "a link that leads back to itself"),
        // open(2) of a socket, or of a device without a driver.
        Some(rustix::io::Errno::NXIO | rustix::io::Errno::NODEV) => not_a_file(path, "a socket or a device"),
        Some(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM) => {
            let message = format!(
                "`{shown}` may not be read by this user (uid {})",
                rustix::process::geteuid().as_raw()
            );
            StoreError { reason: StoreErrorReason::Permission, message }
        }
        _ => {
            StoreError { reason: StoreErrorReason::Io, message: format!("`{shown}` cannot be read: {error}") }
        }
    }
}
