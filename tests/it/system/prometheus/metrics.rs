//! What is served and written for Prometheus, checked by its own tool.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::daemon::Daemon;
use crate::support::home::Home;
use crate::support::sample_home::{daemon_with_everything, everything};
use crate::support::token_server::TokenServer;

/// Runs `promtool check metrics`, which must have nothing to say.
fn check_metrics(text: &str) {
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|problem| panic!("cannot run promtool ({problem}): apt-get install prometheus"));
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
}

#[test]
fn what_is_served_is_proper() {
    let server = TokenServer::start();
    let home = everything(&server);
    check_metrics(&daemon_with_everything(&home).get("/metrics").text());
    let demo = Daemon::ready(&Home::new(), &["--demo"]);
    check_metrics(&demo.get("/metrics").text());
}

#[test]
fn the_textfile_is_proper() {
    let server = TokenServer::start();
    let home = everything(&server);
    for more in [&["--no-refresh"][..], &[]] {
        let ran = home.run(&[&["watch", "--once", "--textfile", "authwatch.prom"], more].concat());
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        check_metrics(&std::fs::read_to_string(home.path().join("authwatch.prom")).unwrap());
    }
}
