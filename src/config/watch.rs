//! `[watch]`: the daemon, what it serves and to whom.

use std::path::PathBuf;

use openclaw_auth::model::Span;
use serde::{Deserialize, Serialize};

use super::values::{window, window_text};

/// `[watch]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct WatchConfig {
    /// Where the page and the metrics are served.
    pub listen: String,
    /// How often everything is looked at, changes on disk apart.
    #[serde(deserialize_with = "window", serialize_with = "window_text")]
    pub interval: Option<Span>,
    /// Whether strangers may be served without TLS or authentication.
    pub insecure_listen: bool,
    /// TLS and users, in the format of Prometheus's exporters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_config_file: Option<PathBuf>,
    /// A file with a token that visitors may show instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_token_file: Option<PathBuf>,
    /// Where probes are answered outside authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_listen: Option<String>,
    /// A file for `node_exporter`'s textfile collector.
    #[serde(skip_serializing_if = "Option::is_none")]
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
