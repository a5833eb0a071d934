//! Webhooks: authwatch's own JSON, or the form a chat expects.
//!
//! The own form is versioned: fields may be added, none changes its meaning. docs/notifications.md describes it.

use openclaw_auth::digest::hex;
use openclaw_auth::model::Timestamp;
use ring::hmac;
use serde_json::{Value, json};

use super::change::Change;
use super::chat;
use super::message::Message;
use super::outcome::{DeliveryOutcome, FailureReason};
use super::problem::SubjectKind;
use super::transport::{Transport, json_request, secret};
use super::words::{color, hex_color, rfc3339, severity_word};
use crate::config::{WebhookConfig, WebhookPreset};
use crate::model::Severity;

/// The version of the own form.
const SCHEMA_VERSION: u32 = 1;

pub(super) async fn send(
    config: &WebhookConfig,
    message: &Message,
    transport: &Transport,
) -> DeliveryOutcome {
    match attempt(config, message, transport).await {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

async fn attempt(
    config: &WebhookConfig,
    message: &Message,
    transport: &Transport,
) -> Result<DeliveryOutcome, DeliveryOutcome> {
    let configuration = |problem: &str| DeliveryOutcome::refused(FailureReason::Configuration, problem);
    let url = secret(&config.address())?.ok_or_else(|| configuration("it has no url"))?;
    let (token, key) = (secret(&config.token())?, secret(&config.secret())?);
    let body = body(config, message).ok_or_else(|| configuration("it has no chat_id"))?;
    let mut headers: Vec<(&'static str, String)> =
        vec![("idempotency-key", message.id.clone()), ("x-authwatch-delivery", message.id.clone())];
    if let Some(token) = &token {
        headers.push(match config.preset {
            WebhookPreset::Gotify => ("x-gotify-key", token.expose().to_owned()),
            _ => ("authorization", format!("Bearer {}", token.expose())),
        });
    }
    if let Some(key) = &key {
        let bytes = serde_json::to_vec(&body).expect("a JSON value is JSON");
        headers.push(("x-authwatch-signature", signature(key.expose(), message.created, &bytes)));
    }
    let headers: Vec<(&'static str, &str)> =
        headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let request = json_request(url.expose(), &headers, &body)?;
    let secrets: Vec<_> = [Some(&url), token.as_ref(), key.as_ref()].into_iter().flatten().collect();
    Ok(transport.post(request, &secrets).await)
}

/// `t=<Unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`: who checks the time as well cannot be sent old messages.
fn signature(key: &str, at: Timestamp, body: &[u8]) -> String {
    let seconds = format!("{:.0}", at.as_secs().floor());
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(seconds.as_bytes());
    context.update(b".");
    context.update(body);
    let tag = context.sign();
    let hex = hex(tag.as_ref());
    format!("t={seconds},v1={hex}")
}

fn body(config: &WebhookConfig, message: &Message) -> Option<Value> {
    let text = |most: usize| chat::text(message, config.preset, most);
    Some(match config.preset {
        WebhookPreset::Json => own(message),
        WebhookPreset::Slack => json!({
            "text": chat::title(message, config.preset),
            "attachments": [{
                "color": hex_color(message.severity()),
                "fallback": message.title(),
                "text": chat::body(message, config.preset, 30_000),
                "mrkdwn_in": ["text"],
            }],
            "unfurl_links": false,
        }),
        WebhookPreset::Mattermost => json!({ "text": text(15_000), "username": "authwatch" }),
        // Nobody is called by an id that looks like a name.
        WebhookPreset::Discord => json!({
            "content": chat::cut(&chat::title(message, config.preset), 1900),
            "embeds": [{
                "color": color(message.severity()),
                "description": chat::body(message, config.preset, 4000),
            }],
            "username": "authwatch",
            "allowed_mentions": { "parse": [] },
        }),
        WebhookPreset::Telegram => json!({
            "chat_id": config.chat_id.as_deref()?,
            "text": text(4000),
            "parse_mode": "HTML",
            "link_preview_options": { "is_disabled": true },
        }),
        WebhookPreset::Gotify => {
            let priority = match message.severity() {
                Some(Severity::Critical) => 8,
                Some(Severity::Warning) => 5,
                _ => 2,
            };
            let body = chat::cut(message.text(usize::MAX).trim_end(), 30_000);
            json!({ "title": message.title(), "message": body, "priority": priority })
        }
    })
}

pub(super) fn own(message: &Message) -> Value {
    let count = |severity: Severity| {
        let open = message.changes.iter().filter(|change| !change.is_resolved());
        open.filter(|change| change.problem.severity == severity).count()
    };
    json!({
        "version": SCHEMA_VERSION,
        "id": message.id,
        "created": rfc3339(message.created),
        "host": message.host,
        "test": message.test,
        "severity": severity_word(message.severity()),
        "title": message.title(),
        "text": message.text(80),
        "pageUrl": message.page_url,
        "command": message.command(),
        "merged": message.merged,
        "counts": {
            "critical": count(Severity::Critical),
            "warning": count(Severity::Warning),
            "info": count(Severity::Info),
            "mended": message.changes.iter().filter(|change| change.is_resolved()).count(),
        },
        "changes": message.changes.iter().map(change).collect::<Vec<_>>(),
    })
}

fn change(change: &Change) -> Value {
    let (subject, problem) = (&change.subject, &change.problem);
    let of = match subject.kind {
        SubjectKind::Agent => "agent",
        SubjectKind::Store => "store",
        SubjectKind::Provider(_) => "provider",
        SubjectKind::Profile(_) => "profile",
        SubjectKind::Rescue(_) => "rescue",
        SubjectKind::Channel(_) => "channel",
        SubjectKind::Config => "config",
    };
    let profile =
        matches!(subject.kind, SubjectKind::Profile(_) | SubjectKind::Rescue(_)).then(|| subject.name());
    json!({
        "incident": change.incident,
        "change": change.transition,
        "of": of,
        "agent": subject.agent,
        "profile": profile,
        "provider": problem.provider,
        "condition": problem.kind,
        "severity": problem.severity,
        "worst": change.worst,
        "meaning": problem.meaning,
        "command": problem.command,
        "since": problem.since.map(rfc3339),
        "ends": problem.ends.map(rfc3339),
        "opened": rfc3339(change.opened),
        "at": rfc3339(change.at),
        "alsoUsedBy": problem.also,
        "mended": change.resolved,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_moment_and_body() {
        let signed = signature("key", Timestamp::from_millis(1_800_000_000_500.0), b"{}");
        // By `printf '1800000000.{}' | openssl dgst -sha256 -hmac key`.
        assert_eq!(signed.split_once(",v1=").map(|(time, _)| time), Some("t=1800000000"));
        assert_ne!(signed, signature("key", Timestamp::from_millis(1_800_000_001_500.0), b"{}"));
        assert_ne!(signed, signature("key", Timestamp::from_millis(1_800_000_000_500.0), b"{ }"));
        assert_ne!(signed, signature("another", Timestamp::from_millis(1_800_000_000_500.0), b"{}"));
    }
}
