//! What every command starts from: global flags, the configuration, OpenClaw's and authwatch's directories, and a runtime.

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
use crate::publish::words::safe;
use crate::remedy::quote;

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
    /// OpenClaw's directories, from the flags, the configuration, and the environment.
    pub fn roots(&self, config: &Config) -> Roots {
        Roots::from_process(self.state_dir.as_deref().or(config.state_dir.as_deref()))
    }
}

#[derive(Debug)]
pub struct Context {
    pub config: Config,
    pub roots: Roots,
}

impl Context {
    pub fn load(global: &GlobalArgs) -> Result<Self, Failure> {
        let config = Config::load(global.config.as_deref())?;
        let roots = global.roots(&config);
        Ok(Self { config, roots })
    }

    /// The same for commands that need OpenClaw's state directory.
    pub fn with_state_directory(global: &GlobalArgs) -> Result<Self, Failure> {
        let context = Self::load(global)?;
        if context.roots.state.is_dir() { Ok(context) } else { Err(no_state_directory(&context.roots)) }
    }

    pub fn discover(&self) -> Discovery {
        discover::discover(&self.roots, environment())
    }
}

/// The failure without an OpenClaw state directory. Services often run as another user, so root is shown who has one.
pub fn no_state_directory(roots: &Roots) -> Failure {
    let problem = format!("there is no OpenClaw state directory at `{}`", roots.state.display());
    let is_root = rustix::process::geteuid().is_root();
    let passwd =
        if is_root { std::fs::read_to_string("/etc/passwd").unwrap_or_default() } else { String::new() };
    let users = users_with_openclaw(&passwd, Path::is_dir);
    let commands: Vec<String> = users
        .iter()
        .map(|(user, state)| format!("user {user}: authwatch status --state-dir {}", quote(state)))
        .collect();
    Failure::new(exit::NO_INPUT, problem).hint(match commands.as_slice() {
        [] => "give --state-dir or set OPENCLAW_STATE_DIR".to_owned(),
        commands => format!("other users have one; for {}", commands.join(", for ")),
    })
}

/// The users in `passwd` whose homes have an OpenClaw state directory, with its path; five at most.
fn users_with_openclaw(passwd: &str, is_dir: impl Fn(&Path) -> bool) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in passwd.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let (Some(user), Some(home)) = (fields.first(), fields.get(5)) else { continue };
        let state = format!("{home}/.openclaw");
        // Several users may share one home.
        if is_dir(Path::new(&state)) && !found.iter().any(|(_, known)| *known == state) {
            found.push((safe(user), state));
        }
    }
    found.truncate(5);
    found
}

pub fn unknown_agent<'a>(name: &str, roots: &Roots, known: impl Iterator<Item = &'a str>) -> Failure {
    let problem = format!("there is no agent `{name}` in `{}`", roots.state.display());
    Failure::new(exit::NO_INPUT, problem).hint(match config::nearest(name, known) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "`authwatch status --format plain | cut -f1 | sort -u` lists the agents".to_owned(),
    })
}

/// authwatch's own state directory; an error names what cannot be kept there.
pub fn own_state(what: &str) -> Result<PathBuf, Failure> {
    paths::own_state_of_process().ok_or_else(|| {
        Failure::new(exit::CONFIGURATION, format!("no directory for {what}"))
            .hint("set HOME, XDG_STATE_HOME or STATE_DIRECTORY")
    })
}

/// The process's environment, without what is not UTF-8.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text)
}

/// A runtime with one thread.
pub fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(exit::INTERNAL, "cannot start the runtime").caused_by(error))
}

pub fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = runtime()?;
    let result = runtime.block_on(work);
    // A thread may still wait for input.
    runtime.shutdown_background();
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_shown_the_users_who_have_an_openclaw() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nnode:x:1000:1000:,,,:/home/node:/bin/bash\n\
            alias:x:1002:1000::/home/node:/bin/sh\nbob:x:1001:1001::/home/bob bob:/bin/sh\nbroken line\n";
        let homes = ["/home/node/.openclaw", "/home/bob bob/.openclaw"];
        let found = users_with_openclaw(passwd, |path| homes.iter().any(|home| path == Path::new(home)));
        let expected = [("node", homes[0]), ("bob", homes[1])];
        assert_eq!(found, expected.map(|(user, state)| (user.to_owned(), state.to_owned())));
        assert_eq!(users_with_openclaw(passwd, |_| false), []);
    }
}
