//! Notifications to a real Alertmanager.

use serde_json::json;

use crate::support::home::document;
use crate::support::notify::{CONFIG, STORE, fixed, home, once};

#[test]
fn alertmanager_is_told_what_is_so_and_what_has_ended() {
    let config = json!({ "route": { "receiver": "none" }, "receivers": [{ "name": "none" }] });
    let mut server = crate::support::prometheus_servers::alertmanager(&config, None);
    let home = home("");
    // One of the members does not answer; the other does.
    let setting = format!(
        "[notify]\nhost = \"build-host\"\n[notify.alertmanager.main]\nurls = [\"http://{}\", \"http://{}\"]\n",
        crate::support::http::free_address(),
        server.address
    );
    home.write(CONFIG, setting);
    let ran = home.run(&["notify", "test"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "main (alertmanager): accepted: 1 of 2 accepted it\n"));
    once(&home);
    let active = |server: &crate::support::prometheus_servers::Server| {
        let alerts = server.api("/api/v2/alerts?active=true");
        let alerts = alerts.as_array().unwrap().clone();
        alerts.into_iter().filter(|alert| alert["labels"]["alertname"] != "AuthwatchTest").collect::<Vec<_>>()
    };
    server.wait("the alert", |server| active(server).len() == 1);
    let alert = active(&server).remove(0);
    let labels = &alert["labels"];
    for (name, value) in [
        ("alertname", "AuthwatchLoginExpired"),
        ("severity", "critical"),
        ("instance", "build-host"),
        ("agent", "main"),
        ("profile", "xai:default"),
        ("provider", "xai"),
    ] {
        assert_eq!(labels[name], value, "{alert}");
    }
    assert!(alert["annotations"]["command"].as_str().unwrap().contains("paste-token"), "{alert}");
    home.write(STORE, document(&fixed()));
    for _ in 0..2 {
        assert_eq!(home.run(&["watch", "--once", "--no-refresh"]).code, 0);
    }
    server.wait("its end", |server| active(server).is_empty());
}
