//! Credentials and logins, in words.

use serde::Serialize;

use super::time::{Count, Timestamp};
use crate::words;

words! {
    /// Which release's rules are applied.
    #[derive(Default)]
    pub enum Semantics in "snake_case" {
        /// OpenClaw 2026.4 to 2026.5: provider aliases, one 24 h window for every kind.
        #[strum(serialize = "2026.4")]
        V2026_4,
        /// OpenClaw 2026.9: no aliases, 5 minutes for what renews automatically.
        #[default]
        #[strum(serialize = "2026.9")]
        V2026_9,
    }
}

words! {
    /// The three kinds of credential.
    pub enum CredentialKind in "snake_case" {
        /// A key that does not expire.
        ApiKey,
        /// A bearer token, such as Anthropic's setup-token; it cannot be refreshed.
        Token,
        /// Access and refresh token.
        #[strum(serialize = "oauth")]
        OAuth,
    }
}

/// A reference to a secret that is kept elsewhere (`SecretRef`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretReference {
    /// Where the secret is: `env`, `file`, `exec`, or `store`.
    pub source: String,
    /// The provider of secrets, by its name in `secrets.providers`; the default one of the source where none is named.
    pub provider: Option<String>,
    /// Which secret: the variable's name for `env`.
    pub id: String,
}

words! {
    /// Why a profile is missing or expired, in OpenClaw's words.
    pub enum ReasonCode in "snake_case" {
        /// Neither a value nor a reference to one.
        MissingCredential,
        /// `expires` is there but is no time.
        InvalidExpires,
        /// A token past its end.
        Expired,
        /// Only a reference that cannot be resolved from here.
        UnresolvedRef,
        /// A command line was pasted in place of the key.
        MalformedApiKey,
        /// Saved to replace another credential, and not put to use yet.
        SetupInactive,
    }
}

words! {
    /// What sets a variable.
    pub enum VariableOrigin in "snake_case" {
        /// The environment of this process.
        Process,
        /// OpenClaw's `.env`, or its `gateway.env`.
        Dotenv,
        /// The configuration's `env` block.
        Configuration,
        /// The gateway's service, or its process.
        Service,
    }
}

/// A profile that OpenClaw leaves alone for a while.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cooldown {
    /// Whether OpenClaw cools the profile down or has disabled it.
    pub kind: CooldownKind,
    /// When it is used again, Unix milliseconds.
    pub until: Timestamp,
    /// OpenClaw's word for the cause (`rate_limit`, `billing`, …).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many errors led to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_count: Option<Count>,
}

words! {
    /// The two ways OpenClaw sets a profile aside.
    pub enum CooldownKind in "snake_case" {
        /// For minutes, after an error.
        Cooldown,
        /// For hours, after a refusal (billing).
        Disabled,
    }
}

words! {
    /// Where a profile was read from.
    pub enum Source in "kebab-case" {
        /// `auth-profiles.json`.
        Json,
        /// `openclaw-agent.sqlite`.
        AgentSqlite,
        /// `state/openclaw.sqlite`.
        SharedSqlite,
        /// `auth.json`: import only, never rewritten.
        LegacyAuthJson,
        /// `credentials/oauth.json`: import only, never rewritten.
        LegacyOauthJson,
        /// Claude Code's own file.
        ClaudeCli,
        /// Codex CLI's own file.
        CodexCli,
        /// Gemini CLI's own file.
        GeminiCli,
        /// MiniMax CLI's own file.
        MinimaxCli,
    }
}

impl Source {
    /// Whether the file is only read until OpenClaw imports it.
    #[must_use]
    pub fn is_import_only(self) -> bool {
        matches!(self, Self::LegacyAuthJson | Self::LegacyOauthJson)
    }
}
