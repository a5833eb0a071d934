//! What is remembered of each attempt, so that the next one comes at the right time, and a dead token never again.

use tracing::warn;

use super::candidates::{Login, jitter_of};
use super::exchange::Issued;
use super::outcome::Outcome;
use super::plan::pause;
use super::refresher::Refresher;
use crate::clock;
use crate::state::{self, Failing, Fingerprint, Refused};

impl Refresher {
    pub(super) async fn remember_success(&self, login: &Login, spent: &Fingerprint, issued: &Issued) {
        let (profile, spent) = (login.profile.clone(), spent.clone());
        let (token, lifetime) = (issued.tokens.refresh.clone(), issued.lifetime);
        let remembered = self.update_memory(move |memory| {
            let name = token.as_ref().map_or_else(|| spent.clone(), |token| memory.fingerprint(token));
            let boot = clock::boot();
            memory.remember_renewal(&spent, &name, clock::now(), |record| {
                profile.as_str().clone_into(&mut record.profile);
                record.failing = None;
                record.dead = None;
                record.issued = boot.map(|boot| state::LastIssue { boot: boot.boot, at: boot.at, lifetime });
            })
        });
        if let Err(problem) = remembered.await {
            warn!("{problem}");
        }
    }

    /// Remembers a failure, so that the next attempt comes later, and a dead token never again.
    pub(super) async fn remember_failure(
        &self,
        login: &Login,
        fingerprint: &Fingerprint,
        outcome: Outcome,
    ) -> Outcome {
        let now = clock::now();
        let (dead, reason, retry_after, blocked) = match &outcome {
            Outcome::Dead(reason) => (Some(*reason), "dead", None, None),
            Outcome::Transient(reason, retry_after) => {
                (None, reason.as_str(), *retry_after, reason.blocked())
            }
            Outcome::Misconfigured(reason) => (None, reason.as_str(), None, None),
            _ => return outcome,
        };
        let (profile, fingerprint) = (login.profile.clone(), fingerprint.clone());
        let remembered = self.update_memory(move |memory| {
            memory.remember(&fingerprint, now, |record| {
                profile.as_str().clone_into(&mut record.profile);
                if let Some(reason) = dead {
                    record.dead = Some(Refused { reason, since: now });
                    record.failing = None;
                    return;
                }
                let before = record.failing.take();
                let times = before.as_ref().map_or(1, |before| before.times.saturating_add(1));
                let pause = pause(times, retry_after, jitter_of(&fingerprint));
                record.failing = Some(Failing {
                    reason: reason.to_owned(),
                    blocked,
                    since: before.map_or(now, |before| before.since),
                    times,
                    next_attempt: now + pause,
                    pause,
                });
            })
        });
        if let Err(problem) = remembered.await {
            warn!("{problem}");
        }
        outcome
    }
}
