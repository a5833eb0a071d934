//! What agents see of each other's logins, for commands to look at before and after a change.

use openclaw_auth::attempts::{self, Attempts};
use openclaw_auth::discover::{Agent, Discovery};
use openclaw_auth::document::Document;
use openclaw_auth::load::{self, Buffers};
use openclaw_auth::merge::View;
use openclaw_auth::model::{Semantics, Source, Timestamp};
use openclaw_auth::paths::Roots;
use openclaw_auth::{edit, identity};

use super::entry::Entry;
use super::import::EMPTY;
use super::target::SEMANTICS;
use crate::clock;

/// How an agent would try a provider's profiles now.
#[must_use]
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

/// The provider of a profile that an agent sees.
#[must_use]
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

/// Whether a profile is in an agent's own store.
#[must_use]
pub fn holds(roots: &Roots, agent: &Agent, profile: &str) -> bool {
    let mut buffers = Buffers::default();
    load::load(agent, roots, SEMANTICS, &mut buffers).is_some_and(|loaded| {
        loaded.document.get(profile).is_some()
            || loaded.document.rejected.iter().any(|entry| entry.profile_id.as_str() == profile)
    })
}

/// The profile in an agent's own store that holds a login of the same account as this one, the default one first.
#[must_use]
pub fn same_account(roots: &Roots, agent: &Agent, entry: &Entry) -> Option<String> {
    let alone = edit::put_profile(EMPTY, "new", &entry.text()).ok()?;
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

/// Looks at what an agent sees: its own store, over main's.
fn with_view<T>(
    roots: &Roots,
    discovery: &Discovery,
    agent: &Agent,
    semantics: Semantics,
    look: impl FnOnce(&View<'_, '_>, Timestamp) -> T,
) -> T {
    let now = clock::now();
    let (mut main_buffers, mut buffers) = (Buffers::default(), Buffers::default());
    let main = load::load_main(&discovery.agents[0], roots, semantics, &mut main_buffers);
    if agent.is_main() {
        return look(&View::of_main(&main.document), now);
    }
    let own = load::load(agent, roots, semantics, &mut buffers);
    let own = own.map(|own| own.document).unwrap_or_default();
    look(&View::merged(&own, &main.document, now, semantics), now)
}
