//! Who else can read or change the stores.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use openclaw_auth::model::AgentId;

use crate::doctor::files::{self, Facts};
use crate::doctor::finding::{Check, FindingKind, Findings, Severity};
use crate::doctor::fix::Fix;
use crate::doctor::inspection::{AgentFacts, Inspection};
use crate::remedy::quote;

const MODE: FindingKind = FindingKind::fixable("store-mode", Severity::Warning);
const OPEN: FindingKind = FindingKind::fixable("directory-open", Severity::Warning);
const OWNER: FindingKind = FindingKind::new("store-owner", Severity::Warning);

pub(super) const CHECK: Check = Check { kinds: &[MODE, OPEN, OWNER], run };

/// What holds credentials in an agent's directory, or did.
fn holds_secrets(name: &str) -> bool {
    let is_store =
        ["auth-profiles.json", "auth-state.json", "auth.json", "openclaw-agent.sqlite"].iter().any(|store| {
            name.strip_prefix(store).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
        });
    is_store && Path::new(name).extension().is_none_or(|extension| extension != "lock")
}

fn run(inspection: &Inspection, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for agent in &inspection.agents {
        for path in secrets_of(agent) {
            let real = files::real(&path);
            if let Some(facts) = files::look(&real).filter(|facts| facts.is_file)
                && seen.insert(real.clone())
            {
                file(inspection, Some(&agent.id), (&path, &real), &facts, findings);
            }
        }
        directory(inspection, Some(&agent.id), &agent.dir, findings);
    }
    let shared =
        [inspection.places.roots.shared_database(), inspection.places.roots.oauth.join("oauth.json")];
    for path in shared {
        if let Some(facts) = files::look(&path).filter(|facts| facts.is_file) {
            file(inspection, None, (&path, &path), &facts, findings);
        }
    }
    directory(inspection, None, &inspection.places.roots.state, findings);
}

fn secrets_of(agent: &AgentFacts) -> impl Iterator<Item = PathBuf> {
    let found = files::list(&agent.dir).into_iter();
    found.filter(|(name, _)| holds_secrets(name)).map(|(_, path)| path)
}

fn file(
    inspection: &Inspection,
    agent: Option<&AgentId>,
    (listed, path): (&Path, &Path),
    facts: &Facts,
    findings: &mut Findings,
) {
    let name = quote(&path.to_string_lossy());
    // A link may lead to anybody's file: that is to be looked at, and neither to be given away nor to be closed.
    let is_elsewhere = listed.is_symlink() && inspection.owner != Some(facts.owner);
    let mends = |command: String| {
        if is_elsewhere { format!("ls -l {}", quote(&listed.to_string_lossy())) } else { command }
    };
    if facts.mode & 0o077 != 0 {
        let who = if facts.mode & 0o007 != 0 { "everybody on this machine" } else { "its group" };
        let meaning = format!("its mode is {:04o}: {who} can get at what is in it", facts.mode);
        let mut finding = MODE.found(meaning).at(path).command(mends(format!("chmod 600 {name}")));
        finding.agent = agent.cloned();
        if inspection.may_change_mode(facts.owner) {
            finding = finding.fix(Fix::Mode {
                path: path.to_owned(),
                owner: facts.owner,
                from: facts.mode,
                to: 0o600,
            });
        }
        findings.push(finding);
    }
    // Root may look at anybody's OpenClaw, so it is the owner of the whole that a file is held against.
    if let Some(owner) = inspection.owner.filter(|owner| *owner != facts.owner) {
        let meaning = format!(
            "it belongs to user {}, and OpenClaw's state directory to user {owner}: what OpenClaw renews cannot be stored",
            facts.owner
        );
        let mut finding = OWNER.found(meaning).at(path).command(mends(format!("sudo chown {owner} {name}")));
        finding.agent = agent.cloned();
        findings.push(finding);
    }
}

fn directory(inspection: &Inspection, agent: Option<&AgentId>, path: &Path, findings: &mut Findings) {
    let path = files::real(path);
    // The group is left alone: where every user has one of their own, directories are open to it.
    let Some(facts) = files::look(&path).filter(|facts| facts.is_dir && facts.mode & 0o002 != 0) else {
        return;
    };
    let to = facts.mode & !0o022;
    let meaning = format!(
        "its mode is {:04o}: everybody on this machine can put another store in its place",
        facts.mode
    );
    let command = format!("chmod {to:o} {}", quote(&path.to_string_lossy()));
    let mut finding = OPEN.found(meaning).at(&path).command(command);
    finding.agent = agent.cloned();
    if inspection.may_change_mode(facts.owner) {
        finding = finding.fix(Fix::Mode { path, owner: facts.owner, from: facts.mode, to });
    }
    findings.push(finding);
}
