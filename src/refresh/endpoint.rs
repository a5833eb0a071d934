//! A provider's token endpoint: where it is, as which client it is asked, and the call that turns a refresh token or a code into tokens.
//!
//! What is known of a provider is overridden by `[refresh.providers.<id>]`.

use bytes::Bytes;
use hyper::{Method, Uri};
use openclaw_auth::jwt;
use openclaw_auth::model::{Span, Timestamp};
use openclaw_auth::provider::{self, BodyFormat, ClientId, TokenEndpoint, TokenUrl};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::answer::{self, TokenAnswer, Tokens};
use super::outcome::{MisconfiguredReason, NotRenewable, TransientReason};
use crate::clock;
use crate::config::RefreshConfig;
use crate::http::{HttpClient, HttpError};

/// Assumed where a provider does not say how long a token is valid.
const ASSUMED_LIFETIME: Span = Span::from_mins(60.0);

/// A token endpoint with everything a request to it needs.
#[derive(Debug)]
pub struct ResolvedEndpoint {
    pub location: EndpointLocation,
    pub body: BodyFormat,
    pub client_id: String,
    pub client_secret: Option<Zeroizing<String>>,
    /// Safety margin subtracted from `expires_in`.
    pub margin: Span,
    /// The stored `expires` is at least this far ahead.
    pub at_least: Span,
}

#[derive(Debug, PartialEq, Eq)]
pub enum EndpointLocation {
    Url(Uri),
    /// Named by a discovery document; it has to belong to `host`.
    Discover {
        document: Uri,
        host: &'static str,
    },
}

/// The providers whose logins can be refreshed without any configuration.
pub fn providers() -> impl Iterator<Item = &'static str> {
    provider::all().filter(|provider| provider.token_endpoint().is_some()).map(|provider| provider.id)
}

/// Whether a provider's logins are refreshed at all.
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

/// Parses an address that may receive tokens: over TLS, or on this machine.
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

/// The same for an address that a document or a credential names: it must belong to the provider's `host`.
pub fn below(url: &str, host: &str) -> Result<Uri, MisconfiguredReason> {
    let uri = allowed(url)?;
    let named = uri.host().unwrap_or_default().to_ascii_lowercase();
    let belongs = named == host || named.strip_suffix(host).is_some_and(|rest| rest.ends_with('.'));
    if belongs && uri.scheme_str() == Some("https") { Ok(uri) } else { Err(MisconfiguredReason::BadEndpoint) }
}

#[derive(Debug)]
pub struct Issued {
    pub tokens: Tokens,
    /// What is stored as `expires`.
    pub expires: Timestamp,
    /// From when the request was sent.
    pub lifetime: Span,
}

/// The part of a provider's metadata (RFC 8414) that matters here.
#[derive(Deserialize)]
struct DiscoveryDocument {
    token_endpoint: String,
}

/// Finds the token endpoint's address, before a token is used.
pub async fn locate(client: &HttpClient, resolved: &ResolvedEndpoint) -> Result<Uri, TokenAnswer> {
    let (document, host) = match &resolved.location {
        EndpointLocation::Url(url) => return Ok(url.clone()),
        EndpointLocation::Discover { document, host } => (document, *host),
    };
    let answer =
        client.send(Method::GET, document, "application/json", Bytes::new()).await.map_err(unanswered)?;
    let found: DiscoveryDocument = serde_json::from_slice(&answer.body)
        .map_err(|_| TokenAnswer::Transient(TransientReason::BadAnswer, answer.retry_after))?;
    below(&found.token_endpoint, host).map_err(TokenAnswer::Misconfigured)
}

/// Exchanges a refresh token for new tokens.
pub async fn refresh(
    client: &HttpClient,
    url: &Uri,
    resolved: &ResolvedEndpoint,
    refresh_token: &str,
) -> Result<Issued, TokenAnswer> {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    ask(client, url, resolved, &fields).await
}

/// Redeems the code that a sign-in ended with.
pub async fn redeem(
    client: &HttpClient,
    url: &Uri,
    resolved: &ResolvedEndpoint,
    fields: &[(&str, &str)],
) -> Result<Issued, TokenAnswer> {
    ask(client, url, resolved, &[&[("grant_type", "authorization_code")], fields].concat()).await
}

async fn ask(
    client: &HttpClient,
    url: &Uri,
    resolved: &ResolvedEndpoint,
    fields: &[(&str, &str)],
) -> Result<Issued, TokenAnswer> {
    let (content_type, body) = request_body(resolved, fields);
    // From before the request, because the token may have been issued at any moment since.
    let started = clock::now();
    let asked = client.send_for_what_comes(Method::POST, url, content_type, body).await;
    let (answer, cut) = asked.map_err(unanswered)?;
    match (answer::judge(&answer), cut) {
        // Complete JSON counts even if the connection broke after it: the refresh token is used.
        (TokenAnswer::Tokens(tokens), _) => Ok(issued(tokens, started, resolved)),
        (_, Some(cut)) => Err(unanswered(cut)),
        (other, None) => Err(other),
    }
}

fn unanswered(reason: HttpError) -> TokenAnswer {
    let reason = match reason {
        HttpError::Dns => TransientReason::Dns,
        HttpError::Connect => TransientReason::Connect,
        HttpError::Tls => TransientReason::Tls,
        HttpError::Timeout => TransientReason::Timeout,
        HttpError::Lost => TransientReason::ConnectionLost,
        HttpError::TooLarge => TransientReason::TooLarge,
    };
    TokenAnswer::Transient(reason, None)
}

fn issued(tokens: Tokens, started: Timestamp, resolved: &ResolvedEndpoint) -> Issued {
    let by_claim =
        || jwt::expiry(&tokens.access).map(|end| end - started).filter(|lifetime| *lifetime > Span::ZERO);
    let lifetime = tokens.lifetime.or_else(by_claim).unwrap_or(ASSUMED_LIFETIME);
    // A margin as long as the lifetime would make the token expired when issued.
    let margin = if resolved.margin < lifetime { resolved.margin } else { Span::ZERO };
    let lifetime = (lifetime - margin).max(resolved.at_least).floor();
    Issued { tokens, expires: started + lifetime, lifetime }
}

fn request_body(resolved: &ResolvedEndpoint, fields: &[(&str, &str)]) -> (&'static str, Bytes) {
    let mut fields = fields.to_vec();
    fields.push(("client_id", &resolved.client_id));
    if let Some(secret) = &resolved.client_secret {
        fields.push(("client_secret", secret));
    }
    match resolved.body {
        BodyFormat::Form => {
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            ("application/x-www-form-urlencoded", Bytes::from(form))
        }
        BodyFormat::Json => {
            let map: std::collections::BTreeMap<_, _> = fields.into_iter().collect();
            let json = serde_json::to_vec(&map).expect("strings are JSON");
            ("application/json", Bytes::from(json))
        }
    }
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
