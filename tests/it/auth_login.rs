//! `authwatch auth login`: PKCE against a provider that checks it, through a real browser and by hand.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::{Value, json};

use crate::pty::Terminal;
use crate::refresh::stored;
use crate::support::Home;
use crate::token_server::TokenServer;

const ID: &str = "openai-codex:default";
const PATIENCE: Duration = Duration::from_secs(30);

/// A provider: a page that people agree on, and a token endpoint that wants the proof of it.
struct Provider {
    tokens: std::sync::Arc<TokenServer>,
    address: std::net::SocketAddr,
}

impl Provider {
    fn start() -> Self {
        let tokens = std::sync::Arc::new(TokenServer::start());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = std::sync::Arc::clone(&tokens);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let tokens = std::sync::Arc::clone(&shared);
                std::thread::spawn(move || authorize(stream, &tokens));
            }
        });
        tokens.access(&access("acct-1", "canary-a@x.org"));
        Self { tokens, address }
    }

    fn home(&self, redirect: u16) -> Home {
        let config = format!(
            "{}authorize_url = \"http://{}/authorize\"\nredirect_url = \"http://localhost:{redirect}/auth/callback\"\n",
            self.tokens.config(&["openai-codex"]),
            self.address
        );
        Home::new()
            .file(".config/authwatch/config.toml", config)
            .profiles("main", &json!({ "x:a": { "type": "api_key", "provider": "x", "key": "canary-key" } }))
    }
}

/// Agrees as a browser would, without one: the address it would end on.
fn agree(address: &str) -> String {
    let page = get(address);
    let at = page.find("id=\"allow\" href=\"").unwrap() + "id=\"allow\" href=\"".len();
    page[at..].split('"').next().unwrap().replace("&amp;", "&")
}

fn access(account: &str, email: &str) -> String {
    let claims = json!({ "exp": 4_000_000_000_u64, "https://api.openai.com/auth": { "chatgpt_account_id": account }, "email": email, "x": "??>>" });
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims.to_string());
    format!("canaryhead.{claims}.canarysig")
}

fn get(address: &str) -> String {
    let rest = address.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1")).unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The page on which people agree. It refuses what is no proper request.
fn authorize(mut stream: TcpStream, tokens: &TokenServer) {
    // The whole head: closing a connection with something unread in it resets it.
    let head: Vec<String> =
        BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let Some(line) = head.first() else { return };
    let query =
        line.split(' ').nth(1).and_then(|target| target.strip_prefix("/authorize?")).unwrap_or_default();
    let fields: std::collections::HashMap<String, String> =
        form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let proper = field("response_type") == "code"
        && field("code_challenge_method") == "S256"
        && field("code_challenge").len() == 43
        && field("client_id") == "test-client"
        && field("state").len() >= 22
        && field("scope").contains("offline_access");
    let (redirect, state) = (field("redirect_uri"), field("state"));
    let code = format!("canary-code-{}", &field("code_challenge").get(..8).unwrap_or_default());
    let body = if proper {
        tokens.challenged_code(&code, &field("code_challenge"));
        format!(
            "<a id=\"allow\" href=\"{redirect}?code={code}&amp;state={state}\">Allow</a> \
             <a id=\"deny\" href=\"{redirect}?error=access_denied&amp;error_description=No+thanks&amp;state={state}\">Deny</a> \
             <a id=\"wrong\" href=\"{redirect}?code={code}&amp;state=somebody-elses\">Wrong</a>"
        )
    } else {
        "<h1>Bad request</h1>".to_owned()
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    let _ = stream.write_all((head + &body).as_bytes());
}

/// A port that is free, or was a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A sign-in under way.
struct SigningIn {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
    said: String,
}

impl SigningIn {
    fn start(home: &Home, more: &[&str]) -> Self {
        Self::to("openai-codex", home, more)
    }

    fn to(provider: &str, home: &Home, more: &[&str]) -> Self {
        let arguments = [&["auth", "login", "--provider", provider, "--log-level", "trace"], more].concat();
        let mut command = home.command(&arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (line, lines) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|said| line.send(said)));
        Self { stdin: child.stdin.take(), child, lines, said: String::new() }
    }

    /// Waits for a line; what it says.
    fn hear(&mut self, what: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let line = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("not heard in time:\n{}", self.said));
            self.said += &format!("{line}\n");
            if what(&line) {
                return line;
            }
        }
    }

    /// The address it shows, once it listens to answers.
    fn address(&mut self) -> String {
        let address = self.hear(|line| line.starts_with("http://"));
        self.hear(|line| line.contains("Enter"));
        address
    }

    fn paste(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits for its end: exit code and standard output. Nothing it said may be a secret.
    fn end(mut self, tokens: &TokenServer) -> (i32, String, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "it does not end:\n{}", self.said);
            std::thread::sleep(Duration::from_millis(10));
        };
        self.said.extend(self.lines.iter().map(|line| line + "\n"));
        let stdout = std::io::read_to_string(self.child.stdout.take().unwrap()).unwrap();
        let all = format!("{stdout}{}", self.said);
        for (_, fields) in tokens.requests() {
            let verifier = &fields["code_verifier"];
            assert!(!all.contains(verifier.as_str()) && !all.contains(&fields["code"]), "{all}");
        }
        let shown = all.replace("canary-a@x.org", "").replace("canary-b@x.org", "");
        assert!(!shown.contains("canary"), "a secret is said:\n{all}");
        (status.code().unwrap_or(-1), stdout, self.said)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // Every request for a token was one a provider can take.
        for (content_type, fields) in self.tokens.requests() {
            assert_eq!(
                (content_type.as_str(), fields["grant_type"].as_str()),
                ("application/x-www-form-urlencoded", "authorization_code")
            );
            assert_eq!(fields["client_id"], "test-client");
        }
    }
}

fn login(home: &Home) -> Value {
    stored(&home.store("main"))["profiles"][ID].clone()
}

#[cfg(feature = "sqlite")]
#[test]
fn a_real_browser_brings_the_code_the_refusal_and_nobody_elses_answer() {
    use std::os::unix::fs::PermissionsExt;

    use crate::refresh::now;
    use crate::webdriver::Browser;

    let provider = Provider::start();
    let home = provider.home(free_port());
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
    let expires = stored["expires"].as_u64().unwrap();
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
#[cfg(feature = "sqlite")]
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

#[cfg(feature = "sqlite")]
#[test]
fn what_a_real_browser_ends_on_is_pasted_but_not_when_time_is_up() {
    use crate::webdriver::Browser;

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
    let port = free_port();
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
    let port = free_port();
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

#[test]
fn where_the_port_is_taken_the_address_is_pasted() {
    let provider = Provider::start();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = provider.home(taken.local_addr().unwrap().port());
    let mut signing_in = SigningIn::start(&home, &["--no-browser"]);
    signing_in.hear(|line| line.contains("is taken"));
    let address = signing_in.address();
    let ended_on = agree(&address);
    // First another sign-in's, then nonsense, then the right one, cut at a line break as terminals do.
    signing_in.paste(&ended_on.replace("state=", "state=x"));
    signing_in.paste("\n");
    signing_in.hear(|line| line.contains("another sign-in"));
    signing_in.paste("http://localhost:1455/auth/callback\n");
    signing_in.hear(|line| line.contains("no code in that"));
    let (start, end) = ended_on.split_at(ended_on.len() / 2);
    signing_in.paste(&format!("  {start}\n  {end}\n"));
    let (code, _, said) = signing_in.end(&provider.tokens);
    assert_eq!(code, 0, "{said}");
    assert_eq!(login(&home)["accountId"], "acct-1");
}

#[test]
fn on_a_phone_the_code_is_pasted_hidden() {
    let provider = Provider::start();
    let home = provider.home(free_port());
    let mut terminal =
        Terminal::run(home.command(&["auth", "login", "--provider", "openai-codex", "--no-browser"]), 40);
    terminal.expect("Open this address in a browser:\n\n");
    terminal.expect("press Enter.");
    terminal.until_hidden();
    let address = terminal.text().lines().find(|line| line.starts_with("http://")).unwrap().to_owned();
    let ended_on = agree(&address);
    let code = ended_on.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    terminal.types(&format!("{code}\r"));
    terminal.expect("signed in");
    assert_eq!(terminal.end(), 0, "{}", terminal.text());
    let text = terminal.text();
    assert!(!text.contains(&code), "{text}");
    for line in text.lines().filter(|line| !line.starts_with("http://") && !line.contains('\t')) {
        assert!(line.chars().count() <= 40, "{line:?} in\n{text}");
    }
    assert_eq!(login(&home)["email"], "canary-a@x.org");

    // Ctrl-C, and the terminal is as it was.
    let mut terminal =
        Terminal::run(home.command(&["auth", "login", "--provider", "openai-codex", "--no-browser"]), 40);
    terminal.expect("press Enter.");
    terminal.until_hidden();
    terminal.types("\u{3}");
    terminal.expect("interrupted");
    assert_eq!(terminal.end(), 75);

    // Ctrl-D: nothing will be pasted. The browser is waited for, on a terminal whose Ctrl-C works again.
    let mut terminal =
        Terminal::run(home.command(&["auth", "login", "--provider", "openai-codex", "--no-browser"]), 40);
    terminal.expect("press Enter.");
    terminal.until_hidden();
    terminal.types("\u{4}");
    terminal.until_as_before();
    let address = terminal.text().lines().find(|line| line.starts_with("http://")).unwrap().to_owned();
    get(&agree(&address));
    terminal.expect("signed in");
    assert_eq!(terminal.end(), 0, "{}", terminal.text());
}

#[test]
fn after_the_browsers_answer_a_question_is_answered_on_the_terminal() {
    let provider = Provider::start();
    let home = provider.home(free_port());
    let theirs = json!({ "type": "oauth", "provider": "openai-codex", "access": "a", "refresh": "r", "expires": 1, "email": "other@x.org", "accountId": "acct-9" });
    let mut store = stored(&home.store("main"));
    store["profiles"][ID] = theirs.clone();
    std::fs::write(home.store("main"), store.to_string()).unwrap();
    for (answer, profile) in [("n\r", "openai-codex:canary-a@x.org"), ("y\r", ID)] {
        let arguments = ["auth", "login", "--provider", "openai-codex", "--no-browser"];
        let mut terminal = Terminal::run(home.command(&arguments), 40);
        terminal.expect("press Enter.");
        let address = terminal.text().lines().find(|line| line.starts_with("http://")).unwrap().to_owned();
        get(&agree(&address));
        terminal.expect("holds the login");
        terminal.expect("[y/N] ");
        assert_eq!(login(&home), theirs);
        terminal.types(answer);
        terminal.expect("signed in");
        assert_eq!(terminal.end(), 0, "{}", terminal.text());
        let mut store = stored(&home.store("main"));
        assert_eq!(store["profiles"][profile]["accountId"], "acct-1");
        // The next round has to ask again.
        store["profiles"].as_object_mut().unwrap().remove("openai-codex:canary-a@x.org");
        std::fs::write(home.store("main"), store.to_string()).unwrap();
    }
    assert_eq!(login(&home)["email"], "canary-a@x.org");
}

#[test]
fn nobody_waits_for_ever_and_a_code_is_good_once() {
    let provider = Provider::start();
    let home = provider.home(free_port());
    let before = stored(&home.store("main"));
    let signing_in = SigningIn::start(&home, &["--no-browser", "--timeout", "1s"]);
    let (code, stdout, said) = signing_in.end(&provider.tokens);
    assert_eq!((code, stdout.as_str()), (75, ""), "{said}");
    assert!(said.contains("no answer came in time"), "{said}");

    // A code that was made for somebody else's challenge is not redeemed.
    provider.tokens.challenged_code("canary-stolen", "not-the-challenge");
    let mut signing_in = SigningIn::start(&home, &["--no-browser"]);
    signing_in.address();
    signing_in.paste("canary-stolen\n");
    let (code, _, said) = signing_in.end(&provider.tokens);
    assert_eq!(code, 75, "{said}");
    assert!(said.contains("invalid grant") && said.contains("start again"), "{said}");

    // Nobody can answer: no port, and nothing to read from.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let deaf = provider.home(taken.local_addr().unwrap().port());
    let ran = deaf.run(&["auth", "login", "--provider", "openai-codex"]);
    assert_eq!(ran.code, 75, "{}", ran.stderr);
    assert_eq!(stored(&home.store("main")), before);
}

#[test]
fn another_accounts_login_is_never_replaced_in_silence() {
    let provider = Provider::start();
    let home = provider.home(free_port());
    let sign_in = |more: &[&str]| {
        let mut signing_in = SigningIn::start(&home, &[&["--no-browser"], more].concat());
        let address = signing_in.address();
        signing_in.paste(&(agree(&address) + "\n"));
        // Nobody is there for questions.
        drop(signing_in.stdin.take());
        let (code, stdout, said) = signing_in.end(&provider.tokens);
        (code, stdout, said)
    };
    assert_eq!(sign_in(&[]).0, 0);
    let first = login(&home);
    // The same account again: its login is renewed, what others keep in it stays, and the old one is kept.
    let mut store = stored(&home.store("main"));
    store["profiles"][ID]["unknown"] = json!("kept");
    std::fs::write(home.store("main"), store.to_string()).unwrap();
    let (code, _, said) = sign_in(&[]);
    assert_eq!(code, 0, "{said}");
    let second = login(&home);
    assert!(second["refresh"] != first["refresh"] && second["unknown"] == "kept", "{second}");
    assert!(said.contains("what it replaced is kept"), "{said}");

    provider.tokens.access(&access("acct-2", "canary-b@x.org"));
    let (code, _, said) = sign_in(&["--profile-id", ID]);
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("the login of canary-a@x.org") && said.contains("--yes"), "{said}");
    assert_eq!(login(&home), second);
    // A login that somebody has just signed in to is kept beside it, unless its name was given.
    let (code, stdout, said) = sign_in(&[]);
    assert_eq!(code, 0, "{said}");
    assert!(stdout.starts_with("main\topenai-codex:canary-b@x.org\t"), "{stdout}");
    assert_eq!(login(&home), second);
    let (code, stdout, said) = sign_in(&["--profile-id", "openai-codex:second"]);
    assert_eq!(code, 0, "{said}");
    assert!(stdout.starts_with("main\topenai-codex:second\t"), "{stdout}");
    let (code, _, said) = sign_in(&["--profile-id", ID, "--yes"]);
    assert_eq!((code, &login(&home)["accountId"]), (0, &json!("acct-2")), "{said}");
}

#[test]
fn signing_in_again_mends_the_accounts_own_profile() {
    let provider = Provider::start();
    let home = provider.home(free_port());
    let dead = |account: &str| json!({ "type": "oauth", "provider": "openai-codex", "access": "a", "refresh": "r", "expires": 1, "accountId": account });
    let mut store = stored(&home.store("main"));
    store["profiles"]["openai-codex:mine"] = dead("acct-1");
    store["profiles"]["openai-codex:other"] = dead("acct-2");
    std::fs::write(home.store("main"), store.to_string()).unwrap();
    let mut signing_in = SigningIn::start(&home, &["--no-browser"]);
    let address = signing_in.address();
    signing_in.paste(&(agree(&address) + "\n"));
    let (code, stdout, said) = signing_in.end(&provider.tokens);
    assert_eq!(code, 0, "{said}");
    assert!(stdout.starts_with("main\topenai-codex:mine\tsigned in"), "{stdout}");
    let after = stored(&home.store("main"));
    assert!(after["profiles"]["openai-codex:mine"]["expires"].as_u64().unwrap() > 1);
    assert_eq!(after["profiles"]["openai-codex:other"], store["profiles"]["openai-codex:other"]);
    assert!(after["profiles"][ID].is_null(), "no second profile of one account");
}

#[test]
fn what_cannot_be_stored_is_found_before_anybody_signs_in() {
    let provider = Provider::start();
    let home = provider.home(free_port()).env("AUTHWATCH_TEST_FAIL", "reserve");
    let ran = home.run(&["auth", "login", "--provider", "openai-codex", "--no-browser"]);
    assert_eq!(ran.code, 73, "{}", ran.stderr);
    assert!(!ran.stderr.contains("http://"), "{}", ran.stderr);
    let home = provider.home(free_port());
    for (name, hint) in [
        ("mistral", "authwatch auth paste-api-key --provider mistral --agent main"),
        ("google-gemini-cli", "openclaw models auth login --provider google-gemini-cli --agent main"),
        ("chutes", "[refresh.providers.chutes]"),
    ] {
        let ran = home.run(&["auth", "login", "--provider", name]);
        assert_eq!(ran.code, 78, "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(hint), "{name}: {}", ran.stderr);
    }
    assert_eq!(
        home.run(&["auth", "login", "--provider", "anthropic", "--profile-id", "anthropic:claude-cli"]).code,
        64
    );
    for wrong in ["redirect_url = \"http://example.org:1455/x\"", "authorize_url = \"http://example.org/\""] {
        let home = provider.home(1);
        home.write(".config/authwatch/config.toml", format!("[refresh.providers.openai-codex]\n{wrong}\n"));
        assert_eq!(home.run(&["auth", "login", "--provider", "openai-codex"]).code, 78, "{wrong}");
    }
}

#[test]
fn the_shape_of_the_request_follows_the_provider() {
    let tokens = TokenServer::start();
    let config = tokens.config(&["anthropic", "acme"]).replace(
        "client_id",
        &format!("authorize_url = \"http://127.0.0.1:9/a?b=c\"\nredirect_url = \"http://127.0.0.1:{}/cb\"\nclient_id", free_port()),
    );
    let home = Home::new().file(".config/authwatch/config.toml", config).profiles("main", &json!({}));
    let field = |address: &str, name: &str| {
        let query = address.split_once('?').unwrap().1;
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).unwrap().1.into_owned()
    };
    for (provider, content_type) in
        [("anthropic", "application/json"), ("acme", "application/x-www-form-urlencoded")]
    {
        let mut signing_in = SigningIn::to(provider, &home, &["--no-browser"]);
        let address = signing_in.address();
        assert!(address.starts_with("http://127.0.0.1:9/a?b=c&"), "{address}");
        let state = field(&address, "state");
        // Anthropic's own page shows the code with the state behind it.
        signing_in.paste(&format!("{}#{state}\n", tokens.code(&format!("canary-{provider}"))));
        let (code, stdout, said) = signing_in.end(&tokens);
        assert_eq!(code, 0, "{said}");
        assert!(stdout.starts_with(&format!("main\t{provider}:default\tsigned in")), "{stdout}");
        let (asked_as, fields) = tokens.requests().pop().unwrap();
        assert_eq!(asked_as, content_type);
        assert_eq!(fields.get("state"), (provider == "anthropic").then_some(&state));
        assert_eq!(fields["redirect_uri"], field(&address, "redirect_uri"));
    }
}
