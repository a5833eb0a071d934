//! The metrics, the rules and the dashboards as they are deployed.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::project::{files, list, shown, yaml};

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

pub(crate) struct Rule {
    file: String,
    /// Of the alert or the recorded series.
    pub(crate) name: String,
    expr: String,
    /// The whole rule of an alert.
    pub(crate) alert: Option<Value>,
}

pub(crate) fn rules() -> Vec<Rule> {
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

pub(crate) fn alerts() -> Vec<(String, Value)> {
    rules().into_iter().filter_map(|rule| Some((rule.name, rule.alert?))).collect()
}

pub(crate) fn dashboards() -> Vec<(String, Value)> {
    let parsed = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let dashboard = serde_json::from_str(&text).unwrap_or_else(|bad| panic!("{}: {bad}", shown(&path)));
        (shown(&path), dashboard)
    };
    files("dashboards", &[".json"]).into_iter().map(parsed).collect()
}

/// The panels, those of folded rows among them.
pub(crate) fn panels(dashboard: &Value) -> Vec<&Value> {
    let outer = list(&dashboard["panels"]).iter();
    outer.flat_map(|panel| std::iter::once(panel).chain(list(&panel["panels"]))).collect()
}

/// The queries of all panels, with their panels' titles.
pub(crate) fn targets(dashboard: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for panel in panels(dashboard) {
        let title = panel["title"].as_str().unwrap_or_default();
        found.extend(list(&panel["targets"]).iter().map(|target| (title.to_owned(), target.clone())));
    }
    found
}
