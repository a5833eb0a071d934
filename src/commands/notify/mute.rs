//! `authwatch notify silence`: to hear nothing of something for a while.
//!
//! A silence of what is not there is taken all the same, for it may come: but most of them are mistyped, and then the first thing heard is
//! the alarm that was to be held back. So it is said.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::Args;
use openclaw_auth::model::Span;

use crate::clock;
use crate::commands::context::{GlobalArgs, environment};
use crate::config::{self, Config};
use crate::console;
use crate::exit::{self, Failure};
use crate::notify::{Mute, NotificationStore};
use crate::pipeline::{self, Request};
use crate::publish::words::{date, safe, span};
use crate::remedy::quote;

/// The flags of `notify silence`.
#[derive(Debug, Args)]
pub struct MuteArgs {
    /// The profile, or a provider without a login; `*` for everything
    #[arg(required_unless_present = "list")]
    profile: Option<String>,
    /// For how long: 2h, 3d
    #[arg(value_parser = clock::duration, required_unless_present_any = ["list", "end"])]
    duration: Option<Span>,
    /// Only at this agent
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// End the silence now
    #[arg(long, conflicts_with_all = ["duration", "list"])]
    end: bool,
    /// Show the silences there are
    #[arg(long, conflicts_with_all = ["profile", "duration"])]
    list: bool,
}

/// Runs the command.
pub(super) fn run(global: &GlobalArgs, dir: &Path, args: &MuteArgs) -> Result<u8, Failure> {
    let now = clock::now();
    if args.list {
        let store = NotificationStore::read(dir)
            .map_err(|error| Failure::new(exit::CANNOT_READ, exit::chain(&error)))?;
        let lines: String = store.mutes.iter().filter(|mute| mute.until > now).map(line).collect();
        let lines = if lines.is_empty() { "there are no silences\n".to_owned() } else { lines };
        console::print(lines.as_bytes())?;
        return Ok(exit::OK);
    }
    let profile = args.profile.clone().unwrap_or_default();
    let is_meant = |mute: &Mute| mute.profile == profile && mute.agent == args.agent && mute.until > now;
    let changed = NotificationStore::update(dir, |store| {
        let there = store.mutes.iter().any(is_meant);
        store.mutes.retain(|mute| !is_meant(mute) && mute.until > now);
        if let Some(duration) = args.duration {
            let until = now + duration;
            store.mutes.push(Mute { profile: profile.clone(), agent: args.agent.clone(), until });
        }
        there
    });
    let there = changed.map_err(|error| {
        let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
        Failure::new(exit::CANNOT_WRITE, format!("{error}{cause}"))
    })?;
    let said = match args.duration {
        Some(duration) => {
            format!("{} is silent for {}, until {}\n", safe(&profile), span(duration), date(now + duration))
        }
        None if there => format!("{} is heard of again\n", safe(&profile)),
        None => return Err(Failure::new(exit::NO_INPUT, format!("`{}` was not silent", safe(&profile)))),
    };
    console::print(said.as_bytes())?;
    if args.duration.is_some() {
        let wanted = MuteTarget { name: &profile, agent: args.agent.as_deref() };
        for doubt in wanted.doubts(&KnownSubjects::find(global, dir)) {
            tracing::warn!("{}", safe(&doubt));
        }
    }
    Ok(exit::OK)
}

fn line(mute: &Mute) -> String {
    let agent = mute.agent.as_ref().map_or_else(String::new, |agent| format!(" of {}", safe(agent)));
    format!("{}{agent} until {}\n", safe(&mute.profile), date(mute.until))
}

/// What a silence is asked for.
struct MuteTarget<'a> {
    name: &'a str,
    agent: Option<&'a str>,
}

/// What there is to be silent about.
#[derive(Default)]
struct KnownSubjects {
    /// Agents, and whatever of theirs may be told of.
    agents: BTreeMap<String, BTreeSet<String>>,
    /// What agents have from main, where it is told of.
    inherited: BTreeSet<(String, String)>,
    /// Profiles by provider.
    of_provider: BTreeMap<String, BTreeSet<String>>,
    /// What is told of no agent: channels, recovery files, OpenClaw's configuration.
    apart: BTreeSet<String>,
}

impl KnownSubjects {
    fn find(global: &GlobalArgs, dir: &Path) -> Self {
        let config = Config::load(global.config.as_deref()).unwrap_or_default();
        let roots = global.roots(&config);
        let request =
            Request { semantics: config.status.semantics, scope: config.status.scope, ..Request::default() };
        let snapshot = pipeline::look(&roots, environment(), &request).snapshot;
        let mut known = Self::default();
        for agent in &snapshot.agents {
            let id = agent.id.as_str();
            let names = known.agents.entry(id.to_owned()).or_default();
            names.extend(["store", id].map(str::to_owned));
            names.extend(agent.missing_providers_in_use.iter().map(|provider| provider.as_str().to_owned()));
            for profile in &agent.profiles {
                let name = profile.profile_id.as_str().to_owned();
                known
                    .of_provider
                    .entry(profile.provider.as_str().to_owned())
                    .or_default()
                    .insert(name.clone());
                if profile.inherited {
                    known.inherited.insert((id.to_owned(), name));
                } else {
                    names.insert(name);
                }
            }
        }
        let store = NotificationStore::read(dir).unwrap_or_default();
        known.apart.insert("openclaw.json".to_owned());
        known.apart.extend(store.channels.keys().cloned());
        // What is not there any more may still be told of.
        for incident in &store.incidents.all {
            let (agent, name) = (&incident.subject.agent, incident.subject.name().to_owned());
            if agent.is_empty() {
                known.apart.insert(name);
            } else {
                known.agents.entry(agent.clone()).or_default().insert(name);
            }
        }
        known
    }

    /// All that is told of one agent, or of any.
    fn names(&self, agent: Option<&str>) -> BTreeSet<&str> {
        let of_agents = self.agents.iter().filter(|(id, _)| agent.is_none_or(|agent| agent == *id));
        let names = of_agents.flat_map(|(_, names)| names).map(String::as_str);
        let apart = self.apart.iter().filter(|_| agent.is_none()).map(String::as_str);
        names.chain(apart).collect()
    }
}

impl MuteTarget<'_> {
    /// Why the silence may not be what was meant, in sentences.
    fn doubts(&self, known: &KnownSubjects) -> Vec<String> {
        let mean = |nearest: Option<&str>| {
            nearest.map_or_else(String::new, |nearest| format!(": did you mean `{nearest}`?"))
        };
        if let Some(agent) = self.agent.filter(|agent| !known.agents.contains_key(*agent)) {
            let nearest = config::nearest(agent, known.agents.keys().map(String::as_str));
            return vec![format!("there is no agent `{agent}` now{}", mean(nearest))];
        }
        let names = known.names(self.agent);
        if self.name == "*" || names.contains(self.name) {
            return Vec::new();
        }
        if let Some(agent) = self.agent {
            if known.inherited.contains(&(agent.to_owned(), self.name.to_owned())) {
                let name = quote(self.name);
                return vec![format!(
                    "`{agent}` has `{}` from main, and it is told of there: authwatch notify silence {name} DURATION --agent main",
                    self.name
                )];
            }
            let elsewhere: Vec<&str> = known
                .agents
                .iter()
                .filter(|(_, of)| of.contains(self.name))
                .map(|(id, _)| id.as_str())
                .collect();
            if !elsewhere.is_empty() {
                return vec![format!("`{agent}` has no `{}`; {} has", self.name, elsewhere.join(", "))];
            }
        }
        if let Some(profiles) = known.of_provider.get(self.name) {
            let profiles: Vec<String> = profiles.iter().map(|profile| format!("`{profile}`")).collect();
            return vec![format!(
                "`{}` is a provider that has logins, and those are told of by their own names: {}",
                self.name,
                profiles.join(", ")
            )];
        }
        let nearest = config::nearest(self.name, names.into_iter());
        vec![format!("nothing is called `{}` now{}", self.name, mean(nearest))]
    }
}
