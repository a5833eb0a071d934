//! The stages in order: [`discover`], [`load`], [`classify`], then [`crate::refresh`] and [`crate::publish`].
//!
//! The first three are here. The daemon renews, publishes, and notifies beyond them: `daemon/monitor.rs`.

mod agents;
mod cache;
mod request;
mod select;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use openclaw_auth::discover::{self, Agent, Discovery, NoAgent};
pub use openclaw_auth::file::SETTLED_AFTER;
use openclaw_auth::load::{self, Buffers, STORE_FILE};
use openclaw_auth::model::{AgentId, ProviderId, Semantics, StoreKind};
use openclaw_auth::paths::Roots;
use openclaw_auth::provider;
use openclaw_auth::release::{Release, ReleaseSource};
use openclaw_auth::service;

pub use self::agents::OnRead;
use self::agents::{Stage, gather, scan_all};
pub use self::cache::Cache;
use self::request::Basis;
pub use self::request::Request;
pub use self::select::find_agent;
use self::select::{Selected, select};
use crate::assess;
use crate::classify::{self, Criteria, InUse, OpenclawCheck, worst_exit_code};
use crate::clock;
use crate::model::{AgentHealth, OpenclawRelease, Scope, Snapshot};
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
    let reading = request.reading(&release);
    let only_providers: BTreeSet<String> =
        request.providers.iter().map(|id| provider::normalize(id, reading).into_owned()).collect();
    let refreshing = load::refreshing::read(roots);
    let in_use = InUse::new(&discovery.settings, reading, &only_providers);
    let judge = Criteria {
        now,
        reading,
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
    let mut buffers = Buffers::default();
    // Read once it is needed, which it is not while no store changes.
    let main = LazyLock::new(|| {
        let mut main = load::load_main(main_agent, roots, reading, &mut buffers);
        check.note_not_imported(main_agent, &mut main, roots);
        main
    });
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
    let scanned = scan_all(&agents, &main, &stage);
    let (mut agents, summary, changed) = gather(scanned, cache, request.window, now);
    ask_service(&mut agents, roots, reading);
    keep_routes(&mut agents, &only_providers);
    preview_import(&mut agents, &discovery.agents, roots, reading);

    let scope = agents
        .first()
        .map(|agent| discovery.settings.providers_in_use(agent.id.as_str(), reading))
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
