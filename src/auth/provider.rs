//! How people sign in to a provider from here: what is known of it, overridden by `[refresh.providers.<id>]`.
//! A provider of which nothing is known can be described there whole.

use hyper::Uri;
use openclaw_auth::provider;

use super::pkce::Pkce;
use crate::config::RefreshConfig;
use crate::refresh::endpoint;

/// A provider's sign-in, resolved.
#[derive(Debug)]
pub struct ResolvedSignIn {
    authorize: Uri,
    scope: String,
    parameters: &'static [(&'static str, &'static str)],
    /// Where the browser comes back to.
    pub redirect: Redirect,
    /// Whether the state is repeated when the code is redeemed.
    pub repeats_state: bool,
}

/// Where the browser comes back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The whole address, as the provider knows it.
    pub url: String,
    /// The port it is listened on, on loopback.
    pub port: u16,
    pub path: String,
}

/// Why nobody can sign in to a provider from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSignIn {
    /// The provider is not known.
    #[error("authwatch does not know how people sign in there")]
    Unknown,
    /// An address is neither https nor on this machine.
    #[error("`authorize_url` is neither https nor on this machine")]
    BadAuthorizeUrl,
    /// The browser would come back to somewhere else.
    #[error("`redirect_url` is no http address of this machine with a port")]
    BadRedirectUrl,
}

pub fn resolve(provider: &str, config: &RefreshConfig) -> Result<ResolvedSignIn, NoSignIn> {
    let own = config.providers.get(provider).cloned().unwrap_or_default();
    let known = provider::find(provider).and_then(|provider| provider.sign_in);
    let authorize = own.authorize_url.or(known.map(|known| known.authorize_url.to_owned()));
    let redirect = own.redirect_url.or(known.map(|known| known.redirect_url.to_owned()));
    let authorize = authorize.ok_or(NoSignIn::Unknown)?;
    let redirect = redirect.unwrap_or_else(|| "http://localhost:1455/auth/callback".to_owned());
    Ok(ResolvedSignIn {
        authorize: endpoint::allowed(&authorize).map_err(|_| NoSignIn::BadAuthorizeUrl)?,
        scope: own.scope.or(known.map(|known| known.scope.to_owned())).unwrap_or_default(),
        parameters: known.map_or(&[], |known| known.parameters),
        redirect: Redirect::parse(redirect).ok_or(NoSignIn::BadRedirectUrl)?,
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
    /// The address the browser is sent to.
    #[must_use]
    pub fn address(&self, client_id: &str, pkce: &Pkce) -> String {
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
        assert!(!address.contains(pkce.verifier()));
        assert_eq!(resolve("mistral", &config).err(), Some(NoSignIn::Unknown));
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
}
