//! ntfy: a push message with priority, tags, a click and an action, by its JSON interface.

use serde_json::{Value, json};

use super::message::Message;
use super::outcome::{DeliveryOutcome, FailureReason};
use super::transport::{Transport, json_request, secret};
use crate::config::NtfyConfig;
use crate::model::Severity;

/// ntfy makes a file of what is longer.
const MOST_BYTES: usize = 3800;

pub(super) async fn send(config: &NtfyConfig, message: &Message, transport: &Transport) -> DeliveryOutcome {
    let token = match secret(&config.token()) {
        Ok(token) => token,
        Err(outcome) => return outcome,
    };
    let Some((server, topic)) = place(config) else {
        return DeliveryOutcome::refused(FailureReason::Configuration, "it has no topic");
    };
    let bearer = token.as_ref().map(|token| format!("Bearer {}", token.expose()));
    let headers: Vec<(&'static str, &str)> =
        bearer.as_deref().map(|bearer| ("authorization", bearer)).into_iter().collect();
    match json_request(&server, &headers, &body(&topic, message)) {
        Ok(request) => transport.post(request, &token.iter().collect::<Vec<_>>()).await,
        Err(outcome) => outcome,
    }
}

/// Server and topic. OpenClaw's old script took a whole address for the topic, too.
fn place(config: &NtfyConfig) -> Option<(String, String)> {
    let topic = config.topic.trim().trim_end_matches('/');
    let (server, topic) = match topic.rsplit_once('/') {
        Some((server, topic)) if server.contains("://") => (server, topic),
        _ => (config.server.trim_end_matches('/'), topic),
    };
    (!topic.is_empty()).then(|| (format!("{server}/"), topic.to_owned()))
}

fn body(topic: &str, message: &Message) -> Value {
    // ntfy's scale: 3 is usual, 5 rings through "do not disturb".
    let (priority, tag) = match message.severity() {
        Some(Severity::Critical) => (5, "rotating_light"),
        Some(Severity::Warning) => (4, "warning"),
        Some(Severity::Info) => (2, "information_source"),
        None => (3, "white_check_mark"),
    };
    let mut body = json!({
        "topic": topic,
        "title": message.title(),
        "message": super::chat::cut(message.text(usize::MAX).trim_end(), MOST_BYTES),
        "priority": priority,
        "tags": [tag, "authwatch"],
    });
    if let Some(url) = &message.page_url {
        body["click"] = json!(url);
        body["actions"] = json!([{ "action": "view", "label": "Open status page", "url": url }]);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_may_be_a_whole_address() {
        let place =
            |topic: &str| super::place(&NtfyConfig { topic: topic.to_owned(), ..NtfyConfig::default() });
        let pair = |server: &str, topic: &str| Some((server.to_owned(), topic.to_owned()));
        assert_eq!(place("alerts"), pair("https://ntfy.sh/", "alerts"));
        assert_eq!(place("https://ntfy.example/alerts/"), pair("https://ntfy.example/", "alerts"));
        assert_eq!(place(" "), None);
    }
}
