//! Applies fixes. Each checks again before it acts, keeps what undoes it, and never removes a credential.

mod credential;
mod files;

use openclaw_auth::model::Timestamp;
use std::path::Path;

use super::fix::{Applied, Fix, FixError};

/// Applies a fix, keeping a backup in authwatch's own state directory.
pub async fn apply(fix: &Fix, own_state: &Path, now: Timestamp) -> Result<Applied, FixError> {
    match fix {
        Fix::Mode { path, owner, from, to } => files::set_mode(path, (*owner, *from), *to, own_state, now),
        Fix::Remove { path } => files::remove(path, own_state, now),
        Fix::Lock { path, stale_after } => files::clear_lock(path, *stale_after, own_state, now),
        Fix::Tree { path } => files::remove_tree(path, own_state, now),
        Fix::Expires { store, profile, to } => {
            credential::set_expires(store, profile, *to, own_state, now).await
        }
        Fix::Value { store, profile, field } => {
            credential::clean_value(store, profile, field, own_state, now).await
        }
    }
}
