//! A home with a login to notify of, and the settings of a channel.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::home::Home;
use crate::support::receiver::Receiver;
use crate::support::time::now;

pub(crate) const CONFIG: &str = ".config/authwatch/config.toml";
pub(crate) const STORE: &str = ".openclaw/agents/main/agent/auth-profiles.json";

/// A token that expired an hour ago.
fn broken() -> Value {
    json!({ "xai:default": { "type": "token", "provider": "xai", "token": "t-1", "expires": now() - 3_600_000 } })
}

/// A token that does not expire.
pub(crate) fn fixed() -> Value {
    json!({ "xai:default": { "type": "token", "provider": "xai", "token": "t-2" } })
}

/// A home with an expired login and these settings.
pub(crate) fn home(config: &str) -> Home {
    Home::new().profiles("main", &broken()).file(CONFIG, config)
}

pub(crate) fn once(home: &Home) {
    let ran = home.run(&["watch", "--once", "--no-refresh"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
}

pub(crate) fn waiting(home: &Home) -> Value {
    home.run(&["notify", "history", "--json"]).json()["waiting"].clone()
}

pub(crate) fn webhook(receiver: &Receiver, name: &str, more: &str) -> String {
    format!("[notify.webhook.{name}]\nurl = \"{}\"\n{more}", receiver.url(&format!("/{name}")))
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
