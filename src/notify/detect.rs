//! First step, pure: what in a picture is worth telling somebody, and how much it matters.
//!
//! Both axes count. A renewable token that merely lapses is nobody's alarm; a dead login is one even while its token is valid.
//! One login is one condition, told where it is kept, however many agents have it from there.

mod login;

use std::collections::BTreeMap;

use openclaw_auth::model::{Span, StoreErrorReason, StrandedKind};

use self::login::{LoginRules, use_is_known};
use super::problem::{FailingChannels, Limits, Problem, ProblemKind, Subject, SubjectKind};
use crate::model::{AgentHealth, Severity, Snapshot};
use crate::remedy::{self, Remedy};

/// No writer holds a store for longer.
const LOCKED_FOR: Span = Span::from_mins(10.0);
/// Nobody who edits a file leaves it broken for longer.
const EDITED_FOR: Span = Span::from_mins(10.0);
/// Finds all conditions. `passed` tells the threshold that has been told for a subject.
#[must_use]
pub fn problems_in(
    snapshot: &Snapshot,
    own: &FailingChannels,
    limits: &Limits,
    passed: impl Fn(&Subject) -> Option<Span>,
) -> BTreeMap<Subject, Problem> {
    let judge = LoginRules { snapshot, limits, use_is_known: use_is_known(snapshot) };
    let mut found: BTreeMap<Subject, Problem> = BTreeMap::new();
    for agent in &snapshot.agents {
        if let Some(problem) = store(agent) {
            found.insert(Subject::of(agent, SubjectKind::Store), problem);
        }
        // A login in a store that cannot be read is not missing, nor is one that may be inherited from such a store.
        let sees_logins = sees_logins(agent, snapshot);
        for provider in agent.missing_providers_in_use.iter().filter(|_| sees_logins) {
            let subject = Subject::of(agent, SubjectKind::Provider(provider.as_str().to_owned()));
            let remedy = remedy::for_missing_provider(agent, provider);
            let mut problem =
                Problem::new(ProblemKind::ProviderMissing, Severity::Critical, "has no login", remedy);
            problem.provider = Some(provider.as_str().to_owned());
            found.insert(subject, problem);
        }
        for profile in agent.profiles.iter().filter(|profile| judge.may_matter(profile)) {
            let owner = if profile.inherited { &snapshot.agents[0] } else { agent };
            let subject = Subject::of(owner, SubjectKind::Profile(profile.profile_id.as_str().to_owned()));
            let passed = passed(&subject);
            let Some(mut problem) = judge.profile(&owner.id, profile, passed) else { continue };
            if let Some(known) = found.get_mut(&subject) {
                // Who inherits it may use it where its owner does not.
                known.severity = known.severity.max(problem.severity);
                known.name(agent.id.as_str(), limits);
                continue;
            }
            if profile.inherited {
                problem.name(agent.id.as_str(), limits);
            }
            found.insert(subject, problem);
        }
    }
    if let Some(problem) = configuration(snapshot) {
        found.insert(Subject { agent: String::new(), kind: SubjectKind::Config }, problem);
    }
    for profile in &snapshot.rescued {
        let subject = Subject { agent: String::new(), kind: SubjectKind::Rescue(profile.clone()) };
        let remedy = remedy::for_rescued();
        let problem = Problem::new(ProblemKind::Rescued, Severity::Critical, "could not be stored", remedy);
        found.insert(subject, problem);
    }
    for (channel, (since, problem)) in &own.failing {
        let subject = Subject { agent: String::new(), kind: SubjectKind::Channel(channel.clone()) };
        let remedy = Remedy {
            meaning: format!("messages wait, for it does not take them: {problem}"),
            command: Some(format!("authwatch notify test {}", remedy::quote(channel))),
        };
        let problem =
            Problem::new(ProblemKind::ChannelFailing, Severity::Warning, "takes no messages", remedy);
        found.insert(subject, Problem { since: Some(*since), ..problem });
    }
    found
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

fn configuration(snapshot: &Snapshot) -> Option<Problem> {
    let error = snapshot.config.error.as_ref()?;
    let remedy = remedy::for_config(&snapshot.config)?;
    let severity = of_unreadable(error.reason);
    let problem = Problem::new(ProblemKind::ConfigUnreadable, severity, "cannot be used", remedy);
    Some(Problem { patience: Some(EDITED_FOR), ..problem })
}

fn store(agent: &AgentHealth) -> Option<Problem> {
    let remedy = remedy::for_store(agent)?;
    if let Some(error) = &agent.store.error {
        let severity = of_unreadable(error.reason);
        // A writer holds a database for seconds.
        let patience = (error.reason == StoreErrorReason::Locked).then_some(LOCKED_FOR);
        let problem = Problem::new(ProblemKind::StoreUnreadable, severity, "cannot be read", remedy);
        return Some(Problem { patience, ..problem });
    }
    let stranded = agent.store.stranded.as_ref()?;
    (stranded.kind == StrandedKind::EmptyDatabase)
        .then(|| Problem::new(ProblemKind::StoreStranded, Severity::Critical, "has lost its logins", remedy))
}
