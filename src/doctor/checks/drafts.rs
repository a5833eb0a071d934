//! Drafts that were left behind when their makers were killed.

use openclaw_auth::load::STORE_FILE;

use crate::doctor::finding::{Check, FindingKind, Findings, Severity};
use crate::doctor::fix::Fix;
use crate::doctor::inspection::{Inspection, LeftoverDraft};
use crate::remedy::quote;

const LEFTOVER: FindingKind = FindingKind::fixable("leftover-draft", Severity::Info);
const FOREIGN: FindingKind = FindingKind::new("leftover-temp", Severity::Info);
const NEWER: FindingKind = FindingKind::new("draft-newer", Severity::Warning);

pub(super) const CHECK: Check = Check { kinds: &[LEFTOVER, FOREIGN, NEWER], run };

fn run(inspection: &Inspection, findings: &mut Findings) {
    for draft in &inspection.drafts {
        let mut finding = judge(draft);
        finding.agent.clone_from(&draft.agent);
        findings.push(finding);
    }
}

fn judge(draft: &LeftoverDraft) -> crate::doctor::finding::Finding {
    let path = &draft.path;
    let name = quote(&path.to_string_lossy());
    match draft {
        LeftoverDraft { newer: true, agent: None, .. } => NEWER
            .found("authwatch was killed before it could store a renewed login, and this file has the only copy")
            .at(path)
            .command("authwatch refresh"),
        // The only copy of a login that was renewed may be in it: that is nothing to tidy away.
        LeftoverDraft { newer: true, .. } => NEWER
            .found("whoever wrote it was stopped before it took the store's place, and it holds a newer login than the store. If the one in the store is refused, put this one back")
            .at(path)
            .command(format!("cp {name} {}", quote(&path.with_file_name(STORE_FILE).to_string_lossy()))),
        LeftoverDraft { ours: true, .. } => LEFTOVER
            .found("authwatch was killed while it wrote this; nothing in it is missing elsewhere")
            .at(path)
            .fix(Fix::Remove { path: path.clone() }),
        _ => FOREIGN
            .found("a draft somebody left behind; nothing reads it, and logins may be in it")
            .at(path)
            .command(format!("rm -i -- {name}")),
    }
}
