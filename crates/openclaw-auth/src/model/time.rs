//! Moments, spans of time, and counts.
//!
//! All are doubles inside, as in the JavaScript that writes and reads them: stores hold fractions of milliseconds, and values past
//! 2^53, which have to be judged and printed as OpenClaw does.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// A moment: milliseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(f64);

/// A length of time in milliseconds; negative where it leads back.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Deserialize)]
#[serde(transparent)]
pub struct Span(f64);

/// A count that OpenClaw wrote: any finite number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Count(pub f64);

/// What moments and spans have in common: both are milliseconds that can be compared.
macro_rules! milliseconds {
    ($($name:ident),+) => {$(
        impl $name {
            /// From milliseconds; a moment is counted from 1970.
            #[must_use]
            pub const fn from_millis(milliseconds: f64) -> Self {
                Self(milliseconds)
            }

            /// Milliseconds; of a moment those since 1970.
            #[must_use]
            pub const fn as_millis(self) -> f64 {
                self.0
            }

            /// Seconds, with fractions.
            #[must_use]
            pub const fn as_secs(self) -> f64 {
                self.0 / 1000.0
            }

            /// The earlier moment, the shorter span.
            #[must_use]
            pub const fn min(self, other: Self) -> Self {
                Self(self.0.min(other.0))
            }

            /// The later moment, the longer span.
            #[must_use]
            pub const fn max(self, other: Self) -> Self {
                Self(self.0.max(other.0))
            }

            /// For sorting.
            #[must_use]
            pub fn total_cmp(&self, other: &Self) -> Ordering {
                self.0.total_cmp(&other.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                as_javascript(self.0, serializer)
            }
        }
    )+};
}

milliseconds!(Timestamp, Span);

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        as_javascript(self.0, serializer)
    }
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0.0);
    /// Later than every moment.
    pub const NEVER: Self = Self(f64::INFINITY);

    /// From what `stat` says of a file: Unix seconds and nanoseconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "files are changed before the year 287396")]
    pub fn from_file_time(seconds: i64, nanoseconds: i64) -> Self {
        Self((seconds * 1000 + nanoseconds / 1_000_000) as f64)
    }

    /// Whether it is a moment at all, and not [`Self::NEVER`].
    #[must_use]
    pub const fn is_finite(self) -> bool {
        self.0.is_finite()
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay far below 2^53")]
        Self(since_epoch.as_millis() as f64)
    }
}

impl<Zone: chrono::TimeZone> From<chrono::DateTime<Zone>> for Timestamp {
    #[expect(clippy::cast_precision_loss, reason = "calendars stay far below 2^53 milliseconds")]
    fn from(date: chrono::DateTime<Zone>) -> Self {
        Self(date.timestamp_millis() as f64)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0.0);
    /// Longer than every other one.
    pub const FOREVER: Self = Self(f64::INFINITY);

    /// From seconds.
    #[must_use]
    pub const fn from_secs(seconds: f64) -> Self {
        Self(seconds * 1000.0)
    }

    /// From minutes.
    #[must_use]
    pub const fn from_mins(minutes: f64) -> Self {
        Self::from_secs(minutes * 60.0)
    }

    /// From hours.
    #[must_use]
    pub const fn from_hours(hours: f64) -> Self {
        Self::from_mins(hours * 60.0)
    }

    /// From days of 24 hours.
    #[must_use]
    pub const fn from_days(days: f64) -> Self {
        Self::from_hours(days * 24.0)
    }

    /// For timers: never negative, and at most what a timer can wait.
    #[must_use]
    pub fn to_std(self) -> Duration {
        Duration::try_from_secs_f64(self.as_secs().max(0.0)).unwrap_or(Duration::MAX)
    }

    /// Whole milliseconds, rounded down.
    #[must_use]
    pub fn floor(self) -> Self {
        Self(self.0.floor())
    }

    /// Its length in either direction.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.abs())
    }
}

impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        Self(duration.as_secs_f64() * 1000.0)
    }
}

impl Sub for Timestamp {
    type Output = Span;

    fn sub(self, earlier: Self) -> Span {
        Span(self.0 - earlier.0)
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0 + span.0)
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0 - span.0)
    }
}

impl Add for Span {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Span {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Span {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Mul<f64> for Span {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        Self(self.0 * factor)
    }
}

impl Div<f64> for Span {
    type Output = Self;

    fn div(self, divisor: f64) -> Self {
        Self(self.0 / divisor)
    }
}

impl Div for Span {
    type Output = f64;

    fn div(self, other: Self) -> f64 {
        self.0 / other.0
    }
}

/// Up to here, 2^53, a double holds every integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Writes a number as JavaScript does: up to 1e21 without an exponent, and past 2^53 the fewest digits that are this double and no
/// other, then zeros. Whoever compares digits finds the same ones.
fn as_javascript<S: Serializer>(number: f64, serializer: S) -> Result<S::Ok, S::Error> {
    let is_whole = number.fract() == 0.0;
    if is_whole && number.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "checked to fit just above")]
        serializer.serialize_i64(number as i64)
    } else if is_whole && number.abs() < 1e21 {
        RawValue::from_string(number.to_string()).map_err(Error::custom)?.serialize(serializer)
    } else {
        serializer.serialize_f64(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_javascript_prints_them() {
        for (value, printed) in [
            (0.0, "0"),
            (-1.0, "-1"),
            (1_800_000_000_000.5, "1800000000000.5"),
            (9_007_199_254_740_991.0, "9007199254740991"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (123_456_789_012_345_678.0, "123456789012345680"),
            (-123_456_789_012_345_678.0, "-123456789012345680"),
            (18_446_744_073_709_551_616.0, "18446744073709552000"),
            (1e20, "100000000000000000000"),
            (1e300, "1e+300"),
        ] {
            assert_eq!(serde_json::to_string(&Timestamp(value)).unwrap(), printed);
            // What is put into a larger document on its way is the same number.
            assert_eq!(serde_json::json!({ "at": Span(value) })["at"].as_f64(), Some(value));
        }
    }

    #[test]
    fn moments_and_spans_keep_apart() {
        let noon = Timestamp::from_millis(1_800_000_000_000.0);
        assert_eq!((noon + Span::from_hours(1.0)) - noon, Span::from_mins(60.0));
        assert!((Span::from_days(1.0) / Span::from_hours(1.0) - 24.0).abs() < f64::EPSILON);
        assert_eq!((noon - Timestamp::NEVER).to_std(), Duration::ZERO);
        assert_eq!((Timestamp::NEVER - noon).to_std(), Duration::MAX);
    }
}
