//! What every `auth` command starts from, and what they say to people.

use std::path::Path;

use clap::Args;
use openclaw_auth::attempts::Attempts;
use openclaw_auth::discover::{Agent, Discovery};
use openclaw_auth::model::Semantics;
use openclaw_auth::paths::Roots;
use openclaw_auth::provider;
use openclaw_auth::release::Version;
use openclaw_auth::store::SEMANTICS;

use crate::auth::change::{ChangeError, Conflict, Obstacle, Put, Saved, StoreEditor};
use crate::auth::entry::Entry;
use crate::auth::view;
use crate::clock;
use crate::commands::context::{Context, GlobalArgs, block_on, own_state};
use crate::exit::{self, Failure};
use crate::pipeline::{self, Request};
use crate::publish::words::{safe, wrap};
use crate::remedy::{Commands, OpenClawCommand, quote};
use crate::terminal;
use crate::texts::counted;

/// Whose store a command is about.
#[derive(Debug, Args)]
pub(super) struct AgentArg {
    /// The agent [default: the configured default agent]
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
}

pub(super) struct AuthContext {
    pub(super) common: Context,
    pub(super) discovery: Discovery,
}

impl AuthContext {
    pub(super) fn find(global: &GlobalArgs) -> Result<Self, Failure> {
        let common = Context::with_state_directory(global)?;
        let discovery = common.discover();
        Ok(Self { common, discovery })
    }

    pub(super) fn roots(&self) -> &Roots {
        &self.common.roots
    }

    /// The agent of that name, else the configured default.
    pub(super) fn agent(&self, wanted: &AgentArg) -> Result<&Agent, Failure> {
        let wanted = wanted.agent.as_deref();
        view::agent(&self.discovery, wanted).ok_or_else(|| {
            let (id, state) = (safe(wanted.unwrap_or_default()), self.roots().state.display());
            Failure::new(exit::NO_INPUT, format!("there is no agent `{id}` in `{state}`"))
                .hint("`authwatch status --format plain | cut -f1 | sort -u` lists the agents")
        })
    }

    /// An agent whose store authwatch may write. Otherwise the failure names OpenClaw's command for it.
    pub(super) fn writable(
        &self,
        wanted: &AgentArg,
        command: OpenClawCommand,
        arguments: &str,
    ) -> Result<&Agent, Failure> {
        let agent = self.agent(wanted)?;
        match view::database(self.roots(), &self.discovery, agent) {
            None => Ok(agent),
            Some(path) => {
                let id = agent.id.as_str();
                let problem = format!(
                    "the logins of `{}` are in a database, `{}`, which OpenClaw alone may write",
                    safe(id),
                    path.display()
                );
                let commands = Commands::for_databases(self.roots());
                let release = pipeline::release(self.roots(), &self.discovery).at_least;
                let hint = if command == OpenClawCommand::LogOut && release < Version::new(2026, 8, 0) {
                    let update = commands.openclaw(OpenClawCommand::Update, "");
                    format!("OpenClaw 2026.8 and later can remove a login; to update, run: {update}")
                } else {
                    format!("run: {}", commands.for_agent(Some(id), command, arguments))
                };
                Err(Failure::new(exit::CONFIGURATION, problem).hint(hint))
            }
        }
    }

    pub(super) fn request(&self) -> Request {
        Request::new(&self.common.config)
    }

    /// How stores are read.
    pub(super) fn reading(&self) -> Semantics {
        self.request().reading(&pipeline::release(self.roots(), &self.discovery))
    }

    pub(super) fn editor<'a>(&'a self, agent: &'a Agent, own_state: &'a Path) -> StoreEditor<'a> {
        StoreEditor {
            roots: self.roots(),
            agent,
            main: &self.discovery.agents[0],
            own_state,
            now: clock::now(),
        }
    }

    pub(super) fn attempts(&self, agent: &Agent, provider_id: &str) -> Attempts {
        view::attempts(self.roots(), &self.discovery, agent, provider_id, self.reading())
    }

    /// The other agents whose own stores hold a profile of that id.
    pub(super) fn others_with(&self, agent: &Agent, profile: &str) -> Vec<String> {
        let others = self.discovery.agents.iter().filter(|other| other.id != agent.id);
        others
            .filter(|other| view::holds(self.roots(), other, profile))
            .map(|other| other.id.to_string())
            .collect()
    }

    /// Stores a credential, and replaces another one only with consent. `Ok(None)` without.
    pub(super) fn put(
        &self,
        agent: &Agent,
        profile: &str,
        entry: &Entry,
        consent: Consent,
    ) -> Result<Option<Saved>, Failure> {
        let own_state = own_state("backups")?;
        let editor = self.editor(agent, &own_state);
        let mut agreed = None;
        loop {
            match block_on(editor.put(profile, entry, agreed.as_ref()))?.map_err(failure)? {
                Put::Saved(saved) => return Ok(Some(saved)),
                Put::Refused(conflict) => {
                    let consents = match consent {
                        Consent::Given => true,
                        Consent::Withheld => false,
                        Consent::Asked => agrees(&conflict, profile)?,
                    };
                    if !consents {
                        return Ok(None);
                    }
                    agreed = Some(conflict);
                }
            }
        }
    }

    /// Says what was backed up, and whether the stored profile is the one that is used.
    pub(super) fn say_saved(&self, agent: &Agent, provider_id: &str, profile: &str, saved: &Saved) {
        if saved.imported > 0 {
            let logins = counted("logins", saved.imported);
            say(&format!("{logins} of earlier releases imported into the new store"));
        }
        if let Some(backup) = &saved.backup {
            say_place("what it replaced is kept in", backup);
        }
        let copies = self.others_with(agent, profile);
        if agent.is_main() && !copies.is_empty() {
            let have = if copies.len() == 1 { "has its" } else { "have their" };
            let (agents, ids) = (counted("agents", copies.len()), safe(&copies.join(", ")));
            say(&format!("{agents} {have} own profile of this name instead of this one: {ids}"));
        }
        let attempts = self.attempts(agent, provider_id);
        if attempts.used().is_some_and(|used| used != profile) {
            say(&format!(
                "{} is used before it: see `authwatch auth order get --provider {}`",
                safe(attempts.used().unwrap_or_default()),
                quote(provider_id)
            ));
        } else if !attempts.profiles.iter().any(|(id, _)| id == profile) {
            say(&format!(
                "the order of {0} leaves it out: see `authwatch auth order get --provider {0}`",
                quote(provider_id)
            ));
        }
    }
}

/// Whether a conflicting credential may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consent {
    Given,
    /// The person is asked. Without a terminal that fails.
    Asked,
    Withheld,
}

impl Consent {
    pub(super) fn from_flag(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Asked }
    }
}

fn agrees(conflict: &Conflict, profile: &str) -> Result<bool, Failure> {
    let holds = match conflict {
        Conflict::OtherAccount(whose) if whose.is_empty() => "a login of another account".to_owned(),
        Conflict::OtherAccount(whose) => format!("the login of {}", safe(whose)),
        Conflict::OtherKind(kind) => format!("a credential of type {}", kind.as_str()),
        Conflict::OtherProvider(provider) => format!("a credential of {}", safe(provider)),
    };
    let profile = safe(profile);
    say(&format!("{profile} holds {holds}."));
    ask("Replace it? A backup is kept.")?.ok_or_else(|| {
        Failure::new(exit::USAGE, format!("`{profile}` holds {holds}, and cannot prompt: not a terminal"))
            .hint("give --yes to replace it, or --profile-id to store this one beside it")
    })
}

/// Asks a question, wrapped for the terminal. `None` without a terminal.
pub(super) fn ask(question: &str) -> Result<Option<bool>, Failure> {
    // Room for ` [y/N] ` on the last line.
    let lines = wrap(question, terminal::width().saturating_sub(8)).join("\n");
    terminal::agrees(&lines).map_err(unreadable)
}

pub(super) fn unreadable(error: std::io::Error) -> Failure {
    Failure::new(exit::CANNOT_READ, "cannot read from standard input").caused_by(error)
}

/// Prints a text for people on stderr, wrapped for the terminal.
pub(super) fn say(text: &str) {
    for line in wrap(text, terminal::width()) {
        terminal::show(&format!("{line}\n"));
    }
}

/// The same with a path on a line of its own: a wrapped path cannot be copied.
pub(super) fn say_place(text: &str, place: &Path) {
    say(text);
    terminal::show(&format!("{}\n", safe(&place.to_string_lossy())));
}

/// A provider's ID as it is compared and stored.
pub(super) fn provider_id(text: &str) -> Result<String, Failure> {
    let id = provider::normalize(text, SEMANTICS).into_owned();
    let plain = |character: char| character.is_alphanumeric() || "-_.".contains(character);
    if id.is_empty() || !id.chars().all(plain) {
        return Err(Failure::new(exit::USAGE, format!("invalid provider ID `{}`", safe(text)))
            .hint("it is the part before the slash of a model's name, such as anthropic"));
    }
    Ok(id)
}

/// The given profile ID, or one made of the provider's.
pub(super) fn profile_id(given: Option<&str>, provider_id: &str, name: &str) -> Result<String, Failure> {
    let Some(given) = given else { return Ok(format!("{provider_id}:{name}")) };
    let id = given.trim();
    if id.is_empty() || id.len() > 200 || id.contains(char::is_control) {
        return Err(Failure::new(exit::USAGE, "invalid profile ID")
            .hint(format!("use a name such as {provider_id}:{name}")));
    }
    Ok(id.to_owned())
}

pub(super) fn failure(error: ChangeError) -> Failure {
    let (code, hint) = match error.obstacle() {
        Obstacle::Busy => (exit::TRY_AGAIN, "try again; if it stays locked, that process is stuck"),
        Obstacle::NotWritable => (exit::CANNOT_WRITE, "nothing was changed"),
        Obstacle::NotReadable => {
            (exit::CANNOT_READ, "nothing was changed; `authwatch doctor` says more about the file")
        }
    };
    let message = error.to_string();
    let failure = Failure::new(code, message).hint(hint);
    match error.into_cause() {
        Some(cause) => failure.caused_by(anyhow::Error::from_boxed(cause)),
        None => failure,
    }
}
