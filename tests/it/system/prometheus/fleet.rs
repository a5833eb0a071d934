//! More than one machine: every one has its authwatch, one Prometheus scrapes them, and of two Alertmanagers one speaks.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::home::Home;
use crate::support::http::{ask, free_address};
use crate::support::project::yaml;
use crate::support::prometheus_servers::{Seat, Server, alertmanager, prometheus};
use crate::support::receiver::Receiver;
use crate::support::time::now;

/// The deployed configuration, with everybody replaced by one webhook.
fn config(told: &Receiver) -> Value {
    let mut config = yaml(Path::new("deploy/prometheus/alertmanager.yml"));
    config.as_object_mut().unwrap().remove("global");
    // Both machines have to be seen before the one message goes out.
    config["route"]["group_wait"] = json!("6s");
    for receiver in config["receivers"].as_array_mut().unwrap() {
        *receiver = json!({
            "name": receiver["name"],
            "webhook_configs": [{ "url": told.url("/") }],
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
    let told = Receiver::start();
    let (one, other) = (free_address(), free_address());
    let config = config(&told);
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
        let daemon = Daemon::ready(&home, &["--no-refresh"]);
        (home, daemon)
    };
    let machines = [machine(), machine()];
    let scraped = machines.each_ref().map(|(_, daemon)| daemon.address);
    let _prometheus = prometheus(&scraped, &members.each_ref().map(|member| member.address));
    for member in &mut members {
        member.wait("it has decided", |member| decided_and_sent(member).0);
    }
    // What has been decided goes out at once; this is time for one too many.
    std::thread::sleep(Duration::from_secs(4));
    let mut copies: BTreeMap<String, usize> = BTreeMap::new();
    for message in told.at("/") {
        *copies.entry(message["groupKey"].to_string()).or_default() += 1;
    }
    assert!(copies.values().all(|copies| *copies == 1), "{copies:#?}");
    let messages = told.at("/");
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
