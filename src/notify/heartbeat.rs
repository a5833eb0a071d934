//! A dead man's switch: an outside service that speaks up when it has not heard of authwatch for too long.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;

use super::outcome::{DeliveryOutcome, FailureReason};
use super::transport::{Transport, secret};
use crate::config::HeartbeatConfig;

/// A heartbeat holds nothing up for longer.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeartbeatSignal {
    Start,
    /// A pass has ended well, or with an exit code; 0 is well, too.
    End(u8),
}

pub(super) async fn send(
    config: &HeartbeatConfig,
    signal: HeartbeatSignal,
    transport: &Transport,
) -> DeliveryOutcome {
    tokio::time::timeout(TIMEOUT, attempt(config, signal, transport))
        .await
        .unwrap_or_else(|_| DeliveryOutcome::later(FailureReason::Timeout, "there was no answer in time"))
}

async fn attempt(
    config: &HeartbeatConfig,
    signal: HeartbeatSignal,
    transport: &Transport,
) -> DeliveryOutcome {
    let url = match secret(&config.source()) {
        Ok(Some(url)) => url,
        Ok(None) => return DeliveryOutcome::refused(FailureReason::Configuration, "it has no url"),
        Err(outcome) => return outcome,
    };
    let request = Request::get(address(url.expose(), signal)).body(Full::new(Bytes::new()));
    match request {
        Ok(request) if request.uri().host().is_some() => transport.post(request, &[&url]).await,
        _ => DeliveryOutcome::refused(FailureReason::Configuration, "its address is none"),
    }
}

/// The check's address with what is reported behind its path.
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
    fn what_is_reported_stands_before_the_query() {
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
