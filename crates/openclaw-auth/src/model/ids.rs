//! Ids, and moments.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

text_id! {
    /// An agent's id, as in `agents/<id>`.
    AgentId
}
text_id! {
    /// A profile's id, as in `anthropic:default`.
    ProfileId
}

/// Ids that several agents' profiles have in common, kept once: in a fleet most have the same.
#[derive(Debug, Default)]
pub struct ProfileIds(HashSet<ProfileId>);

impl ProfileIds {
    /// Where each agent has ids of its own, keeping them all would only cost.
    const MOST: usize = 256;

    /// The id with this text.
    pub fn get(&mut self, text: &str) -> ProfileId {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let id = ProfileId::from(text);
        if self.0.len() < Self::MOST {
            self.0.insert(id.clone());
        }
        id
    }
}

impl Borrow<str> for ProfileId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A provider's id, normalised by the rules of the release whose semantics are used.
#[derive(Clone, Debug)]
pub struct ProviderId(ProviderText);

/// Nearly all profiles are of a few dozen providers, whose names need no memory of their own.
#[derive(Clone, Debug)]
enum ProviderText {
    Known(&'static str),
    Other(Arc<str>),
}

impl ProviderId {
    /// The id of a provider that is known by name.
    #[must_use]
    pub const fn known(id: &'static str) -> Self {
        Self(ProviderText::Known(id))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            ProviderText::Known(id) => id,
            ProviderText::Other(id) => id,
        }
    }
}

impl From<&str> for ProviderId {
    fn from(text: &str) -> Self {
        Self(ProviderText::Other(text.into()))
    }
}

impl PartialEq for ProviderId {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for ProviderId {}

impl PartialOrd for ProviderId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ProviderId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for ProviderId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Up to here, 2^53, a double holds every integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Milliseconds: a moment (since 1970) or a span. A double, as in JavaScript: stores hold fractions and values past 2^53.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Millis(pub f64);

impl Millis {
    /// Whole seconds, for people and for Prometheus.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0 / 1000.0
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self)
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // As JavaScript prints it: up to 1e21 without an exponent, and past 2^53 the fewest digits that are this double and no
        // other, then zeros. Whoever compares digits finds the same ones.
        let is_whole = self.0.fract() == 0.0;
        if is_whole && self.0.abs() < EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "checked to fit just above")]
            serializer.serialize_i64(self.0 as i64)
        } else if is_whole && self.0.abs() < 1e21 {
            RawValue::from_string(self.0.to_string()).map_err(Error::custom)?.serialize(serializer)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Millis;

    #[test]
    fn moments_are_printed_as_javascript_prints_them() {
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
            assert_eq!(serde_json::to_string(&Millis(value)).unwrap(), printed);
            // What is put into a larger document on its way is the same number.
            assert_eq!(serde_json::json!({ "at": Millis(value) })["at"].as_f64(), Some(value));
        }
    }
}
