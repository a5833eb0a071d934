//! The ways to reach people. Each kind of channel is one file with its settings, how they are checked, and how it sends.
//!
//! A channel gets a [`message::RenderedMessage`] and knows nothing of logins. A new kind of channel is a file and two lines here:
//! its `mod`, and its row in `with_channel_kinds`.

use openclaw_auth::digest;
use serde::Serialize;

pub mod alertmanager;
pub mod command;
pub mod email;
pub mod heartbeat;
mod markup;
pub mod message;
pub mod ntfy;
pub mod settings;
pub mod transport;
pub mod webhook;

use self::message::RenderedMessage;
use self::settings::{ChannelSettings, Filter};
use self::transport::{DeliveryOutcome, Transport};
use crate::settings::{SecretSource, SettingProblem};

/// Passes every kind of channel to a macro: its table in `[notify]`, its name in code, and the path of its settings.
macro_rules! with_channel_kinds {
    ($macro:ident! { $($arguments:tt)* }) => {
        $macro! {
            [
                email Email crate::channel::email::EmailConfig,
                ntfy Ntfy crate::channel::ntfy::NtfyConfig,
                webhook Webhook crate::channel::webhook::WebhookConfig,
                alertmanager Alertmanager crate::channel::alertmanager::AlertmanagerConfig,
                command Command crate::channel::command::CommandConfig,
            ]
            $($arguments)*
        }
    };
}
pub(crate) use with_channel_kinds;

macro_rules! channel_kind {
    ([$($table:ident $kind:ident $settings:path,)*]) => {
        /// The settings of a channel of any kind.
        #[derive(Clone, Debug, Serialize)]
        pub enum ChannelKind {
            $($kind($settings)),*
        }

        impl ChannelKind {
            /// The name of its table in `[notify]`.
            #[must_use]
            pub fn as_str(&self) -> &'static str {
                match self { $(Self::$kind(_) => stringify!($table)),* }
            }

            fn filter(&self) -> Filter {
                match self { $(Self::$kind(settings) => settings.filter()),* }
            }

            fn addresses(&self) -> Vec<&str> {
                match self { $(Self::$kind(settings) => settings.addresses()),* }
            }

            fn secrets(&self) -> Vec<SecretSource<'_>> {
                match self { $(Self::$kind(settings) => settings.secrets()),* }
            }

            fn problems(&self) -> Vec<(&'static str, String)> {
                match self { $(Self::$kind(settings) => settings.problems()),* }
            }

            async fn send(
                &self,
                message: &RenderedMessage,
                transport: &Transport,
            ) -> Result<DeliveryOutcome, DeliveryOutcome> {
                match self { $(Self::$kind(settings) => settings.send(message, transport).await),* }
            }
        }
    };
}
with_channel_kinds!(channel_kind! {});

/// A configured channel.
#[derive(Clone, Debug)]
pub struct Channel {
    /// The user's name for it, unique among all kinds.
    pub name: String,
    pub filter: Filter,
    pub kind: ChannelKind,
}

impl Channel {
    #[must_use]
    pub fn new(name: &str, kind: ChannelKind) -> Self {
        Self { name: name.to_owned(), filter: kind.filter(), kind }
    }

    /// A hash of everything that decides how it is reached: what was refused is tried again when that changes.
    #[must_use]
    pub fn configuration_hash(&self) -> String {
        let written: Vec<_> = self.kind.secrets().iter().map(SecretSource::written).collect();
        // Serialized settings are redacted, so the addresses are added.
        let settings = (&self.kind, self.kind.addresses(), written);
        digest::short(serde_json::to_vec(&settings).expect("settings are plain data"))
    }

    /// Its secrets, each with the setting that names it, such as `notify.email.ops.password`.
    #[must_use]
    pub fn secrets(&self) -> Vec<(String, SecretSource<'_>)> {
        self.kind.secrets().into_iter().map(|secret| (self.setting(secret.name()), secret)).collect()
    }

    /// What is legal in its settings, but does not work or is unwise.
    #[must_use]
    pub fn problems(&self) -> Vec<SettingProblem> {
        let problem = |(name, problem): (&str, String)| SettingProblem::new(self.setting(name), problem);
        self.kind.problems().into_iter().map(problem).collect()
    }

    fn setting(&self, name: &str) -> String {
        format!("notify.{}.{}.{name}", self.kind.as_str(), self.name)
    }

    pub async fn send(&self, message: &RenderedMessage, transport: &Transport) -> DeliveryOutcome {
        match self.kind.send(message, transport).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}
