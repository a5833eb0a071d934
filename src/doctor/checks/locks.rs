//! Locks that are in the way: stale, held for too long, or of a kind that nobody can prove stale.

use std::collections::BTreeSet;
use std::path::Path;

use openclaw_auth::locking::inspect::{self, InspectedLock};
use openclaw_auth::locking::{self, REFRESH_LOCK, STORE_LOCK};
use openclaw_auth::model::{AgentId, Span};
use openclaw_auth::paths;

use crate::doctor::files;
use crate::doctor::finding::{Check, FindingKind, Findings, Severity};
use crate::doctor::fix::Fix;
use crate::doctor::inspection::Inspection;
use crate::publish::words::span;
use crate::remedy::quote;

const STALE: FindingKind = FindingKind::fixable("lock-stale", Severity::Warning);
const HELD: FindingKind = FindingKind::new("lock-held", Severity::Warning);
const WEDGED: FindingKind = FindingKind::new("lock-wedged", Severity::Critical);
const FOREIGN: FindingKind = FindingKind::new("lock-foreign", Severity::Warning);

pub(super) const CHECK: Check = Check { kinds: &[STALE, HELD, WEDGED, FOREIGN], run };

/// Nothing that takes a lock works longer.
const LONGEST: Span = REFRESH_LOCK.stale_after;

fn run(inspection: &Inspection, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for agent in &inspection.agents {
        let Ok(path) = locking::store_lock_path(&agent.json_store()) else { continue };
        if seen.insert(path.clone()) {
            look(Some(&agent.id), &path, STORE_LOCK.stale_after, findings);
        }
    }
    for (_, path) in files::list(&paths::refresh_locks(&inspection.places.roots.state)) {
        if path.extension().is_some_and(|extension| extension == "lock") {
            look(None, &path, REFRESH_LOCK.stale_after, findings);
        }
    }
}

fn look(agent: Option<&AgentId>, path: &Path, limit: Span, findings: &mut Findings) {
    // What cannot be looked at is in the way of the store as well, and told of there.
    let Ok(Some(lock)) = inspect::inspect(path, limit) else { return };
    let Some((kind, meaning)) = judge(&lock, limit) else { return };
    let name = quote(&path.to_string_lossy());
    let mut finding = kind.found(meaning).at(path);
    finding.agent = agent.cloned();
    let remove = if lock.directory { "rmdir" } else { "rm" };
    findings.push(match (kind, lock.holder.pid) {
        (STALE, _) => finding.fix(Fix::Lock { path: path.to_owned(), stale_after: limit }),
        (HELD, Some(pid)) => finding.command(format!("ps -o pid,lstart,args -p {pid}")),
        (FOREIGN, _) => finding.command(format!("ls -ld {name}")),
        _ => finding.command(format!("{remove} {name}")),
    });
}

fn judge(lock: &InspectedLock, limit: Span) -> Option<(FindingKind, String)> {
    let age = span(lock.age);
    // A holder in another container seems to be dead from here. By its own limit a renewal has come to its end.
    if lock.stale && lock.age > LONGEST {
        return Some((
            STALE,
            format!(
                "a lock from {age} ago whose holder is gone: by the rules of every release it may be removed"
            ),
        ));
    }
    // A renewal takes seconds, and up to its limit a lock is somebody at work.
    if lock.stale || lock.age <= limit {
        return lock.directory.then(|| {
            let meaning = "a lock directory, as OpenClaw used them before 2026.2: an early release is running beside the present one, and neither sees all of the other's locks";
            (FOREIGN, meaning.to_owned())
        });
    }
    let pid = lock.holder.pid?;
    if lock.wedged {
        let meaning = format!(
            "a lock from {age} ago that names process {pid}, but not when that began. Another process has that number by now, so OpenClaw waits for it for ever, and the login is not renewed"
        );
        return Some((WEDGED, meaning));
    }
    // The lock of a store is held as long as the renewal it is for.
    if lock.age <= LONGEST {
        return None;
    }
    let meaning = format!(
        "process {pid}{} has held it for {age}: nothing takes so long. If it hangs, restart it",
        name_of(pid)
    );
    Some((HELD, meaning))
}

fn name_of(pid: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    if name.trim().is_empty() { String::new() } else { format!(" ({})", name.trim()) }
}
