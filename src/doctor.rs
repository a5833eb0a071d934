//! Diagnoses an OpenClaw's auth: what is wrong, what that means, and the command that fixes it.
//!
//! [`inspection`] reads the stores and turns their secrets into facts (digests, shapes, times), so a finding cannot contain a
//! token. The [checks] look at those facts and at the files around them. A check proposes a [`fix::Fix`], which is data until
//! somebody agrees and [`repair`] applies it.

pub mod checks;
pub mod files;
pub mod finding;
pub mod fix;
pub mod inspection;
pub mod installation;
pub mod online;
pub mod paste;
pub mod repair;
pub mod report;
pub mod service;

use self::finding::{Finding, FindingKind, Findings, Severity};
use self::inspection::Inspection;
use crate::exit;

/// Runs every check; the worst comes first.
#[must_use]
pub fn examine(inspection: &Inspection) -> Vec<Finding> {
    let mut findings = Findings::default();
    for check in checks::ALL {
        (check.run)(inspection, &mut findings);
    }
    findings.into_sorted(&inspection.commands)
}

/// Every kind of finding there is.
pub fn kinds() -> impl Iterator<Item = &'static FindingKind> {
    checks::ALL.iter().flat_map(|check| check.kinds)
}

/// 1 where something is critical, else 2 where something is a warning, else 0: 2 is the milder one, as everywhere.
#[must_use]
pub fn exit_code(findings: &[Finding]) -> u8 {
    match findings.iter().map(|finding| finding.severity).max() {
        Some(Severity::Critical) => exit::EXPIRED_OR_MISSING,
        Some(Severity::Warning) => exit::EXPIRING,
        Some(Severity::Info) | None => exit::OK,
    }
}
