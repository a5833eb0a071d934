//! The page in a real browser: what it shows, how it filters, that it stays up to date, obeys nothing that is in a
//! store, and can be used by everybody.

use std::path::Path;

use authwatch::clock;
use authwatch::model::EventKind;
use authwatch::pipeline::{self, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openclaw_auth::model::{AgentId, Span};
use serde_json::{Value, json};

use crate::support::home::{AT, Home};
use crate::support::page_server::{Server, joined, nothing_untoward};
use crate::support::sample_home::three_states;
use crate::support::time::now;
use crate::support::webdriver::Browser;

#[test]
fn every_condition_of_the_demo_is_shown() {
    let (server, browser) = (Server::demo(), Browser::open());
    server.shown.lock().unwrap().host = "build-7".to_owned();
    browser.go(&server.address);
    assert_eq!(browser.text("h1"), "6 problems need you on build-7");
    assert_eq!(browser.title(), "(6) authwatch");
    let needs = joined(&browser, ".need");
    for expected in [
        "agent translator: mistral No login",
        "openclaw models auth --agent translator paste-api-key --provider mistral",
        "agent night-shift: xai:default Expires soon",
        "agent researcher: anthropic:manual Expired",
        "3 days ago",
        "paste-token --provider anthropic",
        "agent reviewer: openai:default Needs sign-in",
        "agent courier: credential store Unreadable",
        "5 h 29 min left",
        "agent archivist: credential store Migration incomplete",
        "cp -p -- ",
    ] {
        assert!(needs.contains(expected), "no {expected} in {needs}");
    }
    let list = joined(&browser, ".logins tr");
    for expected in [
        "Renews automatically",
        "Renewing",
        "Cooling down",
        "OK",
        "not imported yet",
        "no expiry",
        "default",
        "rate limit",
    ] {
        assert!(list.contains(expected), "no {expected} in {list}");
    }
    assert!(browser.text("#inherited summary").contains("inherited from agent main"));
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
    let server = Server::of(Some(pipeline::run(&home.roots(), [], &Request::default()).snapshot));
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
        browser.text("#found").contains("1,006 lines that need attention, page 1 of 11"),
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
    let later = now() - AT.parse::<i64>().unwrap();
    let mut shown = vec![("demo", demo), ("fleet", fleet)];
    for (name, home) in three_states(later) {
        let server = Server::of(Some(pipeline::run(&home.roots(), [], &Request::default()).snapshot));
        server.shown.lock().unwrap().host = "build-7".to_owned();
        shown.push((name, server));
    }
    let gone = Server::demo();
    gone.change(|snapshot| snapshot.now = snapshot.now - Span::from_mins(10.0));
    shown.push(("gone", gone));
    let sizes = [("desktop", 1280), ("phone", 360)];
    for ((name, server), (size, width)) in
        shown.iter().flat_map(|shown| sizes.into_iter().map(move |size| (shown, size)))
    {
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
                let file = format!("page-{name}-{size}-{scheme}-{}.png", top / SLICE);
                std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(file), bytes).unwrap();
            }
        }
    }
}
