//! A program of the user's: data in its environment and on stdin, nothing interpolated, no shell.

use std::cell::RefCell;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::channel::severity_word;
use super::message::Message;
use super::outcome::{FailureReason, Outcome};
use super::webhook;
use crate::config::CommandConfig;

/// The text in `AUTHWATCH_BODY`: systems bound how much a program may be given.
const MOST_BODY: usize = 16 * 1024;
/// So much of what a program says is kept: it may say anything.
const MOST_SAID: usize = 16 * 1024;
/// What a program said last is read for so long after its end.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Columns of that text: it is often shown on a phone.
const WIDTH: usize = 40;

/// Runs the program with a message.
pub(super) async fn send(config: &CommandConfig, message: &Message) -> Outcome {
    let [program, arguments @ ..] = config.run.as_slice() else {
        return Outcome::refused(FailureReason::Configuration, "it has nothing to run");
    };
    let body = super::chat::cut(&message.text(WIDTH), MOST_BODY);
    // Part of a command is worse than none.
    let command = message.command().filter(|command| command.len() <= MOST_BODY).unwrap_or_default();
    // A zero byte ends text in an environment; ids of other people's files may hold one.
    let word = |text: &str| text.replace('\0', "");
    let child = Command::new(program)
        .args(arguments)
        .env("AUTHWATCH_ID", &message.id)
        .env("AUTHWATCH_SEVERITY", severity_word(message.severity()))
        .env("AUTHWATCH_TITLE", word(&message.title()))
        .env("AUTHWATCH_BODY", word(&body))
        .env("AUTHWATCH_COMMAND", word(command))
        .env("AUTHWATCH_URL", word(message.page_url.as_deref().unwrap_or_default()))
        .env("AUTHWATCH_HOST", word(&message.host))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, so that whatever it starts ends with it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            let problem = format!("`{program}` cannot be run: {error}");
            return Outcome::refused(FailureReason::Configuration, problem);
        }
    };
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    let json = serde_json::to_vec(&webhook::own(message)).expect("a JSON value is JSON");
    let mut stdin = child.stdin.take();
    let write = async move {
        // A program that does not read is fine.
        if let Some(stdin) = &mut stdin {
            let _ = stdin.write_all(&json).await;
        }
        drop(stdin);
    };
    let limit = Duration::from_secs_f64(config.timeout.map_or(30.0, |timeout| timeout.seconds().max(0.1)));
    let (answer, complaint) = (RefCell::default(), RefCell::default());
    let reading = (read(child.stdout.take(), &answer), read(child.stderr.take(), &complaint));
    let run = async {
        let talk = async { tokio::join!(write, reading.0, reading.1) };
        tokio::pin!(talk);
        let mut is_said = false;
        let status = tokio::select! {
            status = child.wait() => status,
            _ = &mut talk => {
                is_said = true;
                child.wait().await
            }
        };
        // What it leaves behind may hold its output open, a sound that plays on, say. That it has ended is what counts.
        if !is_said {
            let _ = tokio::time::timeout(LAST_WORDS, talk).await;
        }
        status
    };
    let ended = tokio::time::timeout(limit, run).await;
    let text = |said: &RefCell<Vec<u8>>| String::from_utf8_lossy(&said.borrow()).into_owned();
    match ended {
        Ok(Ok(status)) if status.success() => Outcome::Accepted(text(&answer)),
        Ok(Ok(status)) => {
            Outcome::later(FailureReason::Command, format!("`{program}`: {status}. {}", text(&complaint)))
        }
        Ok(Err(error)) => {
            Outcome::later(FailureReason::Command, format!("`{program}` cannot be waited for: {error}"))
        }
        Err(_) => {
            // Whatever it has started ends with it.
            if let Some(group) = group {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            let _ = child.wait().await;
            let problem = format!("`{program}` took longer than {} s and was ended", limit.as_secs());
            Outcome::later(FailureReason::Timeout, problem)
        }
    }
}

/// Reads to the end, and keeps the beginning.
async fn read(pipe: Option<impl AsyncRead + Unpin>, said: &RefCell<Vec<u8>>) {
    let Some(mut pipe) = pipe else { return };
    let mut chunk = vec![0; 4096];
    while let Ok(count @ 1..) = pipe.read(&mut chunk).await {
        let mut said = said.borrow_mut();
        let room = MOST_SAID.saturating_sub(said.len());
        said.extend_from_slice(&chunk[..count.min(room)]);
    }
}
