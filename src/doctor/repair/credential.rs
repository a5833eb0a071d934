//! Repairs credentials in JSON stores: under the store's lock, one field of one profile, everything else as it was.

use std::path::Path;

use openclaw_auth::document::Document;
use openclaw_auth::edit::{self, FieldChange};
use openclaw_auth::model::{Semantics, Source, Timestamp};
use openclaw_auth::secret::SecretBuffer;
use openclaw_auth::store::{JsonStore, Store, Written};
use zeroize::Zeroizing;

use crate::backup;
use crate::doctor::checks;
use crate::doctor::fix::{Applied, FixError};
use crate::doctor::paste;
use crate::remedy::quote;

/// Rewrites an `expires` given in seconds in milliseconds, unless it has changed since.
pub(super) async fn set_expires(
    store: &Path,
    profile: &str,
    to: Timestamp,
    own_state: &Path,
    now: Timestamp,
) -> Result<Applied, FixError> {
    change(store, own_state, now, |text| {
        let document = Document::parse(text, Semantics::V2026_9, Source::Json).ok()?;
        let found = checks::end_in_milliseconds(document.get(profile)?.expires)?;
        let changes: [FieldChange; 1] = [("expires", Zeroizing::new(format!("{:.0}", to.as_millis())))];
        (found == to).then(|| edit::set_fields(text, profile, &changes).ok()).flatten()
    })
    .await
}

/// Removes from a value what was pasted along with it.
pub(super) async fn clean_value(
    store: &Path,
    profile: &str,
    field: &'static str,
    own_state: &Path,
    now: Timestamp,
) -> Result<Applied, FixError> {
    change(store, own_state, now, |text| {
        let entry = edit::entry(text, profile)?;
        // OpenClaw takes `apiKey` where there is no `key`.
        let named = if field == "key" { ["key", "apiKey"] } else { [field, field] };
        let (field, value) =
            named.into_iter().find_map(|name| edit::string_field(entry, name).map(|value| (name, value)))?;
        let changes: [FieldChange; 1] = [(field, edit::text(&paste::cleaned(&value)?))];
        edit::set_fields(text, profile, &changes).ok()
    })
    .await
}

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
    let kept = backup::keep(own_state, path, &content, now)?;
    store.rehearse()?;
    if store.replace(&json)? == Written::Changed {
        return Err(FixError::Changed);
    }
    let undo = format!("cp {} {}", quote(&kept.to_string_lossy()), quote(&path.to_string_lossy()));
    Ok(Applied { backup: kept, undo })
}
