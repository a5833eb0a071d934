//! Backups of files that a person's command changes, in authwatch's own state directory, so that each change can be undone. Renewing
//! needs none: it replaces a login by its successor.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, DirEntry, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;
use openclaw_auth::model::{Span, Timestamp};
use openclaw_auth::random;
use openclaw_auth::secret::SecretBuffer;

use crate::clock;

/// Where backups are, below authwatch's own state directory.
pub const DIRECTORY: &str = "backups";

/// Younger backups are not removed. Later, the refresh tokens in them are used up, and mistakes have been noticed.
pub const KEEP_FOR: Span = Span::from_days(90.0);
/// This many of the newest backups of each file are kept, however old they are.
const KEEP_EACH: usize = 5;
/// Older than any backup of this program: the clock was not set, so the backup's age is unknown.
const FIRST: Timestamp = Timestamp::from_millis(1_735_689_600_000.0);
/// How a moment is written in the name of a copy's directory.
const MOMENT: &str = "%Y%m%dT%H%M%SZ";
/// The file that says where a copy came from.
const ORIGINAL: &str = "original-path";
/// What the directory of a copy is named while it is cleared away.
const CLEARING: &str = ".clearing-";

/// Keeps a copy of a file's content as it is now, readable by its owner alone; where the copy is.
///
/// The copy is named after the moment and the file, and its directory holds the path it came from, so that
/// `cp BACKUP ORIGINAL` takes the change back.
pub fn keep(
    own_state: &Path,
    original: &Path,
    content: &SecretBuffer,
    now: Timestamp,
) -> io::Result<PathBuf> {
    let name = original.file_name().unwrap_or("file".as_ref());
    in_room(own_state, original, now, name.as_ref(), content.bytes())
}

/// Keeps the command that undoes a change without content, such as a file's mode. Returns a script for `sh`.
pub fn keep_command(own_state: &Path, original: &Path, command: &str, now: Timestamp) -> io::Result<PathBuf> {
    in_room(own_state, original, now, UNDO.as_ref(), format!("{command}\n").as_bytes())
}

const UNDO: &str = "undo.sh";

/// Writes a file into a directory for one change, on disk before the change is made. Old copies are cleared away by then.
fn in_room(
    own_state: &Path,
    original: &Path,
    now: Timestamp,
    name: &Path,
    bytes: &[u8],
) -> io::Result<PathBuf> {
    let moment = clock::date(now).map(|date| date.format(MOMENT).to_string()).unwrap_or_default();
    let root = own_state.join(DIRECTORY);
    let dir = root.join(format!("{moment}-{}", random::word()));
    DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    let kept = dir.join(name);
    let write_all = || {
        write(&dir.join(ORIGINAL), original.as_os_str().as_encoded_bytes())?;
        write(&kept, bytes)?;
        File::open(&dir)?.sync_all()?;
        File::open(&root)?.sync_all()
    };
    // Half a backup is useless, and would fill a full disk further.
    write_all().inspect_err(|_| drop(fs::remove_dir_all(&dir)))?;
    clear(&root, now);
    Ok(kept)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

struct Copy {
    dir: PathBuf,
    made: Timestamp,
    /// What it is a copy of. Drafts have names of their own each and are one kind of file.
    of: PathBuf,
}

/// The backups that this program made.
fn copies(root: &Path) -> Vec<Copy> {
    let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
    let copy = |entry: DirEntry| {
        let (dir, name) = (entry.path(), entry.file_name().into_string().ok()?);
        let moment = name.split_once('-').filter(|_| entry.file_type().is_ok_and(|kind| kind.is_dir()))?.0;
        let made = NaiveDateTime::parse_from_str(moment, MOMENT).ok()?.and_utc().timestamp_millis();
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay far below 2^53")]
        let made = Some(Timestamp::from_millis(made as f64)).filter(|made| *made >= FIRST)?;
        let original = PathBuf::from(OsString::from_vec(fs::read(dir.join(ORIGINAL)).ok()?));
        let is_draft = original.file_name()?.as_bytes().starts_with(b".");
        Some(Copy { dir, made, of: if is_draft { original.with_file_name(".") } else { original } })
    };
    entries.flatten().filter_map(copy).collect()
}

/// Removes the backups that are neither young nor among the newest of their file. What cannot be removed stays.
fn clear(root: &Path, now: Timestamp) {
    let mut copies = copies(root);
    copies.sort_by(|one, other| other.made.total_cmp(&one.made));
    let mut seen: BTreeMap<&Path, usize> = BTreeMap::new();
    for copy in &copies {
        let newer = seen.entry(&copy.of).or_default();
        *newer += 1;
        if *newer > KEEP_EACH && now - copy.made > KEEP_FOR {
            let name = format!("{CLEARING}{}", random::word());
            let _ = fs::rename(&copy.dir, root.join(name));
        }
    }
    // Renamed first, so that what is left after a crash is removed the next time.
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        if entry.file_name().as_bytes().starts_with(CLEARING.as_bytes()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// How many backups of credentials are old.
pub fn count_old(own_state: &Path, now: Timestamp) -> usize {
    let is_old = |copy: &Copy| now - copy.made > KEEP_FOR && !copy.dir.join(UNDO).exists();
    copies(&own_state.join(DIRECTORY)).iter().filter(|copy| is_old(copy)).count()
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
        let keep = || {
            keep(dir.path(), original, &content, Timestamp::from_millis(1_800_000_000_000.0))
                .expect("writable")
        };
        let (one, other) = (keep(), keep());
        assert_ne!(one, other);
        assert!(one.to_string_lossy().contains("20270115T080000Z"), "{}", one.display());
        assert_eq!(std::fs::read(&one).expect("a file"), b"{}");
        assert_eq!(one.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
        let from = std::fs::read(one.with_file_name("original-path")).expect("a file");
        assert_eq!(from, original.as_os_str().as_encoded_bytes());
    }

    #[test]
    fn copies_are_cleared_away_only_when_old_and_not_among_the_newest_of_their_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().join(DIRECTORY);
        let content = SecretBuffer::default();
        let day = 86_400_000.0;
        let start = 1_800_000_000_000.0;
        let keep = |name: &str, days: f64| {
            keep(
                dir.path(),
                &Path::new("/x").join(name),
                &content,
                Timestamp::from_millis(start + days * day),
            )
            .expect("writable")
        };
        let there = |kept: &[PathBuf]| kept.iter().map(|path| u8::from(path.exists())).collect::<Vec<u8>>();
        let one: Vec<_> = (0..8).map(|days| keep("one.json", f64::from(days))).collect();
        let other = keep("other.json", 0.0);
        // Each draft has a name of its own.
        let drafts: Vec<_> = (0..6).map(|days| keep(&format!(".draft-{days}"), f64::from(days))).collect();
        // A clock that had not been set, and what somebody else has put there.
        let unset =
            super::keep(dir.path(), Path::new("/x/one.json"), &content, Timestamp::EPOCH).expect("writable");
        fs::create_dir(root.join("mine")).expect("writable");
        assert_eq!(there(&one), [1; 8], "they are young");
        let last = keep("one.json", 92.5);
        // The last one and those of the days 4 to 7 are the five newest; that of day 3 is not old yet.
        assert_eq!(there(&one), [0, 0, 0, 1, 1, 1, 1, 1]);
        assert_eq!(there(&drafts), [0, 1, 1, 1, 1, 1]);
        assert_eq!(there(&[last, other, unset, root.join("mine")]), [1; 4]);
        assert_eq!(
            count_old(dir.path(), Timestamp::from_millis(start + 92.5 * day)),
            1 + 2,
            "the other's, and two drafts'"
        );
        let names = fs::read_dir(&root).expect("a directory").flatten().map(|entry| entry.file_name());
        assert!(!names.into_iter().any(|name| name.as_bytes().starts_with(CLEARING.as_bytes())));
        // Years later there still is a way back.
        keep("other.json", 4000.0);
        assert_eq!(there(&one), [0, 0, 0, 0, 1, 1, 1, 1]);
    }
}
