//! The channels, kind by kind. Each may be there several times, under names of the user's.

use openclaw_auth::words;
use std::collections::BTreeMap;
use std::path::PathBuf;

use openclaw_auth::model::Span;
use serde::{Deserialize, Serialize};

use super::super::secrets::{SecretSource, shown_address, shown_addresses, shown_url};
use super::super::values::{window, window_text};
use crate::model::Severity;

/// Channels of one kind by name: `[notify.email.NAME]`.
pub type ChannelConfig<C> = BTreeMap<String, C>;

/// What a channel is told of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// The least severe it is told of.
    pub min_severity: Severity,
    /// Only these agents; empty for all.
    pub agents: Vec<String>,
    /// Only these providers; empty for all.
    pub providers: Vec<String>,
}

impl Filter {
    /// Whether a channel is told of something so severe at an agent, which others (`also`) have from there, and a provider.
    ///
    /// What is about authwatch itself (no agent), or about all of an agent (no provider), concerns whoever hears of any of it.
    #[must_use]
    pub fn lets_pass(
        &self,
        severity: Severity,
        agent: &str,
        also: &[String],
        provider: Option<&String>,
    ) -> bool {
        let named = |agent: &str| self.agents.iter().any(|named| named == agent);
        let agents = self.agents.is_empty()
            || agent.is_empty()
            || named(agent)
            || also.iter().any(|agent| named(agent));
        let providers =
            self.providers.is_empty() || provider.is_none_or(|provider| self.providers.contains(provider));
        severity >= self.min_severity && agents && providers
    }
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

    /// What the channel is told of.
    #[must_use]
    pub fn filter(&self) -> Filter {
        match self {
            Self::Email(config) => config.filter(),
            Self::Ntfy(config) => config.filter(),
            Self::Webhook(config) => config.filter(),
            Self::Alertmanager(config) => config.filter(),
            Self::Command(config) => config.filter(),
        }
    }

    /// The addresses whole: shown, they come without users and secrets.
    #[must_use]
    pub fn addresses(&self) -> Vec<&str> {
        match self {
            Self::Ntfy(config) => vec![&config.topic, &config.server],
            Self::Webhook(config) => config.url.as_deref().into_iter().collect(),
            Self::Alertmanager(config) => config.urls.iter().map(String::as_str).collect(),
            Self::Email(_) | Self::Command(_) => Vec::new(),
        }
    }

    #[must_use]
    pub fn secrets(&self) -> Vec<SecretSource<'_>> {
        match self {
            Self::Email(config) => vec![config.password()],
            Self::Ntfy(config) => vec![config.token()],
            Self::Webhook(config) => vec![config.address(), config.secret(), config.token()],
            Self::Alertmanager(config) => vec![config.token()],
            Self::Command(_) => Vec::new(),
        }
    }
}

/// Declares a channel's settings, with the ones that every channel has.
macro_rules! channel {
    ($(#[$doc:meta])* pub struct $name:ident { $($(#[$field_doc:meta])* pub $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            /// The least severe this channel is told of.
            pub min_severity: Severity,
            /// Only these agents; empty for all.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub agents: Vec<String>,
            /// Only these providers; empty for all.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub providers: Vec<String>,
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $($field: $default,)*
                    min_severity: Severity::default(),
                    agents: Vec::new(),
                    providers: Vec::new(),
                }
            }
        }

        impl $name {
            fn filter(&self) -> Filter {
                Filter {
                    min_severity: self.min_severity,
                    agents: self.agents.clone(),
                    providers: self.providers.clone(),
                }
            }
        }
    };
}

channel! {
    /// `[notify.email.NAME]`
    pub struct EmailConfig {
        /// The mail server.
        pub host: String = "localhost".to_owned(),
        /// Its port; 465, 587 or 25, as `tls` has it, where unset.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub port: Option<u16> = None,
        /// How the connection is protected.
        pub tls: SmtpTls = SmtpTls::default(),
        /// The name to sign in with.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub username: Option<String> = None,
        /// A file that holds the password.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub password_file: Option<PathBuf> = None,
        /// A variable that holds the password.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub password_env: Option<String> = None,
        /// The sender.
        pub from: String = String::new(),
        /// The recipients.
        pub to: Vec<String> = Vec::new(),
    }
}

impl EmailConfig {
    #[must_use]
    pub fn password(&self) -> SecretSource<'_> {
        let file = self.password_file.as_deref();
        SecretSource::new("notify.email", "password", file, self.password_env.as_deref())
    }
}

words! {
    /// `tls` of a mail server.
    #[derive(Default)]
    pub enum SmtpTls {
        /// From the first byte (port 465).
        Implicit = "implicit",
        /// After asking for it; what does not have it is refused (port 587).
        #[default]
        Starttls = "starttls",
        /// None at all; only to this machine (port 25).
        None = "none",
    }
}

channel! {
    /// `[notify.ntfy.NAME]`
    pub struct NtfyConfig {
        /// The topic; or its whole address.
        #[serde(serialize_with = "shown_address")]
        pub topic: String = String::new(),
        #[serde(serialize_with = "shown_address")]
        /// The server.
        pub server: String = "https://ntfy.sh".to_owned(),
        /// A file that holds the access token.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub token_file: Option<PathBuf> = None,
        /// A variable that holds the access token.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub token_env: Option<String> = None,
    }
}

impl NtfyConfig {
    #[must_use]
    pub fn token(&self) -> SecretSource<'_> {
        SecretSource::new("notify.ntfy", "token", self.token_file.as_deref(), self.token_env.as_deref())
    }
}

channel! {
    /// `[notify.webhook.NAME]`
    pub struct WebhookConfig {
        /// The address. Where it holds a secret, as most do, better in a file.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown_url")]
        pub url: Option<String> = None,
        /// A file that holds the address.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub url_file: Option<PathBuf> = None,
        /// A variable that holds the address.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub url_env: Option<String> = None,
        /// The form of the body.
        pub preset: WebhookPreset = WebhookPreset::default(),
        /// A file that holds the key the body is signed with.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub secret_file: Option<PathBuf> = None,
        /// A variable that holds it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub secret_env: Option<String> = None,
        /// A file that holds a token: a bearer token, or Gotify's application token.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub token_file: Option<PathBuf> = None,
        /// A variable that holds it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub token_env: Option<String> = None,
        /// Telegram: the chat to write to.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub chat_id: Option<String> = None,
    }
}

impl WebhookConfig {
    #[must_use]
    pub fn address(&self) -> SecretSource<'_> {
        SecretSource::new("notify.webhook", "url", self.url_file.as_deref(), self.url_env.as_deref())
            .or_inline(self.url.as_deref())
    }

    /// Where the signing key is.
    #[must_use]
    pub fn secret(&self) -> SecretSource<'_> {
        SecretSource::new("notify.webhook", "secret", self.secret_file.as_deref(), self.secret_env.as_deref())
    }

    #[must_use]
    pub fn token(&self) -> SecretSource<'_> {
        SecretSource::new("notify.webhook", "token", self.token_file.as_deref(), self.token_env.as_deref())
    }
}

words! {
    /// `preset` of a webhook.
    #[derive(Default)]
    pub enum WebhookPreset {
        #[default]
        Json = "json",
        /// An incoming webhook of Slack.
        Slack = "slack",
        /// A webhook of a Discord channel.
        Discord = "discord",
        /// A bot of Telegram: `https://api.telegram.org/bot<token>/sendMessage`.
        Telegram = "telegram",
        /// Gotify: `https://host/message`.
        Gotify = "gotify",
        /// An incoming webhook of Mattermost.
        Mattermost = "mattermost",
    }
}

channel! {
    /// `[notify.alertmanager.NAME]`
    pub struct AlertmanagerConfig {
        /// The addresses of all members of the cluster.
        #[serde(serialize_with = "shown_addresses")]
        pub urls: Vec<String> = Vec::new(),
        /// An alert that is not sent again ends after this.
        #[serde(deserialize_with = "window", serialize_with = "window_text")]
        pub hold: Option<Span> = Some(Span::from_hours(1.0)),
        /// A file that holds a bearer token.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub token_file: Option<PathBuf> = None,
        /// A variable that holds a bearer token.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub token_env: Option<String> = None,
    }
}

impl AlertmanagerConfig {
    /// No alert is held for less: it is sent again at a quarter of this, and a pass takes its time, too.
    pub const SHORTEST_HOLD: Span = Span::from_mins(1.0);

    /// How long an alert holds.
    #[must_use]
    pub fn hold(&self) -> Span {
        let hold = self.hold.unwrap_or(Span::from_hours(1.0));
        if hold < Self::SHORTEST_HOLD { Self::SHORTEST_HOLD } else { hold }
    }

    #[must_use]
    pub fn token(&self) -> SecretSource<'_> {
        let file = self.token_file.as_deref();
        SecretSource::new("notify.alertmanager", "token", file, self.token_env.as_deref())
    }
}

channel! {
    /// `[notify.command.NAME]`
    pub struct CommandConfig {
        /// Program and arguments; no shell.
        pub run: Vec<String> = Vec::new(),
        /// It is ended after this, with whatever it has started.
        #[serde(deserialize_with = "window", serialize_with = "window_text")]
        pub timeout: Option<Span> = Some(Span::from_secs(30.0)),
    }
}
