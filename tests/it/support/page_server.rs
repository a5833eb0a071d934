//! A server of the page alone, with a snapshot of the test's choice.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use authwatch::clock;
use authwatch::demo::Demo;
use authwatch::model::{Event, EventKind, Snapshot};
use authwatch::pipeline::{self, Request};
use authwatch::serve::page::{self, PageInput, PageView};
use openclaw_auth::model::{AgentId, ProfileId, Span};

use crate::support::webdriver::Browser;

/// What the server sends with every answer.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Serves the page, and nothing else.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) shown: Arc<Mutex<Shown>>,
}

#[derive(Clone, Default)]
pub(crate) struct Shown {
    pub(crate) snapshot: Option<Snapshot>,
    events: Vec<Event>,
    pub(crate) host: String,
    pub(crate) requests: Vec<String>,
    pub(crate) closed: bool,
}

impl Server {
    pub(crate) fn of(snapshot: Option<Snapshot>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shown = Arc::new(Mutex::new(Shown { snapshot, ..Shown::default() }));
        let served = Arc::clone(&shown);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if served.lock().unwrap().closed {
                    return;
                }
                let served = Arc::clone(&served);
                // A browser opens connections it may never use.
                std::thread::spawn(move || answer(&stream, &served));
            }
        });
        Self { address, shown }
    }

    pub(crate) fn demo() -> Self {
        let demo = Demo::lay_out(clock::now()).unwrap();
        let server = Self::of(Some(pipeline::run(demo.roots(), [], &Request::default()).snapshot));
        server.happened(-90_000.0, EventKind::Renewed, "renewed, valid for 8 h");
        server.happened(-7_200_000.0, EventKind::Worse, "valid -> expired");
        server.happened(-9_200_000.0, EventKind::StoreBroken, "not JSON any more");
        server
    }

    pub(crate) fn happened(&self, ago: f64, kind: EventKind, text: &str) {
        let event = Event {
            at: clock::now() + Span::from_millis(ago),
            kind,
            agent: Some(AgentId::from("builder")),
            profile: Some(ProfileId::from("anthropic:team")),
            text: text.to_owned(),
        };
        self.shown.lock().unwrap().events.push(event);
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Snapshot)) {
        change(self.shown.lock().unwrap().snapshot.as_mut().unwrap());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shown.lock().unwrap().closed = true;
        let _ = TcpStream::connect(self.address.trim_start_matches("http://"));
    }
}

fn answer(stream: &TcpStream, shown: &Mutex<Shown>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let shown = {
        let mut shown = shown.lock().unwrap();
        shown.requests.push(target.clone());
        shown.clone()
    };
    let input = PageInput {
        channels: &[],
        snapshot: shown.snapshot.as_ref(),
        events: &shown.events,
        host: &shown.host,
        version: "0.0.0",
        refreshing_enabled: true,
        view: &PageView::parse(query),
    };
    let (status, kind, body) = match path {
        "/" => ("200 OK", "text/html; charset=utf-8", page::document(&input)),
        "/fragment" => ("200 OK", "text/html; charset=utf-8", page::content(&input)),
        "/style.css" => ("200 OK", "text/css; charset=utf-8", page::STYLE.to_owned()),
        "/script.js" => ("200 OK", "text/javascript; charset=utf-8", page::SCRIPT.to_owned()),
        _ => ("404 Not Found", "text/plain", String::new()),
    };
    let tag =
        format!("\"{:x}\"", body.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte)));
    let known = headers
        .iter()
        .any(|line| line.to_ascii_lowercase().starts_with("if-none-match") && line.contains(&tag));
    let (status, body) = if known { ("304 Not Modified", String::new()) } else { (status, body) };
    let mut stream = stream;
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nETag: {tag}\r\nContent-Security-Policy: {POLICY}\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}

/// Nothing went wrong in the browser, and nothing was asked of anybody else.
pub(crate) fn nothing_untoward(browser: &Browser, address: &str) {
    let said = browser.console();
    assert!(said.is_empty(), "the console says {said:#?}");
    let asked = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name);");
    for name in asked.as_array().unwrap() {
        let name = name.as_str().unwrap();
        assert!(name.starts_with(address) || name.starts_with("data:"), "asked for {name}");
    }
}

pub(crate) fn joined(browser: &Browser, css: &str) -> String {
    browser.texts(css).join("\n")
}
