//! What authwatch says about a login: its verdicts, and the words for them.

use serde::{Deserialize, Serialize};

/// What counts towards the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Every token and OAuth profile, and providers in use without any auth.
    All,
    /// Only what the configured models use.
    InUse,
}

/// The access token's state, in OpenClaw's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Valid, and not soon to end.
    Ok,
    Static,
    /// Valid, but ends within the warning window.
    Expiring,
    Expired,
    /// There is none, or it cannot be judged.
    Missing,
}

impl Status {
    /// All of them, in order of severity.
    pub const ALL: [Self; 5] = [Self::Ok, Self::Static, Self::Expiring, Self::Expired, Self::Missing];

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
    Valid,
    Expiring,
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
    Revoked,
    /// The provider asks to sign in again.
    SignInAgain,
    /// The provider does not serve this country or region.
    RegionBlocked,
    /// A challenge page stands before the provider.
    Challenged,
}

impl LoginReason {
    pub const ALL: [Self; 10] = [
        Self::RefreshFailed,
        Self::OwnedByCli,
        Self::InvalidGrant,
        Self::RefreshTokenReused,
        Self::RefreshTokenExpired,
        Self::RefreshTokenInvalidated,
        Self::Revoked,
        Self::SignInAgain,
        Self::RegionBlocked,
        Self::Challenged,
    ];

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
