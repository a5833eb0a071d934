//! The HTTP client: TLS by rustls with the system's roots, proxies by the usual variables, bounded in time and size.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderValue, USER_AGENT};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioExecutor;
use openclaw_auth::model::{Span, Timestamp};
use rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;

/// A call is given up after this long, from the first packet to the last.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest body that is read.
const MAX_ANSWER: usize = 256 * 1024;
/// A longer `Retry-After` is shortened to this.
const MAX_RETRY_AFTER: Span = Span::from_mins(60.0);

/// A client with the roots and proxies of this process.
#[derive(Clone)]
pub struct HttpClient {
    tls: Arc<ClientConfig>,
    proxies: Arc<Matcher>,
    timeout: Duration,
}

pub struct HttpResponse {
    pub status: u16,
    /// `Retry-After`, bounded.
    pub retry_after: Option<Span>,
    /// `cf-mitigated: challenge`.
    pub challenged: bool,
    /// `Content-Type` names HTML.
    pub html: bool,
    /// `Date`: the server's clock.
    pub date: Option<Timestamp>,
    /// It may hold tokens.
    pub body: Zeroizing<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// The name cannot be resolved.
    Dns,
    Connect,
    /// Such as a certificate that does not verify.
    Tls,
    Timeout,
    /// The connection broke after the request was sent.
    Lost,
    TooLarge,
}

impl fmt::Display for HttpError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Dns => "the name cannot be resolved",
            Self::Connect => "there is no connection",
            Self::Tls => "the certificate does not verify",
            Self::Timeout => "there was no answer in time",
            Self::Lost => "the connection broke",
            Self::TooLarge => "the answer is too long",
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The additional roots cannot be read.
    #[error("cannot read the certificates in `{path}`: {problem}")]
    Roots { path: String, problem: String },
    /// TLS cannot be set up.
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
}

impl HttpClient {
    /// Builds a client. Loading the system's roots takes some milliseconds, so build one at first use and keep it.
    pub fn new(additional_roots: Option<&Path>) -> Result<Self, ClientError> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            // Containers and Termux may have none: then Mozilla's, as compiled in.
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        if let Some(path) = additional_roots {
            add_roots(&mut roots, path)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: Arc::new(tls), proxies: Arc::new(Matcher::from_env()), timeout: TIMEOUT })
    }

    pub async fn send(
        &self,
        method: Method,
        url: &Uri,
        content_type: &'static str,
        body: Bytes,
    ) -> Result<HttpResponse, HttpError> {
        self.perform(request(method, url, content_type, body)).await
    }

    /// Like [`send`](Self::send), but also returns an incomplete answer, with the reason why it is. A refresh token can be spent
    /// once only, and the part that arrived may hold the new one.
    pub async fn send_for_what_comes(
        &self,
        method: Method,
        url: &Uri,
        content_type: &'static str,
        body: Bytes,
    ) -> Result<(HttpResponse, Option<HttpError>), HttpError> {
        self.receive(request(method, url, content_type, body)).await
    }

    /// Sends a request with headers of the caller's and reads the whole answer.
    pub async fn perform(&self, request: Request<Full<Bytes>>) -> Result<HttpResponse, HttpError> {
        match self.receive(request).await? {
            (answer, None) => Ok(answer),
            (_, Some(cut)) => Err(cut),
        }
    }

    async fn receive(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(HttpResponse, Option<HttpError>), HttpError> {
        let end = tokio::time::Instant::now() + self.timeout;
        let ask = tokio::time::timeout_at(end, self.ask(request));
        let (mut answer, body) = ask.await.unwrap_or(Err(HttpError::Timeout))?;
        let read = tokio::time::timeout_at(end, read(body, &mut answer.body));
        let cut = read.await.unwrap_or(Err(HttpError::Timeout)).err();
        Ok((answer, cut))
    }

    /// The answer's head, and where its body comes from.
    async fn ask(&self, mut request: Request<Full<Bytes>>) -> Result<(HttpResponse, Incoming), HttpError> {
        let agent = HeaderValue::from_static(concat!("authwatch/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().insert(USER_AGENT, agent);
        let url = request.uri().clone();
        let response = match self.proxies.intercept(&url) {
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), http_connector());
                if let Some(credentials) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(credentials.clone());
                }
                client(self.https(tunnel)).request(request).await
            }
            None => client(self.https(http_connector())).request(request).await,
        };
        let response = response.map_err(|error| no_answer(&error))?;
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        let answer = HttpResponse {
            status: StatusCode::as_u16(&response.status()),
            retry_after: retry_after(header("retry-after")),
            challenged: header("cf-mitigated") == "challenge",
            html: header("content-type").to_ascii_lowercase().starts_with("text/html"),
            date: moment(header("date")),
            body: Zeroizing::new(Vec::new()),
        };
        Ok((answer, response.into_body()))
    }

    fn https<C>(&self, connector: C) -> HttpsConnector<C> {
        HttpsConnectorBuilder::new()
            .with_tls_config((*self.tls).clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector)
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HttpClient")
    }
}

fn request(method: Method, url: &Uri, content_type: &'static str, body: Bytes) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(url.clone())
        .header("content-type", content_type)
        .header("accept", "application/json")
        .body(Full::new(body))
        .expect("the parts are valid")
}

/// Reads a body to its end, piece by piece: what has come stays where the rest does not.
async fn read(mut body: Incoming, into: &mut Zeroizing<Vec<u8>>) -> Result<(), HttpError> {
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|_| HttpError::Lost)?.into_data() else { continue };
        let length = into.len() + piece.len();
        if length > MAX_ANSWER {
            return Err(HttpError::TooLarge);
        }
        if into.capacity() < length {
            // Growing in place would leave copies of tokens behind.
            let mut larger = Zeroizing::new(Vec::with_capacity((2 * length).min(MAX_ANSWER)));
            larger.extend_from_slice(into);
            *into = larger;
        }
        into.extend_from_slice(&piece);
    }
    Ok(())
}

fn http_connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector
}

/// One call, one connection: a pooled one may have been closed by the other side, and then the request is lost.
fn client<C>(connector: C) -> Client<C, Full<Bytes>>
where
    C: hyper_util::client::legacy::connect::Connect + Clone,
{
    Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .retry_canceled_requests(false)
        .build(connector)
}

fn add_roots(roots: &mut RootCertStore, path: &Path) -> Result<(), ClientError> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    let failed = |problem: String| ClientError::Roots { path: path.display().to_string(), problem };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| failed(error.to_string()))?;
        roots.add(certificate).map_err(|error| failed(error.to_string()))?;
    }
    Ok(())
}

fn no_answer(error: &hyper_util::client::legacy::Error) -> HttpError {
    if is_caused_by(error, &|cause| cause.is::<rustls::Error>()) {
        HttpError::Tls
    } else if is_caused_by(error, &|cause| cause.to_string().starts_with("dns error")) {
        HttpError::Dns
    } else if error.is_connect() {
        HttpError::Connect
    } else {
        HttpError::Lost
    }
}

/// Whether an error or anything that led to it is of a kind. An `io::Error` hides what it wraps from `source`.
fn is_caused_by(error: &(dyn Error + 'static), kind: &dyn Fn(&(dyn Error + 'static)) -> bool) -> bool {
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    kind(error)
        || wrapped.is_some_and(|inner| is_caused_by(inner, kind))
        || error.source().is_some_and(|source| is_caused_by(source, kind))
}

fn retry_after(header: &str) -> Option<Span> {
    let header = header.trim();
    let wait = if let Ok(seconds) = header.parse::<u32>() {
        Span::from_secs(f64::from(seconds))
    } else {
        moment(header)? - crate::clock::now()
    };
    (wait > Span::ZERO).then_some(wait.min(MAX_RETRY_AFTER))
}

/// A date as HTTP writes it.
fn moment(header: &str) -> Option<Timestamp> {
    let date = chrono::DateTime::parse_from_rfc2822(header).ok()?;
    Some(date.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_read_in_both_forms_and_bounded() {
        assert_eq!(retry_after("30"), Some(Span::from_secs(30.0)));
        assert_eq!(retry_after("999999"), Some(MAX_RETRY_AFTER));
        assert_eq!(retry_after("Wed, 21 Oct 2099 07:28:00 GMT"), Some(MAX_RETRY_AFTER));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), None);
        assert_eq!(retry_after("soon"), None);
    }
}
