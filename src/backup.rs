//! Copies of files that are about to be changed by a person's command, kept in authwatch's own state directory, so that every
//! such change can be taken back. Renewing needs none: it replaces a login by its successor.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::clock;
use crate::model::Millis;
use crate::random;
use crate::secret::SecretBuffer;

/// Where backups are, below authwatch's own state directory.
pub const DIRECTORY: &str = "backups";

/// Keeps a copy of a file's content as it is now, readable by its owner alone; where the copy is.
///
/// The copy is named after the moment and the file, and its directory holds the path it came from, so that
/// `cp BACKUP ORIGINAL` takes the change back.
pub fn keep(own_state: &Path, original: &Path, content: &SecretBuffer, now: Millis) -> io::Result<PathBuf> {
    let dir = room(own_state, original, now)?;
    let copy = dir.join(original.file_name().unwrap_or("file".as_ref()));
    write(&copy, content.bytes())?;
    Ok(copy)
}

/// Keeps the command that takes a change back where there is no content to copy (a file's mode, say): `sh` runs what is returned.
pub fn keep_command(own_state: &Path, original: &Path, command: &str, now: Millis) -> io::Result<PathBuf> {
    let script = room(own_state, original, now)?.join("undo.sh");
    write(&script, format!("{command}\n").as_bytes())?;
    Ok(script)
}

/// A directory for one change.
fn room(own_state: &Path, original: &Path, now: Millis) -> io::Result<PathBuf> {
    let moment = clock::date(now).map(|date| date.format("%Y%m%dT%H%M%SZ").to_string()).unwrap_or_default();
    let dir = own_state.join(DIRECTORY).join(format!("{moment}-{}", random::word()));
    DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    write(&dir.join("original-path"), original.as_os_str().as_encoded_bytes())?;
    Ok(dir)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn two_backups_of_one_moment_are_two_files_only_their_owner_reads() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut content = SecretBuffer::default();
        content.bytes_mut().extend_from_slice(b"{}");
        let original = Path::new("/somewhere/auth-profiles.json");
        let keep = || keep(dir.path(), original, &content, Millis(1_800_000_000_000.0)).expect("writable");
        let (one, other) = (keep(), keep());
        assert_ne!(one, other);
        assert!(one.to_string_lossy().contains("20270115T080000Z"), "{}", one.display());
        assert_eq!(std::fs::read(&one).expect("a file"), b"{}");
        assert_eq!(one.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
        let from = std::fs::read(one.with_file_name("original-path")).expect("a file");
        assert_eq!(from, original.as_os_str().as_encoded_bytes());
    }
}
