//! TLS and proxies on the way to a token endpoint.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::home::{Home, Ran};
use crate::support::http::head;
use crate::support::renewal::home;
use crate::support::tls::Tls;
use crate::support::token_server::TokenServer;

/// A TLS front before a token server, with a certificate of its own authority.
struct TlsFront {
    port: u16,
    ca_pem: String,
}

impl TlsFront {
    fn start(backend: &TokenServer) -> Self {
        let tls = Tls::of("localhost");
        let ca_pem = tls.ca_pem.clone();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let address = backend.address();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut tls = tls.accept(stream);
                std::thread::spawn(move || {
                    let mut request = vec![0; 16 * 1024];
                    let Ok(read) = tls.read(&mut request) else { return };
                    let mut backend = TcpStream::connect(address).unwrap();
                    backend.write_all(&request[..read]).unwrap();
                    // Head and body may come apart.
                    backend.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
                    let mut answer = Vec::new();
                    while backend.read_to_end(&mut answer).is_err() && answer.is_empty() {
                        let Ok(read) = tls.read(&mut request) else { return };
                        backend.write_all(&request[..read]).unwrap();
                    }
                    let _ = tls.write_all(&answer);
                    tls.conn.send_close_notify();
                    let _ = tls.flush();
                });
            }
        });
        Self { port, ca_pem }
    }

    fn config(&self, more: &str) -> String {
        let port = self.port;
        format!("{more}\n[refresh.providers.openai-codex]\ntoken_url = \"https://localhost:{port}/token\"\n")
    }
}

/// A proxy that takes CONNECT and counts.
fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://user:pass@{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let head = head(&mut client);
            let target = head.strip_prefix("CONNECT ").unwrap().split(' ').next().unwrap().to_owned();
            assert!(head.to_lowercase().contains("proxy-authorization: basic "), "{head}");
            counted.fetch_add(1, Ordering::SeqCst);
            let mut server = TcpStream::connect(target).unwrap();
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            std::thread::spawn(move || std::io::copy(&mut server, &mut client));
        }
    });
    (url, count)
}

fn configured(server: &TokenServer, config: String) -> Home {
    home(server).file(".config/authwatch/config.toml", config)
}

#[test]
fn certificates_must_verify_and_further_roots_can_be_named() {
    let server = TokenServer::start();
    let front = TlsFront::start(&server);
    let ran = configured(&server, front.config("")).run(&["refresh"]);
    assert!(ran.code == 75 && ran.stdout.contains("TLS error"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(server.calls(), 0, "the token has not left the machine");

    let home =
        configured(&server, front.config("[network]\nca_file = \"ca.pem\"\n")).file("ca.pem", &front.ca_pem);
    let ran = home.run(&["refresh"]);
    assert_eq!((ran.code, server.calls()), (0, 1), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn something_else_than_tls_is_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let server = TokenServer::start();
    let config = format!("[refresh.providers.openai-codex]\ntoken_url = \"https://localhost:{port}/\"\n");
    let ran = configured(&server, config).run(&["refresh"]);
    assert!(ran.stdout.contains("(TLS error)"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn proxies_are_used_as_the_environment_says() {
    let server = TokenServer::start();
    let front = TlsFront::start(&server);
    let (url, count) = proxy();
    let home = configured(&server, front.config("[network]\nca_file = \"ca.pem\"\n"))
        .file("ca.pem", &front.ca_pem)
        .env("HTTPS_PROXY", &url);
    let ran = home.run(&["refresh"]);
    let counts = |ran: &Ran| (ran.code, server.calls(), count.load(Ordering::SeqCst));
    assert_eq!(counts(&ran), (0, 1, 1), "{}{}", ran.stdout, ran.stderr);
    let ran = home.env("NO_PROXY", "localhost").run(&["refresh", "--force"]);
    assert_eq!(counts(&ran), (0, 2, 1), "{}{}", ran.stdout, ran.stderr);
}
