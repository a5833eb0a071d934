//! Main's copy of a login that was renewed in an agent's store: OpenClaw's other agents inherit it from there.

use openclaw_auth::document::Document;
use openclaw_auth::model::{CredentialKind, Source};
use openclaw_auth::store::{JsonStore, OpenError, Store, Written};
use openclaw_auth::{edit, identity};
use tracing::warn;
use zeroize::Zeroizing;

use super::candidates::{Login, SEMANTICS};
use super::commit::Renewed;
use super::refresher::Refresher;

/// Main's store may be written by others between a look at it and the rename so often.
const ATTEMPTS: usize = 10;

/// Gives main the new token, if main has none of that login or an older one of the same account.
///
/// The login itself is safe where it belongs, so a stop is not kept waiting for main's lock.
pub(super) async fn mirror(context: &Refresher, login: &Login, renewed: &Renewed) {
    let Some(main) = login.main_store.as_deref().filter(|main| *main != login.store) else { return };
    let result = match context.stop.unless_requested(JsonStore::open(main, tokio::time::sleep)).await {
        None => Err("asked to stop while its lock is held".to_owned()),
        Some(Err(OpenError::Absent)) => return,
        Some(Err(problem)) => Err(problem.to_string()),
        Some(Ok(store)) => put(store, login, renewed),
    };
    if let Err(problem) = result {
        warn!("the new login of {} is not mirrored into `{}`: {problem}", login.profile, main.display());
    }
}

fn put(mut store: JsonStore, login: &Login, renewed: &Renewed) -> Result<(), String> {
    let shown = |problem: OpenError| problem.to_string();
    let ours = renewed.store.text().map_err(shown)?;
    let Some(mut next) = mirrored(store.text().map_err(shown)?, ours, login, renewed)? else { return Ok(()) };
    store.rehearse().map_err(|problem| problem.to_string())?;
    for _ in 0..ATTEMPTS {
        if store.replace(&next).map_err(|problem| problem.to_string())? == Written::Stored {
            return Ok(());
        }
        store.reread().map_err(shown)?;
        match mirrored(store.text().map_err(shown)?, ours, login, renewed)? {
            Some(again) => next = again,
            None => return Ok(()),
        }
    }
    Err("it is rewritten all the time".to_owned())
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
        // Something stands there that OpenClaw does not read. It is not ours to replace.
        (None, Some(_)) => return Ok(None),
        (None, None) => {
            let Some(entry) = edit::entry(ours, profile) else { return Ok(None) };
            edit::put_profile(main, profile, entry)
        }
    };
    next.map(Some).map_err(|problem| problem.to_string())
}
