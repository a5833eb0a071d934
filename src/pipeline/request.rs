//! What is asked of the pipeline, and what its verdicts rest on besides stores.

use std::sync::Arc;

use openclaw_auth::environment::Environment;
use openclaw_auth::load::refreshing::Refreshing;
use openclaw_auth::model::{ConfigHealth, Semantics, Span};
use openclaw_auth::release::Release;
use openclaw_auth::settings::Settings;

use crate::assess::Limits;
use crate::classify::Asked;
use crate::clock::At;
use crate::config::Config;
use crate::model::Scope;
use crate::state::Memory;

/// What to look at, and how to judge it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Judge as of another time.
    pub at: Option<At>,
    /// The release whose rules login states follow.
    pub semantics: Semantics,
    /// What counts; `None` for the release's own rule.
    pub scope: Option<Scope>,
    /// The warning window, if given.
    pub window: Option<Span>,
    /// Only these agents; empty for all.
    pub agents: Vec<String>,
    /// Only these providers; empty for all.
    pub providers: Vec<String>,
    /// What authwatch remembers of earlier attempts to renew.
    pub memory: Option<Arc<Memory>>,
    /// When something begins to matter.
    pub limits: Limits,
    /// The release of OpenClaw, where a person names it.
    pub release: Option<Release>,
    /// Whether exit codes follow `semantics` and `scope`, rather than the release's own command.
    pub own_rules: bool,
    /// Whether only the agent is looked at that a command of OpenClaw's without `--agent` means.
    pub only_bare: bool,
}

impl Request {
    /// What the configuration asks for.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let status = &config.status;
        Self {
            semantics: status.semantics,
            scope: status.scope,
            own_rules: status.own_rules(),
            window: status.warn,
            limits: Limits::new(config),
            ..Self::default()
        }
    }

    /// How what is on disk is read: as the release reads it, unless a person chose rules.
    #[must_use]
    pub fn reading(&self, release: &Release) -> Semantics {
        if self.own_rules { self.semantics } else { release.rules().semantics() }
    }

    /// How OpenClaw's own command would be asked.
    pub(super) fn asked(&self) -> Asked {
        match (self.only_bare, self.agents.is_empty()) {
            (true, _) => Asked::Bare,
            (false, false) => Asked::ByName,
            (false, true) => Asked::ForEach,
        }
    }
}

impl Default for Request {
    fn default() -> Self {
        Self {
            at: None,
            semantics: Semantics::V2026_9,
            scope: None,
            window: None,
            agents: Vec::new(),
            providers: Vec::new(),
            memory: None,
            limits: Limits::default(),
            release: None,
            own_rules: false,
            only_bare: false,
        }
    }
}

/// What the verdicts on all agents rest on, besides stores.
#[derive(Debug, PartialEq)]
pub(super) struct Basis {
    pub(super) request: Request,
    pub(super) release: Release,
    pub(super) environment: Environment,
    pub(super) settings: Settings,
    pub(super) config: ConfigHealth,
    pub(super) refreshing: Refreshing,
}
