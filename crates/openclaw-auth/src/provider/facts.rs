//! What is known of a provider.

use crate::model::Span;
use crate::words;

/// What can be done about a provider's OAuth login.
#[derive(Clone, Copy, Debug)]
pub enum RenewalSupport {
    /// Its token endpoint takes refresh tokens.
    Refreshable(&'static TokenEndpoint),
    /// The stored token does not rotate: there is nothing to renew.
    NotNeeded,
    /// It offers no renewal.
    Unsupported,
}

/// One provider.
#[derive(Debug)]
pub struct Provider {
    /// Its id, normalised.
    pub id: &'static str,
    /// Variables that give it auth; the first non-empty one wins.
    pub variables: &'static [&'static str],
    /// Whether its OAuth logins renew, and how.
    pub renewal: RenewalSupport,
    /// How people sign in to it in a browser, where a third program can take them there.
    pub sign_in: Option<&'static SignIn>,
    /// What its keys begin with; empty where that is not known.
    pub key_prefixes: &'static [&'static str],
    /// Whether people sign in to it through OpenClaw, though its logins do not renew.
    pub is_portal: bool,
    /// Whether its tokens are `OpenAI`'s: JWTs that name the account, beside keys in `sk-`.
    pub is_openai: bool,
}

impl Provider {
    /// A provider that takes keys alone.
    pub(super) const fn new(id: &'static str, variables: &'static [&'static str]) -> Self {
        Self {
            id,
            variables,
            renewal: RenewalSupport::Unsupported,
            sign_in: None,
            key_prefixes: &[],
            is_portal: false,
            is_openai: false,
        }
    }

    /// Where its logins are refreshed; `None` where they are not.
    #[must_use]
    pub fn token_endpoint(&self) -> Option<&'static TokenEndpoint> {
        match self.renewal {
            RenewalSupport::Refreshable(endpoint) => Some(endpoint),
            RenewalSupport::NotNeeded | RenewalSupport::Unsupported => None,
        }
    }

    /// Whether people sign in to it, rather than paste its key.
    #[must_use]
    pub fn has_logins(&self) -> bool {
        self.is_portal || !matches!(self.renewal, RenewalSupport::Unsupported)
    }
}

/// How a provider takes refresh tokens.
#[derive(Debug)]
pub struct TokenEndpoint {
    /// Its address.
    pub url: TokenUrl,
    /// How the request is written.
    pub body: BodyFormat,
    /// Who asks.
    pub client_id: ClientId,
    /// Subtracted from the token's end to give the stored `expires`.
    pub margin: Span,
    /// Never stored as less than this from now.
    pub at_least: Span,
    /// Whether a refresh withdraws the refresh token it was done with.
    pub rotates: bool,
}

pub(super) const FIVE_MINUTES: Span = Span::from_mins(5.0);

impl TokenEndpoint {
    /// One that takes forms, rotates refresh tokens, and stores a token's end as it is.
    pub(super) const fn new(url: TokenUrl, client_id: ClientId) -> Self {
        Self {
            url,
            body: BodyFormat::Form,
            client_id,
            margin: Span::ZERO,
            at_least: Span::ZERO,
            rotates: true,
        }
    }
}

/// Where a token endpoint is.
#[derive(Clone, Copy, Debug)]
pub enum TokenUrl {
    /// At this address.
    Fixed(&'static str),
    /// At the credential's `tokenEndpoint`, else where a document says.
    Discovered {
        /// The document's address.
        document: &'static str,
        /// The address is always below this host.
        host: &'static str,
    },
}

/// The OAuth client that a login belongs to.
#[derive(Clone, Copy, Debug)]
pub enum ClientId {
    /// This one.
    Public(&'static str),
    /// The operator's: there is no public one.
    Configured,
    /// The credential's `clientId`, else a variable.
    OfCredential {
        /// The id's variable.
        variable: &'static str,
        /// The variable of the client's secret.
        secret_variable: &'static str,
    },
}

words! {
    /// How a token request is written.
    pub enum BodyFormat in "snake_case" {
        /// `application/x-www-form-urlencoded`, as OAuth has it.
        Form,
        /// `application/json`.
        Json,
    }
}

/// How people sign in: where the browser goes, and what it brings back.
#[derive(Debug)]
pub struct SignIn {
    /// Where the browser goes.
    pub authorize_url: &'static str,
    /// Where it comes back to: an address of this machine that the provider knows.
    pub redirect_url: &'static str,
    /// What is asked for.
    pub scope: &'static str,
    /// Further parameters of the address.
    pub parameters: &'static [(&'static str, &'static str)],
    /// Whether the state is repeated when the code is redeemed.
    pub repeats_state: bool,
}
