//! Asks a token endpoint for the time. Nothing but `GET /` is sent, and only with `--online`.

use bytes::Bytes;
use hyper::{Method, Uri};
use openclaw_auth::model::Span;

use crate::clock;
use crate::config::Config;
use crate::http::HttpClient;
use crate::refresh::endpoint::{self, EndpointLocation};

#[derive(Clone, Debug, PartialEq)]
pub enum ServerTime {
    Known {
        host: String,
        /// How far this machine's clock is ahead.
        ahead: Span,
    },
    /// None of the endpoints that are in use answers.
    Unreachable { host: String, problem: String },
}

/// Asks the token endpoints of these providers until one answers. `None` if none has an endpoint.
pub async fn ask(providers: &[&str], config: &Config) -> Option<ServerTime> {
    let mut urls: Vec<Uri> = providers.iter().filter_map(|provider| root(provider, config)).collect();
    urls.dedup();
    let mut last = None;
    for url in urls {
        let host = url.host().unwrap_or_default().to_owned();
        let asked = clock::now();
        let answer = match HttpClient::new(config.network.ca_file.as_deref()) {
            Ok(client) => client
                .send(Method::GET, &url, "application/json", Bytes::new())
                .await
                .map_err(|no_answer| no_answer.to_string()),
            Err(error) => Err(error.to_string()),
        };
        last = match answer.map(|answer| answer.date) {
            // The date is of whole seconds, and of a moment between question and answer.
            Ok(Some(date)) => {
                let between = asked + (clock::now() - asked) / 2.0 - Span::from_millis(500.0);
                return Some(ServerTime::Known { host, ahead: between - date });
            }
            Ok(None) => Some(ServerTime::Unreachable { host, problem: "its answer has no date".to_owned() }),
            Err(problem) => Some(ServerTime::Unreachable { host, problem }),
        };
    }
    last
}

/// The root of a token endpoint's host, where a request uses up nothing.
fn root(provider: &str, config: &Config) -> Option<Uri> {
    let resolved = endpoint::resolve(provider, &config.refresh, |_| None, |_| Some("-".to_owned()));
    let url = match resolved.ok()?.location {
        EndpointLocation::Url(url) | EndpointLocation::Discover { document: url, .. } => url,
    };
    let (scheme, authority) = (url.scheme()?.clone(), url.authority()?.clone());
    Uri::builder().scheme(scheme).authority(authority).path_and_query("/").build().ok()
}
