//! Storing what the provider issued: in the login's own store, then in main's copy, from which OpenClaw's other agents inherit.
//!
//! The answer is written to a recovery file before anything else. It is stored only over the refresh token that was used, in an
//! entry of the same type, provider, and account. Anything else there is newer and stays. It counts as stored once the store was
//! read back and shows it.

use openclaw_auth::document::Document;
use openclaw_auth::edit::{self, FieldChange};
use openclaw_auth::model::{CredentialKind, MAIN_AGENT, Source, Timestamp};
use openclaw_auth::store::{self, OpenError, SEMANTICS, Written};
use openclaw_auth::{checkpoint, identity, jwt, provider};
use tracing::{debug, error, warn};
use zeroize::Zeroizing;

use super::candidates::{Current, Login};
use super::endpoint::Issued;
use super::held::HeldStore;
use super::outcome::{MisconfiguredReason, Outcome, TransientReason};
use super::place::{Expected, Placed, place};
use super::recovery::{self, Record, RecoverySlot};
use super::refresher::Refresher;

/// How often main's copy is written again when another program writes the store at the same time.
const MIRROR_ATTEMPTS: usize = 10;

/// A login that was renewed and stored, for main's copy of it.
pub(super) struct Renewed {
    /// The locked store that holds it, as it was read back.
    store: HeldStore,
    changes: Vec<FieldChange>,
    expires: Timestamp,
}

/// Stores what the provider issued. Returns what main's copy needs.
pub(super) async fn commit(
    context: &Refresher,
    login: &Login,
    current: &Current,
    mut store: HeldStore,
    mut slot: RecoverySlot,
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
    if account.zip(issued_for).is_some_and(|(stored, issued)| stored.trim() != issued.trim()) {
        match slot.keep(recovery::OTHER_ACCOUNT) {
            Ok(path) => error!(
                "the provider answered for another account than that of {profile}; its tokens are kept in `{}`, and nothing is overwritten",
                path.display()
            ),
            Err(problem) => warn!("the other account's tokens are not kept: {problem}"),
        }
        let outcome = Outcome::Misconfigured(MisconfiguredReason::OtherAccount);
        return (context.remember_failure(login, &current.fingerprint, outcome).await, None);
    }
    let expected = Expected {
        is_spent: &|token| token == current.token.as_str(),
        provider: Some(&current.provider),
        is_foreign: &|stored| current.identity.contradicts(stored),
    };
    let expires = issued.expires;
    match place(&mut store, profile.as_str(), &expected, &changes).await {
        Ok(Placed::Stored) => {
            checkpoint::reached("saved");
            if let Err(problem) = slot.keep_as_generation(&context.state_dir) {
                debug!("the last generation of {profile} is not kept: {problem}");
            }
            context.remember_success(login, &current.fingerprint, &issued).await;
            (Outcome::Refreshed { expires }, Some(Renewed { store, changes, expires }))
        }
        Ok(Placed::Replaced { usable_until }) => {
            match slot.keep(recovery::SUPERSEDED) {
                Ok(path) => warn!(
                    "the profile {profile} was changed while it was being renewed; that change stays, and what was renewed is kept in `{}`",
                    path.display()
                ),
                Err(problem) => warn!("what was renewed of {profile} is not kept: {problem}"),
            }
            (usable_until.map_or(Outcome::Superseded, |expires| Outcome::AlreadyFresh { expires }), None)
        }
        Err(problem) => {
            match slot.keep(recovery::WAITING) {
                Ok(path) => error!(
                    "the new login of {profile} could not be stored ({problem}); it is kept in the recovery file `{}`; `authwatch refresh` stores it",
                    path.display()
                ),
                Err(second) => error!(
                    "the new login of {profile} could neither be stored ({problem}) nor kept in a recovery file ({second}): sign in again"
                ),
            }
            context.remember_success(login, &current.fingerprint, &issued).await;
            (Outcome::Transient(TransientReason::NotStored, None), None)
        }
    }
}

/// The fields to change. Everything else in the entry stays.
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

/// Gives main the new token, if main has no such login or an older one of the same account.
///
/// A stop does not wait for main's lock, because the login is already stored where it belongs.
pub(super) async fn mirror(context: &Refresher, login: &Login, renewed: &Renewed) {
    let Some(main) = login.main_store.as_deref().filter(|main| *main != login.store) else { return };
    let opening = store::open(main, MAIN_AGENT, tokio::time::sleep);
    let result = match context.stop.unless_requested(opening).await {
        None => Err("asked to stop while its lock is held".to_owned()),
        Some(Err(OpenError::Absent)) => return,
        Some(Err(problem)) => Err(problem.to_string()),
        Some(Ok(store)) => put(store.into(), login, renewed).await,
    };
    if let Err(problem) = result {
        warn!("the new login of {} is not mirrored into `{}`: {problem}", login.profile, main.display());
    }
}

async fn put(mut store: HeldStore, login: &Login, renewed: &Renewed) -> Result<(), String> {
    let shown = |problem: OpenError| problem.to_string();
    let ours = renewed.store.text().map_err(shown)?;
    let Some(mut next) = mirrored(store.text().map_err(shown)?, ours, login, renewed)? else { return Ok(()) };
    store.rehearse().await.map_err(|problem| problem.to_string())?;
    for _ in 0..MIRROR_ATTEMPTS {
        if store.replace(&next).await.map_err(|problem| problem.to_string())? == Written::Stored {
            return Ok(());
        }
        store.reread().await.map_err(shown)?;
        match mirrored(store.text().map_err(shown)?, ours, login, renewed)? {
            Some(again) => next = again,
            None => return Ok(()),
        }
    }
    Err("other programs keep writing it".to_owned())
}

/// Main's document with the new token; `None` where it stays as it is.
fn mirrored(
    main: &str,
    ours: &str,
    login: &Login,
    renewed: &Renewed,
) -> Result<Option<Zeroizing<String>>, String> {
    let parse = |text| Document::parse(text, SEMANTICS, Source::Json).map_err(|problem| problem.to_string());
    let profile = login.profile.as_str();
    let (document, ours_document) = (parse(main)?, parse(ours)?);
    let Some(refreshed) = ours_document.get(profile) else { return Ok(None) };
    let next = match (document.get(profile), edit::entry(main, profile)) {
        (Some(existing), _) => {
            let older = existing.expires.moment(SEMANTICS).is_none_or(|end| end < renewed.expires);
            let fits = existing.kind == CredentialKind::OAuth && identity::may_replace(existing, refreshed);
            if !(older && fits) {
                return Ok(None);
            }
            edit::set_fields(main, profile, &renewed.changes)
        }
        // An entry that OpenClaw does not read is not ours to replace.
        (None, Some(_)) => return Ok(None),
        (None, None) => {
            let Some(entry) = edit::entry(ours, profile) else { return Ok(None) };
            edit::put_profile(main, profile, entry)
        }
    };
    next.map(Some).map_err(|problem| problem.to_string())
}
