//! A message as a channel gets it: its texts, and what channels decide by. In plain text it is written here, in markup by `markup`.

use chrono::SecondsFormat;
use openclaw_auth::model::Timestamp;
use serde_json::Value;

use crate::model::Severity;
use crate::{clock, texts};

/// A message that is ready to be sent.
#[derive(Clone, Debug)]
pub struct RenderedMessage {
    /// The same for the same message, so that a receiver can drop one that it gets twice.
    pub id: String,
    pub created: Timestamp,
    pub host: String,
    /// The worst that is not resolved; `None` if everything is.
    pub severity: Option<Severity>,
    /// One line: host, agent, login, and state of the worst problem.
    pub title: String,
    pub body: Vec<Paragraph>,
    /// The command that fixes the worst problem.
    pub command: Option<String>,
    /// The address of the status page.
    pub page_url: Option<String>,
    /// Names of the incidents it is about, worst first.
    pub incidents: Vec<String>,
    /// Whether it could not be delivered for a while.
    pub is_late: bool,
    /// authwatch's own form for programs, described in docs/notifications.md.
    pub json: Value,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Paragraph {
    Prose(String),
    /// The agent that the following items are about, or another group of items.
    Heading(String),
    Item {
        name: String,
        /// `None` for what is resolved.
        severity: Option<Severity>,
        /// What happened to it, unless it is new.
        note: Option<String>,
        /// What it means, and since when.
        words: String,
        /// The command that fixes it.
        command: Option<String>,
    },
    List(Vec<String>),
    Link(String),
}

impl RenderedMessage {
    /// The body in lines of at most `width` columns. Commands are copied, so they are never broken.
    #[must_use]
    pub fn text(&self, width: usize) -> String {
        plain_text(&self.body, width)
    }

    /// The severity as a word; `mended` if everything is resolved. The word is part of the webhook's schema.
    #[must_use]
    pub fn severity_word(&self) -> &'static str {
        self.severity.map_or("mended", Severity::as_str)
    }

    /// The first of the values for critical, warning, info, and resolved that applies.
    pub(super) fn by_severity<T>(&self, [critical, warning, info, resolved]: [T; 4]) -> T {
        match self.severity {
            Some(Severity::Critical) => critical,
            Some(Severity::Warning) => warning,
            Some(Severity::Info) => info,
            None => resolved,
        }
    }
}

/// Paragraphs as plain text in lines of at most `width` columns.
pub(crate) fn plain_text(body: &[Paragraph], width: usize) -> String {
    body.iter().map(|part| part.text(width)).collect::<Vec<_>>().join("\n\n") + "\n"
}

impl Paragraph {
    fn text(&self, width: usize) -> String {
        match self {
            Self::Prose(words) | Self::Heading(words) => wrap(words, width, ""),
            Self::List(lines) => {
                let lines = lines.iter().map(|line| wrap(&format!("- {line}"), width, "  "));
                lines.collect::<Vec<_>>().join("\n")
            }
            Self::Link(url) => url.clone(),
            Self::Item { name, severity, note, words, command } => {
                let heading = format!("{name}{}", in_parentheses(*severity, note.as_deref()));
                let mut lines = vec![wrap(&heading, width, "  "), wrap(words, width, "  ")];
                lines.extend(command.as_ref().map(|command| format!("  $ {command}")));
                lines.join("\n")
            }
        }
    }
}

/// How people read a severity.
pub(super) fn severity_text(severity: Severity) -> String {
    texts::text(&format!("severity-{}", severity.as_str()), &[])
}

/// ` (critical, reminder)`; empty for what is resolved.
pub(super) fn in_parentheses(severity: Option<Severity>, note: Option<&str>) -> String {
    let words: Vec<String> = severity.map(severity_text).into_iter().chain(note.map(str::to_owned)).collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}

/// Breaks words into lines. A word that is longer than a line stays whole.
fn wrap(words: &str, width: usize, indent: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    // A number and its unit stay together.
    let mut parts: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        let is_number = |part: &String| part.chars().all(|character| character.is_ascii_digit());
        let is_unit = ["s", "min", "h", "days"].contains(&word.trim_end_matches(['.', ',', ';']));
        match parts.last_mut().filter(|part| is_unit && is_number(part)) {
            Some(number) => *number = format!("{number} {word}"),
            None => parts.push(word.to_owned()),
        }
    }
    for word in parts {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(format!("{indent}{word}")),
        }
    }
    lines.join("\n")
}

/// A moment as other programs read it.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let date = clock::date(at).map(|date| date.to_rfc3339_opts(SecondsFormat::Millis, true));
    date.unwrap_or_default()
}
