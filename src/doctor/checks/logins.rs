//! Logins that have ended, will end, or cannot be renewed. The verdict is the assessment's.

use openclaw_auth::model::{CredentialKind, Span};

use super::{duplicates, entries, pasted};
use crate::assess;
use crate::doctor::files;
use crate::doctor::finding::{Check, Finding, FindingKind, Findings, Severity};
use crate::doctor::inspection::Inspection;
use crate::model::{AgentHealth, Assessment, AssessmentState, IssueOf, LoginState, ProfileHealth, Status};
use crate::publish::words::span;

const DEAD: FindingKind = FindingKind::new("login-dead", Severity::Critical);
const EXPIRED: FindingKind = FindingKind::new("login-expired", Severity::Critical);
const MISSING: FindingKind = FindingKind::new("login-missing", Severity::Critical);
const UNRESOLVED: FindingKind = FindingKind::new("login-unresolved", Severity::Warning);
const EXPIRING: FindingKind = FindingKind::new("login-expiring", Severity::Warning);
const BLOCKED: FindingKind = FindingKind::new("login-blocked", Severity::Critical);
const FAILING: FindingKind = FindingKind::new("renewal-failing", Severity::Critical);
const EXTERNAL: FindingKind = FindingKind::new("login-external", Severity::Info);
const LAPSED: FindingKind = FindingKind::new("login-lapsed", Severity::Info);
const NEVER_RENEWED: FindingKind = FindingKind::new("login-never-renewed", Severity::Info);
const UNSUPPORTED: FindingKind = FindingKind::new("login-unsupported", Severity::Info);
const OLD_TOKEN: FindingKind = FindingKind::new("token-old", Severity::Warning);

pub(super) const CHECK: Check = Check {
    kinds: &[
        DEAD,
        EXPIRED,
        MISSING,
        UNRESOLVED,
        EXPIRING,
        BLOCKED,
        FAILING,
        EXTERNAL,
        LAPSED,
        NEVER_RENEWED,
        UNSUPPORTED,
        OLD_TOKEN,
    ],
    run,
};

/// What explains a login that does not work, so that it need not be told twice.
const CAUSES: [FindingKind; 8] = [
    entries::SECONDS,
    entries::INVALID,
    pasted::CUT,
    pasted::PASTED,
    pasted::SHORT,
    pasted::OTHER_KIND,
    duplicates::DRIFTED,
    duplicates::MISMATCH,
];

/// Renewing may fail for so long before it is worth a word: providers are down for minutes, not hours.
const GRACE: Span = Span::from_hours(1.0);
/// A login that could renew automatically and has not for so long is not in use, or nobody renews it.
const LAPSE: Span = Span::from_days(7.0);
/// Pasted tokens last for a year.
const YEAR: Span = Span::from_days(365.0);

fn run(inspection: &Inspection, findings: &mut Findings) {
    for issue in assess::issues(&inspection.snapshot) {
        let (IssueOf::Login(profile), Some(agent)) = (issue.of, issue.agent) else { continue };
        let Some(health) = inspection.health(agent) else { continue };
        // What stands in for a store that cannot be read is not OpenClaw's truth either.
        if findings.explain_assessed(agent, &profile.profile_id, &CAUSES, &issue.assessment) {
            continue;
        }
        if let Some(finding) = found(inspection, &issue.assessment, profile) {
            findings.push(finding.of(agent).profile(profile.profile_id.as_str()).at(&health.store.path));
        }
    }
    for (agent, profile) in inspection.profiles().filter(|(_, profile)| profile.assessment.is_none()) {
        if findings.explain(&agent.id, &profile.profile_id, &CAUSES) {
            continue;
        }
        if let Some(finding) = noted(inspection, agent, profile) {
            findings.push(finding.of(&agent.id).profile(profile.profile_id.as_str()).at(&agent.store.path));
        }
    }
}

/// The finding for a login that is not in order; `None` where another check has it.
fn found(inspection: &Inspection, assessment: &Assessment, profile: &ProfileHealth) -> Option<Finding> {
    let ago = profile.end().map(|end| inspection.now - end);
    let mut more = String::new();
    let kind = match assessment.state {
        AssessmentState::NeedsSignIn => {
            more = last_breath(profile);
            DEAD
        }
        AssessmentState::Missing | AssessmentState::NotSetUp if assessment.needs_person => MISSING,
        AssessmentState::Unresolved => UNRESOLVED,
        AssessmentState::Expired => EXPIRED,
        AssessmentState::Expiring => EXPIRING,
        AssessmentState::RenewalBlocked => BLOCKED,
        AssessmentState::RenewalFailing => {
            let failing = profile.failing.as_ref()?;
            let since = inspection.now - failing.since;
            if !assessment.needs_person && since <= GRACE {
                return None;
            }
            more = format!("; failed {} times in {}", failing.times, span(since));
            FAILING
        }
        AssessmentState::Renews if ago.is_some_and(|ago| ago > LAPSE) => {
            let ago = span(ago.unwrap_or(Span::ZERO));
            more = format!("; it expired {ago} ago, and refresh tokens that are not used expire, too");
            LAPSED
        }
        AssessmentState::External => EXTERNAL,
        _ => return None,
    };
    let mut finding = kind.assessed(assessment);
    finding.meaning.push_str(&more);
    Some(finding)
}

/// What is worth knowing of a login in order.
fn noted(inspection: &Inspection, agent: &AgentHealth, profile: &ProfileHealth) -> Option<Finding> {
    match (profile.status, profile.login) {
        (Status::Ok, LoginState::Unsupported) => Some(UNSUPPORTED.found(
            "its provider offers no renewal that authwatch knows of: when it expires, OpenClaw renews it or somebody signs in again",
        )),
        (Status::Ok, LoginState::None) if profile.kind == CredentialKind::OAuth => Some(NEVER_RENEWED.found(
            "it has no refresh token, so it is never renewed: when it expires, somebody has to sign in again",
        )),
        // Others' tokens may well be meant for ever.
        (Status::Static, _)
            if profile.kind == CredentialKind::Token && profile.provider.as_str() == "anthropic" =>
        {
            old_token(inspection, agent, profile)
        }
        _ => None,
    }
}

/// The access token of a login that needs a sign-in may go on for a while.
fn last_breath(profile: &ProfileHealth) -> String {
    match profile.remaining_ms {
        Some(left) if left > Span::ZERO => format!("; its access token works for another {}", span(left)),
        _ => String::new(),
    }
}

/// Nothing tells when a token without an end was pasted, but not after its store was last written.
fn old_token(inspection: &Inspection, agent: &AgentHealth, profile: &ProfileHealth) -> Option<Finding> {
    let facts = inspection.facts(&agent.id, profile.profile_id.as_str())?;
    let written = files::look(&files::real(&agent.store.path))?.modified;
    let age = inspection.now - written;
    (facts.source == openclaw_auth::model::Source::Json && age > YEAR).then(|| {
        let command = inspection.commands.sign_in(
            &agent.id,
            &profile.provider,
            profile.kind,
            profile.profile_id.as_str(),
        );
        let meaning = format!(
            "it says nothing about its end, and was pasted {} ago or earlier: setup-tokens last for a year",
            span(age)
        );
        OLD_TOKEN.found(meaning).command(command)
    })
}
