//! A token endpoint as OpenAI runs one: refresh tokens are good for one use, using one again is noticed and ends the login.
//!
//! It checks what it is asked, and fails on demand in every way a provider or a network can.

use std::collections::HashMap;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine;

use crate::support::http::Received;

/// What goes wrong with the next requests.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// An answer of its own: status, further headers, body.
    Answer(u16, &'static str, String),
    /// The token is spent, and no answer comes.
    Hang,
    /// The connection is closed once the request is there, before the token is spent.
    Reset,
    /// The right answer, a byte at a time.
    Slow,
    /// The right answer, and ten megabytes behind it.
    Huge,
    /// The right answer, and the connection breaks before the bytes that were to come behind it.
    CutBehind,
    /// The right answer in a chunk, and the connection breaks before the last one.
    Unchunked,
    /// Half of the right answer.
    CutWithin,
}

#[derive(Default)]
struct State {
    /// Refresh token -> login. A token that was used maps to the empty name of a spent one.
    tokens: HashMap<String, String>,
    spent: HashMap<String, String>,
    /// Codes of sign-ins that can be redeemed once, with the challenge the verifier has to fit (none where it is not known here).
    codes: HashMap<String, Option<String>>,
    counter: usize,
    calls: usize,
    reuses: usize,
    fault: Option<Fault>,
    /// Fields left out of answers, or put in.
    omit_refresh: bool,
    access: Option<String>,
    expires_in: Option<u64>,
    requests: Vec<(String, HashMap<String, String>)>,
    answered: Option<SystemTime>,
}

/// The server; it ends with the test.
pub(crate) struct TokenServer {
    address: std::net::SocketAddr,
    state: Arc<Mutex<State>>,
}

impl TokenServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { expires_in: Some(3600), ..State::default() }));
        std::thread::spawn({
            let state = Arc::clone(&state);
            move || {
                for stream in listener.incoming().flatten() {
                    let state = Arc::clone(&state);
                    std::thread::spawn(move || serve(stream, &state));
                }
            }
        });
        Self { address, state }
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/oauth/token", self.address)
    }

    /// A configuration that sends these providers here.
    pub(crate) fn config(&self, providers: &[&str]) -> String {
        let section = |provider: &&str| {
            format!(
                "[refresh.providers.{provider}]\ntoken_url = \"{}\"\nclient_id = \"test-client\"\n",
                self.url()
            )
        };
        providers.iter().map(section).collect()
    }

    /// Signs a login in: a refresh token that is good for one use.
    pub(crate) fn sign_in(&self, login: &str) -> String {
        let mut state = self.state.lock().unwrap();
        state.issue(login)
    }

    /// A person has signed in: the code the browser would bring.
    pub(crate) fn code(&self, code: &str) -> String {
        self.state.lock().unwrap().codes.insert(code.to_owned(), None);
        code.to_owned()
    }

    /// The same with the challenge that came with the request.
    pub(crate) fn challenged_code(&self, code: &str, challenge: &str) {
        self.state.lock().unwrap().codes.insert(code.to_owned(), Some(challenge.to_owned()));
    }

    pub(crate) fn fail(&self, fault: Fault) {
        self.state.lock().unwrap().fault = Some(fault);
    }

    pub(crate) fn recover(&self) {
        self.state.lock().unwrap().fault = None;
    }

    pub(crate) fn omit_refresh(&self) {
        self.state.lock().unwrap().omit_refresh = true;
    }

    /// The next access tokens are this one.
    pub(crate) fn access(&self, token: &str) {
        self.state.lock().unwrap().access = Some(token.to_owned());
    }

    pub(crate) fn expires_in(&self, seconds: Option<u64>) {
        self.state.lock().unwrap().expires_in = seconds;
    }

    pub(crate) fn calls(&self) -> usize {
        self.state.lock().unwrap().calls
    }

    pub(crate) fn reuses(&self) -> usize {
        self.state.lock().unwrap().reuses
    }

    pub(crate) fn is_good(&self, refresh_token: &str) -> bool {
        self.state.lock().unwrap().tokens.contains_key(refresh_token)
    }

    /// What was asked: content type and fields.
    pub(crate) fn requests(&self) -> Vec<(String, HashMap<String, String>)> {
        self.state.lock().unwrap().requests.clone()
    }

    /// When the last answer was on its way.
    pub(crate) fn answered(&self) -> Option<SystemTime> {
        self.state.lock().unwrap().answered
    }
}

impl State {
    fn issue(&mut self, login: &str) -> String {
        self.counter += 1;
        let token = format!("canary-refresh-{login}-{}", self.counter);
        self.tokens.insert(token.clone(), login.to_owned());
        token
    }

    /// Redeems a code: once, and only for whom it was made.
    fn redeem(&mut self, fields: &HashMap<String, String>) -> (u16, String) {
        let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        let verifier = ring::digest::digest(&ring::digest::SHA256, field("code_verifier").as_bytes());
        let shown = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(verifier);
        let fits = self
            .codes
            .remove(field("code"))
            .is_some_and(|challenge| challenge.is_none_or(|challenge| challenge == shown));
        if !fits || field("redirect_uri").is_empty() || !(43..=128).contains(&field("code_verifier").len()) {
            return (
                400,
                r#"{"error":"invalid_grant","error_description":"canary-code is no code"}"#.to_owned(),
            );
        }
        let access = self.access.clone().unwrap_or_else(|| "canary-access-signed-in".to_owned());
        let refresh = self.issue("signed-in");
        let answer = serde_json::json!({ "access_token": access, "refresh_token": refresh, "expires_in": self.expires_in, "token_type": "Bearer" });
        (200, answer.to_string())
    }

    /// Spends a token; the answer's status and body.
    fn spend(&mut self, token: &str) -> (u16, String) {
        if let Some(login) = self.spent.get(token).cloned() {
            self.reuses += 1;
            // Reuse looks like theft: every token of the login dies.
            self.tokens.retain(|_, other| *other != login);
            return (401, r#"{"error":{"code":"refresh_token_reused","message":"already used"}}"#.to_owned());
        }
        let Some(login) = self.tokens.remove(token) else {
            return (400, r#"{"error":"invalid_grant"}"#.to_owned());
        };
        let access = self.access.clone().unwrap_or_else(|| format!("canary-access-{}", self.counter));
        let mut answer = serde_json::json!({ "access_token": access, "token_type": "Bearer" });
        if let Some(seconds) = self.expires_in {
            answer["expires_in"] = seconds.into();
        }
        if self.omit_refresh {
            self.tokens.insert(token.to_owned(), login);
        } else {
            self.spent.insert(token.to_owned(), login.clone());
            answer["refresh_token"] = self.issue(&login).into();
        }
        (200, answer.to_string())
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let Some((content_type, fields)) = request(&mut stream) else { return };
    let (fault, (status, body)) = {
        let mut state = state.lock().unwrap();
        state.calls += 1;
        state.requests.push((content_type, fields.clone()));
        let grant = fields.get("grant_type").map(String::as_str);
        assert!(matches!(grant, Some("refresh_token" | "authorization_code")), "{fields:?}");
        let fault = state.fault.clone();
        let answer = match &fault {
            Some(Fault::Answer(status, _, body)) => (*status, body.clone()),
            Some(Fault::Reset) => return,
            _ if grant == Some("authorization_code") => state.redeem(&fields),
            _ => state.spend(fields.get("refresh_token").map(String::as_str).unwrap_or_default()),
        };
        (fault, answer)
    };
    let headers = match &fault {
        Some(Fault::Answer(_, headers, _)) => *headers,
        _ => "Content-Type: application/json\r\n",
    };
    let padding = if matches!(fault, Some(Fault::Huge)) { 10_000_000 } else { 0 };
    let promised = if matches!(fault, Some(Fault::CutBehind)) { 9 } else { padding };
    let (framing, body) = match fault {
        Some(Fault::Unchunked) => {
            ("Transfer-Encoding: chunked".to_owned(), format!("{:x}\r\n{body}\r\n", body.len()))
        }
        _ => (format!("Content-Length: {}", body.len() + promised), body),
    };
    let head = format!("HTTP/1.1 {status} X\r\n{headers}{framing}\r\nConnection: close\r\n\r\n");
    match fault {
        Some(Fault::CutWithin) => {
            let _ = stream.write_all((head + &body[..body.len() / 2]).as_bytes());
        }
        Some(Fault::Hang) => std::thread::sleep(Duration::from_secs(3600)),
        Some(Fault::Slow) => {
            for byte in (head + &body).into_bytes() {
                if stream.write_all(&[byte]).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        _ => {
            let _ = stream.write_all((head + &body).as_bytes());
            if padding > 0 {
                let _ = stream.write_all(&vec![b' '; padding]);
            }
            state.lock().unwrap().answered = Some(SystemTime::now());
        }
    }
}

/// Reads a request: its content type and its fields.
fn request(stream: &mut TcpStream) -> Option<(String, HashMap<String, String>)> {
    let received = Received::read(stream)?;
    let content_type = received.header("content-type").unwrap_or_default().to_owned();
    let fields = if content_type == "application/json" {
        serde_json::from_str(&received.body).unwrap_or_default()
    } else {
        form_urlencoded::parse(received.body.as_bytes()).into_owned().collect()
    };
    Some((content_type, fields))
}
