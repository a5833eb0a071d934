//! One question to a running daemon: does it answer, and with what? For health checks in images that hold nothing else.
//!
//! Spoken by hand, for a probe asks the process next to it: no proxy, no TLS, no roots to load.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// What is asked for where nothing else is said.
pub const DEFAULT_PATH: &str = "/healthz";
/// No more of an answer is read. The status is on its first line, and what probes are told is shorter than a line.
const MOST_BYTES: u64 = 4096;

/// Whom to ask for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeTarget {
    host: String,
    path: String,
}

/// Why a target cannot be asked.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// TLS is not spoken here.
    #[error("`{0}` asks for TLS, which probes do not speak")]
    Tls(String),
    #[error("`{0}` is no address to ask")]
    Form(String),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Nobody listens, or the connection broke.
    #[error("no answer")]
    Connection(#[from] io::Error),
    #[error("what answers does not speak HTTP")]
    NotHttp,
}

#[derive(Debug, PartialEq, Eq)]
pub struct ProbeReport {
    pub status: u16,
    /// The first line of the body, bounded and without control characters.
    pub text: String,
}

impl ProbeTarget {
    /// Reads `http://HOST:PORT/PATH`, or less of it: the scheme and the path may be left out.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
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
    pub fn of_listener(listen: &str) -> Result<Self, TargetError> {
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

/// Asks. Takes no longer than `timeout`, however slowly the other side speaks.
pub fn ask(target: &ProbeTarget, timeout: Duration) -> Result<ProbeReport, ProbeError> {
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
        if said.len() as u64 >= MOST_BYTES {
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
