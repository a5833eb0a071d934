//! What the daemon is told, once by the command line and again and again by the configuration.

use std::path::PathBuf;

use openclaw_auth::model::Span;
use openclaw_auth::paths::Roots;

use crate::clock::At;
use crate::config::Config;

/// What the daemon is told.
#[derive(Clone, Debug)]
pub struct Options {
    pub roots: Roots,
    pub state_dir: PathBuf,
    /// The configuration's file, to read it again; `None` where there is none to read.
    pub config_file: Option<ConfigFile>,
    /// The configuration, with what the command line says laid over it.
    pub config: Config,
    /// What the command line says. It goes before whatever is read later.
    pub flags: Flags,
    /// Judge as of another time; only for a single pass that renews nothing.
    pub at: Option<At>,
    /// The process's environment, as far as it is text.
    pub environment: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub struct ConfigFile {
    pub path: PathBuf,
    /// Whether the user has named it. One that is looked for by itself may be missing.
    pub named: bool,
}

/// What the command line says about watching.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub listen: Option<String>,
    pub interval: Option<Span>,
    /// A file for `node_exporter`.
    pub textfile: Option<PathBuf>,
    /// Whether strangers may be served without TLS or authentication.
    pub insecure_listen: bool,
    /// Whether nothing is renewed.
    pub no_refresh: bool,
}

impl Flags {
    /// Lays itself over a configuration.
    pub fn lay_over(&self, config: &mut Config) {
        let watch = &mut config.watch;
        if let Some(listen) = &self.listen {
            watch.listen.clone_from(listen);
        }
        watch.interval = self.interval.or(watch.interval);
        watch.textfile = self.textfile.clone().or(watch.textfile.take());
        watch.insecure_listen |= self.insecure_listen;
        config.refresh.enabled &= !self.no_refresh;
    }
}
