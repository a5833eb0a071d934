//! How channels reach the network: one HTTP client, requests, and what an answer means.

use std::rc::Rc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Uri};
use openclaw_auth::secret::{REDACTED, SecretStr};

use super::outcome::{DeliveryOutcome, FailureReason};
use super::words::clip;
use crate::config::{NetworkConfig, SecretSource};
use crate::http::{HttpClient, HttpResponse};

/// What channels reach the world by: built at first use, shared, kept.
#[derive(Clone, Debug, Default)]
pub struct Transport {
    network: NetworkConfig,
    http: Rc<tokio::sync::OnceCell<HttpClient>>,
}

impl Transport {
    /// Transport of this machine's network.
    #[must_use]
    pub fn new(network: NetworkConfig) -> Self {
        Self { network, http: Rc::default() }
    }

    /// Certificates (PEM) that are trusted besides the system's.
    #[must_use]
    pub(super) fn ca_file(&self) -> Option<&std::path::Path> {
        self.network.ca_file.as_deref()
    }

    /// The client. Loading roots takes some milliseconds, so that it is made when first needed.
    async fn http(&self) -> Result<&HttpClient, DeliveryOutcome> {
        let make = || async { HttpClient::new(self.ca_file()) };
        self.http
            .get_or_try_init(make)
            .await
            .map_err(|error| DeliveryOutcome::refused(FailureReason::Configuration, error.to_string()))
    }

    /// Sends a request. The secrets that went with it are no part of what is said about the answer.
    pub(super) async fn post(
        &self,
        request: Request<Full<Bytes>>,
        secrets: &[&SecretStr<'_>],
    ) -> DeliveryOutcome {
        let client = match self.http().await {
            Ok(client) => client,
            Err(outcome) => return outcome,
        };
        let outcome = match client.perform(request).await {
            Ok(answer) => judge(&answer),
            Err(reason) => reason.into(),
        };
        // In this order: half a secret is one that nobody recognizes.
        outcome.map(|text| clip(&masked(text, secrets)))
    }
}

/// So much of an answer is looked at. Far more than is shown, so that no secret ends in the middle of what is.
const MOST_READ: usize = 16 * 1024;

/// What an answer means, the same for everything that speaks HTTP.
fn judge(answer: &HttpResponse) -> DeliveryOutcome {
    let said = String::from_utf8_lossy(&answer.body[..answer.body.len().min(MOST_READ)]).into_owned();
    let said = format!("{} {said}", answer.status).trim_end().to_owned();
    match answer.status {
        200..=299 => DeliveryOutcome::Accepted(said),
        429 => DeliveryOutcome::Later {
            reason: FailureReason::RateLimited,
            problem: said,
            wait: answer.retry_after,
        },
        408 | 425 | 500..=599 => DeliveryOutcome::Later {
            reason: FailureReason::ServerError,
            problem: said,
            wait: answer.retry_after,
        },
        401 | 403 => DeliveryOutcome::refused(FailureReason::Authentication, said),
        // Following would carry a token to an address nobody has named.
        300..=399 => DeliveryOutcome::refused(
            FailureReason::Configuration,
            format!("{said}: name the address it leads to"),
        ),
        _ => DeliveryOutcome::refused(FailureReason::Refused, said),
    }
}

/// A piece of an address that is so long is no word.
const LONG_PIECE: usize = 12;

/// What somebody else said, without what we told it in confidence.
pub(super) fn masked(text: &str, secrets: &[&SecretStr<'_>]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().map(|secret| secret.expose()).filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, REDACTED);
        // Of an address, what is behind the host is the secret, and an answer may well repeat that alone, or piece by piece.
        let path = secret.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
        if let Some((_, path)) = path.filter(|(_, path)| !path.is_empty()) {
            text = text.replace(path, REDACTED);
            for piece in path.split(['/', '?', '&', '=', '#']).filter(|piece| piece.len() >= LONG_PIECE) {
                text = text.replace(piece, REDACTED);
            }
        }
    }
    text
}

/// A request with a JSON body. The address may be a secret: it is no part of any error.
pub(super) fn json_request(
    url: &str,
    headers: &[(&'static str, &str)],
    body: &serde_json::Value,
) -> Result<Request<Full<Bytes>>, DeliveryOutcome> {
    let wrong = |problem: &str| DeliveryOutcome::refused(FailureReason::Configuration, problem);
    let url: Uri = url.parse().map_err(|_| wrong("its address is none"))?;
    if !matches!(url.scheme_str(), Some("https" | "http")) || url.host().is_none() {
        return Err(wrong("its address is none: it begins with https:// or http://"));
    }
    let mut request = Request::post(url).header("content-type", "application/json");
    for (name, value) in headers {
        let mut value = hyper::header::HeaderValue::from_str(value)
            .map_err(|_| wrong("a token holds what no header may hold"))?;
        value.set_sensitive(true);
        request = request.header(*name, value);
    }
    let body = serde_json::to_vec(body).expect("a JSON value is JSON");
    request.body(Full::new(Bytes::from(body))).map_err(|_| wrong("its address is none"))
}

/// Reads a secret, or says what is wrong with it.
pub(super) fn secret(source: &SecretSource<'_>) -> Result<Option<SecretStr<'static>>, DeliveryOutcome> {
    source.read().map_err(|problem| DeliveryOutcome::refused(FailureReason::Configuration, problem))
}

/// The name of this machine.
#[must_use]
pub(super) fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_secret_is_said() {
        let url = SecretStr::owned("https://hooks.example/services/T0001/B0002/canary-path-piece".to_owned());
        let token = SecretStr::owned(format!("canary-{}", "x".repeat(400)));
        let masked = |text: &str| clip(&masked(text, &[&url, &token]));
        for said in [
            "no hook at /services/T0001/B0002/canary-path-piece",
            r#"{"path":"\/services\/T0001\/B0002\/canary-path-piece"}"#,
            &format!("unknown token {}", token.expose()),
            &format!("{} {}", "word ".repeat(38), token.expose()),
        ] {
            assert!(!masked(said).contains("canary"), "{}", masked(said));
        }
        assert_eq!(masked("the services are down"), "the services are down");
    }
}
