//! One pass: discover, load, classify. (Refreshing and publishing follow where a pass is more than a look.)

mod unchanged;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::classify::{self, InUse, Judge, worst_exit_code};
use crate::clock::{self, At};
use crate::discover::{self, Agent, Discovery};
use crate::load::{self, Buffers, Loaded};
use crate::model::{AgentHealth, Millis, Scope, Semantics, Snapshot, Summary};
use crate::openclaw::provider;
use crate::paths::Roots;
use crate::state::Memory;

pub use self::unchanged::Cache;
use self::unchanged::Stamps;

/// What to look at, and how to judge it.
#[derive(Clone, Debug)]
pub struct Request {
    /// Judge as of another time.
    pub at: Option<At>,
    /// The release whose rules apply.
    pub semantics: Semantics,
    /// What counts; `None` for the release's own rule.
    pub scope: Option<Scope>,
    /// The warning window, if given.
    pub window: Option<Millis>,
    /// Only these agents; empty for all.
    pub agents: Vec<String>,
    /// Only these providers; empty for all.
    pub providers: Vec<String>,
    /// What authwatch remembers of earlier attempts to renew.
    pub memory: Option<Arc<Memory>>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            at: None,
            semantics: Semantics::V2026_9,
            scope: None,
            window: None,
            agents: Vec::new(),
            providers: Vec::new(),
            memory: None,
        }
    }
}

/// What a look found.
#[derive(Clone, Debug)]
pub struct Look {
    /// The picture.
    pub snapshot: Snapshot,
    /// Agents that were asked for and are not there. They are in the picture all the same: they would inherit main's logins.
    pub unknown_agents: Vec<String>,
    /// Whether there is a state directory.
    pub state_exists: bool,
    /// Whether any store was read, and not only found to be what it was.
    pub changed: bool,
}

/// An agent's verdict.
struct Looked {
    health: AgentHealth,
    /// The files it was made from; `None` where the last pass's verdict stands.
    read_from: Option<Stamps>,
}

/// Looks at every agent once.
#[must_use]
pub fn look(roots: &Roots, process: impl IntoIterator<Item = (String, String)>, request: &Request) -> Look {
    look_again(roots, process, request, None)
}

/// Looks at every agent, and at those whose files are what they were in the last pass only as far as to see that.
#[must_use]
pub fn look_again(
    roots: &Roots,
    process: impl IntoIterator<Item = (String, String)>,
    request: &Request,
    mut cache: Option<&mut Cache>,
) -> Look {
    let read_at = clock::now();
    let now = request.at.map_or(read_at, |at| at.resolve(read_at));
    let discovery = discover::discover(roots, process);
    let (agents, unknown_agents) = select(roots, &discovery, &request.agents);
    let only_providers: BTreeSet<String> =
        request.providers.iter().map(|id| provider::normalize(id, request.semantics).into_owned()).collect();
    let refreshing = load::refreshing::read(roots);
    let in_use = InUse::new(&discovery.settings, request.semantics, &only_providers);
    let judge = Judge {
        now,
        semantics: request.semantics,
        scope: request.scope,
        window: request.window,
        only_providers: &only_providers,
        in_use: &in_use,
        settings: &discovery.settings,
        environment: &discovery.environment,
        refreshing: &refreshing,
        memory: request.memory.as_deref().filter(|memory| !memory.is_empty()),
    };

    if let Some(cache) = &mut cache {
        let rest = format!(
            "{request:?} {:?} {refreshing:?} {:?} {:?}",
            discovery.environment, discovery.settings, discovery.config
        );
        cache.check(roots, &discovery.agents[0].dir, rest);
    }
    let mut buffers = Buffers::default();
    let main = load::load_main(&discovery.agents[0], roots, request.semantics, &mut buffers);
    let looked = look_at_all(&agents, &main, roots, &judge, cache.as_deref());
    let mut changed = false;
    let mut agents = Vec::with_capacity(looked.len());
    for Looked { health, read_from } in looked {
        if let (Some(stamps), Some(cache)) = (read_from, &mut cache) {
            changed = true;
            cache.keep(&health, &stamps, request.window, now);
        }
        agents.push(health);
    }
    if let Some(cache) = &mut cache {
        cache.forget_gone(&agents);
    }

    let mut summary = Summary::default();
    agents.iter().flat_map(|agent| &agent.profiles).for_each(|profile| summary.count(profile.bucket));
    let scope = agents
        .first()
        .map(|agent| discovery.settings.providers_in_use(agent.id.as_str(), request.semantics))
        .map_or(Scope::All, |in_use| judge.scope_for(&in_use));
    let snapshot = Snapshot {
        format_version: 1,
        generated_at: clock::date(read_at).map(|date| date.to_rfc3339()).unwrap_or_default(),
        now,
        semantics: request.semantics,
        scope,
        exit_code: worst_exit_code(agents.iter().map(|agent| agent.exit_code)),
        summary,
        config: discovery.config.clone(),
        external: classify::external(&load::external::read(roots), &judge),
        renewals: Vec::new(),
        agents,
    };
    Look { snapshot, unknown_agents, state_exists: discovery.state_exists, changed }
}

fn select<'d>(roots: &Roots, discovery: &'d Discovery, wanted: &[String]) -> (Cow<'d, [Agent]>, Vec<String>) {
    if wanted.is_empty() {
        return (Cow::Borrowed(&discovery.agents), Vec::new());
    }
    let (mut agents, mut unknown) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for id in wanted.iter().filter(|id| seen.insert(id.as_str())) {
        let known = discovery.agents.iter().find(|agent| agent.id.as_str() == id);
        if known.is_none() {
            unknown.push(id.clone());
        }
        agents.extend(known.cloned().or_else(|| discover::requested(roots, id)));
    }
    (Cow::Owned(agents), unknown)
}

/// Below this many agents a second thread costs more than it saves.
const PARALLEL_FROM: usize = 64;
/// Agents a thread takes at a time: enough that the counter is no bottleneck, few enough that none waits long at the end.
const CHUNK: usize = 32;

/// Loads and judges agent by agent, so that memory grows with one store and not with the fleet's.
fn look_at_all(
    agents: &[Agent],
    main: &Loaded<'_>,
    roots: &Roots,
    judge: &Judge<'_>,
    cache: Option<&Cache>,
) -> Vec<Looked> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut buffers = Buffers::new(roots);
        let mut done = Vec::new();
        loop {
            let start = next.fetch_add(CHUNK, Ordering::Relaxed);
            let Some(chunk) = agents.get(start..) else {
                return done;
            };
            let chunk = &chunk[..chunk.len().min(CHUNK)];
            let mut healths = Vec::with_capacity(chunk.len());
            healths.extend(
                chunk.iter().filter_map(|agent| look_at(agent, main, roots, judge, cache, &mut buffers)),
            );
            done.push((start, healths));
        }
    };
    let threads = if agents.len() < PARALLEL_FROM {
        1
    } else {
        std::thread::available_parallelism().map_or(1, NonZero::get).min(4)
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut done = work();
        for other in others {
            done.extend(other.join().expect("looking at a store does not panic"));
        }
        done
    });
    done.sort_unstable_by_key(|(start, _)| *start);
    let mut healths = Vec::with_capacity(agents.len());
    for (_, chunk) in done {
        healths.extend(chunk);
    }
    healths
}

fn look_at(
    agent: &Agent,
    main: &Loaded<'_>,
    roots: &Roots,
    judge: &Judge<'_>,
    cache: Option<&Cache>,
    buffers: &mut Buffers,
) -> Option<Looked> {
    // Before anything is read: what changes meanwhile is noticed the next time.
    let read_from = cache.map(|_| unchanged::stamps(&agent.dir, buffers.base()));
    let known = cache.zip(read_from).and_then(|(cache, stamps)| cache.get(&agent.id, &stamps, judge.now));
    if let Some(health) = known {
        return Some(Looked { health, read_from: None });
    }
    if agent.is_main() {
        return Some(Looked { health: classify::agent(agent, main, None, judge), read_from });
    }
    let (health, room) = {
        let own = load::load(agent, roots, judge.semantics, buffers)?;
        (classify::agent(agent, &own, Some(main), judge), own.document.into_room())
    };
    buffers.reuse(room);
    Some(Looked { health, read_from })
}
