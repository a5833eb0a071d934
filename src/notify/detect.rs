//! First step, pure: which issues of a snapshot people are notified of. How bad they are was decided by the assessment; what is
//! added here is the threshold that an expiry has passed, and how long something has to last.

use std::collections::BTreeMap;

use openclaw_auth::model::{Span, StoreErrorReason};

use super::problem::{FailingChannels, Limits, Problem, ProblemKind, Subject, SubjectKind};
use crate::assess;
use crate::model::{
    AgentHealth, AssessmentState, Issue, IssueOf, LoginReason, ProfileHealth, Severity, Snapshot,
};
use crate::remedy::{self, Remedy};
use crate::texts::text;

/// A threshold that has been passed stays passed until there is so much more time left than it: what hovers is told once.
pub(super) const HYSTERESIS: f64 = 1.1;
/// No writer holds a store for longer.
const LOCKED_FOR: Span = Span::from_mins(10.0);
/// Nobody who edits a file leaves it broken for longer.
const EDITED_FOR: Span = Span::from_mins(10.0);

/// Finds all problems. `passed` gives the threshold that people were notified of for a subject.
pub(super) fn problems(
    snapshot: &Snapshot,
    own: &FailingChannels,
    limits: &Limits,
    passed: impl Fn(&Subject) -> Option<Span>,
) -> BTreeMap<Subject, Problem> {
    let mut found: BTreeMap<Subject, Problem> = BTreeMap::new();
    for issue in assess::issues(snapshot) {
        let Some(kind) = told(&issue) else { continue };
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
                    // It may be configured to be notified of later than OpenClaw calls it expiring.
                    if left.is_some() && problem.threshold.is_none() {
                        continue;
                    }
                }
            }
            IssueOf::Configuration | IssueOf::Recovery(_) | IssueOf::Store => {}
        }
        for agent in &issue.also {
            problem.name(agent.as_str(), limits);
        }
        found.insert(subject, problem);
    }
    for (channel, (since, problem)) in &own.failing {
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

/// What people are notified of; `None` where it resolves itself.
fn told(issue: &Issue<'_>) -> Option<ProblemKind> {
    let kind = match issue.assessment.state {
        AssessmentState::NeedsSignIn => ProblemKind::Dead,
        AssessmentState::Missing | AssessmentState::Unresolved | AssessmentState::NotSetUp => {
            ProblemKind::Missing
        }
        AssessmentState::Expired => ProblemKind::Expired,
        AssessmentState::Expiring => ProblemKind::Expiring,
        AssessmentState::RenewalFailing | AssessmentState::RenewalBlocked | AssessmentState::RenewalStuck => {
            ProblemKind::Lapsed
        }
        // Also where nobody needs to act: whoever wants to be informed is.
        AssessmentState::Disabled => return Some(ProblemKind::Disabled),
        AssessmentState::NoLogin => ProblemKind::ProviderMissing,
        AssessmentState::Unreadable => ProblemKind::StoreUnreadable,
        AssessmentState::MigrationIncomplete => ProblemKind::StoreStranded,
        AssessmentState::Unusable => ProblemKind::ConfigUnreadable,
        AssessmentState::NotStored => ProblemKind::Rescued,
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

/// How it is, as a subject line says it.
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
        IssueOf::Recovery(profile) => SubjectKind::Rescue(profile.to_owned()),
        IssueOf::Store => SubjectKind::Store,
        IssueOf::Provider(provider) => SubjectKind::Provider(provider.to_string()),
        IssueOf::Login(profile) => SubjectKind::Profile(profile.profile_id.to_string()),
    };
    Subject { agent: issue.agent.map_or_else(String::new, ToString::to_string), kind }
}

/// What often resolves itself has to last.
fn patience(snapshot: &Snapshot, issue: &Issue<'_>) -> Option<Span> {
    match issue.of {
        IssueOf::Configuration => Some(EDITED_FOR),
        IssueOf::Store => {
            let agent = snapshot.agents.iter().find(|agent| Some(&agent.id) == issue.agent)?;
            let reason = agent.store.error.as_ref()?.reason;
            // A writer holds a database for seconds.
            (reason == StoreErrorReason::Locked).then_some(LOCKED_FOR)
        }
        IssueOf::Recovery(_) | IssueOf::Provider(_) | IssueOf::Login(_) => None,
    }
}

/// The smallest threshold that an expiry has passed.
fn threshold(left: Span, limits: &Limits, passed: Option<Span>) -> Option<Span> {
    let is_within = |edge: Span| {
        let stays = passed.is_some_and(|passed| passed <= edge);
        left <= edge * if stays { HYSTERESIS } else { 1.0 }
    };
    let largest = *limits.thresholds.first()?;
    let steps = limits.thresholds.iter().copied().chain([largest * assess::CRITICAL_PART]);
    steps.filter(|step| is_within(*step)).min_by(Span::total_cmp)
}

/// Whether the logins that an agent has, or has not, can be seen: all may inherit from the first.
pub(super) fn sees_logins(agent: &AgentHealth, snapshot: &Snapshot) -> bool {
    assess::shows_its_logins(agent) && snapshot.main().is_none_or(assess::shows_its_logins)
}
