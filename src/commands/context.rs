//! What every command starts from: its global flags, the configuration, OpenClaw's places, authwatch's own, and a runtime.

use std::ffi::OsString;
use std::future::Future;
use std::path::{Path, PathBuf};

use clap::{Args, ColorChoice};
use openclaw_auth::discover::{self, Discovery};
use openclaw_auth::paths::{self, Roots};
use tokio::runtime::Runtime;

use crate::config::{self, Config};
use crate::exit::{self, Failure};
use crate::logging::{LogFormat, LogLevel};

/// Flags every command takes.
#[derive(Debug, Args)]
pub struct GlobalArgs {
    /// OpenClaw's state directory [default: as OpenClaw finds it, usually ~/.openclaw]
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// authwatch's own configuration [default: ~/.config/authwatch/config.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The least severe log lines to show on stderr
    #[arg(long, global = true, value_name = "LEVEL", default_value = "warn")]
    pub log_level: LogLevel,
    /// How log lines look
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
}

impl GlobalArgs {
    /// OpenClaw's places, by these flags, the configuration, and the environment.
    #[must_use]
    pub fn roots(&self, config: &Config) -> Roots {
        Roots::from_process(self.state_dir.as_deref().or(config.state_dir.as_deref()))
    }
}

/// The configuration, and OpenClaw's places.
#[derive(Debug)]
pub struct Context {
    /// authwatch's configuration.
    pub config: Config,
    /// OpenClaw's places.
    pub roots: Roots,
}

impl Context {
    /// Reads the configuration and resolves the places.
    pub fn load(global: &GlobalArgs) -> Result<Self, Failure> {
        let config = Config::load(global.config.as_deref())?;
        let roots = global.roots(&config);
        Ok(Self { config, roots })
    }

    /// The same for commands that can do nothing without OpenClaw's state directory.
    pub fn with_state_directory(global: &GlobalArgs) -> Result<Self, Failure> {
        let context = Self::load(global)?;
        if context.roots.state.is_dir() { Ok(context) } else { Err(no_state_directory(&context.roots)) }
    }

    /// Finds the agents.
    #[must_use]
    pub fn discover(&self) -> Discovery {
        discover::discover(&self.roots, environment())
    }
}

/// What it means that OpenClaw's state directory is not there.
#[must_use]
pub fn no_state_directory(roots: &Roots) -> Failure {
    let problem = format!("there is no OpenClaw state directory at `{}`", roots.state.display());
    let others = if rustix::process::geteuid().is_root() { homes_with_openclaw() } else { Vec::new() };
    Failure::new(exit::NO_INPUT, problem).hint(match others.as_slice() {
        [] => "give --state-dir or set OPENCLAW_STATE_DIR".to_owned(),
        others => format!("other users have one: give --state-dir {}", others.join(", or --state-dir ")),
    })
}

/// State directories of other users, for root, who has none: services run as somebody else.
fn homes_with_openclaw() -> Vec<String> {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let homes = users.lines().filter_map(|line| line.split(':').nth(5));
    let mut states: Vec<String> =
        homes.map(|home| format!("{home}/.openclaw")).filter(|state| Path::new(state).is_dir()).collect();
    states.sort_unstable();
    states.dedup();
    states.truncate(5);
    states
}

/// What it means that there is no agent of a name.
#[must_use]
pub fn unknown_agent<'a>(name: &str, roots: &Roots, known: impl Iterator<Item = &'a str>) -> Failure {
    let problem = format!("there is no agent `{name}` in `{}`", roots.state.display());
    Failure::new(exit::NO_INPUT, problem).hint(match config::nearest(name, known) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "`authwatch status --format plain | cut -f1 | sort -u` lists the agents".to_owned(),
    })
}

/// authwatch's own state directory. `what` is what would be kept there.
pub fn own_state(what: &str) -> Result<PathBuf, Failure> {
    paths::own_state_of_process().ok_or_else(|| {
        Failure::new(exit::CONFIGURATION, format!("there is no place for {what}"))
            .hint("set HOME, XDG_STATE_HOME or STATE_DIRECTORY")
    })
}

/// The process's environment, as far as it is text.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text)
}

/// One thread runs everything that waits.
pub fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(exit::INTERNAL, "cannot start the runtime").caused_by(error))
}

/// Runs what waits for locks and networks.
pub fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = runtime()?;
    let result = runtime.block_on(work);
    // A thread may still wait for input that nobody needs any more.
    runtime.shutdown_background();
    Ok(result)
}
