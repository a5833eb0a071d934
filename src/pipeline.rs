//! The stages in order: [`discover`], [`load`], [`classify`], then [`crate::refresh`] and [`crate::publish`].
//!
//! The first three are here. The daemon renews, publishes, and notifies beyond them: `daemon/monitor.rs`.

mod cache;
mod request;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::num::NonZero;
use std::ops::Deref;
use std::sync::{LazyLock, Mutex};

use openclaw_auth::discover::{self, Agent, Discovery, NoAgent};
pub use openclaw_auth::file::SETTLED_AFTER;
use openclaw_auth::load::{self, Buffers, Loaded, STORE_FILE};
use openclaw_auth::model::{AgentId, ProfileIds, ProviderId, Semantics, Span, StoreKind, Timestamp};
use openclaw_auth::paths::Roots;
use openclaw_auth::provider;
use openclaw_auth::release::{Release, ReleaseSource};
use openclaw_auth::service;
use openclaw_auth::settings::normalized_agent_id;

pub use self::cache::Cache;
use self::cache::ReadStore;
use self::request::Basis;
pub use self::request::Request;
use crate::assess;
use crate::classify::{self, Criteria, InUse, OpenclawCheck, worst_exit_code};
use crate::clock::{self};
use crate::model::{AgentHealth, OpenclawRelease, Scope, Snapshot, Summary};
use crate::remedy::Commands;

#[derive(Clone, Debug)]
pub struct ScanResult {
    pub snapshot: Snapshot,
    /// How commands are written for what was found.
    pub commands: Commands,
    /// Why OpenClaw's own command, without `--agent`, would refuse.
    pub refused: Option<NoAgent>,
    /// Agents that were asked for and are not there. They are in the picture all the same: they would inherit main's logins.
    pub unknown_agents: Vec<String>,
    /// Providers that were asked for and of which nothing is there: no login, no model that needs one, no key in the environment.
    pub unknown_providers: Vec<String>,
    /// The agents there are.
    pub agent_ids: Vec<AgentId>,
    /// Whether there is a state directory.
    pub state_exists: bool,
    /// Whether any store, or what decides about it, is not what it was.
    pub changed: bool,
}

/// What else is done with a store that was read. Threads read several at a time.
pub type OnRead<'a> = &'a (dyn Fn(&Agent, &Loaded<'_>) + Sync);

struct ScannedAgent {
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

/// Looks at every agent once.
#[must_use]
pub fn run(
    roots: &Roots,
    process: impl IntoIterator<Item = (String, String)>,
    request: &Request,
) -> ScanResult {
    run_with_cache(roots, process, request, None)
}

/// Looks at every agent, and at those whose files are what they were in the last pass only as far as to see that.
#[must_use]
pub fn run_with_cache(
    roots: &Roots,
    process: impl IntoIterator<Item = (String, String)>,
    request: &Request,
    cache: Option<&mut Cache>,
) -> ScanResult {
    scan(roots, &discover::discover(roots, process), request, cache, &|_, _| ())
}

/// Checks every agent of a discovery, and hands each store over as it is read: an agent's own, and for main what all inherit.
#[must_use]
pub fn scan(
    roots: &Roots,
    discovery: &Discovery,
    request: &Request,
    mut cache: Option<&mut Cache>,
    on_read: OnRead<'_>,
) -> ScanResult {
    let read_at = clock::now();
    let now = request.at.map_or(read_at, |at| at.resolve(read_at));
    let release = request.release.clone().unwrap_or_else(|| release(roots, discovery));
    let Selected { agents, unknown: unknown_agents, refused } = select(roots, discovery, request, &release);
    let only_providers: BTreeSet<String> =
        request.providers.iter().map(|id| provider::normalize(id, request.semantics).into_owned()).collect();
    let refreshing = load::refreshing::read(roots);
    let in_use = InUse::new(&discovery.settings, request.semantics, &only_providers);
    let judge = Criteria {
        now,
        semantics: request.semantics,
        scope: request.scope,
        window: request.window,
        only_providers: &only_providers,
        in_use: &in_use,
        settings: &discovery.settings,
        is_configuration_broken: discovery.config.error.is_some(),
        environment: &discovery.environment,
        refreshing: &refreshing,
        memory: request.memory.as_deref().filter(|memory| !memory.is_empty()),
    };

    let external = load::external::read(roots);
    let check = OpenclawCheck::new(&release, discovery, &external, request.asked(), now, request.window);
    let main_agent = &discovery.agents[0];
    let load_main = |semantics: Semantics, buffers| {
        let mut main = load::load_main(main_agent, roots, semantics, buffers);
        check.note_not_imported(main_agent, &mut main, roots);
        main
    };
    let (mut buffers, mut other_buffers) = (Buffers::default(), Buffers::default());
    let (buffers, other_buffers) = (&mut buffers, &mut other_buffers);
    let load_main = &load_main;
    // Read once it is needed, which it is not while no store changes.
    let main = LazyLock::new(move || load_main(request.semantics, buffers));
    let check_semantics = check.semantics();
    let main_as_read = LazyLock::new(move || load_main(check_semantics, other_buffers));
    if let Some(cache) = &mut cache {
        let basis = Basis {
            request: request.clone(),
            release: release.clone(),
            environment: discovery.environment.clone(),
            settings: discovery.settings.clone(),
            config: discovery.config.clone(),
            refreshing: refreshing.clone(),
        };
        cache.check(roots, discovery, basis, &main);
    }
    let stage = Stage {
        roots,
        judge: &judge,
        check: &check,
        own_rules: request.own_rules || !only_providers.is_empty(),
        chosen_rules: request.own_rules,
        cache: cache.as_deref(),
        on_read,
    };
    let scanned = scan_all(&agents, &main, &main_as_read, &stage);
    let (mut agents, summary, changed) = gather(scanned, cache, request.window, now);
    ask_service(&mut agents, roots, request.semantics);
    keep_routes(&mut agents, &only_providers);
    preview_import(&mut agents, &discovery.agents, roots, request.semantics);

    let scope = agents
        .first()
        .map(|agent| discovery.settings.providers_in_use(agent.id.as_str(), request.semantics))
        .map_or(Scope::All, |in_use| judge.scope_for(&in_use));
    let commands = Commands::new(roots, &release, keeps_json(&agents, main_agent, &release));
    let mut snapshot = Snapshot {
        format_version: 1,
        generated_at: clock::date(read_at).map(|date| date.to_rfc3339()).unwrap_or_default(),
        now,
        semantics: request.semantics,
        scope,
        exit_code: worst_exit_code(counting(&agents, &request.agents).map(|agent| agent.exit_code)),
        summary,
        config: discovery.config.clone(),
        external: classify::external(&external, &judge),
        renewals: Vec::new(),
        recoveries: Vec::new(),
        recovery_assessment: None,
        config_assessment: None,
        openclaw: OpenclawRelease {
            rules: release.rules(),
            version: release.version,
            source: release.source,
        },
        agents,
    };
    assess::assess(&mut snapshot, &request.limits, &commands);
    let is_known = |id: &str| judge.gives_key(id) || names_provider(&snapshot, id);
    let unknown_providers = only_providers.iter().filter(|id| !is_known(id)).cloned().collect();
    ScanResult {
        snapshot,
        commands,
        refused,
        unknown_agents,
        unknown_providers,
        agent_ids: discovery.agents.iter().map(|agent| agent.id.clone()).collect(),
        state_exists: discovery.state_exists,
        changed,
    }
}

/// Puts together what was found at each agent, keeps it for the next scan, and says whether any store has changed.
fn gather(
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

/// Whether anything in a snapshot is about a provider.
fn names_provider(snapshot: &Snapshot, id: &str) -> bool {
    let is_it = |provider: &ProviderId| provider.as_str() == id;
    let of_agent = |agent: &AgentHealth| {
        agent.missing_providers_in_use.iter().any(is_it)
            || agent.profiles.iter().any(|profile| is_it(&profile.provider))
            || agent.keys().any(|(route, _)| route.provider == id)
    };
    snapshot.agents.iter().any(of_agent) || snapshot.external.iter().any(|profile| is_it(&profile.provider))
}

/// The agents whose exit codes count: those that are configured, or were asked for.
fn counting<'a>(agents: &'a [AgentHealth], wanted: &'a [String]) -> impl Iterator<Item = &'a AgentHealth> {
    agents.iter().filter(|agent| agent.configured || !wanted.is_empty())
}

/// Whether logins of the state directory are kept in JSON files. A report on some agents may leave main out, whose store says so.
fn keeps_json(agents: &[AgentHealth], main: &Agent, release: &Release) -> bool {
    let is_empty = agents.iter().all(|agent| agent.store.kind == StoreKind::None);
    agents.iter().any(|agent| agent.store.kind == StoreKind::Json)
        || main.dir.join(STORE_FILE).exists()
        || is_empty && release.source != ReleaseSource::Assumed
}

/// The release that a state directory belongs to.
#[must_use]
pub fn release(roots: &Roots, discovery: &Discovery) -> Release {
    Release::detect(discovery.settings.last_touched.as_deref(), load::schemas(roots, &discovery.agents))
}

/// How commands are written for a state directory, without reading its logins.
#[must_use]
pub fn commands(roots: &Roots, discovery: &Discovery) -> Commands {
    let release = release(roots, discovery);
    let has_json = discovery.agents.iter().any(|agent| agent.dir.join(STORE_FILE).exists());
    Commands::new(roots, &release, has_json || release.source != ReleaseSource::Assumed)
}

/// Takes what only the gateway's service has into account. Looked for only where it matters: it takes reading the user's
/// processes.
fn ask_service(agents: &mut [AgentHealth], roots: &Roots, semantics: Semantics) {
    let wants_it = |agent: &AgentHealth| {
        let mut profiles = agent.profiles.iter();
        !agent.missing_providers_in_use.is_empty() || profiles.any(|profile| profile.unset_variable.is_some())
    };
    if agents.iter().any(wants_it)
        && let Some(gateway) = service::gateway(roots)
    {
        classify::add_service_keys(agents, &gateway.variables, semantics);
    }
}

/// Leaves out the models of providers that were not asked for.
fn keep_routes(agents: &mut [AgentHealth], only_providers: &BTreeSet<String>) {
    if only_providers.is_empty() {
        return;
    }
    for agent in agents {
        agent.models.retain(|route| only_providers.contains(&route.provider));
    }
}

/// OpenClaw's import is for all agents at once: where any file of theirs would be lost by it, that file comes first. Not part of
/// an agent's own verdict, which is kept while its own files stay as they are.
fn preview_import(agents: &mut [AgentHealth], all: &[Agent], roots: &Roots, semantics: Semantics) {
    let waits = |agent: &AgentHealth| agent.store.migration.is_some() && agent.store.error.is_none();
    if !agents.iter().any(waits) {
        return;
    }
    let Some(unimportable) = load::retired::unimportable(roots, all, semantics).next() else { return };
    for agent in agents.iter_mut().filter(|agent| waits(agent)) {
        classify::put_repair_first(agent, &unimportable);
    }
}

/// The agent of an id, as it is written or as OpenClaw would make an id of it.
#[must_use]
pub fn find_agent<'d>(discovery: &'d Discovery, id: &str) -> Option<&'d Agent> {
    let find = |id: &str| discovery.agents.iter().find(|agent| agent.id.as_str() == id);
    find(id).or_else(|| find(&normalized_agent_id(id)).filter(|_| discover::is_id(id)))
}

/// The agents that are asked for.
struct Selected<'d> {
    agents: Cow<'d, [Agent]>,
    /// Those that are not there.
    unknown: Vec<String>,
    /// Why the agent that a command without `--agent` means is none.
    refused: Option<NoAgent>,
}

fn select<'d>(roots: &Roots, discovery: &'d Discovery, request: &Request, release: &Release) -> Selected<'d> {
    let all = Selected { agents: Cow::Borrowed(&discovery.agents), unknown: Vec::new(), refused: None };
    if request.only_bare {
        return match discovery.bare_agent(release.at_least) {
            Ok(agent) => Selected { agents: Cow::Owned(vec![agent.clone()]), ..all },
            Err(no_agent) => Selected { refused: Some(no_agent), ..all },
        };
    }
    if request.agents.is_empty() {
        return all;
    }
    let (mut agents, mut unknown) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for id in request.agents.iter().filter(|id| seen.insert(id.as_str())) {
        let known = find_agent(discovery, id);
        if known.is_none() {
            unknown.push(id.clone());
        }
        agents.extend(known.cloned().or_else(|| discover::requested(roots, id)));
    }
    Selected { agents: Cow::Owned(agents), unknown, refused: None }
}

/// Below this many agents a second thread costs more than it saves.
const PARALLEL_FROM: usize = 64;
/// Agents a thread takes at a time: enough that taking them is no bottleneck, few enough that none waits long at the end.
const CHUNK: usize = 32;

/// What agents are judged with.
struct Stage<'a> {
    roots: &'a Roots,
    judge: &'a Criteria<'a>,
    check: &'a OpenclawCheck<'a>,
    /// Whether exit codes are authwatch's own rather than OpenClaw's.
    own_rules: bool,
    /// Whether a person chose them.
    chosen_rules: bool,
    cache: Option<&'a Cache>,
    on_read: OnRead<'a>,
}

/// Loads and judges agent by agent, so that memory grows with one store and not with the fleet's. There is nothing for those
/// that turn out to be none. `main` is the store they inherit, and `main_as_read` the same as the release in use reads it.
fn scan_all<'m>(
    agents: &[Agent],
    main: &(impl Deref<Target = Loaded<'m>> + Sync),
    main_as_read: &(impl Deref<Target = Loaded<'m>> + Sync),
    stage: &Stage<'_>,
) -> Vec<Option<ScannedAgent>> {
    let mut scanned: Vec<Option<ScannedAgent>> = Vec::new();
    scanned.resize_with(agents.len(), || None);
    // Each verdict is written where it belongs, so nothing is moved or sorted when the threads are done.
    let chunks = Mutex::new(agents.chunks(CHUNK).zip(scanned.chunks_mut(CHUNK)));
    let take = || chunks.lock().expect("nothing panics while a chunk is taken").next();
    let work = || {
        let mut workspace = Workspace {
            buffers: Buffers::new(stage.roots),
            other_buffers: Buffers::new(stage.roots),
            ids: ProfileIds::default(),
        };
        while let Some((agents, scanned)) = take() {
            for (agent, scanned) in agents.iter().zip(scanned) {
                *scanned = scan_agent(agent, main, main_as_read, stage, &mut workspace);
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
    other_buffers: Buffers,
    ids: ProfileIds,
}

fn scan_agent<'m>(
    agent: &Agent,
    main: &impl Deref<Target = Loaded<'m>>,
    main_as_read: &impl Deref<Target = Loaded<'m>>,
    stage: &Stage<'_>,
    Workspace { buffers, other_buffers, ids }: &mut Workspace,
) -> Option<ScannedAgent> {
    let Stage { judge, check, cache, .. } = *stage;
    // Before anything is read: what changes meanwhile is noticed the next time.
    let cached = cache.map(|cache| (cache, cache::stamps(&agent.dir, buffers.base())));
    if let Some((cache, stamps)) = &cached
        && let Some(health) = cache.by_stamps(&agent.id, stamps, judge.now)
    {
        return Some(ScannedAgent::new(health, None));
    }
    let reads_alike = check.semantics() == judge.semantics;
    let mut judge_it = |own: &Loaded<'_>, inherited: Option<&Loaded<'_>>, ids: &mut ProfileIds| {
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
        (health.check, health.models) = if reads_alike {
            check.of_agent(agent, own, inherited)
        } else if agent.is_main() {
            check.of_agent(agent, main_as_read, None)
        } else {
            let own = load_own(agent, check.semantics(), stage, other_buffers);
            own.map_or_else(Default::default, |own| check.of_agent(agent, &own, Some(main_as_read)))
        };
        if !stage.own_rules {
            health.exit_code = health.check.code;
        }
        health
    };
    let mut judged = |own: &Loaded<'_>, inherited: Option<&Loaded<'_>>, ids: &mut ProfileIds| {
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
        let own = load_own(agent, judge.semantics, stage, buffers)?;
        (stage.on_read)(agent, &own);
        (judged(&own, Some(main), ids), own.document.into_room())
    };
    buffers.reuse(room);
    Some(scanned)
}

/// Reads an agent's own store, and notes what keeps the release in use from using it.
fn load_own<'b>(
    agent: &Agent,
    semantics: Semantics,
    stage: &Stage<'_>,
    buffers: &'b mut Buffers,
) -> Option<Loaded<'b>> {
    let mut own = load::load(agent, stage.roots, semantics, buffers)?;
    stage.check.note_not_imported(agent, &mut own, stage.roots);
    Some(own)
}
