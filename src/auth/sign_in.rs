//! Signing in to a provider in a browser: the address to open, and the exchange of the code for tokens (RFC 6749, with PKCE).
//!
//! What is known of a provider is overridden by `[refresh.providers.<id>]`. An unknown provider can be described there completely.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::Uri;
use openclaw_auth::secret::REDACTED;
use openclaw_auth::{provider, random};
use ring::digest;
use zeroize::Zeroizing;

use crate::config::{self, Config, RefreshConfig};
use crate::http::{ClientError, HttpClient};
use crate::refresh::answer::TokenAnswer;
use crate::refresh::endpoint::{self, Issued, ResolvedEndpoint};
use crate::refresh::outcome::MisconfiguredReason;

/// One sign-in. Everything it needs is resolved before anybody is sent to a browser.
#[derive(Debug)]
pub struct BrowserSignIn {
    resolved: ResolvedSignIn,
    pkce: Pkce,
    endpoint: ResolvedEndpoint,
    client: HttpClient,
}

#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    #[error("authwatch does not know how people sign in there")]
    Unknown,
    #[error("`authorize_url` is neither https nor on this machine")]
    BadAuthorizeUrl,
    #[error("`redirect_url` is not an http address of this machine with a port")]
    BadRedirectUrl,
    #[error("{0}")]
    Endpoint(MisconfiguredReason),
    #[error("cannot set up connections to providers")]
    Client(#[from] ClientError),
}

impl BrowserSignIn {
    pub fn prepare(provider: &str, config: &Config) -> Result<Self, PrepareError> {
        let resolved = resolve(provider, &config.refresh)?;
        let endpoint = endpoint::resolve(provider, &config.refresh, |_| None, config::variable)
            .map_err(PrepareError::Endpoint)?;
        let client = HttpClient::new(config.network.ca_file.as_deref())?;
        Ok(Self { resolved, pkce: Pkce::new(), endpoint, client })
    }

    /// The address to open in the browser.
    pub fn address(&self) -> String {
        self.resolved.address(&self.endpoint.client_id, &self.pkce)
    }

    pub fn redirect(&self) -> &Redirect {
        &self.resolved.redirect
    }

    /// The provider's answer has to repeat it.
    pub fn state(&self) -> &str {
        &self.pkce.state
    }

    /// Exchanges the code for tokens.
    pub async fn redeem(&self, code: &str) -> Result<Issued, TokenAnswer> {
        let mut fields = vec![
            ("code", code),
            ("redirect_uri", self.resolved.redirect.url.as_str()),
            ("code_verifier", &self.pkce.verifier),
        ];
        if self.resolved.repeats_state {
            fields.push(("state", self.pkce.state.as_str()));
        }
        let url = endpoint::locate(&self.client, &self.endpoint).await?;
        endpoint::redeem(&self.client, &url, &self.endpoint, &fields).await
    }
}

#[derive(Debug)]
struct ResolvedSignIn {
    authorize: Uri,
    scope: String,
    parameters: &'static [(&'static str, &'static str)],
    redirect: Redirect,
    /// Whether the state is repeated when the code is redeemed.
    repeats_state: bool,
}

/// Where the browser returns to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// As registered at the provider.
    pub url: String,
    /// Listened on at 127.0.0.1.
    pub port: u16,
    pub path: String,
}

fn resolve(provider: &str, config: &RefreshConfig) -> Result<ResolvedSignIn, PrepareError> {
    let own = config.providers.get(provider).cloned().unwrap_or_default();
    let known = provider::find(provider).and_then(|provider| provider.sign_in);
    let authorize = own.authorize_url.or(known.map(|known| known.authorize_url.to_owned()));
    let redirect = own.redirect_url.or(known.map(|known| known.redirect_url.to_owned()));
    let authorize = authorize.ok_or(PrepareError::Unknown)?;
    let redirect = redirect.unwrap_or_else(|| "http://localhost:1455/auth/callback".to_owned());
    Ok(ResolvedSignIn {
        authorize: endpoint::allowed(&authorize).map_err(|_| PrepareError::BadAuthorizeUrl)?,
        scope: own.scope.or(known.map(|known| known.scope.to_owned())).unwrap_or_default(),
        parameters: known.map_or(&[], |known| known.parameters),
        redirect: Redirect::parse(redirect).ok_or(PrepareError::BadRedirectUrl)?,
        repeats_state: known.is_some_and(|known| known.repeats_state),
    })
}

impl Redirect {
    fn parse(url: String) -> Option<Self> {
        let uri = endpoint::allowed(&url).ok().filter(|uri| uri.scheme_str() == Some("http"))?;
        Some(Self { port: uri.port_u16()?, path: uri.path().to_owned(), url })
    }
}

impl ResolvedSignIn {
    fn address(&self, client_id: &str, pkce: &Pkce) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.parameters);
        query.append_pair("client_id", client_id);
        query.append_pair("response_type", "code");
        query.append_pair("redirect_uri", &self.redirect.url);
        if !self.scope.is_empty() {
            query.append_pair("scope", &self.scope);
        }
        query.append_pair("code_challenge", &pkce.challenge());
        query.append_pair("code_challenge_method", "S256");
        query.append_pair("state", &pkce.state);
        let separator = if self.authorize.query().is_some() { '&' } else { '?' };
        format!("{}{separator}{}", self.authorize, query.finish())
    }
}

/// Proof Key for Code Exchange (RFC 7636): only who asked for the code can redeem it.
struct Pkce {
    verifier: Zeroizing<String>,
    state: String,
}

impl Pkce {
    fn new() -> Self {
        let verifier = Zeroizing::new(URL_SAFE_NO_PAD.encode(Zeroizing::new(random::bytes::<32>())));
        Self { verifier, state: URL_SAFE_NO_PAD.encode(random::bytes::<24>()) }
    }

    fn challenge(&self) -> String {
        challenge(&self.verifier)
    }
}

impl fmt::Debug for Pkce {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pkce({REDACTED})")
    }
}

/// `S256`: the verifier's SHA-256.
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_openclaws() {
        let config = RefreshConfig::default();
        let codex = resolve("openai-codex", &config).expect("it is known");
        assert_eq!((codex.redirect.port, codex.redirect.path.as_str()), (1455, "/auth/callback"));
        let pkce = Pkce::new();
        let address = codex.address("app", &pkce);
        for part in [
            "https://auth.openai.com/oauth/authorize?id_token_add_organizations=true&codex_cli_simplified_flow=true&originator=",
            "&client_id=app&response_type=code&redirect_uri=http%3A%2F%2Flocalhost%3A1455%2Fauth%2Fcallback",
            "&scope=openid+profile+email+offline_access&",
            &format!("&code_challenge={}&code_challenge_method=S256&state={}", pkce.challenge(), pkce.state),
        ] {
            assert!(address.contains(part), "{part} in {address}");
        }
        assert!(!address.contains(pkce.verifier.as_str()));
        assert!(matches!(resolve("mistral", &config), Err(PrepareError::Unknown)));
        for provider in provider::all().filter(|provider| provider.sign_in.is_some()) {
            assert!(resolve(provider.id, &config).is_ok(), "{}", provider.id);
        }
    }

    #[test]
    fn codes_come_back_to_this_machine_only() {
        let parse = |url: &str| Redirect::parse(url.to_owned());
        assert!(parse("http://127.0.0.1:9/x").is_some());
        for url in ["http://example.org:9/x", "https://localhost:9/x", "http://localhost/x", "x"] {
            assert_eq!(parse(url), None, "{url}");
        }
    }

    #[test]
    fn the_challenge_is_the_rfcs() {
        // RFC 7636, appendix B.
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        let (one, other) = (Pkce::new(), Pkce::new());
        assert!(one.verifier != other.verifier && one.state != other.state);
        assert!((43..=128).contains(&one.verifier.len()));
        assert!(!format!("{one:?}").contains(one.verifier.as_str()));
    }
}
