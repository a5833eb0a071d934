//! A mute: notifications about a subject are suppressed until a given time.

use openclaw_auth::model::Timestamp;
use serde::{Deserialize, Serialize};

use super::problem::Subject;

/// A wish not to hear of something for a while.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mute {
    /// The profile, provider or store it is about; `*` for everything.
    pub profile: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Until when, Unix milliseconds.
    pub until: Timestamp,
}

impl Mute {
    pub(super) fn covers(&self, subject: &Subject, now: Timestamp) -> bool {
        let agent = self.agent.as_ref().is_none_or(|agent| *agent == subject.agent);
        self.until > now && agent && (self.profile == "*" || self.profile == subject.name())
    }
}
