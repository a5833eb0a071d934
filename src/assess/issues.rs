//! Everything that is not in order, once each, the worst first.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::LazyLock;

use openclaw_auth::model::{AgentId, MAIN_AGENT};

use crate::model::{AgentHealth, Assessment, AssessmentState, Issue, IssueOf, Severity, Snapshot};
use crate::texts::{counted, text};

/// Whose logins all other agents inherit.
static MAIN: LazyLock<AgentId> = LazyLock::new(|| AgentId::from(MAIN_AGENT));

/// Lists what is not in order. A login that many agents inherit is one issue, at the agent that owns it.
#[must_use]
pub fn issues(snapshot: &Snapshot) -> Vec<Issue<'_>> {
    let mut found: Vec<Issue<'_>> = Vec::new();
    let mut add = |agent, of, assessment| found.push(Issue { agent, of, assessment, also: Vec::new() });
    if let Some(assessment) = &snapshot.config_assessment {
        add(None, IssueOf::Configuration, Cow::Borrowed(assessment));
    }
    for profile in &snapshot.recoveries {
        if let Some(assessment) = &snapshot.recovery_assessment {
            add(None, IssueOf::Recovery(profile), Cow::Borrowed(assessment));
        }
    }
    let mut inherited: HashMap<&str, usize> = HashMap::new();
    for agent in &snapshot.agents {
        of_agent(agent, &mut found, &mut inherited);
    }
    found.sort_by_key(|issue| Reverse(issue.assessment.severity));
    found
}

fn of_agent<'a>(agent: &'a AgentHealth, found: &mut Vec<Issue<'a>>, inherited: &mut HashMap<&'a str, usize>) {
    let issue = |at: &'a AgentId, of, assessment: &'a Assessment| Issue {
        agent: Some(at),
        of,
        assessment: Cow::Borrowed(assessment),
        also: Vec::new(),
    };
    found
        .extend(agent.store_assessment.iter().map(|assessment| issue(&agent.id, IssueOf::Store, assessment)));
    // A report on some agents may leave main out. What they inherit is its login all the same.
    let main = (agent.id != *MAIN).then_some(&*MAIN);
    for verdict in &agent.provider_assessments {
        // What main lacks, all others lack with it, and what main is given, they inherit.
        let of_main = |known: &&mut Issue<'a>| {
            known.of == IssueOf::Provider(&verdict.provider)
                && known.agent == main
                && known.assessment.severity == verdict.assessment.severity
        };
        match found.iter_mut().find(of_main) {
            Some(known) => known.also.push(&agent.id),
            None => found.push(issue(&agent.id, IssueOf::Provider(&verdict.provider), &verdict.assessment)),
        }
    }
    for profile in &agent.profiles {
        let Some(assessment) = profile.assessment.as_deref() else { continue };
        let (id, of) = (profile.profile_id.as_str(), IssueOf::Login(profile));
        // OpenClaw leaves it alone for a while at one agent, and uses it at the others.
        let is_set_aside =
            matches!(assessment.state, AssessmentState::Disabled | AssessmentState::CoolingDown);
        let owner = main.filter(|_| profile.inherited && !is_set_aside);
        let known = inherited.get(id).copied().filter(|_| owner.is_some());
        let index = known.unwrap_or_else(|| {
            found.push(issue(owner.unwrap_or(&agent.id), of, assessment));
            found.len() - 1
        });
        if main.is_none() || owner.is_some() {
            inherited.insert(id, index);
        }
        if owner.is_some() {
            let known = &mut found[index];
            known.also.push(&agent.id);
            // Who inherits it may use it where its owner does not.
            let weight = |severity, of| (severity, matches!(of, IssueOf::Login(profile) if profile.in_use));
            if weight(assessment.severity, of) > weight(known.assessment.severity, known.of) {
                (known.assessment, known.of) = (Cow::Borrowed(assessment), of);
            }
        }
    }
}

/// What an issue is about, in a word.
#[must_use]
pub fn name(issue: &Issue<'_>) -> String {
    match issue.of {
        IssueOf::Configuration => "openclaw.json".to_owned(),
        IssueOf::Recovery(profile) => profile.to_owned(),
        IssueOf::Store => text("the-store", &[]),
        IssueOf::Provider(provider) => provider.to_string(),
        IssueOf::Login(profile) => profile.profile_id.to_string(),
    }
}

/// How bad it is at worst; `None` where all is well.
#[must_use]
pub fn worst(issues: &[Issue<'_>]) -> Option<Severity> {
    issues.iter().filter_map(|issue| issue.assessment.severity).max()
}

/// The verdict on everything, in a line.
#[must_use]
pub fn headline(snapshot: &Snapshot, issues: &[Issue<'_>]) -> String {
    let problems = || issues.iter().filter(|issue| issue.assessment.needs_person);
    let count = problems().count();
    if count > 0 {
        let only_logins = problems().all(|issue| matches!(issue.of, IssueOf::Login(_)));
        return counted(if only_logins { "verdict-needs" } else { "verdict-problems" }, count);
    }
    let has_login = |agent: &AgentHealth| !agent.profiles.is_empty() || agent.keys().next().is_some();
    let has_logins = snapshot.agents.iter().any(has_login);
    text(if has_logins { "verdict-fine" } else { "verdict-none" }, &[])
}
