//! Entries that OpenClaw drops, and ends that are no times.

use openclaw_auth::credential::Expires;
use openclaw_auth::model::{CredentialKind, ProviderId, RejectReason, Semantics, Source, Timestamp};

use crate::doctor::finding::{Check, FindingKind, Findings, Severity};
use crate::doctor::fix::Fix;
use crate::doctor::inspection::{Inspection, ProfileFacts};
use crate::remedy;

const REJECTED: FindingKind = FindingKind::new("entry-rejected", Severity::Warning);
pub(super) const SECONDS: FindingKind = FindingKind::fixable("expires-in-seconds", Severity::Critical);
pub(super) const INVALID: FindingKind = FindingKind::new("expires-invalid", Severity::Critical);

pub(super) const CHECK: Check = Check { kinds: &[REJECTED, SECONDS, INVALID], run };

/// Read as milliseconds these are days of 1970 to 1973, when nobody had a login; as seconds, years from 1973 to 5138.
const SECONDS_RANGE: std::ops::Range<f64> = 1e8..1e11;

/// The end that was meant, where it is told in seconds.
#[must_use]
pub fn in_milliseconds(expires: Expires) -> Option<Timestamp> {
    match expires {
        Expires::At(at) if SECONDS_RANGE.contains(&at.as_millis()) => {
            Some(Timestamp::from_millis((at.as_millis() * 1000.0).round()))
        }
        _ => None,
    }
}

fn run(inspection: &Inspection, findings: &mut Findings) {
    for agent in &inspection.snapshot.agents {
        for rejected in &agent.rejected {
            let why = match rejected.reason {
                RejectReason::NonObject => "it is no object",
                RejectReason::InvalidType => "its `type` is none of api_key, token and oauth",
                RejectReason::MissingProvider => "it names no provider",
            };
            let finding = REJECTED
                .found(format!("OpenClaw drops this entry when it loads the store: {why}. Copy the store with the command, then correct the entry or remove it"))
                .of(&agent.id)
                .profile(rejected.profile_id.as_str())
                .at(&agent.store.path);
            findings.push(finding.command(remedy::copy(&agent.store.path)));
        }
    }
    for agent in &inspection.agents {
        for profile in &agent.profiles {
            let Some(kind) = wrong_end(profile, inspection.semantics) else { continue };
            let set_up = inspection.commands.sign_in(
                &agent.id,
                &ProviderId::from(&*profile.provider),
                profile.kind,
                &profile.id,
            );
            let meaning = if kind == SECONDS {
                "its `expires` is told in seconds, and OpenClaw counts milliseconds: the login seems to have ended in 1970"
            } else {
                "its `expires` is no time, so nobody can tell when the login ends: set it up again"
            };
            let mut finding =
                kind.found(meaning).of(&agent.id).profile(&profile.id).at(&agent.store).command(set_up);
            if let (true, Source::Json, Some(to)) = (
                kind == SECONDS && inspection.may_rewrite(agent),
                profile.source,
                in_milliseconds(profile.expires),
            ) {
                finding.command = None;
                finding =
                    finding.fix(Fix::Expires { store: agent.store.clone(), profile: profile.id.clone(), to });
            }
            findings.push(finding);
        }
    }
}

fn wrong_end(profile: &ProfileFacts, semantics: Semantics) -> Option<FindingKind> {
    if profile.fenced || profile.kind == CredentialKind::ApiKey {
        return None;
    }
    match profile.expires {
        _ if in_milliseconds(profile.expires).is_some() => Some(SECONDS),
        Expires::Invalid => Some(INVALID),
        // An OAuth login without any end is judged like one with a wrong end; a token without one has none.
        Expires::Absent if profile.kind == CredentialKind::OAuth && profile.has_tokens => Some(INVALID),
        Expires::At(_) if profile.expires.moment(semantics).is_none() => Some(INVALID),
        _ => None,
    }
}
