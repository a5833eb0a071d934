//! What is wrong with channels' settings that would otherwise show only when something has to be told.

use super::email;
use crate::config::{AlertmanagerConfig, NotifyConfig, SettingProblem, SmtpTls, WebhookPreset, without_user};

/// Everything that will not do, or is unwise.
#[must_use]
pub fn problems(config: &NotifyConfig) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    let mut add = |setting: String, problem: &str| problems.push(SettingProblem::new(setting, problem));
    for (name, channel) in &config.email {
        let setting = |of: &str| format!("notify.email.{name}.{of}");
        if channel.tls == SmtpTls::None && !email::is_this_machine(&channel.host) {
            add(setting("tls"), "`none` is for a mail server on this machine only");
        }
        if let Err(problem) = email::addresses(channel) {
            add(setting("to"), &problem);
        }
        match (&channel.username, channel.password().is_named()) {
            (Some(_), false) => add(setting("username"), "there is no password_file or password_env"),
            (None, true) => add(setting("username"), "there is a password and no username"),
            _ => {}
        }
    }
    for (name, channel) in &config.ntfy {
        let setting = |of: &str| format!("notify.ntfy.{name}.{of}");
        if channel.topic.trim().is_empty() {
            add(setting("topic"), "there is none");
        }
        for (of, address) in [("server", &channel.server), ("topic", &channel.topic)] {
            if without_user(address) != *address {
                add(setting(of), USER);
            }
        }
        if channel.token().is_named() && is_open(&channel.server) {
            add(setting("server"), OPEN);
        }
    }
    for (name, channel) in &config.webhook {
        let setting = |of: &str| format!("notify.webhook.{name}.{of}");
        if !channel.address().is_named() {
            add(setting("url"), "there is none: give url, url_file or url_env");
        }
        if channel.preset == WebhookPreset::Telegram && channel.chat_id.is_none() {
            add(setting("chat_id"), "Telegram needs the chat to write to");
        }
        if channel.preset == WebhookPreset::Gotify && !channel.token().is_named() {
            add(setting("token_file"), "Gotify needs the token of an application");
        }
        if channel.token().is_named() && channel.url.as_deref().is_some_and(is_open) {
            add(setting("url"), OPEN);
        }
    }
    for (name, channel) in &config.alertmanager {
        let setting = |of: &str| format!("notify.alertmanager.{name}.{of}");
        if channel.urls.is_empty() {
            add(setting("urls"), "there are none");
        }
        if channel.hold.is_some_and(|hold| hold < AlertmanagerConfig::SHORTEST_HOLD) {
            add(setting("hold"), "alerts would end before they are sent again: a minute is the least");
        }
        for url in
            channel.urls.iter().filter(|url| url.parse::<hyper::Uri>().is_err() || !url.contains("://"))
        {
            add(setting("urls"), &format!("`{}` is no address", without_user(url)));
        }
        if channel.urls.iter().any(|url| without_user(url) != *url) {
            add(setting("urls"), USER);
        }
    }
    for (name, channel) in &config.command {
        if channel.run.is_empty() {
            add(format!("notify.command.{name}.run"), "there is nothing to run");
        }
    }
    if config.enabled && config.thresholds.is_empty() {
        add("notify.thresholds".to_owned(), "with none, nobody is told before a login has ended");
    }
    problems
}

/// Nobody is signed in by what stands before an `@`.
const USER: &str = "a user and a password in an address are not used: give token_file";

const OPEN: &str = "a token would be sent in the open: use https";

/// Whether an address leaves this machine unprotected.
fn is_open(url: &str) -> bool {
    url.strip_prefix("http://").is_some_and(|rest| {
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        let host = host
            .rsplit_once(':')
            .filter(|(_, port)| port.parse::<u16>().is_ok())
            .map_or(host, |(host, _)| host);
        !email::is_this_machine(host)
    })
}
