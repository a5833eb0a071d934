//! Where the browser brings the provider's answer: a server on loopback that lives for one sign-in.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::code::{self, CallbackAnswer, CallbackError};
use super::provider::Redirect;

/// A connection that says nothing is closed after this.
const PATIENCE: Duration = Duration::from_secs(10);
/// A browser opens a few connections, and some it never uses.
const CONNECTIONS: usize = 16;

/// A server whose port is bound.
#[derive(Debug)]
pub struct Callback {
    listener: TcpListener,
    path: String,
}

#[derive(Debug)]
pub enum Visit {
    Answer(CallbackAnswer),
    /// An answer to another sign-in, or none at all; it was refused.
    Foreign,
}

impl Callback {
    /// Binds the port on 127.0.0.1.
    pub async fn bind(redirect: &Redirect) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, redirect.port)).await?;
        Ok(Self { listener, path: redirect.path.clone() })
    }

    /// Serves until it is dropped, and passes visits on.
    pub async fn serve(self, state: String, visits: mpsc::Sender<Visit>) {
        let (path, state) = (Arc::new(self.path), Arc::new(state));
        let permits = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS));
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
                server.timer(TokioTimer::new()).header_read_timeout(PATIENCE).keep_alive(false);
                // What a stranger does to the connection is no event of ours, and addresses hold codes: nothing is logged.
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
                // Passed on once the browser has its page: what comes next may end the program.
                if let Some(visit) = visit.into_inner().unwrap_or_else(PoisonError::into_inner) {
                    // A second answer, where the first one is still being taken, is not needed.
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
    let read = code::from_query(request.uri().query().unwrap_or_default(), state);
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
    (shown, Some(read.map_or(Visit::Foreign, Visit::Answer)))
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
        // The page's address holds the code: it is not passed on.
        .header(REFERRER_POLICY, "no-referrer")
        .header(
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        )
        .body(Full::new(Bytes::from(html.into_string())))
        .expect("the parts are valid")
}
