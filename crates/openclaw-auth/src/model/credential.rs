//! Credentials and logins, in words.

use serde::Serialize;

use super::{Count, Timestamp};

/// Which release's rules are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Semantics {
    /// OpenClaw 2026.4 to 2026.5: provider aliases, one 24 h window for every kind.
    #[serde(rename = "2026.4")]
    V2026_4,
    /// OpenClaw 2026.9: no aliases, 5 minutes for what renews itself.
    #[serde(rename = "2026.9")]
    V2026_9,
}

/// The three kinds of credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// A key that does not expire.
    ApiKey,
    /// A bearer token, such as Anthropic's setup-token; it cannot be refreshed.
    Token,
    /// Access and refresh token.
    #[serde(rename = "oauth")]
    OAuth,
}

impl CredentialKind {
    /// OpenClaw's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::Token => "token",
            Self::OAuth => "oauth",
        }
    }
}

/// Why a profile is missing or expired, in OpenClaw's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
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

impl ReasonCode {
    /// OpenClaw's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingCredential => "missing_credential",
            Self::InvalidExpires => "invalid_expires",
            Self::Expired => "expired",
            Self::UnresolvedRef => "unresolved_ref",
            Self::MalformedApiKey => "malformed_api_key",
            Self::SetupInactive => "setup_inactive",
        }
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

/// The two ways OpenClaw sets a profile aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CooldownKind {
    /// For minutes, after an error.
    Cooldown,
    /// For hours, after a refusal (billing).
    Disabled,
}

/// Where a profile was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
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

impl Source {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::AgentSqlite => "agent-sqlite",
            Self::SharedSqlite => "shared-sqlite",
            Self::LegacyAuthJson => "legacy-auth-json",
            Self::LegacyOauthJson => "legacy-oauth-json",
            Self::ClaudeCli => "claude-cli",
            Self::CodexCli => "codex-cli",
            Self::GeminiCli => "gemini-cli",
            Self::MinimaxCli => "minimax-cli",
        }
    }

    /// Whether the file is only read until OpenClaw imports it.
    #[must_use]
    pub fn is_import_only(self) -> bool {
        matches!(self, Self::LegacyAuthJson | Self::LegacyOauthJson)
    }
}
