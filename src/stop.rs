//! Being asked to stop: work in flight is finished, nothing new is begun, and nothing is waited for.
//!
//! The default action of these signals ends the process where it stands. Between a provider's answer and the store
//! that would cost a login, so the signals only set a flag that everything that waits listens to.

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Tells every [`Stop`] made from it that the process was asked to stop.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Whether the process was asked to stop. Clones share the answer.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Default for Stopper {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stopper {
    /// A view of it for something that works or waits.
    #[must_use]
    pub fn watch(&self) -> Stop {
        Stop(self.0.subscribe())
    }

    /// Asks everything to stop. Repeating it changes nothing.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    #[must_use]
    pub fn never() -> Self {
        Stopper::default().watch()
    }

    /// Whether it was asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Done once it is asked for.
    pub async fn requested(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|requested| *requested).await.is_err() {
            // Whoever could ask is gone.
            std::future::pending::<()>().await;
        }
    }

    /// Waits for something unless a stop is asked for first; then it is dropped where it waits, and the result is `None`.
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

/// Done once the process is asked to stop, by this signal. From the call on none of them ends it.
pub fn asked() -> impl Future<Output = SignalKind> {
    wait(&kinds())
}

/// The same for a daemon, to which SIGHUP means something else.
pub fn asked_but_by_hangup() -> impl Future<Output = SignalKind> {
    wait(&kinds()[..3])
}

fn wait(kinds: &[SignalKind]) -> impl Future<Output = SignalKind> + use<> {
    // One that cannot be listened for stays what it is.
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
