//! Repairs files: modes, drafts, locks, demo data.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use openclaw_auth::file;
use openclaw_auth::locking::{REFRESH_LOCK, inspect};
use openclaw_auth::model::{Span, Timestamp};
use openclaw_auth::secret::SecretBuffer;
use rustix::fs::{Mode, OFlags};

use crate::backup;
use crate::doctor::files;
use crate::doctor::fix::{Applied, FixError};
use crate::remedy::quote;

fn name(path: &Path) -> String {
    quote(&path.to_string_lossy())
}

/// Changes the mode of the file the check saw: owner and mode are compared after opening, and links are not followed.
pub(super) fn set_mode(
    path: &Path,
    (owner, from): (u32, u32),
    to: u32,
    own_state: &Path,
    now: Timestamp,
) -> Result<Applied, FixError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(std::io::Error::from)?);
    let facts = files::Facts::from(&opened.metadata()?);
    if (facts.owner, facts.mode) != (owner, from) {
        return Err(FixError::Changed);
    }
    let undo = format!("chmod {from:o} {}", name(path));
    let kept = backup::keep_command(own_state, path, &undo, now)?;
    opened.set_permissions(Permissions::from_mode(to))?;
    if files::Facts::from(&opened.metadata()?).mode != to {
        let problem = "the file system keeps the mode it had, as those of other systems do";
        return Err(std::io::Error::other(problem).into());
    }
    Ok(Applied { backup: kept, undo })
}

/// Removes a file once its content is safe.
pub(super) fn remove(path: &Path, own_state: &Path, now: Timestamp) -> Result<Applied, FixError> {
    let before = files::look(path).filter(|facts| facts.is_file).ok_or(FixError::Changed)?;
    let mut content = SecretBuffer::default();
    let Ok(Some(_)) = file::read(path, &mut content) else { return Err(FixError::Changed) };
    let kept = backup::keep(own_state, path, &content, now)?;
    if files::look(path).as_ref() != Some(&before) {
        return Err(FixError::Changed);
    }
    fs::remove_file(path)?;
    let undo = format!("cp -p {} {}", name(&kept), name(path));
    Ok(Applied { backup: kept, undo })
}

/// Removes a lock that is stale at this moment.
pub(super) fn clear_lock(
    path: &Path,
    stale_after: Span,
    own_state: &Path,
    now: Timestamp,
) -> Result<Applied, FixError> {
    let facts = files::look(path).ok_or(FixError::Changed)?;
    let seen = inspect::inspect(path, stale_after)?.ok_or(FixError::Changed)?;
    if !seen.stale || seen.age <= REFRESH_LOCK.stale_after {
        return Err(FixError::Changed);
    }
    let (backup, undo) = if facts.is_dir {
        let undo = format!("mkdir -m {:o} {}", facts.mode, name(path));
        (backup::keep_command(own_state, path, &undo, now)?, undo)
    } else {
        let kept = backup::keep(own_state, path, &SecretBuffer::from(seen.content), now)?;
        let undo = format!("cp -p {} {}", name(&kept), name(path));
        (kept, undo)
    };
    if inspect::clear_stale(path, stale_after)? {
        Ok(Applied { backup, undo })
    } else {
        Err(FixError::Changed)
    }
}

/// Removes a directory once there is a copy of it. What is neither a file nor a directory is not the demo's.
pub(super) fn remove_tree(path: &Path, own_state: &Path, now: Timestamp) -> Result<Applied, FixError> {
    let kept = backup::keep_command(own_state, path, "", now)?;
    let copy = kept.with_file_name(path.file_name().unwrap_or("tree".as_ref()));
    copy_tree(path, &copy)?;
    let undo = format!("cp -Rp {} {}", name(&copy), name(path));
    fs::write(&kept, format!("{undo}\n"))?;
    fs::remove_dir_all(path)?;
    Ok(Applied { backup: copy, undo })
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
