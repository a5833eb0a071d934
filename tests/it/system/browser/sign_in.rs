//! Through a real Chromium.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::home::stored;
use crate::support::http::free_address;
use crate::support::sign_in::{Provider, SigningIn, login};
use crate::support::time::now;
use crate::support::webdriver::Browser;

#[test]
fn a_real_browser_brings_the_code_the_refusal_and_nobody_elses_answer() {
    let provider = Provider::start();
    let home = provider.home(free_address().port());
    let browser = Browser::open();

    // Declined.
    let before = stored(&home.store("main"));
    let mut signing_in = SigningIn::start(&home, &["--no-browser"]);
    browser.go(&signing_in.address());
    browser.click("#deny");
    browser.wait("the page", |browser| browser.count("h1") == 1);
    assert_eq!(browser.text("h1"), "Not signed in");
    let (code, stdout, said) = signing_in.end(&provider.tokens);
    assert_eq!((code, stdout.as_str()), (1, ""), "{said}");
    assert!(said.contains("No thanks"), "{said}");
    assert_eq!(stored(&home.store("main")), before);

    // Somebody else's answer is refused, and the right one is taken all the same. The browser is opened as the desktop would.
    let opened = home.path().join("opened");
    let script = home.path().join("browser");
    std::fs::write(
        &script,
        format!("#!/bin/sh\nprintf %s \"$1\" > {0}.new && mv {0}.new {0}\n", opened.display()),
    )
    .unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let home = home.env("BROWSER", script.to_str().unwrap());
    let mut signing_in = SigningIn::start(&home, &[]);
    let address = signing_in.address();
    browser.wait("the browser is opened", |_| opened.exists());
    assert_eq!(std::fs::read_to_string(&opened).unwrap(), address);
    browser.go(&address);
    browser.click("#wrong");
    browser.wait("the page", |browser| browser.count("h1") == 1);
    assert_eq!(browser.text("h1"), "Another sign-in's answer");
    signing_in.hear(|line| line.contains("was refused"));
    assert_eq!(stored(&home.store("main")), before, "and nothing was done");
    let start = now();
    browser.go(&address);
    browser.click("#allow");
    browser.wait("the page", |browser| browser.count("h1") == 1);
    assert_eq!(browser.text("h1"), "Back to the terminal");
    browser.width(320);
    assert_eq!(browser.run("return document.documentElement.scrollWidth"), 320, "it fits a phone");
    let (code, stdout, said) = signing_in.end(&provider.tokens);
    assert_eq!(code, 0, "{said}");
    assert!(stdout.starts_with("main\topenai-codex:default\tsigned in, until "), "{stdout}");
    let stored = login(&home);
    let expires = stored["expires"].as_i64().unwrap();
    assert!((start + 3_590_000..=now() + 3_600_000).contains(&expires));
    assert_eq!(
        [&stored["type"], &stored["provider"], &stored["accountId"], &stored["email"]],
        ["oauth", "openai-codex", "acct-1", "canary-a@x.org"]
    );
    assert!(provider.tokens.is_good(stored["refresh"].as_str().unwrap()), "it can be renewed");
    assert_eq!(provider.tokens.calls(), 1, "declined and foreign answers redeem nothing");
    assert!(browser.console().iter().all(|entry| entry["level"] != "SEVERE"
        || entry["message"].as_str().unwrap().contains("400")
        || entry["message"].as_str().unwrap().contains("favicon")));
}

/// Another program on the callback's port: it answers whatever comes, and knows nothing of sign-ins.
fn other_program() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // Browsers also open connections that they say nothing on.
            std::thread::spawn(move || {
                let head =
                    BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
                if head.count() > 0 {
                    let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 18\r\nConnection: close\r\n\r\n<h1>Not yours</h1>";
                    let _ = stream.write_all(answer.as_bytes());
                }
            });
        }
    });
    port
}

#[test]
fn what_a_real_browser_ends_on_is_pasted_but_not_when_time_is_up() {
    let provider = Provider::start();
    let browser = Browser::open();
    let agree_at = |browser: &Browser, address: &str, port: u16| {
        browser.go(address);
        browser.click("#allow");
        let callback = format!("http://localhost:{port}/auth/callback?");
        browser.wait("where the provider sends it", |browser| browser.address().starts_with(&callback));
        browser.address()
    };

    // Time is up before somebody agrees: the browser finds nobody.
    let port = free_address().port();
    let home = provider.home(port);
    let before = stored(&home.store("main"));
    let mut signing_in = SigningIn::start(&home, &["--no-browser", "--timeout", "2s"]);
    let address = signing_in.address();
    let (code, stdout, said) = signing_in.end(&provider.tokens);
    assert_eq!((code, stdout.as_str()), (75, ""), "{said}");
    assert!(said.contains("no answer came in time"), "{said}");
    let late = agree_at(&browser, &address, port);

    // The port is taken: the browser ends at another program. That program's page is no answer, its address is; the late one is not.
    let port = other_program();
    let home = provider.home(port);
    let mut signing_in = SigningIn::start(&home, &["--no-browser"]);
    signing_in.hear(|line| line.contains("is taken"));
    let address = signing_in.address();
    signing_in.paste(&format!("{late}\n"));
    signing_in.hear(|line| line.contains("another sign-in"));
    let ended_on = agree_at(&browser, &address, port);
    browser.wait("the other program's page", |browser| browser.count("h1") == 1);
    assert_eq!(browser.text("h1"), "Not yours");
    assert_eq!(stored(&home.store("main")), before);
    assert_eq!(provider.tokens.calls(), 0, "nothing was redeemed");
    signing_in.paste(&format!("{ended_on}\n"));
    let (code, _, said) = signing_in.end(&provider.tokens);
    assert_eq!(code, 0, "{said}");
    assert_eq!((&login(&home)["accountId"], provider.tokens.calls()), (&json!("acct-1"), 1));

    // The browser is on another machine, where nothing listens. Of the address it ends on, the code alone is pasted.
    let elsewhere = Browser::elsewhere();
    let port = free_address().port();
    let home = provider.home(port);
    let mut signing_in = SigningIn::start(&home, &["--no-browser"]);
    let ended_on = agree_at(&elsewhere, &signing_in.address(), port);
    assert_eq!(login(&home), Value::Null, "the answer did not come by itself");
    let code = ended_on.split("code=").nth(1).unwrap().split('&').next().unwrap();
    signing_in.paste(&format!("{code}\n"));
    let (code, _, said) = signing_in.end(&provider.tokens);
    assert_eq!(code, 0, "{said}");
    assert_eq!((&login(&home)["accountId"], provider.tokens.calls()), (&json!("acct-1"), 2));
}
