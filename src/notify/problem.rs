//! A problem people may be notified of: what it is about, its kind, and how bad it is.

use openclaw_auth::words;
use std::collections::{BTreeMap, BTreeSet};

use openclaw_auth::model::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::words::safe;
use crate::model::Severity;
use crate::remedy::Remedy;
use crate::texts::text;

/// What a condition is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// The agent; empty for authwatch itself.
    pub agent: String,
    #[serde(flatten)]
    pub kind: SubjectKind,
}

/// The things a condition can be about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", tag = "of", content = "name")]
pub enum SubjectKind {
    /// The agent as a whole.
    Agent,
    Store,
    /// A provider its models use.
    Provider(String),
    Profile(String),
    /// A renewed login that could not be stored: authwatch's own file.
    Rescue(String),
    Channel(String),
    /// OpenClaw's configuration: no agent's in particular.
    Config,
}

impl Subject {
    #[must_use]
    pub fn profile(agent: &str, profile: &str) -> Self {
        Self { agent: agent.to_owned(), kind: SubjectKind::Profile(profile.to_owned()) }
    }

    /// What it is called: the profile's id, say.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.kind {
            SubjectKind::Profile(name)
            | SubjectKind::Rescue(name)
            | SubjectKind::Provider(name)
            | SubjectKind::Channel(name) => name,
            SubjectKind::Store => "store",
            SubjectKind::Config => "openclaw.json",
            SubjectKind::Agent => &self.agent,
        }
    }

    /// Its name with its agent, safe to show.
    pub(super) fn label(&self) -> String {
        let (agent, name) = (safe(&self.agent), safe(self.name()));
        let label = match &self.kind {
            SubjectKind::Agent => "label-agent",
            SubjectKind::Store => "label-store",
            SubjectKind::Provider(_) | SubjectKind::Profile(_) => "label-login",
            SubjectKind::Rescue(_) => "label-recovery",
            SubjectKind::Channel(_) => "label-channel",
            SubjectKind::Config => "label-configuration",
        };
        text(label, &[("agent", &agent), ("name", &name)])
    }

    /// The same below a heading that names the agent.
    pub(super) fn label_in_agent(&self) -> String {
        match &self.kind {
            SubjectKind::Store => text("label-store-alone", &[]),
            SubjectKind::Provider(name) | SubjectKind::Profile(name) => safe(name),
            _ => self.label(),
        }
    }
}

words! {
    /// The kinds of condition. The word is part of the webhook's schema.
    pub enum ProblemKind {
        /// The provider has refused the login for good.
        Dead = "dead",
        /// There is no credential, or none that can be judged.
        Missing = "missing",
        /// It has ended and does not renew automatically.
        Expired = "expired",
        /// It ends soon and does not renew automatically.
        Expiring = "expiring",
        /// It renews automatically, but has not for longer than the grace.
        Lapsed = "lapsed",
        /// OpenClaw has set it aside (billing, say).
        Disabled = "disabled",
        /// A model uses a provider that nothing gives auth.
        ProviderMissing = "provider_missing",
        /// The store cannot be read.
        StoreUnreadable = "store_unreadable",
        /// The store is empty, and its logins were left behind.
        StoreStranded = "store_stranded",
        /// A renewed login could not be stored.
        Rescued = "rescued",
        /// A profile, or an agent, that was there is gone.
        Gone = "gone",
        /// A channel does not take messages.
        ChannelFailing = "channel_failing",
        /// OpenClaw's configuration cannot be used.
        ConfigUnreadable = "config_unreadable",
    }
}

/// Something that is worth telling.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    pub kind: ProblemKind,
    pub severity: Severity,
    /// How it is, for the subject of a message: completes "agent main: xai:default …". Nothing that changes from minute to minute.
    pub state: String,
    /// What it means, a short sentence without a full stop.
    pub meaning: String,
    /// The command that mends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The provider it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Since when, Unix milliseconds, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When it ends or ended, Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// For what ends soon: the threshold it has passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Span>,
    /// Other agents that have the same login from there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// What often mends itself is told only once it has been so for this long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<Span>,
}

/// What conditions are judged by.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// People are told at each of these before an end; largest first.
    pub thresholds: Vec<Span>,
    /// Agents that some channel is for: they are always named where they have a login from elsewhere.
    pub named: BTreeSet<String>,
}

/// What authwatch knows besides the picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FailingChannels {
    /// Channels that take nothing: since when, Unix milliseconds, and what is wrong.
    pub failing: BTreeMap<String, (Timestamp, String)>,
}

/// Further agents that are named.
const NAMED: usize = 5;
const MORE: &str = "…";

impl Problem {
    pub(super) fn new(
        kind: ProblemKind,
        severity: Severity,
        state: impl Into<String>,
        remedy: Remedy,
    ) -> Self {
        Self {
            kind,
            severity,
            state: state.into(),
            meaning: remedy.meaning,
            command: remedy.command,
            provider: None,
            since: None,
            ends: None,
            threshold: None,
            also: Vec::new(),
            patience: None,
        }
    }

    /// What it is about, and how that is, in a line.
    pub(super) fn about(&self, subject: &Subject) -> String {
        // Of a renewal, the login is not the grammatical subject.
        let is_renewal = self.kind == ProblemKind::Lapsed;
        let name = if is_renewal { "message-about-renewal" } else { "message-about" };
        text(name, &[("label", &subject.label()), ("state", &self.state)])
    }

    pub(super) fn name(&mut self, agent: &str, limits: &Limits) {
        let is_cut = self.also.last().is_some_and(|last| last == MORE);
        if limits.named.contains(agent) {
            let end = self.also.len() - usize::from(is_cut);
            self.also.insert(end, agent.to_owned());
        } else if self.also.len() < NAMED {
            self.also.push(agent.to_owned());
        } else if !is_cut {
            self.also.push(MORE.to_owned());
        }
    }
}
