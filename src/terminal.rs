//! Standard input, output, and error: data for programs on stdout, texts for people on stderr, secrets read without echo.
//!
//! A pasted secret may contain line breaks. So input ends when nothing follows a line break for a moment; reading by lines would
//! leave the rest of a token to the shell.

use std::io::{self, IsTerminal, PipeReader, Read, Write};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::termios::{InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use zeroize::Zeroizing;

use crate::exit::{self, Failure};
use crate::stop;

/// A shell's exit code for a program that a signal ended is this plus the signal's number.
const SIGNAL_CODE: i32 = 128;
/// Pasted text continues after a line break within this time, even over a slow connection. People type more slowly.
const PASTE_GAP: Duration = Duration::from_millis(300);
/// Longer than any token.
const MAX_BYTES: usize = 64 * 1024;

/// Whether standard input is a terminal, so that a person can answer.
pub fn is_there() -> bool {
    io::stdin().is_terminal()
}

/// The terminal's settings to restore, while echo is off.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);
/// Set once signals restore the terminal before they end the program.
static GUARDED: OnceLock<()> = OnceLock::new();

/// The terminal without echo and line editing, until this is dropped or a signal ends the program.
#[derive(Debug)]
#[must_use]
pub struct Quiet(());

impl Quiet {
    /// Turns them off, if standard input is a terminal.
    pub fn start() -> Self {
        let stdin = io::stdin();
        let Ok(before) = rustix::termios::tcgetattr(&stdin) else { return Self(()) };
        let mut quiet = before.clone();
        // Ctrl-C is read as a key: the terminal has to be restored before the program ends.
        quiet
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN);
        quiet.input_modes.insert(InputModes::ICRNL);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        GUARDED.get_or_init(guard);
        let mut kept = lock(&SAVED);
        // `Now` keeps what was typed or pasted ahead.
        if rustix::termios::tcsetattr(&stdin, OptionalActions::Now, &quiet).is_ok() {
            *kept = Some(before);
        }
        Self(())
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        restore(&mut lock(&SAVED), OptionalActions::Now);
    }
}

fn lock(before: &Mutex<Option<Termios>>) -> MutexGuard<'_, Option<Termios>> {
    before.lock().unwrap_or_else(PoisonError::into_inner)
}

fn restore(before: &mut Option<Termios>, how: OptionalActions) {
    if let Some(before) = before.take() {
        let _ = rustix::termios::tcsetattr(io::stdin(), how, &before);
    }
}

/// From now on, a signal that ends the program restores the terminal first. The program still ends at once, with the exit code that
/// a shell reports for the signal.
fn guard() {
    let (ready, is_ready) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        // Without a runtime, signals keep their default action.
        let Ok(runtime) = runtime else { return };
        let signal = runtime.block_on(async {
            let asked = stop::asked();
            let _ = ready.send(());
            asked.await
        });
        // Locked until the end, so that echo is not turned off again.
        let mut before = lock(&SAVED);
        // Flushed, because unread pasted text is a secret that the shell would show and keep.
        restore(&mut before, OptionalActions::Flush);
        #[expect(clippy::exit, reason = "this is what the signal would have done")]
        std::process::exit(SIGNAL_CODE + signal.as_raw_value());
    });
    let _ = is_ready.recv();
}

pub enum Input {
    /// Pasted or typed.
    Text(Zeroizing<String>),
    End,
    Interrupted,
}

/// Reads one pasted text from standard input. Call it while the terminal is [`Quiet`].
///
/// Returns [`Input::End`] as soon as the other end of `stop` is dropped. Otherwise a reader left behind would take the answer to
/// the next question.
pub fn paste(stop: Option<&PipeReader>) -> io::Result<Input> {
    let mut typed = Typed::default();
    let stdin = io::stdin();
    let mut chunk = Zeroizing::new([0; 1024]);
    loop {
        let limit = typed.may_be_over().then_some(PASTE_GAP);
        match wait(stop, limit)? {
            Wait::Input => {}
            Wait::Nothing => return Ok(Input::Text(typed.into_text())),
            Wait::Stopped => return Ok(Input::End),
        }
        // Not through std's buffer: poll does not see what is left in it.
        let count = rustix::io::read(&stdin, &mut *chunk)?;
        if count == 0 {
            return Ok(if typed.bytes.is_empty() { Input::End } else { Input::Text(typed.into_text()) });
        }
        for byte in &chunk[..count] {
            match typed.take(*byte) {
                Key::Goes => {}
                Key::Interrupts => return Ok(Input::Interrupted),
                Key::Ends if typed.bytes.is_empty() => return Ok(Input::End),
                Key::Ends => return Ok(Input::Text(typed.into_text())),
            }
        }
        if typed.bytes.len() > MAX_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than any token"));
        }
    }
}

enum Wait {
    Input,
    Nothing,
    Stopped,
}

/// Waits for input, at most for `limit`.
fn wait(stop: Option<&PipeReader>, limit: Option<Duration>) -> io::Result<Wait> {
    let stdin = io::stdin();
    let mut waiting = vec![PollFd::new(&stdin, PollFlags::IN)];
    waiting.extend(stop.map(|stop| PollFd::new(stop, PollFlags::IN)));
    let limit = limit.map(|limit| Timespec { tv_sec: 0, tv_nsec: limit.subsec_nanos().into() });
    loop {
        match rustix::event::poll(&mut waiting, limit.as_ref()) {
            Err(rustix::io::Errno::INTR) => {}
            ready => {
                let (ready, said) =
                    (ready?, |at: usize| waiting.get(at).is_some_and(|fd| !fd.revents().is_empty()));
                return Ok(match () {
                    () if ready == 0 => Wait::Nothing,
                    () if said(1) => Wait::Stopped,
                    () => Wait::Input,
                });
            }
        }
    }
}

/// What was typed, edited as the terminal itself would.
#[derive(Default)]
struct Typed {
    bytes: Zeroizing<Vec<u8>>,
}

enum Key {
    Goes,
    Ends,
    Interrupts,
}

impl Typed {
    fn take(&mut self, byte: u8) -> Key {
        match byte {
            0x03 => return Key::Interrupts,
            0x04 => return Key::Ends,
            // Backspace, a whole character at a time; Ctrl-U, all of it.
            0x08 | 0x7f => while self.bytes.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            0x15 => self.bytes.clear(),
            _ => self.bytes.push(byte),
        }
        Key::Goes
    }

    fn may_be_over(&self) -> bool {
        self.bytes.ends_with(b"\n")
    }

    fn into_text(self) -> Zeroizing<String> {
        Zeroizing::new(String::from_utf8_lossy(&self.bytes).into_owned())
    }
}

/// Asks for a secret: hidden on a terminal, else all of standard input.
pub fn secret(prompt: &str) -> io::Result<Input> {
    if !is_there() {
        let mut bytes = Zeroizing::new(Vec::new());
        io::stdin().lock().take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > MAX_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than any token"));
        }
        return Ok(Input::Text(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())));
    }
    let quiet = Quiet::start();
    show(prompt);
    let input = paste(None);
    drop(quiet);
    show("\n");
    input
}

/// Asks a question whose default answer is no. `None` without a terminal.
pub fn agrees(question: &str) -> io::Result<Option<bool>> {
    if !is_there() {
        return Ok(None);
    }
    let answer = answer(&format!("{question} [y/N] "))?;
    Ok(Some(matches!(answer.as_deref(), Some("y" | "yes"))))
}

/// Asks for a word, in any case. `None` at the end of input.
pub fn answer(question: &str) -> io::Result<Option<String>> {
    show(question);
    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        show("\n");
        return Ok(None);
    }
    Ok(Some(line.trim().to_lowercase()))
}

/// Prints text on stderr as it is.
pub fn show(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// Prints a line for people on stderr.
pub fn say(text: &str) {
    let _ = writeln!(anstream::stderr(), "authwatch: {text}");
}

/// Writes data to stdout. A reader that stops early (`| head`) is not an error.
pub fn print(data: &[u8]) -> Result<(), Failure> {
    let write = |stdout: &mut dyn Write| stdout.write_all(data).and_then(|()| stdout.flush());
    // The filter that takes color out would take control characters out of data as well.
    let written = if data.contains(&b'\x1b') {
        write(&mut anstream::AutoStream::auto(io::stdout()).lock())
    } else {
        write(&mut io::stdout().lock())
    };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritable(error)),
        _ => Ok(()),
    }
}

pub fn unwritable(error: io::Error) -> Failure {
    Failure::new(exit::CANNOT_WRITE, "cannot write to standard output").caused_by(error)
}

/// Columns to fit a report into: the terminal's, or `COLUMNS`, or 80.
pub fn width() -> usize {
    let given =
        std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    let stdout = io::stdout();
    let asked = || {
        let size = stdout.is_terminal().then(|| rustix::termios::tcgetwinsize(&stdout).ok())??;
        (size.ws_col > 0).then_some(usize::from(size.ws_col))
    };
    given.or_else(asked).unwrap_or(80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_edit_what_was_typed() {
        let mut typed = Typed::default();
        for byte in "wrong\u{15}abü\u{7f}\u{7f}c\n".bytes() {
            assert!(matches!(typed.take(byte), Key::Goes));
        }
        assert!(typed.may_be_over());
        assert_eq!(typed.into_text().as_str(), "ac\n");
    }
}
