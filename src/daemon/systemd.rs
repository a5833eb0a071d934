//! What systemd is told. Nothing, where it does not ask.

use std::time::Duration;

use sd_notify::NotifyState;

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd cannot be told: {error}");
    }
}

/// Serving, and the first pass is done; or done with reloading.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
}

pub(super) fn reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
}

pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// One line for `systemctl status`.
pub(super) fn status(text: &str) {
    tell(&[NotifyState::Status(text)]);
}

pub(super) fn alive() {
    if watchdog().is_some() {
        tell(&[NotifyState::Watchdog]);
    }
}

/// How long systemd waits for a sign of life.
pub(super) fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}
