//! A token endpoint for the demo: it issues tokens that live for a minute and a half to whoever asks on this machine.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use openclaw_auth::random;

use crate::config::{ProviderConfig, RefreshConfig};

/// How long its tokens live, in seconds.
const LIFETIME: u64 = 90;

/// The endpoint; it ends with the process.
#[derive(Clone, Copy, Debug)]
pub struct TokenEndpoint {
    address: SocketAddr,
}

impl TokenEndpoint {
    /// Starts it on a free port of loopback.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Err(error) = answer(stream) {
                    tracing::debug!("the demo's token endpoint: {error}");
                }
            }
        });
        Ok(Self { address })
    }

    /// A configuration that sends the demo's providers here. One has no endpoint, to show what failing looks like.
    #[must_use]
    pub fn config(&self) -> RefreshConfig {
        let here = ProviderConfig {
            token_url: Some(format!("http://{}/token", self.address)),
            client_id: Some("demo".to_owned()),
            ..ProviderConfig::default()
        };
        let providers =
            ["openai-codex", "xai", "anthropic"].map(|provider| (provider.to_owned(), here.clone()));
        RefreshConfig { providers: providers.into_iter().collect(), ..RefreshConfig::default() }
    }
}

fn answer(stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
    let token = random::word();
    let body = format!(
        r#"{{"access_token":"demo-access-{token}","refresh_token":"demo-refresh-{token}","expires_in":{LIFETIME}}}"#
    );
    let mut stream = reader.into_inner();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
