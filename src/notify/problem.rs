//! First step, pure: what in a picture is worth telling somebody, and how much it matters.
//!
//! Both axes count. A renewable token that merely lapses is nobody's alarm; a dead login is one even while its token is valid.
//! One login is one condition, told where it is kept, however many agents have it from there.

mod login;

use std::collections::{BTreeMap, BTreeSet};

use openclaw_auth::model::{Span, StoreErrorReason, StrandedKind, Timestamp};
use serde::{Deserialize, Serialize};

use self::login::{Judge, use_is_known};
use crate::model::{AgentHealth, Severity, Snapshot};
use crate::remedy::{self, Remedy};

/// What a condition is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// The agent; empty for authwatch itself.
    pub agent: String,
    #[serde(flatten)]
    pub what: What,
}

/// The things a condition can be about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", tag = "of", content = "name")]
pub enum What {
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
        Self { agent: agent.to_owned(), what: What::Profile(profile.to_owned()) }
    }

    fn of(agent: &AgentHealth, what: What) -> Self {
        Self { agent: agent.id.as_str().to_owned(), what }
    }

    /// What it is called: the profile's id, say.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.what {
            What::Profile(name) | What::Rescue(name) | What::Provider(name) | What::Channel(name) => name,
            What::Store => "store",
            What::Config => "openclaw.json",
            What::Agent => &self.agent,
        }
    }
}

/// The kinds of condition. The word is part of the webhook's schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The provider has refused the login for good.
    Dead,
    /// There is no credential, or none that can be judged.
    Missing,
    /// It has ended and does not renew itself.
    Expired,
    /// It ends soon and does not renew itself.
    Expiring,
    /// It renews itself, but has not for longer than the grace.
    Lapsed,
    /// OpenClaw has set it aside (billing, say).
    Disabled,
    /// A model uses a provider that nothing gives auth.
    ProviderMissing,
    /// The store cannot be read.
    StoreUnreadable,
    /// The store is empty, and its logins were left behind.
    StoreStranded,
    /// A renewed login could not be stored.
    Rescued,
    /// A profile, or an agent, that was there is gone.
    Gone,
    /// A channel does not take messages.
    ChannelFailing,
    /// OpenClaw's configuration cannot be used.
    ConfigUnreadable,
}

/// Something that is worth telling.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    pub kind: Kind,
    pub severity: Severity,
    /// How it is, for the subject of a message: completes "xai:default of main …". Nothing that changes from minute to minute.
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
    /// So long a login may have lapsed.
    pub grace: Span,
    /// Whether authwatch renews logins itself: then one that has lapsed is a failure.
    pub renewing: bool,
    /// Agents that some channel is for: they are always named where they have a login from elsewhere.
    pub named: BTreeSet<String>,
}

/// What authwatch knows besides the picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Own {
    /// Channels that take nothing: since when, Unix milliseconds, and what is wrong.
    pub failing: BTreeMap<String, (Timestamp, String)>,
}

/// No writer holds a store for longer.
const LOCKED_FOR: Span = Span::from_mins(10.0);
/// Nobody who edits a file leaves it broken for longer.
const EDITED_FOR: Span = Span::from_mins(10.0);
/// Further agents that are named.
const NAMED: usize = 5;
const MORE: &str = "…";

/// Finds all conditions. `passed` tells the threshold that has been told for a subject.
#[must_use]
pub fn conditions(
    snapshot: &Snapshot,
    own: &Own,
    limits: &Limits,
    passed: impl Fn(&Subject) -> Option<Span>,
) -> BTreeMap<Subject, Condition> {
    let judge = Judge { snapshot, limits, use_is_known: use_is_known(snapshot) };
    let mut found: BTreeMap<Subject, Condition> = BTreeMap::new();
    for agent in &snapshot.agents {
        if let Some(condition) = store(agent) {
            found.insert(Subject::of(agent, What::Store), condition);
        }
        // A login in a store that cannot be read is not missing, nor is one that may be inherited from such a store.
        let sees_logins = sees_logins(agent, snapshot);
        for provider in agent.missing_providers_in_use.iter().filter(|_| sees_logins) {
            let subject = Subject::of(agent, What::Provider(provider.as_str().to_owned()));
            let remedy = remedy::for_missing_provider(agent, provider);
            let mut condition =
                Condition::new(Kind::ProviderMissing, Severity::Critical, "has no login", remedy);
            condition.provider = Some(provider.as_str().to_owned());
            found.insert(subject, condition);
        }
        for profile in agent.profiles.iter().filter(|profile| judge.may_matter(profile)) {
            let owner = if profile.inherited { &snapshot.agents[0] } else { agent };
            let subject = Subject::of(owner, What::Profile(profile.profile_id.as_str().to_owned()));
            let passed = passed(&subject);
            let Some(mut condition) = judge.profile(&owner.id, profile, passed) else { continue };
            if let Some(known) = found.get_mut(&subject) {
                // Who inherits it may use it where its owner does not.
                known.severity = known.severity.max(condition.severity);
                known.name(agent.id.as_str(), limits);
                continue;
            }
            if profile.inherited {
                condition.name(agent.id.as_str(), limits);
            }
            found.insert(subject, condition);
        }
    }
    if let Some(condition) = configuration(snapshot) {
        found.insert(Subject { agent: String::new(), what: What::Config }, condition);
    }
    for profile in &snapshot.rescued {
        let subject = Subject { agent: String::new(), what: What::Rescue(profile.clone()) };
        let remedy = remedy::for_rescued();
        let condition = Condition::new(Kind::Rescued, Severity::Critical, "could not be stored", remedy);
        found.insert(subject, condition);
    }
    for (channel, (since, problem)) in &own.failing {
        let subject = Subject { agent: String::new(), what: What::Channel(channel.clone()) };
        let remedy = Remedy {
            meaning: format!("messages wait, for it does not take them: {problem}"),
            command: Some(format!("authwatch notify test {}", remedy::quote(channel))),
        };
        let condition = Condition::new(Kind::ChannelFailing, Severity::Warning, "takes no messages", remedy);
        found.insert(subject, Condition { since: Some(*since), ..condition });
    }
    found
}

impl Condition {
    pub(super) fn new(kind: Kind, severity: Severity, state: &str, remedy: Remedy) -> Self {
        Self {
            kind,
            severity,
            state: state.to_owned(),
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

    fn name(&mut self, agent: &str, limits: &Limits) {
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

/// Whether the logins that an agent has, or has not, can be seen: all may inherit from the first.
pub(super) fn sees_logins(agent: &AgentHealth, snapshot: &Snapshot) -> bool {
    shows_its_logins(agent) && snapshot.agents.first().is_none_or(shows_its_logins)
}

/// Whether what is not in an agent's store is not there: one that cannot be read, or that a migration left empty, shows nothing.
pub(super) fn shows_its_logins(agent: &AgentHealth) -> bool {
    let left_behind = agent.store.stranded.as_ref();
    let is_empty = left_behind.is_some_and(|stranded| stranded.kind == StrandedKind::EmptyDatabase);
    agent.store.error.is_none() && !is_empty
}

/// What authwatch may not read, OpenClaw may well; a broken file stops both.
fn of_unreadable(reason: StoreErrorReason) -> Severity {
    match reason {
        StoreErrorReason::Parse | StoreErrorReason::NotAFile | StoreErrorReason::TooLarge => {
            Severity::Critical
        }
        _ => Severity::Warning,
    }
}

fn configuration(snapshot: &Snapshot) -> Option<Condition> {
    let error = snapshot.config.error.as_ref()?;
    let remedy = remedy::for_config(&snapshot.config)?;
    let severity = of_unreadable(error.reason);
    let condition = Condition::new(Kind::ConfigUnreadable, severity, "cannot be used", remedy);
    Some(Condition { patience: Some(EDITED_FOR), ..condition })
}

fn store(agent: &AgentHealth) -> Option<Condition> {
    let remedy = remedy::for_store(agent)?;
    if let Some(error) = &agent.store.error {
        let severity = of_unreadable(error.reason);
        // A writer holds a database for seconds.
        let patience = (error.reason == StoreErrorReason::Locked).then_some(LOCKED_FOR);
        let condition = Condition::new(Kind::StoreUnreadable, severity, "cannot be read", remedy);
        return Some(Condition { patience, ..condition });
    }
    let stranded = agent.store.stranded.as_ref()?;
    (stranded.kind == StrandedKind::EmptyDatabase)
        .then(|| Condition::new(Kind::StoreStranded, Severity::Critical, "has lost its logins", remedy))
}
