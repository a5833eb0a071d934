//! Stores where OpenClaw does not look for them, and state directories that this one has beside it.

use std::path::{Path, PathBuf};

use openclaw_auth::document::Document;
use openclaw_auth::load::{DATABASE_FILE, STORE_FILE};
use openclaw_auth::model::{MAIN_AGENT, Source};

use crate::doctor::files::{self, quoted};
use crate::doctor::finding::Findings;
use crate::doctor::inspection::Inspection;
use crate::doctor::kinds::{OTHER_STATE_DIRECTORY, STORE_MISPLACED};
use crate::texts::counted;

pub(super) fn run(inspection: &Inspection, findings: &mut Findings) {
    let roots = &inspection.places.roots;
    let of_agents = files::list(&roots.agents()).into_iter();
    let of_agents = of_agents.map(|(id, dir)| (dir, roots.agent_dir(&id)));
    let main = roots.agent_dir(MAIN_AGENT);
    let of_state = [roots.state.clone(), roots.state.join("agent")].map(|dir| (dir, main.clone()));
    for (dir, place) in of_state.into_iter().chain(of_agents) {
        // A configuration may have an agent's directory anywhere.
        if !inspection.discovery.agents.iter().any(|agent| agent.dir == dir) {
            misplaced(inspection, &dir, &place, findings);
        }
    }
    other_directories(inspection, findings);
}

fn misplaced(inspection: &Inspection, dir: &Path, place: &Path, findings: &mut Findings) {
    for name in [STORE_FILE, DATABASE_FILE] {
        let (file, place) = (dir.join(name), place.join(name));
        if !files::facts(&file).is_some_and(|facts| facts.is_file) {
            continue;
        }
        let shown = quoted(&place);
        let finding = if name == STORE_FILE {
            let text = files::secret_text(&file);
            let Ok(document) = Document::parse(&text, inspection.snapshot.semantics, Source::Json) else {
                continue;
            };
            if document.profiles.is_empty() {
                continue;
            }
            let logins = counted("logins", document.profiles.len());
            STORE_MISPLACED.found(&[("logins", &logins), ("place", &shown)])
        } else {
            STORE_MISPLACED.variant("database", &[("place", &shown)])
        };
        let (from, dir) = (quoted(&file), place.parent().map(quoted).unwrap_or_default());
        // Nothing that is there is replaced, and a database moves with its log.
        let command = if place.exists() || name == DATABASE_FILE {
            format!("ls -l -- {from} {dir}")
        } else {
            format!("mkdir -p -m 700 -- {dir} && mv -n -- {from} {shown}")
        };
        findings.push(finding.at(&file).command(command));
    }
}

/// State directories of OpenClaw's in the same home: of `openclaw --profile NAME`, and of the names it had before.
fn other_directories(inspection: &Inspection, findings: &mut Findings) {
    let roots = &inspection.places.roots;
    let own = files::real(&roots.state);
    let is_other = |name: &str| matches!(name, ".openclaw" | ".clawdbot") || name.starts_with(".openclaw-");
    for (_, dir) in files::list(&roots.home).into_iter().filter(|(name, _)| is_other(name)) {
        if files::real(&dir) != own && holds_stores(&dir) {
            let command = format!("authwatch doctor --state-dir {}", quoted(&dir));
            findings.push(OTHER_STATE_DIRECTORY.found(&[]).at(&dir).command(command));
        }
    }
}

fn holds_stores(state: &Path) -> bool {
    let agents = files::list(&state.join("agents")).into_iter().map(|(_, agent)| agent.join("agent"));
    let in_agents = agents.flat_map(|dir| [dir.join(STORE_FILE), dir.join(DATABASE_FILE)]);
    let mut places: Vec<PathBuf> = in_agents.collect();
    places.push(state.join("state/openclaw.sqlite"));
    places.iter().any(|path| path.is_file())
}
