//! A home directory of its own for every test, and the program run in it.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use openclaw_auth::paths::Roots;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The moment the tests judge by, Unix milliseconds: 2027-01-15T08:00:00Z.
pub(crate) const NOW: i64 = 1_800_000_000_000;
/// The same for `--at`.
pub(crate) const AT: &str = "1800000000000";
pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;
/// The user and group that own nothing.
const NOBODY: u32 = 65_534;

/// A store's document with these profiles.
pub(crate) fn document(profiles: &Value) -> String {
    json!({ "version": 1, "profiles": profiles }).to_string()
}

/// A token of a provider that ends so many milliseconds after [`NOW`].
pub(crate) fn token(provider: &str, ends_in: i64) -> Value {
    json!({ "type": "token", "provider": provider, "token": "t-1", "expires": NOW + ends_in })
}

/// An OAuth login with a refresh token; its access token ends so many milliseconds after [`NOW`].
pub(crate) fn oauth(provider: &str, ends_in: i64) -> Value {
    json!({ "type": "oauth", "provider": provider, "access": "a-1", "refresh": "r-1", "expires": NOW + ends_in })
}

/// A home directory with an OpenClaw in it.
pub(crate) struct Home {
    dir: TempDir,
    env: BTreeMap<String, String>,
    /// A copy of the program, where everybody may run it.
    open_copy: OnceLock<TempDir>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), env: BTreeMap::new(), open_copy: OnceLock::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path().join(".openclaw")
    }

    pub(crate) fn agent_dir(&self, agent: &str) -> PathBuf {
        self.state().join("agents").join(agent).join("agent")
    }

    pub(crate) fn store(&self, agent: &str) -> PathBuf {
        self.agent_dir(agent).join("auth-profiles.json")
    }

    /// Writes a file below the home directory.
    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(path, content);
        self
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Writes an agent's `auth-profiles.json` with these profiles.
    pub(crate) fn profiles(self, agent: &str, profiles: &Value) -> Self {
        let path = format!(".openclaw/agents/{agent}/agent/auth-profiles.json");
        self.file(&path, document(profiles))
    }

    /// What the library takes for OpenClaw's places in this home.
    pub(crate) fn roots(&self) -> Roots {
        Roots::resolve(|name| (name == "HOME").then(|| self.path().into()), None)
    }

    /// Lists agents in OpenClaw's configuration. It names no model, so OpenClaw's default one counts; that one has a key.
    pub(crate) fn listing(self, agents: &[&str]) -> Self {
        let list: Vec<Value> = agents.iter().map(|id| json!({ "id": id })).collect();
        let config = json!({ "agents": { "list": list } }).to_string();
        self.file(".openclaw/openclaw.json", config).env("OPENAI_API_KEY", "k")
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The program, about to run in this home with nothing else in its environment but `PATH`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_authwatch")), arguments)
    }

    /// The same as somebody who is not root, to whom everything is readable.
    pub(crate) fn command_without_root(&self, arguments: &[&str]) -> Command {
        if !rustix::process::geteuid().is_root() {
            return self.command(arguments);
        }
        // The clone may be in a directory that only its owner may enter, such as root's home.
        let copy = self.open_copy.get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
            // Not by this process: a program that another thread's child holds open for writing cannot be run.
            let mut copy = Command::new("install");
            copy.args(["-m", "755", env!("CARGO_BIN_EXE_authwatch")]).arg(dir.path().join("authwatch"));
            assert!(copy.status().unwrap().success());
            dir
        });
        let mut command = self.command_of(&copy.path().join("authwatch"), arguments);
        command.uid(NOBODY).gid(NOBODY);
        command
    }

    fn command_of(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        self.set_environment(&mut command);
        command
    }

    /// Lets a command run in this home with nothing else in its environment but `PATH`.
    pub(crate) fn set_environment(&self, command: &mut Command) {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("TZ", "UTC")
            .envs(&self.env)
            .current_dir(self.path());
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        run(self.command(arguments))
    }

    /// `status` as of [`NOW`].
    pub(crate) fn status(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["status", "--at", AT], arguments].concat())
    }

    /// Everything below the home directory: paths, kinds, modes, and contents.
    pub(crate) fn tree(&self) -> BTreeMap<PathBuf, String> {
        tree(self.path())
    }
}

/// Runs a command that must come to an end. What hangs fails the test instead of stopping it.
pub(crate) fn run(mut command: Command) -> Ran {
    let (done, finished) = mpsc::channel();
    let shown = format!("{command:?}");
    std::thread::spawn(move || done.send(command.output()));
    let output = finished
        .recv_timeout(Duration::from_secs(60))
        .unwrap_or_else(|_| panic!("did not come to an end: {shown}"));
    Ran::of(output.unwrap())
}

/// What a run of the program left behind.
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().unwrap_or(-1),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("no JSON ({error}): exit {}\nstdout: {}\nstderr: {}", self.code, self.stdout, self.stderr)
        })
    }

    /// The first agent of a JSON report with this id.
    pub(crate) fn agent(&self, id: &str) -> Value {
        let report = self.json();
        let agents = report["agents"].as_array().unwrap();
        agents
            .iter()
            .find(|agent| agent["id"] == id)
            .unwrap_or_else(|| panic!("no agent {id} in {report:#}"))
            .clone()
    }

    /// A profile of an agent in a JSON report.
    pub(crate) fn profile(&self, agent: &str, id: &str) -> Value {
        let agent = self.agent(agent);
        let profiles = agent["profiles"].as_array().unwrap();
        let found = profiles.iter().find(|profile| profile["profileId"] == id);
        found.unwrap_or_else(|| panic!("no profile {id} in {agent:#}")).clone()
    }
}

/// Everything below a directory: paths, kinds, modes, and contents.
pub(crate) fn tree(root: &Path) -> BTreeMap<PathBuf, String> {
    use std::os::unix::fs::MetadataExt;

    let mut found = BTreeMap::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).unwrap().flatten() {
            let (path, metadata) = (entry.path(), entry.path().symlink_metadata().unwrap());
            let content = match () {
                () if metadata.is_symlink() => std::fs::read_link(&path).unwrap().display().to_string(),
                () if metadata.is_file() && metadata.len() < 1 << 20 => {
                    format!("{:?}", std::fs::read(&path).unwrap_or_default())
                }
                () => format!("{} bytes", metadata.len()),
            };
            if metadata.is_dir() {
                open.push(path.clone());
            }
            let stamp = format!(
                "{:o} {} {}.{} {content}",
                metadata.mode(),
                metadata.ino(),
                metadata.mtime(),
                metadata.mtime_nsec()
            );
            found.insert(path, stamp);
        }
    }
    found
}

/// The ids of an agent's profiles in a report.
pub(crate) fn ids(agent: &Value) -> Vec<&str> {
    agent["profiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|profile| profile["profileId"].as_str().unwrap())
        .collect()
}

/// Whether a line fits a terminal. A command stays on one line, however long: it could not be copied otherwise.
pub(crate) fn fits(line: &str, columns: usize) -> bool {
    line.trim_start().starts_with("$ ") || line.trim_end().chars().count() <= columns
}

pub(crate) fn plain_home() -> Home {
    Home::new().profiles("main", &json!({}))
}

/// A document as it is on disk, whole.
pub(crate) fn stored(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap())
        .unwrap_or_else(|error| panic!("not whole: {error}"))
}

pub(crate) fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}
