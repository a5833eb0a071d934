//! What OpenClaw's migrations from file to file and from file to database left behind.

use std::collections::BTreeSet;
use std::path::Path;

use openclaw_auth::discover::Agent;
use openclaw_auth::document::Document;
use openclaw_auth::load::sqlite::SharedOwner;
use openclaw_auth::load::{STATE_FILE, STORE_FILE, retired};
use openclaw_auth::model::{
    AgentId, CredentialKind, MigrationKind, Source, StoreKind, Timestamp, Unimportable,
};

use crate::doctor::files::{self, quoted};
use crate::doctor::finding::Findings;
use crate::doctor::inspection::{AgentFacts, Inspection, ProfileFacts};
use crate::doctor::kinds::{
    DATABASE_EMPTY, IMPORT_BACKUP, JSON_BESIDE_DATABASE, LEGACY_BROKEN, LEGACY_NOT_IMPORTED, TWO_OWNERS,
};
use crate::model::{AgentHealth, ProfileHealth, Severity};
use crate::remedy::{self, ImportAdvice, Remedy, quote};
use crate::texts::counted;

pub(super) fn run(inspection: &Inspection, findings: &mut Findings) {
    for agent in &inspection.snapshot.agents {
        let migration = agent.store.migration.as_ref().filter(|_| agent.store.error.is_none());
        let (Some(migration), Some(assessment)) = (migration, &agent.store_assessment) else { continue };
        let kind = match migration.kind {
            MigrationKind::LeftoverJson => JSON_BESIDE_DATABASE,
            MigrationKind::EmptyDatabase | MigrationKind::NotImported => DATABASE_EMPTY,
        };
        findings.push(kind.assessed(assessment).of(&agent.id).at(&migration.path));
    }
    let mut seen = BTreeSet::new();
    for agent in &inspection.agents {
        not_imported(inspection, agent, &mut seen, findings);
        backups(inspection, Some(&agent.id), &agent.dir, findings);
    }
    backups(inspection, None, &inspection.places.roots.oauth, findings);
    let unimportable = unimportable(inspection);
    broken(inspection, &unimportable, findings);
    two_owners(inspection, unimportable.first(), findings);
}

/// The files that OpenClaw's import could not read. A JSON store in effect that was read is not read again.
fn unimportable(inspection: &Inspection) -> Vec<Unimportable> {
    let is_fine = |agent: &AgentHealth| {
        agent.store.kind == StoreKind::Json
            && agent.store.error.is_none()
            && agent.store.state_error.is_none()
            && files::facts(&agent.dir.join("auth.json")).is_none()
    };
    let is_unknown = |agent: &&Agent| !inspection.health(&agent.id).is_some_and(is_fine);
    let agents: Vec<Agent> = inspection.discovery.agents.iter().filter(is_unknown).cloned().collect();
    retired::unimportable(&inspection.places.roots, &agents, inspection.reading).collect()
}

/// Files that no store in effect is read from: nobody would notice them until OpenClaw archives them.
fn broken(inspection: &Inspection, unimportable: &[Unimportable], findings: &mut Findings) {
    let is_reported = |file: &Path| {
        let of_agent = |agent: &AgentHealth| {
            let store = agent.store.error.is_some() && agent.store.path == file;
            store || agent.store.state_error.is_some() && agent.dir.join(STATE_FILE) == file
        };
        inspection.snapshot.agents.iter().any(of_agent)
    };
    for Unimportable { path, error } in unimportable.iter().filter(|found| !is_reported(&found.path)) {
        let Remedy { meaning, command } = remedy::for_unreadable(path, error);
        let mut finding = LEGACY_BROKEN.meaning(meaning).at(path);
        finding.agent =
            inspection.agents.iter().find(|agent| path.starts_with(&agent.dir)).map(|agent| agent.id.clone());
        finding.command = command;
        findings.push(finding);
    }
}

/// Every agent without a store of its own would import the file they share: it is reported once.
fn not_imported<'a>(
    inspection: &Inspection,
    agent: &'a AgentFacts,
    seen: &mut BTreeSet<&'a Path>,
    findings: &mut Findings,
) {
    let waiting = || agent.profiles.iter().filter(|profile| profile.source.is_import_only());
    let count = waiting().count();
    if count == 0 || !seen.insert(&agent.store) {
        return;
    }
    let logins = counted("logins", count);
    let name = quoted(&agent.store);
    let finding = if waiting().all(|old| is_superseded(inspection, old)) {
        LEGACY_NOT_IMPORTED
            .variant("superseded", &[("logins", &logins)])
            .command(format!("mv {name} {name}.old"))
    } else {
        let import = format!("authwatch auth import --agent {}", quote(agent.id.as_str()));
        LEGACY_NOT_IMPORTED.found(&[("logins", &logins)]).command(import)
    };
    findings.push(finding.of(&agent.id).at(&agent.store));
}

/// Whether main's own store holds a login of that name that was renewed since: importing the old one would
/// replace it.
fn is_superseded(inspection: &Inspection, old: &ProfileFacts) -> bool {
    let main = inspection.agents.iter().find(|agent| agent.is_main);
    let expires = |profile: &ProfileFacts| profile.expires.stored().unwrap_or(Timestamp::EPOCH);
    main.is_some_and(|main| {
        main.profiles.iter().any(|new| {
            let is_other = !new.source.is_import_only() && new.refresh != old.refresh;
            new.id == old.id && new.kind == CredentialKind::OAuth && is_other && expires(new) > expires(old)
        })
    })
}

/// What a byte order mark is in UTF-8. OpenClaw's import archives a file that begins with it, and imports nothing.
const BYTE_ORDER_MARK: &str = "\u{feff}";

fn backups(inspection: &Inspection, agent: Option<&AgentId>, dir: &Path, findings: &mut Findings) {
    for (name, path) in files::list(dir) {
        let copied = ["auth-profiles.json", "auth.json", "oauth.json", "auth-state.json"];
        let is_copy =
            |rest: &str| [".bak", ".migrated-", ".sqlite-import."].iter().any(|by| rest.starts_with(by));
        let Some(of) = copied.iter().find(|file| name.strip_prefix(**file).is_some_and(is_copy)) else {
            continue;
        };
        if !files::facts(&path).is_some_and(|facts| facts.is_file) {
            continue;
        }
        let text = files::secret_text(&path);
        let lost = logins_in_no_store(inspection, agent, &text);
        let finding = if lost.is_empty() && is_all_stored(inspection, agent, of, &text) {
            IMPORT_BACKUP.found(&[]).command(format!("rm -i -- {}", quoted(&path)))
        } else if lost.is_empty() {
            IMPORT_BACKUP.variant("kept", &[])
        } else {
            let (logins, store) = (lost.join(", "), dir.join(of));
            let can_return = text.starts_with(BYTE_ORDER_MARK) && !store.exists();
            let variant = if can_return { "marked" } else { "unique" };
            let finding = IMPORT_BACKUP.variant(variant, &[("logins", &logins)]).severity(Severity::Warning);
            if can_return {
                let ImportAdvice { command, .. } = inspection.commands.import(None);
                let (from, to) = (quoted(&path), quoted(&store));
                // `set -C`: nothing that was written meanwhile is overwritten.
                finding.command(format!("(set -C; umask 077; tail -c +4 -- {from} > {to}) && {command}"))
            } else {
                finding
            }
        };
        findings.push(finding.of(agent).at(&path));
    }
}

/// Whether every login of an archived file is stored under the same name, and nobody has to see to it there.
fn is_all_stored(inspection: &Inspection, agent: Option<&AgentId>, file: &str, text: &str) -> bool {
    if file == STATE_FILE {
        return true;
    }
    // `auth.json` and `oauth.json` are of another form.
    let Some(health) = agent.and_then(|agent| inspection.health(agent)).filter(|_| file == STORE_FILE) else {
        return false;
    };
    let text = text.trim_start_matches(BYTE_ORDER_MARK);
    let Ok(document) = Document::parse(text, inspection.reading, Source::Json) else { return false };
    let is_well = |profile: &ProfileHealth| {
        profile.assessment.as_ref().is_none_or(|assessment| !assessment.needs_person)
    };
    let is_stored =
        |id: &str| health.profiles.iter().any(|stored| stored.profile_id.as_str() == id && is_well(stored));
    document.rejected.is_empty() && document.profiles.iter().all(|profile| is_stored(&profile.id))
}

/// The logins of an archived store whose providers the agent's models use without any login.
fn logins_in_no_store(inspection: &Inspection, agent: Option<&AgentId>, text: &str) -> Vec<String> {
    let Some(health) = agent.and_then(|agent| inspection.health(agent)) else { return Vec::new() };
    let text = text.trim_start_matches(BYTE_ORDER_MARK);
    let Ok(document) = Document::parse(text, inspection.reading, Source::Json) else { return Vec::new() };
    let is_missing =
        |provider: &str| health.missing_providers_in_use.iter().any(|missing| missing.as_str() == provider);
    let lost = document.profiles.iter().filter(|profile| is_missing(&profile.credential.provider));
    lost.map(|profile| profile.id.to_string()).collect()
}

/// Two stores that both hold what all agents inherit: OpenClaw reads one of them, which a record decides.
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
    let ImportAdvice { first, command } = inspection.commands.import(unimportable);
    let mut finding = TWO_OWNERS.found(&[("file", &quoted(read))]).of(&main.id).at(unread);
    finding.meaning += &first;
    findings.push(finding.command(command));
}
