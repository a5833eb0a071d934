//! The daemon's options: the command line's flags over the configuration, whose file is watched.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use openclaw_auth::model::Span;
use openclaw_auth::paths::Roots;

use crate::clock::At;
use crate::config::Config;

#[derive(Clone, Debug)]
pub struct Options {
    pub roots: Roots,
    pub state_dir: PathBuf,
    /// The configuration's file, to read it again; `None` where there is none to read.
    pub config_file: Option<ConfigFile>,
    /// The configuration, with the flags laid over it.
    pub config: Config,
    /// They override every configuration that is read later.
    pub flags: Flags,
    /// Assess as of another time; only for a single pass that renews nothing.
    pub at: Option<At>,
    /// The process's environment, as far as it is text.
    pub environment: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub struct ConfigFile {
    pub path: PathBuf,
    /// Whether the user has named it. The default one may be missing.
    pub named: bool,
}

/// The command line's flags.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub listen: Option<String>,
    pub interval: Option<Span>,
    /// A file for `node_exporter`.
    pub textfile: Option<PathBuf>,
    /// Whether other machines are served without TLS or authentication.
    pub insecure_listen: bool,
    pub no_refresh: bool,
}

impl Flags {
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

pub(super) struct Configuration {
    /// Whether the file was valid when it was last read.
    pub(super) is_valid: bool,
    /// When the file was last modified, as of the last read.
    modified: Option<SystemTime>,
}

impl Configuration {
    pub(super) fn new(options: &Options) -> Self {
        Self { is_valid: true, modified: modified(options) }
    }

    pub(super) fn has_changed(&self, options: &Options) -> bool {
        modified(options) != self.modified
    }

    /// Notes that the file is about to be read.
    pub(super) fn mark_read(&mut self, options: &Options) {
        self.modified = modified(options);
    }
}

pub(super) fn configuration_path(options: &Options) -> Option<&Path> {
    options.config_file.as_ref().map(|file| file.path.as_path())
}

fn modified(options: &Options) -> Option<SystemTime> {
    std::fs::metadata(configuration_path(options)?).and_then(|metadata| metadata.modified()).ok()
}
