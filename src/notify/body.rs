//! The body of a message, piece by piece: grouped by agent, each change with what it means, since when, and the command.

use super::change::{Change, Transition};
use super::message::Message;
use super::problem::{ProblemKind, Subject, SubjectKind};
use super::words::{date, safe, sentence, span};
use crate::model::Severity;

/// Changes that are described in full; the rest is counted. Nobody reads further, and channels cut long texts.
const DESCRIBED: usize = 20;

impl Message {
    /// The message piece by piece, for the forms it is sent in.
    #[must_use]
    pub fn paragraphs(&self) -> Vec<Paragraph> {
        let mut parts = Vec::new();
        if self.test {
            let words = "This is a test. When a login of an OpenClaw agent needs you, this is where you will hear of it.";
            parts.push(Paragraph::Prose(words.to_owned()));
        }
        if self.merged > 0 {
            let count = self.merged + 1;
            let words = format!("{count} messages could not be delivered; this is what they add up to.");
            parts.push(Paragraph::Prose(words));
        }
        if let Some(waited) = self.late_by {
            let words = format!("This was written {} ago and could not be delivered before.", span(waited));
            parts.push(Paragraph::Prose(words));
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
                Group::Agent(id) => safe(id),
                Group::OpenClaw => "OpenClaw".to_owned(),
                Group::FailingChannels => "authwatch itself".to_owned(),
            }));
            let open =
                described.iter().filter(|change| !change.is_resolved() && group(&change.subject) == of);
            parts.extend(open.map(item));
        }
        if described.iter().any(Change::is_resolved) {
            parts.push(Paragraph::Agent("Mended".to_owned()));
            parts.extend(described.iter().filter(|change| change.is_resolved()).map(item));
        }
        if !rest.is_empty() {
            let words = format!("And {} more. `authwatch status` shows them all.", rest.len());
            parts.push(Paragraph::Prose(words));
        }
        parts.push(Paragraph::Prose(format!("authwatch on {}", safe(&self.host))));
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
    let mut words: Vec<String> = Vec::new();
    if change.is_resolved() {
        let now = change.resolved.as_deref().unwrap_or("in order");
        words.push(sentence(&safe(now)));
        let took = span(change.at - change.opened);
        words.push(format!("Before that it {}, for {took}.", past(problem.kind)));
        return Paragraph::Item {
            name: change.subject.label(),
            severity: None,
            note: None,
            words: words.join(" "),
            command: None,
        };
    }
    words.push(sentence(&safe(&problem.meaning)));
    match (problem.kind, problem.since, problem.ends) {
        (ProblemKind::Expiring, _, Some(ends)) => {
            let left = span(ends - change.at);
            words.push(format!("{left} left, until {}.", date(ends)));
        }
        (_, Some(since), _) if since <= change.at => {
            words.push(format!("Since {}, {} ago.", date(since), span(change.at - since)));
        }
        _ => {}
    }
    if !problem.also.is_empty() {
        let names: Vec<String> = problem.also.iter().map(|agent| safe(agent)).collect();
        let (have, names) = match names.as_slice() {
            [one] => ("has", one.clone()),
            [others @ .., last] => ("have", format!("{} and {last}", others.join(", "))),
            [] => ("have", String::new()),
        };
        words.push(format!("{names} {have} it from there, too."));
    }
    if change.transition == Transition::Flapping {
        words.push(
            "It comes and goes; the next word of it comes once it has been quiet for half an hour."
                .to_owned(),
        );
    }
    let note = match change.transition {
        Transition::New | Transition::Flapping | Transition::Resolved => None,
        Transition::Worse => Some("worse"),
        Transition::Better => Some("better than it was"),
        Transition::Still => Some("still"),
    };
    Paragraph::Item {
        name: change.subject.label_in_agent(),
        severity: Some(problem.severity),
        note,
        words: words.join(" "),
        // What a shell would take as it is may move a terminal's cursor, or end a chat's markup.
        command: problem.command.as_deref().map(safe),
    }
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
        note: Option<&'static str>,
        /// What it means, and since when.
        words: String,
        /// The command that mends it.
        command: Option<String>,
    },
    Link(String),
}

impl Paragraph {
    pub(super) fn text(&self, width: usize) -> String {
        match self {
            Self::Prose(words) => wrap(words, width, ""),
            Self::Agent(name) => wrap(name, width, ""),
            Self::Link(url) => url.clone(),
            Self::Item { name, severity, note, words, command } => {
                let how: Vec<&str> = severity.map(Severity::as_str).into_iter().chain(*note).collect();
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

/// What it was before it was mended: completes "it …".
fn past(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Dead => "was dead",
        ProblemKind::Missing => "held no credential",
        ProblemKind::Expired => "had ended",
        ProblemKind::Expiring => "was about to end",
        ProblemKind::Lapsed => "had lapsed",
        ProblemKind::Disabled => "was set aside",
        ProblemKind::ProviderMissing => "had no login",
        ProblemKind::StoreUnreadable => "could not be read",
        ProblemKind::StoreStranded => "had lost its logins",
        ProblemKind::Rescued => "could not be stored",
        ProblemKind::Gone => "was gone",
        ProblemKind::ChannelFailing => "took no messages",
        ProblemKind::ConfigUnreadable => "could not be used",
    }
}
