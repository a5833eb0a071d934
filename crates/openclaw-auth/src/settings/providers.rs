//! `models.providers` and `secrets`: where the configuration itself gives a provider its key, and how references to
//! secrets are resolved. Of keys, only what they are is kept, never their text.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::pieces::{entries, filled, object, texts};
use super::substitute;
use crate::model::{Mistake, SecretReference};
use crate::{mistakes, provider, text};

/// One of `models.providers`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderSettings {
    /// Its id, as written but for white space around it.
    pub id: String,
    /// Its key.
    pub key: ProviderKey,
    /// How it signs in, where the configuration says so: `api-key`, `aws-sdk`, `oauth`, or `token`.
    pub auth: Option<String>,
    /// The protocol it speaks.
    pub api: Option<String>,
    /// Where it is.
    pub base_url: Option<String>,
    /// The ids of its models, as written.
    pub models: Vec<String>,
}

impl ProviderSettings {
    /// Whether it is one of the user's own on this machine or in its network. From 2026.9 on such a provider needs no key.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.api.is_some() && !self.models.is_empty() && self.has_local_address()
    }

    /// Whether a key is written here in clear that somebody could use elsewhere.
    #[must_use]
    pub fn keeps_key(&self) -> bool {
        matches!(self.key, ProviderKey::Text(_)) && !self.takes_any_key()
    }

    /// Whether most text does for a key: what runs on this machine or in its network does not look at it.
    #[must_use]
    pub fn takes_any_key(&self) -> bool {
        provider::takes_any_key(&self.id) || self.has_local_address()
    }

    /// Whether it is on this machine or in its network, where most take any text for a key.
    #[must_use]
    pub fn has_local_address(&self) -> bool {
        self.base_url.as_deref().is_some_and(is_local)
    }
}

/// The key of a provider in the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProviderKey {
    /// There is none.
    #[default]
    None,
    /// The key itself, or text in its place, with what is wrong with it.
    Text(Option<Mistake>),
    /// The name of a provider's variable, in the place of a key.
    Name(String),
    /// A word that stands for no secret, such as `ollama-local`.
    Marker(String),
    /// A reference to a secret kept elsewhere.
    Reference(SecretReference),
}

/// The words that stand in the place of a key and are no secret.
const MARKERS: &[&str] = &[
    "custom-local",
    "codex-app-server",
    "gcp-vertex-credentials",
    "ollama-local",
    "secretref-managed",
    "lmstudio-local",
    "minimax-oauth",
];

/// `models.providers`, in order.
pub(super) fn providers(section: Option<&Map<String, Value>>) -> Vec<ProviderSettings> {
    entries(section).map(|(id, entry)| settings_of(id, entry)).collect()
}

fn settings_of(id: &str, entry: &Value) -> ProviderSettings {
    let word = |key: &str| entry.get(key).and_then(filled).map(str::to_owned);
    let models = entry.get("models").and_then(Value::as_array);
    ProviderSettings {
        id: text::trim(id).to_owned(),
        key: entry.get("apiKey").map_or(ProviderKey::None, provider_key),
        auth: word("auth"),
        api: word("api"),
        base_url: word("baseUrl"),
        models: models
            .into_iter()
            .flatten()
            .filter_map(|model| filled(model.get("id")?).map(str::to_owned))
            .collect(),
    }
}

fn provider_key(value: &Value) -> ProviderKey {
    match value {
        Value::String(key) => {
            let key = text::trim(key);
            if let Some(name) = substitute::only_reference(key) {
                let reference =
                    SecretReference { source: "env".to_owned(), provider: None, id: name.to_owned() };
                return ProviderKey::Reference(reference);
            }
            if key.is_empty() {
                ProviderKey::None
            } else if MARKERS.contains(&key) {
                ProviderKey::Marker(key.to_owned())
            } else if provider::all().any(|known| known.variables.contains(&key)) {
                ProviderKey::Name(key.to_owned())
            } else {
                ProviderKey::Text(mistakes::in_variable(key))
            }
        }
        Value::Object(reference) => {
            let word = |key: &str| reference.get(key).and_then(filled).map(str::to_owned);
            match (word("source"), word("id")) {
                (Some(source), Some(id)) => {
                    ProviderKey::Reference(SecretReference { source, provider: word("provider"), id })
                }
                _ => ProviderKey::None,
            }
        }
        _ => ProviderKey::None,
    }
}

/// `secrets`: the providers of secrets by name, and which of them counts where a reference names none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretSettings {
    /// `secrets.providers`.
    pub providers: BTreeMap<String, SecretProvider>,
    /// `secrets.defaults`: the provider's name by source.
    pub defaults: BTreeMap<String, String>,
}

/// One of `secrets.providers`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretProvider {
    /// `env`, `file`, `exec`, or `store`.
    pub source: String,
    /// The only ids it resolves, where it is limited to some.
    pub allowed: Option<Vec<String>>,
}

impl SecretSettings {
    pub(super) fn of(section: Option<&Map<String, Value>>) -> Self {
        let part = |key: &str| section.and_then(|section| object(section, key));
        let providers = entries(part("providers")).filter_map(|(name, entry)| {
            let allowed = entry.get("allowlist").and_then(Value::as_array);
            let source = filled(entry.get("source")?)?.to_owned();
            Some((name.clone(), SecretProvider { source, allowed: allowed.map(|list| texts(list)) }))
        });
        let defaults = entries(part("defaults"))
            .filter_map(|(source, name)| Some((source.clone(), filled(name)?.to_owned())));
        Self { providers: providers.collect(), defaults: defaults.collect() }
    }

    /// Whether a reference to a variable may be resolved at all: its provider is one of variables, and allows this one.
    #[must_use]
    pub fn may_read_variable(&self, reference: &SecretReference) -> bool {
        let default = self.defaults.get("env").map_or("default", String::as_str);
        let name = reference.provider.as_deref().unwrap_or(default);
        match self.providers.get(name) {
            Some(provider) => {
                provider.source == "env"
                    && provider.allowed.as_ref().is_none_or(|allowed| allowed.contains(&reference.id))
            }
            None => name == default,
        }
    }
}

/// Whether an address is on this machine or in a private network.
fn is_local(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(host) => host.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let host = text::trim(host).to_lowercase();
    if matches!(host.as_str(), "localhost" | "docker.orb.internal" | "host.docker.internal")
        || host.rsplit_once('.').is_some_and(|(_, top)| top == "local")
    {
        return true;
    }
    match host.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(address)) => {
            address.is_loopback() || address.is_private() || address.is_unspecified()
        }
        Ok(std::net::IpAddr::V6(address)) => {
            address.is_loopback()
                || address.to_ipv4_mapped().is_some_and(|mapped| mapped.is_loopback())
                || address.is_unique_local()
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_local() {
        for url in
            ["http://127.0.0.1:9/v1", "http://10.0.0.2", "http://[::1]:8080/", "https://u:p@nas.local/"]
        {
            assert!(is_local(url), "{url}");
        }
        for url in ["https://api.example.org/v1", "http://8.8.8.8", "127.0.0.1", "http://"] {
            assert!(!is_local(url), "{url}");
        }
    }
}
