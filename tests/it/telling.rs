//! What people get: mail through a real server, pushes, webhooks, commands, alerts in a real Alertmanager, heartbeats.

mod by_hand;
mod channels;
mod email;
mod lasting;

use serde_json::{Value, json};

use crate::support::Home;

pub(crate) const CONFIG: &str = ".config/authwatch/config.toml";
const STORE: &str = ".openclaw/agents/main/agent/auth-profiles.json";

/// Now, Unix milliseconds.
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// A token of xai that ended an hour ago; or one that does not end.
fn broken() -> Value {
    json!({ "xai:default": { "type": "token", "provider": "xai", "token": "t-1", "expires": now() - 3_600_000 } })
}

fn mended() -> Value {
    json!({ "xai:default": { "type": "token", "provider": "xai", "token": "t-2" } })
}

/// A home with a broken login and these settings.
pub(crate) fn home(config: &str) -> Home {
    Home::new().profiles("main", &broken()).file(CONFIG, config)
}

pub(crate) fn once(home: &Home) {
    let ran = home.run(&["watch", "--once", "--no-refresh"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
}

fn waiting(home: &Home) -> Value {
    home.run(&["notify", "history", "--json"]).json()["waiting"].clone()
}
