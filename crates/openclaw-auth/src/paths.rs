//! Where OpenClaw keeps things, resolved from the environment the way OpenClaw does.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The environment variables that decide where things are.
pub mod variables {
    /// The user's home directory.
    pub const HOME: &str = "HOME";
    /// Stands in for `HOME` where OpenClaw is concerned.
    pub const OPENCLAW_HOME: &str = "OPENCLAW_HOME";
    /// OpenClaw's state directory.
    pub const OPENCLAW_STATE_DIR: &str = "OPENCLAW_STATE_DIR";
    /// OpenClaw's configuration.
    pub const OPENCLAW_CONFIG_PATH: &str = "OPENCLAW_CONFIG_PATH";
    /// The main agent's directory.
    pub const OPENCLAW_AGENT_DIR: &str = "OPENCLAW_AGENT_DIR";
    /// The older name of it.
    pub const PI_CODING_AGENT_DIR: &str = "PI_CODING_AGENT_DIR";
    /// Directories outside of the configuration's that it may include files from, separated by colons.
    pub const OPENCLAW_INCLUDE_ROOTS: &str = "OPENCLAW_INCLUDE_ROOTS";
    /// The directory of the legacy `oauth.json`.
    pub const OPENCLAW_OAUTH_DIR: &str = "OPENCLAW_OAUTH_DIR";
    /// Codex CLI's directory.
    pub const CODEX_HOME: &str = "CODEX_HOME";
    /// Where this program's configuration is kept.
    pub const XDG_CONFIG_HOME: &str = "XDG_CONFIG_HOME";
    /// Where systemd keeps a service's state.
    pub const STATE_DIRECTORY: &str = "STATE_DIRECTORY";
    /// Where this program's state is kept otherwise.
    pub const XDG_STATE_HOME: &str = "XDG_STATE_HOME";
}

/// A variable of this process. Where no `HOME` is set, as in what a machine starts at boot, it is what the system knows of the
/// user, as it is for OpenClaw (Node's `os.homedir()`).
#[must_use]
pub fn of_process(name: &str) -> Option<OsString> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty());
    if name != variables::HOME {
        return value;
    }
    value.or_else(|| std::env::home_dir().map(PathBuf::into_os_string)).filter(|home| !home.is_empty())
}

/// OpenClaw's places on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots {
    /// The user's home directory, where the CLIs keep their logins.
    pub home: PathBuf,
    /// The state directory.
    pub state: PathBuf,
    /// `openclaw.json`.
    pub config: PathBuf,
    /// Variables that OpenClaw takes from beside its own `.env`, unless its state directory has been moved.
    pub gateway_env: Option<PathBuf>,
    /// Further directories that the configuration may include files from.
    pub include: Vec<PathBuf>,
    /// The main agent's directory, if it is moved.
    pub main_agent: Option<PathBuf>,
    /// The directory of the legacy `oauth.json`.
    pub oauth: PathBuf,
    /// Codex CLI's directory.
    pub codex: PathBuf,
    /// The directory of the user's own configuration files, those of services among them.
    pub user_config: PathBuf,
    tilde: PathBuf,
}

impl Roots {
    /// Resolves all places from the process's environment; `state` overrides what it says of the state directory.
    #[must_use]
    pub fn from_process(state: Option<&Path>) -> Self {
        Self::resolve(of_process, state)
    }

    /// Resolves all places from the given variables.
    #[must_use]
    pub fn resolve(variable: impl Fn(&str) -> Option<OsString>, state: Option<&Path>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let home = set(variables::HOME).map_or_else(|| PathBuf::from("/"), PathBuf::from);
        let tilde =
            set(variables::OPENCLAW_HOME).map_or_else(|| home.clone(), |dir| expand(dir.as_ref(), &home));
        let place = |name: &str| set(name).map(|path| expand(path.as_ref(), &tilde));
        let state = state
            .map(Path::to_path_buf)
            .or_else(|| place(variables::OPENCLAW_STATE_DIR))
            .unwrap_or_else(|| default_state(&tilde));
        let config = place(variables::OPENCLAW_CONFIG_PATH).unwrap_or_else(|| default_config(&state));
        let is_moved = state != tilde.join(".openclaw") && state != default_state(&tilde);
        let include = set(variables::OPENCLAW_INCLUDE_ROOTS);
        let include = include.iter().flat_map(|list| std::env::split_paths(list));
        Self {
            config,
            gateway_env: (!is_moved).then(|| tilde.join(".config/openclaw/gateway.env")),
            include: include.map(|dir| expand(&dir, &tilde)).filter(|dir| dir.is_absolute()).collect(),
            main_agent: place(variables::OPENCLAW_AGENT_DIR)
                .or_else(|| place(variables::PI_CODING_AGENT_DIR)),
            oauth: place(variables::OPENCLAW_OAUTH_DIR).unwrap_or_else(|| state.join("credentials")),
            codex: place(variables::CODEX_HOME).unwrap_or_else(|| home.join(".codex")),
            user_config: set(variables::XDG_CONFIG_HOME).map_or_else(|| home.join(".config"), PathBuf::from),
            home,
            state,
            tilde,
        }
    }

    /// Whether it is the state directory that OpenClaw uses without being told.
    #[must_use]
    pub fn is_default_state(&self) -> bool {
        std::path::absolute(&self.state).is_ok_and(|state| state == default_state(&self.home))
    }

    /// The name of the profile (`openclaw --profile NAME`) whose state directory it is.
    #[must_use]
    pub fn profile(&self) -> Option<String> {
        let state = std::path::absolute(&self.state).ok()?;
        let is_beside = state.parent() == Some(self.home.as_path());
        let name = state.file_name()?.to_str()?.strip_prefix(".openclaw-")?;
        let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
        (is_beside && !name.is_empty() && name.chars().all(is_plain)).then(|| name.to_owned())
    }

    /// Expands a leading `~` of a configured path.
    #[must_use]
    pub fn expand(&self, path: &str) -> PathBuf {
        expand(Path::new(path), &self.tilde)
    }

    /// The shared database of 2026.8 and later.
    #[must_use]
    pub fn shared_database(&self) -> PathBuf {
        self.state.join("state").join("openclaw.sqlite")
    }

    /// The variables a service of OpenClaw's is given.
    #[must_use]
    pub fn dotenv(&self) -> PathBuf {
        self.state.join(".env")
    }

    /// Where agents are whose directory the configuration does not name.
    #[must_use]
    pub fn agents(&self) -> PathBuf {
        self.state.join("agents")
    }

    /// An agent's directory when the configuration names none.
    #[must_use]
    pub fn agent_dir(&self, id: &str) -> PathBuf {
        let mut dir =
            PathBuf::with_capacity(self.state.as_os_str().len() + id.len() + "/agents//agent".len());
        dir.extend([self.state.as_path(), "agents".as_ref(), id.as_ref(), "agent".as_ref()]);
        dir
    }
}

fn default_state(home: &Path) -> PathBuf {
    let (current, legacy) = (home.join(".openclaw"), home.join(".clawdbot"));
    if !current.exists() && legacy.is_dir() { legacy } else { current }
}

fn default_config(state: &Path) -> PathBuf {
    let (current, legacy) = (state.join("openclaw.json"), state.join("clawdbot.json"));
    if !current.exists() && legacy.exists() { legacy } else { current }
}

fn expand(path: &Path, home: &Path) -> PathBuf {
    match path.strip_prefix("~") {
        Ok(rest) if rest.as_os_str().is_empty() => home.to_path_buf(),
        Ok(rest) => home.join(rest),
        Err(_) => path.to_path_buf(),
    }
}

/// This program's own configuration file, where `--config` names none.
#[must_use]
pub fn own_config(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let dir = set(variables::XDG_CONFIG_HOME)
        .map(PathBuf::from)
        .or_else(|| set(variables::HOME).map(|home| Path::new(&home).join(".config")))?;
    Some(dir.join("authwatch").join("config.toml"))
}

/// This program's own state directory, by the process's environment.
#[must_use]
pub fn own_state_of_process() -> Option<PathBuf> {
    own_state(of_process)
}

/// This program's own state directory: systemd's, else the user's.
#[must_use]
pub fn own_state(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    if let Some(systemd) = set(variables::STATE_DIRECTORY) {
        return std::env::split_paths(&systemd).next();
    }
    let dir = set(variables::XDG_STATE_HOME)
        .map(PathBuf::from)
        .or_else(|| set(variables::HOME).map(|home| Path::new(&home).join(".local/state")))?;
    Some(dir.join("authwatch"))
}

/// Where OpenClaw keeps the locks of refreshes in progress.
#[must_use]
pub fn refresh_locks(state: &Path) -> PathBuf {
    state.join("locks").join("oauth-refresh")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots(variables: &[(&str, &str)]) -> Roots {
        let lookup = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        };
        Roots::resolve(lookup, None)
    }

    #[test]
    fn every_place_can_be_moved() {
        let plain = roots(&[("HOME", "/home/u")]);
        assert_eq!(plain.state, Path::new("/home/u/.openclaw"));
        assert_eq!(plain.config, Path::new("/home/u/.openclaw/openclaw.json"));
        assert_eq!(plain.oauth, Path::new("/home/u/.openclaw/credentials"));
        assert_eq!(plain.codex, Path::new("/home/u/.codex"));
        assert_eq!(plain.gateway_env.as_deref(), Some(Path::new("/home/u/.config/openclaw/gateway.env")));
        let moved = roots(&[
            ("HOME", "/home/u"),
            ("OPENCLAW_HOME", "~/claw"),
            ("OPENCLAW_CONFIG_PATH", "~/c.json"),
            ("PI_CODING_AGENT_DIR", "/old"),
            ("OPENCLAW_STATE_DIR", ""),
        ]);
        assert_eq!(moved.state, Path::new("/home/u/claw/.openclaw"));
        assert_eq!(moved.config, Path::new("/home/u/claw/c.json"));
        assert_eq!(moved.main_agent.as_deref(), Some(Path::new("/old")));
        assert_eq!(moved.expand("~/x"), Path::new("/home/u/claw/x"));
        let elsewhere =
            roots(&[("HOME", "/h"), ("OPENCLAW_STATE_DIR", "~/s"), ("OPENCLAW_INCLUDE_ROOTS", "/a:b:~/c")]);
        assert_eq!((elsewhere.state.as_path(), &elsewhere.gateway_env), (Path::new("/h/s"), &None));
        assert_eq!(elsewhere.include, [Path::new("/a"), Path::new("/h/c")]);
    }
}
