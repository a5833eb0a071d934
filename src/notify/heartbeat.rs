//! A dead man's switch: an outside service that speaks up when it has not heard of authwatch for too long.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;

use super::channel::{Wires, secret};
use super::outcome::{FailureReason, Outcome};
use crate::config::HeartbeatConfig;

/// A heartbeat holds nothing up for longer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// A pass begins.
    Start,
    /// A pass has ended well, or with an exit code; 0 is well, too.
    End(u8),
}

/// Reports.
pub(super) async fn send(config: &HeartbeatConfig, beat: Beat, wires: &Wires) -> Outcome {
    tokio::time::timeout(TIMEOUT, attempt(config, beat, wires))
        .await
        .unwrap_or_else(|_| Outcome::later(FailureReason::Timeout, "there was no answer in time"))
}

async fn attempt(config: &HeartbeatConfig, beat: Beat, wires: &Wires) -> Outcome {
    let url = match secret(&config.source()) {
        Ok(Some(url)) => url,
        Ok(None) => return Outcome::refused(FailureReason::Configuration, "it has no url"),
        Err(outcome) => return outcome,
    };
    let base = url.expose().trim_end_matches('/');
    let address = match beat {
        Beat::Start => format!("{base}/start"),
        Beat::End(0) => base.to_owned(),
        Beat::End(code) => format!("{base}/{code}"),
    };
    let request = Request::get(address).body(Full::new(Bytes::new()));
    match request {
        Ok(request) if request.uri().host().is_some() => wires.post(request, &[&url]).await,
        _ => Outcome::refused(FailureReason::Configuration, "its address is none"),
    }
}
