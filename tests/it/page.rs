//! The page in a real browser: what it shows, how it filters, that it stays up to date, obeys nothing that is in a
//! store, and can be used by everybody.

mod access;
mod living;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use authwatch::clock;
use authwatch::demo::Demo;
use authwatch::model::{Event, EventKind, Snapshot};
use authwatch::pipeline::{self, Request};
use authwatch::serve::page::{self, PageInput, PageView};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openclaw_auth::model::{AgentId, ProfileId, Span};
use serde_json::{Value, json};

use crate::support::Home;
use crate::webdriver::Browser;

/// What the server sends with every answer.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Serves the page, and nothing else.
struct Server {
    address: String,
    shown: Arc<Mutex<Shown>>,
}

#[derive(Clone, Default)]
struct Shown {
    snapshot: Option<Snapshot>,
    events: Vec<Event>,
    requests: Vec<String>,
    closed: bool,
}

impl Server {
    fn of(snapshot: Option<Snapshot>) -> Self {
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

    fn demo() -> Self {
        let demo = Demo::lay_out(clock::now()).unwrap();
        let server = Self::of(Some(pipeline::look(demo.roots(), [], &Request::default()).snapshot));
        server.happened(-90_000.0, EventKind::Renewed, "renewed, valid for 8 h");
        server.happened(-7_200_000.0, EventKind::Worse, "valid -> expired");
        server.happened(-9_200_000.0, EventKind::StoreBroken, "not JSON any more");
        server
    }

    fn happened(&self, ago: f64, kind: EventKind, text: &str) {
        let event = Event {
            at: clock::now() + Span::from_millis(ago),
            kind,
            agent: Some(AgentId::from("builder")),
            profile: Some(ProfileId::from("anthropic:team")),
            text: text.to_owned(),
        };
        self.shown.lock().unwrap().events.push(event);
    }

    fn change(&self, change: impl FnOnce(&mut Snapshot)) {
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
fn nothing_untoward(browser: &Browser, address: &str) {
    let said = browser.console();
    assert!(said.is_empty(), "the console says {said:#?}");
    let asked = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name);");
    for name in asked.as_array().unwrap() {
        let name = name.as_str().unwrap();
        assert!(name.starts_with(address) || name.starts_with("data:"), "asked for {name}");
    }
}

fn joined(browser: &Browser, css: &str) -> String {
    browser.texts(css).join("\n")
}

#[test]
fn every_condition_of_the_demo_is_shown() {
    let (server, browser) = (Server::demo(), Browser::open());
    browser.go(&server.address);
    assert_eq!(browser.text("h1"), "3 things need you now");
    assert_eq!(browser.title(), "(6) authwatch");
    let needs = joined(&browser, ".need");
    for expected in [
        "mistral of translator No login",
        "openclaw models auth --agent translator paste-api-key --provider mistral",
        "xai:default of night-shift Ends soon",
        "anthropic:manual of researcher Expired",
        "Ended 3 days ago",
        "openclaw models auth --agent researcher setup-token --provider anthropic",
        "openai:default of reviewer Login dead",
        "credential store of courier Unreadable",
        "5 h 29 min left",
        "credential store of archivist Left behind",
        "cp -p -- ",
    ] {
        assert!(needs.contains(expected), "no {expected} in {needs}");
    }
    let list = joined(&browser, ".logins tr");
    for expected in [
        "Renews itself",
        "Renewing",
        "Cooling down",
        "Working",
        "not imported yet",
        "no end",
        "default",
        "rate limit",
    ] {
        assert!(list.contains(expected), "no {expected} in {list}");
    }
    assert!(browser.text("#inherited summary").contains("inherited from main"));
    assert_eq!(browser.count(".lane"), 4);
    assert_eq!(browser.count(".lane.needs"), 2);
    assert!(joined(&browser, "#events li").contains("renewed, valid for 8 h"));
    let stores = joined(&browser, "#stores li");
    assert!(stores.contains("courier") && stores.contains("is not JSON at line 4"), "{stores}");
    nothing_untoward(&browser, &server.address);
}

#[test]
fn hostile_names_are_shown_and_not_obeyed() {
    let hostile = [
        "<script>window.harm=1</script>",
        "\"><img src=x onerror=window.harm=1>",
        "';window.harm=1;//",
        "</code></pre></main><h1>fine</h1>",
        "a\u{202e}b\u{0}c\u{1b}[31m",
        "&lt;b&gt;",
        "javascript:window.harm=1",
    ];
    let profiles: serde_json::Map<String, Value> = hostile
        .iter()
        .map(|id| {
            let profile = json!({ "type": "token", "provider": id, "token": "t", "expires": 1_000 });
            ((*id).to_owned(), profile)
        })
        .collect();
    let home = Home::new()
        .profiles("main", &Value::Object(profiles.clone()))
        .profiles("<i>agent", &Value::Object(profiles))
        .file(".openclaw/agents/a\"b<c/agent/auth-profiles.json", "{");
    let server = Server::of(Some(pipeline::look(&home.roots(), [], &Request::default()).snapshot));
    server.happened(0.0, EventKind::Worse, hostile[1]);
    let browser = Browser::open();
    let query: String = form_urlencoded::byte_serialize(hostile[1].as_bytes()).collect();
    for address in [server.address.clone(), format!("{}/?q={query}", server.address)] {
        browser.go(&address);
        browser.wait("the script has polled", |browser| {
            browser.run("return performance.getEntriesByType('resource').some((entry) => entry.name.includes('/fragment'));")
                == true
        });
        assert_eq!(browser.run("return window.harm ?? null"), Value::Null);
        assert_eq!(browser.count("h1"), 1);
        assert_eq!(browser.count("main img, main script, main i"), 0);
    }
    browser.go(&server.address);
    let shown = joined(&browser, ".need");
    for id in hostile {
        let id = id.replace('\u{202e}', "\\u{202e}").replace('\0', "\\u{0}").replace('\u{1b}', "\\u{1b}");
        assert!(shown.contains(&id), "no {id} in {shown}");
    }
    nothing_untoward(&browser, &server.address);
}

#[test]
fn a_fleet_is_shown_by_what_needs_attention() {
    let now = clock::now();
    let server = Server::demo();
    server.change(|snapshot| {
        snapshot.now = now;
        let model = snapshot.agents.iter().find(|agent| agent.id.as_str() == "researcher").unwrap().clone();
        snapshot.agents.extend((0..1000).map(|number| {
            let mut agent = model.clone();
            agent.id = AgentId::from(format!("agent-{number}").as_str());
            agent
        }));
    });
    let browser = Browser::open();
    browser.go(&server.address);
    assert_eq!(browser.run("return document.querySelector('[name=show]:checked').value"), "attention");
    assert_eq!(browser.count(".need"), 10);
    assert!(browser.text("#needs .more").contains("996 more"), "{}", browser.text("#needs .more"));
    assert_eq!(browser.count(".logins .state"), 100);
    assert!(
        browser.text("#found").contains("1,007 lines that need attention, page 1 of 11"),
        "{}",
        browser.text("#found")
    );
    assert!(browser.count(".picture.columns rect") > 0 || browser.count(".lane") > 0);
    browser.click("a[rel=next]");
    browser.wait("the next page comes", |browser| browser.text("#found").contains("page 2 of 11"));
    browser.type_into("#q", "agent-999");
    browser.wait("one of a thousand is found", |browser| browser.count(".logins .state") == 1);
    nothing_untoward(&browser, &server.address);
}

/// Not a test of anything: `cargo test --test it pictures -- --ignored` puts pictures of the page below target/tmp.
#[test]
#[ignore = "for eyes"]
fn pictures() {
    /// Taller ones are hard to look at.
    const SLICE: usize = 1400;
    let (demo, fleet, browser) = (Server::demo(), Server::demo(), Browser::open());
    fleet.change(|snapshot| {
        let models = snapshot.agents.clone();
        for number in 0..40 {
            for mut agent in models.iter().cloned() {
                agent.id = AgentId::from(format!("{}-{number}", agent.id).as_str());
                for profile in &mut agent.profiles {
                    profile.expires_at =
                        profile.expires_at.map(|end| end + Span::from_millis(3e6) * f64::from(number));
                }
                snapshot.agents.push(agent);
            }
        }
    });
    for (name, width, server) in [
        ("desktop", 1280, &demo),
        ("phone", 360, &demo),
        ("fleet", 1280, &fleet),
        ("fleet-phone", 360, &fleet),
    ] {
        for scheme in ["light", "dark"] {
            browser.scheme(scheme);
            browser.width(width);
            browser.go(&server.address);
            let height = browser.run("return document.documentElement.scrollHeight;").as_u64().unwrap();
            let height = usize::try_from(height).unwrap();
            for top in (0..height).step_by(SLICE) {
                let slice = json!({ "x": 0, "y": top, "width": width, "height": SLICE.min(height - top), "scale": 1 });
                let parameters = json!({ "captureBeyondViewport": true, "clip": slice });
                let picture = browser.devtools("Page.captureScreenshot", &parameters);
                let bytes = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
                let file = format!("page-{name}-{scheme}-{}.png", top / SLICE);
                std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(file), bytes).unwrap();
            }
        }
    }
}
