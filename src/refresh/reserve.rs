//! Before a token is spent: both locks, and another look at what is there now.

use std::path::PathBuf;
use std::time::Instant;

use tracing::{info, warn};
use zeroize::Zeroizing;

use super::outcome::{NotRenewable, Outcome, TransientReason};
use super::plan::{Candidate, Clocks, Decision, decide};
use super::survey::{self, Login, jitter_of};
use super::{Refresher, SEMANTICS, rescue};
use crate::checkpoint;
use crate::clock;
use crate::locking::{self, REFRESH_LOCK, Taken};
use crate::model::{CredentialKind, Millis, Source};
use crate::openclaw::credential::Credential;
use crate::openclaw::document::Document;
use crate::openclaw::{edit, identity, lock};
use crate::paths;
use crate::state::{Fingerprint, Memory};
use crate::store::{LockedStore, OpenError};

/// A login that is due, as its store holds it while the locks are held.
pub(super) struct Spendable {
    pub(super) fingerprint: Fingerprint,
    pub(super) refresh_token: Zeroizing<String>,
    pub(super) entry: Zeroizing<String>,
}

/// Both locks, taken in OpenClaw's order. The store's is dropped first.
pub(super) struct Locks {
    pub(super) store: LockedStore,
    pub(super) refresh: locking::LockGuard,
}

impl Refresher {
    /// Takes both locks, reads again and decides again.
    pub(super) async fn reserve(&self, login: &Login, force: bool) -> Result<(Spendable, Locks), Outcome> {
        if let Err(reason) = login.renewable {
            return Err(Outcome::NotRenewable(reason));
        }
        let path = self.refresh_lock(lock::refresh_lock_name, login);
        let start = Instant::now();
        let taken = locking::take(&path, REFRESH_LOCK).await;
        if !matches!(taken, Taken::Held(_)) {
            self.note_wait(start.elapsed(), 0);
        }
        let refresh_lock = match taken {
            Taken::Held(lock) => lock,
            Taken::Busy(holder) => {
                info!("gave up waiting: {}", holder.describe());
                self.note_wait(start.elapsed(), 0);
                return Err(Outcome::Contended);
            }
            Taken::Unsupported(problem) | Taken::Failed(problem) => {
                warn!("the refresh lock `{}` cannot be taken: {problem}", path.display());
                return Err(Outcome::Transient(TransientReason::StoreNotWritable, None));
            }
        };
        checkpoint::reached("refresh-locked");
        let store = LockedStore::open(&login.store).await;
        let broken = refresh_lock.broken + store.as_ref().map_or(0, LockedStore::broken_locks);
        self.note_wait(start.elapsed(), broken);
        let store = store.map_err(|problem| unopened(login, &problem))?;
        let spendable = self.decide_again(login, &store, force)?;
        Ok((spendable, Locks { store, refresh: refresh_lock }))
    }

    /// Where the refresh lock of a login is, by one release's way to name it.
    pub(super) fn refresh_lock(&self, name: fn(&str, &str) -> String, login: &Login) -> PathBuf {
        let name = name(&login.provider_as_written, login.profile.as_str());
        paths::refresh_locks(&self.roots.state).join(name + ".lock")
    }

    fn decide_again(&self, login: &Login, store: &LockedStore, force: bool) -> Result<Spendable, Outcome> {
        let text = store.text().map_err(|problem| unopened(login, &problem))?;
        let document = Document::parse(text, SEMANTICS, Source::Json).map_err(|problem| {
            warn!("`{}` is {problem}", login.store.display());
            Outcome::Transient(TransientReason::StoreNotReadable, None)
        })?;
        let gone = Outcome::NotRenewable(NotRenewable::Gone);
        let credential = document.get(login.profile.as_str()).ok_or(gone)?;
        if credential.kind != CredentialKind::OAuth {
            return Err(Outcome::NotRenewable(NotRenewable::Static));
        }
        if credential.fence().is_some() {
            return Err(Outcome::NotRenewable(NotRenewable::Fenced));
        }
        let token = credential.refresh.as_ref().ok_or(Outcome::NotRenewable(NotRenewable::NoRefreshToken))?;
        let memory = self.memory().map_err(|problem| {
            warn!("{problem}");
            Outcome::Transient(TransientReason::StoreNotWritable, None)
        })?;
        let fingerprint = memory.fingerprint(token.expose());
        let clocks = Clocks { now: clock::now(), boot: clock::boot() };
        let expires = credential.expires.moment(SEMANTICS);
        // Somebody has renewed it since it was planned: even a forced refresh has nothing to do.
        let changed = login.fingerprint.as_ref().is_some_and(|planned| *planned != fingerprint);
        let candidate = Candidate {
            renewable: Ok(()),
            expires,
            record: memory.login(&fingerprint),
            jitter: jitter_of(&fingerprint),
        };
        match (decide(&candidate, &clocks, force && !changed), expires) {
            (Decision::Due, _) | (Decision::Fresh { .. }, None) => {}
            (Decision::Fresh { .. }, Some(expires)) => return Err(Outcome::AlreadyFresh { expires }),
            (Decision::Dead(reason), _) => return Err(Outcome::Dead(reason)),
            (Decision::Waiting { .. }, _) if force => {}
            (Decision::Waiting { until }, _) => {
                let wait = Millis(until.0 - clocks.now.0);
                return Err(Outcome::Transient(TransientReason::BackingOff, Some(wait)));
            }
            (Decision::NotRenewable(reason), _) => return Err(Outcome::NotRenewable(reason)),
        }
        if let Some(expires) = adopted(login, credential, clocks.now) {
            return Err(Outcome::Adopted { expires });
        }
        if let Some(outcome) = self.spent_before(login, token.expose(), &fingerprint, &memory) {
            return Err(outcome);
        }
        let refresh_token = Zeroizing::new(token.expose().to_owned());
        let entry =
            edit::entry(text, login.profile.as_str()).ok_or(Outcome::NotRenewable(NotRenewable::Gone))?;
        let entry = Zeroizing::new(entry.to_owned());
        Ok(Spendable { fingerprint, refresh_token, entry })
    }
}

impl Refresher {
    /// A token that was renewed before, and whose successor is somewhere else, is not presented again: that would end the
    /// successor, too. It is where a copy was made of it, or where the successor could not be stored.
    fn spent_before(
        &self,
        login: &Login,
        token: &str,
        name: &Fingerprint,
        memory: &Memory,
    ) -> Option<Outcome> {
        if rescue::holds_successor(&self.state_dir, token, memory) {
            return Some(Outcome::Transient(TransientReason::Rescued, None));
        }
        let successors = memory.successors(name);
        if successors.is_empty() {
            return None;
        }
        let is_successor = |other: &Credential<'_>| {
            let found = memory.fingerprint(other.refresh.as_ref()?.expose());
            let end = other.expires.moment(SEMANTICS).filter(|_| other.is_usable(clock::now(), SEMANTICS));
            // Where it has ended itself, it is about to be renewed.
            let outcome = end.map_or(Outcome::Contended, |expires| Outcome::Adopted { expires });
            successors.contains(&found).then_some(outcome)
        };
        let stores = survey::json_stores(&self.roots);
        stores.iter().find_map(|store| survey::copy_in(store, &login.profile, is_successor))
    }
}

/// Main's copy of the same account's login, where it is usable: OpenClaw's agents adopt it, so there is nothing to spend.
fn adopted(login: &Login, own: &Credential<'_>, now: Millis) -> Option<Millis> {
    let main = login.main_store.as_deref().filter(|main| *main != login.store)?;
    survey::copy_in(main, &login.profile, |theirs| {
        let usable = theirs.is_usable(now, SEMANTICS) && identity::may_replace(own, theirs);
        if usable { theirs.expires.moment(SEMANTICS) } else { None }
    })
}

fn unopened(login: &Login, problem: &OpenError) -> Outcome {
    match problem {
        OpenError::Busy(holder) => {
            info!("gave up waiting: {}", holder.describe());
            Outcome::Contended
        }
        OpenError::Absent => Outcome::NotRenewable(NotRenewable::Gone),
        OpenError::Lock(source) => {
            warn!("`{}`: {problem}: {source}", login.store.display());
            Outcome::Transient(TransientReason::StoreNotWritable, None)
        }
        OpenError::Read(_) => {
            warn!("{problem}");
            Outcome::Transient(TransientReason::StoreNotReadable, None)
        }
    }
}
