//! A real browser, driven over the W3C's `WebDriver` protocol: as much of it as the page's tests need.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The key of an element's reference in answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Nothing on the page takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser with a profile of its own; it is closed when this is dropped.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: TempDir,
}

impl Browser {
    pub(crate) fn open() -> Self {
        Self::start(true, &[])
    }

    /// As on another machine: its `localhost` is not the one of the programs here, and nothing listens there.
    pub(crate) fn elsewhere() -> Self {
        Self::start(true, &["--host-resolver-rules=MAP localhost 127.0.0.2"])
    }

    pub(crate) fn without_javascript() -> Self {
        Self::start(false, &[])
    }

    fn start(javascript: bool, more: &[&str]) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let (driver, port) = driver(profile.path());
        let mut browser = Self { driver, port, session: String::new(), profile };
        let allowed = if javascript { 1 } else { 2 };
        let profile = browser.profile.path().join("profile");
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--window-size=1280,900",
            &format!("--user-data-dir={}", profile.display()),
        ];
        let arguments = [&arguments[..], more].concat();
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "timeouts": { "script": 60_000 },
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "args": arguments,
                "prefs": { "profile.managed_default_content_settings.javascript": allowed },
            },
        } } });
        let session = browser.ask("POST", "/session", Some(&capabilities));
        session["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        browser
    }

    /// One exchange with the driver; what it reports as an error is one.
    fn try_ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        )
        .map_err(|error| error.to_string())?;
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).map_err(|error| error.to_string())?;
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).map_err(|error| error.to_string())?;
        let mut answer: Value = serde_json::from_slice(&answer).map_err(|error| error.to_string())?;
        let value = answer["value"].take();
        match value.get("error") {
            Some(_) => Err(format!("{method} {path}: {}: {}", value["error"], value["message"])),
            None => Ok(value),
        }
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        self.try_ask(method, path, body).unwrap_or_else(|error| panic!("{error}"))
    }

    fn command(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        self.ask(method, &format!("/session/{}{path}", self.session), body)
    }

    pub(crate) fn go(&self, address: &str) {
        self.command("POST", "/url", Some(&json!({ "url": address })));
    }

    pub(crate) fn address(&self) -> String {
        self.command("GET", "/url", None).as_str().unwrap().to_owned()
    }

    pub(crate) fn title(&self) -> String {
        self.command("GET", "/title", None).as_str().unwrap().to_owned()
    }

    /// Runs a function's body in the page.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.command("POST", "/execute/sync", Some(&json!({ "script": script, "args": [] })))
    }

    /// Runs the body of an asynchronous function in the page.
    pub(crate) fn run_async(&self, script: &str) -> Value {
        let script = format!(
            "const done = arguments[0]; (async () => {{ {script} }})().then(done, (error) => done({{ failed: String(error) }}));"
        );
        self.command("POST", "/execute/async", Some(&json!({ "script": script, "args": [] })))
    }

    fn elements(&self, css: &str) -> Vec<String> {
        let found =
            self.command("POST", "/elements", Some(&json!({ "using": "css selector", "value": css })));
        found
            .as_array()
            .unwrap()
            .iter()
            .map(|element| element[ELEMENT].as_str().unwrap().to_owned())
            .collect()
    }

    fn element(&self, css: &str) -> String {
        self.elements(css).into_iter().next().unwrap_or_else(|| panic!("no {css} on {}", self.address()))
    }

    /// The texts of all elements that a selector finds, as rendered.
    pub(crate) fn texts(&self, css: &str) -> Vec<String> {
        let text = |element: &String| {
            let path = format!("/session/{}/element/{element}/text", self.session);
            self.try_ask("GET", &path, None).map(|text| text.as_str().unwrap().to_owned())
        };
        // The page may change between the question which elements there are and what they say.
        for _ in 0..100 {
            match self.elements(css).iter().map(text).collect() {
                Ok(texts) => return texts,
                Err(error) => assert!(error.contains("stale element"), "{error}"),
            }
        }
        panic!("{css} never holds still");
    }

    /// The text of the first element that a selector finds.
    pub(crate) fn text(&self, css: &str) -> String {
        self.texts(css).into_iter().next().unwrap_or_else(|| panic!("no {css} on {}", self.address()))
    }

    pub(crate) fn count(&self, css: &str) -> usize {
        self.elements(css).len()
    }

    pub(crate) fn click(&self, css: &str) {
        let element = self.element(css);
        self.command("POST", &format!("/element/{element}/click"), Some(&json!({})));
    }

    pub(crate) fn type_into(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.command("POST", &format!("/element/{element}/value"), Some(&json!({ "text": text })));
    }

    /// Presses and releases a key, wherever the focus is.
    pub(crate) fn press(&self, key: char) {
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": [
            { "type": "keyDown", "value": key }, { "type": "keyUp", "value": key },
        ] }] });
        self.command("POST", "/actions", Some(&actions));
    }

    /// Speaks to the browser itself.
    pub(crate) fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.command("POST", "/goog/cdp/execute", Some(&json!({ "cmd": command, "params": parameters })))
    }

    /// Makes the page as wide as a phone's or a desktop's screen.
    pub(crate) fn width(&self, width: u32) {
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// `light` or `dark`.
    pub(crate) fn scheme(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", &features);
    }

    /// What the console says since the last time it was asked.
    pub(crate) fn console(&self) -> Vec<Value> {
        self.command("POST", "/se/log", Some(&json!({ "type": "browser" }))).as_array().unwrap().clone()
    }

    /// Waits until something holds.
    pub(crate) fn wait(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            assert!(start.elapsed() < PATIENCE, "not so in time: {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A driver, and the port it has chosen. It wants the same one for IPv4 and IPv6 and gives up where the second is taken, which happens
/// where many programs choose ports; then the next one is tried.
fn driver(home: &Path) -> (Child, u16) {
    let mut said = Vec::new();
    for _ in 0..8 {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .env("HOME", home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("chromedriver ({error}): install Debian's packages chromium and chromium-driver")
            });
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let (say, hear) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // Nobody listens once the port is known.
                let _: Result<(), mpsc::SendError<String>> = say.send(line);
            }
        });
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) = hear.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            let port = line.split("successfully on port ").nth(1);
            if let Some(port) = port.and_then(|port| port.trim_end_matches('.').parse().ok()) {
                return (driver, port);
            }
            said.push(line);
        }
        driver.kill().unwrap();
        driver.wait().unwrap();
    }
    panic!("chromedriver does not start: {said:#?}")
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            // Closes the browser; without it the driver would leave it behind.
            let _ = self.try_ask("DELETE", &format!("/session/{}", self.session), None);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
