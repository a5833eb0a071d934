//! Order and usage: which profile OpenClaw takes first, and which it leaves alone for a while.
//!
//! They are in `auth-state.json`, in a database row of their own, or (older releases) in the store itself.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::{DeserializeSeed, MapAccess};
use serde_json::Deserializer;

use super::field::FieldValue;
use super::json::{Entries, Number, Shape, Skipped, TakeEntry};
use super::{provider, text};
use crate::model::{Cooldown, CooldownKind, Count, Semantics, Timestamp};

/// What OpenClaw remembers about the use of its profiles.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The order of profiles to try, by normalised provider. Never an empty list.
    pub order: BTreeMap<String, Vec<String>>,
    /// Usage by profile id.
    pub usage: BTreeMap<String, Usage>,
}

/// What is remembered about one profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Not to be used before, Unix milliseconds.
    pub cooldown_until: Option<Timestamp>,
    /// Disabled until, Unix milliseconds.
    pub disabled_until: Option<Timestamp>,
    /// Why it cools down.
    pub cooldown_reason: Option<String>,
    /// Why it is disabled.
    pub disabled_reason: Option<String>,
    /// Errors in a row.
    pub error_count: Option<Count>,
    /// When it was used last, Unix milliseconds.
    pub last_used: Option<Timestamp>,
}

impl Usage {
    /// The cooldown in force at `now`.
    #[must_use]
    pub fn cooldown(&self, now: Timestamp) -> Option<Cooldown> {
        let pending = |until: Option<Timestamp>| until.filter(|until| until.is_finite() && now < *until);
        let (cooldown, disabled) = (pending(self.cooldown_until), pending(self.disabled_until));
        let until = match (cooldown, disabled) {
            (Some(one), Some(other)) => one.max(other),
            (one, other) => one.or(other)?,
        };
        let (kind, reason) = match disabled {
            Some(_) => (CooldownKind::Disabled, &self.disabled_reason),
            None => (CooldownKind::Cooldown, &self.cooldown_reason),
        };
        Some(Cooldown { kind, until, reason: reason.clone(), error_count: self.error_count })
    }
}

impl State {
    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty() && self.usage.is_empty()
    }

    /// Reads a state document. What has the wrong type is passed over, as OpenClaw does.
    pub fn parse(json: &str, semantics: Semantics) -> Result<Self, serde_json::Error> {
        let mut reader = StateReader { state: Self::default(), semantics };
        let mut deserializer = Deserializer::from_str(json);
        Entries(&mut reader).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(reader.state)
    }

    /// Lays another state over this one; its keys win.
    pub fn overlay(&mut self, newer: Self) {
        self.order.extend(newer.order);
        self.usage.extend(newer.usage);
    }
}

/// Takes the fields `order` and `usageStats`; used for state documents and for stores that hold them inline.
pub struct StateReader {
    /// What has been read so far.
    pub state: State,
    /// Decides how providers are spelt.
    pub semantics: Semantics,
}

impl<'de> TakeEntry<'de> for StateReader {
    fn take<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        match &*key {
            "order" => {
                self.state.order.clear();
                map.next_value_seed(Entries(&mut OrderReader {
                    state: &mut self.state,
                    semantics: self.semantics,
                }))?;
            }
            "usageStats" => {
                self.state.usage.clear();
                map.next_value_seed(Entries(&mut UsageStatsReader { state: &mut self.state }))?;
            }
            _ => {
                map.next_value::<Skipped>()?;
            }
        }
        Ok(())
    }
}

struct OrderReader<'s> {
    state: &'s mut State,
    semantics: Semantics,
}

impl<'de> TakeEntry<'de> for OrderReader<'_> {
    fn take<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        let ids: Vec<String> = map.next_value::<TextList>()?.0;
        let provider = provider::normalize(&key, self.semantics);
        if !provider.is_empty() && !ids.is_empty() {
            self.state.order.insert(provider.into_owned(), ids);
        }
        Ok(())
    }
}

/// The non-empty strings of an array, trimmed; empty for any other type.
struct TextList(Vec<String>);

impl<'de> serde::Deserialize<'de> for TextList {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor;

        impl<'de> serde::de::Visitor<'de> for ListVisitor {
            type Value = TextList;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("any value")
            }

            super::json::scalars_are!(TextList(Vec::new()));

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(TextList(Vec::new()))
            }

            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(TextList(Vec::new()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                super::json::drain_map(map)?;
                Ok(TextList(Vec::new()))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = seq.next_element::<FieldValue<'de>>()? {
                    list.extend(element.as_text().and_then(text::non_empty).map(str::to_owned));
                }
                Ok(TextList(list))
            }
        }

        deserializer.deserialize_any(ListVisitor)
    }
}

struct UsageStatsReader<'s> {
    state: &'s mut State,
}

impl<'de> TakeEntry<'de> for UsageStatsReader<'_> {
    fn take<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        let mut reader = UsageReader(Usage::default());
        if map.next_value_seed(Entries(&mut reader))? == Shape::Object
            && let Some(id) = text::non_empty(&key)
        {
            self.state.usage.insert(id.to_owned(), reader.0);
        }
        Ok(())
    }
}

struct UsageReader(Usage);

impl<'de> TakeEntry<'de> for UsageReader {
    fn take<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        let finite = |number: Number| number.0.filter(|number| number.is_finite());
        let moment = |number: Number| finite(number).map(Timestamp::from_millis);
        let word = |value: FieldValue<'de>| value.as_text().and_then(reason_word);
        match &*key {
            "cooldownUntil" => self.0.cooldown_until = moment(map.next_value()?),
            "disabledUntil" => self.0.disabled_until = moment(map.next_value()?),
            "errorCount" => self.0.error_count = finite(map.next_value()?).map(Count),
            "lastUsed" => self.0.last_used = moment(map.next_value()?),
            "cooldownReason" => self.0.cooldown_reason = word(map.next_value()?),
            "disabledReason" => self.0.disabled_reason = word(map.next_value()?),
            _ => {
                map.next_value::<Skipped>()?;
            }
        }
        Ok(())
    }
}

/// OpenClaw's words for why a profile failed. Anything else could be anything, so it is not carried into reports.
const REASONS: [&str; 13] = [
    "auth",
    "auth_permanent",
    "billing",
    "empty_response",
    "format",
    "model_not_found",
    "no_error_details",
    "overloaded",
    "rate_limit",
    "session_expired",
    "timeout",
    "unclassified",
    "unknown",
];

fn reason_word(reason: &str) -> Option<String> {
    REASONS.contains(&reason).then(|| reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_types_are_passed_over() {
        let json = r#"{"order":{"Anthropic":[" a ",3,""],"x":"y","empty":[]},"lastGood":[],
            "usageStats":{"a":{"cooldownUntil":20,"cooldownReason":"rate_limit","errorCount":"x"},"b":3}}"#;
        let state = State::parse(json, Semantics::V2026_9).expect("well-formed");
        assert_eq!(
            state.order.into_iter().collect::<Vec<_>>(),
            [("anthropic".to_owned(), vec!["a".to_owned()])]
        );
        assert_eq!(state.usage.len(), 1);
        let cooldown = state.usage["a"].cooldown(Timestamp::from_millis(10.0)).expect("cooling down");
        assert_eq!((cooldown.kind, cooldown.reason.as_deref()), (CooldownKind::Cooldown, Some("rate_limit")));
        assert_eq!(state.usage["a"].cooldown(Timestamp::from_millis(20.0)), None);
        assert!(State::parse("[1]", Semantics::V2026_9).expect("well-formed").is_empty());
    }

    #[test]
    fn a_reason_that_is_no_word_is_not_repeated() {
        assert_eq!(reason_word("billing").as_deref(), Some("billing"));
        assert_eq!(reason_word("hunter_two"), None);
    }
}
