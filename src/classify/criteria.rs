//! What credentials are classified by: the time, the rules that apply, and what is in use.

use std::collections::{BTreeMap, BTreeSet};

use openclaw_auth::credential::REFRESH_MARGIN;
use openclaw_auth::environment::Environment;
use openclaw_auth::load::refreshing::Refreshing;
use openclaw_auth::model::{Semantics, Span, Timestamp};
use openclaw_auth::provider;
use openclaw_auth::settings::{ModelChoice, Settings};

use crate::model::Scope;
use crate::state::Memory;

/// The warning window where the user gives none.
const DEFAULT_WINDOW: Span = Span::from_hours(24.0);

/// Every window at whose edge a verdict may change, the end itself among them.
pub fn warning_windows(given: Option<Span>) -> impl Iterator<Item = Span> {
    [Span::ZERO, REFRESH_MARGIN, DEFAULT_WINDOW].into_iter().chain(given)
}

/// What credentials are classified by.
#[derive(Clone, Copy, Debug)]
pub struct Criteria<'a> {
    pub now: Timestamp,
    /// How what is on disk is read: names, orders, and what a login needs.
    pub reading: Semantics,
    /// The release whose rules states follow.
    pub semantics: Semantics,
    /// What counts towards the exit code; `None`: what is in use, or everything where nothing is configured.
    pub scope: Option<Scope>,
    /// The warning window, if the user gives one.
    pub window: Option<Span>,
    /// Only these providers; empty for all.
    pub only_providers: &'a BTreeSet<String>,
    /// The providers the agents' models use.
    pub in_use: &'a InUse,
    pub settings: &'a Settings,
    /// Whether the configuration is there and cannot be read: OpenClaw does not start with it, nor say that all is well.
    pub is_configuration_broken: bool,
    /// The variables that are set.
    pub environment: &'a Environment,
    /// The locks that are held.
    pub refreshing: &'a Refreshing,
    /// What is remembered of refused and failing logins.
    pub memory: Option<&'a Memory>,
}

/// The providers each agent's models use: worked out once, for most agents have no model of their own.
#[derive(Clone, Debug, Default)]
pub struct InUse {
    common: BTreeSet<String>,
    own: BTreeMap<String, BTreeSet<String>>,
}

impl InUse {
    /// Works them out from the configuration, leaving out providers that are not wanted; `only` is empty for all.
    #[must_use]
    pub fn new(settings: &Settings, semantics: Semantics, only: &BTreeSet<String>) -> Self {
        let wanted = |own: Option<&ModelChoice>| {
            let mut in_use = settings.providers_chosen(own, semantics);
            in_use.retain(|id| only.is_empty() || only.contains(id));
            in_use
        };
        let mut own = BTreeMap::new();
        for agent in &settings.agents {
            // Of several entries with one id the first counts, as everywhere.
            own.entry(agent.id.clone()).or_insert_with(|| wanted(Some(&agent.model)));
        }
        Self { common: wanted(None), own }
    }

    /// The providers an agent's models use.
    #[must_use]
    pub fn of(&self, agent: &str) -> &BTreeSet<String> {
        self.own.get(agent).unwrap_or(&self.common)
    }
}

impl Criteria<'_> {
    /// How long before its end a pasted token is expiring.
    pub(super) fn token_window(&self) -> Span {
        self.window.unwrap_or(DEFAULT_WINDOW)
    }

    /// How long before its end a login's access token is expiring: OpenClaw itself uses none that ends within the margin.
    pub(super) fn login_window(&self, renews_itself: bool) -> Span {
        let usual = if renews_itself { REFRESH_MARGIN } else { DEFAULT_WINDOW };
        self.window.unwrap_or(usual).max(REFRESH_MARGIN)
    }

    /// What counts for agents whose models name these providers.
    ///
    /// Later releases count only what the configured models use. Where no model is configured nothing is known about
    /// use, and silence about an expired login would be worse than noise: everything counts.
    #[must_use]
    pub fn scope_for(&self, in_use: &BTreeSet<String>) -> Scope {
        self.scope.unwrap_or(match self.semantics {
            Semantics::V2026_9 if !in_use.is_empty() => Scope::InUse,
            _ => Scope::All,
        })
    }

    pub(super) fn wants(&self, provider_id: &str) -> bool {
        self.only_providers.is_empty() || self.only_providers.contains(provider_id)
    }

    /// Whether one of the providers in use signs in with this one's profiles.
    pub(super) fn is_used(&self, in_use: &BTreeSet<String>, provider_id: &str) -> bool {
        in_use.iter().any(|id| provider::auth_of(id, self.reading) == provider_id)
    }

    /// Whether the environment or the configuration gives a provider auth, so that no profile has to.
    #[must_use]
    pub fn gives_key(&self, provider_id: &str) -> bool {
        self.environment.variable_for(provider::auth_of(provider_id, self.reading)).is_some()
            || self.settings.has_key(provider_id, self.reading)
    }
}
