//! The one module that reads the clock. Everything else is given `now`.

use std::time::SystemTime;

use chrono::{DateTime, TimeZone, Utc};

use crate::model::{Span, Timestamp};

/// The wall clock, in Unix milliseconds.
#[must_use]
pub fn now() -> Timestamp {
    SystemTime::now().into()
}

/// Milliseconds since the machine started, suspended time included, and the name of that start.
///
/// A clock that nobody can set: waiting and the age of tokens are measured by it as well. `None` where the system has none.
#[must_use]
pub fn boot() -> Option<Boot> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
        let since = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since boot stay far below 2^53")]
        let at = Span::from_millis((since.tv_sec * 1000 + since.tv_nsec / 1_000_000) as f64);
        Some(Boot { boot, at })
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    None
}

/// A moment by the boot-time clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Boot {
    /// Which start of the machine it counts from.
    pub boot: String,
    /// Milliseconds since then.
    pub at: Span,
}

/// The calendar date of a time on disk; `None` beyond what a calendar can say.
#[must_use]
pub fn date(at: Timestamp) -> Option<DateTime<Utc>> {
    #[expect(clippy::cast_possible_truncation, reason = "chrono refuses what is out of its range")]
    Utc.timestamp_millis_opt(at.as_millis() as i64).single()
}
