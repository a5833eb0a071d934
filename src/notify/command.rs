//! A program of the user's: data in its environment and on stdin, nothing interpolated, no shell.

use std::time::Duration;

use tokio::process::Command;

use super::message::Message;
use super::outcome::{DeliveryOutcome, FailureReason};
use super::webhook;
use super::words::severity_word;
use crate::config::CommandConfig;
use crate::program::{self, Ended};

/// The text in `AUTHWATCH_BODY`: systems bound how much a program may be given.
const MOST_BODY: usize = 16 * 1024;
/// Columns of that text: it is often shown on a phone.
const WIDTH: usize = 40;

/// Runs the program with a message.
pub(super) async fn send(config: &CommandConfig, message: &Message) -> DeliveryOutcome {
    let [program, arguments @ ..] = config.run.as_slice() else {
        return DeliveryOutcome::refused(FailureReason::Configuration, "it has nothing to run");
    };
    let body = super::chat::cut(&message.text(WIDTH), MOST_BODY);
    // Part of a command is worse than none.
    let mends = message.command().filter(|command| command.len() <= MOST_BODY).unwrap_or_default();
    // A zero byte ends text in an environment; ids of other people's files may hold one.
    let word = |text: &str| text.replace('\0', "");
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("AUTHWATCH_ID", &message.id)
        .env("AUTHWATCH_SEVERITY", severity_word(message.severity()))
        .env("AUTHWATCH_TITLE", word(&message.title()))
        .env("AUTHWATCH_BODY", word(&body))
        .env("AUTHWATCH_COMMAND", word(mends))
        .env("AUTHWATCH_URL", word(message.page_url.as_deref().unwrap_or_default()))
        .env("AUTHWATCH_HOST", word(&message.host));
    let json = serde_json::to_vec(&webhook::own(message)).expect("a JSON value is JSON");
    let limit = Duration::from_secs_f64(config.timeout.map_or(30.0, |timeout| timeout.as_secs().max(0.1)));
    match program::run(&mut command, &json, limit).await {
        Ended::Exited { status, stdout, .. } if status.success() => {
            DeliveryOutcome::Accepted(String::from_utf8_lossy(&stdout).into_owned())
        }
        Ended::Exited { status, stderr, .. } => {
            let said = String::from_utf8_lossy(&stderr);
            DeliveryOutcome::later(FailureReason::Command, format!("`{program}`: {status}. {said}"))
        }
        Ended::TookTooLong => {
            let problem = format!("`{program}` took longer than {} s and was ended", limit.as_secs());
            DeliveryOutcome::later(FailureReason::Timeout, problem)
        }
        Ended::NotRun(error) => DeliveryOutcome::refused(
            FailureReason::Configuration,
            format!("`{program}` cannot be run: {error}"),
        ),
    }
}
