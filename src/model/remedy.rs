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
    /// OpenClaw's commands that are printed for people to run. Tests run each with the releases it is printed for.
    pub enum OpenClawCommand in "lowercase" {
        #[strum(serialize = "models auth login")]
        Login,
        #[strum(serialize = "models auth setup-token")]
        SetupToken,
        #[strum(serialize = "models auth paste-token")]
        PasteToken,
        #[strum(serialize = "models auth paste-api-key")]
        PasteApiKey,
        #[strum(serialize = "models auth order set")]
        SetOrder,
        #[strum(serialize = "models auth order clear")]
        ClearOrder,
        /// Since 2026.8.
        #[strum(serialize = "models auth logout")]
        LogOut,
        #[strum(serialize = "config set")]
        SetConfig,
        #[strum(serialize = "config unset")]
        UnsetConfig,
        #[strum(serialize = "config validate")]
        ValidateConfig,
        #[strum(serialize = "secrets audit")]
        AuditSecrets,
        #[strum(serialize = "gateway restart")]
        RestartGateway,
        Doctor,
        #[strum(serialize = "doctor --fix")]
        Fix,
        Update,
    }
}

words! {
    /// What of an agent's is not in order, besides profiles.
    pub enum RemedyOf in "snake_case" {
        Store,
        /// A provider that its models use and nothing gives auth.
        Provider,
    }
}
