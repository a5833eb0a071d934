//! `[refresh]`: which logins are renewed, and where.

use std::collections::BTreeMap;
use std::path::PathBuf;

use openclaw_auth::model::Span;
use openclaw_auth::provider::BodyFormat;
use serde::{Deserialize, Serialize};

use super::secrets::shown_endpoint;
use super::values::{window, window_text};

/// `[refresh]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefreshConfig {
    /// Whether logins are renewed at all.
    pub enabled: bool,
    /// What is different for single providers.
    pub providers: BTreeMap<String, ProviderConfig>,
}

impl Default for RefreshConfig {
    fn default() -> Self {
        Self { enabled: true, providers: BTreeMap::new() }
    }
}

/// `[refresh.providers.<id>]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderConfig {
    /// Whether this provider's logins are renewed.
    pub enabled: bool,
    /// Its token endpoint; https, or http to this machine.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown_endpoint")]
    pub token_url: Option<String>,
    /// Where the browser goes to sign in; https, or http to this machine.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown_endpoint")]
    pub authorize_url: Option<String>,
    /// Where it comes back to: an address of this machine that the provider knows.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown_endpoint")]
    pub redirect_url: Option<String>,
    /// What is asked for when signing in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The client id.
    pub client_id: Option<String>,
    /// A file that holds the client secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// How the request is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<BodyFormat>,
    /// The stored `expires` is so much earlier than the token's end.
    #[serde(
        deserialize_with = "window",
        serialize_with = "window_text",
        skip_serializing_if = "Option::is_none"
    )]
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
