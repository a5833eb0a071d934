//! What the daemon keeps from pass to pass, and takes up anew from a configuration that has changed.

use super::notifications::Notifications;
use super::options::{Configuration, Options};
use super::publisher::{Publisher, profile_names};
use super::renewals::Renewals;
use super::scanner::Scanner;
use super::systemd::{self, Service};
use crate::clock;
use crate::config::Config;
use crate::model::{Event, EventKind};
use crate::notify::Notifier;

pub(super) struct Monitor {
    pub(super) options: Options,
    pub(super) configuration: Configuration,
    pub(super) scanner: Scanner,
    pub(super) renewals: Renewals,
    pub(super) publisher: Publisher,
    pub(super) notifications: Notifications,
    pub(super) service: Service,
}

impl Monitor {
    pub(super) fn new(options: Options) -> Self {
        Self {
            configuration: Configuration::new(&options),
            scanner: Scanner::default(),
            renewals: Renewals::default(),
            publisher: Publisher::new(&options.config),
            notifications: Notifications::new(Notifier::new(&options.config, &options.state_dir)),
            service: Service::default(),
            options,
        }
    }

    /// Publishes what is known; `unchanged` if the credentials are as they were the last time.
    pub(super) fn publish(&self, unchanged: bool) {
        let (config, is_valid) = (&self.options.config, self.configuration.is_valid);
        self.publisher.publish(config, is_valid, &self.notifications.channels, unchanged);
    }

    /// The exit code of what the last pass failed to do: renew logins, or notify people.
    pub(super) fn failure(&self) -> Option<u8> {
        self.renewals.failure.or(self.notifications.failure())
    }

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
