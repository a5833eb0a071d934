//! First stage: which agents there are, and what the configuration and the environment say about them.

mod configuration;
mod refusal;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use self::refusal::ConfigurationRefusal;
use crate::environment::{Environment, Variables};
use crate::file;
use crate::model::{AgentId, ConfigHealth, MAIN_AGENT};
use crate::paths::Roots;
use crate::release::{Rules, Version};
use crate::secret::SecretBuffer;
use crate::settings::{Roster, Settings, normalized_agent_id};

/// An agent, before its store is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Its directory.
    pub dir: PathBuf,
    /// Whether it is the configured default.
    pub default: bool,
    /// How we know of it.
    pub known_by: KnownBy,
}

impl Agent {
    /// Whether it is the agent whose store all others inherit.
    #[must_use]
    pub fn is_main(&self) -> bool {
        self.id.as_str() == MAIN_AGENT
    }
}

/// How an agent was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownBy {
    /// The configuration lists it, or it is `main`.
    Name,
    /// It has a directory under `agents/`. Leftovers without an `agent` directory in it are no agents.
    Directory,
    /// Only the user's `--agent` names it.
    Request,
}

/// What there is to look at.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// The agents, main first, the others in the configuration's order, then by name.
    pub agents: Vec<Agent>,
    /// The configuration, as far as it could be read.
    pub settings: Settings,
    /// Its state.
    pub config: ConfigHealth,
    /// The files it includes, as far as they could be found.
    pub included: Vec<PathBuf>,
    /// The variables that are set for this process, or would be for OpenClaw's.
    pub environment: Environment,
    /// Whether there is a state directory at all.
    pub state_exists: bool,
}

/// Why a command of OpenClaw's means no agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAgent {
    /// The configuration does not list it.
    Unknown,
    /// Several agents are configured, and nothing says which is meant (2026.8 and later).
    Ambiguous,
}

impl Discovery {
    /// Why a release refuses the configuration, if it does.
    #[must_use]
    pub fn refusal(&self, version: Version) -> Option<ConfigurationRefusal> {
        refusal::of(&self.settings, self.config.error.is_some(), version)
    }

    /// The agent that a command without `--agent` means.
    pub fn bare_agent(&self, version: Version) -> Result<&Agent, NoAgent> {
        let main = || Ok(&self.agents[0]);
        let settings = &self.settings;
        match Rules::of(version) {
            // These look into main's directory, whichever agent is the default.
            Rules::Refreshable | Rules::Everything => main(),
            Rules::InUse => self.known_agent(settings.default_agent()).or_else(|_| main()),
            // The agent that older releases marked as the default becomes the owner of such commands.
            Rules::Selected => {
                let marked = settings.agents.iter().find(|agent| agent.default);
                match (&settings.system_agent, marked, settings.agents.as_slice()) {
                    (Some(id), ..) => self.known_agent(id),
                    (None, Some(marked), _) => self.known_agent(&marked.id),
                    (None, None, []) => main(),
                    (None, None, [only]) => self.known_agent(&only.id),
                    (None, None, [first, ..]) if settings.roster == Roster::List => {
                        self.known_agent(&first.id)
                    }
                    (None, None, _) => Err(NoAgent::Ambiguous),
                }
            }
        }
    }

    /// The agent of an id that the configuration lists; `main` where it lists none.
    pub fn known_agent(&self, id: &str) -> Result<&Agent, NoAgent> {
        let id = normalized_agent_id(id);
        let is_listed = match self.settings.roster {
            Roster::None => id == MAIN_AGENT,
            Roster::List | Roster::Entries => self.settings.agents.iter().any(|agent| agent.id == id),
        };
        let agent = self.agents.iter().find(|agent| agent.id.as_str() == id);
        agent.filter(|_| is_listed).ok_or(NoAgent::Unknown)
    }
}

/// Finds the agents.
#[must_use]
pub fn discover(roots: &Roots, process: impl IntoIterator<Item = (String, String)>) -> Discovery {
    let mut variables = Variables::new(process);
    let mut buffer = SecretBuffer::default();
    for path in [Some(roots.dotenv()), roots.gateway_env.clone()].into_iter().flatten() {
        if let Ok(Some(_)) = file::read(&path, &mut buffer) {
            variables.add_dotenv(&String::from_utf8_lossy(buffer.bytes()));
        }
    }
    let mut included = Vec::new();
    let (mut settings, config) = configuration::read(roots, &mut variables, &mut included);
    settings.plugins.extend(names_in(&roots.state.join("extensions")));
    let environment = variables.environment();
    let agents = agents(roots, &settings);
    Discovery { agents, settings, config, included, environment, state_exists: roots.state.is_dir() }
}

fn agents(roots: &Roots, settings: &Settings) -> Vec<Agent> {
    let default = settings.default_agent();
    let mut seen = BTreeSet::new();
    let mut agents = Vec::new();
    let mut add = |id: &str, dir: PathBuf, known_by| {
        if seen.insert(id.to_owned()) {
            agents.push(Agent { id: AgentId::from(id), dir, default: id == default, known_by });
        }
    };
    let main = settings.agents.iter().find(|agent| agent.id == MAIN_AGENT);
    let main_dir = main.and_then(|main| main.dir.as_deref()).map(|dir| roots.expand(dir));
    let main_dir = roots.main_agent.clone().or(main_dir).unwrap_or_else(|| roots.agent_dir(MAIN_AGENT));
    add(MAIN_AGENT, main_dir, KnownBy::Name);
    for agent in settings.agents.iter().filter(|agent| is_id(&agent.id)) {
        let dir = agent.dir.as_deref().map_or_else(|| roots.agent_dir(&agent.id), |dir| roots.expand(dir));
        add(&agent.id, dir, KnownBy::Name);
    }
    // No two directories share a name, so these need to be held against the names above only.
    let found = names_in(&roots.agents()).into_iter().filter(|id| !seen.contains(id)).map(|id| Agent {
        id: AgentId::from(&*id),
        dir: roots.agent_dir(&id),
        default: id == default,
        known_by: KnownBy::Directory,
    });
    agents.extend(found);
    agents
}

/// Adds an agent that only the user names: OpenClaw would let it inherit main's profiles.
#[must_use]
pub fn requested(roots: &Roots, id: &str) -> Option<Agent> {
    let agent = || Agent {
        id: AgentId::from(id),
        dir: roots.agent_dir(id),
        default: false,
        known_by: KnownBy::Request,
    };
    is_id(id).then(agent)
}

/// An id becomes part of a path, so it must not leave its directory.
#[must_use]
pub fn is_id(id: &str) -> bool {
    !id.is_empty() && id != "." && id != ".." && !id.contains(['/', '\0'])
}

/// The names of the directories in a directory, sorted. Names that are not UTF-8 can't be OpenClaw's.
fn names_in(dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir() || kind.is_symlink()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort_unstable();
    names
}
