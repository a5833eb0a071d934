//! Everything the checks examine, gathered once: each store is read once, and its secrets go no further than
//! this module.

mod drafts;
mod facts;

use openclaw_auth::model::VariableOrigin;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use openclaw_auth::discover::{self, Agent, Discovery};
use openclaw_auth::environment::{Environment, parse_dotenv};
use openclaw_auth::file;
use openclaw_auth::load::Loaded;
use openclaw_auth::model::{AgentId, CredentialKind, Semantics, StoreKind, Timestamp};
use openclaw_auth::paths::Roots;
use openclaw_auth::secret::SecretBuffer;

pub use self::drafts::LeftoverDraft;
use self::facts::Reader;
pub use self::facts::{AgentFacts, CliLogin, ProfileFacts, SecretDigest, SharedFacts};
use super::files::{self, Places};
use super::online::ServerTime;
use crate::clock;
use crate::config::Config;
use crate::exit;
use crate::model::{AgentHealth, ProfileHealth, Snapshot};
use crate::pipeline::{self, Request, ScanResult};
use crate::remedy::Commands;
use crate::state::Memory;
use openclaw_auth::service::{self, Gateway};

/// An OpenClaw and the authwatch that watches it, as the command line and the environment say.
#[derive(Clone, Debug)]
pub struct Installation {
    pub roots: Roots,
    /// The process's environment.
    pub variables: Vec<(String, String)>,
    pub own: OwnSettings,
}

/// authwatch's own files and settings.
#[derive(Clone, Debug)]
pub struct OwnSettings {
    /// Its state directory.
    pub state: Option<PathBuf>,
    /// Its configuration file, even if it does not exist.
    pub config_file: Option<PathBuf>,
    /// The configuration; the default one if it is invalid.
    pub config: Config,
    /// Why it is invalid.
    pub config_problem: Option<String>,
}

/// What the checks examine. Holds no secret.
#[derive(Debug)]
pub struct Inspection {
    pub now: Timestamp,
    /// The user this program runs as.
    pub user: u32,
    /// The owner of OpenClaw's state directory.
    pub owner: Option<u32>,
    /// How stores are read.
    pub reading: Semantics,
    pub places: Places,
    pub discovery: Discovery,
    /// The health of all agents, as `status` shows it.
    pub snapshot: Snapshot,
    /// How commands are written for this installation.
    pub commands: Commands,
    /// The agents' own stores, as facts.
    pub agents: Vec<AgentFacts>,
    pub drafts: Vec<LeftoverDraft>,
    pub shared: Option<SharedFacts>,
    pub cli_logins: Vec<CliLogin>,
    /// The variables a service of OpenClaw's has in any case: those of its configuration and of `.env`.
    pub service_variables: Environment,
    pub own: OwnSettings,
    /// Why authwatch's memory cannot be read.
    pub memory_problem: Option<String>,
    /// The time on another machine, if one was asked.
    pub server_time: Option<ServerTime>,
    gateway: OnceCell<Option<Gateway>>,
    /// Where each agent is in the snapshot: fleets have thousands.
    index: BTreeMap<AgentId, usize>,
}

impl Inspection {
    #[must_use]
    pub fn gather(installation: &Installation) -> Self {
        let Installation { roots, variables, own } = installation.clone();
        let (memory, memory_problem) = match own.state.as_deref().map(Memory::read) {
            Some(Ok(memory)) => (Some(Arc::new(memory)), None),
            Some(Err(error)) => (None, Some(exit::chain(&error))),
            None => (None, None),
        };
        let discovery = discover::discover(&roots, variables.iter().cloned());
        let release = pipeline::release(&roots, &discovery);
        let request = Request { memory, ..Request::new(&own.config) };
        let reading = request.reading(&release);
        let request = Request { release: Some(release), ..request };
        let reader = Reader::new(&roots, reading);
        let on_read = |agent: &Agent, store: &Loaded<'_>| reader.read(agent, store);
        let ScanResult { snapshot, commands, .. } =
            pipeline::scan(&roots, &discovery, &request, None, &on_read);
        let (now, agents) = (clock::now(), reader.agents(&discovery));
        let ids = snapshot.agents.iter().map(|agent| agent.id.clone());
        let is_read = snapshot.main().is_none_or(|main| main.store.error.is_none());
        let main = agents.iter().find(|agent| agent.is_main && is_read);
        Self {
            now,
            user: rustix::process::geteuid().as_raw(),
            owner: files::facts(&files::real(&roots.state)).map(|facts| facts.owner),
            reading,
            drafts: drafts::find(&reader, &agents, &roots, own.state.as_deref(), now),
            shared: main.and_then(|main| reader.shared(&discovery.agents[0], main)),
            index: ids.enumerate().map(|(index, id)| (id, index)).collect(),
            agents,
            cli_logins: reader.cli_logins(),
            service_variables: service_variables(&roots, &discovery),
            places: Places::new(roots.clone(), variables),
            discovery,
            snapshot,
            commands,
            own,
            memory_problem,
            server_time: None,
            gateway: OnceCell::new(),
        }
    }

    /// The providers that an agent has an OAuth login of.
    #[must_use]
    pub fn login_providers(&self) -> Vec<&str> {
        let mut providers = Vec::new();
        for profile in self.agents.iter().flat_map(|agent| &agent.profiles) {
            if profile.kind == CredentialKind::OAuth && !providers.contains(&&*profile.provider) {
                providers.push(&*profile.provider);
            }
        }
        providers
    }

    /// OpenClaw's service; searched for when first needed.
    #[must_use]
    pub fn gateway(&self) -> Option<&Gateway> {
        self.gateway.get_or_init(|| service::gateway(&self.places.roots)).as_ref()
    }

    #[must_use]
    pub fn health(&self, agent: &AgentId) -> Option<&AgentHealth> {
        self.snapshot.agents.get(*self.index.get(agent)?)
    }

    /// Every profile once, at the agent whose store it is in.
    pub fn profiles(&self) -> impl Iterator<Item = (&AgentHealth, &ProfileHealth)> {
        self.snapshot.agents.iter().flat_map(|agent| {
            agent.profiles.iter().filter(|profile| !profile.inherited).map(move |profile| (agent, profile))
        })
    }

    /// Whether this user may change the mode of a file of OpenClaw's. Root does it only for files of the
    /// state directory's owner: a link among the stores may lead to anybody's file, the system's own
    /// included.
    #[must_use]
    pub fn may_change_mode(&self, owner: u32) -> bool {
        if self.user == 0 { self.owner == Some(owner) } else { self.user == owner }
    }

    /// Whether this user may change the mode of a file of authwatch's own.
    #[must_use]
    pub fn may_change(&self, owner: u32) -> bool {
        self.user == owner || self.user == 0
    }

    /// Whether an agent's store can be rewritten: a JSON store that this user owns. Rewritten by root it
    /// would become root's.
    #[must_use]
    pub fn may_rewrite(&self, agent: &AgentFacts) -> bool {
        agent.kind == StoreKind::Json
            && files::facts(&agent.real_store).is_some_and(|facts| facts.owner == self.user)
    }
}

fn service_variables(roots: &Roots, discovery: &Discovery) -> Environment {
    let mut environment = Environment::default();
    environment.add(discovery.settings.variables.iter().cloned(), VariableOrigin::Configuration);
    let mut buffer = SecretBuffer::default();
    for path in [Some(roots.dotenv()), roots.gateway_env.clone()].into_iter().flatten() {
        if let Ok(Some(_)) = file::read(&path, &mut buffer) {
            let text = String::from_utf8_lossy(buffer.bytes());
            environment.extend(parse_dotenv(&text, VariableOrigin::Dotenv));
        }
    }
    environment
}
