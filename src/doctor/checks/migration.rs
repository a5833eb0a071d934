//! What OpenClaw's moves from file to file and from file to database left behind.

use std::collections::BTreeSet;
use std::path::Path;

use openclaw_auth::load::sqlite::SharedOwner;
use openclaw_auth::load::{STATE_FILE, retired};
use openclaw_auth::model::{CredentialKind, StrandedKind, Timestamp, Unimportable};

use crate::doctor::files;
use crate::doctor::finding::{Check, FindingKind, Findings, Severity};
use crate::doctor::inspection::{AgentFacts, Inspection, ProfileFacts};
use crate::model::AgentHealth;
use crate::remedy::{self, ImportAdvice, Remedy, quote};

const NOT_IMPORTED: FindingKind = FindingKind::new("legacy-not-imported", Severity::Warning);
const JSON_BESIDE: FindingKind = FindingKind::new("json-beside-database", Severity::Info);
const EMPTY: FindingKind = FindingKind::new("database-empty", Severity::Critical);
const NOT_PARSED: FindingKind = FindingKind::new("legacy-broken", Severity::Warning);
const BACKUP: FindingKind = FindingKind::new("import-backup", Severity::Info);
const TWO_OWNERS: FindingKind = FindingKind::new("two-owners", Severity::Warning);

pub(super) const CHECK: Check =
    Check { kinds: &[NOT_IMPORTED, JSON_BESIDE, EMPTY, NOT_PARSED, BACKUP, TWO_OWNERS], run };

fn run(inspection: &Inspection, findings: &mut Findings) {
    for agent in &inspection.snapshot.agents {
        let stranded = agent.store.stranded.as_ref().filter(|_| agent.store.error.is_none());
        let (Some(stranded), Some(assessment)) = (stranded, &agent.store_assessment) else { continue };
        let kind = match stranded.kind {
            StrandedKind::LeftoverJson => JSON_BESIDE,
            StrandedKind::EmptyDatabase | StrandedKind::NotImported => EMPTY,
        };
        findings.push(kind.assessed(assessment).of(&agent.id).at(&stranded.path));
    }
    let mut told = BTreeSet::new();
    for agent in &inspection.agents {
        not_imported(inspection, agent, &mut told, findings);
        backups(Some(agent), &agent.dir, findings);
    }
    backups(None, &inspection.places.roots.oauth, findings);
    let unimportable: Vec<Unimportable> =
        retired::unimportable(&inspection.places.roots, &inspection.discovery.agents, inspection.semantics)
            .collect();
    broken(inspection, &unimportable, findings);
    two_owners(inspection, unimportable.first(), findings);
}

/// What no store in effect is read from, and so would go unnoticed until it is archived.
fn broken(inspection: &Inspection, unimportable: &[Unimportable], findings: &mut Findings) {
    let is_told = |file: &Path| {
        let of_agent = |agent: &AgentHealth| {
            let store = agent.store.error.is_some() && agent.store.path == file;
            store || agent.store.state_error.is_some() && agent.dir.join(STATE_FILE) == file
        };
        inspection.snapshot.agents.iter().any(of_agent)
    };
    for Unimportable { path, error } in unimportable.iter().filter(|found| !is_told(&found.path)) {
        let Remedy { meaning, command } = remedy::for_unreadable(path, error);
        let mut finding = NOT_PARSED.found(meaning).at(path);
        finding.agent =
            inspection.agents.iter().find(|agent| path.starts_with(&agent.dir)).map(|agent| agent.id.clone());
        finding.command = command;
        findings.push(finding);
    }
}

/// Every agent without a store of its own would import the file they share: it is told once.
fn not_imported<'a>(
    inspection: &Inspection,
    agent: &'a AgentFacts,
    told: &mut BTreeSet<&'a Path>,
    findings: &mut Findings,
) {
    let waiting = || agent.profiles.iter().filter(|profile| profile.source.is_import_only());
    let count = waiting().count();
    if count == 0 || !told.insert(&agent.store) {
        return;
    }
    if waiting().all(|old| is_superseded(inspection, old)) {
        let meaning = format!(
            "{count} login(s) of an early release are left in this file, and main has newer ones of the same names. OpenClaw up to 2026.5 gives this agent the old ones, which are spent: move the file away, and it inherits main's"
        );
        let name = quote(&agent.store.to_string_lossy());
        findings.push(
            NOT_IMPORTED
                .found(meaning)
                .of(&agent.id)
                .at(&agent.store)
                .command(format!("mv {name} {name}.old")),
        );
        return;
    }
    let meaning = format!(
        "{count} login(s) are in a file of an early release, which OpenClaw up to 2026.5 imports when it next starts and later ones do not; nobody renews them until then"
    );
    let import = format!("authwatch auth import --agent {}", quote(agent.id.as_str()));
    findings.push(NOT_IMPORTED.found(meaning).of(&agent.id).at(&agent.store).command(import));
}

/// Whether main's own store holds a login of that name that was renewed since: importing the old one would put it in its place.
fn is_superseded(inspection: &Inspection, old: &ProfileFacts) -> bool {
    let main = inspection.agents.iter().find(|agent| agent.is_main);
    let end = |profile: &ProfileFacts| profile.expires.stored().unwrap_or(Timestamp::EPOCH);
    main.is_some_and(|main| {
        main.profiles.iter().any(|new| {
            let is_other = !new.source.is_import_only() && new.refresh != old.refresh;
            new.id == old.id && new.kind == CredentialKind::OAuth && is_other && end(new) > end(old)
        })
    })
}

fn backups(agent: Option<&AgentFacts>, dir: &Path, findings: &mut Findings) {
    for (name, path) in files::list(dir) {
        let is_backup = ["auth-profiles.json.bak", "auth.json.bak", "oauth.json.bak", "auth-state.json.bak"]
            .iter()
            .any(|backup| name.starts_with(backup));
        if !is_backup || !files::look(&path).is_some_and(|facts| facts.is_file) {
            continue;
        }
        let meaning = "an import left this copy behind; nothing reads it, and old logins are in it";
        let mut finding =
            BACKUP.found(meaning).at(&path).command(format!("rm -i -- {}", quote(&path.to_string_lossy())));
        finding.agent = agent.map(|agent| agent.id.clone());
        findings.push(finding);
    }
}

/// Two stores that both hold what all agents inherit: one of them is not read, and which one a record decides.
fn two_owners(inspection: &Inspection, unimportable: Option<&Unimportable>, findings: &mut Findings) {
    let (Some(shared), Some(main)) =
        (&inspection.shared, inspection.agents.iter().find(|agent| agent.is_main))
    else {
        return;
    };
    let database = inspection.places.roots.shared_database();
    let (unread, read) = match (shared.owner, &shared.beside) {
        (SharedOwner::StateDatabase, Some(beside)) => (beside.as_path(), database.as_path()),
        (SharedOwner::LegacyMain, _) if shared.profiles > 0 && !main.profiles.is_empty() => {
            (database.as_path(), main.store.as_path())
        }
        _ => return,
    };
    let meaning = format!(
        "it holds logins that all agents would share, and so does {}, which is the one that counts: what is signed in here is not seen",
        quote(&read.to_string_lossy())
    );
    let ImportAdvice { first, command } = inspection.commands.import(unimportable);
    findings.push(TWO_OWNERS.found(meaning + &first).of(&main.id).at(unread).command(command));
}
