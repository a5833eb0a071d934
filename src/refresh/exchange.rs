//! One call to a provider: a refresh token in, new tokens or a reason out.

use bytes::Bytes;
use hyper::{Method, Uri};
use openclaw_auth::jwt;
use openclaw_auth::model::{Span, Timestamp};
use openclaw_auth::provider::BodyFormat;
use serde::Deserialize;

use super::answer::{self, TokenAnswer, Tokens};
use super::endpoint::{self, EndpointLocation, ResolvedEndpoint};
use super::outcome::{MisconfiguredReason, TransientReason};
use crate::clock;
use crate::http::{HttpClient, HttpError};

/// Where a provider says nothing about a token's life, this is assumed.
const ASSUMED_LIFETIME: Span = Span::from_mins(60.0);

/// What the provider issued, and when it ends by the rules of that provider.
#[derive(Debug)]
pub struct Issued {
    pub tokens: Tokens,
    /// What is stored as `expires`.
    pub expires: Timestamp,
    /// How long that is from when the request was sent.
    pub lifetime: Span,
}

/// A provider's description of itself, as far as it matters.
#[derive(Deserialize)]
struct DiscoveryDocument {
    token_endpoint: String,
}

/// Finds out where to ask, before anything is spent.
pub async fn locate(client: &HttpClient, resolved: &ResolvedEndpoint) -> Result<Uri, TokenAnswer> {
    let (document, host) = match &resolved.location {
        EndpointLocation::Url(url) => return Ok(url.clone()),
        EndpointLocation::Discover { document, host } => (document, *host),
    };
    let answer =
        client.send(Method::GET, document, "application/json", Bytes::new()).await.map_err(unanswered)?;
    let found: DiscoveryDocument = serde_json::from_slice(&answer.body)
        .map_err(|_| TokenAnswer::Transient(TransientReason::BadAnswer, answer.retry_after))?;
    endpoint::below(&found.token_endpoint, host).map_err(TokenAnswer::Misconfigured)
}

pub async fn exchange(
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
    // Counted from before the request: the token may have been issued at any moment since.
    let started = clock::now();
    let asked = client.send_for_what_comes(Method::POST, url, content_type, body).await;
    let (answer, cut) = asked.map_err(unanswered)?;
    match (answer::judge(&answer), cut) {
        // Whole JSON is whole, wherever the connection broke: the token it was issued for is spent.
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
    // A margin as long as the token's life would make it expired at birth.
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

/// Refuses an answer for another account.
pub fn check_account(stored: Option<&str>, issued: Option<&str>) -> Result<(), MisconfiguredReason> {
    match (stored, issued) {
        (Some(stored), Some(issued)) if stored.trim() != issued.trim() => {
            Err(MisconfiguredReason::OtherAccount)
        }
        _ => Ok(()),
    }
}
