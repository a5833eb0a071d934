//! Who in this process may have a database open.
//!
//! Closing any descriptor of a database, or of what is beside it, drops all locks that this process has on that file. So one thread at a
//! time writes a database or asks who has it open, while none reads.

#[cfg(feature = "sqlite")]
use std::sync::RwLockWriteGuard;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

static DESCRIPTORS: RwLock<()> = RwLock::new(());

/// As long as it is held, no thread of this process writes a database.
pub(super) fn among_readers() -> RwLockReadGuard<'static, ()> {
    DESCRIPTORS.read().unwrap_or_else(PoisonError::into_inner)
}

/// As long as it is held, no other thread of this process has a database open.
#[cfg(feature = "sqlite")]
pub(crate) fn alone() -> RwLockWriteGuard<'static, ()> {
    DESCRIPTORS.write().unwrap_or_else(PoisonError::into_inner)
}
