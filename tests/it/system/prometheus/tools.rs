//! Rules and configurations, checked by the tools of Prometheus and Alertmanager.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::project::{files, root};
use crate::support::prometheus_files::expressions;

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
