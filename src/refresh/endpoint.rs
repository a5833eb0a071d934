//! The registry of providers whose logins are refreshed: where, how, and what their answers mean. One table; every value can be
//! overridden by `[refresh.providers.<id>]`.

use hyper::Uri;
use openclaw_auth::model::Span;
use zeroize::Zeroizing;

use super::outcome::{MisconfiguredReason, NotRenewable};
use crate::config::{BodyFormat, RefreshConfig};

const FIVE_MINUTES: Span = Span::from_mins(5.0);
const NONE: Span = Span::ZERO;

#[derive(Debug)]
struct Endpoint {
    provider: &'static str,
    place: Place,
    body: BodyFormat,
    client_id: ClientId,
    /// The stored `expires` is so much earlier than the token's end.
    margin: Span,
    /// Never stored as less than this from now.
    at_least: Span,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Fixed(&'static str),
    /// The credential's `tokenEndpoint`, else what this document says; always below this host.
    Discovered {
        document: &'static str,
        host: &'static str,
    },
}

#[derive(Clone, Copy, Debug)]
enum ClientId {
    Public(&'static str),
    /// The operator's: there is no public one.
    Configured,
    /// The credential's `clientId`, else a variable.
    OfCredential {
        variable: &'static str,
        secret_variable: &'static str,
    },
}

const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        provider: "anthropic",
        place: Place::Fixed("https://platform.claude.com/v1/oauth/token"),
        body: BodyFormat::Json,
        client_id: ClientId::Public("9d1c250a-e61b-44d9-88ed-5944d1962f5e"),
        margin: FIVE_MINUTES,
        at_least: NONE,
    },
    Endpoint {
        provider: "chutes",
        place: Place::Fixed("https://api.chutes.ai/idp/token"),
        body: BodyFormat::Form,
        client_id: ClientId::OfCredential {
            variable: "CHUTES_CLIENT_ID",
            secret_variable: "CHUTES_CLIENT_SECRET",
        },
        margin: FIVE_MINUTES,
        at_least: Span::from_secs(30.0),
    },
    google("google-antigravity"),
    google("google-gemini-cli"),
    openai("openai"),
    openai("openai-codex"),
    Endpoint {
        provider: "xai",
        place: Place::Discovered {
            document: "https://auth.x.ai/.well-known/openid-configuration",
            host: "x.ai",
        },
        body: BodyFormat::Form,
        client_id: ClientId::Public("b1a00492-073a-47ea-816f-4c329264a828"),
        margin: NONE,
        at_least: NONE,
    },
];

const fn openai(provider: &'static str) -> Endpoint {
    Endpoint {
        provider,
        place: Place::Fixed("https://auth.openai.com/oauth/token"),
        body: BodyFormat::Form,
        client_id: ClientId::Public("app_EMoamEEZ73f0CkXaXp7hrann"),
        margin: NONE,
        at_least: NONE,
    }
}

const fn google(provider: &'static str) -> Endpoint {
    Endpoint {
        provider,
        place: Place::Fixed("https://oauth2.googleapis.com/token"),
        body: BodyFormat::Form,
        client_id: ClientId::Configured,
        margin: FIVE_MINUTES,
        at_least: NONE,
    }
}

/// What a refresh request needs, resolved.
#[derive(Debug)]
pub struct Resolved {
    pub place: Target,
    /// How the request is written.
    pub body: BodyFormat,
    pub client_id: String,
    /// The client's secret, where it has one.
    pub client_secret: Option<Zeroizing<String>>,
    /// The stored `expires` is so much earlier than the token's end.
    pub margin: Span,
    /// Never stored as less than this from now.
    pub at_least: Span,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Target {
    Url(Uri),
    /// Where this document says, if that is below the host.
    Discover {
        document: Uri,
        host: &'static str,
    },
}

/// The providers in the registry.
#[must_use]
pub fn providers() -> Vec<&'static str> {
    ENDPOINTS.iter().map(|endpoint| endpoint.provider).collect()
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

fn find(provider: &str) -> Option<&'static Endpoint> {
    ENDPOINTS.iter().find(|endpoint| endpoint.provider == provider)
}

/// Resolves what a request to a provider needs.
///
/// `field` reads a string of the credential's entry, `variable` one of the environment.
pub fn resolve(
    provider: &str,
    config: &RefreshConfig,
    field: impl Fn(&str) -> Option<Zeroizing<String>>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Resolved, MisconfiguredReason> {
    let own = config.providers.get(provider).cloned().unwrap_or_default();
    let known = find(provider);
    let place = match (&own.token_url, known.map(|endpoint| endpoint.place)) {
        (Some(url), _) => Target::Url(allowed(url)?),
        (None, Some(Place::Fixed(url))) => Target::Url(allowed(url)?),
        (None, Some(Place::Discovered { document, host })) => match field("tokenEndpoint") {
            Some(url) => Target::Url(below(&url, host)?),
            None => Target::Discover { document: allowed(document)?, host },
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
    Ok(Resolved {
        place,
        body: own.body.or(known.map(|endpoint| endpoint.body)).unwrap_or(BodyFormat::Form),
        client_id: client_id.filter(|id| !id.trim().is_empty()).ok_or(MisconfiguredReason::NoClientId)?,
        client_secret,
        margin: own.margin.or(known.map(|endpoint| endpoint.margin)).unwrap_or(NONE),
        at_least: known.map_or(NONE, |endpoint| endpoint.at_least),
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
    use openclaw_auth::provider::{PROVIDERS, Renewal};

    #[test]
    fn every_refreshable_provider_has_an_endpoint_and_no_other_has() {
        for provider in PROVIDERS {
            assert_eq!(
                find(provider.id).is_some(),
                provider.renewal == Renewal::Refreshable,
                "{}",
                provider.id
            );
        }
    }

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
