//! From the provider's answer to the store.
//!
//! The answer is written down before anything else is done with it. It is stored only over the very refresh token that was
//! spent, in an entry of the same type, provider and account; whatever else stands there by then was put there by somebody who
//! knew better. It counts as stored once the store was read back and shows it.

use openclaw_auth::checkpoint;
use openclaw_auth::edit::{self, FieldChange};
use openclaw_auth::jwt;
use openclaw_auth::model::Timestamp;
use openclaw_auth::provider;
use openclaw_auth::store::Store;
use tracing::{debug, error, warn};
use zeroize::Zeroizing;

use super::candidates::{Current, Login};
use super::exchange::{self, Issued};
use super::outcome::{Outcome, TransientReason};
use super::place::{Expected, Placed, place};
use super::recovery::{self, Record};
use super::refresher::Refresher;

/// A login that was renewed and stored, for main's copy of it.
pub(super) struct Renewed {
    /// The locked store that holds it, as it was read back.
    pub(super) store: Box<dyn Store>,
    /// The fields that are new.
    pub(super) changes: Vec<FieldChange>,
    /// When the new access token ends.
    pub(super) expires: Timestamp,
}

/// Writes an answer down and stores it. What was renewed comes back for main's copy.
pub(super) async fn commit(
    context: &Refresher,
    login: &Login,
    current: &Current,
    mut store: Box<dyn Store>,
    mut slot: recovery::RecoverySlot,
    issued: Issued,
) -> (Outcome, Option<Renewed>) {
    let profile = &login.profile;
    let changes = changes(login, &current.entry, &issued);
    if let Err(problem) = slot.fill(&Record::new(login, current, &issued, &changes)) {
        warn!("the new login of {profile} could not be written down at once: {problem}");
    }
    checkpoint::reached("filled");
    let account = edit::string_field(&current.entry, "accountId");
    let issued_for = jwt::openai_account(&issued.tokens.access);
    if let Err(reason) =
        exchange::check_account(account.as_deref().map(String::as_str), issued_for.as_deref())
    {
        match slot.set_aside(recovery::OTHER_ACCOUNT) {
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
    match place(&mut *store, profile.as_str(), &expected, &changes).await {
        Ok(Placed::Stored) => {
            checkpoint::reached("saved");
            if let Err(problem) = slot.keep_as_generation(&context.state_dir) {
                debug!("the last generation of {profile} is not kept: {problem}");
            }
            context.remember_success(login, &current.fingerprint, &issued).await;
            (Outcome::Refreshed { expires }, Some(Renewed { store, changes, expires }))
        }
        Ok(Placed::Replaced { usable_until }) => {
            match slot.set_aside(recovery::SUPERSEDED) {
                Ok(path) => warn!(
                    "the profile {profile} was changed while it was being renewed; that change stays, and what was renewed is kept in `{}`",
                    path.display()
                ),
                Err(problem) => warn!("what was renewed of {profile} is not kept: {problem}"),
            }
            (usable_until.map_or(Outcome::Superseded, |expires| Outcome::AlreadyFresh { expires }), None)
        }
        Err(problem) => {
            match slot.keep() {
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

/// The fields a new token changes. Everything else in the entry stays.
fn changes(login: &Login, entry: &str, issued: &Issued) -> Vec<FieldChange> {
    let mut changes: Vec<FieldChange> = vec![("access", edit::text(&issued.tokens.access))];
    if let Some(refresh) = &issued.tokens.refresh {
        changes.push(("refresh", edit::text(refresh)));
    }
    changes.push(("expires", Zeroizing::new(format!("{:.0}", issued.expires.as_millis()))));
    if let Some(id) = issued.tokens.id.as_ref().filter(|_| edit::string_field(entry, "idToken").is_some()) {
        changes.push(("idToken", edit::text(id)));
    }
    if edit::string_field(entry, "accountId").is_none_or(|account| account.trim().is_empty())
        && let Some(account) = provider::account_in(&issued.tokens.access, login.provider.as_str())
    {
        changes.push(("accountId", edit::text(&account)));
    }
    changes
}
