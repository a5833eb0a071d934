//! For logins that only OpenClaw may renew: a command of the operator's that lets it do so.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Mutex;

use crate::config::RefreshConfig;

/// One at a time: OpenClaw takes its time and its memory.
static TURN: Mutex<()> = Mutex::const_new(());

/// Runs the command for one login. It gets data in its environment only; nothing is interpolated, no shell is asked.
pub async fn run(config: &RefreshConfig, agent: &str, provider: &str, profile: &str) -> Result<(), String> {
    let [program, arguments @ ..] = config.delegate_command.as_slice() else {
        return Err("no command is configured".to_owned());
    };
    let _turn = TURN.lock().await;
    let mut child = Command::new(program)
        .args(arguments)
        .env("AUTHWATCH_AGENT", agent)
        .env("AUTHWATCH_PROVIDER", provider)
        .env("AUTHWATCH_PROFILE", profile)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A group of its own, so that whatever it starts ends with it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("`{program}` cannot be run: {error}"))?;
    let limit =
        Duration::from_secs_f64(config.delegate_timeout.map_or(180.0, |timeout| timeout.seconds().max(1.0)));
    let waited = tokio::time::timeout(limit, child.wait()).await;
    match waited {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(match (status.code(), status.signal()) {
            (Some(code), _) => format!("`{program}` exited with {code}"),
            (None, signal) => format!("`{program}` was ended by signal {}", signal.unwrap_or_default()),
        }),
        Ok(Err(error)) => Err(format!("`{program}` cannot be waited for: {error}")),
        Err(_) => {
            let group =
                child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
            if let Some(group) = group {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            let _ = child.wait().await;
            Err(format!("`{program}` took longer than {} s", limit.as_secs()))
        }
    }
}
