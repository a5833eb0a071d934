//! For everybody: by keyboard, without scripts, and by the rules of axe.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::json;

use crate::support::page_server::Server;
use crate::support::webdriver::Browser;

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
    assert!(!states.is_empty() && !states.contains(&"OK".to_owned()), "{states:?}");
    browser.go(&format!("{}/?sort=provider&show=all", server.address));
    let lines = browser.texts(".logins .login");
    let at = |id: &str| {
        lines.iter().position(|line| line.contains(id)).unwrap_or_else(|| panic!("{id}: {lines:?}"))
    };
    assert!(at("anthropic:manual") < at("groq:default") && at("groq:default") < at("xai:default"));
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
