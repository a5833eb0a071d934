//! The channels, each of which delivers on its own between passes.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::clock;
use crate::notify::Notifier;

/// A channel looks at its outbox at least this often: another process may have put something into it.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// A message on its way is given this long when the daemon is stopped.
const LAST_CALL: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct Workers {
    /// Wakes the channels: there may be something in the outbox.
    wake: Rc<Notify>,
    stopping: Rc<Cell<bool>>,
    running: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts a worker for each channel. `attempted` receives a value after each message that was tried.
    pub(super) fn start(&mut self, notifier: &Rc<Notifier>, attempted: &mpsc::UnboundedSender<()>) {
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

    pub(super) fn wake(&self) {
        self.wake.notify_waiters();
    }

    /// Lets the channels finish what they are sending.
    pub(super) async fn stop(&mut self) {
        self.stopping.set(true);
        self.wake();
        let workers = futures_util::future::join_all(std::mem::take(&mut self.running));
        if tokio::time::timeout(LAST_CALL, workers).await.is_err() {
            tracing::warn!("a message is still on its way; it is sent again at the next start");
        }
    }

    /// Takes the place of other workers, which send nothing more. A message of theirs that is on its way arrives and is
    /// recorded; until then it keeps its channel's lock.
    pub(super) fn replace(&mut self, other: &mut Self) {
        other.stopping.set(true);
        other.wake();
        self.running.extend(other.running.drain(..).filter(|worker| !worker.is_finished()));
    }
}

impl Drop for Workers {
    /// What is on its way stays in the outbox until it is accepted, so that stopping loses nothing.
    fn drop(&mut self) {
        self.running.iter().for_each(JoinHandle::abort);
    }
}
