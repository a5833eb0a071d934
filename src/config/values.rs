//! How values are read and written: durations, and variables of the process.

use openclaw_auth::model::Span;
use serde::Deserialize;

use crate::clock;

pub(super) fn window<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Span>, D::Error> {
    let text = String::deserialize(deserializer)?;
    clock::duration(&text).map(Some).map_err(serde::de::Error::custom)
}

#[expect(clippy::ref_option, reason = "serde hands the field over by reference")]
pub(super) fn window_text<S: serde::Serializer>(
    window: &Option<Span>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let span = window.unwrap_or(Span::ZERO).to_std();
    serializer.collect_str(&humantime::format_duration(span))
}

/// A setting that a variable of the process gives, where it is not empty.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
