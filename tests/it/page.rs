//! The page in a real browser: what it shows, how it filters, that it stays up to date, obeys nothing that is in a
//! store, and can be used by everybody.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use authwatch::clock;
use authwatch::demo::Demo;
use authwatch::model::{AgentId, Event, EventKind, Millis, ProfileId, Snapshot};
use authwatch::pipeline::{self, Request};
use authwatch::serve::page::{self, PageInput, View};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::Home;
use crate::watching::Watching;
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
            at: Millis(clock::now().0 + ago),
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
        view: &View::parse(query),
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
        "openclaw models auth paste-api-key --provider mistral --agent translator",
        "xai:default of night-shift Ends soon",
        "anthropic:manual of researcher Expired",
        "Ended 3 days ago",
        "openclaw models auth setup-token --provider anthropic --agent researcher",
        "openai:default of reviewer Login dead",
        "credential store of courier Unreadable",
        "5 h 29 min left",
        "credential store of archivist Left behind",
        "openclaw doctor --fix",
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
fn before_the_first_look_it_says_so_and_then_fills_itself() {
    let (server, browser) = (Server::of(None), Browser::open());
    browser.go(&server.address);
    assert_eq!(browser.text("h1"), "Looking…");
    let demo = Server::demo();
    server.shown.lock().unwrap().snapshot = demo.shown.lock().unwrap().snapshot.clone();
    browser.wait("the first look arrives", |browser| browser.text("h1") == "3 things need you now");
    nothing_untoward(&browser, &server.address);
}

#[test]
fn filter_and_order_work_without_javascript() {
    let (server, browser) = (Server::demo(), Browser::without_javascript());
    browser.go(&server.address);
    assert_eq!(browser.count("html.js"), 0, "the script must not run in this test");
    assert_eq!(browser.texts(".copy").join(""), "", "buttons that could do nothing are not shown");
    browser.type_into("#q", "xai");
    browser.click(".apply");
    browser.wait("the form is sent", |browser| browser.address().contains("q=xai"));
    assert_eq!(browser.texts(".logins .login .id"), ["xai:default"]);
    browser.go(&format!("{}/?show=attention&sort=left", server.address));
    let states = browser.texts(".logins .state");
    assert!(!states.is_empty() && !states.contains(&"Working".to_owned()), "{states:?}");
    browser.go(&format!("{}/?sort=provider&show=all", server.address));
    let lines = browser.texts(".logins .login");
    let at = |id: &str| {
        lines.iter().position(|line| line.contains(id)).unwrap_or_else(|| panic!("{id}: {lines:?}"))
    };
    assert!(at("anthropic:manual") < at("groq:default") && at("groq:default") < at("xai:default"));
}

#[test]
fn filter_and_order_apply_as_one_types() {
    let (server, browser) = (Server::demo(), Browser::open());
    browser.go(&server.address);
    browser.type_into("#q", "mistral");
    browser.wait("what does not match is gone", |browser| {
        browser.texts(".logins .login .id") == ["mistral", "mistral:default"]
    });
    assert!(browser.address().contains("q=mistral"), "{}", browser.address());
    assert_eq!(browser.run("return document.activeElement.id"), "q");
    browser.type_into("#q", " nowhere");
    browser.wait("nothing matches", |browser| joined(browser, ".empty").contains("Nothing matches."));
    browser.run("const q = document.getElementById('q'); q.select();");
    browser.press('\u{e003}');
    browser.run("const sort = document.getElementById('sort'); sort.value = 'left'; sort.dispatchEvent(new Event('input', { bubbles: true }));");
    browser.wait("the list is sorted by the time left", |browser| {
        browser.count(".logins .agent") == 0 && browser.count(".logins .state") > 5
    });
    let ends = browser.run(
        "return [...document.querySelectorAll('.logins .left .span time')].map((time) => Number(time.dataset.ms));",
    );
    let ends: Vec<f64> = ends.as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    assert!(ends.len() > 4 && ends.is_sorted(), "{ends:?}");
    nothing_untoward(&browser, &server.address);
}

#[test]
fn it_stays_up_to_date_and_leaves_the_visitor_alone() {
    let (server, browser) = (Server::demo(), Browser::open());
    browser.go(&server.address);
    browser.click("#inherited summary");
    browser.type_into("#q", "a");
    browser.wait("the filter applies", |browser| browser.address().contains("q=a"));
    browser.run(
        "document.getElementById('q').setSelectionRange(0, 1); window.mark = document.getElementById('q');",
    );
    let before = browser.count(".need");
    server.change(|snapshot| {
        snapshot.agents.retain(|agent| agent.id.as_str() != "translator");
        snapshot.now = Millis(snapshot.now.0 + 1000.0);
    });
    browser.wait("the change arrives", |browser| browser.count(".need") == before - 1);
    assert_eq!(browser.text("h1"), "2 things need you now");
    assert_eq!(browser.title(), "(5) authwatch");
    let kept = browser.run(
        "const q = document.getElementById('q'); return [document.activeElement === window.mark, q.value, q.selectionEnd, document.getElementById('inherited').open];",
    );
    assert_eq!(kept, json!([true, "a", 1, true]));
    // An unchanged page is not sent again.
    let fragments = || {
        server
            .shown
            .lock()
            .unwrap()
            .requests
            .iter()
            .filter(|request| request.starts_with("/fragment"))
            .count()
    };
    let asked = fragments();
    browser.wait("it asks on", |_| fragments() > asked + 1);
    nothing_untoward(&browser, &server.address);
}

#[test]
fn a_store_that_changes_on_disk_changes_the_page_of_the_daemon() {
    let token = |ends: Millis| {
        json!({ "anthropic:<b>manual</b>": {
            "type": "token", "provider": "anthropic", "token": "t", "expires": ends.0 } })
    };
    let (now, month) = (clock::now(), 30.0 * 86_400_000.0);
    let home = Home::new().profiles("main", &token(Millis(now.0 + month)));
    let (watching, browser) = (Watching::ready(&home, &["--no-refresh"]), Browser::open());
    let address = format!("http://{}", watching.address);
    browser.go(&address);
    assert_eq!((browser.count(".need"), browser.count("h1")), (0, 1));
    let calm = browser.text("h1");
    let home = home.profiles("main", &token(Millis(now.0 - 60_000.0)));
    browser.wait("it needs somebody", |browser| browser.count(".need") == 1);
    let need = browser.text(".need");
    assert!(need.contains("anthropic:<b>manual</b> of main") && need.contains("Expired"), "{need}");
    assert!(joined(&browser, "#events li").contains("<b>manual</b>"), "{}", joined(&browser, "#events li"));
    let _home = home.profiles("main", &token(Millis(now.0 + month)));
    browser.wait("all is well again", |browser| browser.text("h1") == calm);
    nothing_untoward(&browser, &address);
}

#[test]
fn it_says_when_nobody_answers_and_when_nobody_looks() {
    let (server, browser) = (Server::demo(), Browser::open());
    server.change(|snapshot| snapshot.now = Millis(snapshot.now.0 - 600_000.0));
    browser.go(&server.address);
    browser.wait("an old look is called old", |browser| {
        browser.text("#trouble").contains("more than 5 minutes")
    });
    assert!(browser.text(".look").contains("10 min ago"), "{}", browser.text(".look"));
    server.shown.lock().unwrap().closed = true;
    drop(server);
    browser.wait("silence is noticed", |browser| browser.text("#trouble").contains("does not answer"));
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
fn everything_can_be_reached_with_the_keyboard() {
    const TAB: char = '\u{e004}';
    let (server, browser) = (Server::demo(), Browser::open());
    browser.go(&server.address);
    let mut reached = Vec::new();
    for _ in 0..60 {
        browser.press(TAB);
        let here = browser.run(
            "const here = document.activeElement; if (here === document.body) return null; const style = getComputedStyle(here); const marked = here.closest('.choice') ? getComputedStyle(here.nextElementSibling) : style; return [here.id || here.getAttribute('href') || here.name || here.className || here.nodeName + ' ' + here.parentElement.id, marked.outlineStyle];",
        );
        if here.is_null() {
            break;
        }
        assert_eq!(here[1], "solid", "the focus on {here} cannot be seen");
        reached.push(here[0].as_str().unwrap().to_owned());
    }
    for expected in [
        "#main",
        "#ahead",
        "copy",
        "q",
        "show",
        "sort",
        "SUMMARY inherited",
        "SUMMARY ahead-words",
        "metrics",
        "api/v1/status",
    ] {
        assert!(reached.iter().any(|id| id == expected), "{expected} was not reached: {reached:?}");
    }
    assert_eq!(reached[0], "#main", "the first stop skips to the content");
    assert_eq!(reached.iter().filter(|id| *id == "copy").count(), browser.count(".need .copy"));
}

#[test]
fn a_command_can_be_copied() {
    let (server, browser) = (Server::demo(), Browser::open());
    let permissions =
        json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": server.address });
    browser.devtools("Browser.grantPermissions", &permissions);
    browser.go(&server.address);
    browser.click(".need .copy");
    browser.wait("it says so", |browser| browser.text(".need .copy") == "Copied");
    let copied = browser.run_async("return await navigator.clipboard.readText();");
    assert_eq!(copied, browser.text(".need code"));
    assert_eq!(browser.run("return document.getElementById('said').textContent"), "The command was copied.");
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

/// The version of axe-core the page is held against.
const AXE: &str = "4.14.1";

/// The source of axe-core, fetched once with npm.
fn axe() -> &'static str {
    static SOURCE: OnceLock<String> = OnceLock::new();
    SOURCE.get_or_init(|| {
        let prefix = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("axe-core-{AXE}"));
        let file = prefix.join("node_modules/axe-core/axe.min.js");
        if !file.exists() {
            std::fs::create_dir_all(&prefix).unwrap();
            let output = Command::new("npm")
                .args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
                .arg(&prefix)
                .arg(format!("axe-core@{AXE}"))
                .output()
                .unwrap_or_else(|error| panic!("npm ({error}): install Debian's package npm"));
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        std::fs::read_to_string(file).unwrap()
    })
}

#[test]
fn everybody_can_use_it() {
    let (demo, first, browser) = (Server::demo(), Server::of(None), Browser::open());
    let mut wrong = Vec::new();
    for scheme in ["light", "dark"] {
        for width in [360, 1280] {
            browser.scheme(scheme);
            browser.width(width);
            for (address, query) in
                [(&demo.address, "/"), (&demo.address, "/?sort=left&show=all"), (&first.address, "/")]
            {
                browser.go(&format!("{address}{query}"));
                browser
                    .run("for (const details of document.querySelectorAll('details')) details.open = true;");
                let too_wide = browser.run("return document.documentElement.scrollWidth - innerWidth;");
                assert!(too_wide.as_i64().unwrap() <= 0, "{too_wide} px too wide at {width} px: {}", browser.run("return [...document.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth).map((e) => e.getBoundingClientRect().right + e.outerHTML.slice(0, 60)).slice(0, 12)"));
                browser.run(axe());
                let found = browser.run_async("return (await axe.run()).violations.map((finding) => ({ id: finding.id, impact: finding.impact, nodes: finding.nodes.map((node) => node.html + ' ' + node.failureSummary) }));");
                let found = found.as_array().unwrap_or_else(|| panic!("{found}")).clone();
                wrong
                    .extend(found.into_iter().map(|finding| format!("{scheme} {width} {query} {finding:#}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
                        profile.expires_at.map(|end| Millis(end.0 + f64::from(number) * 3e6));
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
