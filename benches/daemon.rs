//! What the daemon costs: start, memory, processor time, passes, and scrapes, at three sizes; and one check beside it.
//!
//! `cargo bench --bench daemon` starts the program itself on stores it lays out, and prints a table. Milliseconds belong to the
//! machine; the size of a fleet is what the columns compare.

#![expect(clippy::print_stdout, reason = "a bench reports on stdout")]

use std::fs;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Map, json};
use tempfile::TempDir;

/// Agents of eight profiles each.
const SIZES: [usize; 3] = [10, 1250, 10_000];
const SCRAPES: usize = 200;
const RUNS: usize = 200;
/// Over this time idling is measured.
const IDLE: Duration = Duration::from_secs(20);

fn main() {
    // `cargo test --benches` only tries whether it starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    check();
    for agents in SIZES {
        daemon(agents);
    }
}

fn lay_out(home: &Path, agents: usize) {
    for number in 0..agents {
        let id = if number == 0 { "main".to_owned() } else { format!("agent-{number:05}") };
        let dir = home.join(".openclaw/agents").join(id).join("agent");
        fs::create_dir_all(&dir).expect("a directory can be made");
        let profile = |index: usize| {
            let value = json!({ "type": "oauth", "provider": "openai-codex", "access": "a".repeat(200),
                "refresh": "r".repeat(100), "expires": 4_000_000_000_000_u64 });
            // The same ids as main's: nothing is inherited, so that there are eight an agent.
            (format!("openai-codex:{index}"), value)
        };
        let profiles: Map<_, _> = (0..8).map(profile).collect();
        let text = json!({ "version": 1, "profiles": profiles }).to_string();
        fs::write(dir.join("auth-profiles.json"), text).expect("a store can be written");
    }
}

fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authwatch"));
    command.env_clear().env("HOME", home).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// One check of one agent, beside a program that does nothing.
fn check() {
    let home = TempDir::new().expect("a directory can be made");
    lay_out(home.path(), 1);
    let mut sides = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..RUNS {
        let mut check = program(home.path());
        check.args(["status", "--check"]);
        let mut version = program(home.path());
        version.arg("--version");
        for (command, times) in [Command::new("true"), version, check].iter_mut().zip(&mut sides) {
            let start = Instant::now();
            black_box(command.stdout(Stdio::null()).status().expect("it runs"));
            times.push(start.elapsed());
        }
    }
    let [nothing, version, check] = sides.map(|times| milliseconds(quantile(times, 0.5)));
    println!(
        "one agent of 8 profiles, {RUNS} runs in turn, medians: `true` {nothing}, `--version` {version}, `status --check` {check}"
    );
}

struct Daemon {
    child: Child,
    address: SocketAddr,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Daemon {
    fn start(home: &Path, more: &[&str]) -> Self {
        let mut child = program(home)
            .args(["watch", "--no-refresh", "--listen", "127.0.0.1:0", "--log-level", "info"])
            .args(more)
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("http://")?.1.split_once('/')?.0.parse().ok())
            .expect("it says where it serves");
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { child, address }
    }

    /// One request over an open connection; the body.
    fn ask(stream: &mut TcpStream, path: &str, headers: &str) -> Vec<u8> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).expect("it listens");
        let mut reader = BufReader::with_capacity(256 * 1024, stream);
        let (mut line, mut length, mut is_ok) = (String::new(), 0, false);
        loop {
            line.clear();
            reader.read_line(&mut line).expect("it answers");
            let line = line.trim_end().to_lowercase();
            is_ok |= line.starts_with("http/1.1 200");
            if let Some(told) = line.strip_prefix("content-length: ") {
                length = told.parse().expect("answers say how long they are");
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("it answers whole");
        if is_ok { body } else { Vec::new() }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).expect("it listens")
    }

    fn metric(&self, name: &str) -> f64 {
        let text = Self::ask(&mut self.connect(), "/metrics", "");
        let text = String::from_utf8_lossy(&text).into_owned();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.expect("the metric is there")
    }

    fn scrapes(&self, headers: &str) -> (Duration, Duration) {
        let mut stream = self.connect();
        let once = |stream: &mut TcpStream| {
            let start = Instant::now();
            black_box(Self::ask(stream, "/metrics", headers));
            start.elapsed()
        };
        let times: Vec<Duration> = (0..SCRAPES).map(|_| once(&mut stream)).collect();
        (quantile(times.clone(), 0.5), quantile(times, 0.99))
    }

    /// Ticks of processor time, of a hundredth of a second.
    fn ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it runs");
        let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
        [11, 12].iter().map(|field| fields[*field].parse::<u64>().expect("a number")).sum()
    }

    fn resident_megabytes(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
    }
}

fn daemon(agents: usize) {
    let home = TempDir::new().expect("a directory can be made");
    lay_out(home.path(), agents);
    println!("\n{} profiles of {agents} agents", agents * 8);

    let starts = if agents > 5000 { 3 } else { 9 };
    let ready = |_| {
        let start = Instant::now();
        let daemon = Daemon::start(home.path(), &[]);
        while Daemon::ask(&mut daemon.connect(), "/readyz", "").is_empty() {
            std::thread::sleep(Duration::from_micros(500));
        }
        start.elapsed()
    };
    let times: Vec<Duration> = (0..starts).map(ready).collect();
    println!("  start to ready: {}", milliseconds(quantile(times, 0.5)));

    let daemon = Daemon::start(home.path(), &["--interval", "2s"]);
    while Daemon::ask(&mut daemon.connect(), "/readyz", "").is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let passes = || daemon.metric("authwatch_scans_total");
    let before = passes();
    while passes() < before + 2.0 {
        std::thread::sleep(Duration::from_millis(100));
    }
    let pass = Duration::from_secs_f64(daemon.metric("authwatch_scan_duration_seconds"));
    println!("  a pass with nothing changed: {}", milliseconds(pass));
    drop(daemon);

    let daemon = Daemon::start(home.path(), &[]);
    while Daemon::ask(&mut daemon.connect(), "/readyz", "").is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_secs(1));
    let ticks = daemon.ticks();
    std::thread::sleep(IDLE);
    println!(
        "  idle for {} s, the interval 60 s: {} ticks of 10 ms; {:.1} MB resident",
        IDLE.as_secs(),
        daemon.ticks() - ticks,
        daemon.resident_megabytes()
    );
    for (name, headers) in [("plain", ""), ("gzip", "Accept-Encoding: gzip\r\n")] {
        let (median, high) = daemon.scrapes(headers);
        println!("  scrape, {name}: median {}, 99th percentile {}", milliseconds(median), milliseconds(high));
    }
    println!("  after {} scrapes: {:.1} MB resident", 2 * SCRAPES, daemon.resident_megabytes());
}

fn quantile(mut times: Vec<Duration>, share: f64) -> Duration {
    times.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a few hundred times"
    )]
    let index = ((times.len() - 1) as f64 * share).round() as usize;
    times[index]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
