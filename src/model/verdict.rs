//! What authwatch says about a login: how much it matters, its verdicts, and the words for them.

use openclaw_auth::words;

words! {
    /// How much something matters to people: of conditions, findings, and messages.
    #[derive(Default)]
    pub enum Severity in "snake_case" {
        /// Worth knowing; mends itself.
        Info,
        /// Needs a person some time.
        #[default]
        Warning,
        /// Needs a person now.
        Critical,
    }
}

words! {
    /// What counts towards the exit code.
    pub enum Scope in "kebab-case" {
        /// Every token and OAuth profile, and providers in use without any auth.
        All,
        /// Only what the configured models use.
        InUse,
    }
}

words! {
    /// The access token's state, in OpenClaw's words.
    pub enum Status in "snake_case" {
        /// Valid, and not soon to end.
        Ok,
        Static,
        /// Valid, but ends within the warning window.
        Expiring,
        Expired,
        /// There is none, or it cannot be judged.
        Missing,
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
    pub enum Bucket in "snake_case" {
        Valid,
        Expiring,
        Missing,
    }
}

words! {
    /// The login behind the access token: can it renew automatically?
    pub enum LoginState in "snake_case" {
        /// Does not renew and does not need to: a key or a pasted token.
        Static,
        /// Has a refresh token that its provider takes.
        Renewable,
        /// Is being renewed at this moment.
        Refreshing,
        /// The provider has refused it for good: sign in again.
        #[strum(serialize = "dead")]
        NeedsSignIn,
        /// The network keeps it from being renewed.
        Blocked,
        /// Belongs to another program (a vendor's CLI), which renews it.
        External,
        /// Its provider offers no renewal.
        Unsupported,
        /// There is nothing to renew with.
        None,
    }
}

words! {
    /// Why a login is dead, blocked or external.
    pub enum LoginReason in "snake_case" {
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
}
