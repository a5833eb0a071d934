//! A provider people sign in to, and `authwatch auth login` under way.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::{Value, json};

use crate::support::home::{Home, stored};
use crate::support::token_server::TokenServer;

pub(crate) const ID: &str = "openai-codex:default";
const PATIENCE: Duration = Duration::from_secs(30);

/// A provider: a page that people agree on, and a token endpoint that wants the proof of it.
pub(crate) struct Provider {
    pub(crate) tokens: std::sync::Arc<TokenServer>,
    address: std::net::SocketAddr,
}

impl Provider {
    pub(crate) fn start() -> Self {
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

    pub(crate) fn home(&self, redirect: u16) -> Home {
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
pub(crate) fn agree(address: &str) -> String {
    let page = get(address);
    let at = page.find("id=\"allow\" href=\"").unwrap() + "id=\"allow\" href=\"".len();
    page[at..].split('"').next().unwrap().replace("&amp;", "&")
}

pub(crate) fn access(account: &str, email: &str) -> String {
    let claims = json!({ "exp": 4_000_000_000_u64, "https://api.openai.com/auth": { "chatgpt_account_id": account }, "email": email, "x": "??>>" });
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims.to_string());
    format!("canaryhead.{claims}.canarysig")
}

pub(crate) fn get(address: &str) -> String {
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

/// A sign-in under way.
pub(crate) struct SigningIn {
    child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
    said: String,
}

impl SigningIn {
    pub(crate) fn start(home: &Home, more: &[&str]) -> Self {
        Self::to("openai-codex", home, more)
    }

    pub(crate) fn to(provider: &str, home: &Home, more: &[&str]) -> Self {
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
    pub(crate) fn hear(&mut self, what: impl Fn(&str) -> bool) -> String {
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
    pub(crate) fn address(&mut self) -> String {
        let address = self.hear(|line| line.starts_with("http://"));
        self.hear(|line| line.contains("Enter"));
        address
    }

    pub(crate) fn paste(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits for its end: exit code and standard output. Nothing it said may be a secret.
    pub(crate) fn end(mut self, tokens: &TokenServer) -> (i32, String, String) {
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

pub(crate) fn login(home: &Home) -> Value {
    stored(&home.store("main"))["profiles"][ID].clone()
}
