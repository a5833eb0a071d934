//! Entries of a store that OpenClaw drops or misunderstands, and keys and tokens that were pasted wrongly.

use openclaw_auth::credential::Expires;
use openclaw_auth::mistakes;
use openclaw_auth::model::{CredentialKind, Mistake, ProviderId, RejectReason, Semantics, Source};

use crate::doctor::finding::{Finding, FindingKind, Findings};
use crate::doctor::fix::Fix;
use crate::doctor::inspection::{AgentFacts, Inspection, ProfileFacts};
use crate::doctor::kinds::{
    ENTRY_MISTYPED, ENTRY_REJECTED, EXPIRES_IN_SECONDS, EXPIRES_INVALID, TOKEN_CUT, TOKEN_PASTED_TEXT,
    TOKEN_PLACEHOLDER, TOKEN_SHORT, TOKEN_WRONG_KIND,
};
use crate::remedy;
use crate::texts::text;

pub(super) fn run(inspection: &Inspection, findings: &mut Findings) {
    for agent in &inspection.snapshot.agents {
        for rejected in &agent.rejected {
            let reason = match rejected.reason {
                RejectReason::NonObject => "entry-non-object",
                RejectReason::InvalidType => "entry-invalid-type",
                RejectReason::MissingProvider => "entry-missing-provider",
            };
            let finding = ENTRY_REJECTED.found(&[("reason", &text(reason, &[]))]).of(&agent.id);
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
    let kind = wrong_expiry_kind(profile, inspection.snapshot.semantics)?;
    if kind == EXPIRES_IN_SECONDS
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
        _ if mistakes::expiry_in_seconds(profile.expires).is_some() => Some(EXPIRES_IN_SECONDS),
        Expires::Invalid => Some(EXPIRES_INVALID),
        // OpenClaw treats an OAuth login without an expiry like one with a wrong expiry; a token without one
        // never expires.
        Expires::Absent if profile.kind == CredentialKind::OAuth && profile.has_tokens => {
            Some(EXPIRES_INVALID)
        }
        Expires::At(_) if profile.expires.moment(semantics).is_none() => Some(EXPIRES_INVALID),
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
        Mistake::Split => clean(TOKEN_CUT.found(&[])),
        Mistake::Wrapped => clean(TOKEN_PASTED_TEXT.found(&[])),
        Mistake::Short => TOKEN_SHORT.found(&[]).command(set_up(inspection, agent, profile, profile.kind)),
        Mistake::Placeholder => {
            TOKEN_PLACEHOLDER.found(&[]).command(set_up(inspection, agent, profile, profile.kind))
        }
        Mistake::KeyIsToken => TOKEN_WRONG_KIND.variant("token", &[]).command(set_up(
            inspection,
            agent,
            profile,
            CredentialKind::Token,
        )),
        Mistake::TokenIsKey => TOKEN_WRONG_KIND.variant("key", &[]).command(set_up(
            inspection,
            agent,
            profile,
            CredentialKind::ApiKey,
        )),
        Mistake::Mistyped => {
            ENTRY_MISTYPED.found(&[]).command(set_up(inspection, agent, profile, CredentialKind::Token))
        }
    }
}
