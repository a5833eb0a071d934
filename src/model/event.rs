//! What happened.

use openclaw_auth::words;
use serde::Serialize;

use openclaw_auth::model::{AgentId, ProfileId, Timestamp};

/// Something that happened, for the page and for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When, Unix milliseconds.
    pub at: Timestamp,
    pub kind: EventKind,
    /// The agent it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// The profile it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileId>,
    /// In words: `valid -> expired`, `renewed, valid for 59 min`.
    pub text: String,
}

words! {
    pub enum EventKind in "kebab-case" {
        Renewed,
        RenewalFailed,
        /// A profile's state became worse.
        Worse,
        /// A profile's state became better.
        Better,
        /// A profile or an agent is new.
        Appeared,
        /// A profile or an agent is gone.
        Disappeared,
        /// A store cannot be read any more.
        StoreBroken,
        /// A store can be read again.
        StoreMended,
        /// OpenClaw's configuration cannot be used any more.
        SettingsBroken,
        /// OpenClaw's configuration can be used again.
        SettingsMended,
        /// authwatch's own configuration was read again, or refused.
        Configuration,
    }
}
