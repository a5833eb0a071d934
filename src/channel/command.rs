//! A program of the user's, run without a shell. The message is in its environment and on its standard input.

use std::time::Duration;

use openclaw_auth::model::Span;
use tokio::process::Command;

use super::markup::cut;
use super::message::RenderedMessage;
use super::settings::{ChannelSettings, channel_settings};
use super::transport::{DeliveryOutcome, FailureReason, Transport};
use crate::program::{self, Ended};
use crate::settings::duration;
use crate::texts::text;

/// Bytes of `AUTHWATCH_BODY`: systems limit the size of an environment.
const MAX_BODY: usize = 16 * 1024;
/// Columns of `AUTHWATCH_BODY`, which is often shown on a phone.
const WIDTH: usize = 40;

channel_settings! {
    /// `[notify.command.NAME]`
    pub struct CommandConfig {
        /// Program and arguments; no shell.
        pub run: Vec<String> = Vec::new(),
        /// It is stopped after this, together with everything it started.
        #[serde(with = "duration")]
        pub timeout: Option<Span> = Some(Span::from_secs(30.0)),
    }
}

impl ChannelSettings for CommandConfig {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.run.is_empty().then(|| ("run", text("setting-missing", &[]))).into_iter().collect()
    }

    async fn send(
        &self,
        message: &RenderedMessage,
        _: &Transport,
    ) -> Result<DeliveryOutcome, DeliveryOutcome> {
        let [program, arguments @ ..] = self.run.as_slice() else {
            return Err(DeliveryOutcome::misconfigured("delivery-no-command"));
        };
        // Part of a command is worse than none.
        let fix = message.command.as_deref().filter(|command| command.len() <= MAX_BODY).unwrap_or_default();
        // A zero byte ends a variable; ids in other people's files may contain one.
        let value = |text: &str| text.replace('\0', "");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("AUTHWATCH_ID", &message.id)
            .env("AUTHWATCH_SEVERITY", message.severity_word())
            .env("AUTHWATCH_TITLE", value(&message.title))
            .env("AUTHWATCH_BODY", value(&cut(&message.text(WIDTH), MAX_BODY)))
            .env("AUTHWATCH_COMMAND", value(fix))
            .env("AUTHWATCH_URL", value(message.page_url.as_deref().unwrap_or_default()))
            .env("AUTHWATCH_HOST", value(&message.host));
        let json = serde_json::to_vec(&message.json).expect("a JSON value is JSON");
        let limit = Duration::from_secs_f64(self.timeout.map_or(30.0, |timeout| timeout.as_secs().max(0.1)));
        Ok(match program::run(&mut command, &json, limit).await {
            Ended::Exited { status, stdout, .. } if status.success() => {
                DeliveryOutcome::Accepted(String::from_utf8_lossy(&stdout).into_owned())
            }
            Ended::Exited { status, stderr, .. } => {
                let said = String::from_utf8_lossy(&stderr);
                DeliveryOutcome::later(FailureReason::Command, format!("`{program}`: {status}. {said}"))
            }
            Ended::TookTooLong => {
                let seconds = limit.as_secs();
                let problem =
                    text("delivery-command-timeout", &[("program", program), ("seconds", &seconds)]);
                DeliveryOutcome::later(FailureReason::Timeout, problem)
            }
            Ended::NotRun(error) => {
                let problem = text("delivery-command-not-run", &[("program", program), ("error", &error)]);
                DeliveryOutcome::refused(FailureReason::Configuration, problem)
            }
        })
    }
}
