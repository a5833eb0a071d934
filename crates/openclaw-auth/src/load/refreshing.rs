//! Which logins are being renewed at this moment, by the locks that are held.

use std::collections::BTreeMap;

use crate::lock::{newer_refresh_lock_name, refresh_lock_name};
use crate::locking::{self, REFRESH_LOCK};
use crate::model::Timestamp;
use crate::paths::{self, Roots};

/// The refresh locks that are held, by name and since when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refreshing {
    since: BTreeMap<String, Timestamp>,
}

impl Refreshing {
    /// Since when a login is being renewed; `None` where it is not.
    #[must_use]
    pub fn since(&self, provider: &str, profile: &str) -> Option<Timestamp> {
        if self.since.is_empty() {
            return None;
        }
        let named = |name: String| self.since.get(&name).copied();
        named(refresh_lock_name(provider, profile))
            .or_else(|| named(newer_refresh_lock_name(provider, profile)))
    }
}

/// Looks at the locks. Mostly there are none, and then nothing has to be looked up by name.
#[must_use]
pub fn read(roots: &Roots) -> Refreshing {
    let Ok(entries) = std::fs::read_dir(paths::refresh_locks(&roots.state)) else {
        return Refreshing::default();
    };
    let held = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let holder = locking::holder(&entry.path(), REFRESH_LOCK.stale_after)?;
        Some((name.strip_suffix(".lock")?.to_owned(), holder.since))
    });
    Refreshing { since: held.collect() }
}
