//! A case of the corpus: read, and laid out in its own home.

use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use authwatch::clock;
use authwatch::model::LoginReason;
use authwatch::state::{Failing, Memory, Refused};
use openclaw_auth::model::{Span, Timestamp};
use serde_json::{Value, json};

use crate::support::home::{Home, Ran};

pub(crate) struct Case {
    pub(crate) name: String,
    dir: PathBuf,
    setup: Vec<Vec<String>>,
    /// Fields of the finding.
    pub(crate) expects: Value,
    /// Whether `--fix` resolves it.
    pub(crate) fixable: bool,
    /// Whether no command could resolve it.
    pub(crate) without_command: bool,
    /// Further flags of `doctor`.
    pub(crate) flags: Vec<String>,
}

impl Case {
    fn read(dir: PathBuf) -> Self {
        let text = fs::read_to_string(dir.join("case.json")).unwrap_or_else(|_| panic!("{}", dir.display()));
        let value: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
        let words = |list: &Value| -> Vec<String> {
            let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
            list.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
        };
        Self {
            name: dir.file_name().unwrap().to_str().unwrap().to_owned(),
            setup: value["setup"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default()
                .iter()
                .map(words)
                .collect(),
            expects: if value["expects"].is_null() { json!({}) } else { value["expects"].clone() },
            fixable: value["fixable"] == true,
            without_command: value["withoutCommand"] == true,
            flags: words(&value["flags"]),
            dir,
        }
    }

    pub(crate) fn code(&self) -> &str {
        self.name.split("--").next().unwrap()
    }
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/doctor")
}

/// The broken homes that this user can lay out: only root can give a file away.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = all_cases();
    if !rustix::process::geteuid().is_root() {
        cases.retain(|case| {
            let needs_root = case.setup.iter().any(|step| step[0] == "chown");
            if needs_root {
                println!("skipped, because only root can lay it out: {}", case.name);
            }
            !needs_root
        });
    }
    cases
}

pub(crate) fn all_cases() -> Vec<Case> {
    let mut dirs: Vec<PathBuf> =
        fs::read_dir(corpus()).unwrap().flatten().map(|entry| entry.path()).collect();
    dirs.sort();
    dirs.retain(|dir| dir.file_name().unwrap() != "healthy");
    dirs.into_iter().map(Case::read).collect()
}

/// Lays out the healthy home, and a case on top of it.
pub(crate) fn lay_out(case: Option<&Case>) -> Home {
    let mut home = Home::new();
    let tmp = home.path().join("tmp").to_str().unwrap().to_owned();
    home = home.env("TMPDIR", &tmp);
    let healthy = Case::read(corpus().join("healthy"));
    for case in [Some(&healthy), case].into_iter().flatten() {
        let files = case.dir.join("home");
        if files.is_dir() {
            copy(&files, home.path(), &home);
        }
        for step in &case.setup {
            let words: Vec<&str> = step.iter().map(String::as_str).collect();
            home = perform_in(&case.dir, &words, home);
        }
    }
    home
}

fn copy(from: &Path, to: &Path, home: &Home) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, Permissions::from_mode(0o700)).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target, home);
        } else {
            put(&target, &filled_in(&fs::read_to_string(&path).unwrap(), home));
        }
    }
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // A lock of the healthy home, say, or a link.
    let _ = fs::remove_file(path);
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

/// Puts in moments (`"@now+3d"` in milliseconds, `"@seconds+3d"`) and the home directory (`@HOME@`).
fn filled_in(text: &str, home: &Home) -> String {
    let text = text.replace("@HOME@", home.path().to_str().unwrap());
    let mut pieces = text.split("\"@");
    let mut filled = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (word, rest) = piece.split_once('"').unwrap();
        let (unit, span) = word
            .strip_prefix("now")
            .map(|span| (1.0, span))
            .or(word.strip_prefix("seconds").map(|span| (1000.0, span)))
            .unwrap();
        filled += &format!("{:.0}{rest}", moment(span).as_millis() / unit);
    }
    filled
}

fn moment(span: &str) -> Timestamp {
    clock::parse_at(span).unwrap().resolve(clock::now())
}

/// Takes a step that needs no file of a case.
pub(crate) fn perform(words: &[&str], home: Home) -> Home {
    perform_in(&corpus(), words, home)
}

fn perform_in(dir: &Path, words: &[&str], home: Home) -> Home {
    let at = |path: &str| home.path().join(path);
    let mode = |text: &str| Permissions::from_mode(u32::from_str_radix(text, 8).unwrap());
    match words {
        ["chmod", bits, path] => fs::set_permissions(at(path), mode(bits)).unwrap(),
        ["chown", owner, path] => chown(at(path), Some(owner.parse().unwrap()), None).unwrap(),
        ["age", span, path] => make_older(&at(path), span),
        ["symlink", target, path] => {
            let _ = fs::remove_file(at(path));
            symlink(filled_in(target, &home), at(path)).unwrap();
        }
        ["rename", from, to] => {
            fs::create_dir_all(at(to).parent().unwrap()).unwrap();
            fs::rename(at(from), at(to)).unwrap();
        }
        ["remove", path] if at(path).is_dir() => fs::remove_dir_all(at(path)).unwrap(),
        ["remove", path] => fs::remove_file(at(path)).unwrap(),
        ["mkdir", path] => {
            fs::create_dir_all(at(path)).unwrap();
            fs::set_permissions(at(path), mode("0700")).unwrap();
        }
        ["write", path, text] => put(&at(path), &filled_in(text, &home)),
        ["sqlite", path, script] => {
            let sql = filled_in(&fs::read_to_string(dir.join(script)).unwrap(), &home);
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            rusqlite::Connection::open(at(path)).unwrap().execute_batch(&sql).unwrap();
            fs::set_permissions(at(path), mode("0600")).unwrap();
        }
        ["lock", path, kind] => lock(&at(path), kind),
        ["remember", what, profile, token] => remember(&home, what, profile, token),
        ["time server", span, path, text] => {
            let port = time_server(moment(span)).to_string();
            put(&at(path), &text.replace("@PORT@", &port));
        }
        ["environment", name, value] => {
            let value = filled_in(value, &home);
            return home.env(name, &value);
        }
        _ => panic!("{}: no such step: {words:?}", dir.display()),
    }
    home
}

/// A server that answers `GET /` with the time, and nothing else. It runs as long as the tests.
pub(crate) fn time_server(time: Timestamp) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let date = clock::date(time).unwrap().format("%a, %d %b %Y %H:%M:%S GMT");
    let answer =
        format!("HTTP/1.1 404 Not Found\r\ndate: {date}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut lines = BufReader::new(connection.try_clone().unwrap()).lines().map_while(Result::ok);
            let asked = lines.next().unwrap_or_default();
            let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let is_plain = !headers.iter().any(|line| line.to_lowercase().starts_with("authorization"));
            if asked == "GET / HTTP/1.1" && is_plain {
                let _ = connection.write_all(answer.as_bytes());
            }
        }
    });
    port
}

fn make_older(path: &Path, span: &str) {
    let then = SystemTime::now() - humantime::parse_duration(span).unwrap();
    let times = FileTimes::new().set_modified(then).set_accessed(then);
    File::open(path).unwrap().set_times(times).unwrap();
}

/// Writes a lock: of a process at work, of one that holds it for too long, of one that has ended, or one that
/// nobody can prove stale.
fn lock(path: &Path, kind: &str) {
    let own = std::process::id();
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let started: u64 =
        stat.rsplit_once(')').unwrap().1.split_whitespace().nth(22 - 3).unwrap().parse().unwrap();
    let (pid, starttime, age) = match kind {
        "working" => (own, Some(started), "0s"),
        "held" => (own, Some(started), "1h"),
        "dead" => (dead_process(), Some(1), "1h"),
        "dying" => (dead_process(), Some(1), "10s"),
        "reused" => (own, Some(started - 1), "1h"),
        "wedged" => (own, None, "3000days"),
        _ => panic!("no such lock: {kind}"),
    };
    let taken = clock::date(moment(&format!("-{age}"))).unwrap();
    let mut payload =
        json!({ "pid": pid, "createdAt": taken.to_rfc3339_opts(chrono::SecondsFormat::Millis, true) });
    if let Some(starttime) = starttime {
        payload["starttime"] = json!(starttime);
    }
    put(path, &format!("{payload:#}\n"));
    make_older(path, age);
}

pub(crate) fn dead_process() -> u32 {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id()
}

/// Writes what authwatch remembers of a login.
fn remember(home: &Home, what: &str, profile: &str, token: &str) {
    let mut memory = Memory::read(&home.path().join(".local/state/authwatch")).unwrap();
    memory.prepare().unwrap();
    let (name, since) = (memory.fingerprint(token), moment("-5h"));
    memory
        .remember(&name, clock::now(), |record| {
            profile.clone_into(&mut record.profile);
            let failing = |reason: &str, blocked| Failing {
                reason: reason.to_owned(),
                blocked,
                since,
                times: 9,
                next_attempt: moment("+1m"),
                backoff: Span::from_mins(1.0),
            };
            match what {
                "dead" => record.refused = Some(Refused { reason: LoginReason::RefreshTokenReused, since }),
                "failing" => record.failing = Some(failing("server_error", None)),
                "blocked" => record.failing = Some(failing("challenged", Some(LoginReason::Challenged))),
                _ => panic!("no such memory: {what}"),
            }
        })
        .unwrap();
}

/// Everything below a directory: kinds, modes, owners, and contents by path, but not the times.
pub(crate) fn contents(root: &Path) -> BTreeMap<PathBuf, String> {
    let (mut found, mut open) = (BTreeMap::new(), vec![root.to_path_buf()]);
    while let Some(dir) = open.pop() {
        for path in fs::read_dir(&dir).unwrap().flatten().map(|entry| entry.path()) {
            let metadata = path.symlink_metadata().unwrap();
            let content = match () {
                () if metadata.is_symlink() => fs::read_link(&path).unwrap().display().to_string(),
                () if metadata.is_file() => format!("{:?}", fs::read(&path).unwrap()),
                () => String::new(),
            };
            if metadata.is_dir() {
                open.push(path.clone());
            }
            let stamp = format!("{:o} {} {content}", metadata.mode(), metadata.uid());
            found.insert(path.strip_prefix(root).unwrap().to_owned(), stamp);
        }
    }
    found
}

/// The paths that differ.
pub(crate) fn changed(before: &BTreeMap<PathBuf, String>, after: &BTreeMap<PathBuf, String>) -> Vec<PathBuf> {
    let paths = before.keys().chain(after.keys());
    paths.filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}

/// Where backups are.
pub(crate) const BACKUPS: &str = ".local/state/authwatch/backups";

/// Whether a path is a backup, or one of the directories they are in.
pub(crate) fn is_backup(path: &Path) -> bool {
    path.starts_with(BACKUPS) || Path::new(BACKUPS).starts_with(path)
}

/// The codes in a report of findings.
/// The codes of what was found, besides that OpenClaw's own check answers otherwise: that depends on the assumed release.
pub(crate) fn codes_of_problems(ran: &Ran) -> Vec<String> {
    codes(ran).into_iter().filter(|code| code != "check-differs").collect()
}

pub(crate) fn codes(ran: &Ran) -> Vec<String> {
    let report = ran.json();
    assert_eq!(report["formatVersion"], 1);
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["code"].as_str().unwrap().to_owned())
        .collect()
}
