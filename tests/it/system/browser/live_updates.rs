//! What changes while it is open.

use authwatch::clock;
use openclaw_auth::model::{Span, Timestamp};
use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::home::Home;
use crate::support::page_server::{Server, joined, nothing_untoward};
use crate::support::webdriver::Browser;

#[test]
fn before_the_first_look_it_says_so_and_then_fills_itself() {
    let (server, browser) = (Server::of(None), Browser::open());
    browser.go(&server.address);
    assert_eq!(browser.text("h1"), "Checking…");
    let demo = Server::demo();
    server.shown.lock().unwrap().snapshot = demo.shown.lock().unwrap().snapshot.clone();
    browser.wait("the first look arrives", |browser| browser.text("h1") == "6 problems need you");
    nothing_untoward(&browser, &server.address);
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
        snapshot.now = snapshot.now + Span::from_secs(1.0);
    });
    browser.wait("the change arrives", |browser| browser.count(".need") == before - 1);
    assert_eq!(browser.text("h1"), "5 problems need you");
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
    let token = |ends: Timestamp| {
        json!({ "anthropic:<b>manual</b>": {
            "type": "token", "provider": "anthropic", "token": "t", "expires": ends.as_millis() } })
    };
    let (now, month) = (clock::now(), Span::from_days(30.0));
    let home = Home::new().profiles("main", &token(now + month));
    let (daemon, browser) = (Daemon::ready(&home, &["--no-refresh"]), Browser::open());
    let address = format!("http://{}", daemon.address);
    browser.go(&address);
    assert_eq!((browser.count(".need"), browser.count("h1")), (0, 1));
    let calm = browser.text("h1");
    let home = home.profiles("main", &token(now - Span::from_mins(1.0)));
    browser.wait("it needs somebody", |browser| browser.count(".need") == 1);
    let need = browser.text(".need");
    assert!(need.contains("agent main: anthropic:<b>manual</b>") && need.contains("Expired"), "{need}");
    assert!(joined(&browser, "#events li").contains("<b>manual</b>"), "{}", joined(&browser, "#events li"));
    let _home = home.profiles("main", &token(now + month));
    browser.wait("all is well again", |browser| browser.text("h1") == calm);
    nothing_untoward(&browser, &address);
}

#[test]
fn it_says_when_nobody_answers_and_when_nobody_looks() {
    let (server, browser) = (Server::demo(), Browser::open());
    server.change(|snapshot| snapshot.now = snapshot.now - Span::from_mins(10.0));
    browser.go(&server.address);
    browser.wait("an old look is called old", |browser| {
        browser.text("#trouble").contains("more than 5 minutes")
    });
    assert!(browser.text(".checked").contains("10 min ago"), "{}", browser.text(".checked"));
    server.shown.lock().unwrap().closed = true;
    drop(server);
    browser.wait("silence is noticed", |browser| {
        browser.text("#trouble").contains("Connection lost. Showing data from ")
    });
    assert_eq!(browser.count("html.stale"), 1);
    assert_eq!(browser.title(), "(?) authwatch");
}
