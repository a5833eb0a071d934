//! Where a login is refreshed, and as which client: what is known of its provider, overridden by
//! `[refresh.providers.<id>]`.

use hyper::Uri;
use openclaw_auth::model::Span;
use openclaw_auth::provider::{self, BodyFormat, ClientId, TokenEndpoint, TokenUrl};
use zeroize::Zeroizing;

use super::outcome::{MisconfiguredReason, NotRenewable};
use crate::config::RefreshConfig;

/// A token endpoint with everything a request to it needs.
#[derive(Debug)]
pub struct ResolvedEndpoint {
    pub location: EndpointLocation,
    /// How the request is written.
    pub body: BodyFormat,
    pub client_id: String,
    /// The client's secret, where it has one.
    pub client_secret: Option<Zeroizing<String>>,
    /// Subtracted from the token's end to give the stored `expires`.
    pub margin: Span,
    /// Never stored as less than this from now.
    pub at_least: Span,
}

#[derive(Debug, PartialEq, Eq)]
pub enum EndpointLocation {
    Url(Uri),
    /// Where this document says, if that is below the host.
    Discover {
        document: Uri,
        host: &'static str,
    },
}

/// The providers whose logins can be refreshed without any configuration.
pub fn providers() -> impl Iterator<Item = &'static str> {
    provider::all().filter(|provider| provider.token_endpoint().is_some()).map(|provider| provider.id)
}

/// Whether a provider's logins are refreshed from here at all.
pub fn is_served(provider: &str, config: &RefreshConfig) -> Result<(), NotRenewable> {
    let own = config.providers.get(provider);
    if !config.enabled || own.is_some_and(|own| !own.enabled) {
        return Err(NotRenewable::Disabled);
    }
    let known = find(provider).is_some() || own.is_some_and(|own| own.token_url.is_some());
    if known { Ok(()) } else { Err(NotRenewable::Unsupported) }
}

fn find(provider: &str) -> Option<&'static TokenEndpoint> {
    provider::find(provider)?.token_endpoint()
}

/// Resolves what a request to a provider needs.
///
/// `field` reads a string of the credential's entry, `variable` one of the environment.
pub fn resolve(
    provider: &str,
    config: &RefreshConfig,
    field: impl Fn(&str) -> Option<Zeroizing<String>>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<ResolvedEndpoint, MisconfiguredReason> {
    let own = config.providers.get(provider).cloned().unwrap_or_default();
    let known = find(provider);
    let location = match (&own.token_url, known.map(|endpoint| endpoint.url)) {
        (Some(url), _) => EndpointLocation::Url(allowed(url)?),
        (None, Some(TokenUrl::Fixed(url))) => EndpointLocation::Url(allowed(url)?),
        (None, Some(TokenUrl::Discovered { document, host })) => match field("tokenEndpoint") {
            Some(url) => EndpointLocation::Url(below(&url, host)?),
            None => EndpointLocation::Discover { document: allowed(document)?, host },
        },
        (None, None) => return Err(MisconfiguredReason::BadEndpoint),
    };
    let mut client_secret = None;
    if let Some(path) = &own.client_secret_file {
        let secret = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
            tracing::warn!("cannot read the client secret of {provider} from `{}`: {error}", path.display());
            MisconfiguredReason::NoClientSecret
        })?;
        client_secret = Some(Zeroizing::new(secret.trim().to_owned()));
    }
    let client_id = match (own.client_id, known.map(|endpoint| endpoint.client_id)) {
        (Some(id), _) => Some(id),
        (None, Some(ClientId::Public(id))) => Some(id.to_owned()),
        (None, Some(ClientId::OfCredential { variable: name, secret_variable })) => {
            client_secret = client_secret.or_else(|| variable(secret_variable).map(Zeroizing::new));
            field("clientId").map(|id| (*id).clone()).or_else(|| variable(name))
        }
        (None, Some(ClientId::Configured) | None) => None,
    };
    Ok(ResolvedEndpoint {
        location,
        body: own.body.or(known.map(|endpoint| endpoint.body)).unwrap_or(BodyFormat::Form),
        client_id: client_id.filter(|id| !id.trim().is_empty()).ok_or(MisconfiguredReason::NoClientId)?,
        client_secret,
        margin: own.margin.or(known.map(|endpoint| endpoint.margin)).unwrap_or_default(),
        at_least: known.map(|endpoint| endpoint.at_least).unwrap_or_default(),
    })
}

/// Tokens go over TLS, or nowhere beyond this machine.
pub fn allowed(url: &str) -> Result<Uri, MisconfiguredReason> {
    let uri: Uri = url.parse().map_err(|_| MisconfiguredReason::BadEndpoint)?;
    let host = uri.host().unwrap_or_default();
    let is_loopback = host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    match uri.scheme_str() {
        Some("https") if !host.is_empty() => Ok(uri),
        Some("http") if is_loopback => Ok(uri),
        _ => Err(MisconfiguredReason::BadEndpoint),
    }
}

/// An address that a document or a credential names must belong to the provider.
pub fn below(url: &str, host: &str) -> Result<Uri, MisconfiguredReason> {
    let uri = allowed(url)?;
    let named = uri.host().unwrap_or_default().to_ascii_lowercase();
    let belongs = named == host || named.strip_suffix(host).is_some_and(|rest| rest.ends_with('.'));
    if belongs && uri.scheme_str() == Some("https") { Ok(uri) } else { Err(MisconfiguredReason::BadEndpoint) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_over_tls_or_stay_here() {
        assert!(allowed("https://auth.openai.com/oauth/token").is_ok());
        assert!(allowed("http://127.0.0.1:8080/token").is_ok());
        assert!(allowed("http://[::1]:8080/token").is_ok());
        assert!(allowed("http://auth.openai.com/oauth/token").is_err());
        assert!(allowed("http://127.0.0.1.example.org/").is_err());
        assert!(allowed("file:///etc/passwd").is_err());
        assert!(below("https://auth.x.ai/token", "x.ai").is_ok());
        assert!(below("https://x.ai/token", "x.ai").is_ok());
        assert!(below("https://evilx.ai/token", "x.ai").is_err());
        assert!(below("https://auth.x.ai.evil.org/token", "x.ai").is_err());
    }

    #[test]
    fn what_is_missing_is_named() {
        let config = RefreshConfig::default();
        let nothing = |_: &str| None;
        let resolve =
            |provider: &str| resolve(provider, &config, nothing, |_| None).map(|resolved| resolved.client_id);
        assert_eq!(resolve("openai-codex").as_deref(), Ok("app_EMoamEEZ73f0CkXaXp7hrann"));
        assert_eq!(resolve("google-gemini-cli"), Err(MisconfiguredReason::NoClientId));
        assert_eq!(resolve("chutes"), Err(MisconfiguredReason::NoClientId));
        assert_eq!(resolve("nobody"), Err(MisconfiguredReason::BadEndpoint));
    }
}
