//! The call itself, and what follows from each answer.

use tracing::warn;

use super::answer::Verdict;
use super::outcome::{MisconfiguredReason, Outcome, TransientReason};
use super::replace::Renewal;
use super::rescue::Spent;
use super::reserve::{Locks, Spendable};
use super::survey::{self, Login};
use super::{Refresher, SEMANTICS, endpoint, exchange, rescue};
use crate::checkpoint;
use crate::clock;
use crate::config;
use crate::locking;
use crate::model::{LoginReason, Millis};
use crate::openclaw::credential::Credential;
use crate::openclaw::{edit, lock};
use crate::state::Fingerprint;

impl Refresher {
    /// Calls the provider and stores what it issues.
    pub(super) async fn spend(&self, login: &Login, spendable: Spendable, locks: Locks) -> Outcome {
        let Spendable { fingerprint, refresh_token, entry } = spendable;
        // Declared in this order, they are released in the reverse one.
        let Locks { refresh, store } = locks;
        let resolved = endpoint::resolve(
            login.provider.as_str(),
            &self.config.refresh,
            |name| edit::string_field(&entry, name),
            config::variable,
        );
        let resolved = match resolved {
            Ok(resolved) => resolved,
            Err(reason) => return self.failed(login, &fingerprint, Outcome::Misconfigured(reason)),
        };
        let client = match self.client() {
            Ok(client) => client,
            Err(problem) => {
                warn!("{problem}");
                return self.failed(login, &fingerprint, Outcome::Transient(TransientReason::Tls, None));
            }
        };
        let url = match exchange::locate(client, &resolved).await {
            Ok(url) => url,
            Err(verdict) => return self.failed(login, &fingerprint, outcome_of(&verdict)),
        };
        let (reserved, rescue) =
            match store.reserve().and_then(|reserved| Ok((reserved, rescue::reserve(&self.state_dir)?))) {
                Ok(both) => both,
                Err(problem) => {
                    warn!("`{}` cannot be replaced, so no token is spent: {problem}", login.store.display());
                    let outcome = Outcome::Transient(TransientReason::StoreNotWritable, None);
                    return self.failed(login, &fingerprint, outcome);
                }
            };
        checkpoint::reached("reserved");
        // Whoever sees another holder now would present the token together with it.
        let newer = self.refresh_lock(lock::newer_refresh_lock_name, login);
        if !locking::may_begin(&refresh, reserved.store.lock_held(), &newer) {
            warn!("somebody else has begun to renew {}; it is left to them", login.profile);
            return Outcome::Contended;
        }
        let answered = exchange::exchange(client, &url, &resolved, &refresh_token).await;
        checkpoint::reached("answered");
        match answered {
            Ok(issued) => {
                let spent = Spent { name: &fingerprint, token: &refresh_token };
                self.persist(&Renewal { login, spent, entry: &entry }, reserved, rescue, issued).await
            }
            Err(Verdict::Dead(LoginReason::RefreshTokenReused)) => {
                // A peer may hold the successor of the token that we found spent.
                match self.successor(login, &fingerprint) {
                    Some(expires) => Outcome::Adopted { expires },
                    None => self.failed(login, &fingerprint, Outcome::Dead(LoginReason::RefreshTokenReused)),
                }
            }
            Err(verdict) => self.failed(login, &fingerprint, outcome_of(&verdict)),
        }
    }

    /// Another agent's copy of the login with another token, which is usable.
    fn successor(&self, login: &Login, spent: &Fingerprint) -> Option<Millis> {
        let memory = self.memory().ok()?;
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
        let stores = survey::json_stores(&self.roots);
        stores.iter().find_map(|store| survey::copy_in(store, &login.profile, is_successor))
    }
}

fn outcome_of(verdict: &Verdict) -> Outcome {
    match verdict {
        Verdict::Dead(reason) => Outcome::Dead(*reason),
        Verdict::Transient(reason, retry_after) => Outcome::Transient(*reason, *retry_after),
        Verdict::Misconfigured(reason) => Outcome::Misconfigured(*reason),
        Verdict::Tokens(_) => Outcome::Misconfigured(MisconfiguredReason::InvalidRequest),
    }
}
