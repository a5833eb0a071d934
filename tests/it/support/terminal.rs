//! A pseudo-terminal for the program to run in, with somebody typing.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

/// Nothing on a terminal takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program on a terminal.
pub(crate) struct Terminal {
    master: OwnedFd,
    /// Held open, so that what the program leaves can be read and asked about after its end.
    slave: std::fs::File,
    shown: Arc<Mutex<Vec<u8>>>,
    child: Child,
    /// How much of what is shown was looked at.
    seen: usize,
}

impl Terminal {
    /// Runs a command on a terminal of so many columns.
    pub(crate) fn run(command: &Command, columns: u16) -> Self {
        let mut command = with_default_signals(command);
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = std::fs::File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).unwrap();
        let end = || slave.try_clone().unwrap();
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (mut reader, seen) = (std::fs::File::from(master.try_clone().unwrap()), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut chunk) {
                seen.lock().unwrap().extend_from_slice(&chunk[..count]);
            }
        });
        Self { master, slave, shown, child, seen: 0 }
    }

    /// All that was shown.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).replace('\r', "")
    }

    /// Waits until something is shown that was not there before.
    pub(crate) fn expect(&mut self, text: &str) {
        let start = Instant::now();
        loop {
            let all = self.text();
            if let Some(at) = all.get(self.seen..).and_then(|rest| rest.find(text)) {
                self.seen += at + text.len();
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{text:?} is not shown:\n{all}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the program hides what is typed.
    pub(crate) fn until_hidden(&self) {
        let start = Instant::now();
        while self.echoes() {
            assert!(start.elapsed() < PATIENCE, "what is typed is not hidden:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the terminal is as it was before the program hid what is typed.
    pub(crate) fn until_as_before(&self) {
        let start = Instant::now();
        while !self.echoes() {
            assert!(start.elapsed() < PATIENCE, "what is typed stays hidden:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether the terminal shows what is typed, and edits lines.
    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&self.slave)
            .unwrap()
            .local_modes
            .contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
    }

    /// Sends the program a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn types(&self, text: &str) {
        rustix::io::write(&self.master, text.as_bytes()).unwrap();
    }

    /// Waits for the program to end; its exit code. The terminal must be as it was.
    pub(crate) fn end(&mut self) -> i32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(self.echoes(), "the terminal is left as it was");
                return status.code().unwrap_or(-1);
            }
            assert!(start.elapsed() < PATIENCE, "it does not end:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same command as a terminal starts it: what a shell ignores for its background jobs, the tests among them, is not ignored.
fn with_default_signals(command: &Command) -> Command {
    let mut outer = Command::new("/usr/bin/env");
    outer.arg("--default-signal").arg(command.get_program()).args(command.get_args());
    outer.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(dir) = command.get_current_dir() {
        outer.current_dir(dir);
    }
    outer
}
