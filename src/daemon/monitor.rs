//! What the daemon keeps from pass to pass.

use super::notifications::Notifications;
use super::options::{Configuration, Options};
use super::publisher::Publisher;
use super::renewals::Renewals;
use super::scanner::Scanner;
use super::systemd::Service;
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
}
