//! Reading the configuration again, while everything goes on.

use std::path::Path;

use super::{Daemon, names, systemd};
use crate::clock;
use crate::config::Config;
use crate::model::{Event, EventKind};
use crate::pipeline::Cache;

impl Daemon {
    pub(super) fn config_path(&self) -> Option<&Path> {
        self.options.config_file.as_ref().map(|file| file.path.as_path())
    }

    pub(super) fn config_stamp(&self) -> Option<std::time::SystemTime> {
        std::fs::metadata(self.config_path()?).and_then(|metadata| metadata.modified()).ok()
    }

    /// Reads the configuration again. A wrong one is refused, and the old one goes on. What is bound stays bound.
    pub(super) fn reload(&mut self, why: &str) {
        let Some(file) = self.options.config_file.clone() else { return };
        systemd::reloading();
        self.config_changed = self.config_stamp();
        match Config::load(file.named.then_some(&file.path)) {
            Ok(mut config) => {
                self.options.flags.lay_over(&mut config);
                self.metrics.name_profiles(names(&config));
                self.cache = Cache::default();
                self.options.config = config;
                self.renew_channels();
                self.configuration_is_good = true;
                tracing::info!("read the configuration again {why}");
                self.options.config.warn_of_removed();
                self.remember(Event {
                    at: clock::now(),
                    kind: EventKind::Configuration,
                    agent: None,
                    profile: None,
                    text: "the configuration was read again".to_owned(),
                });
            }
            Err(failure) => {
                self.configuration_is_good = false;
                let failure = failure.in_one_line();
                tracing::warn!("{failure}; the configuration stays as it was");
                self.remember(Event {
                    at: clock::now(),
                    kind: EventKind::Configuration,
                    agent: None,
                    profile: None,
                    text: format!("the configuration was refused: {failure}"),
                });
            }
        }
        systemd::ready();
    }
}
