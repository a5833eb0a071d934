//! One pass: discover, load and classify; renew what is due; publish, and notify.

use std::sync::Arc;
use std::time::Duration;

use super::monitor::Monitor;
use super::scanner::Scan;
use crate::assess;
use crate::clock;
use crate::exit::{self, Failure};
use crate::model::{EventKind, Severity, Snapshot};
use crate::pipeline::SETTLED_AFTER;
use crate::publish::changes::between;
use crate::publish::metrics::Pass;
use crate::refresh::recovery;
use crate::stop::Stop;

/// Writers are done by then.
const WRITERS_DONE: Duration = Duration::from_secs(2);

impl Monitor {
    pub(super) async fn pass(&mut self, stopping: &Stop) -> Result<(), Failure> {
        let mut scan = self.scan_settled(stopping).await?;
        if !self.options.config.refresh.enabled {
            self.renewals.failure = None;
        }
        if self.options.config.refresh.enabled && self.options.at.is_none() && self.renewals.is_due() {
            // What cannot be renewed can still be watched.
            let renewed = self.renew(stopping).await;
            self.renewals.failure = renewed.as_ref().err().map(|failure| failure.code);
            let renewed = renewed.unwrap_or_else(|failure| {
                tracing::error!("{}", failure.in_one_line());
                false
            });
            if renewed {
                // What was written is seen as what it is, and does not start another pass.
                tokio::time::sleep(SETTLED_AFTER).await;
                scan = self.scan().await?;
            }
        }
        self.show(scan).await;
        Ok(())
    }

    /// Scans every store, and again if what it finds may be so for a moment only: a
    /// writer or a migration may be half done, and nobody should be alarmed by that.
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

    pub(super) async fn scan(&mut self) -> Result<Scan, Failure> {
        let Some(scan) = self.scanner.scan(&self.options).await else {
            self.publisher.metrics.count_failed_scan();
            // What it panicked with was said by then, without what may be secret in it.
            return Err(Failure::new(exit::INTERNAL, "a pass has failed; the next one starts afresh"));
        };
        self.renewals.stores_changed |= scan.changed;
        Ok(scan)
    }

    /// Records what has changed since the last snapshot, publishes the new one, and notifies people.
    pub(super) async fn show(&mut self, scan: Scan) {
        let Scan { mut snapshot, commands, took, .. } = scan;
        snapshot.renewals = self.renewals.all();
        let waiting = recovery::waiting_profiles(&self.options.state_dir);
        assess::add_recoveries(&mut snapshot, waiting, &commands);
        self.publisher.metrics.count_scan(&snapshot);
        let mut unchanged = false;
        if let Some(previous) = self.publisher.snapshot.take() {
            let as_many = previous.agents.len() == snapshot.agents.len();
            unchanged = !self.scanner.has_read
                && as_many
                && previous.renewals == snapshot.renewals
                && previous.rescued == snapshot.rescued
                && has_same_verdicts(&previous, &snapshot);
            for event in between(&previous, &snapshot) {
                self.publisher.record(event);
            }
        }
        self.scanner.has_read = false;
        let snapshot = Arc::new(snapshot);
        self.publisher.snapshot = Some(Arc::clone(&snapshot));
        self.publisher.last_pass = Some(Pass { ended: clock::now(), took, configuration_is_good: true });
        // Before people are notified, which may have to wait for the disk.
        self.publish(unchanged);
        if self.notifications.notify(&snapshot).await {
            self.publish(true);
        }
        self.service.report(self.publisher.snapshot.as_deref());
    }
}

/// Whether time alone has changed no verdict.
fn has_same_verdicts(previous: &Snapshot, snapshot: &Snapshot) -> bool {
    let verdicts = |snapshot: &Snapshot| -> Vec<Option<Severity>> {
        let profiles = snapshot.agents.iter().flat_map(|agent| &agent.profiles);
        profiles.map(|profile| profile.assessment.as_ref()?.severity).collect()
    };
    verdicts(previous) == verdicts(snapshot)
}
