//! A real Prometheus scrapes a real `authwatch watch`, and a real Alertmanager is told.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::support::daemon::Daemon;
use crate::support::home::Home;
use crate::support::prometheus_files::expressions;
use crate::support::prometheus_servers::{alertmanager, prometheus};
use crate::support::time::now;

/// What gives nothing on demo data, for it does not happen there. The number tells apart what has the same name.
const SILENT_ON_DEMO: &[&str] = &[
    // The login that is being renewed there is in a database, where a marker stands for the lock.
    "dashboards/authwatch-host.json Locks held 1",
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchOpenClawConfigUnreadable 1",
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchOpenClawConfigUnreadable 2",
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchRefreshLockStuck 1",
    // Prometheus and authwatch are up, and agree.
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchAbsent 1",
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchDown 1",
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchScanStale 1",
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchConfigReloadFailed 1",
    // The demo's channel takes everything.
    "deploy/prometheus/rules/authwatch.alerts.yml AuthwatchNotificationFailing 1",
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
    let demo = Daemon::ready(&Home::new(), &["--demo"]);
    let mut prometheus = prometheus(&[demo.address], &[]);
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
    let config = json!({
        "route": { "receiver": "nobody", "group_by": ["alertname", "agent"], "group_wait": "1s", "group_interval": "1s" },
        "receivers": [{ "name": "nobody" }],
    });
    let alertmanager = alertmanager(&config, None);
    let token = |ends: i64| json!({ "anthropic:manual": { "type": "token", "provider": "anthropic", "token": "t", "expires": ends } });
    let month = 30 * 86_400_000;
    let home = Home::new()
        .file(".openclaw/openclaw.json", "{ agents: { defaults: { model: 'anthropic/claude-opus-4-5' } } }")
        .profiles("main", &token(now() + month));
    let daemon = Daemon::ready(&home, &["--no-refresh"]);
    let mut prometheus = prometheus(&[daemon.address], &[alertmanager.address]);
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
    assert_eq!(command.trim(), "openclaw models auth --agent main setup-token --provider anthropic");
    let _home = home.profiles("main", &token(now() + month));
    // Alertmanager lists what is open; what is resolved is gone from the list.
    prometheus.wait("it is resolved", |_| told().is_empty());
}
