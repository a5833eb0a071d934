//! What can come of a refresh. Outcomes are values, not errors: every one of them is expected.

use std::fmt;

use openclaw_auth::model::{Span, Timestamp};
use openclaw_auth::words;

use crate::model::LoginReason;
use crate::texts::text;

/// What came of refreshing one login. `expires` is that of the usable access token.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The provider issued a new token, and it is stored.
    Refreshed {
        expires: Timestamp,
    },
    /// Another program refreshed it, or it was not due.
    AlreadyFresh {
        expires: Timestamp,
    },
    /// Another copy of the same login is fresh.
    Adopted {
        expires: Timestamp,
    },
    NotRenewable(NotRenewable),
    /// Another process is renewing it.
    Contended,
    /// Not started, because authwatch was asked to stop.
    Stopped,
    /// It was renewed, but its profile was changed meanwhile to something unusable. That change stays, and the renewed login is
    /// kept in a file.
    Superseded,
    /// May work later; after so long, if that is known.
    Transient(TransientReason, Option<Span>),
    /// The provider refused it for good.
    NeedsSignIn(LoginReason),
    /// Something on this side is wrong; the login is unchanged.
    Misconfigured(MisconfiguredReason),
}

words! {
    /// Why a login is not refreshed from here.
    pub enum NotRenewable in "snake_case" {
        Static,
        NoRefreshToken,
        Unsupported,
        /// A vendor's CLI owns it.
        External,
        /// It is in a database of a release, or of a provider, that has not been tried: only OpenClaw renews it.
        Database,
        /// It is in a database, and the configuration leaves those to OpenClaw.
        DatabasesOff,
        /// Its database is another agent's, by what it says of itself.
        OtherAgent,
        /// Its database belongs to another user.
        OtherOwner,
        /// A process of another PID namespace has its database open.
        OtherNamespace,
        /// It is in a legacy file that OpenClaw has not imported yet.
        NotImported,
        Disabled,
        Fenced,
        Gone,
    }
}

words! {
    /// Why a refresh may work later.
    pub enum TransientReason in "snake_case" {
        RateLimited,
        RequestTimeout,
        ServerError,
        /// No JSON where tokens were expected: a captive portal, a redirect.
        BadAnswer,
        /// Refused for a reason that is not known.
        Refused,
        /// The provider does not serve this country or region.
        RegionBlocked,
        Challenged,
        Dns,
        Connect,
        /// The certificate does not verify, or the like.
        Tls,
        Timeout,
        /// The connection broke after the request was sent.
        ConnectionLost,
        TooLarge,
        /// The store cannot be written: found before the token was spent.
        StoreNotWritable,
        StoreNotReadable,
        /// The new token could not be stored and is in a recovery file.
        #[strum(serialize = "rescued")]
        NotStored,
        /// It failed a moment ago and is not tried again yet.
        BackingOff,
    }
}

impl TransientReason {
    /// The login's reason, where the network blocks its renewal.
    pub fn blocked(self) -> Option<LoginReason> {
        match self {
            Self::RegionBlocked => Some(LoginReason::RegionBlocked),
            Self::Challenged => Some(LoginReason::Challenged),
            _ => None,
        }
    }
}

words! {
    /// What is wrong on this side.
    pub enum MisconfiguredReason in "snake_case" {
        InvalidClient,
        UnauthorizedClient,
        InvalidRequest,
        /// No client id is configured, and the provider has no public one.
        NoClientId,
        NoClientSecret,
        /// The token endpoint is not one that may be used.
        BadEndpoint,
        /// The answer is for another account; it is never written over this one.
        OtherAccount,
    }
}

macro_rules! display_from_catalog {
    ($($name:ident $prefix:literal),+) => {
        $(impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&text(&format!("{}-{}", $prefix, self.as_str()), &[]))
            }
        })+
    };
}

display_from_catalog!(NotRenewable "not-renewable", TransientReason "renewal", MisconfiguredReason "renewal");

impl Outcome {
    /// As in logs and metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Refreshed { .. } => "refreshed",
            Self::AlreadyFresh { .. } => "already_fresh",
            Self::Adopted { .. } => "adopted",
            Self::NotRenewable(_) => "not_renewable",
            Self::Contended => "contended",
            Self::Stopped => "stopped",
            Self::Superseded => "superseded",
            Self::Transient(..) => "transient",
            Self::NeedsSignIn(_) => "dead",
            Self::Misconfigured(_) => "misconfigured",
        }
    }

    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::NotRenewable(reason) => Some(reason.as_str()),
            Self::Transient(reason, _) => Some(reason.as_str()),
            Self::NeedsSignIn(reason) => Some(reason.as_str()),
            Self::Misconfigured(reason) => Some(reason.as_str()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_text() {
        let reasons = NotRenewable::ALL.iter().map(ToString::to_string);
        let reasons = reasons.chain(TransientReason::ALL.iter().map(ToString::to_string));
        for reason in reasons.chain(MisconfiguredReason::ALL.iter().map(ToString::to_string)) {
            assert!(!reason.starts_with("not-renewable-") && !reason.starts_with("renewal-"), "{reason}");
        }
    }
}
