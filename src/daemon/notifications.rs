//! Notifies people during a pass, delivers between passes, and sends the heartbeat of each pass to a dead man's switch.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use openclaw_auth::model::{Span, Timestamp};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::clock::{self, At};
use crate::exit::{self, Failure};
use crate::model::{ChannelHealth, Snapshot};
use crate::notify::DeliveryOutcome;
use crate::notify::{HeartbeatSignal, Notifier};

/// A single pass waits no longer for its channels; what is not delivered by then waits in the outbox.
const ONCE: Duration = Duration::from_secs(120);
/// A channel checks its outbox at least this often: another process may have put something into it.
const CHECK_OUTBOX: Duration = Duration::from_secs(60);
/// A message on its way is given this long when the daemon is stopped.
const LAST_CALL: Duration = Duration::from_secs(10);
/// Heartbeats are at least this far apart.
const HEARTBEAT_INTERVAL: Span = Span::from_secs(30.0);

pub(super) struct Notifications {
    notifier: Rc<Notifier>,
    workers: Workers,
    last_heartbeat: Option<Timestamp>,
    /// Whether the current pass sends heartbeats.
    has_heartbeat: bool,
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
            last_heartbeat: None,
            has_heartbeat: false,
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

    /// Lets the channels finish what they are sending.
    pub(super) async fn stop(&mut self) {
        self.workers.stop();
        let workers = futures_util::future::join_all(std::mem::take(&mut self.workers.running));
        if tokio::time::timeout(LAST_CALL, workers).await.is_err() {
            tracing::warn!("a message is still on its way; it is sent again at the next start");
        }
    }

    /// Decides what of a snapshot people are notified of, and wakes the channels; whether the channels' health has changed.
    pub(super) async fn notify(&mut self, snapshot: &Snapshot) -> bool {
        let notifier = Rc::clone(&self.notifier);
        let observed = notifier.observe(snapshot).await;
        self.is_failing = observed.is_err() || notifier.is_memory_only();
        match observed {
            Ok(_) => self.workers.wake.notify_waiters(),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                tracing::error!("nobody can be notified: {error}{}", cause.unwrap_or_default());
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

    /// Reads the channels' health again; whether it has changed.
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

    /// Replaces the channels by those of a configuration that was read again.
    pub(super) fn replace(&mut self, notifier: Notifier) {
        let mut next = Self::new(notifier.replacing(&self.notifier));
        if let Some(attempted) = self.attempted.take() {
            next.start(attempted);
        }
        // A message on its way arrives and is recorded; until then its old worker keeps the channel's lock.
        self.workers.stop();
        next.workers.running.extend(self.workers.running.drain(..).filter(|worker| !worker.is_finished()));
        *self = next;
    }

    /// Sends the heartbeat that a pass begins, if one is due.
    pub(super) fn pass_begins(&mut self) -> Option<JoinHandle<()>> {
        if !self.notifier.has_heartbeat() {
            return None;
        }
        let now = clock::now();
        self.has_heartbeat =
            self.last_heartbeat.is_none_or(|last| now - last >= HEARTBEAT_INTERVAL || now < last);
        self.has_heartbeat.then(|| {
            self.last_heartbeat = Some(now);
            self.send_heartbeat(HeartbeatSignal::Start, None)
        })
    }

    /// Sends the heartbeat of how a pass ended, after the one of its begin: what it failed to do, else what the check says.
    pub(super) fn pass_ended(
        &self,
        result: &Result<(), Failure>,
        failure: Option<u8>,
        snapshot: Option<&Snapshot>,
        begun: Option<JoinHandle<()>>,
    ) -> Option<JoinHandle<()>> {
        let code = result.as_ref().err().map(|failure| failure.code).or(failure);
        let signal = code.map_or_else(
            || self.notifier.heartbeat_signal(snapshot.map_or(0, |snapshot| snapshot.exit_code)),
            HeartbeatSignal::End,
        );
        self.has_heartbeat.then(|| self.send_heartbeat(signal, begun))
    }

    fn send_heartbeat(&self, signal: HeartbeatSignal, after: Option<JoinHandle<()>>) -> JoinHandle<()> {
        let notifier = Rc::clone(&self.notifier);
        tokio::task::spawn_local(async move {
            if let Some(after) = after {
                let _ = after.await;
            }
            match notifier.send_heartbeat(signal).await {
                Some(DeliveryOutcome::Later { problem, .. } | DeliveryOutcome::Refused { problem, .. }) => {
                    tracing::warn!("the heartbeat was not taken: {problem}");
                }
                Some(DeliveryOutcome::Accepted(_)) | None => {}
            }
        })
    }
}

/// A task for each channel, which delivers on its own between passes.
#[derive(Default)]
struct Workers {
    /// Wakes the channels: there may be something in the outbox.
    wake: Rc<Notify>,
    stopping: Rc<Cell<bool>>,
    running: Vec<JoinHandle<()>>,
}

impl Workers {
    fn start(&mut self, notifier: &Rc<Notifier>, attempted: &mpsc::UnboundedSender<()>) {
        for index in 0..notifier.channels().len() {
            let (notifier, wake, attempted) = (Rc::clone(notifier), Rc::clone(&self.wake), attempted.clone());
            let stopping = Rc::clone(&self.stopping);
            self.running.push(tokio::task::spawn_local(async move {
                let channel = &notifier.channels()[index];
                while !stopping.get() {
                    let woken = wake.notified();
                    tokio::pin!(woken);
                    // From here on nothing is missed.
                    woken.as_mut().enable();
                    let work = notifier.work(channel, clock::now).await;
                    if work.tried > 0 {
                        let _ = attempted.send(());
                    }
                    if stopping.get() {
                        return;
                    }
                    let wait = work.next.map_or(CHECK_OUTBOX, |next| {
                        (next - clock::now()).to_std().clamp(Duration::from_millis(50), CHECK_OUTBOX)
                    });
                    tokio::select! {
                        () = woken => {}
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }));
        }
    }

    /// Lets nothing new begin; what is being sent goes on.
    fn stop(&self) {
        self.stopping.set(true);
        self.wake.notify_waiters();
    }
}

impl Drop for Workers {
    /// What is on its way stays in the outbox until it is accepted, so that stopping loses nothing.
    fn drop(&mut self) {
        self.running.iter().for_each(JoinHandle::abort);
    }
}
