//! xAI names its token endpoint in a document of its own. It is fetched before anything is locked: what others write meanwhile
//! is read afterwards.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, mpsc};

use serde_json::json;

use crate::support::home::{Home, stored};
use crate::support::http::head;
use crate::support::renewal::{leftovers, locks};
use crate::support::time::now;
use crate::support::tls::Tls;

/// A proxy that is auth.x.ai itself. Fetching the document waits until the test has done what it wants to do meanwhile.
struct Xai {
    proxy: String,
    ca_pem: String,
    /// Told once the document is asked for.
    asked: mpsc::Receiver<()>,
    /// Lets the document be answered.
    answer: mpsc::Sender<()>,
    /// The forms that were posted to the token endpoint.
    forms: Arc<Mutex<Vec<String>>>,
}

impl Xai {
    fn start() -> Self {
        let tls = Tls::of("auth.x.ai");
        let ca_pem = tls.ca_pem.clone();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = format!("http://{}", listener.local_addr().unwrap());
        let (told, asked) = mpsc::channel();
        let (answer, go_on) = mpsc::channel();
        let forms = Arc::new(Mutex::new(Vec::new()));
        let posted = Arc::clone(&forms);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &tls, &told, &go_on, &posted);
            }
        });
        Self { proxy, ca_pem, asked, answer, forms }
    }

    fn home(&self, refresh: &str) -> Home {
        Home::new()
            .file(".config/authwatch/config.toml", "[network]\nca_file = \"ca.pem\"\n")
            .file("ca.pem", &self.ca_pem)
            .env("HTTPS_PROXY", &self.proxy)
            .profiles("main", &json!({ "xai:default": entry(refresh, now() - 60_000) }))
    }

    /// Runs `refresh` until the document is asked for.
    fn refresh(&self, home: &Home) -> Child {
        let mut command = home.command(&["refresh"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        self.asked.recv().unwrap();
        child
    }
}

fn entry(refresh: &str, expires: i64) -> serde_json::Value {
    json!({ "type": "oauth", "provider": "xai", "access": "old", "refresh": refresh, "expires": expires })
}

fn serve(
    mut stream: TcpStream,
    tls: &Tls,
    told: &mpsc::Sender<()>,
    go_on: &mpsc::Receiver<()>,
    posted: &Mutex<Vec<String>>,
) {
    assert!(head(&mut stream).starts_with("CONNECT auth.x.ai:443 "));
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let mut tls = tls.accept(stream);
    let request = head(&mut tls);
    let body = if request.starts_with("GET /.well-known/openid-configuration ") {
        told.send(()).unwrap();
        go_on.recv().unwrap();
        json!({ "token_endpoint": "https://auth.x.ai/oauth2/token" })
    } else {
        assert!(request.starts_with("POST /oauth2/token "), "{request}");
        let length = request
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        let mut form = vec![0; length.unwrap().parse().unwrap()];
        tls.read_exact(&mut form).unwrap();
        posted.lock().unwrap().push(String::from_utf8(form).unwrap());
        json!({ "access_token": "new-access", "refresh_token": "new-refresh", "expires_in": 3600 })
    };
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = tls.write_all((head + &body).as_bytes());
    tls.conn.send_close_notify();
    let _ = tls.flush();
}

#[test]
fn the_document_is_fetched_before_anything_is_locked() {
    let xai = Xai::start();
    let home = xai.home("old-refresh");
    let child = xai.refresh(&home);
    assert!(locks(&home).is_empty() && leftovers(&home, "main").is_empty(), "nothing is locked");
    xai.answer.send(()).unwrap();
    let ran = crate::support::home::Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(stored(&home.store("main"))["profiles"]["xai:default"]["refresh"], "new-refresh");
    let forms = xai.forms.lock().unwrap().clone();
    assert!(forms.len() == 1 && forms[0].contains("refresh_token=old-refresh"), "{forms:?}");
}

#[test]
fn a_sign_in_meanwhile_is_what_counts() {
    let xai = Xai::start();
    let home = xai.home("old-refresh");
    let child = xai.refresh(&home);
    let mut document = stored(&home.store("main"));
    document["profiles"]["xai:default"] = entry("signed-in", now() + 24 * 3_600_000);
    document["profiles"]["openrouter:new"] =
        json!({ "type": "api_key", "provider": "openrouter", "key": "pasted" });
    std::fs::write(home.store("main"), document.to_string()).unwrap();
    xai.answer.send(()).unwrap();
    let ran = crate::support::home::Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(stored(&home.store("main")), document, "what was written stays");
    assert!(xai.forms.lock().unwrap().is_empty(), "there was nothing left to renew");
}
