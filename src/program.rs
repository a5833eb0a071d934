//! Runs programs of the user's: without a shell, with a time limit, and with all processes they start ended together.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, Command};

/// Output beyond this many bytes is discarded.
const MOST_KEPT: usize = 64 * 1024;
/// How long to wait for the output of a program that has ended.
const OUTPUT_DELAY: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub enum Ended {
    Exited {
        status: ExitStatus,
        stdout: Vec<u8>,
        stderr: Vec<u8>,
    },
    /// It was killed, with all processes it started.
    TookTooLong,
    NotRun(std::io::Error),
}

/// Runs a program, gives it `input`, and waits for it to end, but no longer than `limit`.
pub async fn run(command: &mut Command, input: &[u8], limit: Duration) -> Ended {
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, so that whatever it starts ends with it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return Ended::NotRun(error),
    };
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut said, mut complained) = (Vec::new(), Vec::new());
    let ended = {
        let talk = async {
            tokio::join!(send(stdin, input), receive(stdout, &mut said), receive(stderr, &mut complained))
        };
        tokio::pin!(talk);
        let mut talked = false;
        let wait = async {
            loop {
                tokio::select! {
                    status = child.wait() => break status,
                    _ = &mut talk, if !talked => talked = true,
                }
            }
        };
        let ended = tokio::time::timeout(limit, wait).await;
        // A background process may keep its output open forever.
        if ended.is_ok() && !talked {
            let _ = tokio::time::timeout(OUTPUT_DELAY, &mut talk).await;
        }
        ended
    };
    match ended {
        Ok(Ok(status)) => Ended::Exited { status, stdout: said, stderr: complained },
        Ok(Err(error)) => Ended::NotRun(error),
        Err(_) => {
            if let Some(group) = group {
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = child.wait().await;
            Ended::TookTooLong
        }
    }
}

async fn send(stdin: Option<ChildStdin>, input: &[u8]) {
    // A program may ignore its input.
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(input).await;
    }
}

/// Reads all output, and keeps the beginning.
async fn receive(output: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut output) = output else { return };
    let mut chunk = vec![0; 8 * 1024];
    while let Ok(count @ 1..) = output.read(&mut chunk).await {
        let room = MOST_KEPT.saturating_sub(kept.len());
        kept.extend_from_slice(&chunk[..count.min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, input: &[u8], limit: Duration) -> Ended {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut command = Command::new("sh");
        runtime.block_on(run(command.args(["-c", script]), input, limit))
    }

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn what_it_is_given_and_what_it_says_go_through() {
        let Ended::Exited { status, stdout, stderr } = shell("cat; echo no >&2; exit 3", b"data", LONG)
        else {
            panic!("it runs")
        };
        assert_eq!((status.code(), &stdout[..], &stderr[..]), (Some(3), &b"data"[..], &b"no\n"[..]));
    }

    #[test]
    fn much_is_heard_and_little_kept_and_what_nobody_reads_is_no_trouble() {
        let script = "i=0; while [ $i -lt 3000 ]; do printf '%0100d' 0; i=$((i+1)); done";
        let Ended::Exited { status, stdout, .. } = shell(script, &vec![b' '; 1 << 20], LONG) else {
            panic!("it runs")
        };
        assert_eq!((status.code(), stdout.len()), (Some(0), MOST_KEPT));
    }

    #[test]
    fn what_it_leaves_in_the_background_is_not_waited_for() {
        let ended = shell("sleep 60 & echo done", b"", LONG);
        let Ended::Exited { stdout, .. } = ended else { panic!("{ended:?}") };
        assert_eq!(stdout, b"done\n");
    }

    #[test]
    fn what_takes_too_long_is_ended_and_what_is_not_there_not_run() {
        assert!(matches!(shell("sleep 60", b"", Duration::from_millis(100)), Ended::TookTooLong));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let ended = runtime.block_on(run(&mut Command::new("/nowhere/at/all"), b"", LONG));
        assert!(matches!(ended, Ended::NotRun(_)));
    }
}
