//! What to do about something.

use serde::Serialize;

/// What to do about something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// What it means, a short sentence without a full stop.
    pub meaning: String,
    /// The exact command, safe to paste into a shell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}
