//! What is asked of the command, and what it answers.

use crate::environment::Environment;
use crate::load::external::ExternalLogin;
use crate::merge::View;
use crate::model::{Span, Timestamp};
use crate::release::Version;
use crate::settings::{AgentSettings, Settings};
use crate::words;

/// What the command would look at.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The release that is asked.
    pub version: Version,
    /// When it is asked.
    pub now: Timestamp,
    /// How long before its end a token is expiring: [`WINDOW`] in every release's command.
    pub window: Span,
    /// The logins the agent sees.
    pub view: &'q View<'q, 'q>,
    /// The configuration.
    pub settings: &'q Settings,
    /// The agent's own part of it. A command without `--agent` does not look at that.
    pub agent: Option<&'q AgentSettings>,
    /// The agent whose model for titles and summaries counts, with `--agent` and without.
    pub small_tasks_agent: Option<&'q AgentSettings>,
    /// The variables that OpenClaw would see.
    pub environment: &'q Environment,
    /// The logins of the vendors' command lines.
    pub external: &'q [ExternalLogin],
}

/// The command's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// 0, 1, or 2, as the command exits.
    pub code: u8,
    /// What led to it, the most important first; empty for 0.
    pub causes: Vec<CheckCause>,
    /// Providers that models need and that have no auth, in the order of their names.
    pub missing_providers: Vec<String>,
}

/// One thing that leads to an answer other than 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckCause {
    /// What it is.
    pub kind: CheckCauseKind,
    /// The profile or the provider it is about.
    pub name: String,
}

/// How long before its end every release's command calls a token expiring.
pub const WINDOW: Span = Span::from_hours(24.0);

words! {
    /// What leads to an answer other than 0.
    pub enum CheckCauseKind in "snake_case" {
        /// The release refuses the configuration.
        Configuration,
        /// The configuration does not list the agent, or several agents and none that is meant.
        Agent,
        /// The store cannot be read.
        Store,
        /// Files of an older release keep this one from using the store.
        Migration,
        /// A login has expired, or its credential is missing.
        Expired,
        /// A provider that a model needs has no login.
        MissingProvider,
        /// Whether a model can be called cannot be decided.
        Undecided,
        /// A login expires within the window.
        Expiring,
    }
}

impl CheckCauseKind {
    fn code(self) -> u8 {
        match self {
            Self::Expiring => 2,
            _ => 1,
        }
    }
}

impl Answer {
    /// The answer where the command gets no further than to one thing.
    #[must_use]
    pub fn refused(kind: CheckCauseKind, name: String) -> Self {
        Self::from_causes(vec![CheckCause { kind, name }])
    }

    /// The answer that follows from its causes: 1 goes before 2.
    pub(super) fn from_causes(mut causes: Vec<CheckCause>) -> Self {
        causes.sort_by_key(|cause| cause.kind.code());
        causes.dedup();
        let missing = causes.iter().filter(|cause| cause.kind == CheckCauseKind::MissingProvider);
        let mut missing_providers: Vec<String> = missing.map(|cause| cause.name.clone()).collect();
        missing_providers.sort_unstable();
        missing_providers.dedup();
        let code = causes.first().map_or(0, |cause| cause.kind.code());
        Self { code, causes, missing_providers }
    }
}
