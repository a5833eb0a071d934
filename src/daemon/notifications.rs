//! The part of a pass that tells people, and the channels that work on their own between passes.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use openclaw_auth::model::{Span, Timestamp};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::Daemon;
use crate::clock;
use crate::exit::{self, Failure};
use crate::model::ChannelHealth;
use crate::notify::outcome::Outcome;
use crate::notify::{Beat, Notifier};

/// A channel looks at its outbox at least this often: another process may have put something into it.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// A single pass for a timer waits no longer for its channels; what is not delivered by then waits in the outbox.
const ONCE: Duration = Duration::from_secs(120);
/// A message on its way is given this long when the daemon is told to stop.
const LAST_CALL: Duration = Duration::from_secs(10);
/// A dead man's switch is told of no more passes than one in this time.
const BEATS_APART: Span = Span::from_secs(30.0);

/// Who tells people, and how far that is.
pub(super) struct Telling {
    pub(super) notifier: Rc<Notifier>,
    /// Wakes the channels: there may be something in the outbox.
    wake: Rc<Notify>,
    stopping: Rc<Cell<bool>>,
    workers: Vec<JoinHandle<()>>,
    /// How the channels are doing.
    pub(super) channels: Vec<ChannelHealth>,
    last_beat: Cell<Option<Timestamp>>,
    /// Whether this pass is one that the dead man's switch is told of.
    beating: Cell<bool>,
    /// Whether people cannot be told as they should be: then authwatch does not work.
    is_hampered: bool,
}

impl Telling {
    pub(super) fn new(notifier: Notifier) -> Self {
        let channels = notifier.health();
        Self {
            notifier: Rc::new(notifier),
            wake: Rc::default(),
            stopping: Rc::default(),
            workers: Vec::new(),
            channels,
            last_beat: Cell::new(None),
            beating: Cell::new(false),
            is_hampered: false,
        }
    }

    /// Lets every channel work on its own from now on. `told` hears of each message that was tried.
    pub(super) fn start(&mut self, told: &mpsc::UnboundedSender<()>) {
        self.notifier = Rc::new(Notifier::clone(&self.notifier).that_stays());
        for index in 0..self.notifier.channels().len() {
            let (notifier, wake, told) = (Rc::clone(&self.notifier), Rc::clone(&self.wake), told.clone());
            let stopping = Rc::clone(&self.stopping);
            self.workers.push(tokio::task::spawn_local(async move {
                let channel = &notifier.channels()[index];
                while !stopping.get() {
                    let woken = wake.notified();
                    tokio::pin!(woken);
                    // From here on nothing is missed.
                    woken.as_mut().enable();
                    let work = notifier.work(channel, clock::now).await;
                    if work.tried > 0 {
                        let _ = told.send(());
                    }
                    if stopping.get() {
                        return;
                    }
                    let pause = work.next.map_or(LOOK_AGAIN, |next| {
                        (next - clock::now()).to_std().clamp(Duration::from_millis(50), LOOK_AGAIN)
                    });
                    tokio::select! {
                        () = woken => {}
                        () = tokio::time::sleep(pause) => {}
                    }
                }
            }));
        }
    }

    /// Lets the channels finish what they are sending.
    pub(super) async fn stop(&mut self) {
        self.stopping.set(true);
        self.wake.notify_waiters();
        let workers = futures_util::future::join_all(std::mem::take(&mut self.workers));
        if tokio::time::timeout(LAST_CALL, workers).await.is_err() {
            tracing::warn!("a message is still on its way; it is sent again at the next start");
        }
    }

    /// Sends nothing more. A message on its way arrives, and is written down as told; until then it keeps its channel's lock.
    fn retire(&mut self) -> Vec<JoinHandle<()>> {
        self.stopping.set(true);
        self.wake.notify_waiters();
        let mut workers = std::mem::take(&mut self.workers);
        workers.retain(|worker| !worker.is_finished());
        workers
    }

    /// Looks at the channels again.
    pub(super) fn take_stock(&mut self) {
        if !self.notifier.channels().is_empty() {
            self.channels = self.notifier.health();
        }
    }
}

impl Drop for Telling {
    /// What is on its way stays in the outbox until it is accepted, so that stopping loses nothing.
    fn drop(&mut self) {
        self.workers.iter().for_each(JoinHandle::abort);
    }
}

impl Daemon {
    /// Decides what the last picture is worth telling, and wakes the channels.
    pub(super) async fn tell(&mut self) {
        let Some(snapshot) = self.previous.clone() else { return };
        let notifier = Rc::clone(&self.telling.notifier);
        let observed = notifier.observe(&snapshot).await;
        self.telling.is_hampered = observed.is_err() || self.telling.notifier.is_forgetful();
        match observed {
            Ok(_) => self.telling.wake.notify_waiters(),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                tracing::error!("nobody can be told: {error}{}", cause.unwrap_or_default());
            }
        }
        self.telling.take_stock();
    }

    /// Delivers what can be delivered now, for a pass that is the only one of its process.
    pub(super) async fn deliver_once(&mut self) {
        let notifier = Rc::clone(&self.telling.notifier);
        let at = self.options.at;
        let now = move || at.map_or_else(clock::now, |at| at.resolve(clock::now()));
        if tokio::time::timeout(ONCE, notifier.deliver(now)).await.is_err() {
            tracing::warn!("some messages could not be delivered in time; they wait in the outbox");
        }
        self.telling.take_stock();
    }

    /// Tells the dead man's switch that a pass begins.
    pub(super) fn beat_start(&self) -> Option<JoinHandle<()>> {
        let telling = &self.telling;
        if !telling.notifier.has_heartbeat() {
            return None;
        }
        let now = clock::now();
        let apart = telling.last_beat.get().is_none_or(|last| now - last >= BEATS_APART || now < last);
        telling.beating.set(apart);
        apart.then(|| {
            telling.last_beat.set(Some(now));
            self.beat(Beat::Start, None)
        })
    }

    /// What of the last pass could not be done, as an exit code: nothing was renewed, or nobody can be told as it should be.
    pub(super) fn trouble(&self) -> Option<u8> {
        self.unrenewed.or(self.telling.is_hampered.then_some(exit::CANNOT_WRITE))
    }

    /// Tells it how the pass ended, once it has heard of its beginning.
    pub(super) fn beat_end(
        &self,
        result: &Result<(), Failure>,
        begun: Option<JoinHandle<()>>,
    ) -> Option<JoinHandle<()>> {
        if !self.telling.beating.get() {
            return None;
        }
        let beat = match result {
            Ok(()) => {
                if let Some(code) = self.trouble() {
                    return Some(self.beat(Beat::End(code), begun));
                }
                let code = self.previous.as_ref().map_or(0, |snapshot| snapshot.exit_code);
                self.telling.notifier.beat_of(code)
            }
            Err(failure) => Beat::End(failure.code),
        };
        Some(self.beat(beat, begun))
    }

    fn beat(&self, beat: Beat, after: Option<JoinHandle<()>>) -> JoinHandle<()> {
        let notifier = Rc::clone(&self.telling.notifier);
        tokio::task::spawn_local(async move {
            if let Some(after) = after {
                let _ = after.await;
            }
            match notifier.beat(beat).await {
                Some(Outcome::Later { problem, .. } | Outcome::Refused { problem, .. }) => {
                    tracing::warn!("the heartbeat was not taken: {problem}");
                }
                Some(Outcome::Accepted(_)) | None => {}
            }
        })
    }

    /// Takes up the channels of a configuration that was read again.
    pub(super) fn renew_channels(&mut self) {
        let notifier = Notifier::new(&self.options.config, &self.options.state_dir);
        let mut telling = Telling::new(notifier.instead_of(&self.telling.notifier));
        if let Some(told) = &self.told {
            telling.start(told);
        }
        telling.workers.extend(self.telling.retire());
        self.telling = telling;
    }
}
