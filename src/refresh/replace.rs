//! From the provider's answer to the rename, and to main's copy.

use std::path::Path;

use tracing::{debug, error, warn};
use zeroize::Zeroizing;

use super::exchange::{self, Issued};
use super::outcome::{Outcome, TransientReason};
use super::survey::Login;
use super::{Refresher, SEMANTICS, rescue};
use crate::checkpoint;
use crate::model::{CredentialKind, Source};
use crate::openclaw::document::Document;
use crate::openclaw::edit::{self, Change};
use crate::openclaw::{identity, jwt};
use crate::state::Fingerprint;
use crate::store::{LockedStore, OpenError, Reserved};

impl Refresher {
    /// From the provider's answer to the rename: nothing here waits.
    pub(super) async fn persist(
        &self,
        login: &Login,
        mut reserved: Reserved,
        rescue: rescue::Reserved,
        spent: &Fingerprint,
        entry: &str,
        issued: Issued,
    ) -> Outcome {
        let changes = changes(login, entry, &issued);
        let account = edit::string_field(entry, "accountId");
        let issued_for = jwt::openai_account(&issued.tokens.access);
        let wrong =
            exchange::check_account(account.as_deref().map(String::as_str), issued_for.as_deref()).err();
        let profile = login.profile.as_str();
        let saved = match wrong {
            Some(reason) => Err((reason.to_string(), Outcome::Misconfigured(reason))),
            None => save(&mut reserved, profile, &changes)
                .and_then(|json| {
                    reserved.commit(&json).map(|store| (store, json)).map_err(|problem| problem.to_string())
                })
                .map_err(|problem| (problem, Outcome::Transient(TransientReason::Rescued, None))),
        };
        let (store, json) = match saved {
            Ok(saved) => saved,
            Err((problem, outcome)) => {
                match rescue.keep(&login.store, profile, spent, issued.expires, &changes) {
                    Ok(path) => error!(
                        "the new login of {profile} could not be stored ({problem}); it is safe in `{}`, and `authwatch refresh` puts it back",
                        path.display()
                    ),
                    Err(second) => error!(
                        "the new login of {profile} could neither be stored ({problem}) nor rescued ({second}): sign in again"
                    ),
                }
                return outcome;
            }
        };
        checkpoint::reached("saved");
        drop(rescue);
        self.remember_success(login, spent, &issued);
        if let Some(main) = login.main_store.as_deref().filter(|main| *main != login.store) {
            mirror(main, login, &json, &changes, &issued).await;
        }
        checkpoint::reached("mirrored");
        drop(store);
        Outcome::Refreshed { expires: issued.expires }
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

/// The store's next text. It is read once more: not every writer asks for the lock.
fn save(reserved: &mut Reserved, profile: &str, changes: &[Change]) -> Result<Zeroizing<String>, String> {
    if let Err(problem) = reserved.store.read() {
        debug!("{problem}");
    }
    let text = reserved.store.text().map_err(|problem| problem.to_string())?;
    edit::set_fields(text, profile, changes).map_err(|problem| problem.to_string())
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
