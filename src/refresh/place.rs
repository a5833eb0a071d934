//! Writes new tokens into a store, over the very token they were issued for.

use std::time::Duration;

use openclaw_auth::credential::Credential;
use openclaw_auth::document::Document;
use openclaw_auth::edit::{self, FieldChange};
use openclaw_auth::model::{CredentialKind, Source, Timestamp};
use openclaw_auth::store::{Store, Written};
use tracing::debug;

use super::candidates::SEMANTICS;
use crate::clock;

/// A store that others write at the same time is tried so often.
const ATTEMPTS: usize = 50;
/// Between two looks at a store that is half written.
const PAUSE: Duration = Duration::from_millis(20);

/// What an entry has to be for an answer to go into it.
pub(super) struct Expected<'a> {
    /// Whether a refresh token is the one that was spent.
    pub(super) is_spent: &'a dyn Fn(&str) -> bool,
    /// Its provider as written; `None` where that is not known.
    pub(super) provider: Option<&'a str>,
    /// Whether a credential surely is another account's.
    pub(super) is_foreign: &'a dyn Fn(&Credential<'_>) -> bool,
}

/// What came of placing new tokens.
#[derive(Debug, PartialEq)]
pub(super) enum Placed {
    /// The store was read back and has them.
    Stored,
    /// Something else stands there; it stays. Until when it can be used, if it can.
    Replaced {
        /// Unix milliseconds.
        usable_until: Option<Timestamp>,
    },
}

/// Puts new values into an entry that holds the token they were issued for, and reads them back.
pub(super) async fn place(
    store: &mut dyn Store,
    profile: &str,
    expected: &Expected<'_>,
    changes: &[FieldChange],
) -> Result<Placed, String> {
    let mut problem = "it is rewritten all the time".to_owned();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 && store.text().is_err() {
            tokio::time::sleep(PAUSE).await;
        }
        store.reread().map_err(|problem| problem.to_string())?;
        let next = {
            let text = match store.text() {
                Ok(text) => text,
                Err(unreadable) => {
                    problem = unreadable.to_string();
                    continue;
                }
            };
            match entry_state(text, profile, expected, changes) {
                Ok(EntryState::Spent) => {
                    edit::set_fields(text, profile, changes).map_err(|problem| problem.to_string())?
                }
                Ok(EntryState::Ours) => return Ok(Placed::Stored),
                Ok(EntryState::Other { usable_until }) => return Ok(Placed::Replaced { usable_until }),
                // Half written by somebody who does not rename.
                Err(unreadable) => {
                    problem = unreadable;
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            }
        };
        if store.replace(&next).map_err(|problem| problem.to_string())? == Written::Changed {
            debug!("the store was written meanwhile; deciding again");
        }
    }
    Err(problem)
}

/// What stands where the new tokens belong.
enum EntryState {
    /// The login whose token was spent.
    Spent,
    Ours,
    Other {
        usable_until: Option<Timestamp>,
    },
}

fn entry_state(
    text: &str,
    profile: &str,
    expected: &Expected<'_>,
    changes: &[FieldChange],
) -> Result<EntryState, String> {
    let document = Document::parse(text, SEMANTICS, Source::Json).map_err(|problem| problem.to_string())?;
    let other = EntryState::Other { usable_until: None };
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
        return Ok(EntryState::Ours);
    }
    if is_same_login && stored.refresh.as_ref().is_some_and(|token| (expected.is_spent)(token.expose())) {
        return Ok(EntryState::Spent);
    }
    let usable = stored.is_usable(clock::now(), SEMANTICS);
    Ok(EntryState::Other { usable_until: stored.expires.moment(SEMANTICS).filter(|_| usable) })
}
