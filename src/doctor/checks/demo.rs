//! Demo data that a killed `--demo` left in the directory for temporary files.

use openclaw_auth::model::{Span, Timestamp};
use std::path::Path;

use crate::doctor::finding::{Check, FindingKind, Findings, Severity};
use crate::doctor::fix::Fix;
use crate::doctor::inspection::Inspection;
use crate::doctor::{files, service};

const LEFTOVER: FindingKind = FindingKind::fixable("demo-leftover", Severity::Info);

pub(super) const CHECK: Check = Check { kinds: &[LEFTOVER], run };

/// A demo that runs writes all the time; one that only prints is gone in a moment.
const PATIENCE: Span = Span::from_mins(60.0);

fn run(inspection: &Inspection, findings: &mut Findings) {
    let temporary = inspection.places.variable("TMPDIR").unwrap_or("/tmp");
    for (name, path) in files::list(Path::new(temporary)) {
        let is_demo = name.strip_prefix("authwatch-demo-").is_some_and(|rest| rest.len() == 6);
        let Some(facts) = files::look(&path).filter(|facts| is_demo && facts.is_dir) else { continue };
        let newest = newest(&path).max(facts.modified);
        if facts.owner != inspection.user
            || inspection.now - newest < PATIENCE
            || service::authwatch_runs(&inspection.places, "--demo")
        {
            continue;
        }
        let meaning = "a demo that was killed left its made-up data here";
        findings.push(LEFTOVER.found(meaning).at(&path).fix(Fix::Tree { path }));
    }
}

/// When anything in it was last changed.
fn newest(dir: &Path) -> Timestamp {
    let inside = files::list(dir).into_iter().filter_map(|(_, path)| {
        let facts = files::look(&path)?;
        Some(if facts.is_dir { newest(&path).max(facts.modified) } else { facts.modified })
    });
    inside.fold(Timestamp::EPOCH, Timestamp::max)
}
