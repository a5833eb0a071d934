//! How channels reach the network, and what came of it: one HTTP client, JSON requests, and the outcome of a delivery.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::HeaderValue;
use hyper::{Request, Uri};
use openclaw_auth::model::Span;
use openclaw_auth::secret::{REDACTED, SecretStr};
use openclaw_auth::words;
use serde_json::Value;

use crate::http::{HttpClient, HttpError, HttpResponse};
use crate::settings::SecretSource;
use crate::texts::text;

/// What came of sending a message. The texts are the other side's: escape and shorten them before they are shown.
#[derive(Clone, Debug, PartialEq)]
pub enum DeliveryOutcome {
    /// With the other side's answer.
    Accepted(String),
    /// Failed, but worth another attempt.
    Later {
        reason: FailureReason,
        problem: String,
        /// How long the other side asks to wait.
        wait: Option<Span>,
    },
    /// Refused: somebody has to change something first.
    Refused { reason: FailureReason, problem: String },
}

impl DeliveryOutcome {
    pub(crate) fn later(reason: FailureReason, problem: impl Into<String>) -> Self {
        Self::Later { reason, problem: problem.into(), wait: None }
    }

    pub(crate) fn refused(reason: FailureReason, problem: impl Into<String>) -> Self {
        Self::Refused { reason, problem: problem.into() }
    }

    /// Refused because of the configuration: `problem` names a text.
    pub(super) fn misconfigured(problem: &str) -> Self {
        Self::refused(FailureReason::Configuration, text(problem, &[]))
    }

    /// The same with its text changed.
    #[must_use]
    pub(crate) fn map(self, change: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Accepted(answer) => Self::Accepted(change(&answer)),
            Self::Later { reason, problem, wait } => Self::Later { reason, problem: change(&problem), wait },
            Self::Refused { reason, problem } => Self::Refused { reason, problem: change(&problem) },
        }
    }
}

words! {
    /// Why a message was not accepted. Closed, because it is a metric's label.
    pub enum FailureReason in "snake_case" {
        /// The name cannot be resolved.
        Dns,
        Connect,
        /// The certificate does not verify, or there is no TLS.
        Tls,
        Timeout,
        RateLimited,
        /// A fault on the other side.
        ServerError,
        /// The other side does not accept our credentials.
        Authentication,
        /// The other side does not accept this message.
        Refused,
        Command,
        /// A setting is invalid, or a file it names is missing.
        Configuration,
    }
}

impl From<HttpError> for DeliveryOutcome {
    fn from(error: HttpError) -> Self {
        let reason = match error {
            HttpError::Dns => FailureReason::Dns,
            HttpError::Connect | HttpError::Lost => FailureReason::Connect,
            HttpError::Tls => FailureReason::Tls,
            HttpError::Timeout => FailureReason::Timeout,
            HttpError::TooLarge => FailureReason::ServerError,
        };
        Self::later(reason, error.to_string())
    }
}

/// The network as all channels share it. The client is created at first use, because loading roots takes milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Transport {
    ca_file: Option<PathBuf>,
    http: Rc<tokio::sync::OnceCell<HttpClient>>,
}

impl Transport {
    /// `ca_file` has certificates (PEM) that are trusted besides the system's.
    #[must_use]
    pub fn new(ca_file: Option<PathBuf>) -> Self {
        Self { ca_file, http: Rc::default() }
    }

    pub(super) fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    /// Sends a request. What is known of the answer does not contain the secrets that went with the request.
    pub(super) async fn send(
        &self,
        request: Request<Full<Bytes>>,
        secrets: &[Option<&SecretStr<'_>>],
    ) -> DeliveryOutcome {
        let create = || async { HttpClient::new(self.ca_file()) };
        let client = match self.http.get_or_try_init(create).await {
            Ok(client) => client,
            Err(error) => return DeliveryOutcome::refused(FailureReason::Configuration, error.to_string()),
        };
        let outcome = match client.perform(request).await {
            Ok(answer) => outcome(&answer),
            Err(error) => error.into(),
        };
        outcome.map(|text| masked(text, secrets))
    }

    /// Posts JSON. The address may be a secret, so it is part of no error.
    pub(super) async fn post_json(
        &self,
        url: &str,
        headers: impl IntoIterator<Item = (&'static str, String)>,
        body: &Value,
        secrets: &[Option<&SecretStr<'_>>],
    ) -> DeliveryOutcome {
        match json_request(url, headers, body) {
            Ok(request) => self.send(request, secrets).await,
            Err(problem) => DeliveryOutcome::misconfigured(problem),
        }
    }
}

/// The header of a bearer token, if there is one.
pub(super) fn bearer(token: Option<&SecretStr<'_>>) -> Option<(&'static str, String)> {
    token.map(|token| ("authorization", format!("Bearer {}", token.expose())))
}

/// A request with a JSON body; else the name of a text that says what is wrong.
fn json_request(
    url: &str,
    headers: impl IntoIterator<Item = (&'static str, String)>,
    body: &Value,
) -> Result<Request<Full<Bytes>>, &'static str> {
    let url: Uri = url.parse().map_err(|_| "delivery-invalid-url")?;
    if !matches!(url.scheme_str(), Some("https" | "http")) || url.host().is_none() {
        return Err("delivery-invalid-url");
    }
    let mut request = Request::post(url).header("content-type", "application/json");
    for (name, value) in headers {
        let mut value = HeaderValue::try_from(value).map_err(|_| "delivery-invalid-token")?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    let body = serde_json::to_vec(body).expect("a JSON value is JSON");
    request.body(Full::new(Bytes::from(body))).map_err(|_| "delivery-invalid-url")
}

/// Bytes of an answer that are read. Far more than is shown, so that no secret is cut where the shown part ends.
const MAX_ANSWER: usize = 16 * 1024;

/// What an HTTP answer means, the same for every channel.
fn outcome(answer: &HttpResponse) -> DeliveryOutcome {
    let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(MAX_ANSWER)]).into_owned();
    let said = format!("{} {body}", answer.status).trim_end().to_owned();
    let later = |reason, problem| DeliveryOutcome::Later { reason, problem, wait: answer.retry_after };
    match answer.status {
        200..=299 => DeliveryOutcome::Accepted(said),
        429 => later(FailureReason::RateLimited, said),
        408 | 425 | 500..=599 => later(FailureReason::ServerError, said),
        401 | 403 => DeliveryOutcome::refused(FailureReason::Authentication, said),
        // Following would carry a token to an address that nobody configured.
        300..=399 => DeliveryOutcome::refused(
            FailureReason::Configuration,
            text("delivery-redirected", &[("answer", &said)]),
        ),
        _ => DeliveryOutcome::refused(FailureReason::Refused, said),
    }
}

/// Reads a secret; the outcome if it cannot be read.
pub(super) fn secret(source: &SecretSource<'_>) -> Result<Option<SecretStr<'static>>, DeliveryOutcome> {
    source.read().map_err(|problem| DeliveryOutcome::refused(FailureReason::Configuration, problem))
}

/// The name of this machine.
#[must_use]
pub fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

/// A piece of an address that is this long is not a word.
const LONG_PIECE: usize = 12;

/// What the other side answered, without the secrets that were sent to it.
pub(super) fn masked(text: &str, secrets: &[Option<&SecretStr<'_>>]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().flatten().map(|secret| secret.expose()).filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, REDACTED);
        // The secret part of an address is what follows the host. An answer may repeat that alone, or piece by piece.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_secret_is_shown() {
        let url = SecretStr::owned("https://hooks.example/services/T0001/B0002/canary-path-piece".to_owned());
        let token = SecretStr::owned(format!("canary-{}", "x".repeat(400)));
        let masked = |text: &str| masked(text, &[Some(&url), Some(&token)]);
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
