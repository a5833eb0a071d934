//! What the page shows.

use super::view::PageView;
use crate::model::{ChannelHealth, Event, Snapshot};

/// What the page is made of.
#[derive(Clone, Copy, Debug)]
pub struct PageInput<'a> {
    /// What the last pass found; `None` before the first one is done.
    pub snapshot: Option<&'a Snapshot>,
    /// What happened lately, in any order.
    pub events: &'a [Event],
    /// How the ways to reach people are doing.
    pub channels: &'a [ChannelHealth],
    pub version: &'a str,
    /// Whether authwatch renews logins, or only watches.
    pub refreshing_enabled: bool,
    /// What the visitor asked to see.
    pub view: &'a PageView,
}
