//! What is known of renewals: each login's last and next, and when candidates were last searched for.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use openclaw_auth::model::Timestamp;

use crate::clock;
use crate::model::{Event, EventKind, Renewal};
use crate::publish::words::{date, span};
use crate::refresh::candidates::Login;
use crate::refresh::outcome::Outcome;
use crate::refresh::plan::Decision;
use crate::texts::text;

/// Candidates are searched for at least this often, however little happens.
const SEARCH_AT_LEAST: Duration = Duration::from_secs(300);

pub(super) struct Renewals {
    /// By agent and profile.
    by_login: BTreeMap<(String, String), Renewal>,
    /// Whether any store has changed since candidates were last searched for.
    pub(super) stores_changed: bool,
    last_searched: Option<Instant>,
    /// The exit code of why nothing could be renewed the last time.
    pub(super) failure: Option<u8>,
}

impl Default for Renewals {
    fn default() -> Self {
        Self { by_login: BTreeMap::new(), stores_changed: true, last_searched: None, failure: None }
    }
}

impl Renewals {
    pub(super) fn all(&self) -> Vec<Renewal> {
        self.by_login.values().cloned().collect()
    }

    /// When logins are due next.
    pub(super) fn due(&self) -> impl Iterator<Item = Timestamp> {
        self.by_login.values().filter_map(|renewal| renewal.next)
    }

    /// Whether candidates have to be searched for: stores have changed, or a known login is due.
    pub(super) fn is_due(&self) -> bool {
        let now = clock::now();
        // A clock that was set back hides what is due by it.
        let long_ago = self.last_searched.is_none_or(|at| at.elapsed() > SEARCH_AT_LEAST);
        self.stores_changed || long_ago || self.due().any(|next| next <= now)
    }

    /// Notes that candidates are being searched for.
    pub(super) fn mark_searched(&mut self) {
        self.stores_changed = false;
        self.last_searched = Some(Instant::now());
    }

    /// Notes when a login is renewed next, as decided now.
    pub(super) fn plan(&mut self, login: &Login) {
        if login.renewable.is_ok() {
            self.of(login).next = match &login.decision {
                Decision::Fresh { until } | Decision::Waiting { until } => Some(*until),
                _ => None,
            };
        }
    }

    fn of(&mut self, login: &Login) -> &mut Renewal {
        let key = (login.agent.to_string(), login.profile.to_string());
        self.by_login.entry(key).or_insert_with(|| Renewal {
            agent: login.agent.clone(),
            profile: login.profile.clone(),
            provider: login.provider.clone(),
            last_success: None,
            last_attempt: None,
            next: None,
        })
    }

    /// Records the outcome for one login: the event to show, and whether the stores have to be scanned again.
    pub(super) fn record(
        &mut self,
        login: &Login,
        outcome: &Outcome,
        before: Timestamp,
    ) -> (Option<Event>, bool) {
        self.plan(login);
        if login.renewable.is_err() || login.decision != Decision::Due {
            return (None, false);
        }
        let renewal = self.of(login);
        renewal.last_attempt = Some(before);
        let (kind, text) = match outcome {
            Outcome::Refreshed { expires } => {
                renewal.last_success = Some(before);
                let left = span(*expires - before);
                (EventKind::Renewed, text("event-renewed", &[("left", &left), ("at", &date(*expires))]))
            }
            Outcome::AlreadyFresh { .. } | Outcome::Adopted { .. } => return (None, true),
            Outcome::Contended | Outcome::Stopped => return (None, false),
            other => {
                let reason = other.reason().unwrap_or_default().replace('_', " ");
                (EventKind::RenewalFailed, text("event-not-renewed", &[("reason", &reason)]))
            }
        };
        let (agent, profile) = (Some(login.agent.clone()), Some(login.profile.clone()));
        // A failure is remembered, and the snapshot shows it, too.
        (Some(Event { at: before, kind, agent, profile, text }), true)
    }
}
