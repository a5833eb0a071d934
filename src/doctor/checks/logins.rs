//! Logins that have ended, will end, or cannot be renewed. What they mean is `remedy`'s to say, as everywhere.

use openclaw_auth::model::{CredentialKind, ReasonCode, Span, Timestamp};

use super::{duplicates, entries, pasted};
use crate::doctor::files;
use crate::doctor::finding::{Check, Finding, FindingKind, Findings, Severity};
use crate::doctor::inspection::Inspection;
use crate::model::{AgentHealth, LoginReason, LoginState, ProfileHealth, Status};
use crate::publish::words::span;
use crate::remedy;

const DEAD: FindingKind = FindingKind::new("login-dead", Severity::Critical);
const EXPIRED: FindingKind = FindingKind::new("login-expired", Severity::Critical);
const MISSING: FindingKind = FindingKind::new("login-missing", Severity::Critical);
const UNRESOLVED: FindingKind = FindingKind::new("login-unresolved", Severity::Warning);
const EXPIRING: FindingKind = FindingKind::new("login-expiring", Severity::Warning);
const BLOCKED: FindingKind = FindingKind::new("login-blocked", Severity::Warning);
const FAILING: FindingKind = FindingKind::new("renewal-failing", Severity::Warning);
const LAPSED: FindingKind = FindingKind::new("login-lapsed", Severity::Warning);
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
/// A login that could renew itself and has not for so long is not in use, or nobody renews it.
const LAPSE: Span = Span::from_days(7.0);
/// Pasted tokens last for a year.
const YEAR: Span = Span::from_days(365.0);

fn run(inspection: &Inspection, findings: &mut Findings) {
    for (agent, profile) in inspection.profiles() {
        // What stands in for a store that cannot be read is not OpenClaw's truth either.
        if findings.explain(&agent.id, &profile.profile_id, &CAUSES) {
            continue;
        }
        if let Some(finding) = judge(inspection, agent, profile) {
            findings.push(finding.of(&agent.id).profile(profile.profile_id.as_str()).at(&agent.store.path));
        }
    }
}

fn judge(inspection: &Inspection, agent: &AgentHealth, profile: &ProfileHealth) -> Option<Finding> {
    let remedy = remedy::for_profile(&agent.id, profile);
    let weight = inspection.weight(profile);
    let told = |kind: FindingKind, weight: Severity, more: String| {
        let remedy = remedy.clone()?;
        let mut finding = kind.found(format!("{}{more}", remedy.meaning)).weighing(weight);
        finding.command = remedy.command;
        Some(finding)
    };
    let nothing = String::new;
    let renews = profile.login == LoginState::Renewable || profile.login == LoginState::Refreshing;
    match (profile.status, profile.login) {
        (_, LoginState::External) => None,
        // Nobody uses it, and somebody is about to: that is no trouble.
        _ if profile.reason_code == Some(ReasonCode::SetupInactive) && !profile.in_use => None,
        (_, LoginState::Dead) => {
            let why = profile.login_reason.map(reason).unwrap_or_default();
            told(DEAD, weight, format!("{why}{}", last_breath(profile)))
        }
        (_, LoginState::Blocked) => Some(blocked(profile)),
        (Status::Missing, _) if profile.reason_code == Some(ReasonCode::UnresolvedRef) => {
            told(UNRESOLVED, Severity::Warning, nothing())
        }
        (Status::Missing, _) => told(MISSING, weight, nothing()),
        _ if failing(inspection, agent, profile).is_some() => failing(inspection, agent, profile),
        (Status::Expired, _) if renews => lapsed(inspection.now, profile, weight),
        (Status::Expired, _) => told(EXPIRED, weight, nothing()),
        (Status::Expiring, _) if !renews => told(EXPIRING, Severity::Warning, nothing()),
        (Status::Ok, LoginState::Unsupported) => Some(UNSUPPORTED.found(
            "its provider offers no renewal that authwatch knows of: when it ends, OpenClaw renews it or somebody signs in again",
        )),
        (Status::Ok, LoginState::None) if profile.kind == CredentialKind::OAuth => Some(NEVER_RENEWED.found(
            "it has no refresh token, so it is never renewed: when it ends, somebody has to sign in again",
        )),
        // Others' tokens may well be meant for ever.
        (Status::Static, _) if profile.kind == CredentialKind::Token && profile.provider.as_str() == "anthropic" => old_token(inspection, agent, profile),
        _ => None,
    }
}

fn reason(reason: LoginReason) -> String {
    format!(" ({})", reason.as_str())
}

/// A dead login's access token may go on for a while.
fn last_breath(profile: &ProfileHealth) -> String {
    match profile.remaining_ms {
        Some(left) if left > Span::ZERO => format!("; its access token works for another {}", span(left)),
        _ => String::new(),
    }
}

fn blocked(profile: &ProfileHealth) -> Finding {
    let why = match profile.login_reason {
        Some(LoginReason::RegionBlocked) => {
            "the provider does not serve the country this machine appears to be in"
        }
        _ => "a challenge page stands before the provider, as it does for some proxies and hosting networks",
    };
    BLOCKED.found(format!(
        "{why}: it cannot be renewed from here. The login itself is good; change the way out to the network"
    ))
}

fn failing(inspection: &Inspection, agent: &AgentHealth, profile: &ProfileHealth) -> Option<Finding> {
    let failing = inspection.facts(&agent.id, profile.profile_id.as_str())?.failing.as_ref()?;
    let since = inspection.now - failing.since;
    (since > GRACE).then(|| {
        let meaning =
            format!("renewing it has failed {} times in {} ({})", failing.times, span(since), failing.reason);
        FAILING.found(meaning).command(format!(
            "authwatch refresh --agent {} --profile {} --force",
            remedy::quote(agent.id.as_str()),
            remedy::quote(profile.profile_id.as_str())
        ))
    })
}

/// That an access token ends is nobody's alarm while its login renews it. That it ended long ago is worth a word.
fn lapsed(now: Timestamp, profile: &ProfileHealth, weight: Severity) -> Option<Finding> {
    let ago = now - profile.end()?;
    (ago > LAPSE).then(|| {
        let weight = if weight == Severity::Critical { Severity::Warning } else { Severity::Info };
        let meaning = format!(
            "it ended {} ago and could be renewed, but nobody has: refresh tokens that are not used lapse as well",
            span(ago)
        );
        LAPSED.found(meaning).weighing(weight).command(format!(
            "authwatch refresh --profile {}",
            remedy::quote(profile.profile_id.as_str())
        ))
    })
}

/// Nothing tells when a token without an end was pasted, but not after its store was last written.
fn old_token(inspection: &Inspection, agent: &AgentHealth, profile: &ProfileHealth) -> Option<Finding> {
    let facts = inspection.facts(&agent.id, profile.profile_id.as_str())?;
    let written = files::look(&files::real(&agent.store.path))?.modified;
    let age = inspection.now - written;
    (facts.source == openclaw_auth::model::Source::Json && age > YEAR).then(|| {
        let command = remedy::sign_in(&agent.id, &profile.provider, profile.kind);
        let meaning = format!(
            "it says nothing about its end, and was pasted {} ago or earlier: setup-tokens last for a year",
            span(age)
        );
        OLD_TOKEN.found(meaning).command(command)
    })
}
