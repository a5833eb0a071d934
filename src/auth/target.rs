//! Whose store a command is about, and whether it may be written.

use std::path::{Path, PathBuf};

use openclaw_auth::discover::{Agent, Discovery};
use openclaw_auth::load::{self, Buffers, STATE_FILE, STORE_FILE};
use openclaw_auth::model::{Semantics, StoreKind};
use openclaw_auth::paths::Roots;

/// The rules by which stores are read before they are written: those without aliases.
pub const SEMANTICS: Semantics = Semantics::V2026_9;

/// The agent of that name, else the configured default.
#[must_use]
pub fn agent<'d>(discovery: &'d Discovery, wanted: Option<&str>) -> Option<&'d Agent> {
    let agents = &discovery.agents;
    match wanted {
        Some(id) => agents
            .iter()
            .find(|agent| agent.id.as_str() == id)
            .or_else(|| agents.iter().find(|agent| agent.id.as_str() == id.to_lowercase())),
        None => agents.iter().find(|agent| agent.default).or(agents.first()),
    }
}

#[must_use]
pub fn store(agent: &Agent) -> PathBuf {
    agent.dir.join(STORE_FILE)
}

/// Where its order and usage are.
#[must_use]
pub fn state(agent: &Agent) -> PathBuf {
    agent.dir.join(STATE_FILE)
}

/// The database that keeps an agent's logins, or main's: then the release is one whose logins OpenClaw alone may write.
#[must_use]
pub fn database(roots: &Roots, discovery: &Discovery, agent: &Agent) -> Option<PathBuf> {
    let mut buffers = Buffers::default();
    let in_database = |kind: StoreKind, path: &Path| {
        matches!(kind, StoreKind::AgentSqlite | StoreKind::SharedSqlite).then(|| path.to_owned())
    };
    if let Some(own) = load::load(agent, roots, SEMANTICS, &mut buffers)
        && let Some(path) = in_database(own.health.kind, &own.health.path)
    {
        return Some(path);
    }
    let main = load::load_main(&discovery.agents[0], roots, SEMANTICS, &mut buffers);
    in_database(main.health.kind, &main.health.path)
}
