//! Profiles that OpenClaw leaves alone for longer than it ever would, or has disabled.

use std::collections::BTreeSet;

use openclaw_auth::model::{Cooldown, CooldownKind, Span, Timestamp};

use crate::doctor::finding::{Check, FindingKind, Findings, Severity};
use crate::doctor::inspection::Inspection;
use crate::model::AssessmentState;
use crate::publish::words::span;

const STUCK: FindingKind = FindingKind::new("cooldown-stuck", Severity::Warning);
const DISABLED: FindingKind = FindingKind::new("profile-disabled", Severity::Warning);

pub(super) const CHECK: Check = Check { kinds: &[STUCK, DISABLED], run };

/// OpenClaw's longest cooldown is an hour.
const LONGEST_COOLDOWN: Span = Span::from_hours(2.0);
/// It disables a profile for a day at most.
const LONGEST_DISABLED: Span = Span::from_hours(48.0);

fn run(inspection: &Inspection, findings: &mut Findings) {
    let mut told = BTreeSet::new();
    for agent in &inspection.snapshot.agents {
        for profile in &agent.profiles {
            let Some(cooldown) = profile.cooldown.as_deref() else { continue };
            let Some((kind, meaning)) = judge(inspection.now, cooldown) else { continue };
            // A profile that others inherit is told once for what is remembered in one place.
            let is_new = told.insert((profile.profile_id.as_str(), cooldown.until.as_millis().to_bits()));
            if profile.inherited && !is_new {
                continue;
            }
            let found = kind.found(meaning).of(&agent.id).profile(profile.profile_id.as_str());
            let mut finding = found.at(&agent.store.path);
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

/// A pause of minutes after an error is OpenClaw at work, and no finding.
fn judge(now: Timestamp, cooldown: &Cooldown) -> Option<(FindingKind, String)> {
    let left = cooldown.until - now;
    let longest = match cooldown.kind {
        CooldownKind::Cooldown => LONGEST_COOLDOWN,
        CooldownKind::Disabled => LONGEST_DISABLED,
    };
    if left > longest {
        let meaning = format!(
            "OpenClaw leaves it alone for another {}, longer than it ever would by itself: the clock was wrong, or the file was edited. Signing in again ends it",
            span(left)
        );
        return Some((STUCK, meaning));
    }
    if cooldown.kind == CooldownKind::Cooldown {
        return None;
    }
    let why = match cooldown.reason.as_deref() {
        Some("billing") => "the account has run out of credit or its payment failed".to_owned(),
        Some("auth" | "auth_permanent" | "session_expired") => {
            "the provider refuses the login: sign in again".to_owned()
        }
        Some(reason) => reason.to_owned(),
        None => "no reason is noted".to_owned(),
    };
    Some((DISABLED, format!("OpenClaw has disabled it for another {}: {why}", span(left))))
}
