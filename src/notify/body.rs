//! The body of a message, piece by piece: grouped by agent, each change with what it means, since when, and the command.

use super::change::{Change, Transition};
use super::message::Message;
use super::problem::{ProblemKind, Subject, SubjectKind};
use super::words::{date, safe, sentence, span};
use crate::model::Severity;
use crate::texts::{counted, text};

/// Changes that are described in full; the rest is counted. Nobody reads further, and channels cut long texts.
const DESCRIBED: usize = 20;

impl Message {
    /// The message piece by piece, for the forms it is sent in.
    #[must_use]
    pub fn paragraphs(&self) -> Vec<Paragraph> {
        let prose = |words: String| Paragraph::Prose(sentence(&words));
        let mut parts = Vec::new();
        if self.test {
            parts.push(prose(text("message-test", &[])));
        }
        if self.merged > 0 {
            parts.push(prose(text("message-merged", &[("count", &(self.merged + 1))])));
        }
        if let Some(waited) = self.late_by {
            parts.push(prose(text("message-late", &[("waited", &span(waited))])));
        }
        let (described, rest) = self.changes.split_at(self.changes.len().min(DESCRIBED));
        let mut groups: Vec<Group<'_>> = Vec::new();
        for change in described.iter().filter(|change| !change.is_resolved()) {
            if !groups.contains(&group(&change.subject)) {
                groups.push(group(&change.subject));
            }
        }
        for of in groups {
            parts.push(Paragraph::Agent(match of {
                Group::Agent(id) => text("label-agent", &[("agent", &safe(id))]),
                Group::OpenClaw => text("message-openclaw", &[]),
                Group::FailingChannels => text("message-itself", &[]),
            }));
            let open =
                described.iter().filter(|change| !change.is_resolved() && group(&change.subject) == of);
            parts.extend(open.map(item));
        }
        if described.iter().any(Change::is_resolved) {
            parts.push(Paragraph::Agent(text("message-heading-resolved", &[])));
            parts.extend(described.iter().filter(|change| change.is_resolved()).map(item));
        }
        if !rest.is_empty() {
            parts.push(prose(text("message-rest", &[("count", &rest.len())])));
        }
        if !self.still_open.is_empty() {
            let problems = counted("problems", self.still_open.len());
            parts.push(Paragraph::Agent(text("message-heading-open", &[("problems", &problems)])));
            parts.push(Paragraph::List(self.still_open.iter().take(DESCRIBED).cloned().collect()));
        }
        parts.push(Paragraph::Prose(text("message-from", &[("host", &safe(&self.host))])));
        if let Some(url) = &self.page_url {
            parts.push(Paragraph::Link(url.clone()));
        }
        parts
    }
}

/// What changes are put together under.
#[derive(PartialEq)]
enum Group<'a> {
    Agent(&'a str),
    OpenClaw,
    FailingChannels,
}

fn group(subject: &Subject) -> Group<'_> {
    match &subject.kind {
        SubjectKind::Config => Group::OpenClaw,
        _ if subject.agent.is_empty() => Group::FailingChannels,
        _ => Group::Agent(&subject.agent),
    }
}

fn item(change: &Change) -> Paragraph {
    let problem = &change.problem;
    if change.is_resolved() {
        let now = change.resolved.clone().unwrap_or_else(|| text("resolved", &[]));
        let took = span(change.at - change.opened);
        let before = text("message-before", &[("state", &safe(&problem.state)), ("took", &took)]);
        return Paragraph::Item {
            name: change.subject.label(),
            severity: None,
            note: None,
            words: format!("{} {}", sentence(&safe(&now)), sentence(&before)),
            command: None,
        };
    }
    let mut words = vec![safe(&problem.meaning)];
    match (problem.kind, problem.since, problem.ends) {
        (ProblemKind::Expiring, _, Some(ends)) => {
            words.push(text("message-left", &[("left", &span(ends - change.at)), ("at", &date(ends))]));
        }
        (_, Some(since), _) if since <= change.at => {
            words.push(text("message-since", &[("at", &date(since)), ("ago", &span(change.at - since))]));
        }
        _ => {}
    }
    if !problem.also.is_empty() {
        let names: Vec<String> = problem.also.iter().map(|agent| safe(agent)).collect();
        words.push(text("message-also", &[("agents", &listed(&names))]));
    }
    if change.transition == Transition::Flapping {
        words.push(text("message-is-flapping", &[]));
    }
    let note = match change.transition {
        Transition::New | Transition::Flapping | Transition::Resolved => None,
        Transition::Worse => Some(text("note-worse", &[])),
        Transition::Better => Some(text("note-better", &[])),
        Transition::Still => Some(text("note-still", &[])),
    };
    Paragraph::Item {
        name: change.subject.label_in_agent(),
        severity: Some(problem.severity),
        note,
        words: words.iter().map(|words| sentence(words)).collect::<Vec<_>>().join(" "),
        // What a shell would take as it is may move a terminal's cursor, or end a chat's markup.
        command: problem.command.as_deref().map(safe),
    }
}

/// `agents a, b, and c`.
fn listed(names: &[String]) -> String {
    let names = match names {
        [] => String::new(),
        [one] => return text("label-agent", &[("agent", one)]),
        [one, other] => text("message-and-two", &[("others", one), ("last", other)]),
        [others @ .., last] => text("message-and", &[("others", &others.join(", ")), ("last", last)]),
    };
    text("label-agents", &[("agents", &names)])
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Paragraph {
    Prose(String),
    /// A heading: the agent that what follows is about.
    Agent(String),
    Item {
        name: String,
        /// How bad it is; `None` for what is mended.
        severity: Option<Severity>,
        /// What happened to it, unless it is new.
        note: Option<String>,
        /// What it means, and since when.
        words: String,
        /// The command that mends it.
        command: Option<String>,
    },
    /// A line for each of what is only named.
    List(Vec<String>),
    Link(String),
}

impl Paragraph {
    pub(super) fn text(&self, width: usize) -> String {
        match self {
            Self::Prose(words) => wrap(words, width, ""),
            Self::Agent(name) => wrap(name, width, ""),
            Self::List(lines) => lines
                .iter()
                .map(|line| wrap(&format!("- {line}"), width, "  "))
                .collect::<Vec<_>>()
                .join("\n"),
            Self::Link(url) => url.clone(),
            Self::Item { name, severity, note, words, command } => {
                let how: Vec<&str> =
                    severity.map(Severity::as_str).into_iter().chain(note.as_deref()).collect();
                let heading =
                    if how.is_empty() { name.clone() } else { format!("{name} ({})", how.join(", ")) };
                let mut lines = vec![wrap(&heading, width, "  "), wrap(words, width, "  ")];
                // A command is copied, so that it is never broken.
                lines.extend(command.as_ref().map(|command| format!("  $ {command}")));
                lines.join("\n")
            }
        }
    }
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
