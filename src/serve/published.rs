//! What the last pass published, and which of it a listener serves.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use openclaw_auth::model::Timestamp;
use tokio::sync::watch;

use crate::model::{ChannelHealth, Event, Snapshot};
use crate::publish::metrics::Exposition;

/// What the last pass published.
#[derive(Debug, Default)]
pub struct Published {
    /// The picture; `None` before the first pass.
    pub snapshot: Option<Arc<Snapshot>>,
    pub exposition: Exposition,
    /// What happened lately, newest last.
    pub events: Vec<Event>,
    /// How the ways to reach people are doing.
    pub channels: Vec<ChannelHealth>,
    /// Whether logins are renewed.
    pub refreshing: bool,
    /// Until when the picture is fresh, Unix milliseconds.
    pub fresh_until: Option<Timestamp>,
    /// The snapshot as JSON, made when it is first asked for.
    pub json: OnceLock<Bytes>,
}

impl Published {
    /// The snapshot as JSON; `None` before the first pass.
    pub fn json(&self) -> Option<Bytes> {
        let snapshot = self.snapshot.as_deref()?;
        let make = || serde_json::to_vec(snapshot).expect("a snapshot is plain data").into();
        Some(self.json.get_or_init(make).clone())
    }
}

pub type Board = watch::Receiver<Arc<Published>>;

/// Which paths a listener answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paths {
    All,
    /// The probes alone, outside authentication.
    Probes,
}
