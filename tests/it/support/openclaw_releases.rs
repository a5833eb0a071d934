//! Releases of OpenClaw: each is fetched once from npm into the target directory, and runs without a network.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use openclaw_auth::release::Version;
use serde_json::{Value, json};

use crate::support::deploy_tools::output;
use crate::support::home::Home;

/// The runtime of the releases. Debian's is older than the newest releases accept.
const NODE: &str = "24.21.0";

/// One of each set of rules that is still met: every login counts, the providers in use do, the selected logins do.
pub(crate) const GENERATIONS: [&str; 3] = ["2026.4.29", "2026.6.11", NEWEST];
pub(crate) const NEWEST: &str = "2026.9.6";

/// How a release keeps its stores.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stores {
    Json,
    Agents,
    Shared,
}

pub(crate) struct Release {
    pub(crate) version: String,
    pub(crate) stores: Stores,
    number: Version,
}

impl Release {
    pub(crate) fn of(version: &str) -> Self {
        let number = Version::parse(version).unwrap_or_else(|| panic!("{version} is no release's number"));
        let stores = match number {
            json if json < Version::DATABASES => Stores::Json,
            agents if agents < Version::new(2026, 8, 0) => Stores::Agents,
            _ => Stores::Shared,
        };
        Self { version: version.to_owned(), stores, number }
    }

    /// Such as `2026.9`.
    pub(crate) fn month(&self) -> String {
        format!("{}.{}", self.number.year, self.number.month)
    }

    /// What runs OpenAI's models is a package of its own since 2026.9: without it none of them can be used.
    fn codex(&self) -> Option<String> {
        (self.number >= Version::new(2026, 9, 0)).then(|| format!("@openclaw/codex@{}", self.month()))
    }

    /// Its packages, fetched if need be.
    fn modules(&self) -> PathBuf {
        let packages = [format!("openclaw@{}", self.version)].into_iter().chain(self.codex());
        modules(&self.version, &packages.collect::<Vec<_>>())
    }

    /// The part of the configuration that has what runs OpenAI's models, where that is a plugin.
    pub(crate) fn plugins(&self) -> Option<Value> {
        self.codex().map(|_| {
            let path = self.modules().join("@openclaw/codex");
            json!({ "load": { "paths": [path] }, "entries": { "codex": { "enabled": true } } })
        })
    }

    /// The words that start it without a network, before its arguments.
    fn start(&self) -> Vec<String> {
        let is_root = rustix::process::geteuid().is_root();
        let unshare =
            if is_root { &["unshare", "--net"][..] } else { &["unshare", "--net", "--map-root-user"] };
        let program = [node(), self.modules().join("openclaw/openclaw.mjs")];
        let program = program.iter().map(|path| path.to_str().unwrap());
        unshare.iter().copied().chain(program).map(str::to_owned).collect()
    }

    /// A script that starts it, with the arguments it is given.
    pub(crate) fn script(&self) -> String {
        format!("#!/bin/sh\nexec '{}' \"$@\"\n", self.start().join("' '"))
    }

    /// Lets a command that starts it run in a home.
    pub(crate) fn set_environment(command: &mut Command, home: &Home) {
        home.set_environment(command);
        command.env("NODE_COMPILE_CACHE", directory().join("compile-cache")).stdin(Stdio::null());
    }

    /// Its command line, about to run in a home with the clock at a moment in Unix milliseconds.
    pub(crate) fn command(&self, home: &Home, now: i64, arguments: &[&str]) -> Command {
        let clock = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/frozen_clock.mjs");
        let start = self.start();
        let mut command = Command::new(&start[0]);
        command.args(&start[1..]).args(arguments);
        Self::set_environment(&mut command, home);
        command.env("NODE_OPTIONS", format!("--import \"{clock}\"")).env("TEST_CLOCK", now.to_string());
        command
    }
}

fn node() -> PathBuf {
    let machine = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => panic!("no package has Node for {other}"),
    };
    let package = format!("node-linux-{machine}");
    modules(&format!("node-{NODE}"), &[format!("{package}@{NODE}")]).join(package).join("bin/node")
}

fn directory() -> &'static Path {
    Path::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/openclaw"))
}

/// The `node_modules` of npm packages, installed together and only once, whichever tests need them first.
fn modules(name: &str, packages: &[String]) -> PathBuf {
    static PLACES: Mutex<BTreeMap<String, Arc<OnceLock<PathBuf>>>> = Mutex::new(BTreeMap::new());
    let place = PLACES.lock().unwrap().entry(name.to_owned()).or_default().clone();
    let install = || {
        let (place, unfinished) = (directory().join(name), directory().join(format!("{name}.unfinished")));
        if !place.exists() {
            if unfinished.exists() {
                fs::remove_dir_all(&unfinished).unwrap();
            }
            fs::create_dir_all(&unfinished).unwrap();
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"])
                .args(["--omit=optional", "--legacy-peer-deps", "--prefix"])
                .arg(&unfinished)
                .args(packages);
            output(npm);
            // A plugin that has no link of its own to OpenClaw is refused.
            let plugin = unfinished.join("node_modules/@openclaw/codex");
            if plugin.exists() {
                fs::create_dir_all(plugin.join("node_modules")).unwrap();
                symlink("../../../openclaw", plugin.join("node_modules/openclaw")).unwrap();
            }
            fs::rename(&unfinished, &place).unwrap();
        }
        place.join("node_modules")
    };
    place.get_or_init(install).clone()
}
