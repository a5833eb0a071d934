//! Whether the stores can be read, by whom, and where links lead.

use std::collections::BTreeSet;
use std::path::Path;

use openclaw_auth::load::STATE_FILE;
use openclaw_auth::model::{AgentId, StoreErrorReason, StoreKind};

use crate::doctor::files::{self, FileAttributes, quoted};
use crate::doctor::finding::Findings;
use crate::doctor::inspection::{AgentFacts, Inspection};
use crate::doctor::kinds::{
    DIRECTORY_OPEN, STATE_FILE_BROKEN, STORE_BROKEN, STORE_LINKED_TWICE, STORE_LOCKED, STORE_MODE,
    STORE_OWNER, STORE_SYMLINK, STORE_UNREADABLE,
};
use crate::remedy;

pub(super) fn run(inspection: &Inspection, findings: &mut Findings) {
    unreadable(inspection, findings);
    let mut seen = BTreeSet::new();
    for agent in &inspection.agents {
        for (_, path) in files::list(&agent.dir).into_iter().filter(|(name, _)| holds_secrets(name)) {
            let real = files::real(&path);
            if let Some(facts) = files::facts(&real).filter(|facts| facts.is_file)
                && seen.insert(real.clone())
            {
                file(inspection, Some(&agent.id), (&path, &real), &facts, findings);
            }
        }
        directory(inspection, Some(&agent.id), &agent.dir, findings);
    }
    let roots = &inspection.places.roots;
    for path in [roots.shared_database(), roots.oauth.join("oauth.json")] {
        if let Some(facts) = files::facts(&path).filter(|facts| facts.is_file) {
            file(inspection, None, (&path, &path), &facts, findings);
        }
    }
    directory(inspection, None, &roots.state, findings);
    links(&inspection.agents, findings);
}

fn unreadable(inspection: &Inspection, findings: &mut Findings) {
    for agent in &inspection.snapshot.agents {
        if let (Some(error), Some(assessment)) = (&agent.store.error, &agent.store_assessment) {
            let kind = match error.reason {
                StoreErrorReason::Parse | StoreErrorReason::Schema => STORE_BROKEN,
                StoreErrorReason::Locked => STORE_LOCKED,
                _ => STORE_UNREADABLE,
            };
            findings.push(kind.assessed(assessment).of(&agent.id).at(&agent.store.path));
        }
        if let Some(error) = &agent.store.state_error {
            let file = match agent.store.kind {
                StoreKind::Json => agent.dir.join(STATE_FILE),
                _ => agent.store.path.clone(),
            };
            let mut finding = STATE_FILE_BROKEN.found(&[("problem", &error.message)]).of(&agent.id).at(&file);
            finding.command = remedy::for_unreadable(&file, error).command;
            findings.push(finding);
        }
    }
}

/// Whether a file in an agent's directory holds credentials, or did.
fn holds_secrets(name: &str) -> bool {
    let is_store =
        ["auth-profiles.json", "auth-state.json", "auth.json", "openclaw-agent.sqlite"].iter().any(|store| {
            name.strip_prefix(store).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
        });
    is_store && Path::new(name).extension().is_none_or(|extension| extension != "lock")
}

/// Checks mode and owner of a file that is listed under one path and, behind links, is another.
fn file(
    inspection: &Inspection,
    agent: Option<&AgentId>,
    (listed, path): (&Path, &Path),
    facts: &FileAttributes,
    findings: &mut Findings,
) {
    // A link may lead to anybody's file: the command shows that one and changes nothing.
    let is_elsewhere = listed.is_symlink() && inspection.owner != Some(facts.owner);
    let show = || format!("ls -l {}", quoted(listed));
    if facts.mode & 0o077 != 0 {
        let who = if facts.mode & 0o007 != 0 { "all" } else { "group" };
        let mut finding = STORE_MODE.variant(who, &[("mode", &octal(facts.mode))]).of(agent).set_mode(
            path,
            facts,
            0o600,
            inspection.may_change_mode(facts.owner),
        );
        if is_elsewhere {
            finding = finding.command(show());
        }
        findings.push(finding);
    }
    // Root may check anybody's OpenClaw, so the owner has to be the state directory's.
    if let Some(owner) = inspection.owner.filter(|owner| *owner != facts.owner) {
        let command = if is_elsewhere { show() } else { format!("sudo chown {owner} {}", quoted(path)) };
        let finding = STORE_OWNER.found(&[("user", &facts.owner), ("owner", &owner)]).of(agent);
        findings.push(finding.at(path).command(command));
    }
}

fn directory(inspection: &Inspection, agent: Option<&AgentId>, path: &Path, findings: &mut Findings) {
    let path = files::real(path);
    // Directories may be open to the group: on many systems every user has a group of their own.
    let Some(facts) = files::facts(&path).filter(|facts| facts.is_dir && facts.mode & 0o002 != 0) else {
        return;
    };
    let finding = DIRECTORY_OPEN.found(&[("mode", &octal(facts.mode))]).of(agent);
    let is_allowed = inspection.may_change_mode(facts.owner);
    findings.push(finding.set_mode(&path, &facts, facts.mode & !0o022, is_allowed));
}

fn octal(mode: u32) -> String {
    format!("{mode:04o}")
}

/// Stores that are links. They work and are written through; two links to one store do not lock each other
/// out.
fn links(agents: &[AgentFacts], findings: &mut Findings) {
    let is_link = |agent: &AgentFacts| {
        agent.kind == StoreKind::Json && files::facts(&agent.store).is_some_and(|facts| facts.is_link)
    };
    for (index, agent) in agents.iter().enumerate() {
        if !is_link(agent) || !agent.store.exists() {
            continue;
        }
        let other = agents.iter().enumerate().find(|(other_index, other)| {
            *other_index != index && other.kind == StoreKind::Json && other.real_store == agent.real_store
        });
        let target = quoted(&agent.real_store);
        let finding = match other {
            // Of two links to one store the later agent's is reported.
            Some((other_index, other)) if other_index > index && is_link(other) => continue,
            Some((_, other)) => STORE_LINKED_TWICE.found(&[("target", &target), ("agent", &other.id)]),
            None => STORE_SYMLINK.found(&[("target", &target)]),
        };
        let show = format!("ls -l {}", quoted(&agent.store));
        findings.push(finding.of(&agent.id).at(&agent.store).command(show));
    }
}
