//! Whose files these are: which symbolic links are followed, and whom new files belong to.
//!
//! Whoever may write among OpenClaw's files may put a link there that leads to what only root or somebody else may read or write.
//! A link is followed only if it belongs to root, to this process's own user, or to the owner of what the path leads to.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Gid, Uid};
use rustix::io::Errno;

/// As many links as the kernel follows.
const MAX_LINKS: usize = 40;

/// Why a path was not followed to its end.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// A link on the way belongs to somebody who has no say over what it leads to.
    #[error(
        "`{}` is reached through a link of uid {link_owner} that leads to a {} of uid {owner}: not followed",
        path.display(), if *is_directory { "directory" } else { "file" }
    )]
    Foreign {
        /// The path.
        path: PathBuf,
        /// Whose link it is.
        link_owner: u32,
        /// Whose file or directory the path leads to.
        owner: u32,
        /// Which of the two it is.
        is_directory: bool,
    },
    /// The system refused; also where there is nothing at the path.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<FollowError> for io::Error {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Foreign { .. } => Self::new(io::ErrorKind::PermissionDenied, error.to_string()),
            FollowError::Io(error) => error,
        }
    }
}

/// Where a path leads.
#[derive(Debug)]
pub struct Followed {
    /// The path without links.
    pub path: PathBuf,
    /// What is there.
    pub metadata: Metadata,
}

impl Followed {
    /// Whether it is the very file that was opened.
    #[must_use]
    pub fn is(&self, opened: &Metadata) -> bool {
        (self.metadata.dev(), self.metadata.ino()) == (opened.dev(), opened.ino())
    }
}

/// Follows a path as the kernel does, but through no link of a stranger's.
pub fn follow(path: &Path) -> Result<Followed, FollowError> {
    let (followed, link_owners) = walk(path)?;
    let owner = followed.metadata.uid();
    match first_foreign(&link_owners, owner, rustix::process::geteuid().as_raw()) {
        None => Ok(followed),
        Some(link_owner) => {
            let (path, is_directory) = (path.to_owned(), followed.metadata.is_dir());
            Err(FollowError::Foreign { path, link_owner, owner, is_directory })
        }
    }
}

/// The first link's owner who is neither root, nor this user, nor the owner of what the path leads to.
fn first_foreign(link_owners: &[u32], owner: u32, own: u32) -> Option<u32> {
    link_owners.iter().copied().find(|link_owner| ![0, own, owner].contains(link_owner))
}

/// Resolves a path link by link; also whose the links are.
fn walk(path: &Path) -> io::Result<(Followed, Vec<u32>)> {
    let absolute = std::path::absolute(path)?;
    let mut reached = PathBuf::from("/");
    let mut metadata = reached.symlink_metadata()?;
    let mut link_owners = Vec::new();
    let mut ahead = steps(&absolute);
    while let Some(step) = ahead.pop() {
        if step == ".." {
            reached.pop();
            metadata = reached.symlink_metadata()?;
            continue;
        }
        let next = reached.join(step);
        metadata = next.symlink_metadata()?;
        if !metadata.is_symlink() {
            reached = next;
            continue;
        }
        link_owners.push(metadata.uid());
        if link_owners.len() > MAX_LINKS {
            return Err(Errno::LOOP.into());
        }
        let target = next.read_link()?;
        if target.is_absolute() {
            reached = PathBuf::from("/");
        }
        ahead.extend(steps(&target));
    }
    Ok((Followed { path: reached, metadata }, link_owners))
}

/// The steps of a path, the last one first.
fn steps(path: &Path) -> Vec<OsString> {
    let is_step =
        |component: &Component<'_>| matches!(component, Component::Normal(_) | Component::ParentDir);
    path.components().rev().filter(is_step).map(|component| component.as_os_str().to_owned()).collect()
}

/// Makes a directory with all that lead to it, each for the owner of the one above. Links are followed as in [`follow`].
pub fn make_directory(dir: &Path) -> io::Result<()> {
    match follow(dir) {
        Ok(_) => return Ok(()),
        Err(FollowError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    if let Some(parent) = dir.parent() {
        make_directory(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => give_to_owner_of(dir.parent().unwrap_or(dir), &File::open(dir)?),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Root's new version of somebody's file stays theirs: OpenClaw could not read it otherwise. Nobody else can give files away.
pub fn give_to_owner_of(like: &Path, file: &File) -> io::Result<()> {
    let (wanted, own) = (like.metadata()?, file.metadata()?);
    if (wanted.uid(), wanted.gid()) == (own.uid(), own.gid()) || !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let (uid, gid) = (Uid::from_raw(wanted.uid()), Gid::from_raw(wanted.gid()));
    Ok(rustix::fs::fchown(file, Some(uid), Some(gid))?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_root_oneself_and_the_owner_may_lead_to_a_file() {
        let (own, owner, stranger) = (1000, 1001, 1002);
        assert_eq!(first_foreign(&[], owner, own), None);
        assert_eq!(first_foreign(&[0, own, owner], owner, own), None);
        assert_eq!(first_foreign(&[0, stranger, owner], owner, own), Some(stranger));
        assert_eq!(first_foreign(&[owner], 0, 0), Some(owner), "root is led nowhere by others");
    }

    #[test]
    fn a_path_is_followed_to_where_the_kernel_finds_it() {
        let home = tempfile::tempdir().expect("a directory");
        let at = |path: &str| home.path().join(path);
        std::fs::create_dir_all(at("real/inner")).expect("writable");
        std::fs::write(at("real/inner/file"), "").expect("writable");
        symlink("real", at("relative")).expect("writable");
        symlink(at("relative/inner"), at("absolute")).expect("writable");
        symlink("../real/inner/file", at("real/up")).expect("writable");
        for path in ["real/inner/file", "relative/inner/file", "absolute/file", "absolute/../up", "real/up"] {
            let followed = follow(&at(path)).expect("it is there");
            assert_eq!(followed.path, at(path).canonicalize().expect("it is there"), "{path}");
            assert!(followed.is(&at(path).metadata().expect("it is there")), "{path}");
        }
        let kind = |path: &str| io::Error::from(follow(&at(path)).expect_err("it leads nowhere")).kind();
        assert_eq!(kind("absolute/nothing"), io::ErrorKind::NotFound);
        assert_eq!(kind("real/inner/file/below"), io::ErrorKind::NotADirectory);
        symlink("loop", at("loop")).expect("writable");
        let looped = io::Error::from(follow(&at("loop")).expect_err("it leads back to itself"));
        assert_eq!(Errno::from_io_error(&looped), Some(Errno::LOOP));
    }

    #[test]
    fn directories_are_made_at_the_end_of_links() {
        let home = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(home.path().join("real")).expect("writable");
        symlink("real", home.path().join("link")).expect("writable");
        make_directory(&home.path().join("link/one/two")).expect("writable");
        let made = home.path().join("real/one/two").metadata().expect("made");
        assert_eq!(made.mode() & 0o777, 0o700);
    }
}
