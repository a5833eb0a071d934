//! Asking a person: secrets without echo, questions with a safe answer. Talk goes to stderr, so that stdout stays data.
//!
//! A pasted secret may have line breaks in it, so a line is not the end of it: input is over when nothing follows a line
//! break for a moment. Reading lines the usual way would leave the rest of a token to the shell.

use std::io::{self, IsTerminal, PipeReader, Read, Write};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::termios::{InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use zeroize::Zeroizing;

use crate::stop;

/// Shells add a signal's number to this for the code of a program it has ended.
const SIGNALLED: i32 = 128;
/// What is pasted follows a line break within this time, even over a slow line. People take longer.
const PASTE_GAP: Duration = Duration::from_millis(300);
/// No token is longer.
const MAX_BYTES: usize = 64 * 1024;

/// Whether a person is at the other end of standard input.
#[must_use]
pub fn is_there() -> bool {
    io::stdin().is_terminal()
}

/// How the terminal was before it hid what is typed, while it does.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);
/// Whether signals that end the program show again first what is typed.
static GUARDED: OnceLock<()> = OnceLock::new();

/// The terminal without echo and line editing; as before when this is dropped, and when a signal ends the program.
#[derive(Debug)]
pub struct Quiet(());

impl Quiet {
    /// Turns them off, if standard input is a terminal.
    #[must_use]
    pub fn start() -> Self {
        let stdin = io::stdin();
        let Ok(before) = rustix::termios::tcgetattr(&stdin) else { return Self(()) };
        let mut quiet = before.clone();
        // Signals are taken from the keys here: a program that is interrupted while it hides input has to show it again first.
        quiet
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN);
        quiet.input_modes.insert(InputModes::ICRNL);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        GUARDED.get_or_init(guard);
        let mut kept = lock(&BEFORE);
        // What was typed or pasted ahead is input, too.
        if rustix::termios::tcsetattr(&stdin, OptionalActions::Now, &quiet).is_ok() {
            *kept = Some(before);
        }
        Self(())
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        show_what_is_typed(&mut lock(&BEFORE), OptionalActions::Now);
    }
}

fn lock(before: &Mutex<Option<Termios>>) -> MutexGuard<'_, Option<Termios>> {
    before.lock().unwrap_or_else(PoisonError::into_inner)
}

fn show_what_is_typed(before: &mut Option<Termios>, how: OptionalActions) {
    if let Some(before) = before.take() {
        let _ = rustix::termios::tcsetattr(io::stdin(), how, &before);
    }
}

/// From now on a signal that ends the program shows again first what is typed. It ends it all the same, at once and wherever it is, with
/// the code a shell has for that.
fn guard() {
    let (ready, is_ready) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        // Without one, signals do what they did before.
        let Ok(runtime) = runtime else { return };
        let signal = runtime.block_on(async {
            let asked = stop::asked();
            let _ = ready.send(());
            asked.await
        });
        // Held to the end, so that nothing is hidden any more.
        let mut before = lock(&BEFORE);
        // What was pasted and not read yet is a secret: it is nothing for the shell to show and to keep.
        show_what_is_typed(&mut before, OptionalActions::Flush);
        #[expect(clippy::exit, reason = "this is what the signal would have done")]
        std::process::exit(SIGNALLED + signal.as_raw_value());
    });
    let _ = is_ready.recv();
}

/// What came of waiting for input.
pub enum Input {
    /// This was pasted or typed.
    Text(Zeroizing<String>),
    End,
    Interrupted,
}

/// Reads one pasted piece from standard input, whatever that is. Call it with the terminal [`Quiet`].
///
/// It gives up, with [`Input::End`], as soon as the other end of `stop` is dropped: a reader that is left behind would take what is meant
/// for the next question.
pub fn paste(stop: Option<&PipeReader>) -> io::Result<Input> {
    let mut typed = Typed::default();
    let stdin = io::stdin();
    let mut chunk = Zeroizing::new([0; 1024]);
    loop {
        let patience = typed.may_be_over().then_some(PASTE_GAP);
        match wait(stop, patience)? {
            Wait::Input => {}
            Wait::Nothing => return Ok(Input::Text(typed.into_text())),
            Wait::Stopped => return Ok(Input::End),
        }
        // Past std's buffer: what is left in it would not be waited for.
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
            return Err(io::Error::new(io::ErrorKind::InvalidData, "that is longer than any token"));
        }
    }
}

enum Wait {
    Input,
    Nothing,
    Stopped,
}

/// Waits for input, for so long at most.
fn wait(stop: Option<&PipeReader>, patience: Option<Duration>) -> io::Result<Wait> {
    let stdin = io::stdin();
    let mut waiting = vec![PollFd::new(&stdin, PollFlags::IN)];
    waiting.extend(stop.map(|stop| PollFd::new(stop, PollFlags::IN)));
    let patience = patience.map(|patience| Timespec { tv_sec: 0, tv_nsec: patience.subsec_nanos().into() });
    loop {
        match rustix::event::poll(&mut waiting, patience.as_ref()) {
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

/// What a terminal would edit, were it asked to.
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
            return Err(io::Error::new(io::ErrorKind::InvalidData, "that is longer than any token"));
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

/// Asks a question that only a `y` answers with yes. `None` where nobody is there to ask.
pub fn agrees(question: &str) -> io::Result<Option<bool>> {
    if !is_there() {
        return Ok(None);
    }
    let answer = answer(&format!("{question} [y/N] "))?;
    Ok(Some(matches!(answer.as_deref(), Some("y" | "yes"))))
}

/// Asks for a word, whose case does not matter. `None` where there is no more input.
pub fn answer(question: &str) -> io::Result<Option<String>> {
    show(question);
    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        show("\n");
        return Ok(None);
    }
    Ok(Some(line.trim().to_lowercase()))
}

/// Shows something as it is.
pub fn show(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
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
