//! Webhooks: authwatch's own JSON, or the form that a chat expects.

use std::path::PathBuf;

use openclaw_auth::digest::hex;
use openclaw_auth::model::Timestamp;
use openclaw_auth::words;
use ring::hmac;
use serde_json::{Value, json};

use super::markup::{MARKDOWN, SLACK, TELEGRAM, color, cut, hex_color};
use super::message::RenderedMessage;
use super::settings::{ChannelSettings, channel_settings, unprotected_token};
use super::transport::{DeliveryOutcome, Transport, bearer, secret};
use crate::settings::{SecretSource, shown_url};
use crate::texts::text;

channel_settings! {
    /// `[notify.webhook.NAME]`
    pub struct WebhookConfig {
        /// The address. If it holds a secret, as most do, name a file instead.
        #[serde(serialize_with = "shown_url")]
        pub url: Option<String> = None,
        /// A file that holds the address.
        pub url_file: Option<PathBuf> = None,
        /// A variable that holds the address.
        pub url_env: Option<String> = None,
        /// The form of the body.
        pub preset: WebhookPreset = WebhookPreset::default(),
        /// A file that holds the key the body is signed with.
        pub secret_file: Option<PathBuf> = None,
        /// A variable that holds the key the body is signed with.
        pub secret_env: Option<String> = None,
        /// A file that holds a token: a bearer token, or Gotify's application token.
        pub token_file: Option<PathBuf> = None,
        /// A variable that holds the token.
        pub token_env: Option<String> = None,
        /// Telegram: the chat to write to.
        pub chat_id: Option<String> = None,
    }
}

words! {
    /// The form of a webhook's body.
    #[derive(Default)]
    pub enum WebhookPreset in "snake_case" {
        #[default]
        Json,
        /// An incoming webhook of Slack.
        Slack,
        /// A webhook of a Discord channel.
        Discord,
        /// A bot of Telegram: `https://api.telegram.org/bot<token>/sendMessage`.
        Telegram,
        /// Gotify: `https://host/message`.
        Gotify,
        /// An incoming webhook of Mattermost.
        Mattermost,
    }
}

impl WebhookConfig {
    fn address(&self) -> SecretSource<'_> {
        SecretSource::new("notify.webhook", "url", self.url_file.as_deref(), self.url_env.as_deref())
            .or_inline(self.url.as_deref())
    }

    /// The key the body is signed with.
    fn secret(&self) -> SecretSource<'_> {
        SecretSource::new("notify.webhook", "secret", self.secret_file.as_deref(), self.secret_env.as_deref())
    }

    fn token(&self) -> SecretSource<'_> {
        SecretSource::new("notify.webhook", "token", self.token_file.as_deref(), self.token_env.as_deref())
    }
}

impl ChannelSettings for WebhookConfig {
    fn addresses(&self) -> Vec<&str> {
        self.url.as_deref().into_iter().collect()
    }

    fn secrets(&self) -> Vec<SecretSource<'_>> {
        vec![self.address(), self.secret(), self.token()]
    }

    fn problems(&self) -> Vec<(&'static str, String)> {
        let (preset, has_token) = (self.preset, self.token().is_named());
        let problem = |setting, name: &str| Some((setting, text(name, &[])));
        let no_url = if self.address().is_named() { None } else { problem("url", "setting-no-url") };
        let no_chat = match preset {
            WebhookPreset::Telegram if self.chat_id.is_none() => problem("chat_id", "setting-no-chat-id"),
            _ => None,
        };
        let no_token = match preset {
            WebhookPreset::Gotify if !has_token => problem("token_file", "setting-no-gotify-token"),
            _ => None,
        };
        let unprotected =
            self.url.as_deref().filter(|_| has_token).and_then(|url| unprotected_token("url", url));
        [no_url, no_chat, no_token, unprotected].into_iter().flatten().collect()
    }

    async fn send(
        &self,
        message: &RenderedMessage,
        transport: &Transport,
    ) -> Result<DeliveryOutcome, DeliveryOutcome> {
        let url =
            secret(&self.address())?.ok_or_else(|| DeliveryOutcome::misconfigured("delivery-no-url"))?;
        let (token, key) = (secret(&self.token())?, secret(&self.secret())?);
        let body =
            body(self, message).ok_or_else(|| DeliveryOutcome::misconfigured("delivery-no-chat-id"))?;
        let mut headers =
            vec![("idempotency-key", message.id.clone()), ("x-authwatch-delivery", message.id.clone())];
        headers.extend(match (self.preset, &token) {
            (WebhookPreset::Gotify, Some(token)) => Some(("x-gotify-key", token.expose().to_owned())),
            (_, token) => bearer(token.as_ref()),
        });
        if let Some(key) = &key {
            let bytes = serde_json::to_vec(&body).expect("a JSON value is JSON");
            headers.push(("x-authwatch-signature", signature(key.expose(), message.created, &bytes)));
        }
        let secrets = [Some(&url), token.as_ref(), key.as_ref()];
        Ok(transport.post_json(url.expose(), headers, &body, &secrets).await)
    }
}

/// `t=<Unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`: a receiver that also checks the time accepts no replayed message.
fn signature(key: &str, at: Timestamp, body: &[u8]) -> String {
    let seconds = format!("{:.0}", at.as_secs().floor());
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(seconds.as_bytes());
    context.update(b".");
    context.update(body);
    let tag = context.sign();
    format!("t={seconds},v1={}", hex(tag.as_ref()))
}

fn body(config: &WebhookConfig, message: &RenderedMessage) -> Option<Value> {
    Some(match config.preset {
        WebhookPreset::Json => message.json.clone(),
        WebhookPreset::Slack => json!({
            "text": SLACK.bold(&message.title),
            "attachments": [{
                "color": hex_color(message.severity),
                "fallback": message.title,
                "text": SLACK.body(message, 30_000),
                "mrkdwn_in": ["text"],
            }],
            "unfurl_links": false,
        }),
        WebhookPreset::Mattermost => {
            json!({ "text": MARKDOWN.title_and_body(message, 15_000), "username": "authwatch" })
        }
        WebhookPreset::Discord => json!({
            "content": cut(&MARKDOWN.bold(&message.title), 1900),
            "embeds": [{ "color": color(message.severity), "description": MARKDOWN.body(message, 4000) }],
            "username": "authwatch",
            // An id that looks like a name mentions nobody.
            "allowed_mentions": { "parse": [] },
        }),
        WebhookPreset::Telegram => json!({
            "chat_id": config.chat_id.as_deref()?,
            "text": TELEGRAM.title_and_body(message, 4000),
            "parse_mode": "HTML",
            "link_preview_options": { "is_disabled": true },
        }),
        WebhookPreset::Gotify => json!({
            "title": message.title,
            "message": cut(message.text(usize::MAX).trim_end(), 30_000),
            "priority": message.by_severity([8, 5, 2, 2]),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_time_and_body() {
        let signed = signature("key", Timestamp::from_millis(1_800_000_000_500.0), b"{}");
        // By `printf '1800000000.{}' | openssl dgst -sha256 -hmac key`.
        assert_eq!(signed.split_once(",v1=").map(|(time, _)| time), Some("t=1800000000"));
        assert_ne!(signed, signature("key", Timestamp::from_millis(1_800_000_001_500.0), b"{}"));
        assert_ne!(signed, signature("key", Timestamp::from_millis(1_800_000_000_500.0), b"{ }"));
        assert_ne!(signed, signature("another", Timestamp::from_millis(1_800_000_000_500.0), b"{}"));
    }
}
