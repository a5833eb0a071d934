//! Times and token states in words, and text made safe for a terminal.

use openclaw_auth::model::{Span, Timestamp};

pub(crate) use crate::clock::local_date as date;
use crate::model::{AgentHealth, CheckCause, ProfileHealth, Status};
use crate::texts::text;

/// A span in its largest sensible unit: `29 days`, `3 h 20 min`, `45 s`.
#[must_use]
pub(crate) fn span(span: Span) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
    let seconds = span.abs().as_secs() as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if days >= 365_000 => "over 1000 years".to_owned(),
        () if days >= 3 => format!("{days} days"),
        () if hours >= 10 => format!("{hours} h"),
        () if hours >= 1 && minutes % 60 == 0 => format!("{hours} h"),
        () if hours >= 1 => format!("{hours} h {} min", minutes % 60),
        () if minutes >= 1 => format!("{minutes} min"),
        () => format!("{seconds} s"),
    }
}

/// What led OpenClaw's own check to its answer, in words.
#[must_use]
pub(crate) fn check_cause(agent: &AgentHealth, cause: &CheckCause) -> String {
    let name = format!("check-cause-{}", cause.kind.as_str());
    text(&name, &[("agent", &safe(agent.id.as_str())), ("name", &safe(&cause.name))])
}

/// The state of an access token in words: `valid, 29 days left`.
#[must_use]
pub(crate) fn state(profile: &ProfileHealth, now: Timestamp) -> String {
    let left = profile.end().map(|end| span(end - now));
    let name = match (profile.status, left.is_some()) {
        (Status::Static, _) => "token-static",
        (Status::Ok, true) => "token-valid-for",
        (Status::Ok, false) => "token-valid",
        (Status::Expiring, true) => "token-expiring-in",
        (Status::Expiring, false) => "token-expiring",
        (Status::Expired, true) => "token-expired-since",
        (Status::Expired, false) => "token-expired",
        (Status::Missing, _) => "token-missing",
    };
    text(name, &[("left", &left.unwrap_or_default())])
}

/// Makes text from a store safe for a terminal and for one line: control characters are escaped.
#[must_use]
pub(crate) fn safe(text: &str) -> String {
    let is_control = |character: char| {
        character.is_control()
            // Marks that turn the direction of text, and ends of lines and paragraphs.
            || matches!(
                character,
                '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            )
    };
    if !text.contains(is_control) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_control(character) { shown.extend(character.escape_unicode()) } else { shown.push(character) }
    }
    shown
}

/// Breaks text at spaces, and words that are longer than a line anywhere.
#[must_use]
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        if !line.is_empty() && line.chars().count() + 1 + word.len() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        while word.len() > width {
            let rest = word.split_off(width - line.chars().count());
            line.extend(word);
            lines.push(std::mem::take(&mut line));
            word = rest;
        }
        line.extend(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_naturally() {
        let hours = |hours: f64| span(Span::from_hours(hours));
        assert_eq!(hours(24.0 * 29.4), "29 days");
        assert_eq!(hours(50.5), "50 h");
        assert_eq!(hours(-3.25), "3 h 15 min");
        assert_eq!(hours(2.0), "2 h");
        assert_eq!(hours(0.5), "30 min");
        assert_eq!(span(Span::from_millis(45_999.0)), "45 s");
        assert_eq!(span(Span::from_millis(1e19)), "over 1000 years");
    }

    #[test]
    fn escapes_are_shown() {
        assert_eq!(safe("a\u{1b}[31m\tb"), "a\\u{1b}[31m\\u{9}b");
        assert_eq!(safe("日本"), "日本");
        assert_eq!(safe("\u{202e}x"), "\\u{202e}x");
    }

    #[test]
    fn text_is_wrapped_and_nothing_is_lost() {
        assert_eq!(wrap("one two three", 9), ["one two", "three"]);
        assert_eq!(wrap("a abcdefghijklmnopqrst", 8), ["a", "abcdefgh", "ijklmnop", "qrst"]);
        assert!(wrap("", 10).is_empty());
    }
}
