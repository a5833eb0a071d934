//! Whether the stores can be read at all.

use openclaw_auth::load::STATE_FILE;
use openclaw_auth::model::{StoreError, StoreErrorReason, StoreKind};

use crate::doctor::finding::{Check, FindingKind, Findings, Severity};
use crate::doctor::inspection::Inspection;
use crate::model::{AgentHealth, Assessment};
use crate::remedy;

const UNREADABLE: FindingKind = FindingKind::new("store-unreadable", Severity::Critical);
const BROKEN: FindingKind = FindingKind::new("store-broken", Severity::Critical);
const LOCKED: FindingKind = FindingKind::new("store-locked", Severity::Warning);
const STATE: FindingKind = FindingKind::new("state-file-broken", Severity::Warning);

pub(super) const CHECK: Check = Check { kinds: &[UNREADABLE, BROKEN, LOCKED, STATE], run };

fn run(inspection: &Inspection, findings: &mut Findings) {
    for agent in &inspection.snapshot.agents {
        if let (Some(error), Some(assessment)) = (&agent.store.error, &agent.store_assessment) {
            store(agent, error, assessment, findings);
        }
        if let Some(error) = &agent.store.state_error {
            let file = match agent.store.kind {
                StoreKind::Json => agent.dir.join(STATE_FILE),
                _ => agent.store.path.clone(),
            };
            let meaning =
                format!("{}: order and cooldowns are lost, and OpenClaw goes on without them", error.message);
            let mut finding = STATE.found(meaning).of(&agent.id).at(&file);
            finding.command = remedy::for_unreadable(&file, error).command;
            findings.push(finding);
        }
    }
}

fn store(agent: &AgentHealth, error: &StoreError, assessment: &Assessment, findings: &mut Findings) {
    let kind = match error.reason {
        StoreErrorReason::Parse | StoreErrorReason::Schema => BROKEN,
        StoreErrorReason::Locked => LOCKED,
        _ => UNREADABLE,
    };
    findings.push(kind.assessed(assessment).of(&agent.id).at(&agent.store.path));
}
