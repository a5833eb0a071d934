//! How the ways to reach people are doing.

use serde::Serialize;

use openclaw_auth::model::Timestamp;

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelHealth {
    /// The user's name for it.
    pub name: String,
    /// `email`, `ntfy`, …
    pub kind: &'static str,
    pub sent: u64,
    /// Attempts that failed, for every reason there is.
    pub failures: Vec<(&'static str, u64)>,
    /// When it last took one, Unix milliseconds.
    pub last_success: Option<Timestamp>,
    /// Since when it takes none, Unix milliseconds.
    pub failing_since: Option<Timestamp>,
    pub problem: Option<String>,
    pub waiting: usize,
}
