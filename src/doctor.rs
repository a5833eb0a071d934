//! Diagnoses an OpenClaw's auth: what is wrong, what that means, and the command that fixes it.
//!
//! [`inspection`] reads the stores and turns their secrets into facts (digests, shapes, times), so a finding
//! cannot contain a token. The [checks] examine those facts and the files around them. A check proposes a
//! [`fix::Fix`], which is data until somebody agrees and [`fix::apply`] makes the change.

pub mod checks;
pub mod files;
pub mod finding;
pub mod fix;
pub mod inspection;
mod kinds;
pub mod online;
pub mod report;

use openclaw_auth::model::AgentId;

use self::finding::{Finding, FindingKind, Findings};
use self::inspection::Inspection;

/// Runs every check and returns the findings, the worst first. With `agents`, only what concerns one of them:
/// its own, what it inherits, and what concerns all.
#[must_use]
pub fn examine(inspection: &Inspection, agents: &[AgentId]) -> Vec<Finding> {
    let mut findings = Findings::default();
    for check in checks::ALL {
        check(inspection, &mut findings);
    }
    let mut findings = findings.into_sorted(&inspection.commands);
    if !agents.is_empty() {
        let healths: Vec<_> = agents.iter().filter_map(|agent| inspection.health(agent)).collect();
        findings
            .retain(|finding| finding.agent.is_none() || healths.iter().any(|agent| finding.concerns(agent)));
    }
    findings
}

/// Every kind of finding there is.
pub fn kinds() -> impl Iterator<Item = &'static FindingKind> {
    kinds::ALL.iter()
}
