//! What is wrong with an OpenClaw's auth, what that means, and the command that mends it.
//!
//! Stores are read in one place, [`inspection`], and their secrets left there: it turns them into facts (digests, shapes, times), so
//! a finding could not name a token if it wanted to. Of `.env` and of services only names and numbers of lines are kept. The [checks] look at those facts and at the files around them; each is a
//! file, and one table lists them. What is safe to mend is a [`fix::Fix`]: data, until somebody has agreed to it.

pub mod checks;
pub mod files;
pub mod finding;
pub mod fix;
pub mod inspection;
pub mod online;
pub mod paste;
pub mod report;
pub mod service;

use self::finding::{Finding, Findings, Kind, Severity};
use self::inspection::Subject;
use crate::exit;

/// Runs every check; the worst comes first.
#[must_use]
pub fn examine(subject: &Subject) -> Vec<Finding> {
    let mut findings = Findings::default();
    for check in checks::ALL {
        (check.run)(subject, &mut findings);
    }
    findings.into_sorted()
}

/// Every kind of finding there is.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
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
