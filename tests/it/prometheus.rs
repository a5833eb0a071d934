//! What Prometheus, Alertmanager and Grafana are given: by their own tools, and held against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use authwatch::publish::metrics::{Description, METRICS, MetricKind};
use serde_json::{Value, json};

/// Where the Debian package puts the runbooks.
const RUNBOOKS: &str = "/usr/share/doc/authwatch/docs/runbooks.md";

/// Every expression of the rules and dashboards with the place it stands at, Grafana's variables filled in.
pub(crate) fn expressions() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for rule in rules() {
        found.push((format!("{} {}", rule.file, rule.name), rule.expr));
    }
    for (file, dashboard) in dashboards() {
        for (title, target) in targets(&dashboard) {
            let expr = target["expr"].as_str().unwrap_or_default();
            found.push((format!("{file} {title}"), filled_in(expr)));
        }
        for annotation in dashboard["annotations"]["list"].as_array().into_iter().flatten() {
            let expr = annotation["expr"].as_str().unwrap_or_default();
            found.push((format!("{file} {}", annotation["name"]), filled_in(expr)));
        }
    }
    found
}

/// An expression as Grafana would send it, with every choice at "All".
fn filled_in(expr: &str) -> String {
    let variables = [
        ("$__rate_interval", "5m"),
        ("$__interval", "1m"),
        ("$__range", "1h"),
        ("$job", "authwatch"),
        ("$instance", ".*"),
        ("$agent", ".*"),
    ];
    variables.iter().fold(expr.to_owned(), |expr, (variable, value)| expr.replace(variable, value))
}

struct Rule {
    file: String,
    /// Of the alert or the recorded series.
    name: String,
    expr: String,
    /// The whole rule of an alert.
    alert: Option<Value>,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a directory of the project whose names end so, sorted.
pub(crate) fn files(dir: &str, endings: &[&str]) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![root().join(dir)]);
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).unwrap().flatten() {
            let path = entry.path();
            let name = path.to_string_lossy().into_owned();
            if path.is_dir() {
                open.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "nothing below {dir}");
    found
}

/// A path as people name it.
fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().into_owned()
}

pub(crate) fn yaml(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap();
    yaml_serde::from_str(&text).unwrap_or_else(|problem| panic!("{}: {problem}", shown(path)))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn rules() -> Vec<Rule> {
    let mut found = Vec::new();
    for path in files("deploy/prometheus/rules", &[".yml"]) {
        let document = yaml(&path);
        for rule in list(&document["groups"]).iter().flat_map(|group| list(&group["rules"])) {
            let alert = rule["alert"].as_str();
            let name = alert.or(rule["record"].as_str()).expect("a rule records or alerts");
            let expr = rule["expr"].as_str().expect("a rule has an expression");
            found.push(Rule {
                file: shown(&path),
                name: name.to_owned(),
                expr: expr.to_owned(),
                alert: alert.map(|_| rule.clone()),
            });
        }
    }
    found
}

fn alerts() -> Vec<(String, Value)> {
    rules().into_iter().filter_map(|rule| Some((rule.name, rule.alert?))).collect()
}

fn dashboards() -> Vec<(String, Value)> {
    let parsed = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let dashboard = serde_json::from_str(&text).unwrap_or_else(|bad| panic!("{}: {bad}", shown(&path)));
        (shown(&path), dashboard)
    };
    files("dashboards", &[".json"]).into_iter().map(parsed).collect()
}

/// The panels, those of folded rows among them.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let outer = list(&dashboard["panels"]).iter();
    outer.flat_map(|panel| std::iter::once(panel).chain(list(&panel["panels"]))).collect()
}

/// The queries of all panels, with their panels' titles.
fn targets(dashboard: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for panel in panels(dashboard) {
        let title = panel["title"].as_str().unwrap_or_default();
        found.extend(list(&panel["targets"]).iter().map(|target| (title.to_owned(), target.clone())));
    }
    found
}

/// Runs one of Debian's programs in `deploy/prometheus`; everything it says if it is not satisfied.
fn tool(program: &str, package: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root().join("deploy/prometheus"))
        .output()
        .unwrap_or_else(|problem| panic!("cannot run {program} ({problem}): apt-get install {package}"));
    let said =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).join("\n");
    assert!(output.status.success(), "{program} {}:\n{said}", arguments.join(" "));
    said
}

fn promtool(arguments: &[&str]) {
    tool("promtool", "prometheus", arguments);
}

fn amtool(arguments: &[&str]) -> String {
    tool("amtool", "prometheus-alertmanager", arguments)
}

/// Paths below `deploy/prometheus` as the tools are given them.
fn deployed(dir: &str) -> Vec<String> {
    let base = root().join("deploy/prometheus");
    let relative = |path: &PathBuf| path.strip_prefix(&base).unwrap().to_string_lossy().into_owned();
    files(&format!("deploy/prometheus/{dir}"), &[".yml"]).iter().map(relative).collect()
}

#[test]
fn promtool_finds_nothing_wrong_with_rules_and_configurations() {
    for rules in deployed("rules") {
        promtool(&["check", "rules", "--lint=all", "--lint-fatal", &rules]);
    }
    for config in ["prometheus.yml", "scrape-static.yml", "scrape-file-sd.yml", "scrape-http-sd.yml"] {
        promtool(&["check", "config", "--lint=all", "--lint-fatal", config]);
    }
}

#[test]
fn alerts_fire_keep_silent_and_resolve() {
    let tests = deployed("tests");
    let arguments: Vec<&str> =
        ["test", "rules"].into_iter().chain(tests.iter().map(String::as_str)).collect();
    promtool(&arguments);
}

#[test]
fn alertmanager_takes_its_configuration_and_routes_by_severity() {
    amtool(&["check-config", "alertmanager.yml"]);
    for (severity, receiver) in [("warning", "email"), ("critical", "email-and-webhook")] {
        let label = format!("severity={severity}");
        let said = amtool(&[
            "config",
            "routes",
            "test",
            "--config.file=alertmanager.yml",
            "alertname=AuthwatchLoginDead",
            &label,
        ]);
        assert_eq!(said.lines().next(), Some(receiver), "{severity}");
    }
}

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
        for part in ["**Means**", "**See it**", "**Mend it**", "**False alarm**"] {
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

#[test]
fn every_expression_parses() {
    let rules: Vec<Value> = expressions()
        .into_iter()
        .enumerate()
        .map(|(number, (_, expr))| json!({ "record": format!("expression_{number}"), "expr": expr }))
        .collect();
    // JSON is YAML, too.
    let file = tempfile::Builder::new().suffix(".yml").tempfile().unwrap();
    fs::write(file.path(), json!({ "groups": [{ "name": "all", "rules": rules }] }).to_string()).unwrap();
    promtool(&["check", "rules", &file.path().to_string_lossy()]);
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
