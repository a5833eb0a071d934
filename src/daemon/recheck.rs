//! A second scan where something is suddenly broken or gone: a writer or a migration may be half done, and nobody should be
//! alarmed by that.

use std::time::Duration;

use super::monitor::Monitor;
use super::scanner::Scan;
use crate::exit::Failure;
use crate::model::{EventKind, Snapshot};
use crate::publish::changes::between;
use crate::stop::Stop;

/// Writers are done by then.
const WRITERS_DONE: Duration = Duration::from_secs(2);

impl Monitor {
    /// Scans every store, and again if what it finds may be so for a moment only.
    pub(super) async fn scan_settled(&mut self, stopping: &Stop) -> Result<Scan, Failure> {
        let scan = self.scan().await?;
        if !self.lost_something(&scan.snapshot) {
            return Ok(scan);
        }
        stopping.unless_requested(tokio::time::sleep(WRITERS_DONE)).await;
        self.scan().await
    }

    /// Whether something that was there in the last snapshot is missing or unreadable.
    fn lost_something(&self, snapshot: &Snapshot) -> bool {
        use EventKind::{Disappeared, SettingsBroken, StoreBroken};

        let Some(previous) = &self.publisher.snapshot else { return false };
        // In a large fleet it costs to compare, and nearly always nothing was read.
        if !self.scanner.has_read && previous.agents.len() == snapshot.agents.len() {
            return false;
        }
        let events = between(previous, snapshot);
        events.iter().any(|event| matches!(event.kind, Disappeared | SettingsBroken | StoreBroken))
    }
}
