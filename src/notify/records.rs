//! What the store remembers: queued messages, the state of each channel, the history, and what is muted.

use std::collections::BTreeMap;

use openclaw_auth::model::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::message::Message;
use super::outcome::FailureReason;
use super::problem::Subject;

/// A message on its way to one channel.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueuedMessage {
    pub message: Message,
    /// How often it has been tried.
    #[serde(default)]
    pub attempts: u32,
    /// How often it has been refused.
    #[serde(default)]
    pub refusals: u32,
    /// Not before, Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// How long that was when it was written: a clock that jumps back must not make it longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Span>,
    /// Refused too often: it goes with the next message, or when the channel's configuration changes.
    #[serde(default)]
    pub parked: bool,
}

/// What is remembered of a channel.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ChannelRecord {
    pub sent: u64,
    /// Attempts that failed, by reason.
    pub failures: BTreeMap<FailureReason, u64>,
    /// When it last took one, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Timestamp>,
    /// Since when it takes none, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The configuration it was last used with, by its hash.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub configured: String,
    /// Alertmanager: the alerts that it has been told of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub posted: Vec<PostedAlert>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRecord {
    /// When, Unix milliseconds.
    pub at: Timestamp,
    pub channel: String,
    pub message: String,
    pub title: String,
    /// Whether it was taken.
    pub accepted: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<FailureReason>,
    /// What the other side said, or what was wrong.
    pub answer: String,
}

/// An alert that Alertmanager has been told of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PostedAlert {
    /// What names it: `[label, value]`.
    pub labels: Vec<(String, String)>,
    /// When it began, RFC 3339.
    pub starts_at: String,
}

impl QueuedMessage {
    pub(super) fn new(message: Message) -> Self {
        Self { message, attempts: 0, refusals: 0, next: None, pause: None, parked: false }
    }

    /// Whether it may be sent now; when it may, otherwise. `None` for never by itself.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        if self.parked {
            return None;
        }
        let (Some(next), Some(pause)) = (self.next, self.pause) else { return Some(now) };
        let clock_was_set_back = next - now > pause;
        Some(if clock_was_set_back || next <= now { now } else { next })
    }
}

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
