//! Entries of a store that OpenClaw drops or misunderstands, and keys and tokens that were pasted wrongly.

use openclaw_auth::credential::Expires;
use openclaw_auth::mistakes;
use openclaw_auth::model::{CredentialKind, Mistake, ProviderId, RejectReason, Semantics, Source};

use crate::doctor::finding::{Check, Finding, FindingKind, Findings, kinds};
use crate::doctor::fix::Fix;
use crate::doctor::inspection::{AgentFacts, Inspection, ProfileFacts};
use crate::remedy;
use crate::texts::text;

kinds! {
    REJECTED = new("entry-rejected", Warning);
    pub(super) MISTYPED = new("entry-mistyped", Critical);
    pub(super) SECONDS = fixable("expires-in-seconds", Critical);
    pub(super) INVALID = new("expires-invalid", Critical);
    pub(super) SPLIT = fixable("token-cut", Critical);
    pub(super) WRAPPED = fixable("token-pasted-text", Critical);
    pub(super) SHORT = new("token-short", Critical);
    pub(super) OTHER_KIND = new("token-wrong-kind", Critical);
    pub(super) PLACEHOLDER = new("token-placeholder", Critical);
}

pub(super) const CHECK: Check = Check { kinds: KINDS, run };

fn run(inspection: &Inspection, findings: &mut Findings) {
    for agent in &inspection.snapshot.agents {
        for rejected in &agent.rejected {
            let reason = match rejected.reason {
                RejectReason::NonObject => "entry-non-object",
                RejectReason::InvalidType => "entry-invalid-type",
                RejectReason::MissingProvider => "entry-missing-provider",
            };
            let finding = REJECTED.found(&[("reason", &text(reason, &[]))]).of(&agent.id);
            let finding = finding.profile(rejected.profile_id.as_str()).at(&agent.store.path);
            findings.push(finding.command(remedy::copy(&agent.store.path)));
        }
    }
    for agent in &inspection.agents {
        for profile in &agent.profiles {
            let found = [
                wrong_expiry(inspection, agent, profile),
                profile.mistake.map(|mistake| pasted(inspection, agent, profile, mistake)),
            ];
            for finding in found.into_iter().flatten() {
                findings.push(finding.of(&agent.id).profile(&profile.id).at(&agent.store));
            }
        }
    }
}

/// The command that sets a profile up again, as a credential of this kind.
fn set_up(
    inspection: &Inspection,
    agent: &AgentFacts,
    profile: &ProfileFacts,
    kind: CredentialKind,
) -> String {
    inspection.commands.sign_in(&agent.id, &ProviderId::from(&*profile.provider), kind, &profile.id)
}

fn wrong_expiry(inspection: &Inspection, agent: &AgentFacts, profile: &ProfileFacts) -> Option<Finding> {
    let kind = wrong_expiry_kind(profile, inspection.semantics)?;
    if kind == SECONDS
        && profile.source == Source::Json
        && inspection.may_rewrite(agent)
        && let Some(to) = mistakes::expiry_in_seconds(profile.expires)
    {
        let fix = Fix::Expires { store: agent.store.clone(), profile: profile.id.clone(), to };
        return Some(kind.found(&[]).fix(fix));
    }
    Some(kind.found(&[]).command(set_up(inspection, agent, profile, profile.kind)))
}

fn wrong_expiry_kind(profile: &ProfileFacts, semantics: Semantics) -> Option<FindingKind> {
    if profile.fenced || profile.kind == CredentialKind::ApiKey {
        return None;
    }
    match profile.expires {
        _ if mistakes::expiry_in_seconds(profile.expires).is_some() => Some(SECONDS),
        Expires::Invalid => Some(INVALID),
        // OpenClaw treats an OAuth login without an expiry like one with a wrong expiry; a token without one
        // never expires.
        Expires::Absent if profile.kind == CredentialKind::OAuth && profile.has_tokens => Some(INVALID),
        Expires::At(_) if profile.expires.moment(semantics).is_none() => Some(INVALID),
        _ => None,
    }
}

fn pasted(inspection: &Inspection, agent: &AgentFacts, profile: &ProfileFacts, mistake: Mistake) -> Finding {
    let field = if profile.kind == CredentialKind::ApiKey { "key" } else { "token" };
    let clean = |finding: Finding| {
        if profile.source == Source::Json && inspection.may_rewrite(agent) {
            finding.fix(Fix::Value { store: agent.store.clone(), profile: profile.id.clone(), field })
        } else {
            finding.command(set_up(inspection, agent, profile, profile.kind))
        }
    };
    match mistake {
        Mistake::Split => clean(SPLIT.found(&[])),
        Mistake::Wrapped => clean(WRAPPED.found(&[])),
        Mistake::Short => SHORT.found(&[]).command(set_up(inspection, agent, profile, profile.kind)),
        Mistake::Placeholder => {
            PLACEHOLDER.found(&[]).command(set_up(inspection, agent, profile, profile.kind))
        }
        Mistake::KeyIsToken => OTHER_KIND.variant("token", &[]).command(set_up(
            inspection,
            agent,
            profile,
            CredentialKind::Token,
        )),
        Mistake::TokenIsKey => {
            OTHER_KIND.variant("key", &[]).command(set_up(inspection, agent, profile, CredentialKind::ApiKey))
        }
        Mistake::Mistyped => {
            MISTYPED.found(&[]).command(set_up(inspection, agent, profile, CredentialKind::Token))
        }
    }
}
