//! The heartbeat of each pass, sent to a dead man's switch.

use std::rc::Rc;

use openclaw_auth::model::{Span, Timestamp};
use tokio::task::JoinHandle;

use crate::clock;
use crate::notify::{DeliveryOutcome, HeartbeatSignal, Notifier};

/// Heartbeats are at least this far apart.
const APART: Span = Span::from_secs(30.0);

#[derive(Default)]
pub(super) struct Heartbeat {
    last: Option<Timestamp>,
    /// Whether this pass is one that is reported.
    is_reported: bool,
}

impl Heartbeat {
    /// Reports that a pass begins.
    pub(super) fn start(&mut self, notifier: &Rc<Notifier>) -> Option<JoinHandle<()>> {
        if !notifier.has_heartbeat() {
            return None;
        }
        let now = clock::now();
        self.is_reported = self.last.is_none_or(|last| now - last >= APART || now < last);
        self.is_reported.then(|| {
            self.last = Some(now);
            send(notifier, HeartbeatSignal::Start, None)
        })
    }

    /// Reports how the pass ended, after the report that it began.
    pub(super) fn end(
        &self,
        notifier: &Rc<Notifier>,
        signal: HeartbeatSignal,
        begun: Option<JoinHandle<()>>,
    ) -> Option<JoinHandle<()>> {
        self.is_reported.then(|| send(notifier, signal, begun))
    }
}

fn send(notifier: &Rc<Notifier>, signal: HeartbeatSignal, after: Option<JoinHandle<()>>) -> JoinHandle<()> {
    let notifier = Rc::clone(notifier);
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
