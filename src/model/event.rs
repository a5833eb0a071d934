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
    pub enum EventKind {
        Renewed = "renewed",
        RenewalFailed = "renewal-failed",
        /// A profile's state became worse.
        Worse = "worse",
        /// A profile's state became better.
        Better = "better",
        /// A profile or an agent is new.
        Appeared = "appeared",
        /// A profile or an agent is gone.
        Disappeared = "disappeared",
        /// A store cannot be read any more.
        StoreBroken = "store-broken",
        /// A store can be read again.
        StoreMended = "store-mended",
        /// OpenClaw's configuration cannot be used any more.
        SettingsBroken = "settings-broken",
        /// OpenClaw's configuration can be used again.
        SettingsMended = "settings-mended",
        /// authwatch's own configuration was read again, or refused.
        Configuration = "configuration",
    }
}
