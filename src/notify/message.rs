//! Third step, pure: one message of all changes of a pass, as a colleague would write it.

use openclaw_auth::digest;
use serde::{Deserialize, Serialize};

use super::change::{Change, Transition};
use super::problem::ProblemKind;
use super::words::{clip, span, was_removed};
use crate::config::Filter;
use crate::model::Severity;
use crate::texts::{counted, text};
use openclaw_auth::model::{Span, Timestamp};

/// Everything a channel is told at one time.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Names it, so that who gets it twice can tell.
    pub id: String,
    /// When it was written, Unix milliseconds.
    pub created: Timestamp,
    pub host: String,
    /// The address of the status page, where people can reach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_url: Option<String>,
    /// What happened, worst first.
    pub changes: Vec<Change>,
    /// What was said before of other problems and still is so, a line each; where something is resolved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub still_open: Vec<String>,
    /// How many older messages it stands for, that could not be delivered.
    #[serde(default)]
    pub merged: usize,
    /// Set for a message that only shows that messages arrive.
    #[serde(default)]
    pub test: bool,
    /// How long it had to wait, where that is worth a word. Known when it is sent.
    #[serde(skip)]
    pub late_by: Option<Span>,
}

/// A message that waited for longer says so, for what it says of times is as of then.
const LATE: Span = Span::from_mins(15.0);

impl Message {
    /// A message of what matters to a channel; `None` where nothing does.
    #[must_use]
    pub fn of(changes: &[Change], filter: &Filter, host: &str, page_url: Option<&str>) -> Option<Self> {
        let mut changes: Vec<Change> =
            changes.iter().filter(|change| matters(change, filter)).cloned().collect();
        let first = changes.first()?;
        let created = first.at;
        sort(&mut changes);
        Some(Self {
            id: id(&changes),
            created,
            host: host.to_owned(),
            page_url: page_url.map(str::to_owned),
            changes,
            still_open: Vec::new(),
            merged: 0,
            test: false,
            late_by: None,
        })
    }

    /// The same with what else is open, where it says that something is resolved.
    #[must_use]
    pub fn with_open(mut self, open: &[Change], filter: &Filter) -> Self {
        if self.changes.iter().any(Change::is_resolved) {
            let is_told = |open: &Change| self.changes.iter().any(|change| change.incident == open.incident);
            let others = open.iter().filter(|change| matters(change, filter) && !is_told(change));
            self.still_open = others.map(|change| change.problem.about(&change.subject)).collect();
        }
        self
    }

    /// A message that shows that messages arrive.
    #[must_use]
    pub fn test(host: &str, page_url: Option<&str>, now: Timestamp) -> Self {
        Self {
            id: format!("test-{}", openclaw_auth::random::word()),
            created: now,
            host: host.to_owned(),
            page_url: page_url.map(str::to_owned),
            changes: Vec::new(),
            still_open: Vec::new(),
            merged: 0,
            test: true,
            late_by: None,
        }
    }

    /// This message and one that came after it: of each incident the latest word, but as bad as it has been.
    #[must_use]
    pub fn merge(mut self, later: Self) -> Self {
        for change in later.changes {
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
            created: later.created,
            merged: self.merged + later.merged + 1,
            host: later.host,
            page_url: later.page_url,
            changes: self.changes,
            still_open: later.still_open,
            test: false,
            late_by: None,
        }
    }

    /// The message as it is sent at a moment.
    #[must_use]
    pub fn as_of(mut self, now: Timestamp) -> Self {
        let waited = now - self.created;
        self.late_by = (waited > LATE).then_some(waited);
        self
    }

    /// How bad it is: the worst of what is not mended; `None` where all is.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        if self.test {
            return Some(Severity::Info);
        }
        let open = self.changes.iter().filter(|change| !change.is_resolved());
        open.map(|change| change.problem.severity).max()
    }

    /// Whether it holds anything critical, mended or not: such a message is never given up.
    #[must_use]
    pub fn is_critical(&self) -> bool {
        self.changes.iter().any(|change| change.weight() == Severity::Critical)
    }

    /// One line that says where, and the worst.
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
        // Ids may be of any length, and no subject is read to its end.
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

    /// The command that mends the worst, if there is one.
    #[must_use]
    pub fn command(&self) -> Option<&str> {
        self.changes.iter().find(|change| !change.is_resolved())?.problem.command.as_deref()
    }

    /// The whole message as plain text, in lines of at most `width` columns (commands, which have to be copied, apart).
    #[must_use]
    pub fn text(&self, width: usize) -> String {
        self.paragraphs().iter().map(|part| part.text(width)).collect::<Vec<_>>().join("\n\n") + "\n"
    }
}

/// What two words on one incident add up to, for who has heard neither.
fn merged(before: Transition, after: Transition) -> Transition {
    match (before, after) {
        // What was new is new to who reads this, whatever has become of it, unless that is mended.
        (Transition::New | Transition::Flapping, after) if after != Transition::Resolved => before,
        (before, Transition::Still) if before != Transition::Resolved => before,
        // What was mended and has broken again is broken.
        (_, after) => after,
    }
}

fn matters(change: &Change, filter: &Filter) -> bool {
    let Change { subject, problem, .. } = change;
    filter.lets_pass(change.weight(), &subject.agent, &problem.also, problem.provider.as_ref())
}

/// Worst first; what is mended last.
fn sort(changes: &mut [Change]) {
    changes.sort_by(|one, other| {
        let key = |change: &Change| {
            let severity = change.problem.severity;
            (change.is_resolved(), std::cmp::Reverse(severity), change.problem.kind)
        };
        key(one).cmp(&key(other)).then_with(|| one.subject.cmp(&other.subject))
    });
}

/// The same for the same changes, whoever writes it.
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
