//! Stopping: work in flight is finished, nothing new is begun, and nothing is waited for.
//!
//! The default action of the stop signals ends the process at once. Between a provider's answer and the store that would
//! lose a login, so the signals only set a flag that everything that waits observes.

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Requests a stop from every [`Stop`] made from it.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Whether a stop was requested. Clones share the answer.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Default for Stopper {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stopper {
    #[must_use]
    pub fn watch(&self) -> Stop {
        Stop(self.0.subscribe())
    }

    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    #[must_use]
    pub fn never() -> Self {
        Stopper::default().watch()
    }

    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Completes once a stop is requested.
    pub async fn requested(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|requested| *requested).await.is_err() {
            // Without a `Stopper` nothing can be requested.
            std::future::pending::<()>().await;
        }
    }

    /// Waits for a future; `None`, and the future is dropped, if a stop is requested first.
    pub async fn unless_requested<T>(&self, waiting: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.requested() => None,
            done = waiting => Some(done),
        }
    }
}

/// The signals by which people, service managers and closing terminals end a program.
fn kinds() -> [SignalKind; 4] {
    [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::quit(), SignalKind::hangup()]
}

/// Completes with the first stop signal. From this call on, none of them ends the process.
pub fn asked() -> impl Future<Output = SignalKind> {
    wait(&kinds())
}

/// The same for a daemon, for which SIGHUP means to reload.
pub fn asked_but_by_hangup() -> impl Future<Output = SignalKind> {
    wait(&kinds()[..3])
}

fn wait(kinds: &[SignalKind]) -> impl Future<Output = SignalKind> + use<> {
    // A signal that cannot be handled keeps its default action.
    let listen = |kind: &SignalKind| Some((*kind, signal(*kind).ok()?));
    let mut signals: Vec<(SignalKind, Signal)> = kinds.iter().filter_map(listen).collect();
    async move {
        let waits: Vec<_> = signals
            .iter_mut()
            .map(|(kind, signal)| {
                Box::pin(async {
                    signal.recv().await;
                    *kind
                })
            })
            .collect();
        if waits.is_empty() {
            return std::future::pending().await;
        }
        futures_util::future::select_all(waits).await.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_ends_what_waits_and_lets_nothing_begin() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let stopper = Stopper::default();
            let stop = stopper.watch();
            assert_eq!(stop.unless_requested(async { 1 }).await, Some(1));
            let waiting = stop.unless_requested(std::future::pending::<()>());
            let ask = async { stopper.stop() };
            assert_eq!(tokio::join!(waiting, ask).0, None);
            assert!(stop.is_requested() && stopper.watch().is_requested());
            assert_eq!(stop.unless_requested(async { 1 }).await, None, "nothing is begun");
            assert!(!Stop::never().is_requested());
        });
    }
}
