//! `authwatch notify`: test messages, the history of what was sent, and muting.
//!
//! Muting something unknown is accepted, because it may appear later. Most of the time it is mistyped, though, and the first sign
//! would be the alert that was to be muted. So a warning says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::{Args, Subcommand};
use openclaw_auth::model::Span;
use serde_json::json;

use crate::clock;
use crate::commands::context::{GlobalArgs, environment, own_state, runtime};
use crate::config::{self, Config};
use crate::exit::{self, Failure};
use crate::notify::{DeliveryOutcome, Mute, NotificationStore, Notifier, QueuedMessage};
use crate::pipeline::{self, Request};
use crate::publish::words::{date, safe, span};
use crate::remedy::quote;
use crate::terminal;

#[derive(Debug, Subcommand)]
pub enum NotifyCommand {
    /// Send a test message, and show the answer
    Test {
        /// The channel [default: all of them]
        channel: Option<String>,
    },
    /// Show what was delivered, what failed, and what is waiting
    History {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Mute a profile for a while
    #[command(alias = "silence")]
    Mute(MuteArgs),
}

pub fn run(global: &GlobalArgs, command: &NotifyCommand) -> Result<u8, Failure> {
    let dir = own_state("authwatch's own state")?;
    match command {
        NotifyCommand::Test { channel } => {
            let config = Config::load(global.config.as_deref())?;
            test(&Notifier::new(&config, &dir), channel.as_deref())
        }
        NotifyCommand::History { json } => history(
            &NotificationStore::read(&dir).map_err(|e| Failure::new(exit::CANNOT_READ, exit::chain(&e)))?,
            *json,
        ),
        NotifyCommand::Mute(args) => mute(global, &dir, args),
    }
}

fn test(notifier: &Notifier, wanted: Option<&str>) -> Result<u8, Failure> {
    let channels: Vec<_> = notifier
        .channels()
        .iter()
        .filter(|channel| wanted.is_none_or(|wanted| wanted == channel.name))
        .collect();
    if channels.is_empty() && !(wanted.is_none() && notifier.has_heartbeat()) {
        let names: Vec<&str> = notifier.channels().iter().map(|channel| channel.name.as_str()).collect();
        return Err(match wanted {
            Some(wanted) if !names.is_empty() => {
                Failure::new(exit::CONFIGURATION, format!("there is no channel `{wanted}`"))
                    .hint(format!("the channels are: {}", names.join(", ")))
            }
            _ => Failure::new(exit::CONFIGURATION, "no channel is configured")
                .hint("set one up under [notify]; `authwatch config init` writes a file with examples"),
        });
    }
    let runtime = runtime()?;
    let mut code = exit::OK;
    for channel in channels {
        let outcome = runtime.block_on(notifier.test(channel, clock::now()));
        code = print_outcome(&format!("{} ({})", channel.name, channel.kind.as_str()), &outcome, code)?;
    }
    if wanted.is_none()
        && let Some(outcome) = runtime.block_on(notifier.send_heartbeat(notifier.heartbeat_signal(exit::OK)))
    {
        code = print_outcome("heartbeat", &outcome, code)?;
    }
    Ok(code)
}

/// Prints a line for a channel. Returns the worst code so far.
fn print_outcome(name: &str, outcome: &DeliveryOutcome, code: u8) -> Result<u8, Failure> {
    let (line, this) = match outcome {
        DeliveryOutcome::Accepted(answer) if answer.trim().is_empty() => ("accepted".to_owned(), exit::OK),
        DeliveryOutcome::Accepted(answer) => (format!("accepted: {}", one_line(answer)), exit::OK),
        DeliveryOutcome::Later { reason, problem, .. } => {
            (format!("failed ({}): {}", reason.as_str(), one_line(problem)), exit::TRY_AGAIN)
        }
        DeliveryOutcome::Refused { reason, problem } => {
            (format!("refused ({}): {}", reason.as_str(), one_line(problem)), exit::CONFIGURATION)
        }
    };
    terminal::print(format!("{name}: {line}\n").as_bytes())?;
    Ok(code.max(this))
}

fn one_line(text: &str) -> String {
    safe(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn history(store: &NotificationStore, as_json: bool) -> Result<u8, Failure> {
    if as_json {
        let waiting: serde_json::Map<String, serde_json::Value> = store
            .outbox
            .iter()
            .map(|(channel, messages)| {
                let entry = |queued: &QueuedMessage| {
                    json!({
                        "message": queued.message.id,
                        "title": queued.message.title(),
                        "attempts": queued.attempts,
                        "next": queued.next,
                        "parked": queued.parked,
                    })
                };
                (channel.clone(), messages.iter().map(entry).collect())
            })
            .collect();
        let report = json!({ "formatVersion": 1, "history": store.history, "waiting": waiting });
        terminal::print(format!("{report:#}\n").as_bytes())?;
        return Ok(exit::OK);
    }
    let mut lines = String::new();
    for entry in &store.history {
        let how = if entry.accepted { "accepted" } else { "failed" };
        lines += &format!("{}  {}  {how}  {}\n", date(entry.at), entry.channel, safe(&entry.title));
        if !entry.accepted {
            lines += &format!("    {}\n", entry.answer);
        }
    }
    for (channel, messages) in &store.outbox {
        for queued in messages {
            let when = match (queued.parked, queued.next) {
                (true, _) => "refused too often; sent with the next one".to_owned(),
                (false, Some(next)) => format!("next attempt {}", date(next)),
                (false, None) => "about to be sent".to_owned(),
            };
            lines += &format!("waiting  {channel}  {}  ({when})\n", safe(&queued.message.title()));
        }
    }
    if lines.is_empty() {
        lines.push_str("no notifications yet\n");
    }
    terminal::print(lines.as_bytes())?;
    Ok(exit::OK)
}

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
    /// Unmute it now
    #[arg(long, conflicts_with_all = ["duration", "list"])]
    end: bool,
    /// Show what is muted
    #[arg(long, conflicts_with_all = ["profile", "duration"])]
    list: bool,
}

fn mute(global: &GlobalArgs, dir: &Path, args: &MuteArgs) -> Result<u8, Failure> {
    let now = clock::now();
    if args.list {
        let store = NotificationStore::read(dir)
            .map_err(|error| Failure::new(exit::CANNOT_READ, exit::chain(&error)))?;
        let lines: String = store.mutes.iter().filter(|mute| mute.until > now).map(mute_line).collect();
        let lines = if lines.is_empty() { "nothing is muted\n".to_owned() } else { lines };
        terminal::print(lines.as_bytes())?;
        return Ok(exit::OK);
    }
    let profile = args.profile.clone().unwrap_or_default();
    let is_meant = |mute: &Mute| mute.profile == profile && mute.agent == args.agent && mute.until > now;
    let was_muted = NotificationStore::update(dir, |store| {
        let there = store.mutes.iter().any(is_meant);
        store.mutes.retain(|mute| !is_meant(mute) && mute.until > now);
        if let Some(duration) = args.duration {
            let until = now + duration;
            store.mutes.push(Mute { profile: profile.clone(), agent: args.agent.clone(), until });
        }
        there
    });
    let was_muted = was_muted.map_err(|error| Failure::new(exit::CANNOT_WRITE, exit::chain(&error)))?;
    let report = match args.duration {
        Some(duration) => {
            format!("{} is muted for {}, until {}\n", safe(&profile), span(duration), date(now + duration))
        }
        None if was_muted => format!("{} is no longer muted\n", safe(&profile)),
        None => return Err(Failure::new(exit::NO_INPUT, format!("`{}` was not muted", safe(&profile)))),
    };
    terminal::print(report.as_bytes())?;
    if args.duration.is_some()
        && let Some(doubt) = KnownSubjects::find(global, dir).doubt(&profile, args.agent.as_deref())
    {
        tracing::warn!("{}", safe(&doubt));
    }
    Ok(exit::OK)
}

fn mute_line(mute: &Mute) -> String {
    let agent = mute.agent.as_ref().map_or_else(String::new, |agent| format!(" at agent {}", safe(agent)));
    format!("{}{agent} until {}\n", safe(&mute.profile), date(mute.until))
}

/// What notifications can be about.
#[derive(Default)]
struct KnownSubjects {
    /// By agent: profiles, providers without a login, and stores.
    agents: BTreeMap<String, BTreeSet<String>>,
    /// Agents and profiles inherited from main: notifications name main.
    inherited: BTreeSet<(String, String)>,
    of_provider: BTreeMap<String, BTreeSet<String>>,
    /// Not of an agent: channels, recovery files, OpenClaw's configuration.
    without_agent: BTreeSet<String>,
}

impl KnownSubjects {
    fn find(global: &GlobalArgs, dir: &Path) -> Self {
        let config = Config::load(global.config.as_deref()).unwrap_or_default();
        let roots = global.roots(&config);
        let snapshot = pipeline::run(&roots, environment(), &Request::new(&config)).snapshot;
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
        known.without_agent.insert("openclaw.json".to_owned());
        known.without_agent.extend(store.channels.keys().cloned());
        // A problem may outlast what it is about.
        for incident in &store.incidents.all {
            let (agent, name) = (&incident.subject.agent, incident.subject.name().to_owned());
            if agent.is_empty() {
                known.without_agent.insert(name);
            } else {
                known.agents.entry(agent.clone()).or_default().insert(name);
            }
        }
        known
    }

    /// What notifications about one agent, or about any, can be about.
    fn names(&self, agent: Option<&str>) -> BTreeSet<&str> {
        let of_agents = self.agents.iter().filter(|(id, _)| agent.is_none_or(|agent| agent == *id));
        let names = of_agents.flat_map(|(_, names)| names).map(String::as_str);
        let without_agent = self.without_agent.iter().filter(|_| agent.is_none()).map(String::as_str);
        names.chain(without_agent).collect()
    }

    /// Why the mute may not be what was meant.
    fn doubt(&self, name: &str, agent: Option<&str>) -> Option<String> {
        let suggestion = |nearest: Option<&str>| {
            nearest.map_or_else(String::new, |nearest| format!(": did you mean `{nearest}`?"))
        };
        if let Some(agent) = agent.filter(|agent| !self.agents.contains_key(*agent)) {
            let nearest = config::nearest(agent, self.agents.keys().map(String::as_str));
            return Some(format!("no agent named `{agent}`{}", suggestion(nearest)));
        }
        let names = self.names(agent);
        if name == "*" || names.contains(name) {
            return None;
        }
        if let Some(agent) = agent {
            if self.inherited.contains(&(agent.to_owned(), name.to_owned())) {
                let command = format!("authwatch notify mute {} DURATION --agent main", quote(name));
                return Some(format!("agent `{agent}` inherits `{name}` from main, so run: {command}"));
            }
            let others = self.agents.iter().filter(|(_, names)| names.contains(name));
            let others: Vec<&str> = others.map(|(id, _)| id.as_str()).collect();
            if !others.is_empty() {
                return Some(format!("agent `{agent}` has no `{name}`; {} has", others.join(", ")));
            }
        }
        if let Some(profiles) = self.of_provider.get(name) {
            let profiles: Vec<String> = profiles.iter().map(|profile| format!("`{profile}`")).collect();
            let profiles = profiles.join(", ");
            return Some(format!("`{name}` is a provider; notifications name its profiles: {profiles}"));
        }
        let nearest = config::nearest(name, names.into_iter());
        Some(format!("no profile named `{name}`{}", suggestion(nearest)))
    }
}
