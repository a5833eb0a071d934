//! Mending credentials in JSON stores: under the store's lock, one field of one profile, everything else as it was.

use std::path::Path;

use openclaw_auth::document::Document;
use openclaw_auth::edit::{self, Change};
use openclaw_auth::model::{Semantics, Source, Timestamp};
use openclaw_auth::secret::SecretBuffer;
use openclaw_auth::store::{LockedStore, Written};
use zeroize::Zeroizing;

use super::{FixError, Keeper, Kept};
use crate::backup;
use crate::doctor::{checks, paste};
use crate::remedy::quote;

/// Tells an end in milliseconds, if it is still the one that was told in seconds.
pub(super) async fn set_expires(
    store: &Path,
    profile: &str,
    to: Timestamp,
    keeper: &Keeper<'_>,
) -> Result<Kept, FixError> {
    change(store, keeper, |text| {
        let document = Document::parse(text, Semantics::V2026_9, Source::Json).ok()?;
        let found = checks::end_in_milliseconds(document.get(profile)?.expires)?;
        let changes: [Change; 1] = [("expires", Zeroizing::new(format!("{:.0}", to.as_millis())))];
        (found == to).then(|| edit::set_fields(text, profile, &changes).ok()).flatten()
    })
    .await
}

/// Takes out of a value what was pasted along with it.
pub(super) async fn mend_value(
    store: &Path,
    profile: &str,
    field: &'static str,
    keeper: &Keeper<'_>,
) -> Result<Kept, FixError> {
    change(store, keeper, |text| {
        let entry = edit::entry(text, profile)?;
        // OpenClaw takes `apiKey` where there is no `key`.
        let named = if field == "key" { ["key", "apiKey"] } else { [field, field] };
        let (field, value) =
            named.into_iter().find_map(|name| edit::string_field(entry, name).map(|value| (name, value)))?;
        let changes: [Change; 1] = [(field, edit::text(&paste::mended(&value)?))];
        edit::set_fields(text, profile, &changes).ok()
    })
    .await
}

async fn change(
    path: &Path,
    keeper: &Keeper<'_>,
    edit: impl FnOnce(&str) -> Option<Zeroizing<String>>,
) -> Result<Kept, FixError> {
    let store = LockedStore::open(path, tokio::time::sleep).await?;
    let (json, content) = {
        let text = store.text()?;
        let mut content = SecretBuffer::default();
        content.reset(text.len());
        content.bytes_mut().extend_from_slice(text.as_bytes());
        (edit(text).ok_or(FixError::Changed)?, content)
    };
    let kept = backup::keep(keeper.own_state, path, &content, keeper.now)?;
    if store.reserve()?.commit(&json)? == Written::Changed {
        return Err(FixError::Changed);
    }
    let undo = format!("cp {} {}", quote(&kept.to_string_lossy()), quote(&path.to_string_lossy()));
    Ok((kept, undo))
}
