//! Rules, dashboards, runbooks and metrics fit each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use authwatch::publish::metrics::{Description, METRICS, MetricKind};
use serde_json::Value;

use crate::support::project::{files, list, root, shown, yaml};
use crate::support::prometheus_files::{alerts, dashboards, expressions, panels, rules};

/// Where the Debian package puts the runbooks.
const RUNBOOKS: &str = "/usr/share/doc/authwatch/docs/runbooks.md";

#[test]
fn every_alert_is_complete() {
    let alerts = alerts();
    assert!(alerts.len() > 15, "only {} alerts", alerts.len());
    for (name, alert) in alerts {
        let severity = alert["labels"]["severity"].as_str();
        assert!(matches!(severity, Some("warning" | "critical")), "{name} has the severity {severity:?}");
        assert!(alert["keep_firing_for"].is_string(), "{name} would resolve in a scrape gap");
        // What waits in one file must be told at once.
        assert!(alert["for"].is_string() || name == "AuthwatchRescueWaiting", "{name} does not wait");
        for annotation in ["summary", "description", "command"] {
            let text = alert["annotations"][annotation].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{name} has no {annotation}");
        }
    }
}

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
    let runbooks = fs::read_to_string(root().join("docs/runbooks.md")).unwrap();
    let sections: BTreeMap<String, &str> = runbooks
        .split("\n## ")
        .skip(1)
        .map(|section| {
            let (title, text) = section.split_once('\n').unwrap();
            (title.to_lowercase(), text)
        })
        .collect();
    let mut named = BTreeSet::new();
    for (name, alert) in alerts() {
        let runbook = alert["annotations"]["runbook"].as_str().unwrap_or_default();
        assert_eq!(runbook, format!("{RUNBOOKS}, section {name}"), "the runbook of {name}");
        named.insert(name.to_lowercase());
    }
    assert_eq!(sections.keys().cloned().collect::<BTreeSet<_>>(), named);
    for (section, text) in sections {
        for part in ["**Means**", "**See it**", "**Fix it**", "**False alarm**"] {
            assert!(text.contains(part), "{section} lacks {part}");
        }
    }
}

#[test]
fn every_alert_is_tested_in_each_of_its_severities() {
    let (mut fired, mut silent) = (BTreeSet::new(), BTreeSet::new());
    for path in files("deploy/prometheus/tests", &[".test.yml"]) {
        let document = yaml(&path);
        for check in list(&document["tests"]).iter().flat_map(|test| list(&test["alert_rule_test"])) {
            let name = check["alertname"].as_str().unwrap().to_owned();
            let expected = list(&check["exp_alerts"]);
            if expected.is_empty() {
                silent.insert(name.clone());
            }
            for alert in expected {
                fired.insert((name.clone(), alert["exp_labels"]["severity"].as_str().unwrap().to_owned()));
            }
        }
    }
    let severities: BTreeSet<_> = alerts()
        .into_iter()
        .map(|(name, alert)| (name, alert["labels"]["severity"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(fired, severities);
    assert_eq!(silent, severities.into_iter().map(|(name, _)| name).collect());
}

#[test]
fn every_test_of_a_rule_loads_every_group() {
    let mut groups = BTreeSet::new();
    for path in files("deploy/prometheus/rules", &[".yml"]) {
        let document = yaml(&path);
        groups.extend(list(&document["groups"]).iter().map(|group| group["name"].clone().to_string()));
    }
    for path in files("deploy/prometheus/tests", &[".test.yml"]) {
        let order = yaml(&path)["group_eval_order"].clone();
        assert_eq!(list(&order).iter().map(Value::to_string).collect::<BTreeSet<_>>(), groups, "{path:?}");
    }
}

#[test]
fn dashboards_are_complete() {
    for (file, dashboard) in dashboards() {
        assert_eq!(dashboard["schemaVersion"], 39, "{file}");
        let variables: BTreeSet<&str> =
            list(&dashboard["templating"]["list"]).iter().filter_map(|each| each["name"].as_str()).collect();
        for variable in ["datasource", "job", "instance"] {
            assert!(variables.contains(variable), "{file} has no variable {variable}");
        }
        let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
        for panel in panels(&dashboard) {
            let place = format!("{file}, {}", panel["title"]);
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{place}: its id is taken");
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
            assert!(x + w <= 24, "{place} is too wide");
            for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                assert!(taken.insert(cell), "{place} lies upon another");
            }
            if panel["type"] == "row" {
                continue;
            }
            assert!(
                panel["description"].as_str().is_some_and(|text| text.ends_with('.')),
                "{place}: describe it"
            );
            assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{place} has no unit");
            assert!(!list(&panel["targets"]).is_empty(), "{place} asks nothing");
            for target in list(&panel["targets"]) {
                assert!(target["expr"].as_str().is_some_and(|expr| !expr.is_empty()), "{place} asks nothing");
                assert_eq!(target["datasource"]["uid"], "${datasource}", "{place}");
            }
        }
    }
}

#[test]
fn no_variable_is_left_in_an_expression() {
    let all = expressions();
    assert!(all.len() > 80, "only {} expressions", all.len());
    for (place, expr) in all {
        assert!(!expr.is_empty() && !expr.contains('$'), "{place}: {expr}");
    }
}

/// The words in a text that look like a metric or a recorded series.
fn names(text: &str) -> BTreeSet<String> {
    text.split(|next: char| !next.is_ascii_alphanumeric() && next != '_' && next != ':')
        .filter(|word| word.contains("authwatch_") || word.starts_with("process_"))
        .map(|word| word.trim_matches(':').to_owned())
        .collect()
}

fn is_metric(name: &str) -> bool {
    let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
    let is = |metric: &Description| {
        metric.name == name || matches!(metric.kind, MetricKind::Histogram(_)) && base == Some(metric.name)
    };
    METRICS.iter().any(is)
}

#[test]
fn every_metric_that_is_named_exists() {
    let recorded: BTreeSet<String> =
        rules().into_iter().filter(|rule| rule.alert.is_none()).map(|rule| rule.name).collect();
    let mut wrong = Vec::new();
    let places =
        [files("deploy", &[".yml", ".md"]), files("dashboards", &[".json"]), files("docs", &[".md"])];
    for path in places.iter().flatten() {
        for name in names(&fs::read_to_string(path).unwrap()) {
            // A prefix in a regular expression (`job:authwatch_.+`) ends like one.
            let known = is_metric(&name) || recorded.contains(&name) || name.ends_with("authwatch_");
            if !known {
                wrong.push(format!("{}: {name}", shown(path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let asked: BTreeSet<String> = expressions().iter().flat_map(|(_, expr)| names(expr)).collect();
    let unused: Vec<_> = recorded.difference(&asked).collect();
    assert!(unused.is_empty(), "recorded for nobody: {unused:?}");
}
