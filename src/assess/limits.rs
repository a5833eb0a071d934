//! When something begins to matter.

use openclaw_auth::model::Span;

use crate::config::Config;

/// Under this part of the warning window, an expiry is critical.
pub const CRITICAL_PART: f64 = 0.1;

/// When something begins to matter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// So long before its end a login that does not renew automatically is expiring.
    pub window: Span,
    /// So long a login may wait to be renewed after its access token expired.
    pub grace: Span,
}

impl Limits {
    /// As configured: people are notified at the largest threshold, or may want to see it in reports earlier.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let notify = &config.notify;
        let window = notify.thresholds.first().copied().unwrap_or(Span::from_hours(24.0));
        let window = config.status.warn.map_or(window, |warn| warn.max(window));
        Self { window, grace: notify.grace.unwrap_or(Span::ZERO) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(&Config::default())
    }
}
