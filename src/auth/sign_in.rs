//! One sign-in: everything it needs, found out before anybody is sent through a browser, and the code's trade for tokens.

use super::pkce::Pkce;
use super::provider::{self, NoSignIn, ResolvedSignIn};
use crate::config::{self, Config};
use crate::http::{ClientError, HttpClient};
use crate::refresh::answer::TokenAnswer;
use crate::refresh::endpoint;
use crate::refresh::exchange::{self, Issued};
use crate::refresh::outcome::MisconfiguredReason;

/// A sign-in that is about to happen.
#[derive(Debug)]
pub struct SignIn {
    /// The provider's side of it.
    pub resolved: ResolvedSignIn,
    /// Shows that an answer belongs to it.
    pub pkce: Pkce,
    endpoint: endpoint::ResolvedEndpoint,
    client: HttpClient,
}

#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// Nobody can sign in there from here.
    #[error(transparent)]
    SignIn(#[from] NoSignIn),
    /// There is no endpoint to redeem a code at.
    #[error("{0}")]
    Endpoint(MisconfiguredReason),
    /// There is no way to call a provider.
    #[error("there is no way to call a provider")]
    Client(#[from] ClientError),
}

impl SignIn {
    pub fn prepare(provider: &str, config: &Config) -> Result<Self, PrepareError> {
        let resolved = provider::resolve(provider, &config.refresh)?;
        let endpoint = endpoint::resolve(provider, &config.refresh, |_| None, config::variable)
            .map_err(PrepareError::Endpoint)?;
        let client = HttpClient::new(config.network.ca_file.as_deref())?;
        Ok(Self { resolved, pkce: Pkce::new(), endpoint, client })
    }

    /// The address the browser is sent to.
    #[must_use]
    pub fn address(&self) -> String {
        self.resolved.address(&self.endpoint.client_id, &self.pkce)
    }

    /// Trades the code for tokens, with the proof that it was asked for here.
    pub async fn redeem(&self, code: &str) -> Result<Issued, TokenAnswer> {
        let mut fields = vec![
            ("code", code),
            ("redirect_uri", self.resolved.redirect.url.as_str()),
            ("code_verifier", self.pkce.verifier()),
        ];
        if self.resolved.repeats_state {
            fields.push(("state", self.pkce.state.as_str()));
        }
        let url = exchange::locate(&self.client, &self.endpoint).await?;
        exchange::redeem(&self.client, &url, &self.endpoint, &fields).await
    }
}
