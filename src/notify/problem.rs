//! A problem that people may be notified of, and how problems are found in a snapshot. Pure.

use std::collections::{BTreeMap, BTreeSet};

use openclaw_auth::model::{Span, StoreErrorReason, Timestamp};
use openclaw_auth::words;
use serde::{Deserialize, Serialize};

use crate::assess;
use crate::model::{
    AgentHealth, AssessmentState, Issue, IssueOf, LoginReason, ProfileHealth, Severity, Snapshot,
};
use crate::publish::words::safe;
use crate::remedy::{self, Remedy};
use crate::texts::text;

/// What a problem is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// Empty for authwatch itself and OpenClaw's configuration.
    pub agent: String,
    #[serde(flatten)]
    pub kind: SubjectKind,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", tag = "of", content = "name")]
pub enum SubjectKind {
    /// An agent as a whole.
    Agent,
    Store,
    /// A provider that the agent's models use.
    Provider(String),
    Profile(String),
    /// A renewed login in a recovery file.
    #[serde(rename = "rescue")]
    Recovery(String),
    Channel(String),
    /// OpenClaw's configuration.
    Config,
}

impl Subject {
    #[must_use]
    pub fn profile(agent: &str, profile: &str) -> Self {
        Self { agent: agent.to_owned(), kind: SubjectKind::Profile(profile.to_owned()) }
    }

    /// Its name without its agent, such as a profile's id.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.kind {
            SubjectKind::Profile(name)
            | SubjectKind::Recovery(name)
            | SubjectKind::Provider(name)
            | SubjectKind::Channel(name) => name,
            SubjectKind::Store => "store",
            SubjectKind::Config => "openclaw.json",
            SubjectKind::Agent => &self.agent,
        }
    }

    /// Its name with its agent, escaped.
    pub(super) fn label(&self) -> String {
        let (agent, name) = (safe(&self.agent), safe(self.name()));
        let label = match &self.kind {
            SubjectKind::Agent => "label-agent",
            SubjectKind::Store => "label-store",
            SubjectKind::Provider(_) | SubjectKind::Profile(_) => "label-login",
            SubjectKind::Recovery(_) => "label-recovery",
            SubjectKind::Channel(_) => "label-channel",
            SubjectKind::Config => "label-configuration",
        };
        text(label, &[("agent", &agent), ("name", &name)])
    }

    /// Its name below a heading that names the agent.
    pub(super) fn label_in_agent(&self) -> String {
        match &self.kind {
            SubjectKind::Store => text("label-store-alone", &[]),
            SubjectKind::Provider(name) | SubjectKind::Profile(name) => safe(name),
            _ => self.label(),
        }
    }
}

words! {
    /// The kinds of problem. The word is part of the webhook's schema.
    pub enum ProblemKind in "snake_case" {
        /// The provider has refused the login for good.
        #[strum(serialize = "dead")]
        NeedsSignIn,
        /// There is no credential, or none that can be judged.
        Missing,
        /// It expired and does not renew automatically.
        Expired,
        /// It expires soon and does not renew automatically.
        Expiring,
        /// It renews automatically, but has not for longer than the grace.
        #[strum(serialize = "lapsed")]
        RenewalFailing,
        /// OpenClaw has disabled it, for example over billing.
        Disabled,
        /// A model uses a provider without any login.
        ProviderMissing,
        StoreUnreadable,
        /// The store is empty, and its logins were not imported.
        #[strum(serialize = "store_stranded")]
        MigrationIncomplete,
        /// A renewed login could not be stored.
        #[strum(serialize = "rescued")]
        NotStored,
        /// A profile or an agent was removed.
        #[strum(serialize = "gone")]
        Removed,
        ChannelFailing,
        /// OpenClaw's configuration cannot be used.
        ConfigUnreadable,
    }
}

/// Something that people may be notified of.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    pub kind: ProblemKind,
    pub severity: Severity,
    /// The state for a message's title, which completes "agent main: xai:default …". The same from check to check.
    pub state: String,
    /// What it means: a short sentence without a full stop.
    pub meaning: String,
    /// The command that fixes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When it expires or expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// The smallest threshold before expiry that has passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Span>,
    /// Other agents that use the same login.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// How long it has to last before people are notified, because it often resolves itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<Span>,
}

/// What detection goes by, as configured.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectionLimits {
    /// When to warn before expiry, largest first.
    pub thresholds: Vec<Span>,
    /// Agents that a channel is for: they are always named where they use another agent's login.
    pub named_agents: BTreeSet<String>,
}

/// Channels that accept nothing: since when, and what the problem is.
pub type FailingChannels = BTreeMap<String, (Timestamp, String)>;

/// How many other agents are named.
const MAX_NAMED: usize = 5;
const MORE: &str = "…";

impl Problem {
    pub(super) fn new(kind: ProblemKind, severity: Severity, state: String, remedy: Remedy) -> Self {
        Self {
            kind,
            severity,
            state,
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

    /// One line: the login, and its state.
    pub(super) fn about(&self, subject: &Subject) -> String {
        // The login is not the grammatical subject of its renewal.
        let is_renewal = self.kind == ProblemKind::RenewalFailing;
        let name = if is_renewal { "message-about-renewal" } else { "message-about" };
        text(name, &[("label", &subject.label()), ("state", &self.state)])
    }

    /// Names another agent that uses the login: the first few, and those that a channel is for.
    fn add_agent(&mut self, agent: &str, limits: &DetectionLimits) {
        let is_cut = self.also.last().is_some_and(|last| last == MORE);
        if limits.named_agents.contains(agent) {
            let end = self.also.len() - usize::from(is_cut);
            self.also.insert(end, agent.to_owned());
        } else if self.also.len() < MAX_NAMED {
            self.also.push(agent.to_owned());
        } else if !is_cut {
            self.also.push(MORE.to_owned());
        }
    }
}

/// A threshold counts as passed until this multiple of it is left again, so that an expiry that hovers around it is notified once.
pub(super) const HYSTERESIS: f64 = 1.1;
/// A store that is locked for longer is a problem: writers need seconds.
const LOCKED_FOR: Span = Span::from_mins(10.0);
/// A configuration that is broken for longer is not being edited.
const EDITED_FOR: Span = Span::from_mins(10.0);

/// Finds the problems in a snapshot, and those of authwatch's own channels. How bad they are was decided by the assessment; what is
/// added here is the threshold that an expiry has passed, and how long something has to last.
///
/// `passed` returns the threshold that people were last notified of for a subject.
pub(super) fn detect(
    snapshot: &Snapshot,
    own: &FailingChannels,
    limits: &DetectionLimits,
    passed: impl Fn(&Subject) -> Option<Span>,
) -> BTreeMap<Subject, Problem> {
    let mut found: BTreeMap<Subject, Problem> = BTreeMap::new();
    for issue in assess::issues(snapshot) {
        let Some(kind) = kind(&issue) else { continue };
        let subject = subject(&issue);
        let assessment = &issue.assessment;
        let remedy = assessment
            .remedy
            .clone()
            .unwrap_or_else(|| Remedy { meaning: assessment.summary.to_string(), command: None });
        let severity = assessment.severity.unwrap_or(Severity::Info);
        let mut problem = Problem::new(kind, severity, state(&issue), remedy);
        problem.since = assessment.since;
        problem.patience = patience(snapshot, &issue);
        match issue.of {
            IssueOf::Provider(provider) => problem.provider = Some(provider.to_string()),
            IssueOf::Login(profile) => {
                problem.provider = Some(profile.provider.to_string());
                problem.ends = profile.end();
                if kind == ProblemKind::Expiring {
                    let left = profile.end().map(|end| end - snapshot.now);
                    problem.threshold = left.and_then(|left| threshold(left, limits, passed(&subject)));
                    // The thresholds may be later than OpenClaw's own warning window.
                    if left.is_some() && problem.threshold.is_none() {
                        continue;
                    }
                }
            }
            IssueOf::Configuration | IssueOf::Recovery(_) | IssueOf::Store => {}
        }
        for agent in &issue.also {
            problem.add_agent(agent.as_str(), limits);
        }
        found.insert(subject, problem);
    }
    for (channel, (since, problem)) in own {
        let subject = Subject { agent: String::new(), kind: SubjectKind::Channel(channel.clone()) };
        let remedy = Remedy {
            meaning: text("channel-failing", &[("problem", problem)]),
            command: Some(format!("authwatch notify test {}", remedy::quote(channel))),
        };
        let state = text("subject-channel-failing", &[]);
        let problem = Problem::new(ProblemKind::ChannelFailing, Severity::Warning, state, remedy);
        found.insert(subject, Problem { since: Some(*since), ..problem });
    }
    found
}

/// The kind of problem that an issue is; `None` if it resolves itself.
fn kind(issue: &Issue<'_>) -> Option<ProblemKind> {
    let kind = match issue.assessment.state {
        AssessmentState::NeedsSignIn => ProblemKind::NeedsSignIn,
        AssessmentState::Missing
        | AssessmentState::Malformed
        | AssessmentState::Unresolved
        | AssessmentState::NotSetUp => ProblemKind::Missing,
        AssessmentState::Expired => ProblemKind::Expired,
        AssessmentState::Expiring => ProblemKind::Expiring,
        AssessmentState::RenewalFailing | AssessmentState::RenewalBlocked | AssessmentState::RenewalStuck => {
            ProblemKind::RenewalFailing
        }
        // Also if nobody needs to act, for channels that want information.
        AssessmentState::Disabled => return Some(ProblemKind::Disabled),
        AssessmentState::NoLogin => ProblemKind::ProviderMissing,
        AssessmentState::Unreadable => ProblemKind::StoreUnreadable,
        AssessmentState::MigrationIncomplete => ProblemKind::MigrationIncomplete,
        AssessmentState::Unusable => ProblemKind::ConfigUnreadable,
        AssessmentState::NotStored => ProblemKind::NotStored,
        AssessmentState::Ok
        | AssessmentState::Renews
        | AssessmentState::Renewing
        | AssessmentState::CoolingDown
        | AssessmentState::External
        | AssessmentState::Leftover
        | AssessmentState::Ignored => return None,
    };
    issue.assessment.needs_person.then_some(kind)
}

/// The state for a message's title.
fn state(issue: &Issue<'_>) -> String {
    let cause = match issue.of {
        IssueOf::Login(ProfileHealth { failing: Some(failing), .. }) => failing.reason.as_str(),
        IssueOf::Login(ProfileHealth { login_reason: Some(LoginReason::RegionBlocked), .. }) => {
            "region_blocked"
        }
        _ => "challenged",
    };
    let cause = text(&format!("renewal-{cause}"), &[]);
    text(&format!("subject-{}", issue.assessment.state.as_str()), &[("cause", &cause)])
}

fn subject(issue: &Issue<'_>) -> Subject {
    let kind = match issue.of {
        IssueOf::Configuration => SubjectKind::Config,
        IssueOf::Recovery(profile) => SubjectKind::Recovery(profile.to_owned()),
        IssueOf::Store => SubjectKind::Store,
        IssueOf::Provider(provider) => SubjectKind::Provider(provider.to_string()),
        IssueOf::Login(profile) => SubjectKind::Profile(profile.profile_id.to_string()),
    };
    Subject { agent: issue.agent.map_or_else(String::new, ToString::to_string), kind }
}

/// How long a problem that often resolves itself has to last.
fn patience(snapshot: &Snapshot, issue: &Issue<'_>) -> Option<Span> {
    match issue.of {
        IssueOf::Configuration => Some(EDITED_FOR),
        IssueOf::Store => {
            let agent = snapshot.agents.iter().find(|agent| Some(&agent.id) == issue.agent)?;
            let reason = agent.store.error.as_ref()?.reason;
            (reason == StoreErrorReason::Locked).then_some(LOCKED_FOR)
        }
        IssueOf::Recovery(_) | IssueOf::Provider(_) | IssueOf::Login(_) => None,
    }
}

/// The smallest threshold that an expiry has passed.
fn threshold(left: Span, limits: &DetectionLimits, passed: Option<Span>) -> Option<Span> {
    let is_within = |edge: Span| {
        let stays = passed.is_some_and(|passed| passed <= edge);
        left <= edge * if stays { HYSTERESIS } else { 1.0 }
    };
    let largest = *limits.thresholds.first()?;
    let steps = limits.thresholds.iter().copied().chain([largest * assess::CRITICAL_PART]);
    steps.filter(|step| is_within(*step)).min_by(Span::total_cmp)
}

/// Whether all logins of an agent can be seen, including those that it inherits from the main agent.
pub(super) fn sees_logins(agent: &AgentHealth, snapshot: &Snapshot) -> bool {
    assess::shows_its_logins(agent) && snapshot.main().is_none_or(assess::shows_its_logins)
}
