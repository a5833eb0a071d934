//! Being asked to stop, in whatever way: what is in flight is finished first.
//!
//! The default of every one of these signals is to end the process where it is. Between a provider's answer and the store that
//! costs a login, and a terminal that goes away (SIGHUP) or a key that was hit by mistake (SIGQUIT) is no reason to.

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals by which people, service managers and terminals that go away end a program. SIGHUP may mean something else to a daemon.
const KINDS: [fn() -> SignalKind; 3] = [SignalKind::terminate, SignalKind::interrupt, SignalKind::quit];

/// Done once the process is asked to stop. From the call on, no signal of that kind ends it.
pub fn asked() -> impl Future<Output = ()> {
    wait(&[SignalKind::hangup()])
}

/// The same, but a terminal that goes away is no such request.
pub fn asked_but_by_hangup() -> impl Future<Output = ()> {
    wait(&[])
}

fn wait(further: &[SignalKind]) -> impl Future<Output = ()> + use<> {
    let kinds = KINDS.iter().map(|kind| kind()).chain(further.iter().copied());
    // One that cannot be listened for stays what it is.
    let mut signals: Vec<Signal> = kinds.filter_map(|kind| signal(kind).ok()).collect();
    async move {
        let waits: Vec<_> = signals.iter_mut().map(|signal| Box::pin(signal.recv())).collect();
        if waits.is_empty() {
            return std::future::pending().await;
        }
        futures_util::future::select_all(waits).await;
    }
}
