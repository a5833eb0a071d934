//! For logins that only OpenClaw may renew: a command of the operator's that lets it do so.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Mutex;

use crate::config::RefreshConfig;
use crate::program::{self, Ended};

/// One at a time: OpenClaw takes its time and its memory.
static TURN: Mutex<()> = Mutex::const_new(());

/// Runs the command for one login. It gets data in its environment only; nothing is interpolated, no shell is asked.
pub async fn run(config: &RefreshConfig, agent: &str, provider: &str, profile: &str) -> Result<(), String> {
    let [program, arguments @ ..] = config.delegate_command.as_slice() else {
        return Err("no command is configured".to_owned());
    };
    let _turn = TURN.lock().await;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("AUTHWATCH_AGENT", agent)
        .env("AUTHWATCH_PROVIDER", provider)
        .env("AUTHWATCH_PROFILE", profile);
    let limit =
        Duration::from_secs_f64(config.delegate_timeout.map_or(180.0, |timeout| timeout.seconds().max(1.0)));
    match program::run(&mut command, &[], limit).await {
        Ended::Exited { status, .. } if status.success() => Ok(()),
        Ended::Exited { status, .. } => Err(match (status.code(), status.signal()) {
            (Some(code), _) => format!("`{program}` exited with {code}"),
            (None, signal) => format!("`{program}` was ended by signal {}", signal.unwrap_or_default()),
        }),
        Ended::TookTooLong => Err(format!("`{program}` took longer than {} s", limit.as_secs())),
        Ended::NotRun(error) => Err(format!("`{program}` cannot be run: {error}")),
    }
}
