//! From the provider's answer to the store.
//!
//! The answer is written down before anything else is done with it. It is stored only over the very refresh token that was
//! spent, in an entry of the same type, provider and account; whatever else stands there by then was put there by somebody who
//! knew better. It counts as stored once the store was read back and shows it.

use std::time::Duration;

use openclaw_auth::checkpoint;
use openclaw_auth::document::Document;
use openclaw_auth::edit::{self, Change};
use openclaw_auth::jwt;
use openclaw_auth::model::{CredentialKind, Source, Timestamp};
use openclaw_auth::store::{Reserved, Written};
use tracing::{debug, error, warn};
use zeroize::Zeroizing;

use super::candidates::Login;
use super::exchange::{self, Issued};
use super::outcome::{Outcome, TransientReason};
use super::recovery::{self, Record};
use super::sequence::Current;
use super::{Refresher, SEMANTICS};
use crate::clock;

/// A store that others write at the same time is tried so often.
const ATTEMPTS: usize = 50;
/// Between two looks at a store that is half written.
const PAUSE: Duration = Duration::from_millis(20);

/// A login that was renewed and stored, for main's copy of it.
pub(super) struct Renewed {
    /// The locked store that holds it, as it was read back.
    pub(super) reserved: Reserved,
    /// The fields that are new.
    pub(super) changes: Vec<Change>,
    /// When the new access token ends.
    pub(super) expires: Timestamp,
}

/// What an entry has to be for an answer to go into it.
pub(super) struct Expected<'a> {
    /// Whether a refresh token is the one that was spent.
    pub(super) is_spent: &'a dyn Fn(&str) -> bool,
    /// Its provider as written; `None` where that is not known.
    pub(super) provider: Option<&'a str>,
    /// Whether a credential surely is another account's.
    pub(super) is_foreign: &'a dyn Fn(&openclaw_auth::credential::Credential<'_>) -> bool,
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

/// Writes an answer down and stores it. What was renewed comes back for main's copy.
pub(super) async fn commit(
    context: &Refresher,
    login: &Login,
    current: &Current,
    mut reserved: Reserved,
    mut room: recovery::Room,
    issued: Issued,
) -> (Outcome, Option<Renewed>) {
    let profile = &login.profile;
    let changes = changes(login, &current.entry, &issued);
    if let Err(problem) = room.fill(&Record::new(login, current, &issued, &changes)) {
        warn!("the new login of {profile} could not be written down at once: {problem}");
    }
    checkpoint::reached("filled");
    let account = edit::string_field(&current.entry, "accountId");
    let issued_for = jwt::openai_account(&issued.tokens.access);
    if let Err(reason) =
        exchange::check_account(account.as_deref().map(String::as_str), issued_for.as_deref())
    {
        match room.set_aside(recovery::OTHER_ACCOUNT) {
            Ok(path) => error!(
                "the provider answered for another account than that of {profile}; its tokens are kept in `{}`, and nothing is overwritten",
                path.display()
            ),
            Err(problem) => warn!("the other account's tokens are not kept: {problem}"),
        }
        let outcome = Outcome::Misconfigured(reason);
        return (context.remember_failure(login, &current.fingerprint, outcome).await, None);
    }
    let expected = Expected {
        is_spent: &|token| token == current.token.as_str(),
        provider: Some(&current.provider),
        is_foreign: &|stored| current.identity.contradicts(stored),
    };
    let expires = issued.expires;
    match place(&mut reserved, profile.as_str(), &expected, &changes).await {
        Ok(Placed::Stored) => {
            checkpoint::reached("saved");
            if let Err(problem) = room.keep_as_generation(&context.state_dir) {
                debug!("the last generation of {profile} is not kept: {problem}");
            }
            context.remember_success(login, &current.fingerprint, &issued).await;
            (Outcome::Refreshed { expires }, Some(Renewed { reserved, changes, expires }))
        }
        Ok(Placed::Replaced { usable_until }) => {
            match room.set_aside(recovery::SUPERSEDED) {
                Ok(path) => warn!(
                    "the profile {profile} was changed while it was being renewed; that change stays, and what was renewed is kept in `{}`",
                    path.display()
                ),
                Err(problem) => warn!("what was renewed of {profile} is not kept: {problem}"),
            }
            (usable_until.map_or(Outcome::Superseded, |expires| Outcome::AlreadyFresh { expires }), None)
        }
        Err(problem) => {
            match room.keep() {
                Ok(path) => error!(
                    "the new login of {profile} could not be stored ({problem}); it is safe in the recovery file `{}`, and `authwatch refresh` stores it",
                    path.display()
                ),
                Err(second) => error!(
                    "the new login of {profile} could neither be stored ({problem}) nor kept in a recovery file ({second}): sign in again"
                ),
            }
            context.remember_success(login, &current.fingerprint, &issued).await;
            (Outcome::Transient(TransientReason::Rescued, None), None)
        }
    }
}

/// Puts new values into an entry that holds the token they were issued for, and reads them back.
pub(super) async fn place(
    reserved: &mut Reserved,
    profile: &str,
    expected: &Expected<'_>,
    changes: &[Change],
) -> Result<Placed, String> {
    let mut problem = "it is rewritten all the time".to_owned();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 && reserved.store().text().is_err() {
            tokio::time::sleep(PAUSE).await;
        }
        reserved.reread().map_err(|problem| problem.to_string())?;
        let next = {
            let text = match reserved.store().text() {
                Ok(text) => text,
                Err(unreadable) => {
                    problem = unreadable.to_string();
                    continue;
                }
            };
            match standing(text, profile, expected, changes) {
                Ok(Standing::Spent) => {
                    edit::set_fields(text, profile, changes).map_err(|problem| problem.to_string())?
                }
                Ok(Standing::Ours) => return Ok(Placed::Stored),
                Ok(Standing::Other { usable_until }) => return Ok(Placed::Replaced { usable_until }),
                // Half written by somebody who does not rename.
                Err(unreadable) => {
                    problem = unreadable;
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            }
        };
        if reserved.commit(&next).map_err(|problem| problem.to_string())? == Written::Changed {
            debug!("the store was written meanwhile; deciding again");
        }
    }
    Err(problem)
}

/// What stands where the new tokens belong.
enum Standing {
    /// The login whose token was spent.
    Spent,
    Ours,
    Other {
        usable_until: Option<Timestamp>,
    },
}

fn standing(
    text: &str,
    profile: &str,
    expected: &Expected<'_>,
    changes: &[Change],
) -> Result<Standing, String> {
    let document = Document::parse(text, SEMANTICS, Source::Json).map_err(|problem| problem.to_string())?;
    let other = Standing::Other { usable_until: None };
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
        return Ok(Standing::Ours);
    }
    if is_same_login && stored.refresh.as_ref().is_some_and(|token| (expected.is_spent)(token.expose())) {
        return Ok(Standing::Spent);
    }
    let usable = stored.is_usable(clock::now(), SEMANTICS);
    Ok(Standing::Other { usable_until: stored.expires.moment(SEMANTICS).filter(|_| usable) })
}

/// The fields a new token changes. Everything else in the entry stays.
fn changes(login: &Login, entry: &str, issued: &Issued) -> Vec<Change> {
    let mut changes: Vec<Change> = vec![("access", edit::text(&issued.tokens.access))];
    if let Some(refresh) = &issued.tokens.refresh {
        changes.push(("refresh", edit::text(refresh)));
    }
    changes.push(("expires", Zeroizing::new(format!("{:.0}", issued.expires.as_millis()))));
    if let Some(id) = issued.tokens.id.as_ref().filter(|_| edit::string_field(entry, "idToken").is_some()) {
        changes.push(("idToken", edit::text(id)));
    }
    let is_openai = matches!(login.provider.as_str(), "openai" | "openai-codex");
    if is_openai
        && edit::string_field(entry, "accountId").is_none_or(|account| account.trim().is_empty())
        && let Some(account) = jwt::openai_account(&issued.tokens.access)
    {
        changes.push(("accountId", edit::text(&account)));
    }
    changes
}
