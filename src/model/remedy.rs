//! What to do about something.

use openclaw_auth::model::ProviderId;
use openclaw_auth::words;
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

/// What to do about something of an agent's that is no profile.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentRemedy {
    pub of: RemedyOf,
    /// The provider, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderId>,
    #[serde(flatten)]
    pub remedy: Remedy,
}

words! {
    /// What of an agent's is not in order, besides profiles.
    pub enum RemedyOf in "snake_case" {
        Store,
        /// A provider that its models use and nothing gives auth.
        Provider,
    }
}
