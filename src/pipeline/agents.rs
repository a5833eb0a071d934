//! Loads and judges agent by agent, several at a time where there are many.

use std::num::NonZero;
use std::ops::Deref;
use std::sync::Mutex;

use openclaw_auth::discover::Agent;
use openclaw_auth::load::{self, Buffers, Loaded};
use openclaw_auth::model::{ProfileIds, Span, Timestamp};
use openclaw_auth::paths::Roots;

use super::cache::{self, Cache, ReadStore};
use crate::classify::{self, Criteria, OpenclawCheck};
use crate::model::{AgentHealth, Summary};

/// What else is done with a store that was read. Threads read several at a time.
pub type OnRead<'a> = &'a (dyn Fn(&Agent, &Loaded<'_>) + Sync);

pub(super) struct ScannedAgent {
    health: AgentHealth,
    buckets: Summary,
    /// What it was made from; `None` where nothing was read.
    read: Option<Box<ReadStore>>,
}

impl ScannedAgent {
    /// Counts while the profiles are at hand: by the time all agents are there, they are far away.
    fn new(health: AgentHealth, read: Option<Box<ReadStore>>) -> Self {
        let mut buckets = Summary::default();
        health.profiles.iter().for_each(|profile| buckets.count(profile.bucket));
        Self { health, buckets, read }
    }
}

/// Below this many agents a second thread costs more than it saves.
const PARALLEL_FROM: usize = 64;
/// Agents a thread takes at a time: enough that taking them is no bottleneck, few enough that none waits long at the end.
const CHUNK: usize = 32;

/// What agents are judged with.
pub(super) struct Stage<'a> {
    pub(super) roots: &'a Roots,
    pub(super) judge: &'a Criteria<'a>,
    pub(super) check: &'a OpenclawCheck<'a>,
    /// Whether exit codes are authwatch's own rather than OpenClaw's.
    pub(super) own_rules: bool,
    /// Whether a person chose them.
    pub(super) chosen_rules: bool,
    pub(super) cache: Option<&'a Cache>,
    pub(super) on_read: OnRead<'a>,
}

/// Loads and judges agent by agent, so that memory grows with one store and not with the fleet's. There is nothing for those
/// that turn out to be none. `main` is the store they inherit.
pub(super) fn scan_all<'m>(
    agents: &[Agent],
    main: &(impl Deref<Target = Loaded<'m>> + Sync),
    stage: &Stage<'_>,
) -> Vec<Option<ScannedAgent>> {
    let mut scanned: Vec<Option<ScannedAgent>> = Vec::new();
    scanned.resize_with(agents.len(), || None);
    // Each verdict is written where it belongs, so nothing is moved or sorted when the threads are done.
    let chunks = Mutex::new(agents.chunks(CHUNK).zip(scanned.chunks_mut(CHUNK)));
    let take = || chunks.lock().expect("nothing panics while a chunk is taken").next();
    let work = || {
        let mut workspace = Workspace { buffers: Buffers::new(stage.roots), ids: ProfileIds::default() };
        while let Some((agents, scanned)) = take() {
            for (agent, scanned) in agents.iter().zip(scanned) {
                *scanned = scan_agent(agent, main, stage, &mut workspace);
            }
        }
    };
    let threads = if agents.len() < PARALLEL_FROM {
        1
    } else {
        std::thread::available_parallelism().map_or(1, NonZero::get).min(4)
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    scanned
}

/// What a thread works with.
struct Workspace {
    buffers: Buffers,
    ids: ProfileIds,
}

fn scan_agent<'m>(
    agent: &Agent,
    main: &impl Deref<Target = Loaded<'m>>,
    stage: &Stage<'_>,
    Workspace { buffers, ids }: &mut Workspace,
) -> Option<ScannedAgent> {
    let Stage { judge, check, cache, .. } = *stage;
    // Before anything is read: what changes meanwhile is noticed the next time.
    let cached = cache.map(|cache| (cache, cache::stamps(&agent.dir, buffers.base())));
    if let Some((cache, stamps)) = &cached
        && let Some(health) = cache.by_stamps(&agent.id, stamps, judge.now)
    {
        return Some(ScannedAgent::new(health, None));
    }
    let judge_it = |own: &Loaded<'_>, inherited: Option<&Loaded<'_>>, ids: &mut ProfileIds| {
        let mut health = classify::agent(agent, own, inherited, judge, ids);
        health.configured = check.lists(agent);
        if !stage.chosen_rules {
            // What answers on this machine or in its network mostly wants no key.
            let is_local = |id: &str| {
                judge.settings.providers.iter().any(|provider| provider.id == id && provider.is_local())
            };
            health.missing_providers_in_use.retain(|id| !is_local(id.as_str()));
        }
        if !health.configured {
            // An agent that OpenClaw does not know uses no model.
            health.missing_providers_in_use.clear();
            health.profiles.iter_mut().for_each(|profile| profile.in_use = false);
        }
        (health.check, health.models) = check.of_agent(agent, own, inherited);
        if !stage.own_rules {
            health.exit_code = health.check.code;
        }
        health
    };
    let judged = |own: &Loaded<'_>, inherited: Option<&Loaded<'_>>, ids: &mut ProfileIds| {
        let Some((cache, stamps)) = cached else {
            return ScannedAgent::new(judge_it(own, inherited, ids), None);
        };
        let content = own.digest();
        let known = cache.by_content(&agent.id, &content, judge.now);
        let is_same = known.is_some();
        let health = known.unwrap_or_else(|| judge_it(own, inherited, ids));
        ScannedAgent::new(health, Some(Box::new(ReadStore { stamps, content, is_same })))
    };
    if agent.is_main() {
        (stage.on_read)(agent, main);
        return Some(judged(main, None, ids));
    }
    let (scanned, room) = {
        let mut own = load::load(agent, stage.roots, judge.reading, buffers)?;
        check.note_not_imported(agent, &mut own, stage.roots);
        (stage.on_read)(agent, &own);
        (judged(&own, Some(main), ids), own.document.into_room())
    };
    buffers.reuse(room);
    Some(scanned)
}

/// Puts together what was found at each agent, keeps it for the next scan, and says whether any store has changed.
pub(super) fn gather(
    scanned: Vec<Option<ScannedAgent>>,
    mut cache: Option<&mut Cache>,
    window: Option<Span>,
    now: Timestamp,
) -> (Vec<AgentHealth>, Summary, bool) {
    let mut changed = false;
    let mut agents = Vec::with_capacity(scanned.len());
    let mut summary = Summary::default();
    for ScannedAgent { health, buckets, read } in scanned.into_iter().flatten() {
        summary.add(buckets);
        if let (Some(read), Some(cache)) = (read, &mut cache) {
            changed |= !read.is_same;
            cache.keep(&health, &read, window, now);
        }
        agents.push(health);
    }
    if let Some(cache) = &mut cache {
        cache.forget_gone(&agents);
    }
    (agents, summary, changed)
}
