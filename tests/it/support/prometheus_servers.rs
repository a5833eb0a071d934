//! Prometheus and Alertmanager, the real ones.

use std::fs;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::http::{ask, free_address};
use crate::support::project::{files, yaml};

/// One of Debian's servers, in a directory of its own; it ends with the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    dir: TempDir,
}

impl Server {
    pub(crate) fn start(
        program: &str,
        package: &str,
        dir: TempDir,
        address: SocketAddr,
        arguments: &[String],
    ) -> Self {
        let log = fs::File::create(dir.path().join("log")).unwrap();
        let child = Command::new(program)
            .args(arguments)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|problem| panic!("cannot run {program} ({problem}): apt-get install {package}"));
        let mut server = Self { child, address, dir };
        server.wait("it is ready", |server| {
            std::net::TcpStream::connect(address).is_ok()
                && ask(server.address, "GET", "/-/ready", &[]).status == 200
        });
        server
    }

    pub(crate) fn wait(&mut self, what: &str, condition: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(90);
        while !condition(self) {
            let log = || fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            assert!(self.child.try_wait().unwrap().is_none(), "{what}: it has ended: {}", log());
            assert!(Instant::now() < deadline, "{what}: not within a minute and a half: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks its interface, which answers in JSON.
    pub(crate) fn api(&self, path: &str) -> Value {
        let answer = ask(self.address, "GET", path, &["Accept-Encoding: identity"]);
        let chunked = answer.header("transfer-encoding").is_some();
        let text = if chunked { unchunked(&answer.text()) } else { answer.text() };
        serde_json::from_str(&text).unwrap_or_else(|problem| panic!("{path}: {problem}: {text}"))
    }

    /// What an expression gives now; or what is wrong with it.
    pub(crate) fn query(&self, expr: &str) -> Result<Vec<Value>, String> {
        let query: String = form_urlencoded::byte_serialize(expr.as_bytes()).collect();
        let answer = self.api(&format!("/api/v1/query?query={query}"));
        if answer["status"] != "success" {
            return Err(answer["error"].to_string());
        }
        Ok(answer["data"]["result"].as_array().cloned().unwrap_or_default())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unchunked(text: &str) -> String {
    let (mut rest, mut whole) = (text, String::new());
    while let Some((size, behind)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        whole += &behind[..size];
        rest = behind[size..].trim_start_matches("\r\n");
    }
    whole
}

/// The rules as they are deployed, but impatient.
fn impatient(mut rules: Value) -> Value {
    for group in rules["groups"].as_array_mut().unwrap() {
        for rule in group["rules"].as_array_mut().unwrap() {
            for wait in ["for", "keep_firing_for"] {
                if rule.get(wait).is_some() {
                    rule[wait] = json!("1s");
                }
            }
        }
    }
    rules
}

/// A Prometheus with the deployed rules that scrapes these, and tells these Alertmanagers.
pub(crate) fn prometheus(scraped: &[SocketAddr], told: &[SocketAddr]) -> Server {
    let (dir, address) = (tempfile::tempdir().unwrap(), free_address());
    let mut names = Vec::new();
    for path in files("deploy/prometheus/rules", &[".yml"]) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // JSON is YAML, too.
        fs::write(dir.path().join(&name), impatient(yaml(&path)).to_string()).unwrap();
        names.push(name);
    }
    let targets = |addresses: &[SocketAddr]| addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>();
    let config = json!({
        "global": { "scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms" },
        "rule_files": names,
        "alerting": { "alertmanagers": [{ "static_configs": [{ "targets": targets(told) }] }] },
        "scrape_configs": [{ "job_name": "authwatch", "static_configs": [{ "targets": targets(scraped) }] }],
    });
    fs::write(dir.path().join("prometheus.yml"), config.to_string()).unwrap();
    let arguments = [
        "--config.file=prometheus.yml".to_owned(),
        "--storage.tsdb.path=data".to_owned(),
        format!("--web.listen-address={address}"),
    ];
    Server::start("prometheus", "prometheus", dir, address, &arguments)
}

/// An Alertmanager, one of a cluster if it has a seat there.
pub(crate) fn alertmanager(config: &Value, cluster: Option<&Seat>) -> Server {
    let (dir, address) = (tempfile::tempdir().unwrap(), free_address());
    fs::write(dir.path().join("alertmanager.yml"), config.to_string()).unwrap();
    let mut arguments = vec![
        "--config.file=alertmanager.yml".to_owned(),
        "--storage.path=data".to_owned(),
        format!("--web.listen-address={address}"),
    ];
    match cluster {
        None => arguments.push("--cluster.listen-address=".to_owned()),
        Some(seat) => arguments.extend([
            format!("--cluster.listen-address={}", seat.own),
            format!("--cluster.peer={}", seat.peer),
            "--cluster.peer-timeout=3s".to_owned(),
        ]),
    }
    Server::start("prometheus-alertmanager", "prometheus-alertmanager", dir, address, &arguments)
}

/// Where members of a cluster talk to each other.
pub(crate) struct Seat {
    pub(crate) own: SocketAddr,
    pub(crate) peer: SocketAddr,
}
