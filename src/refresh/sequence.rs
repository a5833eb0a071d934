//! Renewing one login, in an order that never loses it:
//!
//! 1. *discover* the token endpoint, which may need the network, before anything is locked;
//! 2. *acquire* the refresh lock, then the store (a file by its own lock), read it again, and decide again;
//! 3. *rehearse*: check that the store can be replaced, and reserve a recovery file, without changing anything;
//! 4. *request*: one call;
//! 5. *commit*: write the answer to the recovery file, then to the store, only over the token that was used;
//! 6. *mirror* it into main's store.
//!
//! Before the call, a stop ends every wait and nothing is lost. From the call to the commit, only the end of the process can
//! interrupt.

use std::path::Path;
use std::time::{Duration, Instant};

use openclaw_auth::checkpoint;
use openclaw_auth::credential::Credential;
use openclaw_auth::document::Document;
use openclaw_auth::locking::{self, LockGuard};
use openclaw_auth::model::{CredentialKind, Source, Timestamp};
use openclaw_auth::secret::SecretBuffer;
use openclaw_auth::store::{self, OpenError, Refusal, SEMANTICS, Written};
use openclaw_auth::{edit, identity};
use tracing::{debug, info, warn};
use zeroize::Zeroizing;

use super::answer::TokenAnswer;
use super::candidates::{self, Current, Identity, Login};
use super::endpoint::{self, Issued, ResolvedEndpoint};
use super::held::HeldStore;
use super::locks::{self, refresh_locks};
use super::outcome::{MisconfiguredReason, NotRenewable, Outcome, TransientReason};
use super::plan::{Candidate, Clocks, Decision, decide};
use super::refresher::Refresher;
use super::{commit, recovery};
use crate::clock;
use crate::config::{self, RefreshConfig};
use crate::http::HttpClient;
use crate::model::LoginReason;
use crate::state::{Fingerprint, Memory};

/// Long enough to notice a stop signal that was sent before.
const SIGNAL_DELAY: Duration = Duration::from_millis(5);

/// Renews one login, if it is (still) due.
pub(super) async fn renew(context: &Refresher, login: &Login, force: bool) -> Outcome {
    let outcome = attempt(context, login, force).await.unwrap_or_else(|outcome| outcome);
    log(login, &outcome);
    outcome
}

/// The sequence. An early end is an outcome, too.
async fn attempt(context: &Refresher, login: &Login, force: bool) -> Result<Outcome, Outcome> {
    login.renewable.map_err(Outcome::NotRenewable)?;
    let client = client(context)?;
    let endpoint = discover(context, client, login).await?;
    let Locks { mut store, refresh } = acquire(context, login).await?;
    let current = decide_again(context, login, &store, force)?;
    let resolved = resolve(login, &context.config.refresh, &current.entry);
    if resolved.as_ref().is_ok_and(|resolved| resolved.location != endpoint.resolved.location) {
        // The entry names another endpoint now. The next attempt discovers that one.
        return Err(Outcome::Contended);
    }
    let slot = rehearse(context, login, &current, &mut store).await?;
    checkpoint::reached("reserved");
    // Nothing has waited since the locks were taken, so a stop signal may not have been seen yet.
    if context.stop.unless_requested(tokio::time::sleep(SIGNAL_DELAY)).await.is_none() {
        return Err(Outcome::Stopped);
    }
    // If another process holds a lock now, both would present the token.
    let [_, other] =
        refresh_locks(&context.roots, &login.store, login.provider.as_str(), login.profile.as_str());
    if !(store.is_still_ours().await && locking::may_begin(&refresh, &other)) {
        warn!("another process has begun to renew {}; no token is used", login.profile);
        return Err(Outcome::Contended);
    }
    let issued = request(context, client, login, &current, &endpoint).await?;
    let (outcome, renewed) = commit::commit(context, login, &current, store, slot, issued).await;
    if let Some(renewed) = renewed {
        commit::mirror(context, login, &renewed).await;
        checkpoint::reached("mirrored");
    }
    drop(refresh);
    Ok(outcome)
}

fn client(context: &Refresher) -> Result<&HttpClient, Outcome> {
    context.client().map_err(|problem| {
        warn!("{problem}");
        Outcome::Transient(TransientReason::Tls, None)
    })
}

struct Endpoint {
    resolved: ResolvedEndpoint,
    url: hyper::Uri,
}

/// Finds the token endpoint. Nothing is locked yet, because what others write meanwhile is read afterwards.
async fn discover(context: &Refresher, client: &HttpClient, login: &Login) -> Result<Endpoint, Outcome> {
    let failed = async |outcome: Outcome| match &login.fingerprint {
        Some(token) => context.remember_failure(login, token, outcome).await,
        None => outcome,
    };
    let entry = entry(login).ok_or(Outcome::NotRenewable(NotRenewable::Gone))?;
    let resolved = match resolve(login, &context.config.refresh, &entry) {
        Ok(resolved) => resolved,
        Err(reason) => return Err(failed(Outcome::Misconfigured(reason)).await),
    };
    let located = context.stop.unless_requested(endpoint::locate(client, &resolved)).await;
    match located.ok_or(Outcome::Stopped)? {
        Ok(url) => Ok(Endpoint { resolved, url }),
        Err(verdict) => Err(failed(outcome_of(&verdict)).await),
    }
}

/// Checks a login's token endpoint by the configuration and its entry, without the network.
pub fn check_endpoint(login: &Login, config: &RefreshConfig) -> Result<(), MisconfiguredReason> {
    entry(login).map_or(Ok(()), |entry| resolve(login, config, &entry).map(drop))
}

fn resolve(
    login: &Login,
    config: &RefreshConfig,
    entry: &str,
) -> Result<ResolvedEndpoint, MisconfiguredReason> {
    let field = |name: &str| edit::string_field(entry, name);
    endpoint::resolve(login.provider.as_str(), config, field, config::variable)
}

/// The login's entry as it is stored now.
fn entry(login: &Login) -> Option<Zeroizing<String>> {
    let mut buffer = SecretBuffer::default();
    let text = store::read(&login.store, &mut buffer).ok()??;
    edit::entry(text, login.profile.as_str()).map(|entry| Zeroizing::new(entry.to_owned()))
}

/// What is held, in OpenClaw's order of taking it. The store is released first.
struct Locks {
    store: HeldStore,
    refresh: LockGuard,
}

async fn acquire(context: &Refresher, login: &Login) -> Result<Locks, Outcome> {
    let start = Instant::now();
    let mut broken = 0;
    let locks = context.stop.unless_requested(take_both(context, login, &mut broken)).await;
    context.note_wait(start.elapsed(), broken);
    locks.unwrap_or(Err(Outcome::Stopped))
}

async fn take_both(context: &Refresher, login: &Login, broken: &mut u32) -> Result<Locks, Outcome> {
    let [path, _] =
        refresh_locks(&context.roots, &login.store, login.provider.as_str(), login.profile.as_str());
    let refresh = locks::take(&path).await.map_err(|problem| unopened(&path, &problem))?;
    *broken += refresh.broken;
    let store = store::open(&login.store, login.agent.as_str(), tokio::time::sleep)
        .await
        .map_err(|problem| unopened(&login.store, &problem))?;
    *broken += store.broken_locks();
    Ok(Locks { store: store.into(), refresh })
}

fn unopened(store: &Path, problem: &OpenError) -> Outcome {
    match problem {
        OpenError::Busy(holder) => {
            info!("gave up waiting: {}", holder.describe());
            Outcome::Contended
        }
        OpenError::Absent => Outcome::NotRenewable(NotRenewable::Gone),
        OpenError::Lock(source) => {
            warn!("`{}`: {problem}: {source}", store.display());
            Outcome::Transient(TransientReason::StoreNotWritable, None)
        }
        OpenError::Refused(refusal) => {
            info!("`{}` is not written: {problem}", store.display());
            Outcome::NotRenewable(match refusal {
                Refusal::Schema(_) | Refusal::NotBuilt => NotRenewable::Database,
                Refusal::OtherAgent => NotRenewable::OtherAgent,
                Refusal::OtherOwner(_) => NotRenewable::OtherOwner,
                Refusal::ForeignHolder(_) => NotRenewable::OtherNamespace,
            })
        }
        OpenError::Read(_) => {
            warn!("{problem}");
            Outcome::Transient(TransientReason::StoreNotReadable, None)
        }
    }
}

fn decide_again(
    context: &Refresher,
    login: &Login,
    store: &HeldStore,
    force: bool,
) -> Result<Current, Outcome> {
    let text = store.text().map_err(|problem| unopened(&login.store, &problem))?;
    let document = Document::parse(text, SEMANTICS, Source::Json).map_err(|problem| {
        warn!("`{}` is {problem}", login.store.display());
        Outcome::Transient(TransientReason::StoreNotReadable, None)
    })?;
    let gone = Outcome::NotRenewable(NotRenewable::Gone);
    let credential = document.get(login.profile.as_str()).ok_or(gone.clone())?;
    if credential.kind != CredentialKind::OAuth {
        return Err(Outcome::NotRenewable(NotRenewable::Static));
    }
    if credential.fence().is_some() {
        return Err(Outcome::NotRenewable(NotRenewable::Fenced));
    }
    let token = credential.refresh.as_ref().ok_or(Outcome::NotRenewable(NotRenewable::NoRefreshToken))?;
    let memory = context.memory().map_err(|problem| {
        warn!("{problem}");
        Outcome::Transient(TransientReason::StoreNotWritable, None)
    })?;
    let fingerprint = memory.fingerprint(token.expose());
    let clocks = Clocks { now: clock::now(), boot: clock::boot() };
    let expires = credential.expires.moment(SEMANTICS);
    // Another program renewed it since it was planned, so even a forced refresh has nothing to do.
    let changed = login.fingerprint.as_ref().is_some_and(|planned| *planned != fingerprint);
    let candidate = Candidate {
        renewable: Ok(()),
        expires,
        record: memory.login(&fingerprint),
        jitter: candidates::jitter_of(&fingerprint),
    };
    match (decide(&candidate, &clocks, force && !changed), expires) {
        (Decision::Due, _) | (Decision::Fresh { .. }, None) => {}
        (Decision::Fresh { .. }, Some(expires)) => return Err(Outcome::AlreadyFresh { expires }),
        (Decision::NeedsSignIn(reason), _) => return Err(Outcome::NeedsSignIn(reason)),
        (Decision::Waiting { .. }, _) if force => {}
        (Decision::Waiting { until }, _) => {
            let wait = until - clocks.now;
            return Err(Outcome::Transient(TransientReason::BackingOff, Some(wait)));
        }
        (Decision::NotRenewable(reason), _) => return Err(Outcome::NotRenewable(reason)),
    }
    if let Some(expires) = adopted(login, credential, clocks.now) {
        return Err(Outcome::Adopted { expires });
    }
    if let Some(outcome) = spent_before(context, login, token.expose(), &fingerprint, &memory) {
        return Err(outcome);
    }
    let entry = edit::entry(text, login.profile.as_str()).ok_or(gone)?;
    Ok(Current {
        token: Zeroizing::new(token.expose().to_owned()),
        fingerprint,
        entry: Zeroizing::new(entry.to_owned()),
        provider: credential.provider.to_string(),
        identity: Identity::of(credential),
    })
}

/// The expiry of main's copy of the login, where it is usable: OpenClaw's agents adopt it, so no token is used.
fn adopted(login: &Login, own: &Credential<'_>, now: Timestamp) -> Option<Timestamp> {
    let main = login.main_store.as_deref().filter(|main| *main != login.store)?;
    candidates::copy_in(main, login.profile.as_str(), |theirs| {
        let usable = theirs.is_usable(now, SEMANTICS) && identity::may_replace(own, theirs);
        if usable { theirs.expires.moment(SEMANTICS) } else { None }
    })
}

/// A token that was used before is not presented again: that would revoke its successor, which is in another store or in a recovery
/// file.
fn spent_before(
    context: &Refresher,
    login: &Login,
    token: &str,
    name: &Fingerprint,
    memory: &Memory,
) -> Option<Outcome> {
    if recovery::holds_successor(&context.state_dir, login, token, memory) {
        return Some(Outcome::Transient(TransientReason::NotStored, None));
    }
    let successors = memory.successors(name);
    if successors.is_empty() {
        return None;
    }
    // Copies of one login may have different profile IDs.
    let is_successor = |_: &str, other: &Credential<'_>| {
        let found = memory.fingerprint(other.refresh.as_ref()?.expose());
        let end = other.expires.moment(SEMANTICS).filter(|_| other.is_usable(clock::now(), SEMANTICS));
        // An expired successor is about to be renewed.
        let outcome = end.map_or(Outcome::Contended, |expires| Outcome::Adopted { expires });
        successors.contains(&found).then_some(outcome)
    };
    let stores = candidates::stores(&context.roots);
    stores.iter().find_map(|store| candidates::find_in(store, is_successor))
}

async fn rehearse(
    context: &Refresher,
    login: &Login,
    current: &Current,
    store: &mut HeldStore,
) -> Result<recovery::RecoverySlot, Outcome> {
    let written = store.rehearse().await;
    if let Ok(Written::Changed) = written {
        return Err(Outcome::Contended);
    }
    match written.and_then(|_| recovery::reserve(&context.state_dir)) {
        Ok(slot) => Ok(slot),
        Err(problem) => {
            warn!("`{}` cannot be replaced, so no token is used: {problem}", login.store.display());
            let outcome = Outcome::Transient(TransientReason::StoreNotWritable, None);
            Err(context.remember_failure(login, &current.fingerprint, outcome).await)
        }
    }
}

/// The call. A refusal is an outcome, and remembered.
async fn request(
    context: &Refresher,
    client: &HttpClient,
    login: &Login,
    current: &Current,
    endpoint: &Endpoint,
) -> Result<Issued, Outcome> {
    let answered = endpoint::refresh(client, &endpoint.url, &endpoint.resolved, &current.token).await;
    checkpoint::reached("answered");
    let outcome = match answered {
        Ok(issued) => return Ok(issued),
        Err(TokenAnswer::NeedsSignIn(LoginReason::RefreshTokenReused)) => {
            // Another agent may hold the successor.
            match successor(context, login, &current.fingerprint) {
                Some(expires) => return Err(Outcome::Adopted { expires }),
                None => Outcome::NeedsSignIn(LoginReason::RefreshTokenReused),
            }
        }
        Err(verdict) => outcome_of(&verdict),
    };
    Err(context.remember_failure(login, &current.fingerprint, outcome).await)
}

/// The expiry of another agent's usable copy of the login, with another token.
fn successor(context: &Refresher, login: &Login, spent: &Fingerprint) -> Option<Timestamp> {
    let memory = context.memory().ok()?;
    let is_successor = |other: &Credential<'_>| {
        let differs =
            other.refresh.as_ref().is_some_and(|token| memory.fingerprint(token.expose()) != *spent);
        let same = login.identity.matches(other);
        if differs && same && other.is_usable(clock::now(), SEMANTICS) {
            other.expires.moment(SEMANTICS)
        } else {
            None
        }
    };
    let stores = candidates::stores(&context.roots);
    stores.iter().find_map(|store| candidates::copy_in(store, login.profile.as_str(), is_successor))
}

fn outcome_of(verdict: &TokenAnswer) -> Outcome {
    match verdict {
        TokenAnswer::NeedsSignIn(reason) => Outcome::NeedsSignIn(*reason),
        TokenAnswer::Transient(reason, retry_after) => Outcome::Transient(*reason, *retry_after),
        TokenAnswer::Misconfigured(reason) => Outcome::Misconfigured(*reason),
        TokenAnswer::Tokens(_) => Outcome::Misconfigured(MisconfiguredReason::InvalidRequest),
    }
}

/// Tokens are named by the start of their fingerprints.
fn log(login: &Login, outcome: &Outcome) {
    let token = login.fingerprint.as_ref().map_or("-", Fingerprint::short);
    let (agent, profile, word) = (&login.agent, &login.profile, outcome.as_str());
    let reason = outcome.reason().unwrap_or("-");
    match outcome {
        Outcome::NeedsSignIn(_) | Outcome::Misconfigured(_) | Outcome::Superseded => {
            warn!(%agent, %profile, token, reason, "refresh: {word}");
        }
        Outcome::Transient(..) | Outcome::Refreshed { .. } => {
            info!(%agent, %profile, token, reason, "refresh: {word}");
        }
        _ => debug!(%agent, %profile, token, reason, "refresh: {word}"),
    }
}
