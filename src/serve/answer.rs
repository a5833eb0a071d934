//! What the last pass published, and the answer to a request from it.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use openclaw_auth::digest;
use openclaw_auth::model::Timestamp;
use tokio::sync::watch;

use super::access::{Access, AccessDecision};
use super::page::{self, PageInput, PageView};
use crate::clock;
use crate::model::{ChannelHealth, Event, Snapshot};
use crate::publish::metrics::Exposition;

/// Everything comes from this server, and no other page may frame it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

type PageResponse = Response<Full<Bytes>>;

/// What the last pass published.
#[derive(Debug, Default)]
pub struct Published {
    /// `None` before the first pass.
    pub snapshot: Option<Arc<Snapshot>>,
    pub exposition: Exposition,
    /// Recent events, newest last.
    pub events: Vec<Event>,
    pub channels: Vec<ChannelHealth>,
    pub host: String,
    /// Whether logins are renewed.
    pub refreshing: bool,
    /// Until when the snapshot is fresh.
    pub fresh_until: Option<Timestamp>,
    /// The snapshot as JSON, once it was requested.
    pub json: OnceLock<Bytes>,
}

impl Published {
    /// The snapshot as JSON, made when it is first requested; `None` before the first pass.
    fn json(&self) -> Option<Bytes> {
        let snapshot = self.snapshot.as_deref()?;
        let make = || serde_json::to_vec(snapshot).expect("a snapshot is plain data").into();
        Some(self.json.get_or_init(make).clone())
    }
}

pub type Board = watch::Receiver<Arc<Published>>;

/// Which paths a listener answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paths {
    All,
    /// The probes alone, outside authentication.
    Probes,
}

/// Who may ask a listener, and for what.
pub(super) struct Admission {
    pub(super) access: Arc<Access>,
    pub(super) paths: Paths,
    /// The listener's own address.
    pub(super) local: Option<SocketAddr>,
}

pub(super) async fn answer(
    request: &Request<Incoming>,
    published: &Published,
    admission: &Admission,
) -> PageResponse {
    let mut answer = route(request, published, admission).await;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}

async fn route(request: &Request<Incoming>, published: &Published, admission: &Admission) -> PageResponse {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered\n");
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    if !names_this_host(request, admission.local) {
        return plain(StatusCode::MISDIRECTED_REQUEST, "unknown host name\n");
    }
    let path = request.uri().path();
    if admission.paths == Paths::Probes {
        return probe(path, published).unwrap_or_else(not_found);
    }
    match admission.access.check(request.headers()).await {
        AccessDecision::Allowed => {}
        AccessDecision::Refused(challenge) => {
            let mut answer = plain(StatusCode::UNAUTHORIZED, "authentication required\n");
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            return answer;
        }
    }
    let view = PageView::parse(request.uri().query().unwrap_or_default());
    match path {
        "/" => html(page::document(&input(published, &view))),
        "/fragment" => fragment(request, page::content(&input(published, &view))),
        "/style.css" => with_type("text/css; charset=utf-8", Bytes::from_static(page::STYLE.as_bytes())),
        "/script.js" => {
            with_type("text/javascript; charset=utf-8", Bytes::from_static(page::SCRIPT.as_bytes()))
        }
        "/metrics" => metrics(request, published),
        "/api/v1/status" => match published.json() {
            Some(json) => with_type("application/json", json),
            None => plain(StatusCode::SERVICE_UNAVAILABLE, "the first check is running\n"),
        },
        _ => probe(path, published).unwrap_or_else(not_found),
    }
}

/// Prevents DNS rebinding: another site must not read this page by pointing its own name here. On loopback only loopback
/// names are accepted; elsewhere the operator decides on names.
fn names_this_host(request: &Request<Incoming>, local: Option<SocketAddr>) -> bool {
    if !local.is_some_and(|local| local.ip().is_loopback()) {
        return true;
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.or_else(|| request.uri().host()) else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn probe(path: &str, published: &Published) -> Option<PageResponse> {
    match path {
        "/healthz" => Some(plain(StatusCode::OK, "ok\n")),
        "/readyz" if published.fresh_until.is_some_and(|until| clock::now() < until) => {
            Some(plain(StatusCode::OK, "ready\n"))
        }
        "/readyz" => Some(plain(StatusCode::SERVICE_UNAVAILABLE, "no recent check of the stores\n")),
        _ => None,
    }
}

fn input<'p>(published: &'p Published, view: &'p PageView) -> PageInput<'p> {
    PageInput {
        snapshot: published.snapshot.as_deref(),
        events: &published.events,
        channels: &published.channels,
        version: env!("CARGO_PKG_VERSION"),
        host: &published.host,
        refreshing_enabled: published.refreshing,
        view,
    }
}

fn metrics(request: &Request<Incoming>, published: &Published) -> PageResponse {
    let accepts = |name: header::HeaderName, word: &str| {
        let values = request.headers().get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|choice| is_choice(choice, word))
    };
    let exposition = &published.exposition;
    let is_open_metrics = accepts(header::ACCEPT, "application/openmetrics-text");
    let gzip = accepts(header::ACCEPT_ENCODING, "gzip");
    let body = match (is_open_metrics, gzip) {
        (true, true) => exposition.open_metrics_gzip(),
        (true, false) => exposition.open_metrics(),
        (false, true) => exposition.text_gzip(),
        (false, false) => exposition.text(),
    };
    let kind = if is_open_metrics {
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    } else {
        "text/plain; version=0.0.4; charset=utf-8"
    };
    let mut answer = with_type(kind, body);
    answer.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if gzip {
        answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

/// Whether one choice of an `Accept` header is this one; a weight of 0 refuses it.
fn is_choice(choice: &str, word: &str) -> bool {
    let mut parts = choice.split(';').map(str::trim);
    let is_it = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(word));
    let refused = parts.any(|part| {
        let weight = part.strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        weight.is_some_and(|weight| weight <= 0.0)
    });
    is_it && !refused
}

/// The content of the page; nothing but a 304 where the visitor has it already.
fn fragment(request: &Request<Incoming>, content: String) -> PageResponse {
    let tag = format!("\"{}\"", digest::short(&content));
    let known =
        request.headers().get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut answer = if known { Response::new(Full::default()) } else { html(content) };
    if known {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

fn html(text: String) -> PageResponse {
    with_type("text/html; charset=utf-8", Bytes::from(text))
}

fn with_type(kind: &'static str, body: Bytes) -> PageResponse {
    let mut answer = Response::new(Full::new(body));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

fn plain(status: StatusCode, text: &'static str) -> PageResponse {
    let mut answer = with_type("text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()));
    *answer.status_mut() = status;
    answer
}

fn not_found() -> PageResponse {
    plain(StatusCode::NOT_FOUND, "not found; the status page is at /\n")
}
