//! Writes new tokens into a store, only over the token they were issued for.

use std::time::Duration;

use openclaw_auth::credential::Credential;
use openclaw_auth::document::Document;
use openclaw_auth::edit::{self, FieldChange};
use openclaw_auth::model::{CredentialKind, Source, Timestamp};
use openclaw_auth::store::{SEMANTICS, Written};
use tracing::debug;

use super::held::HeldStore;
use crate::clock;

/// How often a store is tried that others write at the same time.
const ATTEMPTS: usize = 50;
/// Before a half-written store is read again.
const RETRY_DELAY: Duration = Duration::from_millis(20);

/// What an entry has to be for new tokens to be written into it.
pub(super) struct Expected<'a> {
    /// Whether a refresh token is the one that was used.
    pub(super) is_spent: &'a dyn Fn(&str) -> bool,
    /// As written; `None` where it is not known.
    pub(super) provider: Option<&'a str>,
    /// Whether a credential is certainly another account's.
    pub(super) is_foreign: &'a dyn Fn(&Credential<'_>) -> bool,
}

#[derive(Debug, PartialEq)]
pub(super) enum Placed {
    /// The store was read back and has the new tokens.
    Stored,
    /// Another entry is there and stays. `usable_until` is its expiry, if it can be used.
    Replaced { usable_until: Option<Timestamp> },
}

/// Puts new values into an entry that holds the token they were issued for, and reads them back.
pub(super) async fn place(
    store: &mut HeldStore,
    profile: &str,
    expected: &Expected<'_>,
    changes: &[FieldChange],
) -> Result<Placed, String> {
    let mut problem = "other programs keep writing it".to_owned();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 && store.text().is_err() {
            tokio::time::sleep(RETRY_DELAY).await;
        }
        store.reread().await.map_err(|problem| problem.to_string())?;
        let next = {
            let text = match store.text() {
                Ok(text) => text,
                Err(unreadable) => {
                    problem = unreadable.to_string();
                    continue;
                }
            };
            match placed(text, profile, expected, changes) {
                Ok(None) => {
                    edit::set_fields(text, profile, changes).map_err(|problem| problem.to_string())?
                }
                Ok(Some(placed)) => return Ok(placed),
                // Half written by a program that does not rename.
                Err(unreadable) => {
                    problem = unreadable;
                    tokio::time::sleep(RETRY_DELAY).await;
                    continue;
                }
            }
        };
        if store.replace(&next).await.map_err(|problem| problem.to_string())? == Written::Changed {
            debug!("the store was written meanwhile; deciding again");
        }
    }
    Err(problem)
}

/// What came of placing the tokens, or `None` while the entry still holds the token that was used.
fn placed(
    text: &str,
    profile: &str,
    expected: &Expected<'_>,
    changes: &[FieldChange],
) -> Result<Option<Placed>, String> {
    let document = Document::parse(text, SEMANTICS, Source::Json).map_err(|problem| problem.to_string())?;
    let other = Some(Placed::Replaced { usable_until: None });
    let Some(entry) = edit::entry(text, profile) else { return Ok(other) };
    let Some(stored) = document.get(profile) else { return Ok(other) };
    let is_new = |name: &str| {
        let new = changes.iter().find(|(field, _)| *field == name)?;
        Some(edit::string_field(entry, name).is_some_and(|stored| edit::text(&stored) == new.1))
    };
    let is_same_login = stored.kind == CredentialKind::OAuth
        && expected.provider.is_none_or(|provider| stored.provider == provider)
        && !(expected.is_foreign)(stored);
    // A provider that does not rotate its refresh tokens is recognized by the access token.
    if is_same_login && is_new("refresh").or(is_new("access")).unwrap_or(false) {
        return Ok(Some(Placed::Stored));
    }
    if is_same_login && stored.refresh.as_ref().is_some_and(|token| (expected.is_spent)(token.expose())) {
        return Ok(None);
    }
    let usable = stored.is_usable(clock::now(), SEMANTICS);
    Ok(Some(Placed::Replaced { usable_until: stored.expires.moment(SEMANTICS).filter(|_| usable) }))
}
