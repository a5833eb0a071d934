//! The provider's answer to a sign-in: a code or a refusal. A server on loopback takes it from the browser; a person may paste it.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use openclaw_auth::secret::REDACTED;
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::sign_in::Redirect;

/// A silent connection is closed after this.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// A browser opens a few connections, and some it never uses.
const MAX_CONNECTIONS: usize = 16;

#[derive(Debug)]
pub struct CallbackServer {
    listener: TcpListener,
    path: String,
}

#[derive(Debug)]
pub enum Visit {
    Answer(CallbackAnswer),
    /// The answer to another sign-in, or none at all. The browser was shown an error.
    Refused,
}

impl CallbackServer {
    pub async fn bind(redirect: &Redirect) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, redirect.port)).await?;
        Ok(Self { listener, path: redirect.path.clone() })
    }

    /// Serves until it is dropped.
    pub async fn serve(self, state: String, visits: mpsc::Sender<Visit>) {
        let (path, state) = (Arc::new(self.path), Arc::new(state));
        let permits = Arc::new(tokio::sync::Semaphore::new(MAX_CONNECTIONS));
        loop {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
            let Ok((stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let (path, state, visits) = (Arc::clone(&path), Arc::clone(&state), visits.clone());
            tokio::spawn(async move {
                let visit = Mutex::new(None);
                let service = service_fn(|request| {
                    let (answer, read) = answer(&request, &path, &state);
                    if read.is_some() {
                        *visit.lock().unwrap_or_else(PoisonError::into_inner) = read;
                    }
                    async move { Ok::<_, Infallible>(answer) }
                });
                let mut server = hyper::server::conn::http1::Builder::new();
                server.timer(TokioTimer::new()).header_read_timeout(READ_TIMEOUT).keep_alive(false);
                // Nothing is logged: errors here are the client's, and addresses hold codes.
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
                // Sent once the browser has its page, because the program may exit next.
                if let Some(visit) = visit.into_inner().unwrap_or_else(PoisonError::into_inner) {
                    // A second answer is not needed while the first one is handled.
                    let _ = visits.try_send(visit);
                }
                drop(permit);
            });
        }
    }
}

fn answer(request: &Request<Incoming>, path: &str, state: &str) -> (Response<Full<Bytes>>, Option<Visit>) {
    if request.uri().path() != path {
        let nothing =
            page(StatusCode::NOT_FOUND, "Nothing here", "This is authwatch, waiting for a sign-in.");
        return (nothing, None);
    }
    if request.method() != Method::GET {
        return (page(StatusCode::METHOD_NOT_ALLOWED, "Not like this", "Only GET is answered."), None);
    }
    let read = from_query(request.uri().query().unwrap_or_default(), state);
    let shown = match &read {
        Ok(CallbackAnswer::Code(_)) => page(
            StatusCode::OK,
            "Back to the terminal",
            "authwatch has the provider's answer and finishes the sign-in there. This page can be closed.",
        ),
        Ok(CallbackAnswer::Denied(_)) => page(
            StatusCode::OK,
            "Not signed in",
            "The provider says that the sign-in was declined. Nothing was changed. This page can be closed.",
        ),
        Err(CallbackError::WrongState) => page(
            StatusCode::BAD_REQUEST,
            "Another sign-in's answer",
            "This answer does not belong to the sign-in that waits here. Nothing was done. Open the address the terminal shows.",
        ),
        Err(CallbackError::NoCode) => page(
            StatusCode::BAD_REQUEST,
            "No code",
            "There is no code in this answer. Nothing was done. Open the address the terminal shows.",
        ),
    };
    (shown, Some(read.map_or(Visit::Refused, Visit::Answer)))
}

fn page(status: StatusCode, title: &str, text: &str) -> Response<Full<Bytes>> {
    let style = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem;color-scheme:light dark}";
    let html = maud::html! {
        (maud::DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "authwatch: " (title) }
                style { (maud::PreEscaped(style)) }
            }
            body { main { h1 { (title) } p { (text) } } }
        }
    };
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "text/html; charset=utf-8")
        .header(CACHE_CONTROL, "no-store")
        // The page's address holds the code.
        .header(REFERRER_POLICY, "no-referrer")
        .header(
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        )
        .body(Full::new(Bytes::from(html.into_string())))
        .expect("the parts are valid")
}

#[derive(PartialEq, Eq)]
pub enum CallbackAnswer {
    /// A code that can be redeemed once.
    Code(Zeroizing<String>),
    /// The provider's reason.
    Denied(String),
}

impl fmt::Debug for CallbackAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(_) => write!(formatter, "Code({REDACTED})"),
            Self::Denied(reason) => write!(formatter, "Denied({reason})"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    #[error("that is the answer to another sign-in: start from the address above")]
    WrongState,
    #[error("there is no code in that: paste the whole address the browser ended on, or the code")]
    NoCode,
}

/// Reads the query of the address that the browser returns to. It must repeat the state.
fn from_query(query: &str, state: &str) -> Result<CallbackAnswer, CallbackError> {
    read(query, state, true)
}

/// Reads what a person pastes: the address the browser ended on, its query, `code#state`, or the code alone.
pub fn from_pasted(pasted: &str, state: &str) -> Result<CallbackAnswer, CallbackError> {
    // Terminals break long addresses.
    let joined: Zeroizing<String> =
        Zeroizing::new(pasted.chars().filter(|character| !character.is_whitespace()).collect());
    let text = joined.trim_matches(['"', '\'', '<', '>']);
    if text.contains("code=") || text.contains("error=") {
        let query = text.split_once('?').map_or(text, |(_, query)| query);
        return read(query.trim_end_matches('#'), state, false);
    }
    if text.is_empty() || text.contains("://") {
        return Err(CallbackError::NoCode);
    }
    match text.split_once('#') {
        Some((_, theirs)) if !is_same(theirs, state) => Err(CallbackError::WrongState),
        Some((code, _)) => Ok(CallbackAnswer::Code(Zeroizing::new(code.to_owned()))),
        None => Ok(CallbackAnswer::Code(Zeroizing::new(text.to_owned()))),
    }
}

fn read(query: &str, state: &str, needs_state: bool) -> Result<CallbackAnswer, CallbackError> {
    let field = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| Zeroizing::new(value.into_owned()))
            .filter(|value| !value.is_empty())
    };
    match field("state") {
        Some(theirs) if !is_same(&theirs, state) => return Err(CallbackError::WrongState),
        None if needs_state => return Err(CallbackError::WrongState),
        _ => {}
    }
    if let Some(error) = field("error") {
        let words = field("error_description").unwrap_or(error);
        return Ok(CallbackAnswer::Denied(words.to_string()));
    }
    field("code").map(CallbackAnswer::Code).ok_or(CallbackError::NoCode)
}

/// In constant time, so that guessing a state learns nothing from the duration.
fn is_same(theirs: &str, state: &str) -> bool {
    bool::from(theirs.as_bytes().ct_eq(state.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> CallbackAnswer {
        CallbackAnswer::Code(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn answers_are_read_in_every_form() {
        let pasted = |text: &str| from_pasted(text, "st");
        assert_eq!(pasted("http://localhost:1455/auth/callback?code=a%2Bb&state=st"), Ok(code("a+b")));
        assert_eq!(pasted(" 'http://localhost:1455/auth/\n callback?state=st&code=ab' \n"), Ok(code("ab")));
        assert_eq!(pasted("code=ab&state=st"), Ok(code("ab")));
        assert_eq!(pasted("ab#st"), Ok(code("ab")));
        assert_eq!(pasted("ab\n"), Ok(code("ab")));
        assert_eq!(pasted("ab#other"), Err(CallbackError::WrongState));
        assert_eq!(pasted("http://x/?code=ab&state=other"), Err(CallbackError::WrongState));
        assert_eq!(pasted("http://localhost:1455/auth/callback"), Err(CallbackError::NoCode));
        assert_eq!(pasted(""), Err(CallbackError::NoCode));
        assert_eq!(
            pasted("http://x/?error=access_denied&error_description=No+thanks&state=st"),
            Ok(CallbackAnswer::Denied("No thanks".to_owned()))
        );
        assert_eq!(from_query("code=ab", "st"), Err(CallbackError::WrongState), "a browser always has it");
        assert_eq!(from_query("error=x", "st"), Err(CallbackError::WrongState));
        assert!(!format!("{:?}", pasted("ab")).contains("ab"));
    }
}
