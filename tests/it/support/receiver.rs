//! An HTTP server that keeps what it is sent and answers as configured.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::support::http::Received;

/// How requests are answered.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A status, further header lines, a body. `{head}` in the body becomes the request's head.
    With(u16, &'static str, &'static str),
    /// Never.
    Hang,
}

/// The server; it ends with the test.
#[derive(Clone)]
pub(crate) struct Receiver {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    answer: Arc<Mutex<Answer>>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            received: Arc::default(),
            answer: Arc::new(Mutex::new(Answer::With(200, "", "ok"))),
        };
        let server = receiver.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                std::thread::spawn(move || server.serve(stream));
            }
        });
        receiver
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn answer(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// What has come in so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The bodies that came in at a path.
    pub(crate) fn at(&self, path: &str) -> Vec<Value> {
        self.received().iter().filter(|request| request.path == path).map(Received::json).collect()
    }

    pub(crate) fn forget(&self) {
        self.received.lock().unwrap().clear();
    }

    /// Forgets what has come in after so many requests.
    pub(crate) fn drop_from(&self, count: usize) {
        self.received.lock().unwrap().truncate(count);
    }

    fn serve(&self, mut stream: TcpStream) {
        let Some(request) = Received::read(&mut stream) else { return };
        let answer = self.answer.lock().unwrap().clone();
        self.received.lock().unwrap().push(request.clone());
        match answer {
            Answer::With(status, headers, body) => {
                let body = body.replace("{head}", &request.head);
                let length = body.len();
                let text = format!(
                    "HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
                let _ = stream.write_all(text.as_bytes());
            }
            Answer::Hang => std::thread::sleep(std::time::Duration::from_secs(3600)),
        }
    }
}
