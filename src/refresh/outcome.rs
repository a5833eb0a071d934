//! What can come of a refresh. Outcomes are values, not errors: every one of them is expected.

use openclaw_auth::words;
use std::fmt;

use openclaw_auth::model::{Span, Timestamp};

use crate::model::LoginReason;

/// What came of refreshing one login.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The provider issued a new token, and it is stored.
    Refreshed {
        expires: Timestamp,
    },
    /// Somebody else had refreshed it, or it was not due after all.
    AlreadyFresh {
        expires: Timestamp,
    },
    /// Another copy of the same login is fresh.
    Adopted {
        expires: Timestamp,
    },
    /// Nothing can be done about it from here.
    NotRenewable(NotRenewable),
    /// A peer is at work: no failure.
    Contended,
    /// It was not begun: authwatch was asked to stop.
    Stopped,
    /// It was renewed, but its profile was changed meanwhile to something that cannot be used: the change stays, and what was
    /// renewed is kept aside.
    Superseded,
    Transient(TransientReason, Option<Span>),
    /// It will never work again: sign in.
    Dead(LoginReason),
    /// Something on this side is wrong; the login is untouched.
    Misconfigured(MisconfiguredReason),
}

words! {
    /// Why a login is not refreshed from here.
    pub enum NotRenewable {
        /// A key or a pasted token.
        Static = "static",
        NoRefreshToken = "no_refresh_token",
        /// Its provider offers no renewal.
        Unsupported = "unsupported",
        /// A vendor's CLI owns it.
        External = "external",
        /// It is in a database, which only OpenClaw may write.
        Database = "database",
        /// It is in a legacy file that OpenClaw has yet to import.
        NotImported = "not_imported",
        /// The configuration turns it off.
        Disabled = "disabled",
        /// OpenClaw is refreshing it at this moment.
        Fenced = "fenced",
        /// It is not there any more.
        Gone = "gone",
    }
}

words! {
    /// Why a refresh may work later.
    pub enum TransientReason {
        /// The provider asks for patience.
        RateLimited = "rate_limited",
        /// The provider did not wait for the request.
        RequestTimeout = "request_timeout",
        /// The provider is in trouble.
        ServerError = "server_error",
        /// No JSON where tokens were expected: a captive portal, a redirect.
        BadAnswer = "bad_answer",
        /// Refused for a reason that is not known.
        Refused = "refused",
        /// The provider does not serve this country or region.
        RegionBlocked = "region_blocked",
        /// A challenge page stands before the provider.
        Challenged = "challenged",
        /// The name cannot be resolved.
        Dns = "dns",
        Connect = "connect",
        /// The certificate does not verify, or the like.
        Tls = "tls",
        Timeout = "timeout",
        /// The connection broke after the request was sent.
        ConnectionLost = "connection_lost",
        /// The answer is longer than any token.
        TooLarge = "too_large",
        /// The store cannot be written: found before the token was spent.
        StoreNotWritable = "store_not_writable",
        /// The store cannot be read at this moment.
        StoreNotReadable = "store_not_readable",
        /// The new token could not be stored and waits in a recovery file.
        Rescued = "rescued",
        /// It failed a moment ago and is not tried again yet.
        BackingOff = "backing_off",
    }
}

impl TransientReason {
    /// Whether the network keeps the login from being renewed.
    #[must_use]
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
    pub enum MisconfiguredReason {
        /// The provider does not know the client id.
        InvalidClient = "invalid_client",
        /// The client may not refresh.
        UnauthorizedClient = "unauthorized_client",
        InvalidRequest = "invalid_request",
        /// No client id is configured, and the provider has no public one.
        NoClientId = "no_client_id",
        /// The client secret's file cannot be read.
        NoClientSecret = "no_client_secret",
        /// The token endpoint is not one that may be used.
        BadEndpoint = "bad_endpoint",
        /// The answer is for another account; it is never written over this one.
        OtherAccount = "other_account",
    }
}

/// Reasons are read by people, too.
macro_rules! display_with_spaces {
    ($($name:ident),+) => {
        $(impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.as_str().replace('_', " "))
            }
        })+
    };
}

display_with_spaces!(NotRenewable, TransientReason, MisconfiguredReason);

impl Outcome {
    /// The word used in logs and JSON.
    #[must_use]
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
            Self::Dead(_) => "dead",
            Self::Misconfigured(_) => "misconfigured",
        }
    }

    /// The reason's word, where there is one.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::NotRenewable(reason) => Some(reason.as_str()),
            Self::Transient(reason, _) => Some(reason.as_str()),
            Self::Dead(reason) => Some(reason.as_str()),
            Self::Misconfigured(reason) => Some(reason.as_str()),
            _ => None,
        }
    }
}
