//! `authwatch notify`: does it arrive, what was told, and what not to be told of.

mod mute;

use clap::Subcommand;
use serde_json::json;

use crate::clock;
use crate::commands::context::{GlobalArgs, own_state, runtime};
use crate::config::Config;
use crate::console;
use crate::exit::{self, Failure};
use crate::notify::{DeliveryOutcome, NotificationStore, Notifier};
use crate::publish::words::{date, safe};

/// The subcommands of `notify`.
#[derive(Debug, Subcommand)]
pub enum NotifyCommand {
    /// Send a test message, and say what the other side answered
    Test {
        /// The channel [default: all of them]
        channel: Option<String>,
    },
    /// Show what was delivered, what was not, and what waits
    History {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Hear nothing of a profile for a while
    #[command(name = "silence")]
    Mute(mute::MuteArgs),
}

/// Runs the command.
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
        NotifyCommand::Mute(args) => mute::run(global, &dir, args),
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
        code = say(&format!("{} ({})", channel.name, channel.kind.as_str()), &outcome, code)?;
    }
    if wanted.is_none()
        && let Some(outcome) = runtime.block_on(notifier.send_heartbeat(notifier.heartbeat_signal(exit::OK)))
    {
        code = say("heartbeat", &outcome, code)?;
    }
    Ok(code)
}

/// One line a channel; the worst code so far.
fn say(name: &str, outcome: &DeliveryOutcome, code: u8) -> Result<u8, Failure> {
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
    console::print(format!("{name}: {line}\n").as_bytes())?;
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
            .map(|(channel, parcels)| {
                let one = |parcel: &crate::notify::QueuedMessage| {
                    json!({
                        "message": parcel.message.id,
                        "title": parcel.message.title(),
                        "attempts": parcel.attempts,
                        "next": parcel.next,
                        "parked": parcel.parked,
                    })
                };
                (channel.clone(), parcels.iter().map(one).collect())
            })
            .collect();
        let report = json!({ "formatVersion": 1, "history": store.history, "waiting": waiting });
        console::print(format!("{report:#}\n").as_bytes())?;
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
    for (channel, parcels) in &store.outbox {
        for parcel in parcels {
            let when = match (parcel.parked, parcel.next) {
                (true, _) => "refused too often; goes with the next one".to_owned(),
                (false, Some(next)) => format!("tried again {}", date(next)),
                (false, None) => "about to be sent".to_owned(),
            };
            lines += &format!("waits  {channel}  {}  ({when})\n", safe(&parcel.message.title()));
        }
    }
    if lines.is_empty() {
        lines.push_str("nothing has been told yet\n");
    }
    console::print(lines.as_bytes())?;
    Ok(exit::OK)
}
