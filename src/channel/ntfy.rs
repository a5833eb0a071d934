//! ntfy: a push message with priority, tags, and a button, by ntfy's JSON interface.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::markup::cut;
use super::message::RenderedMessage;
use super::settings::{ChannelSettings, channel_settings, unprotected_token, user_in_url};
use super::transport::{DeliveryOutcome, Transport, bearer, secret};
use crate::settings::{SecretSource, shown_address};
use crate::texts::text;

/// ntfy turns longer messages into attachments.
const MAX_BYTES: usize = 3800;

channel_settings! {
    /// `[notify.ntfy.NAME]`
    pub struct NtfyConfig {
        /// The topic; or its whole address.
        #[serde(serialize_with = "shown_address")]
        pub topic: String = String::new(),
        /// The server.
        #[serde(serialize_with = "shown_address")]
        pub server: String = "https://ntfy.sh".to_owned(),
        /// A file that holds the access token.
        pub token_file: Option<PathBuf> = None,
        /// A variable that holds the access token.
        pub token_env: Option<String> = None,
    }
}

impl NtfyConfig {
    fn token(&self) -> SecretSource<'_> {
        SecretSource::new("notify.ntfy", "token", self.token_file.as_deref(), self.token_env.as_deref())
    }

    /// Server and topic. OpenClaw's old script also took a whole address for the topic.
    fn place(&self) -> Option<(String, &str)> {
        let topic = self.topic.trim().trim_end_matches('/');
        let (server, topic) = match topic.rsplit_once('/') {
            Some((server, topic)) if server.contains("://") => (server, topic),
            _ => (self.server.trim_end_matches('/'), topic),
        };
        (!topic.is_empty()).then(|| (format!("{server}/"), topic))
    }
}

impl ChannelSettings for NtfyConfig {
    fn addresses(&self) -> Vec<&str> {
        vec![&self.topic, &self.server]
    }

    fn secrets(&self) -> Vec<SecretSource<'_>> {
        vec![self.token()]
    }

    fn problems(&self) -> Vec<(&'static str, String)> {
        let no_topic = self.topic.trim().is_empty().then(|| ("topic", text("setting-missing", &[])));
        let unprotected =
            if self.token().is_named() { unprotected_token("server", &self.server) } else { None };
        [no_topic, user_in_url("server", &self.server), user_in_url("topic", &self.topic), unprotected]
            .into_iter()
            .flatten()
            .collect()
    }

    async fn send(
        &self,
        message: &RenderedMessage,
        transport: &Transport,
    ) -> Result<DeliveryOutcome, DeliveryOutcome> {
        let token = secret(&self.token())?;
        let (server, topic) =
            self.place().ok_or_else(|| DeliveryOutcome::misconfigured("delivery-no-topic"))?;
        let (body, token) = (body(topic, message), token.as_ref());
        Ok(transport.post_json(&server, bearer(token), &body, &[token]).await)
    }
}

fn body(topic: &str, message: &RenderedMessage) -> Value {
    // On ntfy's scale 3 is the default, and 5 rings in spite of "do not disturb".
    let priority = message.by_severity([5, 4, 2, 3]);
    let tag = message.by_severity(["rotating_light", "warning", "information_source", "white_check_mark"]);
    let mut body = json!({
        "topic": topic,
        "title": message.title,
        "message": cut(message.text(usize::MAX).trim_end(), MAX_BYTES),
        "priority": priority,
        "tags": [tag, "authwatch"],
    });
    if let Some(url) = &message.page_url {
        body["click"] = json!(url);
        body["actions"] = json!([{ "action": "view", "label": text("message-open-page", &[]), "url": url }]);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_may_be_a_whole_address() {
        for (topic, expected) in [
            ("alerts", Some(("https://ntfy.sh/", "alerts"))),
            ("https://ntfy.example/alerts/", Some(("https://ntfy.example/", "alerts"))),
            (" ", None),
        ] {
            let config = NtfyConfig { topic: topic.to_owned(), ..NtfyConfig::default() };
            let place = config.place();
            assert_eq!(place.as_ref().map(|(server, topic)| (server.as_str(), *topic)), expected);
        }
    }
}
