//! The nouns: secret-free, without I/O and without a clock.
//!
//! A [`Snapshot`] is all that reports, metrics, pages and notifications ever see, so they can neither leak a secret
//! nor disagree. Its serialised form is the contract of `status --json` (`formatVersion` 1): keys may be added, none
//! may change its meaning.

use std::cmp::Ordering;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

text_id! {
    /// An agent's id, as in `agents/<id>`.
    AgentId
}
text_id! {
    /// A profile's id, as in `anthropic:default`.
    ProfileId
}
/// A provider's id, normalised by the rules of the release whose semantics are used.
#[derive(Clone, Debug)]
pub struct ProviderId(ProviderText);

/// Nearly all profiles are of a few dozen providers, whose names need no memory of their own.
#[derive(Clone, Debug)]
enum ProviderText {
    Known(&'static str),
    Other(Arc<str>),
}

impl ProviderId {
    /// The id of a provider that is known by name.
    #[must_use]
    pub const fn known(id: &'static str) -> Self {
        Self(ProviderText::Known(id))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            ProviderText::Known(id) => id,
            ProviderText::Other(id) => id,
        }
    }
}

impl From<&str> for ProviderId {
    fn from(text: &str) -> Self {
        Self(ProviderText::Other(text.into()))
    }
}

impl PartialEq for ProviderId {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for ProviderId {}

impl PartialOrd for ProviderId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ProviderId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for ProviderId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Milliseconds: a moment (since 1970) or a span. A double, as in JavaScript: stores hold fractions and values past 2^53.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Millis(pub f64);

impl Millis {
    /// Whole seconds, for people and for Prometheus.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0 / 1000.0
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self)
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // 2^63 is where an integer no longer holds the value; JavaScript prints integers up to 1e21 without an exponent.
        if self.0.fract() == 0.0 && self.0.abs() < 9.0e18 {
            #[expect(clippy::cast_possible_truncation, reason = "checked to fit just above")]
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

/// A path as text. Directories may have any name, and a report must not fail because of one.
fn shown_path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

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

/// What counts towards the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Every token and OAuth profile, and providers in use without any auth.
    All,
    /// Only what the configured models use.
    InUse,
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

/// The access token's state, in OpenClaw's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Valid, and not soon to end.
    Ok,
    /// Valid, without an end.
    Static,
    /// Valid, but ends within the warning window.
    Expiring,
    /// Has ended.
    Expired,
    /// There is none, or it cannot be judged.
    Missing,
}

impl Status {
    /// All of them, in order of severity.
    pub const ALL: [Self; 5] = [Self::Ok, Self::Static, Self::Expiring, Self::Expired, Self::Missing];

    /// OpenClaw's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Static => "static",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Missing => "missing",
        }
    }

    /// Which of the three heaps the profile is sorted onto.
    #[must_use]
    pub fn bucket(self) -> Bucket {
        match self {
            Self::Ok | Self::Static => Bucket::Valid,
            Self::Expiring => Bucket::Expiring,
            Self::Expired | Self::Missing => Bucket::Missing,
        }
    }
}

/// The three heaps profiles are sorted onto.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// Works.
    Valid,
    /// Works, not for long.
    Expiring,
    /// Does not work.
    Missing,
}

impl Bucket {
    /// The word used in JSON and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Expiring => "expiring",
            Self::Missing => "missing",
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
        }
    }
}

/// The login behind the access token: can it renew itself?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Login {
    /// Does not renew and does not need to: a key or a pasted token.
    Static,
    /// Has a refresh token that its provider takes.
    Renewable,
    /// Is being renewed at this moment.
    Refreshing,
    /// The provider has refused it for good: sign in again.
    Dead,
    /// The network keeps it from being renewed.
    Blocked,
    /// Belongs to another program (a vendor's CLI), which renews it.
    External,
    /// Its provider offers no renewal.
    Unsupported,
    /// There is nothing to renew with.
    None,
}

impl Login {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Static,
        Self::Renewable,
        Self::Refreshing,
        Self::Dead,
        Self::Blocked,
        Self::External,
        Self::Unsupported,
        Self::None,
    ];

    /// The word used in JSON, metrics and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Renewable => "renewable",
            Self::Refreshing => "refreshing",
            Self::Dead => "dead",
            Self::Blocked => "blocked",
            Self::External => "external",
            Self::Unsupported => "unsupported",
            Self::None => "none",
        }
    }
}

/// Why a login is dead, blocked or external.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginReason {
    /// OpenClaw marked its refresh as failed for good.
    RefreshFailed,
    /// The login belongs to a vendor's CLI.
    OwnedByCli,
    /// The provider answered `invalid_grant`.
    InvalidGrant,
    /// The refresh token was spent already, by somebody else.
    RefreshTokenReused,
    /// The refresh token has ended.
    RefreshTokenExpired,
    /// The refresh token was withdrawn.
    RefreshTokenInvalidated,
    /// The login was revoked.
    Revoked,
    /// The provider asks to sign in again.
    SignInAgain,
    /// The provider does not serve this country or region.
    RegionBlocked,
    /// A challenge page stands before the provider.
    Challenged,
}

impl LoginReason {
    /// The word used in JSON and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RefreshFailed => "refresh_failed",
            Self::OwnedByCli => "owned_by_cli",
            Self::InvalidGrant => "invalid_grant",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::RefreshTokenExpired => "refresh_token_expired",
            Self::RefreshTokenInvalidated => "refresh_token_invalidated",
            Self::Revoked => "revoked",
            Self::SignInAgain => "sign_in_again",
            Self::RegionBlocked => "region_blocked",
            Self::Challenged => "challenged",
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
    pub until: Millis,
    /// OpenClaw's word for the cause (`rate_limit`, `billing`, …).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many errors led to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_count: Option<Millis>,
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

/// The health of one profile, as one agent sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileHealth {
    /// Its id.
    pub profile_id: ProfileId,
    /// Its provider.
    pub provider: ProviderId,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: CredentialKind,
    /// The access token.
    pub status: Status,
    /// Why, where OpenClaw gives a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<ReasonCode>,
    /// When the access token ends, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
    /// Milliseconds until then; negative afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_ms: Option<Millis>,
    /// When an expired token ended: OpenClaw leaves `expiresAt` out for those.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Millis>,
    /// Valid, expiring or missing.
    pub bucket: Bucket,
    /// The login behind it.
    pub login: Login,
    /// Why the login is as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_reason: Option<LoginReason>,
    /// Since when it is dead, blocked or being refreshed, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_since: Option<Millis>,
    /// Whether the agent has it from the main store.
    pub inherited: bool,
    /// Whether a configured model uses it.
    pub in_use: bool,
    /// Set while OpenClaw leaves it alone. Few profiles have one, so it is kept apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cooldown: Option<Box<Cooldown>>,
    /// Where it was read from.
    pub source: Source,
}

impl ProfileHealth {
    /// When the access token ends or ended.
    #[must_use]
    pub fn end(&self) -> Option<Millis> {
        self.expires_at.or(self.ended_at)
    }
}

/// A provider's roll-up over its profiles.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderHealth {
    /// Its id.
    pub provider: ProviderId,
    /// The worst of the profiles that count.
    pub status: Status,
    /// The earliest end among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
    /// Milliseconds until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_ms: Option<Millis>,
}

/// The kind of store an agent's own credentials are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// `auth-profiles.json`, or the legacy files that stand in for it.
    Json,
    /// `openclaw-agent.sqlite`.
    AgentSqlite,
    /// `state/openclaw.sqlite`.
    SharedSqlite,
    /// None of its own.
    None,
}

impl StoreKind {
    /// The word used in JSON and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::AgentSqlite => "agent-sqlite",
            Self::SharedSqlite => "shared-sqlite",
            Self::None => "none",
        }
    }
}

/// Why a store could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreErrorReason {
    /// Not well-formed.
    Parse,
    /// Not ours to read.
    Permission,
    /// Held by a writer.
    Locked,
    /// Well-formed, but no store this version knows.
    Schema,
    /// Beyond the cap of 16 MiB.
    TooLarge,
    /// A directory, a FIFO, a device, or a link to nothing.
    NotAFile,
    /// Anything else the system reported.
    Io,
}

impl StoreErrorReason {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Parse, Self::Permission, Self::Locked, Self::Schema, Self::TooLarge, Self::NotAFile, Self::Io];

    /// The word used in JSON and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Permission => "permission",
            Self::Locked => "locked",
            Self::Schema => "schema",
            Self::TooLarge => "too-large",
            Self::NotAFile => "not-a-file",
            Self::Io => "io",
        }
    }
}

/// A store that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoreError {
    /// The kind of failure.
    pub reason: StoreErrorReason,
    /// What exactly, with the file it is about. Never contains anything that was in the file.
    pub message: String,
}

/// Credentials that OpenClaw no longer looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stranded {
    /// What kind of leftover it is.
    pub kind: StrandedKind,
    /// The file that is not used.
    #[serde(serialize_with = "shown_path")]
    pub path: PathBuf,
    /// How many profiles it holds.
    pub profiles: usize,
}

/// The two ways a migration leaves credentials behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StrandedKind {
    /// A JSON store beside a populated database: only a leftover.
    LeftoverJson,
    /// A JSON store with profiles beside a database with none: the logins are there, and OpenClaw does not see them.
    EmptyDatabase,
}

/// A file's permission bits. Reports show them as `chmod` takes them: four octal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode(pub u32);

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04o}", self.0)
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The state of an agent's own store.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoreHealth {
    /// Which kind is in effect.
    pub kind: StoreKind,
    /// Its file (or where it would be).
    #[serde(serialize_with = "shown_path")]
    pub path: PathBuf,
    /// The file's mode bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The file owner's user id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<u32>,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<StoreError>,
    /// Why the file with order and usage could not be read. OpenClaw goes on without it.
    #[serde(rename = "stateError", skip_serializing_if = "Option::is_none")]
    pub state_error: Option<StoreError>,
    /// A stranded migration beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stranded: Option<Stranded>,
}

/// An entry of a store that OpenClaw drops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rejected {
    /// The entry's key.
    pub profile_id: ProfileId,
    /// Why it is dropped.
    pub reason: RejectReason,
}

/// Why OpenClaw drops an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// Not an object.
    NonObject,
    /// None of the three kinds.
    InvalidType,
    /// Without a provider.
    MissingProvider,
}

impl RejectReason {
    /// OpenClaw's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NonObject => "non_object",
            Self::InvalidType => "invalid_type",
            Self::MissingProvider => "missing_provider",
        }
    }
}

/// One agent.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentHealth {
    /// Its id.
    pub id: AgentId,
    /// Its directory.
    #[serde(serialize_with = "shown_path")]
    pub dir: PathBuf,
    /// Whether it is the configured default.
    pub default: bool,
    /// What `--check` would say of it alone.
    pub exit_code: u8,
    /// Its own store.
    pub store: StoreHealth,
    /// Its profiles, inherited ones among them, sorted by provider, then id.
    pub profiles: Vec<ProfileHealth>,
    /// Their roll-up by provider.
    pub providers: Vec<ProviderHealth>,
    /// Providers its models use that have no auth at all.
    pub missing_providers_in_use: Vec<ProviderId>,
    /// Entries OpenClaw drops.
    pub rejected: Vec<Rejected>,
}

/// How many profiles are on each heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Valid.
    pub valid: usize,
    /// Expiring.
    pub expiring: usize,
    /// Missing.
    pub missing: usize,
}

impl Summary {
    /// Counts one profile.
    pub fn count(&mut self, bucket: Bucket) {
        match bucket {
            Bucket::Valid => self.valid += 1,
            Bucket::Expiring => self.expiring += 1,
            Bucket::Missing => self.missing += 1,
        }
    }
}

/// The state of OpenClaw's own configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigHealth {
    /// Its file.
    #[serde(serialize_with = "shown_path")]
    pub path: PathBuf,
    /// Why it could not be used. Agents are then found by their directories alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<StoreError>,
}

/// Everything one pass found out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// 1.
    pub format_version: u8,
    /// When the stores were read, RFC 3339.
    pub generated_at: String,
    /// The moment they were judged by, Unix milliseconds.
    pub now: Millis,
    /// The release whose rules were applied.
    pub semantics: Semantics,
    /// What counted.
    pub scope: Scope,
    /// What `--check` exits with.
    pub exit_code: u8,
    /// The fleet's profiles, counted per agent.
    pub summary: Summary,
    /// OpenClaw's configuration.
    pub config: ConfigHealth,
    /// The agents, main first.
    pub agents: Vec<AgentHealth>,
    /// Logins that belong to vendors' CLIs: observed, never touched, and no part of the exit code.
    pub external: Vec<ProfileHealth>,
    /// What authwatch has done and will do about renewable logins; only where it runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub renewals: Vec<Renewal>,
}

/// One login that authwatch renews.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Renewal {
    /// The agent that owns it.
    pub agent: AgentId,
    /// Its profile.
    pub profile: ProfileId,
    /// Its provider.
    pub provider: ProviderId,
    /// When it was last renewed, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Millis>,
    /// When that was last attempted, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_attempt: Option<Millis>,
    /// When it is due, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Millis>,
}

/// Something that happened, for the page and for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When, Unix milliseconds.
    pub at: Millis,
    /// What.
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

/// The kinds of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A login was renewed.
    Renewed,
    /// Renewing failed.
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
    /// authwatch's own configuration was read again, or refused.
    Configuration,
}
