//! Reloads the configuration while everything goes on.

use super::monitor::Monitor;
use super::publisher::profile_names;
use super::systemd;
use crate::clock;
use crate::config::Config;
use crate::model::{Event, EventKind};
use crate::notify::Notifier;

impl Monitor {
    /// Reads the configuration again. An invalid one is refused and the old one stays in effect, as do the sockets.
    pub(super) fn reload(&mut self, why: &str) {
        let Some(file) = self.options.config_file.clone() else { return };
        systemd::reloading();
        self.configuration.mark_read(&self.options);
        match Config::load(file.named.then_some(&file.path)) {
            Ok(mut config) => {
                self.options.flags.lay_over(&mut config);
                self.publisher.metrics.name_profiles(profile_names(&config));
                self.scanner.forget();
                self.options.config = config;
                self.notifications.replace(Notifier::new(&self.options.config, &self.options.state_dir));
                self.configuration.is_valid = true;
                tracing::info!("read the configuration again {why}");
                self.options.config.warn_of_removed();
                self.record_reload("the configuration was read again".to_owned());
            }
            Err(failure) => {
                self.configuration.is_valid = false;
                let failure = failure.in_one_line();
                tracing::warn!("{failure}; the configuration stays as it was");
                self.record_reload(format!("the configuration was refused: {failure}"));
            }
        }
        systemd::ready();
    }

    fn record_reload(&mut self, text: String) {
        let kind = EventKind::Configuration;
        self.publisher.record(Event { at: clock::now(), kind, agent: None, profile: None, text });
    }
}
