//! Reports to systemd; does nothing if systemd does not ask.

use std::cell::OnceCell;
use std::net::SocketAddr;
use std::time::Duration;

use sd_notify::NotifyState;

use crate::model::Snapshot;
use crate::texts::{counted, text};

/// The daemon as systemd sees it.
#[derive(Default)]
pub(super) struct Service {
    /// The address the page is served on; `None` for a single pass.
    pub(super) address: Option<SocketAddr>,
    ready: OnceCell<()>,
}

impl Service {
    /// Reports once that the daemon is ready, and each time the number of logins by state.
    pub(super) fn report(&self, snapshot: Option<&Snapshot>) {
        let Some(address) = self.address else { return };
        self.ready.get_or_init(ready);
        if let Some(snapshot) = snapshot {
            let counts = snapshot.summary;
            let agents = counted("agents", snapshot.agents.len());
            let line = text(
                "status-line",
                &[
                    ("agents", &agents),
                    ("valid", &counts.valid),
                    ("expiring", &counts.expiring),
                    ("missing", &counts.missing),
                ],
            );
            report(&[NotifyState::Status(&format!("{line}; http://{address}/"))]);
        }
        if watchdog().is_some() {
            report(&[NotifyState::Watchdog]);
        }
    }
}

fn report(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("cannot notify systemd: {error}");
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

/// How long systemd waits for a watchdog notification.
pub(super) fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}
