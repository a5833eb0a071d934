//! A message as channels send it: its paragraphs, grouped by agent, and its form for programs.
//!
//! The form for programs is versioned: fields may be added, none changes its meaning. docs/notifications.md describes it.

use serde_json::{Value, json};

use super::incident::{Change, Transition};
use super::message::Message;
use super::problem::{ProblemKind, Subject, SubjectKind};
use crate::channel::message::{Paragraph, RenderedMessage, plain_text, rfc3339};
use crate::clock::zoned_date;
use crate::model::Severity;
use crate::publish::words::{safe, span};
use crate::texts::{counted, text};

/// The version of the form for programs.
const SCHEMA_VERSION: u32 = 1;
/// Changes that are described in full. The rest is counted, because channels cut long texts.
const DESCRIBED: usize = 20;

impl Message {
    /// The message as channels send it.
    #[must_use]
    pub fn render(&self) -> RenderedMessage {
        let body = self.paragraphs();
        RenderedMessage {
            id: self.id.clone(),
            created: self.created,
            host: self.host.clone(),
            severity: self.severity(),
            title: self.title(),
            command: self.command().map(str::to_owned),
            page_url: self.page_url.clone(),
            incidents: self.changes.iter().map(|change| change.incident.clone()).collect(),
            is_late: self.late_by.is_some(),
            json: self.json(&body),
            body,
        }
    }

    fn paragraphs(&self) -> Vec<Paragraph> {
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
        let (resolved, open): (Vec<&Change>, Vec<&Change>) =
            described.iter().partition(|change| change.is_resolved());
        let mut headings: Vec<String> = Vec::new();
        for change in &open {
            let heading = heading(&change.subject);
            if !headings.contains(&heading) {
                headings.push(heading);
            }
        }
        for of in headings {
            let items =
                open.iter().filter(|change| heading(&change.subject) == of).map(|change| item(change));
            parts.push(Paragraph::Heading(of.clone()));
            parts.extend(items);
        }
        if !resolved.is_empty() {
            parts.push(Paragraph::Heading(text("message-heading-resolved", &[])));
            parts.extend(resolved.into_iter().map(resolved_item));
        }
        if !rest.is_empty() {
            parts.push(prose(text("message-rest", &[("count", &rest.len())])));
        }
        if !self.still_open.is_empty() {
            let problems = counted("problems", self.still_open.len());
            parts.push(Paragraph::Heading(text("message-heading-open", &[("problems", &problems)])));
            parts.push(Paragraph::List(self.still_open.iter().take(DESCRIBED).cloned().collect()));
        }
        parts.push(Paragraph::Prose(text("message-from", &[("host", &safe(&self.host))])));
        if let Some(url) = &self.page_url {
            parts.push(Paragraph::Link(url.clone()));
        }
        parts
    }

    fn json(&self, body: &[Paragraph]) -> Value {
        let count = |severity: Severity| {
            let open = self.changes.iter().filter(|change| !change.is_resolved());
            open.filter(|change| change.problem.severity == severity).count()
        };
        json!({
            "version": SCHEMA_VERSION,
            "id": self.id,
            "created": rfc3339(self.created),
            "host": self.host,
            "test": self.test,
            "severity": self.severity().map_or("mended", Severity::as_str),
            "title": self.title(),
            "text": plain_text(body, 80),
            "pageUrl": self.page_url,
            "command": self.command(),
            "merged": self.merged,
            "counts": {
                "critical": count(Severity::Critical),
                "warning": count(Severity::Warning),
                "info": count(Severity::Info),
                "mended": self.changes.iter().filter(|change| change.is_resolved()).count(),
            },
            "changes": self.changes.iter().map(change_json).collect::<Vec<_>>(),
        })
    }
}

/// The heading that a subject is listed under.
fn heading(subject: &Subject) -> String {
    match &subject.kind {
        SubjectKind::Config => text("message-openclaw", &[]),
        _ if subject.agent.is_empty() => text("message-itself", &[]),
        _ => text("label-agent", &[("agent", &safe(&subject.agent))]),
    }
}

fn resolved_item(change: &Change) -> Paragraph {
    let now = change.resolved.clone().unwrap_or_else(|| text("resolved", &[]));
    let took = span(change.at - change.opened);
    let before = text("message-before", &[("state", &safe(&change.problem.state)), ("took", &took)]);
    Paragraph::Item {
        name: change.subject.label(),
        severity: None,
        note: None,
        words: format!("{} {}", sentence(&safe(&now)), sentence(&before)),
        command: None,
    }
}

fn item(change: &Change) -> Paragraph {
    let problem = &change.problem;
    let mut words = vec![safe(&problem.meaning)];
    match (problem.kind, problem.since, problem.ends) {
        (ProblemKind::Expiring, _, Some(ends)) => {
            words.push(text("message-left", &[("left", &span(ends - change.at)), ("at", &zoned_date(ends))]));
        }
        (_, Some(since), _) if since <= change.at => {
            words.push(text(
                "message-since",
                &[("at", &zoned_date(since)), ("ago", &span(change.at - since))],
            ));
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
        // A shell accepts characters that move a terminal's cursor, or end a chat's markup.
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

fn change_json(change: &Change) -> Value {
    let (subject, problem) = (&change.subject, &change.problem);
    let of = match subject.kind {
        SubjectKind::Agent => "agent",
        SubjectKind::Store => "store",
        SubjectKind::Provider(_) => "provider",
        SubjectKind::Profile(_) => "profile",
        SubjectKind::Recovery(_) => "rescue",
        SubjectKind::Channel(_) => "channel",
        SubjectKind::Config => "config",
    };
    let profile =
        matches!(subject.kind, SubjectKind::Profile(_) | SubjectKind::Recovery(_)).then(|| subject.name());
    json!({
        "incident": change.incident,
        "change": change.transition,
        "of": of,
        "agent": subject.agent,
        "profile": profile,
        "provider": problem.provider,
        "condition": problem.kind,
        "severity": problem.severity,
        "worst": change.worst,
        "meaning": problem.meaning,
        "command": problem.command,
        "since": problem.since.map(rfc3339),
        "ends": problem.ends.map(rfc3339),
        "opened": rfc3339(change.opened),
        "at": rfc3339(change.at),
        "alsoUsedBy": problem.also,
        "mended": change.resolved,
    })
}

/// A short text with a capital and a full stop.
pub(super) fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    let start = characters.next().map(char::to_uppercase).into_iter().flatten();
    let end = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    start.chain(characters).chain(end.chars()).collect()
}
