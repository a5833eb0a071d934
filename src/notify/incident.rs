//! Incidents: problems as they are remembered from check to check, and the changes of them that people are notified of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use openclaw_auth::digest;
use openclaw_auth::model::{Span, Timestamp};
use openclaw_auth::words;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::problem::{Problem, ProblemKind, Subject};
use crate::model::Severity;

/// All incidents, and the profiles that have been seen.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Incidents {
    /// In the order of their subjects.
    #[serde(rename = "incidents")]
    pub all: Vec<Incident>,
    /// Each agent's own profiles, to notice removed ones; `None` before the first check.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_known",
        deserialize_with = "deserialize_known"
    )]
    pub known: Option<Arc<KnownProfiles>>,
}

/// Profiles by agent. In a large fleet this is most of the store and nearly never changes, so it is shared, not copied.
pub(super) type KnownProfiles = BTreeMap<String, BTreeSet<String>>;

#[expect(clippy::ref_option, reason = "serde hands the field over by reference")]
fn serialize_known<S: Serializer>(
    known: &Option<Arc<KnownProfiles>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    known.as_deref().serialize(serializer)
}

fn deserialize_known<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Arc<KnownProfiles>>, D::Error> {
    Ok(Option::<KnownProfiles>::deserialize(deserializer)?.map(Arc::new))
}

/// A problem with its history.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Incident {
    /// Identifies it in messages, for example to thread mails.
    pub id: String,
    pub subject: Subject,
    /// As it was last found.
    #[serde(rename = "condition")]
    pub problem: Problem,
    pub phase: Phase,
    /// When it was first found.
    pub opened: Timestamp,
    #[serde(rename = "told", default, skip_serializing_if = "Option::is_none")]
    pub notified: Option<Notified>,
    /// Consecutive checks that found it, as far as that matters.
    #[serde(default)]
    pub seen: u32,
    /// Consecutive checks that did not find it.
    #[serde(default)]
    pub clear: u32,
    /// When it was first not found any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clear_since: Option<Timestamp>,
    /// When it fired within the last hours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fired: Vec<Timestamp>,
    /// Whether its state keeps changing.
    #[serde(default)]
    pub flapping: bool,
    /// The state of its subject when it was resolved, in words.
    #[serde(rename = "mended", default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<String>,
}

words! {
    pub enum Phase in "snake_case" {
        /// Not found often enough yet.
        Pending,
        Firing,
        /// Resolved, but people have not been notified of that.
        #[strum(serialize = "mended")]
        Resolved,
        /// Resolved and notified; kept for a while to notice flapping.
        Over,
    }
}

/// What people were last notified of.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notified {
    pub at: Timestamp,
    pub kind: ProblemKind,
    pub severity: Severity,
    /// The worst severity that people were notified of.
    pub worst: Severity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Span>,
}

impl Incidents {
    #[must_use]
    pub fn incident(&self, subject: &Subject) -> Option<&Incident> {
        let found = self.all.binary_search_by(|incident| incident.subject.cmp(subject));
        found.ok().map(|index| &self.all[index])
    }

    pub fn firing(&self) -> impl Iterator<Item = &Incident> {
        self.all.iter().filter(|incident| incident.phase == Phase::Firing)
    }
}

/// The id of an incident: the same for the same subject and time, so that a check that is repeated gives the same id.
pub(super) fn id(subject: &Subject, opened: Timestamp) -> String {
    let text = serde_json::to_string(subject).expect("a subject is plain text");
    digest::short(format!("{text} {}", opened.as_millis()))
}

words! {
    /// What happened to an incident. The word is part of the webhook's schema.
    pub enum Transition in "snake_case" {
        New,
        Worse,
        /// Less severe, but not resolved.
        Better,
        /// Unchanged for so long that it is repeated.
        Still,
        Flapping,
        #[strum(serialize = "mended")]
        Resolved,
    }
}

/// A change of an incident that people are notified of.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub incident: String,
    #[serde(rename = "turn")]
    pub transition: Transition,
    #[serde(flatten)]
    pub subject: Subject,
    /// As it is, or was before it was resolved.
    #[serde(flatten)]
    pub problem: Problem,
    /// The worst severity that people were notified of. Decides, with the present one, which channels get the change.
    pub worst: Severity,
    /// When the incident began.
    pub opened: Timestamp,
    /// When the change was found.
    pub at: Timestamp,
    /// The state of the subject after it was resolved.
    #[serde(rename = "mended", default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<String>,
}

impl Change {
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        self.transition == Transition::Resolved
    }

    /// The severity that filters go by: a recovery is as important as what it ends.
    #[must_use]
    pub fn relevance(&self) -> Severity {
        self.problem.severity.max(self.worst)
    }
}
