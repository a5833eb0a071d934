//! A second look at what is broken or gone all of a sudden: somebody may be half way through writing it, or a migration through
//! moving it, and nobody is to be alarmed by that.

use std::time::Duration;

use super::Daemon;
use crate::exit::Failure;
use crate::model::{EventKind, Snapshot};
use crate::publish::changes::between;
use crate::stop::Stop;

/// Writers are done by then.
const BLINK: Duration = Duration::from_secs(2);

impl Daemon {
    /// Looks at every store, and again where what it sees may be only for a moment.
    pub(super) async fn look_twice(&mut self, stopping: &Stop) -> Result<(Snapshot, Duration), Failure> {
        let (snapshot, took) = self.look().await?;
        if !self.is_startling(&snapshot) {
            return Ok((snapshot, took));
        }
        stopping.unless_requested(tokio::time::sleep(BLINK)).await;
        self.look().await
    }

    /// Whether something that was there the last time is not, or cannot be read any more.
    fn is_startling(&self, snapshot: &Snapshot) -> bool {
        use EventKind::{Disappeared, SettingsBroken, StoreBroken};

        let Some(previous) = &self.previous else { return false };
        // In a large fleet it costs to compare, and nearly always nothing was read.
        if !self.has_read && previous.agents.len() == snapshot.agents.len() {
            return false;
        }
        let events = between(previous, snapshot);
        events.iter().any(|event| matches!(event.kind, Disappeared | SettingsBroken | StoreBroken))
    }
}
