//! The part of a pass that notifies people.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::heartbeat::Heartbeat;
use super::workers::Workers;
use crate::clock::{self, At};
use crate::exit::{self, Failure};
use crate::model::{ChannelHealth, Snapshot};
use crate::notify::{HeartbeatSignal, Notifier};

/// A single pass waits no longer for its channels; what is not delivered by then waits in the outbox.
const ONCE: Duration = Duration::from_secs(120);

pub(super) struct Notifications {
    notifier: Rc<Notifier>,
    workers: Workers,
    heartbeat: Heartbeat,
    /// How the channels are doing.
    pub(super) channels: Vec<ChannelHealth>,
    /// Whether people cannot be notified as they should be.
    is_failing: bool,
    /// Where workers report attempts; `None` for a single pass.
    attempted: Option<mpsc::UnboundedSender<()>>,
}

impl Notifications {
    pub(super) fn new(notifier: Notifier) -> Self {
        let channels = notifier.health();
        Self {
            notifier: Rc::new(notifier),
            workers: Workers::default(),
            heartbeat: Heartbeat::default(),
            channels,
            is_failing: false,
            attempted: None,
        }
    }

    /// Lets every channel deliver on its own from now on. `attempted` receives a value after each message that was tried.
    pub(super) fn start(&mut self, attempted: mpsc::UnboundedSender<()>) {
        self.notifier = Rc::new(Notifier::clone(&self.notifier).for_daemon());
        self.workers.start(&self.notifier, &attempted);
        self.attempted = Some(attempted);
    }

    pub(super) async fn stop(&mut self) {
        self.workers.stop().await;
    }

    /// Decides what a snapshot is worth notifying of, and wakes the channels; whether the channels' health has changed.
    pub(super) async fn notify(&mut self, snapshot: &Snapshot) -> bool {
        let notifier = Rc::clone(&self.notifier);
        let observed = notifier.observe(snapshot).await;
        self.is_failing = observed.is_err() || notifier.is_memory_only();
        match observed {
            Ok(_) => self.workers.wake(),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                tracing::error!("nobody can be told: {error}{}", cause.unwrap_or_default());
            }
        }
        self.update_health()
    }

    /// Delivers what can be delivered now, for a pass that is the only one of its process.
    pub(super) async fn deliver_once(&mut self, at: Option<At>) {
        let now = move || at.map_or_else(clock::now, |at| at.resolve(clock::now()));
        if tokio::time::timeout(ONCE, self.notifier.deliver(now)).await.is_err() {
            tracing::warn!("some messages could not be delivered in time; they wait in the outbox");
        }
        self.update_health();
    }

    /// Reads again how the channels are doing; whether that has changed.
    pub(super) fn update_health(&mut self) -> bool {
        if self.notifier.channels().is_empty() {
            return false;
        }
        let health = self.notifier.health();
        let has_changed = health != self.channels;
        self.channels = health;
        has_changed
    }

    /// The exit code if people could not be notified as they should be.
    pub(super) fn failure(&self) -> Option<u8> {
        self.is_failing.then_some(exit::CANNOT_WRITE)
    }

    /// Takes up the channels of a configuration that was read again.
    pub(super) fn replace(&mut self, notifier: Notifier) {
        let mut next = Self::new(notifier.replacing(&self.notifier));
        if let Some(attempted) = self.attempted.take() {
            next.start(attempted);
        }
        next.workers.replace(&mut self.workers);
        *self = next;
    }

    /// Reports to the dead man's switch that a pass begins.
    pub(super) fn pass_begins(&mut self) -> Option<JoinHandle<()>> {
        self.heartbeat.start(&self.notifier)
    }

    /// Reports how a pass ended: what it failed to do, else what the check says.
    pub(super) fn pass_ended(
        &self,
        result: &Result<(), Failure>,
        failure: Option<u8>,
        snapshot: Option<&Snapshot>,
        begun: Option<JoinHandle<()>>,
    ) -> Option<JoinHandle<()>> {
        let signal = match (result, failure) {
            (Err(failure), _) => HeartbeatSignal::End(failure.code),
            (Ok(()), Some(code)) => HeartbeatSignal::End(code),
            (Ok(()), None) => {
                self.notifier.heartbeat_signal(snapshot.map_or(0, |snapshot| snapshot.exit_code))
            }
        };
        self.heartbeat.end(&self.notifier, signal, begun)
    }
}
