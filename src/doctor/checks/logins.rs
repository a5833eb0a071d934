//! Logins that expired, expire soon, cannot be renewed, or are set aside by OpenClaw. The verdict is the
//! assessment's.

use std::collections::BTreeSet;
use std::fmt::Display;

use openclaw_auth::model::{Cooldown, CooldownKind, CredentialKind, Source, Span, Timestamp};

use crate::assess;
use crate::doctor::files;
use crate::doctor::finding::{Finding, FindingKind, Findings, Severity};
use crate::doctor::inspection::Inspection;
use crate::doctor::kinds::{
    ACCOUNT_MISMATCH, CHECK_DIFFERS, COOLDOWN_STUCK, COPY_DRIFTED, ENTRY_MISTYPED, EXPIRES_IN_SECONDS,
    EXPIRES_INVALID, KEY_ONLY_IN_SERVICE, LOGIN_BLOCKED, LOGIN_DEAD, LOGIN_EXPIRED, LOGIN_EXPIRING,
    LOGIN_EXTERNAL, LOGIN_LAPSED, LOGIN_MISSING, LOGIN_NEVER_RENEWED, LOGIN_UNRESOLVED, LOGIN_UNSUPPORTED,
    PROFILE_DISABLED, RENEWAL_FAILING, TOKEN_CUT, TOKEN_OLD, TOKEN_PASTED_TEXT, TOKEN_PLACEHOLDER,
    TOKEN_SHORT, TOKEN_WRONG_KIND,
};
use crate::exit;
use crate::model::{AgentHealth, Assessment, AssessmentState, IssueOf, LoginState, ProfileHealth, Status};
use crate::publish::words::{check_cause, span};
use crate::texts::text;

/// What explains a login that does not work, so that it is not reported twice.
const CAUSES: [FindingKind; 10] = [
    ENTRY_MISTYPED,
    EXPIRES_IN_SECONDS,
    EXPIRES_INVALID,
    TOKEN_CUT,
    TOKEN_PASTED_TEXT,
    TOKEN_SHORT,
    TOKEN_WRONG_KIND,
    TOKEN_PLACEHOLDER,
    COPY_DRIFTED,
    ACCOUNT_MISMATCH,
];

/// Causes of OpenClaw's own answer that are named.
const CAUSES_SHOWN: usize = 3;
/// Renewals that fail for a shorter time are not reported: providers are down for minutes, not hours.
const GRACE: Span = Span::from_hours(1.0);
/// A login that could renew automatically and has not for this long is not in use, or nothing renews it.
const UNUSED_FOR: Span = Span::from_days(7.0);
/// How long pasted tokens last.
const YEAR: Span = Span::from_days(365.0);
/// OpenClaw's longest cooldown is an hour.
const LONGEST_COOLDOWN: Span = Span::from_hours(2.0);
/// It disables a profile for a day at most.
const LONGEST_DISABLED: Span = Span::from_hours(48.0);

pub(super) fn run(inspection: &Inspection, findings: &mut Findings) {
    for issue in assess::issues(&inspection.snapshot) {
        let (IssueOf::Login(profile), Some(agent)) = (issue.of, issue.agent) else { continue };
        let Some(health) = inspection.health(agent) else { continue };
        if findings.explain(agent, &profile.profile_id, &CAUSES, Some(&issue.assessment)) {
            continue;
        }
        if let Some(finding) = found(inspection, &issue.assessment, profile) {
            findings.push(finding.of(agent).profile(profile.profile_id.as_str()).at(&health.store.path));
        }
    }
    for (agent, profile) in inspection.profiles().filter(|(_, profile)| profile.assessment.is_none()) {
        if findings.explain(&agent.id, &profile.profile_id, &CAUSES, None) {
            continue;
        }
        if let Some(finding) = note(inspection, agent, profile) {
            findings.push(finding.of(&agent.id).profile(profile.profile_id.as_str()).at(&agent.store.path));
        }
    }
    set_aside(inspection, findings);
}

/// The finding for a login that is not in order; `None` if it is not worth one.
fn found(inspection: &Inspection, assessment: &Assessment, profile: &ProfileHealth) -> Option<Finding> {
    let ago = profile.end().map(|end| inspection.now - end);
    let mut more = None;
    let kind = match assessment.state {
        AssessmentState::NeedsSignIn => {
            // The access token of a login that needs a sign-in may still work for a while.
            more = profile
                .remaining_ms
                .filter(|left| *left > Span::ZERO)
                .map(|left| text("finding-access-left", &[("left", &span(left))]));
            LOGIN_DEAD
        }
        AssessmentState::Missing | AssessmentState::NotSetUp if assessment.needs_person => LOGIN_MISSING,
        AssessmentState::Unresolved => LOGIN_UNRESOLVED,
        AssessmentState::Expired => LOGIN_EXPIRED,
        AssessmentState::Expiring => LOGIN_EXPIRING,
        AssessmentState::RenewalBlocked => LOGIN_BLOCKED,
        AssessmentState::RenewalFailing => {
            let failing = profile.failing.as_ref()?;
            let since = inspection.now - failing.since;
            if !assessment.needs_person && since <= GRACE {
                return None;
            }
            let parameters: [(_, &dyn Display); 2] = [("times", &failing.times), ("span", &span(since))];
            more = Some(text("finding-failed", &parameters));
            RENEWAL_FAILING
        }
        AssessmentState::Renews if ago.is_some_and(|ago| ago > UNUSED_FOR) => {
            more = ago.map(|ago| text("finding-unused", &[("ago", &span(ago))]));
            LOGIN_LAPSED
        }
        AssessmentState::External => LOGIN_EXTERNAL,
        _ => return None,
    };
    let mut finding = kind.assessed(assessment);
    finding.meaning.extend(more);
    Some(finding)
}

/// What is worth knowing about a login in order.
fn note(inspection: &Inspection, agent: &AgentHealth, profile: &ProfileHealth) -> Option<Finding> {
    match (profile.status, profile.login) {
        (Status::Ok, LoginState::Unsupported) => Some(LOGIN_UNSUPPORTED.found(&[])),
        (Status::Ok, LoginState::None) if profile.kind == CredentialKind::OAuth => {
            Some(LOGIN_NEVER_RENEWED.found(&[]))
        }
        // Tokens of other providers may be meant not to expire.
        (Status::Static, _)
            if profile.kind == CredentialKind::Token && profile.provider.as_str() == "anthropic" =>
        {
            old_token(inspection, agent, profile)
        }
        _ => None,
    }
}

/// A token without an expiry was pasted at an unknown time, but not after its store was last written.
fn old_token(inspection: &Inspection, agent: &AgentHealth, profile: &ProfileHealth) -> Option<Finding> {
    let written = files::facts(&files::real(&agent.store.path))?.modified;
    let age = inspection.now - written;
    (profile.source == Source::Json && age > YEAR).then(|| {
        let command = inspection.commands.sign_in(
            &agent.id,
            &profile.provider,
            profile.kind,
            profile.profile_id.as_str(),
        );
        TOKEN_OLD.found(&[("age", &span(age))]).command(command)
    })
}

/// Profiles that OpenClaw has disabled, or cools down for longer than it ever would.
fn set_aside(inspection: &Inspection, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for agent in &inspection.snapshot.agents {
        for profile in &agent.profiles {
            let Some(cooldown) = profile.cooldown.as_deref() else { continue };
            let Some(finding) = cooldown_finding(inspection.now, cooldown) else { continue };
            // A profile that others inherit is reported once for what is recorded in one place.
            let is_new = seen.insert((profile.profile_id.as_str(), cooldown.until.as_millis().to_bits()));
            if profile.inherited && !is_new {
                continue;
            }
            let mut finding =
                finding.of(&agent.id).profile(profile.profile_id.as_str()).at(&agent.store.path);
            let assessment =
                profile.assessment.as_deref().filter(|verdict| verdict.state == AssessmentState::Disabled);
            if let Some(assessment) = assessment {
                finding.severity = assessment.severity.unwrap_or(Severity::Info);
                finding.command = assessment.command().map(str::to_owned);
            } else {
                finding.command = Some(inspection.commands.show_order(&agent.id, &profile.provider));
            }
            findings.push(finding);
        }
    }
}

/// A cooldown of minutes after an error is normal, and not a finding.
fn cooldown_finding(now: Timestamp, cooldown: &Cooldown) -> Option<Finding> {
    let left = cooldown.until - now;
    let longest = match cooldown.kind {
        CooldownKind::Cooldown => LONGEST_COOLDOWN,
        CooldownKind::Disabled => LONGEST_DISABLED,
    };
    if left > longest {
        return Some(COOLDOWN_STUCK.found(&[("left", &span(left))]));
    }
    if cooldown.kind == CooldownKind::Cooldown {
        return None;
    }
    let reason = match cooldown.reason.as_deref() {
        Some("billing") => text("disabled-billing", &[]),
        Some("auth" | "auth_permanent" | "session_expired") => text("disabled-auth", &[]),
        Some(reason) => reason.to_owned(),
        None => text("disabled-unexplained", &[]),
    };
    Some(PROFILE_DISABLED.found(&[("left", &span(left)), ("reason", &reason)]))
}

/// `status --check` answers as OpenClaw does. If it is not 0 for what needs nobody, that is the finding.
/// Runs last: nothing that `status --check` reports goes without a finding.
pub(super) fn status_check(inspection: &Inspection, findings: &mut Findings) {
    let is_explained = |agent: &&AgentHealth| {
        findings.iter().any(|finding| {
            let explains = finding.profile.is_some()
                || finding.severity > Severity::Info
                || finding.code == KEY_ONLY_IN_SERVICE.code;
            explains && finding.concerns(agent)
        })
    };
    let agents = inspection.snapshot.agents.iter().filter(|agent| agent.exit_code != exit::OK);
    let unexplained: Vec<&AgentHealth> = agents.filter(|agent| !is_explained(agent)).collect();
    let Some(first) = unexplained.first() else { return };
    let (code, note) = if unexplained.iter().all(|agent| agent.exit_code == exit::EXPIRING) {
        (exit::EXPIRING, "check-note-expiring")
    } else {
        (exit::EXPIRED_OR_MISSING, "check-note-missing")
    };
    let causes =
        unexplained.iter().flat_map(|agent| agent.check.causes.iter().map(|cause| check_cause(agent, cause)));
    let causes = causes.take(CAUSES_SHOWN).collect::<Vec<_>>().join("; ");
    let note = if causes.is_empty() { note } else { "check-note-because" };
    let finding = CHECK_DIFFERS.meaning(text(note, &[("code", &code), ("causes", &format!(" {causes}"))]));
    findings.push(finding.of(Some(&first.id).filter(|_| unexplained.len() == 1)));
}
