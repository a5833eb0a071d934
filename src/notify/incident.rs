//! What is remembered of conditions from pass to pass: which have been told, when, and how bad they were then.

use openclaw_auth::digest;
use openclaw_auth::words;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use openclaw_auth::model::{Span, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::problem::{Problem, ProblemKind, Subject};
use crate::model::Severity;

/// Every incident there is, and the profiles that have been seen.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Incidents {
    /// Conditions that are being watched.
    #[serde(rename = "incidents")]
    pub all: Vec<Incident>,
    /// The own profiles of each agent, to notice those that vanish; `None` before the first pass.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_known",
        deserialize_with = "deserialize_known"
    )]
    pub known: Option<Arc<KnownProfiles>>,
}

/// Profiles by agent. In a large fleet it is most of what is remembered, and nearly always as it was: shared, not copied.
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

/// A condition with its history.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Incident {
    /// Names it in messages, so that they can be threaded and told apart.
    pub id: String,
    pub subject: Subject,
    /// How it was when last seen.
    #[serde(rename = "condition")]
    pub problem: Problem,
    pub phase: Phase,
    /// When it was first seen, Unix milliseconds.
    pub opened: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "told")]
    pub notified: Option<Notified>,
    /// Passes in a row that have seen it, as far as that matters.
    #[serde(default)]
    pub seen: u32,
    /// Passes in a row that have not.
    #[serde(default)]
    pub clear: u32,
    /// When it was first found mended, Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clear_since: Option<Timestamp>,
    /// When it has fired within the last hours, Unix milliseconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fired: Vec<Timestamp>,
    /// Set while it comes and goes.
    #[serde(default)]
    pub flapping: bool,
    /// How its subject was when it was mended, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "mended")]
    pub resolved: Option<String>,
}

words! {
    pub enum Phase {
        /// Seen, not yet often enough.
        Pending = "pending",
        Firing = "firing",
        /// Mended, but that has still to be told.
        Resolved = "mended",
        /// Mended and told; kept for a while to notice what comes and goes.
        Over = "over",
    }
}

/// What has been told last.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notified {
    /// When, Unix milliseconds.
    pub at: Timestamp,
    pub kind: ProblemKind,
    /// How bad it was then.
    pub severity: Severity,
    /// How bad it has been at worst.
    pub worst: Severity,
    /// The threshold that was passed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Span>,
}

impl Incidents {
    #[must_use]
    pub fn incident(&self, subject: &Subject) -> Option<&Incident> {
        // They are kept in the order of their subjects.
        let found = self.all.binary_search_by(|incident| incident.subject.cmp(subject));
        found.ok().map(|index| &self.all[index])
    }

    pub fn firing(&self) -> impl Iterator<Item = &Incident> {
        self.all.iter().filter(|incident| incident.phase == Phase::Firing)
    }
}

/// A name for an incident: the same for the same subject and moment, so that a pass that is done twice names it alike.
pub(super) fn name(subject: &Subject, opened: Timestamp) -> String {
    let text = serde_json::to_string(subject).expect("a subject is plain text");
    digest::short(format!("{text} {}", opened.as_millis()))
}
