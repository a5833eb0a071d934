//! What authwatch says about a login: how much it matters, its verdicts, and the words for them.

use openclaw_auth::words;

words! {
    /// How much something matters to people: of conditions, findings, and messages.
    #[derive(Default)]
    pub enum Severity {
        /// Worth knowing; mends itself.
        Info = "info",
        /// Needs a person some time.
        #[default]
        Warning = "warning",
        /// Needs a person now.
        Critical = "critical",
    }
}

words! {
    /// What counts towards the exit code.
    pub enum Scope {
        /// Every token and OAuth profile, and providers in use without any auth.
        All = "all",
        /// Only what the configured models use.
        InUse = "in-use",
    }
}

words! {
    /// The access token's state, in OpenClaw's words.
    pub enum Status {
        /// Valid, and not soon to end.
        Ok = "ok",
        Static = "static",
        /// Valid, but ends within the warning window.
        Expiring = "expiring",
        Expired = "expired",
        /// There is none, or it cannot be judged.
        Missing = "missing",
    }
}

impl Status {
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

words! {
    /// The three heaps profiles are sorted onto.
    pub enum Bucket {
        Valid = "valid",
        Expiring = "expiring",
        Missing = "missing",
    }
}

words! {
    /// The login behind the access token: can it renew automatically?
    pub enum LoginState {
        /// Does not renew and does not need to: a key or a pasted token.
        Static = "static",
        /// Has a refresh token that its provider takes.
        Renewable = "renewable",
        /// Is being renewed at this moment.
        Refreshing = "refreshing",
        /// The provider has refused it for good: sign in again.
        Dead = "dead",
        /// The network keeps it from being renewed.
        Blocked = "blocked",
        /// Belongs to another program (a vendor's CLI), which renews it.
        External = "external",
        /// Its provider offers no renewal.
        Unsupported = "unsupported",
        /// There is nothing to renew with.
        None = "none",
    }
}

words! {
    /// Why a login is dead, blocked or external.
    pub enum LoginReason {
        /// OpenClaw marked its refresh as failed for good.
        RefreshFailed = "refresh_failed",
        /// The login belongs to a vendor's CLI.
        OwnedByCli = "owned_by_cli",
        /// The provider answered `invalid_grant`.
        InvalidGrant = "invalid_grant",
        /// The refresh token was spent already, by somebody else.
        RefreshTokenReused = "refresh_token_reused",
        /// The refresh token has ended.
        RefreshTokenExpired = "refresh_token_expired",
        /// The refresh token was withdrawn.
        RefreshTokenInvalidated = "refresh_token_invalidated",
        Revoked = "revoked",
        /// The provider asks to sign in again.
        SignInAgain = "sign_in_again",
        /// The provider does not serve this country or region.
        RegionBlocked = "region_blocked",
        /// A challenge page stands before the provider.
        Challenged = "challenged",
    }
}
