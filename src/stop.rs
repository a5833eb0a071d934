//! Being asked to stop, in whatever way: what is in flight is finished first, and a terminal is left as it was.
//!
//! The default of every one of these signals is to end the process where it is. Between a provider's answer and the store that
//! costs a login, and a terminal that goes away (SIGHUP) or a key that was hit by mistake (SIGQUIT) is no reason to.

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals by which people, service managers and terminals that go away end a program.
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
