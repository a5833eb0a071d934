//! Everything the checks look at, gathered once. Secrets are read here and go no further.

mod drafts;
mod facts;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use openclaw_auth::discover::{self, Discovery};
use openclaw_auth::environment::{Environment, parse_dotenv};
use openclaw_auth::file;
use openclaw_auth::model::{AgentId, ProfileId, Semantics, StoreKind, Timestamp};
use openclaw_auth::paths::Roots;
use openclaw_auth::secret::SecretBuffer;

pub use self::drafts::LeftoverDraft;
use self::facts::Reader;
pub use self::facts::{AgentFacts, CliLogin, Print, ProfileFacts, SharedFacts};
use super::files;
use super::installation::{Installation, OwnSettings, Places};
use super::online::ServerTime;
use super::service::{self, Gateway};
use crate::assess::Limits;
use crate::clock;
use crate::exit;
use crate::model::{AgentHealth, ProfileHealth, Scope, Severity, Snapshot};
use crate::pipeline::{self, Look, Request};
use crate::remedy::Commands;
use crate::state::Memory;

/// What the checks look at. Holds no secret.
#[derive(Debug)]
pub struct Inspection {
    pub now: Timestamp,
    /// Whom this program runs as.
    pub user: u32,
    /// Whose OpenClaw's state directory is.
    pub owner: Option<u32>,
    /// The release whose rules apply.
    pub semantics: Semantics,
    pub places: Places,
    /// The agents and the configuration.
    pub discovery: Discovery,
    /// Everybody's health, as `status` has it.
    pub snapshot: Snapshot,
    /// How commands are written for this installation.
    pub commands: Commands,
    /// The agents' own stores, as facts.
    pub agents: Vec<AgentFacts>,
    /// Drafts that nobody works on any more.
    pub drafts: Vec<LeftoverDraft>,
    /// What the shared database holds, if there is one.
    pub shared: Option<SharedFacts>,
    /// The logins of vendors' CLIs.
    pub cli_logins: Vec<CliLogin>,
    /// The variables a service of OpenClaw's has in any case: those of its configuration and of `.env`.
    pub service_variables: Environment,
    /// authwatch's own places and settings.
    pub own: OwnSettings,
    /// What is wrong with authwatch's memory.
    pub memory_problem: Option<String>,
    /// The time on another machine, where one was asked.
    pub server_time: Option<ServerTime>,
    gateway: OnceCell<Option<Gateway>>,
    index: InspectionIndex,
}

/// Fleets have thousands of agents: nobody is looked for by walking past all of them.
#[derive(Debug, Default)]
struct InspectionIndex {
    healths: BTreeMap<AgentId, usize>,
    facts: BTreeMap<AgentId, usize>,
    /// Profiles of main's that models of other agents use.
    used_by_heirs: BTreeSet<ProfileId>,
}

impl InspectionIndex {
    fn new(snapshot: &Snapshot, agents: &[AgentFacts]) -> Self {
        let ids = |ids: &mut dyn Iterator<Item = &AgentId>| {
            ids.cloned().enumerate().map(|(index, id)| (id, index)).collect()
        };
        let profiles = snapshot.agents.iter().flat_map(|agent| &agent.profiles);
        Self {
            healths: ids(&mut snapshot.agents.iter().map(|agent| &agent.id)),
            facts: ids(&mut agents.iter().map(|agent| &agent.id)),
            used_by_heirs: profiles
                .filter(|profile| profile.inherited && profile.in_use)
                .map(|profile| profile.profile_id.clone())
                .collect(),
        }
    }
}

impl Inspection {
    #[must_use]
    pub fn gather(installation: &Installation, server_time: Option<ServerTime>) -> Self {
        let Installation { roots, variables, own } = installation.clone();
        let (memory, memory_problem) = match own.state.as_deref().map(Memory::read) {
            Some(Ok(memory)) => (Some(Arc::new(memory)), None),
            Some(Err(error)) => (None, Some(exit::chain(&error))),
            None => (None, None),
        };
        let semantics = own.config.status.semantics;
        let request = Request {
            semantics,
            scope: own.config.status.scope,
            window: own.config.status.warn,
            memory: memory.clone(),
            limits: Limits::new(&own.config),
            ..Request::default()
        };
        let Look { snapshot, commands, .. } = pipeline::look(&roots, variables.iter().cloned(), &request);
        let discovery = discover::discover(&roots, variables.iter().cloned());
        let reader = Reader::new(&roots, semantics, memory.as_deref());
        let (now, agents) = (clock::now(), reader.agents(&discovery));
        let index = InspectionIndex::new(&snapshot, &agents);
        Self {
            now,
            user: rustix::process::geteuid().as_raw(),
            owner: files::look(&files::real(&roots.state)).map(|facts| facts.owner),
            semantics,
            drafts: drafts::find(&reader, &agents, &roots, own.state.as_deref(), now),
            agents,
            shared: reader.shared(&discovery.agents[0]),
            cli_logins: reader.cli_logins(),
            service_variables: service_variables(&roots, &discovery),
            places: Places::new(roots, variables),
            discovery,
            snapshot,
            commands,
            own,
            memory_problem,
            server_time,
            gateway: OnceCell::new(),
            index,
        }
    }

    /// OpenClaw's service; looked for at first need.
    #[must_use]
    pub fn gateway(&self) -> Option<&Gateway> {
        self.gateway.get_or_init(|| service::gateway(&self.places)).as_ref()
    }

    #[must_use]
    pub fn health(&self, agent: &AgentId) -> Option<&AgentHealth> {
        self.snapshot.agents.get(*self.index.healths.get(agent)?)
    }

    /// Every profile once, at the agent whose store it is in. Where main's own store is not the one in effect, main's profiles
    /// are still main's.
    pub fn profiles(&self) -> impl Iterator<Item = (&AgentHealth, &ProfileHealth)> {
        self.snapshot.agents.iter().flat_map(|agent| {
            agent.profiles.iter().filter(|profile| !profile.inherited).map(move |profile| (agent, profile))
        })
    }

    /// The facts of a profile in an agent's own store.
    #[must_use]
    pub fn facts(&self, agent: &AgentId, profile: &str) -> Option<&ProfileFacts> {
        let agent = &self.agents[*self.index.facts.get(agent)?];
        let found = agent.profiles.binary_search_by(|facts| facts.id.as_str().cmp(profile)).ok()?;
        Some(&agent.profiles[found])
    }

    /// How bad it is that a profile does not work: critical where something uses it, or where nobody knows what does.
    #[must_use]
    pub fn weight(&self, profile: &ProfileHealth) -> Severity {
        let used_by_others = self.index.used_by_heirs.contains(&profile.profile_id);
        if profile.in_use || used_by_others || self.snapshot.scope == Scope::All {
            Severity::Critical
        } else {
            Severity::Warning
        }
    }

    /// Whether the mode of a file of OpenClaw's is this user's to change. Root does that for the owner of the whole alone: a link
    /// among the stores may lead to anybody's file, the system's own included.
    #[must_use]
    pub fn may_change_mode(&self, owner: u32) -> bool {
        if self.user == 0 { self.owner == Some(owner) } else { self.user == owner }
    }

    /// Whether the mode of a file of authwatch's own is this user's to change.
    #[must_use]
    pub fn may_change(&self, owner: u32) -> bool {
        self.user == owner || self.user == 0
    }

    /// Whether an agent's store can be rewritten: a JSON store of this user's. Rewritten by root it would become root's.
    #[must_use]
    pub fn may_rewrite(&self, agent: &AgentFacts) -> bool {
        agent.kind == StoreKind::Json
            && files::look(&agent.real_store).is_some_and(|facts| facts.owner == self.user)
    }
}

fn service_variables(roots: &Roots, discovery: &Discovery) -> Environment {
    let mut environment = Environment::default();
    environment.add(discovery.settings.variables.iter().cloned());
    let mut buffer = SecretBuffer::default();
    for path in [Some(roots.dotenv()), roots.gateway_env.clone()].into_iter().flatten() {
        if let Ok(Some(_)) = file::read(&path, &mut buffer) {
            environment.add(parse_dotenv(&String::from_utf8_lossy(buffer.bytes())));
        }
    }
    environment
}
