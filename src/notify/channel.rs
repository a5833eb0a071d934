//! Fourth step: a channel takes a message. Each kind of channel is a file.

use openclaw_auth::digest;
use serde::Serialize;

use super::message::Message;
use super::outcome::DeliveryOutcome;
use super::transport::Transport;
use super::{command, email, ntfy, webhook};
use crate::config::{
    AlertmanagerConfig, CommandConfig, EmailConfig, Filter, NotifyConfig, NtfyConfig, SecretSource,
    WebhookConfig,
};

/// A way to reach people.
#[derive(Clone, Debug)]
pub struct Channel {
    /// The user's name for it.
    pub name: String,
    /// What it is told of.
    pub filter: Filter,
    pub kind: ChannelKind,
}

/// The kinds of channel, with their settings.
#[derive(Clone, Debug, Serialize)]
pub enum ChannelKind {
    Email(EmailConfig),
    Ntfy(NtfyConfig),
    Webhook(WebhookConfig),
    /// Alertmanager: told what is so, not what has changed.
    Alertmanager(AlertmanagerConfig),
    Command(CommandConfig),
}

impl ChannelKind {
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

    /// The addresses whole: shown, they come without users and secrets.
    fn addresses(&self) -> Vec<&str> {
        match self {
            Self::Ntfy(config) => vec![&config.topic, &config.server],
            Self::Webhook(config) => config.url.as_deref().into_iter().collect(),
            Self::Alertmanager(config) => config.urls.iter().map(String::as_str).collect(),
            Self::Email(_) | Self::Command(_) => Vec::new(),
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
    let mut add = |name: &String, filter: Filter, kind: ChannelKind| {
        all.push(Channel { name: name.clone(), filter, kind });
    };
    config.email.iter().for_each(|(name, of)| add(name, of.filter(), ChannelKind::Email(of.clone())));
    config.ntfy.iter().for_each(|(name, of)| add(name, of.filter(), ChannelKind::Ntfy(of.clone())));
    config.webhook.iter().for_each(|(name, of)| add(name, of.filter(), ChannelKind::Webhook(of.clone())));
    config
        .alertmanager
        .iter()
        .for_each(|(name, of)| add(name, of.filter(), ChannelKind::Alertmanager(of.clone())));
    config.command.iter().for_each(|(name, of)| add(name, of.filter(), ChannelKind::Command(of.clone())));
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

impl Channel {
    /// A hash of everything that decides how it is reached: what was refused is tried again once that changes.
    #[must_use]
    pub fn configured(&self) -> String {
        let written: Vec<_> = self.kind.secrets().iter().map(SecretSource::written).collect();
        let settings = (&self.kind, self.kind.addresses(), written);
        digest::short(serde_json::to_vec(&settings).expect("settings are plain data"))
    }

    /// Hands a message over. Alertmanager is not sent messages.
    pub async fn send(&self, message: &Message, transport: &Transport) -> DeliveryOutcome {
        match &self.kind {
            ChannelKind::Email(config) => email::send(config, message, transport).await,
            ChannelKind::Ntfy(config) => ntfy::send(config, message, transport).await,
            ChannelKind::Webhook(config) => webhook::send(config, message, transport).await,
            ChannelKind::Command(config) => command::send(config, message).await,
            ChannelKind::Alertmanager(_) => DeliveryOutcome::Accepted(String::new()),
        }
    }
}
