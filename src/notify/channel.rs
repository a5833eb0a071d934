//! Fourth step: a channel takes a message. Each kind of channel is a file.

use openclaw_auth::digest;

use super::message::Message;
use super::outcome::DeliveryOutcome;
use super::transport::Transport;
use super::{command, email, ntfy, webhook};
use crate::config::{ChannelKind, Filter, NotifyConfig, SecretSource};

/// A way to reach people.
#[derive(Clone, Debug)]
pub struct Channel {
    /// The user's name for it.
    pub name: String,
    /// What it is told of.
    pub filter: Filter,
    pub kind: ChannelKind,
}

/// All channels of a configuration, by name.
#[must_use]
pub fn channels(config: &NotifyConfig) -> Vec<Channel> {
    let channel =
        |(name, kind): (&str, ChannelKind)| Channel { name: name.to_owned(), filter: kind.filter(), kind };
    let mut all: Vec<Channel> = config.channels().into_iter().map(channel).collect();
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
