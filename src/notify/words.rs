//! Words shared by problems, messages, and channels.

pub(super) use crate::clock::zoned_date as date;
pub(super) use crate::publish::words::{safe, span};

use crate::model::Severity;
use crate::texts::text;
use openclaw_auth::model::Timestamp;

/// No text of the other side's is kept longer.
pub(super) const MOST_ANSWER: usize = 200;

/// A short sentence with a capital and a full stop.
pub(super) fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    let start = characters.next().map(char::to_uppercase).into_iter().flatten();
    let end = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    start.chain(characters).chain(end.chars()).collect()
}

/// The beginning of what somebody else said, on one line.
pub(super) fn clip(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = safe(&line);
    if line.chars().count() <= MOST_ANSWER {
        return line;
    }
    line.chars().take(MOST_ANSWER).chain(['…']).collect()
}

/// The color of a message, as red, green, and blue; dark enough to be read on white.
pub(super) fn color(severity: Option<Severity>) -> u32 {
    match severity {
        Some(Severity::Critical) => 0x00b3_261e,
        Some(Severity::Warning) => 0x008a_5a00,
        Some(Severity::Info) => 0x003a_5a9a,
        None => 0x001c_6b3c,
    }
}

/// The same as HTML and Slack write it.
pub(super) fn hex_color(severity: Option<Severity>) -> String {
    format!("#{:06x}", color(severity))
}

/// The word a message is headed by.
pub(super) fn severity_word(severity: Option<Severity>) -> &'static str {
    severity.map_or("mended", Severity::as_str)
}

/// A moment as other programs read it.
pub(super) fn rfc3339(at: Timestamp) -> String {
    crate::clock::date(at)
        .map(|date| date.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
        .unwrap_or_default()
}

/// Whether something is resolved because it is not there any more, by how it is said to be now.
pub(super) fn was_removed(how: &str) -> bool {
    ["resolved-removed", "resolved-agent-removed", "resolved-moved"].iter().any(|name| how == text(name, &[]))
}
