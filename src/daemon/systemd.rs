//! Reports to systemd; does nothing if systemd does not ask.

use std::cell::OnceCell;
use std::net::SocketAddr;
use std::time::Duration;

use sd_notify::NotifyState;

use crate::model::Snapshot;

/// The daemon as systemd sees it.
#[derive(Default)]
pub(super) struct Service {
    /// The address the page is served on; `None` for a single pass.
    pub(super) address: Option<SocketAddr>,
    ready: OnceCell<()>,
}

impl Service {
    /// Reports that the daemon is ready, once there is a snapshot or a reason why there is none, and how logins are.
    pub(super) fn report(&self, snapshot: Option<&Snapshot>) {
        let Some(address) = self.address else { return };
        self.ready.get_or_init(ready);
        if let Some(snapshot) = snapshot {
            let summary = snapshot.summary;
            status(&format!(
                "{} agents: {} valid, {} expiring, {} missing; http://{address}/",
                snapshot.agents.len(),
                summary.valid,
                summary.expiring,
                summary.missing
            ));
        }
        alive();
    }
}

fn report(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd cannot be told: {error}");
    }
}

/// Serving, and the first pass is done; or done with reloading.
pub(super) fn ready() {
    report(&[NotifyState::Ready]);
}

pub(super) fn reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        report(&[NotifyState::Reloading, now]);
    }
}

pub(super) fn stopping() {
    report(&[NotifyState::Stopping]);
}

/// One line for `systemctl status`.
fn status(text: &str) {
    report(&[NotifyState::Status(text)]);
}

fn alive() {
    if watchdog().is_some() {
        report(&[NotifyState::Watchdog]);
    }
}

/// How long systemd waits for a sign of life.
pub(super) fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}
