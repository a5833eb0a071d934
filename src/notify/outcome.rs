//! What came of handing a message over.

use openclaw_auth::model::Span;
use openclaw_auth::words;

use crate::http::HttpError;

/// What the other side made of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum DeliveryOutcome {
    /// It has taken it. What it said.
    Accepted(String),
    /// Not now: worth another try.
    Later {
        reason: FailureReason,
        problem: String,
        /// How long it asks to wait, Unix milliseconds.
        wait: Option<Span>,
    },
    /// Not like this: somebody has to change something.
    Refused { reason: FailureReason, problem: String },
}

impl DeliveryOutcome {
    pub(super) fn later(reason: FailureReason, problem: impl Into<String>) -> Self {
        Self::Later { reason, problem: problem.into(), wait: None }
    }

    pub(super) fn refused(reason: FailureReason, problem: impl Into<String>) -> Self {
        Self::Refused { reason, problem: problem.into() }
    }

    /// The same with what the other side said changed.
    #[must_use]
    pub(super) fn map(self, change: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Accepted(answer) => Self::Accepted(change(&answer)),
            Self::Later { reason, problem, wait } => Self::Later { reason, problem: change(&problem), wait },
            Self::Refused { reason, problem } => Self::Refused { reason, problem: change(&problem) },
        }
    }
}

words! {
    /// Why a message was not taken: closed, for it is a label.
    pub enum FailureReason {
        /// The name cannot be resolved.
        Dns = "dns",
        Connect = "connect",
        /// The certificate does not verify, or there is no TLS.
        Tls = "tls",
        Timeout = "timeout",
        RateLimited = "rate_limited",
        /// A fault on the other side.
        ServerError = "server_error",
        /// The other side does not know us.
        Authentication = "authentication",
        /// The other side does not want this message.
        Refused = "refused",
        Command = "command",
        /// The configuration does not do: a file is missing, an address is wrong.
        Configuration = "configuration",
    }
}

impl From<HttpError> for DeliveryOutcome {
    fn from(reason: HttpError) -> Self {
        let why = match reason {
            HttpError::Dns => FailureReason::Dns,
            HttpError::Connect | HttpError::Lost => FailureReason::Connect,
            HttpError::Tls => FailureReason::Tls,
            HttpError::Timeout => FailureReason::Timeout,
            HttpError::TooLarge => FailureReason::ServerError,
        };
        Self::later(why, reason.to_string())
    }
}
