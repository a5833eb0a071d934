//! A real Prometheus scrapes a real `authwatch watch`, and a real Alertmanager is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::prometheus::{expressions, files, yaml};
use crate::refresh::now;
use crate::support::Home;
use crate::watching::{Watching, ask};

/// One of Debian's servers, in a directory of its own; it ends with the test.
struct Server {
    child: Child,
    address: SocketAddr,
    dir: TempDir,
}

impl Server {
    fn start(program: &str, package: &str, dir: TempDir, address: SocketAddr, arguments: &[String]) -> Self {
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

    fn wait(&mut self, what: &str, condition: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(90);
        while !condition(self) {
            let log = || fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            assert!(self.child.try_wait().unwrap().is_none(), "{what}: it has ended: {}", log());
            assert!(Instant::now() < deadline, "{what}: not within a minute and a half: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks its interface, which answers in JSON.
    fn api(&self, path: &str) -> Value {
        let answer = ask(self.address, "GET", path, &["Accept-Encoding: identity"]);
        let chunked = answer.header("transfer-encoding").is_some();
        let text = if chunked { unchunked(&answer.text()) } else { answer.text() };
        serde_json::from_str(&text).unwrap_or_else(|problem| panic!("{path}: {problem}: {text}"))
    }

    /// What an expression gives now; or what is wrong with it.
    fn query(&self, expr: &str) -> Result<Vec<Value>, String> {
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

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
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

/// A Prometheus with the deployed rules that scrapes this, and tells this Alertmanager.
fn prometheus(scraped: SocketAddr, told: Option<SocketAddr>) -> Server {
    let (dir, address) = (tempfile::tempdir().unwrap(), free_address());
    let mut names = Vec::new();
    for path in files("deploy/prometheus/rules", &[".yml"]) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // JSON is YAML, too.
        fs::write(dir.path().join(&name), impatient(yaml(&path)).to_string()).unwrap();
        names.push(name);
    }
    let alertmanagers: Vec<Value> =
        told.iter().map(|told| json!({ "static_configs": [{ "targets": [told.to_string()] }] })).collect();
    let config = json!({
        "global": { "scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms" },
        "rule_files": names,
        "alerting": { "alertmanagers": alertmanagers },
        "scrape_configs": [{ "job_name": "authwatch", "static_configs": [{ "targets": [scraped.to_string()] }] }],
    });
    fs::write(dir.path().join("prometheus.yml"), config.to_string()).unwrap();
    let arguments = [
        "--config.file=prometheus.yml".to_owned(),
        "--storage.tsdb.path=data".to_owned(),
        format!("--web.listen-address={address}"),
    ];
    Server::start("prometheus", "prometheus", dir, address, &arguments)
}

fn alertmanager() -> Server {
    let (dir, address) = (tempfile::tempdir().unwrap(), free_address());
    let config = json!({
        "route": { "receiver": "nobody", "group_by": ["alertname", "agent"], "group_wait": "1s", "group_interval": "1s" },
        "receivers": [{ "name": "nobody" }],
    });
    fs::write(dir.path().join("alertmanager.yml"), config.to_string()).unwrap();
    let arguments = [
        "--config.file=alertmanager.yml".to_owned(),
        "--storage.path=data".to_owned(),
        format!("--web.listen-address={address}"),
        "--cluster.listen-address=".to_owned(),
    ];
    Server::start("prometheus-alertmanager", "prometheus-alertmanager", dir, address, &arguments)
}

/// What gives nothing on demo data, for it does not happen there. The number tells apart what has the same name.
const SILENT_ON_DEMO: &[&str] = &[
    // The login that is being renewed there is in a database, where a marker stands for the lock.
    "dashboards/authwatch-host.json Locks held 1",
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchRefreshLockStuck 1",
    // Prometheus and authwatch are up, and agree.
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchAbsent 1",
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchDown 1",
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchScanStale 1",
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchConfigReloadFailed 1",
    // The dead and the ended logins of the demo are in use by no model, the ending one is.
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchLoginDead 1",
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchLoginExpired 1",
    // It ends in hours, not within a tenth of the window.
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchLoginExpiring 2",
    // What has lapsed is in use by no model.
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchLoginLapsed 1",
    // No profile is empty, and every renewed token could be stored.
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchLoginMissing 1",
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchLoginMissing 2",
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchRescueWaiting 1",
];

#[test]
fn every_expression_runs_and_what_gives_nothing_is_known() {
    let demo = Watching::ready(&Home::new(), &["--demo"]);
    let mut prometheus = prometheus(demo.address, None);
    prometheus.wait("it has scraped and evaluated", |prometheus| {
        let renewed = prometheus.query("sum(rate(authwatch_refresh_attempts_total[5m])) > 0");
        let shares = prometheus.query("provider:authwatch_refresh_failures:ratio_rate1h");
        let failures = prometheus.query("provider:authwatch_refresh_failures:increase15m > 0");
        !failures.unwrap().is_empty() && !renewed.unwrap().is_empty() && !shares.unwrap().is_empty()
    });
    let (mut wrong, mut silent, mut seen) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
    for (place, expr) in expressions() {
        // An alert with two severities is there twice, and a panel may ask several questions.
        let number: &mut u32 = seen.entry(place.clone()).or_default();
        *number += 1;
        let place = format!("{place} {number}");
        match prometheus.query(&expr) {
            Err(problem) => wrong.push(format!("{place}: {problem}")),
            Ok(found) if found.is_empty() => {
                silent.insert(place);
            }
            Ok(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let known: BTreeSet<String> = SILENT_ON_DEMO.iter().map(|place| (*place).to_owned()).collect();
    assert_eq!(silent, known, "{silent:#?}");
    // The health of every rule, as Prometheus itself judges it.
    let groups = prometheus.api("/api/v1/rules")["data"]["groups"].clone();
    for rule in groups.as_array().unwrap().iter().flat_map(|group| group["rules"].as_array().unwrap()) {
        assert_eq!(rule["health"], "ok", "{}: {}", rule["name"], rule["lastError"]);
    }
}

#[test]
fn an_alert_goes_from_a_store_on_disk_to_alertmanager_and_back() {
    let alertmanager = alertmanager();
    let token = |ends: u64| json!({ "anthropic:manual": { "type": "token", "provider": "anthropic", "token": "t", "expires": ends } });
    let month = 30 * 86_400_000;
    let home = Home::new()
        .file(".openclaw/openclaw.json", "{ agents: { defaults: { model: 'anthropic/claude-opus-4-5' } } }")
        .profiles("main", &token(now() + month));
    let watching = Watching::ready(&home, &["--no-refresh"]);
    let mut prometheus = prometheus(watching.address, Some(alertmanager.address));
    let told = || {
        let alerts = alertmanager.api("/api/v2/alerts?filter=alertname%3DAuthwatchLoginExpired");
        alerts.as_array().cloned().unwrap_or_default()
    };
    prometheus.wait("all is well", |prometheus| {
        prometheus
            .query("credential:authwatch_credentials:state{status=\"ok\"}")
            .is_ok_and(|found| found.len() == 1)
    });
    assert!(told().is_empty());
    let home = home.profiles("main", &token(now() - 60_000));
    prometheus.wait("the alert arrives", |_| !told().is_empty());
    let alert = told().remove(0);
    let labels = &alert["labels"];
    assert_eq!(
        (&labels["severity"], &labels["agent"], &labels["profile"]),
        (&json!("critical"), &json!("main"), &json!("anthropic:manual"))
    );
    let command = alert["annotations"]["command"].as_str().unwrap();
    assert_eq!(command.trim(), "openclaw models auth setup-token --provider anthropic --agent main");
    let _home = home.profiles("main", &token(now() + month));
    // Alertmanager lists what is open; what is resolved is gone from the list.
    prometheus.wait("it is resolved", |_| told().is_empty());
}
