//! Numbers as JavaScript keeps and prints them.

use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A count that OpenClaw wrote: any finite number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Count(pub f64);

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        as_javascript(self.0, serializer)
    }
}

/// Up to here, 2^53, a double holds every integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Writes a number as JavaScript does: up to 1e21 without an exponent, and past 2^53 the fewest digits that are this double and no
/// other, then zeros. Whoever compares digits finds the same ones.
pub(super) fn as_javascript<S: Serializer>(number: f64, serializer: S) -> Result<S::Ok, S::Error> {
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
