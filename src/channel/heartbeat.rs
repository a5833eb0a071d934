//! The heartbeat: pings an outside service (a dead man's switch) that raises an alarm when the pings stop.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use openclaw_auth::words;
use serde::{Deserialize, Serialize};

use super::transport::{DeliveryOutcome, FailureReason, Transport, secret};
use crate::settings::{SecretSource, shown_url};
use crate::texts::text;

/// A ping delays nothing for longer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// `[notify.heartbeat]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeartbeatConfig {
    /// The address to ping, as the service gives it; `/start`, or an exit code, is appended.
    #[serde(serialize_with = "shown_url")]
    pub url: Option<String>,
    /// A file that holds the address.
    pub url_file: Option<PathBuf>,
    /// A variable that holds the address.
    pub url_env: Option<String>,
    /// What counts as a failure: a check that does not succeed ("pass"), or also logins that are not OK ("check").
    pub report: HeartbeatReport,
}

words! {
    #[derive(Default)]
    pub enum HeartbeatReport in "snake_case" {
        /// Whether authwatch works.
        #[default]
        Pass,
        /// What `status --check` would exit with.
        Check,
    }
}

/// What a ping reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeartbeatSignal {
    Start,
    /// The exit code of a check; 0 is success.
    End(u8),
}

impl HeartbeatConfig {
    #[must_use]
    pub fn source(&self) -> SecretSource<'_> {
        SecretSource::new("notify.heartbeat", "url", self.url_file.as_deref(), self.url_env.as_deref())
            .or_inline(self.url.as_deref())
    }

    pub async fn send(&self, signal: HeartbeatSignal, transport: &Transport) -> DeliveryOutcome {
        match tokio::time::timeout(TIMEOUT, self.attempt(signal, transport)).await {
            Ok(Ok(outcome) | Err(outcome)) => outcome,
            Err(_) => DeliveryOutcome::later(FailureReason::Timeout, text("delivery-timeout", &[])),
        }
    }

    async fn attempt(
        &self,
        signal: HeartbeatSignal,
        transport: &Transport,
    ) -> Result<DeliveryOutcome, DeliveryOutcome> {
        let url = secret(&self.source())?.ok_or_else(|| DeliveryOutcome::misconfigured("delivery-no-url"))?;
        match Request::get(address(url.expose(), signal)).body(Full::new(Bytes::new())) {
            Ok(request) if request.uri().host().is_some() => Ok(transport.send(request, &[Some(&url)]).await),
            _ => Err(DeliveryOutcome::misconfigured("delivery-invalid-url")),
        }
    }
}

/// The address with the signal appended to its path.
fn address(url: &str, signal: HeartbeatSignal) -> String {
    let query = url.find('?').unwrap_or(url.len());
    let (path, query) = url.split_at(query);
    let path = path.trim_end_matches('/');
    match signal {
        HeartbeatSignal::Start => format!("{path}/start{query}"),
        HeartbeatSignal::End(0) => format!("{path}{query}"),
        HeartbeatSignal::End(code) => format!("{path}/{code}{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signal_is_put_before_the_query() {
        assert_eq!(
            address("https://hc.example/uuid/", HeartbeatSignal::Start),
            "https://hc.example/uuid/start"
        );
        assert_eq!(address("https://hc.example/uuid", HeartbeatSignal::End(0)), "https://hc.example/uuid");
        let with_query = "https://hc.example/key/slug?create=1";
        assert_eq!(address(with_query, HeartbeatSignal::End(0)), with_query);
        assert_eq!(address(with_query, HeartbeatSignal::End(2)), "https://hc.example/key/slug/2?create=1");
    }
}
