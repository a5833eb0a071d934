//! `doctor --fix` at a terminal of 40 columns: it asks, accepts a no, and shows nothing that a terminal would
//! obey.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Child;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;

use super::case::{self, lay_out};
use crate::support::home::Home;

/// A program at a terminal.
struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    shown: String,
}

impl Terminal {
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        rustix::pty::grantpt(&master).unwrap();
        rustix::pty::unlockpt(&master).unwrap();
        let name = rustix::pty::ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = OpenOptions::new().read(true).write(true).open(name).unwrap();
        let size = Winsize { ws_row: 30, ws_col: 40, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&slave, size).unwrap();
        let mut command = home.command(arguments);
        command
            .env("TERM", "xterm")
            .stdin(slave.try_clone().unwrap())
            .stdout(slave.try_clone().unwrap())
            .stderr(slave);
        let child = command.spawn().unwrap();
        drop(command);
        let keyboard = File::from(master);
        let mut reader = keyboard.try_clone().unwrap();
        let (sender, screen) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The terminal is gone once its last user is: that is an error here, and the end.
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, keyboard, screen, shown: String::new() }
    }

    /// Waits until this many questions were asked.
    fn wait_for_question(&mut self, number: usize) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.shown.matches("[q]uit: ").count() < number {
            let left = deadline.saturating_duration_since(Instant::now());
            let bytes =
                self.screen.recv_timeout(left).unwrap_or_else(|_| panic!("no question: {}", self.shown));
            self.shown += &String::from_utf8_lossy(&bytes);
        }
    }

    fn answer(&mut self, question: usize, line: &str) {
        self.wait_for_question(question);
        self.keyboard.write_all(line.as_bytes()).unwrap();
    }

    /// Everything that was shown, and the exit code.
    fn finish(mut self) -> (String, i32) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while let Ok(bytes) = self.screen.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.shown += &String::from_utf8_lossy(&bytes);
        }
        (std::mem::take(&mut self.shown), self.child.wait().unwrap().code().unwrap())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn without_colour(text: &str) -> String {
    let mut pieces = text.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |plain, piece| plain + piece.split_once('m').expect("only colours").1)
}

fn mode(home: &Home, path: &str) -> u32 {
    fs::metadata(home.path().join(path)).unwrap().permissions().mode() & 0o777
}

const STORE: &str = ".openclaw/agents/work/agent/auth-profiles.json";

fn open_to_all() -> Home {
    let home = lay_out(None);
    for path in [STORE, ".openclaw/.env"] {
        fs::set_permissions(home.path().join(path), Permissions::from_mode(0o644)).unwrap();
    }
    home
}

#[test]
fn each_fix_is_asked_for() {
    let home = open_to_all();
    let mut terminal = Terminal::start(&home, &["doctor", "--fix"]);
    terminal.answer(1, "what?\n");
    terminal.answer(2, "n\n");
    terminal.answer(3, "y\n");
    let (shown, code) = terminal.finish();
    assert_eq!((mode(&home, STORE), mode(&home, ".openclaw/.env"), code), (0o644, 0o600, 2), "{shown}");
    assert!(shown.contains('\u{1b}'), "a terminal has colour: {shown}");
    let plain = without_colour(&shown);
    for line in plain.lines() {
        assert!(crate::support::home::fits(line, 40), "too wide: {line:?}");
    }
    assert!(plain.contains("to undo:") && plain.contains("still open:"), "{plain}");
}

#[test]
fn all_is_asked_for_once() {
    let home = open_to_all();
    let mut terminal = Terminal::start(&home, &["doctor", "--fix"]);
    terminal.answer(1, "a\n");
    let (shown, code) = terminal.finish();
    assert_eq!((mode(&home, STORE), mode(&home, ".openclaw/.env"), code), (0o600, 0o600, 0), "{shown}");
}

#[test]
fn quitting_changes_nothing() {
    for answer in ["q\n", "\u{4}"] {
        let home = open_to_all();
        let before = home.tree();
        let mut terminal = Terminal::start(&home, &["doctor", "--fix"]);
        terminal.answer(1, answer);
        let (shown, code) = terminal.finish();
        assert_eq!(code, 2, "{shown}");
        assert!(before == home.tree(), "{shown}");
    }
}

#[test]
fn without_a_terminal_nothing_is_done() {
    let home = open_to_all();
    let before = home.tree();
    let ran = home.run(&["doctor", "--fix"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("Nothing was changed; --yes makes every change without asking"),
        "{}",
        ran.stderr
    );
    assert!(before == home.tree());
    let ran = home.run(&["doctor", "--non-interactive"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (2, ""));
    assert!(before == home.tree());
}

/// `openclaw doctor --yes` repairs, with or without `--fix` and `--non-interactive`.
#[test]
fn yes_makes_every_change_without_asking() {
    for flags in [&["--yes"][..], &["--yes", "--non-interactive"], &["--fix", "--yes"]] {
        let home = open_to_all();
        let ran = home.run(&[&["doctor", "--json"], flags].concat());
        assert_eq!((ran.code, case::codes(&ran)), (0, Vec::new()), "{flags:?}: {}{}", ran.stdout, ran.stderr);
        let mode = fs::metadata(home.path().join(STORE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{flags:?}");
    }
}

/// As OpenClaw's: without prompts only what is safe is changed, and no credential is.
#[test]
fn without_prompts_no_credential_is_changed() {
    let home = open_to_all();
    let store: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(home.path().join(STORE)).unwrap()).unwrap();
    let mut broken = store.clone();
    broken["profiles"]["zai:default"] =
        serde_json::json!({ "type": "api_key", "provider": "zai", "key": " zai-0123 " });
    fs::write(home.path().join(STORE), broken.to_string()).unwrap();
    let codes = |arguments: &[&str]| case::codes(&home.run(&[&["doctor", "--json"], arguments].concat()));
    assert_eq!(codes(&["--non-interactive"]), ["store-mode", "token-pasted-text", "env-mode"]);
    let ran = home.run(&["doctor", "--fix", "--non-interactive", "--json"]);
    assert_eq!(case::codes(&ran), ["token-pasted-text"]);
    assert!(ran.stderr.contains("1 change to a credential was not made"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(home.path().join(STORE)).unwrap(), broken.to_string());
    assert_eq!(codes(&["--fix", "--non-interactive", "--yes"]), [] as [&str; 0]);
}

#[test]
fn hostile_names_are_shown_and_quoted() {
    let home = lay_out(None);
    let hostile = "e\u{1b}[31m'; touch owned; '\n\u{202e}vil";
    let dir = home.agent_dir(hostile);
    fs::create_dir_all(&dir).unwrap();
    let store = serde_json::json!({ "version": 1, "profiles": {
        "zai:\u{1b}]0;x\u{7}": { "type": "token", "provider": "z'ai\u{7}", "token": "t", "expires": 5 } } });
    fs::write(dir.join("auth-profiles.json"), store.to_string()).unwrap();
    for width in ["40", "200"] {
        let mut command = home.command(&["doctor"]);
        let shown = String::from_utf8(command.env("COLUMNS", width).output().unwrap().stdout).unwrap();
        let is_safe = |character: char| !character.is_control() || character == '\n';
        assert!(shown.chars().all(is_safe) && !shown.contains('\u{202e}'), "{shown:?}");
        assert!(shown.contains("login-expired") && shown.contains("store-mode"), "{shown}");
    }
    // As data nothing is changed, and as a command every name is one word.
    let report = home.run(&["doctor", "--json"]).json();
    let found = report["findings"].as_array().unwrap();
    let chmod = found.iter().find(|found| found["code"] == "store-mode").unwrap();
    assert_eq!(chmod["agent"], hostile);
    let ran = std::process::Command::new("sh")
        .args(["-c", chmod["command"].as_str().unwrap()])
        .current_dir(home.path())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    assert!(!home.path().join("owned").exists());
    assert_eq!(fs::metadata(dir.join("auth-profiles.json")).unwrap().permissions().mode() & 0o777, 0o600);
}
