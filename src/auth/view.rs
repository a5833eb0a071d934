//! What an agent's store holds and what the agent sees of main's, for commands to read before and after a change.

use std::path::{Path, PathBuf};

use openclaw_auth::attempts::{self, Attempts};
use openclaw_auth::discover::{Agent, Discovery};
use openclaw_auth::document::Document;
use openclaw_auth::identity;
use openclaw_auth::load::{self, Buffers};
use openclaw_auth::merge::View;
use openclaw_auth::model::{Semantics, Source, StoreKind, Timestamp};
use openclaw_auth::paths::Roots;
use openclaw_auth::store::SEMANTICS;

use super::entry::Entry;
use crate::clock;

/// The agent of that name, else the configured default.
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

/// The database that holds an agent's logins, or main's. Only OpenClaw may write it.
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

/// In which order an agent would try a provider's profiles now.
pub fn attempts(
    roots: &Roots,
    discovery: &Discovery,
    agent: &Agent,
    provider_id: &str,
    semantics: Semantics,
) -> Attempts {
    with_view(roots, discovery, agent, semantics, |view, now| {
        attempts::attempts(view, provider_id, &discovery.settings, now, semantics)
    })
}

pub fn provider_of(
    roots: &Roots,
    discovery: &Discovery,
    agent: &Agent,
    profile: &str,
    semantics: Semantics,
) -> Option<String> {
    with_view(roots, discovery, agent, semantics, |view, _| {
        view.get(profile).map(|profile| profile.credential.provider.to_string())
    })
}

pub fn holds(roots: &Roots, agent: &Agent, profile: &str) -> bool {
    let mut buffers = Buffers::default();
    load::load(agent, roots, SEMANTICS, &mut buffers).is_some_and(|loaded| {
        loaded.document.get(profile).is_some()
            || loaded.document.rejected.iter().any(|entry| entry.profile_id.as_str() == profile)
    })
}

/// The profile in an agent's own store that holds a login of the same account as this one, the default one first.
pub fn same_account(roots: &Roots, agent: &Agent, entry: &Entry) -> Option<String> {
    let alone = entry.alone("new").ok()?;
    let alone = Document::parse(&alone, SEMANTICS, Source::Json).ok()?;
    let new = alone.get("new")?;
    let mut buffers = Buffers::default();
    let loaded = load::load(agent, roots, SEMANTICS, &mut buffers)?;
    let same = loaded.document.profiles.iter().filter(|profile| {
        let existing = &profile.credential;
        existing.kind == new.kind && identity::is_known(existing) && identity::may_replace(existing, new)
    });
    same.min_by_key(|profile| !profile.id.ends_with(":default")).map(|profile| profile.id.to_string())
}

/// Calls `read` with what an agent sees: its own store, over main's.
fn with_view<T>(
    roots: &Roots,
    discovery: &Discovery,
    agent: &Agent,
    semantics: Semantics,
    read: impl FnOnce(&View<'_, '_>, Timestamp) -> T,
) -> T {
    let now = clock::now();
    let (mut main_buffers, mut buffers) = (Buffers::default(), Buffers::default());
    let main = load::load_main(&discovery.agents[0], roots, semantics, &mut main_buffers);
    if agent.is_main() {
        return read(&View::of_main(&main.document), now);
    }
    let own = load::load(agent, roots, semantics, &mut buffers);
    let own = own.map(|own| own.document).unwrap_or_default();
    read(&View::merged(&own, &main.document, now, semantics), now)
}
