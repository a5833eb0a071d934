//! More than one machine: every one has its authwatch, one Prometheus scrapes them, and of two Alertmanagers one speaks.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::daemon::Watching;
use crate::support::home::Home;
use crate::support::http::{ask, free_address};
use crate::support::project::yaml;
use crate::support::prometheus_servers::{Seat, Server, alertmanager, prometheus};
use crate::support::time::now;

/// Somebody who is told.
struct Webhook {
    address: SocketAddr,
    messages: Arc<Mutex<Vec<Value>>>,
}

impl Webhook {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, messages) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<Value>>>::default());
        std::thread::spawn({
            let messages = Arc::clone(&messages);
            move || {
                for stream in listener.incoming().flatten() {
                    let messages = Arc::clone(&messages);
                    std::thread::spawn(move || receive(stream, &messages));
                }
            }
        });
        Self { address, messages }
    }

    fn messages(&self) -> Vec<Value> {
        self.messages.lock().unwrap().clone()
    }
}

/// Requests of one connection until it ends.
fn receive(stream: TcpStream, messages: &Mutex<Vec<Value>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().unwrap();
                }
                None if line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        messages.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    }
}

/// The deployed configuration, with everybody replaced by one webhook.
fn config(told: SocketAddr) -> Value {
    let mut config = yaml(Path::new("deploy/prometheus/alertmanager.yml"));
    config.as_object_mut().unwrap().remove("global");
    // Both machines have to be seen before the one message goes out.
    config["route"]["group_wait"] = json!("6s");
    for receiver in config["receivers"].as_array_mut().unwrap() {
        *receiver = json!({
            "name": receiver["name"],
            "webhook_configs": [{ "url": format!("http://{told}/") }],
        });
    }
    config
}

/// Whether a member of the cluster has decided about a message, and how many it has sent.
fn decided_and_sent(server: &Server) -> (bool, f64) {
    let text =
        ask(server.address, "GET", "/metrics", &["Accept-Encoding: identity", "Connection: close"]).text();
    let value = |name: &str| -> f64 {
        text.lines()
            .filter(|line| line.starts_with(name))
            .filter_map(|line| line.rsplit_once(' '))
            .map(|(_, value)| value.parse::<f64>().unwrap())
            .sum()
    };
    let sent = value("alertmanager_notifications_total{integration=\"webhook\"");
    (value("alertmanager_nflog_queries_total") >= 1.0, sent)
}

#[test]
fn two_machines_and_two_alertmanagers_make_one_message() {
    let told = Webhook::start();
    let (one, other) = (free_address(), free_address());
    let config = config(told.address);
    let mut members = [
        alertmanager(&config, Some(&Seat { own: one, peer: other })),
        alertmanager(&config, Some(&Seat { own: other, peer: one })),
    ];
    for member in &mut members {
        member.wait("the cluster is complete", |member| {
            let cluster = member.api("/api/v2/status")["cluster"].clone();
            cluster["peers"].as_array().is_some_and(|peers| peers.len() == 2) && cluster["status"] == "ready"
        });
    }
    let expired = json!({ "anthropic:manual": {
        "type": "token", "provider": "anthropic", "token": "t", "expires": now() - 60_000 } });
    let machine = || {
        let home = Home::new()
            .file(
                ".openclaw/openclaw.json",
                "{ agents: { defaults: { model: 'anthropic/claude-opus-4-5' } } }",
            )
            .profiles("main", &expired);
        let watching = Watching::ready(&home, &["--no-refresh"]);
        (home, watching)
    };
    let machines = [machine(), machine()];
    let scraped = machines.each_ref().map(|(_, watching)| watching.address);
    let _prometheus = prometheus(&scraped, &members.each_ref().map(|member| member.address));
    for member in &mut members {
        member.wait("it has decided", |member| decided_and_sent(member).0);
    }
    // What has been decided goes out at once; this is time for one too many.
    std::thread::sleep(Duration::from_secs(4));
    let mut copies: BTreeMap<String, usize> = BTreeMap::new();
    for message in told.messages() {
        *copies.entry(message["groupKey"].to_string()).or_default() += 1;
    }
    assert!(copies.values().all(|copies| *copies == 1), "{copies:#?}");
    let messages = told.messages();
    let message = messages
        .iter()
        .find(|message| message["groupLabels"]["alertname"] == "AuthwatchLoginExpired")
        .unwrap_or_else(|| panic!("{messages:#?}"));
    let mut instances: Vec<String> = message["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| alert["labels"]["instance"].as_str().unwrap().to_owned())
        .collect();
    instances.sort();
    let mut expected = scraped.map(|address| address.to_string());
    expected.sort();
    assert_eq!(instances, expected);
    // Both were told by Prometheus; the one that kept silent knew.
    let sent: f64 = members.iter().map(|member| decided_and_sent(member).1).sum();
    assert_eq!(sent.to_bits(), f64::from(u32::try_from(messages.len()).unwrap()).to_bits());
    for member in &members {
        let alerts = member.api("/api/v2/alerts?filter=alertname%3DAuthwatchLoginExpired");
        assert_eq!(alerts.as_array().unwrap().len(), 2);
    }
}
