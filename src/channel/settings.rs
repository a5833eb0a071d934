//! What all kinds of channel share: the settings that every channel has, and what its own settings answer.

use std::collections::BTreeMap;

use super::message::RenderedMessage;
use super::transport::{DeliveryOutcome, Transport};
use crate::model::Severity;
use crate::settings::{SecretSource, without_user};
use crate::texts::text;

/// Channels of one kind by name: `[notify.email.NAME]`.
pub type Channels<C> = BTreeMap<String, C>;

/// What people are notified of through a channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub min_severity: Severity,
    /// Only these agents; empty for all.
    pub agents: Vec<String>,
    /// Only these providers; empty for all.
    pub providers: Vec<String>,
}

impl Filter {
    /// Whether a problem at an agent is for this channel. `also` are the agents that use the same login.
    ///
    /// A problem of authwatch itself (no agent), or of a whole agent (no provider), is for every channel that covers any of it.
    #[must_use]
    pub fn matches(
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

/// What the settings of every kind of channel answer.
pub(super) trait ChannelSettings {
    /// The addresses, unredacted.
    fn addresses(&self) -> Vec<&str> {
        Vec::new()
    }

    fn secrets(&self) -> Vec<SecretSource<'_>> {
        Vec::new()
    }

    /// What is legal but does not work, or is unwise: the setting, and what is wrong with it.
    fn problems(&self) -> Vec<(&'static str, String)>;

    /// Sends a message. An error is the outcome just as well: it only ended the attempt earlier.
    async fn send(
        &self,
        message: &RenderedMessage,
        transport: &Transport,
    ) -> Result<DeliveryOutcome, DeliveryOutcome>;
}

/// Declares the settings of a kind of channel, together with those that every channel has.
macro_rules! channel_settings {
    ($(#[$doc:meta])* pub struct $name:ident { $($(#[$field_doc:meta])* pub $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            /// The lowest severity that is sent through this channel.
            pub min_severity: crate::model::Severity,
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
                    min_severity: crate::model::Severity::default(),
                    agents: Vec::new(),
                    providers: Vec::new(),
                }
            }
        }

        impl $name {
            pub(super) fn filter(&self) -> crate::channel::settings::Filter {
                crate::channel::settings::Filter {
                    min_severity: self.min_severity,
                    agents: self.agents.clone(),
                    providers: self.providers.clone(),
                }
            }
        }
    };
}
pub(super) use channel_settings;

/// Whether a host is this machine by its name alone.
pub(super) fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    is_loopback || host.eq_ignore_ascii_case("localhost")
}

/// A user and a password in an address, which are not used.
pub(super) fn user_in_url(setting: &'static str, url: &str) -> Option<(&'static str, String)> {
    (without_user(url) != url).then(|| (setting, text("setting-user-in-url", &[])))
}

/// A token that would be sent without TLS.
pub(super) fn unprotected_token(setting: &'static str, url: &str) -> Option<(&'static str, String)> {
    leaves_unprotected(url).then(|| (setting, text("setting-token-unprotected", &[])))
}

/// Whether a request leaves this machine without TLS.
fn leaves_unprotected(url: &str) -> bool {
    url.strip_prefix("http://").is_some_and(|rest| {
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        let host = host
            .rsplit_once(':')
            .filter(|(_, port)| port.parse::<u16>().is_ok())
            .map_or(host, |(host, _)| host);
        !is_this_machine(host)
    })
}
