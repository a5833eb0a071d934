//! What every command about logins needs to know, and how its failures are told.

use std::path::{Path, PathBuf};

use openclaw_auth::attempts::Attempts;
use openclaw_auth::discover::{Agent, Discovery};
use openclaw_auth::model::Semantics;
use openclaw_auth::paths::Roots;
use openclaw_auth::provider;

use crate::auth::change::error::{ChangeError, Obstacle};
use crate::auth::change::{Hand, Put, Standing};
use crate::auth::entry::Entry;
use crate::auth::{target, view};
use crate::clock;
use crate::commands::context::{Context, GlobalArgs, block_on, own_state};
use crate::console;
use crate::exit::{self, Failure};
use crate::publish::words::{safe, wrap};
use crate::remedy::{self, quote};
use crate::terminal;

/// What every command about logins works with: the common context, and the agents.
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
    pub(super) fn agent(&self, wanted: Option<&str>) -> Result<&Agent, Failure> {
        target::agent(&self.discovery, wanted).ok_or_else(|| {
            let (id, state) = (safe(wanted.unwrap_or_default()), self.roots().state.display());
            Failure::new(exit::NO_INPUT, format!("there is no agent `{id}` in `{state}`"))
                .hint("`authwatch status --format plain | cut -f1 | sort -u` lists the agents")
        })
    }

    /// An agent whose store may be written; else the failure names the command of OpenClaw's that may: `rest` is that command.
    pub(super) fn writable(&self, wanted: Option<&str>, rest: &str) -> Result<&Agent, Failure> {
        let agent = self.agent(wanted)?;
        match target::database(self.roots(), &self.discovery, agent) {
            None => Ok(agent),
            Some(path) => {
                let id = agent.id.as_str();
                let problem = format!(
                    "the logins of `{}` are in a database, `{}`, which OpenClaw alone may write",
                    safe(id),
                    path.display()
                );
                Err(Failure::new(exit::CONFIGURATION, problem)
                    .hint(format!("run: {}", remedy::models_auth(Some(id), rest))))
            }
        }
    }

    pub(super) fn semantics(&self) -> Semantics {
        self.common.config.status.semantics
    }

    pub(super) fn hand<'a>(&'a self, agent: &'a Agent, own_state: &'a Path) -> Hand<'a> {
        Hand { roots: self.roots(), agent, main: &self.discovery.agents[0], own_state, now: clock::now() }
    }

    /// How the agent would try a provider's profiles now.
    pub(super) fn attempts(&self, agent: &Agent, provider_id: &str) -> Attempts {
        view::attempts(self.roots(), &self.discovery, agent, provider_id, self.semantics())
    }

    /// The provider of a profile that the agent sees.
    pub(super) fn provider_of(&self, agent: &Agent, profile: &str) -> Option<String> {
        view::provider_of(self.roots(), &self.discovery, agent, profile, self.semantics())
    }

    /// The other agents whose own stores hold a profile of that id.
    pub(super) fn others_with(&self, agent: &Agent, profile: &str) -> Vec<String> {
        let others = self.discovery.agents.iter().filter(|other| other.id != agent.id);
        others
            .filter(|other| view::holds(self.roots(), other, profile))
            .map(|other| other.id.to_string())
            .collect()
    }

    /// Stores a credential, and replaces something else only where that is agreed to. `Ok(None)` where it is not.
    pub(super) fn put(
        &self,
        agent: &Agent,
        profile: &str,
        entry: &Entry,
        consent: Consent,
    ) -> Result<Option<Saved>, Failure> {
        let own_state = own_state("backups")?;
        let hand = self.hand(agent, &own_state);
        let mut agreed = None;
        loop {
            match block_on(hand.put(profile, entry, agreed.as_ref()))?.map_err(failure)? {
                Put::Saved { backup, imported } => return Ok(Some(Saved { backup, imported })),
                Put::Differs(standing) => {
                    let consents = match consent {
                        Consent::Given => true,
                        Consent::Withheld => false,
                        Consent::Asked => self::agrees(&standing, profile)?,
                    };
                    if !consents {
                        return Ok(None);
                    }
                    agreed = Some(standing);
                }
            }
        }
    }

    /// Says what came of storing a profile: what was kept, and whether it is the one that is used.
    pub(super) fn tell_saved(&self, agent: &Agent, provider_id: &str, profile: &str, saved: &Saved) {
        if saved.imported > 0 {
            say(&format!(
                "{} login(s) of earlier releases were taken over into the new store",
                saved.imported
            ));
        }
        if let Some(backup) = &saved.backup {
            say_place("what it replaced is kept in", backup);
        }
        let copies = self.others_with(agent, profile);
        if agent.is_main() && !copies.is_empty() {
            say(&format!(
                "{} of their own and do not use this one: {}",
                count(copies.len()),
                safe(&copies.join(", "))
            ));
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

fn count(agents: usize) -> String {
    if agents == 1 { "One agent has one".to_owned() } else { format!("{agents} agents have one") }
}

/// Whether what stands under a profile's id may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consent {
    /// By a flag.
    Given,
    /// The person is asked; where nobody is there, that is a failure.
    Asked,
    /// No.
    Withheld,
}

impl Consent {
    /// What `--yes` says.
    pub(super) fn from_flag(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Asked }
    }
}

/// What storing left behind.
pub(super) struct Saved {
    backup: Option<PathBuf>,
    imported: usize,
}

/// Asks whether what stands there may be replaced.
fn agrees(standing: &Standing, profile: &str) -> Result<bool, Failure> {
    let holds = match standing {
        Standing::OtherAccount(whose) if whose.is_empty() => "a login of another account".to_owned(),
        Standing::OtherAccount(whose) => format!("the login of {}", safe(whose)),
        Standing::OtherKind(kind) => format!("a credential of type {}", kind.as_str()),
        Standing::OtherProvider(provider) => format!("a credential of {}", safe(provider)),
    };
    let profile = safe(profile);
    say(&format!("{profile} holds {holds}."));
    ask("Replace it? A backup is kept.")?.ok_or_else(|| {
        Failure::new(exit::USAGE, format!("`{profile}` holds {holds}, and nobody is here to ask"))
            .hint("give --yes to replace it, or --profile-id to store this one beside it")
    })
}

/// A question with a safe answer, wrapped for the terminal; `None` where nobody is there.
pub(super) fn ask(question: &str) -> Result<Option<bool>, Failure> {
    // Room for ` [y/N] ` on the last line.
    let lines = wrap(question, console::width().saturating_sub(8)).join("\n");
    terminal::agrees(&lines).map_err(unreadable)
}

pub(super) fn unreadable(error: std::io::Error) -> Failure {
    Failure::new(exit::CANNOT_READ, "cannot read from standard input").caused_by(error)
}

/// Says something to the person, wrapped for the terminal.
pub(super) fn say(text: &str) {
    for line in wrap(text, console::width()) {
        terminal::show(&format!("{line}\n"));
    }
}

/// The same with a place, which is left on a line of its own: a path that is broken cannot be copied.
pub(super) fn say_place(text: &str, place: &Path) {
    say(text);
    terminal::show(&format!("{}\n", safe(&place.to_string_lossy())));
}

/// A provider's id as it is compared and stored, if it is one.
pub(super) fn provider_id(text: &str) -> Result<String, Failure> {
    let id = provider::normalize(text, target::SEMANTICS).into_owned();
    let plain = |character: char| character.is_alphanumeric() || "-_.".contains(character);
    if id.is_empty() || !id.chars().all(plain) {
        return Err(Failure::new(exit::USAGE, format!("`{}` is no provider's id", safe(text)))
            .hint("it is the part before the slash of a model's name, such as anthropic"));
    }
    Ok(id)
}

/// A profile's id, given or made of the provider's.
pub(super) fn profile_id(given: Option<&str>, provider_id: &str, name: &str) -> Result<String, Failure> {
    let Some(given) = given else { return Ok(format!("{provider_id}:{name}")) };
    let id = given.trim();
    if id.is_empty() || id.len() > 200 || id.contains(char::is_control) {
        return Err(Failure::new(exit::USAGE, "that is no profile id")
            .hint(format!("profile ids look like {provider_id}:{name}")));
    }
    Ok(id.to_owned())
}

/// What a failed change means for the exit code, and what to do about it.
pub(super) fn failure(error: ChangeError) -> Failure {
    let (code, hint) = match error.obstacle() {
        Obstacle::Busy => (exit::TRY_AGAIN, "it passes by itself unless that process is stuck"),
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
