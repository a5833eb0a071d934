//! Who has a database open, where process ids mean something else than here.
//!
//! A lock file names its holder by process id. To a process in another PID namespace (a container beside this one) that id is nobody's,
//! so it takes our lock for a dead process's and spends the same token. Every connection to a database with a write-ahead log holds
//! a shared lock on one byte of its index, and the kernel says whose.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Flock, FlockOffsetType, FlockType, fcntl_getlk};

use super::interface::ForeignHolder;
use crate::load::sqlite::{alone, beside};

/// The byte of the index on which every connection holds a shared lock.
const CONNECTED: u64 = 128;

/// The process of another PID namespace that has a database open, if the kernel names one. Where several have it open, it names one.
pub(crate) fn foreign(database: &Path) -> io::Result<Option<ForeignHolder>> {
    let _alone = alone();
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let index = match rustix::fs::open(beside(database, "-shm"), flags, Mode::empty()) {
        Ok(index) => File::from(index),
        // Nobody has it open.
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let asked = Flock {
        start: CONNECTED,
        length: 1,
        pid: None,
        typ: FlockType::WriteLock,
        offset_type: FlockOffsetType::Set,
    };
    let Some(held) = fcntl_getlk(&index, &asked)? else { return Ok(None) };
    let Some(pid) = held.pid.map(|pid| pid.as_raw_nonzero().get().unsigned_abs()) else {
        return Ok(Some(ForeignHolder { pid: None }));
    };
    let namespace = |process: &str| {
        rustix::fs::statat(CWD, format!("/proc/{process}/ns/pid"), AtFlags::empty()).map(|stat| stat.st_ino)
    };
    let own = std::fs::metadata("/proc/self/ns/pid")?.ino();
    let is_here = match namespace(&pid.to_string()) {
        Ok(theirs) => theirs == own,
        // It has ended since.
        Err(Errno::NOENT) => true,
        Err(_) => false,
    };
    Ok((!is_here).then_some(ForeignHolder { pid: Some(pid) }))
}
