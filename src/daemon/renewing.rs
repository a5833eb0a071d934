//! The part of a pass that renews what is due, and what is written down of it.

use std::rc::Rc;
use std::time::{Duration, Instant};

use openclaw_auth::discover;
use openclaw_auth::model::Timestamp;

use super::Daemon;
use crate::clock;
use crate::exit::{self, Failure};
use crate::model::{Event, EventKind, Renewal};
use crate::publish::words::{date, span};
use crate::refresh::candidates::{self, Login, Wanted};
use crate::refresh::outcome::Outcome;
use crate::refresh::plan::{Clocks, Decision};
use crate::refresh::{Refresher, recovery, round};
use crate::state::Memory;
use crate::stop::Stop;

/// However little happens, logins are surveyed this often.
const SURVEY_AT_LEAST: Duration = Duration::from_secs(300);
/// While a provider or a lock lets one wait, the stores are looked at this often.
const MEANWHILE: Duration = Duration::from_secs(1);

impl Daemon {
    /// Whether logins have to be surveyed: stores have changed, or a login is due by what is known of them.
    pub(super) fn is_renewing_due(&self) -> bool {
        let now = clock::now();
        let is_due = |renewal: &Renewal| renewal.next.is_some_and(|next| next <= now);
        // A clock that was set back hides what is due by it, so that logins are surveyed now and then all the same.
        let long_ago = self.surveyed.is_none_or(|at| at.elapsed() > SURVEY_AT_LEAST);
        self.stores_changed || long_ago || self.renewals.values().any(is_due)
    }

    /// Renews what is due, and goes on showing what is there if that takes long; whether the picture has to be made again.
    pub(super) async fn renew(&mut self, stopping: &Stop) -> Result<bool, Failure> {
        let options = self.options.clone();
        let refresher = Refresher::new(options.roots, options.state_dir, options.config, stopping.clone());
        let refresher = Rc::new(refresher.await.map_err(|error| {
            let hint = error.hint();
            Failure::new(exit::CANNOT_WRITE, "nothing is renewed").caused_by(error).hint(hint)
        })?);
        let settled = recovery::settle(&refresher).await;
        self.stores_changed = false;
        self.surveyed = Some(Instant::now());
        let logins = self.survey()?;
        let before = clock::now();
        let round = round::run(&refresher, &logins, false, |_| {});
        tokio::pin!(round);
        let mut shown = false;
        let outcomes = loop {
            tokio::select! {
                outcomes = &mut round => break outcomes,
                () = tokio::time::sleep(MEANWHILE) => {
                    if let Ok((snapshot, took)) = self.look().await {
                        self.show(snapshot, took).await;
                        shown = true;
                    }
                }
            }
        };
        for (waited, broken) in refresher.take_waits() {
            self.metrics.count_lock(waited, broken);
        }
        let mut changed = shown || !settled.is_empty();
        for (login, (outcome, took)) in logins.iter().zip(outcomes) {
            changed |= self.note(login, &outcome, took, before);
        }
        Ok(changed)
    }

    fn survey(&self) -> Result<Vec<Login>, Failure> {
        let memory = Memory::read(&self.options.state_dir)
            .map_err(|error| Failure::new(exit::CANNOT_READ, "nothing is renewed").caused_by(error))?;
        let discovery = discover::discover(&self.options.roots, self.options.environment.iter().cloned());
        let clocks = Clocks { now: clock::now(), boot: clock::boot() };
        let config = &self.options.config.refresh;
        let roots = &self.options.roots;
        Ok(candidates::survey(roots, &discovery, &memory, config, &Wanted::default(), &clocks).logins)
    }

    /// Writes down what came of one login; whether its store has changed.
    fn note(&mut self, login: &Login, outcome: &Outcome, took: Duration, before: Timestamp) -> bool {
        if login.renewable.is_err() {
            return false;
        }
        let attempted = login.decision == Decision::Due;
        let key = (login.agent.to_string(), login.profile.to_string());
        let renewal = self.renewals.entry(key).or_insert_with(|| Renewal {
            agent: login.agent.clone(),
            profile: login.profile.clone(),
            provider: login.provider.clone(),
            last_success: None,
            last_attempt: None,
            next: None,
        });
        renewal.next = match &login.decision {
            Decision::Fresh { until } | Decision::Waiting { until } => Some(*until),
            _ => None,
        };
        if !attempted {
            return false;
        }
        renewal.last_attempt = Some(before);
        self.metrics.count_outcome(login.provider.as_str(), outcome, took);
        let (kind, text) = match outcome {
            Outcome::Refreshed { expires } => {
                renewal.last_success = Some(before);
                let left = span(*expires - before);
                (EventKind::Renewed, format!("renewed, valid for {left}, until {}", date(*expires)))
            }
            Outcome::AlreadyFresh { .. } | Outcome::Adopted { .. } => return true,
            Outcome::Contended | Outcome::Stopped => return false,
            other => {
                let reason = other.reason().unwrap_or_default().replace('_', " ");
                (EventKind::RenewalFailed, format!("not renewed: {reason}"))
            }
        };
        let (agent, profile) = (Some(login.agent.clone()), Some(login.profile.clone()));
        self.remember(Event { at: before, kind, agent, profile, text });
        // What failed is remembered, so that the picture has to be made again as well.
        true
    }
}
