//! What the store holds besides incidents: queued messages, the state of each channel, the history, and mutes.

use std::collections::BTreeMap;

use openclaw_auth::model::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::message::Message;
use super::problem::Subject;
use crate::channel::alertmanager::PostedAlert;
use crate::channel::transport::FailureReason;

/// A message on its way to one channel.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueuedMessage {
    pub message: Message,
    #[serde(default)]
    pub attempts: u32,
    #[serde(default)]
    pub refusals: u32,
    /// The time of the next attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// The backoff that led to `next`: a clock that is set back must not make it longer.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "pause")]
    pub backoff: Option<Span>,
    /// Refused too often: it is sent with the next message, or when the channel's configuration changes.
    #[serde(default)]
    pub parked: bool,
}

/// The state of a channel.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ChannelRecord {
    pub sent: u64,
    /// Attempts that failed, by reason.
    pub failures: BTreeMap<FailureReason, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The hash of its configuration.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[serde(rename = "configured")]
    pub configuration_hash: String,
    /// Alertmanager: the alerts that it has accepted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub posted: Vec<PostedAlert>,
}

/// An attempt to deliver a message.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRecord {
    pub at: Timestamp,
    pub channel: String,
    pub message: String,
    pub title: String,
    pub accepted: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<FailureReason>,
    /// The other side's answer, or the problem.
    pub answer: String,
}

impl QueuedMessage {
    pub(super) fn new(message: Message) -> Self {
        Self { message, attempts: 0, refusals: 0, next: None, backoff: None, parked: false }
    }

    /// When it may be sent, at the earliest `now`; `None` while it is parked.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        if self.parked {
            return None;
        }
        let (Some(next), Some(backoff)) = (self.next, self.backoff) else { return Some(now) };
        let clock_was_set_back = next - now > backoff;
        Some(if clock_was_set_back || next <= now { now } else { next })
    }
}

/// Something that people do not want to be notified of for a while.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mute {
    /// The profile, provider, or store; `*` for everything.
    pub profile: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    pub until: Timestamp,
}

impl Mute {
    pub(super) fn covers(&self, subject: &Subject, now: Timestamp) -> bool {
        let agent = self.agent.as_ref().is_none_or(|agent| *agent == subject.agent);
        self.until > now && agent && (self.profile == "*" || self.profile == subject.name())
    }
}
