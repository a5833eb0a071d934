//! From the provider's answer to the rename, and to main's copy.

use std::path::Path;

use tracing::{debug, error, info, warn};
use zeroize::Zeroizing;

use super::exchange::{self, Issued};
use super::outcome::{Outcome, TransientReason};
use super::rescue::Spent;
use super::survey::Login;
use super::{Refresher, SEMANTICS, rescue};
use crate::checkpoint;
use crate::clock;
use crate::model::{CredentialKind, Millis, Source};
use crate::openclaw::credential::Credential;
use crate::openclaw::document::Document;
use crate::openclaw::edit::{self, Change};
use crate::openclaw::{identity, jwt};
use crate::store::{LockedStore, OpenError, Reserved};

/// What is known of the login that is renewed, from before its token was spent.
pub(super) struct Renewal<'a> {
    pub(super) login: &'a Login,
    pub(super) spent: Spent<'a>,
    pub(super) entry: &'a str,
}

/// What came of trying to store a new token.
enum Saved {
    /// It is stored.
    Stored(LockedStore, Zeroizing<String>),
    /// Somebody who asks for no lock has stored a newer login meanwhile: that one stays.
    Outdated(Option<Millis>),
}

impl Refresher {
    /// From the provider's answer to the rename: nothing here waits.
    pub(super) async fn persist(
        &self,
        renewal: &Renewal<'_>,
        reserved: Reserved,
        mut rescue: rescue::Reserved,
        issued: Issued,
    ) -> Outcome {
        let Renewal { login, spent, entry } = *renewal;
        let changes = changes(login, entry, &issued);
        let profile = login.profile.as_str();
        let written = rescue.fill(&login.store, profile, spent, issued.expires, &changes);
        if let Err(problem) = written {
            warn!("the new login of {profile} could not be written down at once: {problem}");
        }
        checkpoint::reached("filled");
        let account = edit::string_field(entry, "accountId");
        let issued_for = jwt::openai_account(&issued.tokens.access);
        let account = account.as_deref().map(String::as_str);
        if let Err(reason) = exchange::check_account(account, issued_for.as_deref()) {
            match rescue.set_aside(rescue::OTHER_ACCOUNT) {
                Ok(path) => error!(
                    "the provider answered for another account than that of {profile}; its tokens are kept in `{}`, and nothing is overwritten",
                    path.display()
                ),
                Err(problem) => warn!("the other account's tokens are not kept: {problem}"),
            }
            return self.failed(login, spent.name, Outcome::Misconfigured(reason));
        }
        match save(reserved, renewal, &changes) {
            Ok(Saved::Stored(store, json)) => {
                checkpoint::reached("saved");
                rescue.discard();
                self.remember_success(login, spent.name, &issued);
                if let Some(main) = login.main_store.as_deref().filter(|main| *main != login.store) {
                    mirror(main, login, &json, &changes, &issued).await;
                }
                checkpoint::reached("mirrored");
                drop(store);
                Outcome::Refreshed { expires: issued.expires }
            }
            Ok(Saved::Outdated(end)) => {
                match rescue.set_aside(rescue::SUPERSEDED) {
                    Ok(path) => info!(
                        "somebody has stored a newer login of {profile} meanwhile; what was renewed is kept in `{}`",
                        path.display()
                    ),
                    Err(problem) => warn!("what was renewed of {profile} is not kept: {problem}"),
                }
                Outcome::AlreadyFresh { expires: end.unwrap_or(issued.expires) }
            }
            Err(problem) => {
                match rescue.keep() {
                    Ok(path) => error!(
                        "the new login of {profile} could not be stored ({problem}); it is safe in `{}`, and `authwatch refresh` puts it back",
                        path.display()
                    ),
                    Err(second) => error!(
                        "the new login of {profile} could neither be stored ({problem}) nor rescued ({second}): sign in again"
                    ),
                }
                self.remember_success(login, spent.name, &issued);
                Outcome::Transient(TransientReason::Rescued, None)
            }
        }
    }
}

/// The fields a new token changes. Everything else in the entry stays.
fn changes(login: &Login, entry: &str, issued: &Issued) -> Vec<Change> {
    let mut changes: Vec<Change> = vec![("access", edit::text(&issued.tokens.access))];
    if let Some(refresh) = &issued.tokens.refresh {
        changes.push(("refresh", edit::text(refresh)));
    }
    changes.push(("expires", Zeroizing::new(format!("{:.0}", issued.expires.0))));
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

/// Stores the new token. The store is read once more: not every writer asks for the lock.
fn save(mut reserved: Reserved, renewal: &Renewal<'_>, changes: &[Change]) -> Result<Saved, String> {
    if let Err(problem) = reserved.store.read() {
        debug!("{problem}");
    }
    let profile = renewal.login.profile.as_str();
    let json = {
        let text = reserved.store.text().map_err(|problem| problem.to_string())?;
        if let Ok(document) = Document::parse(text, SEMANTICS, Source::Json)
            && let Some(stored) = document.get(profile)
            && is_newer(stored, renewal)
        {
            return Ok(Saved::Outdated(stored.expires.moment(SEMANTICS)));
        }
        edit::set_fields(text, profile, changes).map_err(|problem| problem.to_string())?
    };
    let store = reserved.commit(&json).map_err(|problem| problem.to_string())?;
    Ok(Saved::Stored(store, json))
}

/// Whether what is stored now is another login than the one whose token was spent, or no login any more. A late writer that has
/// put an older one there has not: that one ends sooner, and is replaced.
fn is_newer(stored: &Credential<'_>, renewal: &Renewal<'_>) -> bool {
    let is_spent =
        stored.refresh.as_ref().is_some_and(|token| token.expose() == renewal.spent.token.as_str());
    let ends_later = stored.expires.moment(SEMANTICS) > renewal.login.expires;
    stored.kind != CredentialKind::OAuth
        || !is_spent && ends_later && stored.is_usable(clock::now(), SEMANTICS)
}

/// Gives main the new token, if main has none of that login or an older one of the same account.
async fn mirror(main: &Path, login: &Login, json: &str, changes: &[Change], issued: &Issued) {
    let result = async {
        let store = match LockedStore::open(main).await {
            Ok(store) => store,
            Err(OpenError::Absent) => return Ok(()),
            Err(problem) => return Err(problem.to_string()),
        };
        let text = Zeroizing::new(store.text().map_err(|problem| problem.to_string())?.to_owned());
        let document =
            Document::parse(&text, SEMANTICS, Source::Json).map_err(|problem| problem.to_string())?;
        let ours = Document::parse(json, SEMANTICS, Source::Json).map_err(|problem| problem.to_string())?;
        let profile = login.profile.as_str();
        let Some(refreshed) = ours.get(profile) else { return Ok(()) };
        let next = match document.get(profile) {
            None => {
                let Some(entry) = edit::entry(json, profile) else { return Ok(()) };
                edit::put_profile(&text, profile, entry)
            }
            Some(existing) => {
                let older = existing.expires.moment(SEMANTICS).is_none_or(|end| end < issued.expires);
                let fits =
                    existing.kind == CredentialKind::OAuth && identity::may_replace(existing, refreshed);
                if !(older && fits) {
                    return Ok(());
                }
                edit::set_fields(&text, profile, changes)
            }
        };
        let next = next.map_err(|problem| problem.to_string())?;
        let reserved = store.reserve().map_err(|problem| problem.to_string())?;
        reserved.commit(&next).map(|_| ()).map_err(|problem| problem.to_string())
    };
    if let Err(problem) = result.await {
        // The login itself is safe where it belongs; main's copy is only older.
        warn!("the new login of {} is not mirrored into `{}`: {problem}", login.profile, main.display());
    }
}
