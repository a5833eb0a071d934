//! When people are notified, as configured.

use super::channel::channels;
use super::problem::Limits;
use crate::config::{Config, QuietHours};
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
    Policy {
        limits: Limits {
            thresholds: notify.thresholds.clone(),
            named: channels(notify).into_iter().flat_map(|channel| channel.filter.agents).collect(),
        },
        fire_after: notify.fire_after,
        clear_after: notify.clear_after,
        repeat_critical: notify.repeat_critical,
        repeat_warning: notify.repeat_warning,
        quiet: notify.quiet_hours,
    }
}
