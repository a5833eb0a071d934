//! `authwatch probe`: checks a running daemon's health, for images that hold no other program.
//!
//! HTTP is spoken by hand, because a probe asks the process beside it: no proxy, no TLS, and no certificates to load.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use clap::Args;
use openclaw_auth::model::Span;

use crate::clock;
use crate::commands::context::GlobalArgs;
use crate::config::Config;
use crate::exit::{self, Failure};
use crate::terminal;

#[derive(Debug, Args)]
pub struct ProbeArgs {
    /// The address to check, such as 127.0.0.1:10979 or localhost:10979/readyz [default: /healthz of the
    /// daemon that runs with this configuration]
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// How long an answer may take
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = clock::duration)]
    timeout: Span,
}

pub fn run(global: &GlobalArgs, args: &ProbeArgs) -> Result<u8, Failure> {
    let target = if let Some(url) = &args.url {
        ProbeTarget::parse(url).map_err(|error| refused(&error, exit::USAGE))?
    } else {
        let watch = Config::load(global.config.as_deref())?.watch;
        let listen = watch.health_listen.unwrap_or(watch.listen);
        ProbeTarget::of_listener(&listen).map_err(|error| refused(&error, exit::CONFIGURATION))?
    };
    let timeout = args.timeout.to_std().max(Duration::from_millis(1));
    let answer = ask(&target, timeout).map_err(|error| {
        Failure::new(exit::UNWELL, format!("{target} is unhealthy"))
            .caused_by(error)
            .hint("is `authwatch watch` running, and does it listen there without TLS?")
    })?;
    match answer.status {
        200..300 => {
            terminal::print(format!("{target} {}\n", answer.text).as_bytes())?;
            Ok(exit::OK)
        }
        401 => Err(Failure::new(exit::UNWELL, format!("{target} requires a password or token"))
            .hint("set watch.health_listen for probes without authentication")),
        status => Err(Failure::new(exit::UNWELL, format!("{target} is unhealthy: {status} {}", answer.text))),
    }
}

fn refused(error: &TargetError, code: u8) -> Failure {
    let hint = match error {
        TargetError::Tls(_) => "set watch.health_listen for probes without TLS",
        TargetError::Form(_) => {
            "give an address and a port, such as 127.0.0.1:10979 or http://127.0.0.1:10979/readyz"
        }
    };
    Failure::new(code, error.to_string()).hint(hint)
}

const DEFAULT_PATH: &str = "/healthz";
/// No more of an answer is read: the status and a short text are at its start.
const MAX_BYTES: u64 = 4096;

#[derive(Clone, Debug, PartialEq, Eq)]
struct ProbeTarget {
    host: String,
    path: String,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum TargetError {
    #[error("`{0}` asks for TLS, which probes do not speak")]
    Tls(String),
    #[error("`{0}` is not an address to ask")]
    Form(String),
}

#[derive(Debug, thiserror::Error)]
enum ProbeError {
    #[error("no answer")]
    Connection(#[from] io::Error),
    #[error("the other side does not speak HTTP")]
    NotHttp,
}

#[derive(Debug, PartialEq, Eq)]
struct ProbeReport {
    status: u16,
    /// The first line of the body, bounded and without control characters.
    text: String,
}

impl ProbeTarget {
    /// Reads `http://HOST:PORT/PATH`, or less of it: the scheme and the path may be left out.
    fn parse(text: &str) -> Result<Self, TargetError> {
        if text.starts_with("https://") {
            return Err(TargetError::Tls(text.to_owned()));
        }
        let rest = text.strip_prefix("http://").unwrap_or(text);
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let port = host
            .rsplit_once(':')
            .and_then(|(name, port)| (!name.is_empty()).then(|| port.parse::<u16>().ok()).flatten());
        // What is sent as it stands must not be able to end its line.
        let is_plain = rest.bytes().all(|byte| byte.is_ascii_graphic());
        if port.is_none() || !is_plain {
            return Err(TargetError::Form(text.to_owned()));
        }
        let path = if matches!(path, "" | "/") { DEFAULT_PATH } else { path };
        Ok(Self { host: host.to_owned(), path: path.to_owned() })
    }

    /// The daemon that listens on this address. One that listens everywhere is asked on loopback.
    fn of_listener(listen: &str) -> Result<Self, TargetError> {
        let Ok(mut address) = listen.parse::<SocketAddr>() else { return Self::parse(listen) };
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        Self::parse(&address.to_string())
    }
}

impl fmt::Display for ProbeTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "http://{}{}", self.host, self.path)
    }
}

/// Asks the daemon. Takes no longer than `timeout`, however slowly it answers.
fn ask(target: &ProbeTarget, timeout: Duration) -> Result<ProbeReport, ProbeError> {
    let said = exchange(target, timeout)?;
    read(&String::from_utf8_lossy(&said)).ok_or(ProbeError::NotHttp)
}

fn exchange(target: &ProbeTarget, timeout: Duration) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + timeout;
    let left = || {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    };
    let mut stream = connect(target, &left)?;
    stream.set_write_timeout(Some(left()?))?;
    let ProbeTarget { host, path } = target;
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let (mut said, mut chunk) = (Vec::new(), [0; 512]);
    loop {
        stream.set_read_timeout(Some(left()?))?;
        match stream.read(&mut chunk) {
            Ok(0) => return Ok(said),
            Ok(count) => said.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The system's word for a read that took too long is "would block".
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            Err(error) => return Err(error),
        }
        if said.len() as u64 >= MAX_BYTES {
            return Ok(said);
        }
    }
}

fn connect(target: &ProbeTarget, left: &impl Fn() -> io::Result<Duration>) -> io::Result<TcpStream> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for address in target.host.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, left()?) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn read(said: &str) -> Option<ProbeReport> {
    let (head, body) = said.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
    let line = body.lines().next().unwrap_or_default();
    let text = line.chars().filter(|character| !character.is_control()).take(120).collect();
    Some(ProbeReport { status, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_in_every_form() {
        for (text, shown) in [
            ("127.0.0.1:10979", "http://127.0.0.1:10979/healthz"),
            ("http://127.0.0.1:10979", "http://127.0.0.1:10979/healthz"),
            ("http://localhost:1/readyz", "http://localhost:1/readyz"),
            ("[::1]:10979/readyz", "http://[::1]:10979/readyz"),
        ] {
            assert_eq!(ProbeTarget::parse(text).unwrap().to_string(), shown);
        }
        for text in ["", "localhost", ":1", "a:b", "a:1/x y", "a:1/\r\nX: y", "http://", "a:70000"] {
            assert_eq!(ProbeTarget::parse(text), Err(TargetError::Form(text.to_owned())), "{text}");
        }
        assert!(matches!(ProbeTarget::parse("https://a:1/"), Err(TargetError::Tls(_))));
    }

    #[test]
    fn who_listens_everywhere_is_asked_on_loopback() {
        for (listen, shown) in [
            ("0.0.0.0:10979", "http://127.0.0.1:10979/healthz"),
            ("[::]:10979", "http://[::1]:10979/healthz"),
            ("10.1.2.3:10979", "http://10.1.2.3:10979/healthz"),
        ] {
            assert_eq!(ProbeTarget::of_listener(listen).unwrap().to_string(), shown);
        }
    }
}
