//! Fourth step: a channel takes a message. One file a kind, one table of them.

use std::rc::Rc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Uri};
use openclaw_auth::model::Timestamp;
use openclaw_auth::secret::{REDACTED, SecretStr};

use super::message::Message;
use super::outcome::{FailureReason, Outcome};
use super::{command, email, ntfy, webhook};
use crate::config::{
    AlertmanagerConfig, CommandConfig, EmailConfig, Filter, NetworkConfig, NotifyConfig, NtfyConfig,
    SecretSource, WebhookConfig,
};
use crate::http::{Answer, HttpClient};
use crate::model::Severity;

/// A way to reach people.
#[derive(Clone, Debug)]
pub struct Channel {
    /// The user's name for it.
    pub name: String,
    /// What it is told of.
    pub filter: Filter,
    pub kind: Kind,
}

/// The kinds of channel, with their settings.
#[derive(Clone, Debug)]
pub enum Kind {
    Email(EmailConfig),
    Ntfy(NtfyConfig),
    Webhook(WebhookConfig),
    /// Alertmanager: told what is so, not what has changed.
    Alertmanager(AlertmanagerConfig),
    Command(CommandConfig),
}

impl Kind {
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Ntfy(_) => "ntfy",
            Self::Webhook(_) => "webhook",
            Self::Alertmanager(_) => "alertmanager",
            Self::Command(_) => "command",
        }
    }

    fn secrets(&self) -> Vec<SecretSource<'_>> {
        match self {
            Self::Email(config) => vec![config.password()],
            Self::Ntfy(config) => vec![config.token()],
            Self::Webhook(config) => vec![config.address(), config.secret(), config.token()],
            Self::Alertmanager(config) => vec![config.token()],
            Self::Command(_) => Vec::new(),
        }
    }
}

/// All channels of a configuration, by name.
#[must_use]
pub fn channels(config: &NotifyConfig) -> Vec<Channel> {
    let mut all: Vec<Channel> = Vec::new();
    let mut add = |name: &String, filter: Filter, kind: Kind| {
        all.push(Channel { name: name.clone(), filter, kind });
    };
    config.email.iter().for_each(|(name, of)| add(name, of.filter(), Kind::Email(of.clone())));
    config.ntfy.iter().for_each(|(name, of)| add(name, of.filter(), Kind::Ntfy(of.clone())));
    config.webhook.iter().for_each(|(name, of)| add(name, of.filter(), Kind::Webhook(of.clone())));
    config.alertmanager.iter().for_each(|(name, of)| add(name, of.filter(), Kind::Alertmanager(of.clone())));
    config.command.iter().for_each(|(name, of)| add(name, of.filter(), Kind::Command(of.clone())));
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

impl Channel {
    /// A hash of everything that decides how it is reached: what was refused is tried again once that changes.
    #[must_use]
    pub fn configured(&self) -> String {
        let written: Vec<_> = self.kind.secrets().iter().map(SecretSource::written).collect();
        let settings = format!("{:?} {written:?}", self.kind);
        let digest = ring::digest::digest(&ring::digest::SHA256, settings.as_bytes());
        digest.as_ref()[..8].iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    /// Hands a message over. Alertmanager is not sent messages.
    pub async fn send(&self, message: &Message, wires: &Wires) -> Outcome {
        match &self.kind {
            Kind::Email(config) => email::send(config, message, wires).await,
            Kind::Ntfy(config) => ntfy::send(config, message, wires).await,
            Kind::Webhook(config) => webhook::send(config, message, wires).await,
            Kind::Command(config) => command::send(config, message).await,
            Kind::Alertmanager(_) => Outcome::Accepted(String::new()),
        }
    }
}

/// What channels reach the world by: built at first use, shared, kept.
#[derive(Clone, Debug, Default)]
pub struct Wires {
    network: NetworkConfig,
    http: Rc<tokio::sync::OnceCell<HttpClient>>,
}

impl Wires {
    /// Wires of this machine's network.
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
    async fn http(&self) -> Result<&HttpClient, Outcome> {
        let make = || async { HttpClient::new(self.ca_file()) };
        self.http
            .get_or_try_init(make)
            .await
            .map_err(|error| Outcome::refused(FailureReason::Configuration, error.to_string()))
    }

    /// Sends a request. The secrets that went with it are no part of what is said about the answer.
    pub(super) async fn post(&self, request: Request<Full<Bytes>>, secrets: &[&SecretStr<'_>]) -> Outcome {
        let client = match self.http().await {
            Ok(client) => client,
            Err(outcome) => return outcome,
        };
        let outcome = match client.perform(request).await {
            Ok(answer) => judge(&answer),
            Err(reason) => reason.into(),
        };
        // In this order: half a secret is one that nobody recognizes.
        outcome.map(|text| super::outbox::clip(&masked(text, secrets)))
    }
}

/// So much of an answer is looked at. Far more than is shown, so that no secret ends in the middle of what is.
const MOST_READ: usize = 16 * 1024;

/// What an answer means, the same for everything that speaks HTTP.
fn judge(answer: &Answer) -> Outcome {
    let said = String::from_utf8_lossy(&answer.body[..answer.body.len().min(MOST_READ)]).into_owned();
    let said = format!("{} {said}", answer.status).trim_end().to_owned();
    match answer.status {
        200..=299 => Outcome::Accepted(said),
        429 => Outcome::Later { reason: FailureReason::RateLimited, problem: said, wait: answer.retry_after },
        408 | 425 | 500..=599 => {
            Outcome::Later { reason: FailureReason::ServerError, problem: said, wait: answer.retry_after }
        }
        401 | 403 => Outcome::refused(FailureReason::Authentication, said),
        // Following would carry a token to an address nobody has named.
        300..=399 => {
            Outcome::refused(FailureReason::Configuration, format!("{said}: name the address it leads to"))
        }
        _ => Outcome::refused(FailureReason::Refused, said),
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
) -> Result<Request<Full<Bytes>>, Outcome> {
    let wrong = |problem: &str| Outcome::refused(FailureReason::Configuration, problem);
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
pub(super) fn secret(
    source: &crate::config::SecretSource<'_>,
) -> Result<Option<SecretStr<'static>>, Outcome> {
    source.read().map_err(|problem| Outcome::refused(FailureReason::Configuration, problem))
}

/// The word a message is headed by.
pub(super) fn severity_word(severity: Option<Severity>) -> &'static str {
    severity.map_or("mended", Severity::as_str)
}

/// A moment as other programs read it.
pub(super) fn rfc3339(at: Timestamp) -> String {
    crate::clock::date(at)
        .map(|date| date.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_secret_is_said() {
        let url = SecretStr::owned("https://hooks.example/services/T0001/B0002/canary-path-piece".to_owned());
        let token = SecretStr::owned(format!("canary-{}", "x".repeat(400)));
        let masked = |text: &str| super::super::outbox::clip(&masked(text, &[&url, &token]));
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
