//! Looking at locks without wanting them: whose they are, whether they are stale, and clearing those that are.

use std::io;
use std::path::Path;

use super::{Found, Holder, LockFileContent, find, process, remove_stale};
use crate::clock;
use crate::lock::Process;
use crate::model::Span;
use crate::process::Stat;

/// A lock that starts this long before its process was surely taken by another one: start times are told in hundredths.
const CERTAIN: Span = Span::from_secs(2.0);

/// What stands where a lock belongs.
#[derive(Clone, Debug, PartialEq)]
pub struct InspectedLock {
    /// Whose it is, and since when.
    pub holder: Holder,
    /// How long it has been there.
    pub age: Span,
    /// Whether both generations of OpenClaw's rules call it stale, and its holder is not merely out of sight.
    pub stale: bool,
    /// Whether it is a directory, as early releases used them.
    pub directory: bool,
    /// Whether nobody can prove it stale, though it is: the process of its number began only after the lock was taken, and the
    /// lock does not say when its own began.
    pub wedged: bool,
    /// What is in it; empty where that may not be read, or is no lock's.
    pub content: Vec<u8>,
}

/// Looks at a lock; `None` where there is none.
pub fn inspect(path: &Path, stale_after: Span) -> io::Result<Option<InspectedLock>> {
    Ok(find(path)?.map(|found| seen(found, path, stale_after)))
}

fn seen(found: Found, path: &Path, stale_after: Span) -> InspectedLock {
    let payload = found.payload();
    let holder = found.holder(path);
    let since = holder.since.max(found.modified);
    let started = payload
        .as_ref()
        .filter(|payload| is_alive(payload.pid))
        .and_then(|payload| Stat::read(payload.pid)?.started());
    let names_no_start = payload.as_ref().is_some_and(|payload| payload.starttime.is_none());
    InspectedLock {
        age: clock::now() - since,
        stale: found.is_stale(stale_after),
        directory: found.content == LockFileContent::Directory,
        wedged: names_no_start && started.is_some_and(|started| started > since + CERTAIN),
        holder,
        content: match found.content {
            LockFileContent::File(bytes) => bytes,
            LockFileContent::Directory | LockFileContent::Other => Vec::new(),
        },
    }
}

/// Removes a lock if it is stale at this moment. Whether it is gone by our doing.
pub fn clear_stale(path: &Path, stale_after: Span) -> io::Result<bool> {
    match find(path)? {
        Some(found) if found.is_stale(stale_after) => remove_stale(path, &found),
        _ => Ok(false),
    }
}

/// Whether there is a process of that id.
#[must_use]
pub fn is_alive(pid: u32) -> bool {
    matches!(process(pid), Process::Alive { .. })
}
