//! What `--fix` can do. A check proposes a [`Fix`], which is data until somebody agrees and [`apply`] makes
//! the change: it checks again before it acts, keeps what undoes it, and never removes a credential.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use openclaw_auth::document::Document;
use openclaw_auth::edit::{self, FieldChange};
use openclaw_auth::file;
use openclaw_auth::locking::{REFRESH_LOCK, inspect};
use openclaw_auth::mistakes;
use openclaw_auth::model::{Semantics, Source, Span, Timestamp};
use openclaw_auth::secret::SecretBuffer;
use openclaw_auth::store::{JsonStore, OpenError, Store, Written};
use rustix::fs::{Mode, OFlags};
use serde::Serialize;
use zeroize::Zeroizing;

use super::files::{self, FileAttributes, quoted};
use crate::backup;
use crate::remedy::quote;

/// A change that resolves a finding and is safe to make.
#[derive(Clone, Debug, PartialEq)]
pub enum Fix {
    /// Changes the mode of a file or a directory, from the owner and mode that the check saw.
    Mode { path: PathBuf, owner: u32, from: u32, to: u32 },
    /// Removes a temporary file of authwatch's.
    Remove { path: PathBuf },
    /// Removes a lock that is provably stale. One without a provable holder is stale when older than
    /// `stale_after`.
    Lock { path: PathBuf, stale_after: Span },
    /// Removes a directory of demo data.
    Tree { path: PathBuf },
    /// Rewrites a profile's `expires` in milliseconds.
    Expires { store: PathBuf, profile: String, to: Timestamp },
    /// Removes from a pasted value what does not belong to it.
    Value { store: PathBuf, profile: String, field: &'static str },
}

/// How to undo a fix that was applied.
#[derive(Clone, Debug, Serialize)]
pub struct Applied {
    /// A copy of what was there before, or a script with the command that restores it.
    pub backup: String,
    /// The command that restores it.
    pub undo: String,
}

impl Applied {
    fn new(backup: &Path, undo: String) -> Self {
        Self { backup: backup.display().to_string(), undo }
    }
}

/// Why a fix was not applied.
#[derive(Debug, thiserror::Error)]
pub enum FixError {
    /// It is not as the check saw it.
    #[error("it has changed meanwhile and was left alone; run doctor again")]
    Changed,
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The store is locked, or cannot be read.
    #[error("{0}")]
    Store(#[from] OpenError),
}

impl Fix {
    /// Describes the change as an imperative, such as "set the mode of FILE to 0600".
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Mode { path, to, .. } => format!("set the mode of {} to {to:04o}", quoted(path)),
            Self::Remove { path } => format!("remove the draft {}", quoted(path)),
            Self::Lock { path, .. } => format!("remove the stale lock {}", quoted(path)),
            Self::Tree { path } => format!("remove the demo data in {}", quoted(path)),
            Self::Expires { profile, .. } => {
                format!("rewrite `expires` of {} in milliseconds", quote(profile))
            }
            Self::Value { profile, field, .. } => {
                format!("remove from the {field} of {} what was pasted with it", quote(profile))
            }
        }
    }

    /// Whether it changes a credential: such a change is only made with somebody's consent.
    #[must_use]
    pub fn changes_credential(&self) -> bool {
        matches!(self, Self::Expires { .. } | Self::Value { .. })
    }
}

/// Applies a fix, keeping a backup in authwatch's own state directory.
pub async fn apply(fix: &Fix, own_state: &Path, now: Timestamp) -> Result<Applied, FixError> {
    match fix {
        Fix::Mode { path, owner, from, to } => set_mode(path, (*owner, *from), *to, own_state, now),
        Fix::Remove { path } => remove(path, own_state, now),
        Fix::Lock { path, stale_after } => clear_lock(path, *stale_after, own_state, now),
        Fix::Tree { path } => remove_tree(path, own_state, now),
        Fix::Expires { store, profile, to } => {
            change(store, own_state, now, |text| expires_in_milliseconds(text, profile, *to)).await
        }
        Fix::Value { store, profile, field } => {
            change(store, own_state, now, |text| cleaned_value(text, profile, field)).await
        }
    }
}

/// Changes the mode of the file the check saw: owner and mode are compared after opening, and links are not
/// followed.
fn set_mode(
    path: &Path,
    (owner, from): (u32, u32),
    to: u32,
    own_state: &Path,
    now: Timestamp,
) -> Result<Applied, FixError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(io::Error::from)?);
    let facts = FileAttributes::from(&opened.metadata()?);
    if (facts.owner, facts.mode) != (owner, from) {
        return Err(FixError::Changed);
    }
    let undo = format!("chmod {from:o} {}", quoted(path));
    let backup = backup::keep_command(own_state, path, &undo, now)?;
    opened.set_permissions(Permissions::from_mode(to))?;
    if FileAttributes::from(&opened.metadata()?).mode != to {
        let problem = "the file system keeps the mode it had, as those of other systems do";
        return Err(io::Error::other(problem).into());
    }
    Ok(Applied::new(&backup, undo))
}

/// Removes a file once its content is safe.
fn remove(path: &Path, own_state: &Path, now: Timestamp) -> Result<Applied, FixError> {
    let before = files::facts(path).filter(|facts| facts.is_file).ok_or(FixError::Changed)?;
    let mut content = SecretBuffer::default();
    let Ok(Some(_)) = file::read(path, &mut content) else { return Err(FixError::Changed) };
    let backup = backup::keep(own_state, path, &content, now)?;
    if files::facts(path).as_ref() != Some(&before) {
        return Err(FixError::Changed);
    }
    fs::remove_file(path)?;
    let undo = format!("cp -p {} {}", quoted(&backup), quoted(path));
    Ok(Applied::new(&backup, undo))
}

/// Removes a lock that is stale at this moment.
fn clear_lock(path: &Path, stale_after: Span, own_state: &Path, now: Timestamp) -> Result<Applied, FixError> {
    let facts = files::facts(path).ok_or(FixError::Changed)?;
    let seen = inspect::inspect(path, stale_after)?.ok_or(FixError::Changed)?;
    if !seen.stale || seen.age <= REFRESH_LOCK.stale_after {
        return Err(FixError::Changed);
    }
    let (backup, undo) = if facts.is_dir {
        let undo = format!("mkdir -m {:o} {}", facts.mode, quoted(path));
        (backup::keep_command(own_state, path, &undo, now)?, undo)
    } else {
        let backup = backup::keep(own_state, path, &SecretBuffer::from(seen.content), now)?;
        let undo = format!("cp -p {} {}", quoted(&backup), quoted(path));
        (backup, undo)
    };
    if inspect::clear_stale(path, stale_after)? {
        Ok(Applied::new(&backup, undo))
    } else {
        Err(FixError::Changed)
    }
}

/// Removes a directory once there is a copy of it. What is neither a file nor a directory is not the demo's.
fn remove_tree(path: &Path, own_state: &Path, now: Timestamp) -> Result<Applied, FixError> {
    let script = backup::keep_command(own_state, path, "", now)?;
    let backup = script.with_file_name(path.file_name().unwrap_or("tree".as_ref()));
    copy_tree(path, &backup)?;
    let undo = format!("cp -Rp {} {}", quoted(&backup), quoted(path));
    fs::write(&script, format!("{undo}\n"))?;
    fs::remove_dir_all(path)?;
    Ok(Applied::new(&backup, undo))
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), FixError> {
    fs::DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            copy_tree(&path, &target)?;
        } else if kind.is_file() {
            fs::copy(&path, &target)?;
            fs::set_permissions(&target, Permissions::from_mode(0o600))?;
        } else {
            return Err(FixError::Changed);
        }
    }
    Ok(())
}

/// Changes a JSON store under OpenClaw's lock: one field of one profile, everything else as it was.
async fn change(
    path: &Path,
    own_state: &Path,
    now: Timestamp,
    edit: impl FnOnce(&str) -> Option<Zeroizing<String>>,
) -> Result<Applied, FixError> {
    let mut store = JsonStore::open(path, tokio::time::sleep).await?;
    let (json, content) = {
        let text = store.text()?;
        let mut content = SecretBuffer::default();
        content.reset(text.len());
        content.bytes_mut().extend_from_slice(text.as_bytes());
        (edit(text).ok_or(FixError::Changed)?, content)
    };
    let backup = backup::keep(own_state, path, &content, now)?;
    store.rehearse()?;
    if store.replace(&json)? == Written::Changed {
        return Err(FixError::Changed);
    }
    let undo = format!("cp {} {}", quoted(&backup), quoted(path));
    Ok(Applied::new(&backup, undo))
}

/// A store's text with an `expires` given in seconds in milliseconds; `None` if it has changed since.
fn expires_in_milliseconds(text: &str, profile: &str, to: Timestamp) -> Option<Zeroizing<String>> {
    let document = Document::parse(text, Semantics::V2026_9, Source::Json).ok()?;
    let found = mistakes::expiry_in_seconds(document.get(profile)?.expires)?;
    let changes: [FieldChange; 1] = [("expires", Zeroizing::new(format!("{:.0}", to.as_millis())))];
    (found == to).then(|| edit::set_fields(text, profile, &changes).ok()).flatten()
}

/// A store's text without what was pasted along with a value; `None` if it has changed since.
fn cleaned_value(text: &str, profile: &str, field: &'static str) -> Option<Zeroizing<String>> {
    let entry = edit::entry(text, profile)?;
    // OpenClaw takes `apiKey` where there is no `key`.
    let named = if field == "key" { ["key", "apiKey"] } else { [field, field] };
    let (field, value) =
        named.into_iter().find_map(|name| edit::string_field(entry, name).map(|value| (name, value)))?;
    let changes: [FieldChange; 1] = [(field, edit::text(&mistakes::cleaned(&value)?))];
    edit::set_fields(text, profile, &changes).ok()
}
