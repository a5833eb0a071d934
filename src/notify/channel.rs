//! Fourth step: a channel takes a message. Each kind of channel is a file.

use super::message::Message;
use super::outcome::Outcome;
use super::transport::Wires;
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
