//! A home directory of its own for every test, and the program run in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A home directory with an OpenClaw in it.
pub(crate) struct Home {
    dir: TempDir,
    env: BTreeMap<String, String>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), env: BTreeMap::new() }
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
        let document = serde_json::json!({ "version": 1, "profiles": profiles });
        let path = format!(".openclaw/agents/{agent}/agent/auth-profiles.json");
        self.file(&path, format!("{document:#}\n"))
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The program, about to run in this home with nothing else in its environment but `PATH`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_authwatch"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("TZ", "UTC")
            .envs(&self.env)
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    /// Everything below the home directory: paths, kinds, modes, and contents.
    pub(crate) fn tree(&self) -> BTreeMap<PathBuf, String> {
        tree(self.path())
    }
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
