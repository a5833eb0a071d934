//! What is remembered of each attempt, so that the next one comes at the right time, and a dead token never again.

use tracing::warn;

use super::Refresher;
use super::exchange::Issued;
use super::outcome::Outcome;
use super::plan::pause;
use super::survey::{Login, jitter_of};
use crate::clock;
use crate::model::Millis;
use crate::state::{self, Failing, Fingerprint, Refused};

impl Refresher {
    pub(super) fn remember_success(&self, login: &Login, spent: &Fingerprint, issued: &Issued) {
        let remember = || {
            let mut memory = self.memory()?;
            let name = issued
                .tokens
                .refresh
                .as_ref()
                .map_or_else(|| spent.clone(), |token| memory.fingerprint(token));
            let boot = clock::boot();
            memory.remember_renewal(spent, &name, clock::now(), |record| {
                login.profile.as_str().clone_into(&mut record.profile);
                record.failing = None;
                record.dead = None;
                record.issued = boot.map(|boot| state::Issued {
                    boot: boot.boot,
                    at: boot.at,
                    lifetime: issued.lifetime,
                });
            })
        };
        if let Err(problem) = remember() {
            warn!("{problem}");
        }
    }

    /// Remembers a failure, so that the next attempt comes later, and a dead token never again.
    pub(super) fn failed(&self, login: &Login, fingerprint: &Fingerprint, outcome: Outcome) -> Outcome {
        let now = clock::now();
        let (reason, retry_after, blocked) = match &outcome {
            Outcome::Dead(_) => ("dead", None, None),
            Outcome::Transient(reason, retry_after) => (reason.as_str(), *retry_after, reason.blocked()),
            Outcome::Misconfigured(reason) => (reason.as_str(), None, None),
            _ => return outcome,
        };
        let remember = || {
            self.memory()?.remember(fingerprint, now, |record| {
                login.profile.as_str().clone_into(&mut record.profile);
                if let Outcome::Dead(reason) = outcome {
                    record.dead = Some(Refused { reason, since: now });
                    record.failing = None;
                    return;
                }
                let before = record.failing.take();
                let times = before.as_ref().map_or(1, |before| before.times.saturating_add(1));
                let pause = pause(times, retry_after, jitter_of(fingerprint));
                record.failing = Some(Failing {
                    reason: reason.to_owned(),
                    blocked,
                    since: before.map_or(now, |before| before.since),
                    times,
                    next_attempt: Millis(now.0 + pause.0),
                    pause,
                });
            })
        };
        if let Err(problem) = remember() {
            warn!("{problem}");
        }
        outcome
    }
}
