//! Locks that are stale, held for too long, or of a kind that nobody can prove stale; and drafts whose
//! writers were killed.

use std::collections::BTreeSet;
use std::path::Path;

use openclaw_auth::load::STORE_FILE;
use openclaw_auth::locking::inspect::{self, InspectedLock};
use openclaw_auth::locking::{self, REFRESH_LOCK, STORE_LOCK};
use openclaw_auth::model::{AgentId, Span};
use openclaw_auth::paths;

use crate::doctor::files::{self, quoted};
use crate::doctor::finding::{Finding, Findings};
use crate::doctor::fix::Fix;
use crate::doctor::inspection::{Inspection, LeftoverDraft};
use crate::doctor::kinds::{
    DRAFT_NEWER, LEFTOVER_DRAFT, LEFTOVER_TEMP, LOCK_FOREIGN, LOCK_HELD, LOCK_STALE, LOCK_WEDGED,
};
use crate::publish::words::span;

/// No work under a lock takes longer.
const LONGEST: Span = REFRESH_LOCK.stale_after;

pub(super) fn run(inspection: &Inspection, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for agent in &inspection.agents {
        let Ok(path) = locking::store_lock_path(&agent.json_store()) else { continue };
        if seen.insert(path.clone()) {
            lock(Some(&agent.id), &path, STORE_LOCK.stale_after, findings);
        }
    }
    for (_, path) in files::list(&paths::refresh_locks(&inspection.places.roots.state)) {
        if path.extension().is_some_and(|extension| extension == "lock") {
            lock(None, &path, REFRESH_LOCK.stale_after, findings);
        }
    }
    for draft in &inspection.drafts {
        findings.push(draft_finding(draft).of(draft.agent.as_ref()).at(&draft.path));
    }
}

fn lock(agent: Option<&AgentId>, path: &Path, limit: Span, findings: &mut Findings) {
    // A path that cannot be inspected blocks the store as well, which is a finding of its own.
    let Ok(Some(lock)) = inspect::inspect(path, limit) else { return };
    let name = quoted(path);
    let age = span(lock.age);
    let is_old = lock.age > LONGEST;
    let finding = match lock.holder.pid {
        // A holder in another container seems to be dead from here; after its own limit its renewal is over.
        _ if lock.stale && is_old => {
            LOCK_STALE.found(&[("age", &age)]).fix(Fix::Lock { path: path.to_owned(), stale_after: limit })
        }
        // A renewal takes seconds, and up to its limit a lock shows one at work.
        _ if lock.stale || lock.age <= limit => {
            if !lock.directory {
                return;
            }
            LOCK_FOREIGN.found(&[]).command(format!("ls -ld {name}"))
        }
        Some(pid) if lock.wedged => {
            LOCK_WEDGED.found(&[("age", &age), ("pid", &pid)]).command(remove(&lock, &name))
        }
        // A store's lock is held as long as the renewal it is for.
        Some(pid) if is_old => {
            let show = format!("ps -o pid,lstart,args -p {pid}");
            LOCK_HELD.found(&[("process", &process(pid)), ("age", &age)]).command(show)
        }
        _ => return,
    };
    findings.push(finding.of(agent).at(path));
}

fn remove(lock: &InspectedLock, name: &str) -> String {
    format!("{} {name}", if lock.directory { "rmdir" } else { "rm" })
}

/// A process by its ID and, if that is known, its name: `17 (node)`.
fn process(pid: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    if name.trim().is_empty() { pid.to_string() } else { format!("{pid} ({})", name.trim()) }
}

fn draft_finding(draft: &LeftoverDraft) -> Finding {
    let name = quoted(&draft.path);
    match draft {
        LeftoverDraft { newer: true, agent: None, .. } => {
            DRAFT_NEWER.variant("renewed", &[]).command("authwatch refresh")
        }
        // It may be the only copy of a renewed login, so nothing removes it.
        LeftoverDraft { newer: true, path, .. } => {
            DRAFT_NEWER.found(&[]).command(format!("cp {name} {}", quoted(&path.with_file_name(STORE_FILE))))
        }
        LeftoverDraft { ours: true, path, .. } => {
            LEFTOVER_DRAFT.found(&[]).fix(Fix::Remove { path: path.clone() })
        }
        _ => LEFTOVER_TEMP.found(&[]).command(format!("rm -i -- {name}")),
    }
}
