//! Asking a token endpoint what time it is. Nothing is sent but the question, and only where `--online` says so.

use bytes::Bytes;
use hyper::{Method, Uri};
use openclaw_auth::discover;
use openclaw_auth::load::{self, Buffers};
use openclaw_auth::model::{CredentialKind, Span};

use super::installation::Installation;
use crate::clock;
use crate::http::HttpClient;
use crate::refresh::endpoint::{self, EndpointLocation};

#[derive(Clone, Debug, PartialEq)]
pub enum ServerTime {
    Told {
        host: String,
        /// How far this machine's clock is ahead.
        ahead: Span,
    },
    /// None of the endpoints that are in use answers.
    Unreachable {
        host: String,
        /// Why there is no answer.
        problem: String,
    },
}

/// Asks the endpoints of the providers somebody is signed in to, until one answers. `None` where there is nobody to ask.
pub async fn ask(installation: &Installation) -> Option<ServerTime> {
    let mut last = None;
    for url in endpoints(installation) {
        let host = url.host().unwrap_or_default().to_owned();
        let asked = clock::now();
        let answer = match HttpClient::new(installation.own.config.network.ca_file.as_deref()) {
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
                return Some(ServerTime::Told { host, ahead: between - date });
            }
            Ok(None) => Some(ServerTime::Unreachable { host, problem: "its answer has no date".to_owned() }),
            Err(problem) => Some(ServerTime::Unreachable { host, problem }),
        };
    }
    last
}

/// The front doors of the token endpoints: their hosts' roots, where a question spends nothing.
fn endpoints(installation: &Installation) -> Vec<Uri> {
    let semantics = installation.own.config.status.semantics;
    let discovery = discover::discover(&installation.roots, []);
    let mut providers: Vec<String> = Vec::new();
    let mut buffers = Buffers::default();
    for agent in &discovery.agents {
        let Some(loaded) = load::load(agent, &installation.roots, semantics, &mut buffers) else { continue };
        for profile in &loaded.document.profiles {
            let provider = profile.credential.provider.to_string();
            if profile.credential.kind == CredentialKind::OAuth && !providers.contains(&provider) {
                providers.push(provider);
            }
        }
    }
    let root = |provider: String| {
        let resolved = endpoint::resolve(
            &provider,
            &installation.own.config.refresh,
            |_| None,
            |_| Some("-".to_owned()),
        );
        let url = match resolved.ok()?.location {
            EndpointLocation::Url(url) | EndpointLocation::Discover { document: url, .. } => url,
        };
        let (scheme, authority) = (url.scheme()?.clone(), url.authority()?.clone());
        Uri::builder().scheme(scheme).authority(authority).path_and_query("/").build().ok()
    };
    let mut urls: Vec<Uri> = providers.into_iter().filter_map(root).collect();
    urls.dedup();
    urls
}
