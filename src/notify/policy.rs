//! When people are notified: as configured, and what else a decision depends on.

use std::collections::{BTreeSet, HashMap};

use super::channel::channels;
use super::problem::{Limits, Subject};
use super::records::Mute;
use crate::config::{Config, QuietHours};
use crate::model::{AgentHealth, Snapshot};
use openclaw_auth::model::Span;

/// What decisions are made by.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// What counts as a condition.
    pub limits: Limits,
    /// Passes that have to see a condition.
    pub fire_after: u32,
    /// Passes that have to find it mended.
    pub clear_after: u32,
    /// What stays critical is told again after this.
    pub repeat_critical: Option<Span>,
    /// The same for warnings.
    pub repeat_warning: Option<Span>,
    /// When only critical things are told.
    pub quiet: Option<QuietHours>,
}

/// What decisions are made by, as configured.
#[must_use]
pub fn policy(config: &Config) -> Policy {
    let notify = &config.notify;
    let mut thresholds = notify.thresholds.clone();
    // What reports warn of earlier is told then, too: a report must not know what no message says.
    if let (Some(warn), Some(largest)) = (config.status.warn, thresholds.first())
        && warn > *largest
    {
        thresholds.insert(0, warn);
    }
    Policy {
        limits: Limits {
            thresholds,
            named: channels(notify).into_iter().flat_map(|channel| channel.filter.agents).collect(),
        },
        fire_after: notify.fire_after,
        clear_after: notify.clear_after,
        repeat_critical: notify.repeat_critical,
        repeat_warning: notify.repeat_warning,
        quiet: notify.quiet_hours,
    }
}

/// The agents of a picture, by id.
pub(super) type AgentsById<'a> = HashMap<&'a str, &'a AgentHealth>;

/// What a decision depends on besides the conditions.
pub(super) struct Circumstances<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) here: &'a AgentsById<'a>,
    pub(super) mutes: &'a [Mute],
    pub(super) policy: &'a Policy,
    /// Profiles and agents that are not there any more.
    pub(super) gone: &'a BTreeSet<Subject>,
}
