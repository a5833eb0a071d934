//! Third step, pure: one message about all changes of a check.

use openclaw_auth::digest;
use openclaw_auth::model::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::incident::{Change, Transition};
use super::problem::ProblemKind;
use crate::channel::settings::Filter;
use crate::model::Severity;
use crate::publish::words::{safe, span};
use crate::texts::{counted, text};

/// Everything that a channel gets at one time, as it waits in the outbox.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The same for the same changes, so that a receiver can drop a message that it gets twice.
    pub id: String,
    pub created: Timestamp,
    pub host: String,
    /// The address at which people reach the status page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_url: Option<String>,
    /// Worst first.
    pub changes: Vec<Change>,
    /// If something is resolved: the other problems that people were notified of and that are still open, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub still_open: Vec<String>,
    /// How many older messages, which could not be delivered, it includes.
    #[serde(default)]
    pub merged: usize,
    #[serde(default)]
    pub test: bool,
    /// How long it had to wait, if that is worth mentioning. Known when it is sent.
    #[serde(skip)]
    pub late_by: Option<Span>,
}

/// A message that waited for longer says so, because its spans of time are as of then.
const LATE: Span = Span::from_mins(15.0);

impl Message {
    fn new(id: String, changes: Vec<Change>, host: &str, page_url: Option<&str>, created: Timestamp) -> Self {
        Self {
            id,
            created,
            host: host.to_owned(),
            page_url: page_url.map(str::to_owned),
            changes,
            still_open: Vec::new(),
            merged: 0,
            test: false,
            late_by: None,
        }
    }

    /// A message about the changes that are for a channel; `None` if none is.
    #[must_use]
    pub fn of(changes: &[Change], filter: &Filter, host: &str, page_url: Option<&str>) -> Option<Self> {
        let mut changes: Vec<Change> =
            changes.iter().filter(|change| matters(change, filter)).cloned().collect();
        let first = changes.first()?;
        let created = first.at;
        sort(&mut changes);
        Some(Self::new(id(&changes), changes, host, page_url, created))
    }

    /// Adds the other open problems if the message says that something is resolved.
    #[must_use]
    pub fn with_open(mut self, open: &[Change], filter: &Filter) -> Self {
        if self.changes.iter().any(Change::is_resolved) {
            let is_named = |open: &Change| self.changes.iter().any(|change| change.incident == open.incident);
            let others = open.iter().filter(|change| matters(change, filter) && !is_named(change));
            self.still_open = others.map(|change| change.problem.about(&change.subject)).collect();
        }
        self
    }

    /// A test message.
    #[must_use]
    pub fn test(host: &str, page_url: Option<&str>, now: Timestamp) -> Self {
        let id = format!("test-{}", openclaw_auth::random::word());
        Self { test: true, ..Self::new(id, Vec::new(), host, page_url, now) }
    }

    /// Merges this message with a later one: of each incident the latest change, with the worst severity.
    #[must_use]
    pub fn merge(mut self, mut later: Self) -> Self {
        for change in std::mem::take(&mut later.changes) {
            match self.changes.iter_mut().find(|known| known.incident == change.incident) {
                Some(known) => {
                    let worst = known.worst.max(change.worst);
                    let transition = merged(known.transition, change.transition);
                    *known = Change { transition, worst, ..change };
                }
                None => self.changes.push(change),
            }
        }
        sort(&mut self.changes);
        Self {
            id: id(&self.changes),
            changes: self.changes,
            merged: self.merged + later.merged + 1,
            test: false,
            late_by: None,
            ..later
        }
    }

    /// The message as it is sent at this time.
    #[must_use]
    pub fn as_of(mut self, now: Timestamp) -> Self {
        let waited = now - self.created;
        self.late_by = (waited > LATE).then_some(waited);
        self
    }

    /// The worst severity that is not resolved; `None` if everything is.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        if self.test {
            return Some(Severity::Info);
        }
        let open = self.changes.iter().filter(|change| !change.is_resolved());
        open.map(|change| change.problem.severity).max()
    }

    /// Whether it is about anything critical, resolved or not. Such a message is never given up.
    #[must_use]
    pub fn is_critical(&self) -> bool {
        self.changes.iter().any(|change| change.relevance() == Severity::Critical)
    }

    /// One line: host, agent, login, and state of the worst problem.
    #[must_use]
    pub fn title(&self) -> String {
        if self.test {
            return clip(&text("message-title-test", &[("host", &self.host)]));
        }
        let Some(worst) = self.changes.first() else {
            return clip(&text("message-title-empty", &[("host", &self.host)]));
        };
        let same = |change: &&Change| change.is_resolved() == worst.is_resolved();
        let others = self.changes.iter().filter(same).count() - 1;
        // Ids may have any length.
        let mut about = clip(&text("message-title", &[("host", &self.host), ("about", &about(worst))]));
        if others > 0 {
            about = text("message-more", &[("about", &about), ("count", &others)]);
        }
        if worst.is_resolved() && !self.still_open.is_empty() {
            let problems = counted("problems", self.still_open.len());
            about = text("message-still-open", &[("about", &about), ("problems", &problems)]);
        }
        about
    }

    /// The command that fixes the worst problem, if there is one.
    #[must_use]
    pub fn command(&self) -> Option<&str> {
        self.changes.iter().find(|change| !change.is_resolved())?.problem.command.as_deref()
    }
}

/// What two changes of one incident amount to for people who were notified of neither.
fn merged(before: Transition, after: Transition) -> Transition {
    match (before, after) {
        // It is still new to the reader, unless it is resolved.
        (Transition::New | Transition::Flapping, after) if after != Transition::Resolved => before,
        (before, Transition::Still) if before != Transition::Resolved => before,
        (_, after) => after,
    }
}

fn matters(change: &Change, filter: &Filter) -> bool {
    let Change { subject, problem, .. } = change;
    filter.matches(change.relevance(), &subject.agent, &problem.also, problem.provider.as_ref())
}

/// Worst first, resolved last.
fn sort(changes: &mut [Change]) {
    changes.sort_by(|one, other| {
        let key = |change: &Change| {
            let severity = change.problem.severity;
            (change.is_resolved(), std::cmp::Reverse(severity), change.problem.kind)
        };
        key(one).cmp(&key(other)).then_with(|| one.subject.cmp(&other.subject))
    });
}

fn id(changes: &[Change]) -> String {
    let line = |change: &Change| {
        format!("{} {} {}\n", change.incident, change.transition.as_str(), change.at.as_millis())
    };
    digest::short(changes.iter().map(line).collect::<String>())
}

fn about(change: &Change) -> String {
    let Change { subject, problem, .. } = change;
    let label = subject.label();
    if change.is_resolved() {
        if change.resolved.as_deref().is_some_and(was_removed) {
            return text("message-removed", &[("label", &label)]);
        }
        let took = span(change.at - change.opened);
        return text("message-resolved", &[("label", &label), ("took", &took)]);
    }
    match (change.transition, problem.kind, problem.ends) {
        (Transition::Flapping, ..) => text("message-flapping", &[("label", &label)]),
        (_, ProblemKind::Expiring, Some(ends)) => {
            text("message-expires-in", &[("label", &label), ("left", &span(ends - change.at))])
        }
        (Transition::Still, ..) => text("message-reminder", &[("about", &problem.about(subject))]),
        _ => problem.about(subject),
    }
}

/// Whether something is resolved because it does not exist any more, by the text of its state.
fn was_removed(state: &str) -> bool {
    ["resolved-removed", "resolved-agent-removed", "resolved-moved"]
        .iter()
        .any(|name| state == text(name, &[]))
}

/// Characters that are kept of other people's text.
pub(super) const MAX_CLIP: usize = 200;

/// The beginning of other people's text, escaped and on one line.
pub(super) fn clip(text: &str) -> String {
    let line = safe(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    if line.chars().count() <= MAX_CLIP {
        return line;
    }
    line.chars().take(MAX_CLIP).chain(['…']).collect()
}
