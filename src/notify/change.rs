//! A change of an incident that people are notified of.

use openclaw_auth::model::Timestamp;
use openclaw_auth::words;
use serde::{Deserialize, Serialize};

use super::problem::{Problem, Subject};
use crate::model::Severity;

words! {
    /// What happened to an incident that people hear of. The word is part of the webhook's schema.
    pub enum Transition {
        New = "new",
        Worse = "worse",
        /// It has become better, and is not mended.
        Better = "better",
        /// It is as it was, for a long time now.
        Still = "still",
        Flapping = "flapping",
        Resolved = "mended",
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub incident: String,
    #[serde(rename = "turn")]
    pub transition: Transition,
    #[serde(flatten)]
    pub subject: Subject,
    /// How it is, or was before it was mended.
    #[serde(flatten)]
    pub problem: Problem,
    /// How bad it has been at worst, as far as that was told; decides with its severity who hears of it.
    pub worst: Severity,
    /// When it came up, Unix milliseconds.
    pub opened: Timestamp,
    /// When this was found, Unix milliseconds.
    pub at: Timestamp,
    /// How its subject is now that it is mended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "mended")]
    pub resolved: Option<String>,
}

impl Change {
    /// Whether it asks anybody to do anything.
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        self.transition == Transition::Resolved
    }

    /// How much hearing of it matters: a recovery matters as much as what it ends.
    #[must_use]
    pub fn weight(&self) -> Severity {
        self.problem.severity.max(self.worst)
    }
}
