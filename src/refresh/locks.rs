//! The refresh lock of a login: OpenClaw's own, by which one process at a time presents its token.

use std::path::{Path, PathBuf};

use openclaw_auth::locking::{self, LockGuard, REFRESH_LOCK, Taken};
use openclaw_auth::paths::{self, Roots};
use openclaw_auth::store::{self, OpenError};
use openclaw_auth::{checkpoint, lock};

/// A login's refresh lock as the releases with its kind of store name it, and as the others do.
pub(super) fn refresh_locks(roots: &Roots, store: &Path, provider: &str, profile: &str) -> [PathBuf; 2] {
    let [json, database] = [lock::refresh_lock_name, lock::newer_refresh_lock_name]
        .map(|name| paths::refresh_locks(&roots.state).join(name(provider, profile) + ".lock"));
    if store::is_database(store) { [database, json] } else { [json, database] }
}

pub(super) async fn take(path: &Path) -> Result<LockGuard, OpenError> {
    match locking::take(path, REFRESH_LOCK, tokio::time::sleep).await {
        Taken::Held(lock) => {
            checkpoint::reached("refresh-locked");
            Ok(lock)
        }
        Taken::Busy(holder) => Err(OpenError::Busy(holder)),
        Taken::Unsupported(problem) | Taken::Failed(problem) => Err(OpenError::Lock(problem)),
    }
}
