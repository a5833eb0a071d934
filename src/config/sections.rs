//! The sections of the configuration that are short: what is reported, renewed, and served, and how the network is reached.

use std::collections::BTreeMap;
use std::path::PathBuf;

use openclaw_auth::model::{Semantics, Span};
use openclaw_auth::provider::BodyFormat;
use openclaw_auth::words;
use serde::{Deserialize, Serialize};

use crate::model::Scope;
use crate::settings::{duration, shown_endpoint};

/// `[status]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatusConfig {
    /// The release whose rules apply.
    pub semantics: Semantics,
    /// What counts towards the exit code; the release's own rule where unset.
    pub scope: Option<Scope>,
    /// The warning window; the release's own where unset.
    #[serde(with = "duration")]
    pub warn: Option<Span>,
}

impl StatusConfig {
    /// Whether exit codes follow these settings, rather than OpenClaw's own command.
    #[must_use]
    pub fn own_rules(&self) -> bool {
        self.semantics != Semantics::default() || self.scope.is_some()
    }
}

/// `[refresh]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefreshConfig {
    /// Whether logins are renewed at all.
    pub enabled: bool,
    /// Whether logins in databases are renewed, too.
    pub databases: DatabaseMode,
    /// What is different for single providers.
    pub providers: BTreeMap<String, ProviderConfig>,
}

impl Default for RefreshConfig {
    fn default() -> Self {
        Self { enabled: true, databases: DatabaseMode::Auto, providers: BTreeMap::new() }
    }
}

words! {
    /// Whether logins in databases are renewed.
    #[derive(Default)]
    pub enum DatabaseMode in "snake_case" {
        /// Where it has been tried with the release in use.
        #[default]
        Auto,
        /// Never.
        Off,
    }
}

/// `[refresh.providers.<id>]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderConfig {
    /// Whether this provider's logins are renewed.
    pub enabled: bool,
    /// Its token endpoint; https, or http to this machine.
    #[serde(serialize_with = "shown_endpoint")]
    pub token_url: Option<String>,
    /// Where the browser goes to sign in; https, or http to this machine.
    #[serde(serialize_with = "shown_endpoint")]
    pub authorize_url: Option<String>,
    /// Where the browser returns to: an address of this machine that the provider knows.
    #[serde(serialize_with = "shown_endpoint")]
    pub redirect_url: Option<String>,
    /// The scopes that are requested at sign-in.
    pub scope: Option<String>,
    /// The client ID.
    pub client_id: Option<String>,
    /// A file that holds the client secret.
    pub client_secret_file: Option<PathBuf>,
    /// How the request is written.
    pub body: Option<BodyFormat>,
    /// Safety margin subtracted from `expires_in`.
    #[serde(with = "duration")]
    pub margin: Option<Span>,
}

impl Default for ProviderConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            token_url: None,
            authorize_url: None,
            redirect_url: None,
            scope: None,
            client_id: None,
            client_secret_file: None,
            body: None,
            margin: None,
        }
    }
}

/// `[watch]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct WatchConfig {
    /// Where the page and the metrics are served.
    pub listen: String,
    /// How often everything is checked, apart from changes on disk.
    #[serde(with = "duration")]
    pub interval: Option<Span>,
    /// Whether a public address may be served without TLS or authentication.
    pub insecure_listen: bool,
    /// TLS and users, in the format of Prometheus's exporters.
    pub web_config_file: Option<PathBuf>,
    /// A file with a bearer token that visitors may present instead.
    pub bearer_token_file: Option<PathBuf>,
    /// Where probes are answered without authentication.
    pub health_listen: Option<String>,
    /// A file for `node_exporter`'s textfile collector.
    pub textfile: Option<PathBuf>,
}

impl Default for WatchConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:10979".to_owned(),
            interval: Some(Span::from_mins(1.0)),
            insecure_listen: false,
            web_config_file: None,
            bearer_token_file: None,
            health_listen: None,
            textfile: None,
        }
    }
}

/// `[metrics]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// Whether profiles are named by a hash in labels.
    pub hash_profiles: bool,
}

/// `[network]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// Certificates (PEM) that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
}
