//! `[notify]`: what is worth telling, when, and through which channels.

mod channels;

use std::collections::BTreeSet;
use std::path::PathBuf;

use openclaw_auth::model::{Span, Timestamp};
use openclaw_auth::words;
use serde::{Deserialize, Serialize};

pub use self::channels::{
    AlertmanagerConfig, ChannelConfig, ChannelKind, CommandConfig, EmailConfig, Filter, NtfyConfig, SmtpTls,
    WebhookConfig, WebhookPreset,
};
use super::secrets::SecretSource;
use super::values::{window, window_text};
use crate::clock;
use crate::exit::{self, Failure};

/// `[notify]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NotifyConfig {
    /// Whether anybody is told at all.
    pub enabled: bool,
    /// How long before the end of a login that does not renew automatically people are told; again at each.
    #[serde(deserialize_with = "thresholds", serialize_with = "thresholds_text")]
    pub thresholds: Vec<Span>,
    /// How long an access token may be expired before a login that renews automatically causes a notification.
    #[serde(deserialize_with = "window", serialize_with = "window_text")]
    pub grace: Option<Span>,
    /// Passes that have to see a condition before it is told.
    pub fire_after: u32,
    /// Passes that have to find it mended before that is told.
    pub clear_after: u32,
    /// What stays critical is told again after this; 0 for never.
    #[serde(deserialize_with = "window", serialize_with = "window_text")]
    pub repeat_critical: Option<Span>,
    /// The same for warnings.
    #[serde(deserialize_with = "window", serialize_with = "window_text")]
    pub repeat_warning: Option<Span>,
    /// Local time in which only critical things are told: `22:00-07:00`.
    #[serde(
        deserialize_with = "quiet_hours",
        serialize_with = "quiet_hours_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub quiet_hours: Option<QuietHours>,
    /// What this machine is called in messages; its host name where unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The address under which people reach the status page, to be linked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_url: Option<String>,
    pub heartbeat: HeartbeatConfig,
    pub email: ChannelConfig<EmailConfig>,
    pub ntfy: ChannelConfig<NtfyConfig>,
    pub webhook: ChannelConfig<WebhookConfig>,
    pub alertmanager: ChannelConfig<AlertmanagerConfig>,
    pub command: ChannelConfig<CommandConfig>,
}

impl Default for NotifyConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            thresholds: vec![hours(24.0), hours(6.0), hours(1.0)],
            grace: Some(hours(1.0)),
            fire_after: 1,
            clear_after: 2,
            repeat_critical: Some(hours(4.0)),
            repeat_warning: Some(hours(24.0)),
            quiet_hours: None,
            host: None,
            page_url: None,
            heartbeat: HeartbeatConfig::default(),
            email: ChannelConfig::new(),
            ntfy: ChannelConfig::new(),
            webhook: ChannelConfig::new(),
            alertmanager: ChannelConfig::new(),
            command: ChannelConfig::new(),
        }
    }
}

fn hours(hours: f64) -> Span {
    Span::from_hours(hours)
}

impl NotifyConfig {
    /// Refuses invalid and repeated names of channels: a name is also a file name and a label.
    pub(super) fn check_names(&self) -> Result<(), Failure> {
        let mut seen = BTreeSet::new();
        for (name, kind) in self.channels() {
            let kind = kind.as_str();
            let plain = |character: char| {
                character.is_ascii_lowercase() || character.is_ascii_digit() || "-_".contains(character)
            };
            if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
                let message = format!("notify.{kind}: `{name}` is no name of a channel");
                return Err(Failure::new(exit::CONFIGURATION, message)
                    .hint("use lower-case letters, digits, - and _, at most 40 of them"));
            }
            if !seen.insert(name) {
                let message = format!("notify.{kind}: there is another channel called `{name}`");
                return Err(
                    Failure::new(exit::CONFIGURATION, message).hint("give each channel a name of its own")
                );
            }
        }
        Ok(())
    }

    /// All channels with their names, kind by kind.
    #[must_use]
    pub fn channels(&self) -> Vec<(&str, ChannelKind)> {
        fn of<C: Clone>(
            channels: &ChannelConfig<C>,
            kind: fn(C) -> ChannelKind,
        ) -> impl Iterator<Item = (&str, ChannelKind)> {
            channels.iter().map(move |(name, channel)| (name.as_str(), kind(channel.clone())))
        }
        of(&self.email, ChannelKind::Email)
            .chain(of(&self.ntfy, ChannelKind::Ntfy))
            .chain(of(&self.webhook, ChannelKind::Webhook))
            .chain(of(&self.alertmanager, ChannelKind::Alertmanager))
            .chain(of(&self.command, ChannelKind::Command))
            .collect()
    }

    /// Takes over what OpenClaw's old monitor script was told by variables, where this file says nothing about it.
    pub fn take_legacy(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<(), String> {
        if let Some(topic) = variable("NOTIFY_NTFY")
            && self.ntfy.is_empty()
        {
            self.ntfy.insert("ntfy".to_owned(), NtfyConfig { topic, ..NtfyConfig::default() });
        }
        if let Some(text) = variable("WARN_HOURS") {
            let ahead = text.trim().parse::<f64>().ok().filter(|ahead| ahead.is_finite() && *ahead > 0.0);
            let ahead =
                hours(ahead.ok_or_else(|| format!("WARN_HOURS is `{text}`, and no number of hours"))?);
            if self.thresholds == Self::default().thresholds {
                self.thresholds.retain(|threshold| *threshold < ahead);
                self.thresholds.insert(0, ahead);
            }
        }
        Ok(())
    }
}

/// `[notify.heartbeat]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeartbeatConfig {
    /// The address of the check, as dead man's switches give it; `/start`, or an exit code, is put behind it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "super::secrets::shown_url")]
    pub url: Option<String>,
    /// A file that holds the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    /// A variable that holds the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_env: Option<String>,
    /// What fails it: a pass that does not succeed, or logins that are not all right.
    pub report: HeartbeatReport,
}

impl HeartbeatConfig {
    #[must_use]
    pub fn source(&self) -> SecretSource<'_> {
        SecretSource::new("notify.heartbeat", "url", self.url_file.as_deref(), self.url_env.as_deref())
            .or_inline(self.url.as_deref())
    }
}

words! {
    #[derive(Default)]
    pub enum HeartbeatReport {
        /// Whether authwatch works.
        #[default]
        Pass = "pass",
        /// What `--check` would exit with.
        Check = "check",
    }
}

/// A part of the day, in local time. It may go over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    from: u16,
    until: u16,
}

impl QuietHours {
    /// Reads `22:00-07:00`.
    fn parse(text: &str) -> Result<Self, String> {
        let minute = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        };
        let parts = text.split_once('-').and_then(|(from, until)| Some((minute(from)?, minute(until)?)));
        match parts {
            Some((from, until)) if from != until => Ok(Self { from, until }),
            _ => Err(format!("`{text}` is no part of the day: give it as 22:00-07:00")),
        }
    }

    /// Whether a moment is in it.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        let Some(minute) = clock::local_minute(at) else { return false };
        if self.from < self.until {
            (self.from..self.until).contains(&minute)
        } else {
            minute >= self.from || minute < self.until
        }
    }
}

fn quiet_hours<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<QuietHours>, D::Error> {
    let text = String::deserialize(deserializer)?;
    QuietHours::parse(&text).map(Some).map_err(serde::de::Error::custom)
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands the field over by reference"
)]
fn quiet_hours_text<S: serde::Serializer>(
    hours: &Option<QuietHours>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let hours = hours.unwrap_or(QuietHours { from: 0, until: 0 });
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    serializer.serialize_str(&format!("{}-{}", clock(hours.from), clock(hours.until)))
}

/// Largest first, each once.
fn thresholds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Span>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parsed: Result<Vec<Span>, String> = texts.iter().map(|text| clock::duration(text)).collect();
    let mut thresholds = parsed.map_err(serde::de::Error::custom)?;
    if thresholds.iter().any(|threshold| *threshold <= Span::ZERO) {
        return Err(serde::de::Error::custom("a threshold of 0 would tell nobody"));
    }
    thresholds.sort_by(|one, other| other.total_cmp(one));
    thresholds.dedup();
    Ok(thresholds)
}

fn thresholds_text<S: serde::Serializer>(thresholds: &[Span], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(thresholds.iter().map(|threshold| {
        let span = threshold.to_std();
        humantime::format_duration(span).to_string()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_day_may_go_over_midnight() {
        let night = QuietHours::parse("22:00-07:00").expect("valid");
        let noon = QuietHours::parse("12:00 - 13:30").expect("valid");
        let at = |hour: f64| Timestamp::EPOCH + Span::from_hours(20_000.0 * 24.0 + hour);
        // The tests' time zone is whatever the machine has; only the difference counts.
        let offset = f64::from(clock::local_minute(at(0.0)).expect("a date")) / 60.0;
        let local = |hour: f64| at(hour - offset);
        assert!(night.contains(local(23.0)) && night.contains(local(3.0)) && !night.contains(local(7.0)));
        assert!(noon.contains(local(13.25)) && !noon.contains(local(13.75)));
        for wrong in ["22-7", "24:00-07:00", "22:00", "07:00-07:00", ""] {
            assert!(QuietHours::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_old_scripts_variables_still_configure() {
        let told = |variables: &[(&str, &str)]| {
            let mut config = NotifyConfig::default();
            let variable = |name: &str| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            };
            config.take_legacy(variable).map(|()| config)
        };
        let config = told(&[("NOTIFY_NTFY", "my-topic"), ("WARN_HOURS", "2")]).expect("valid");
        assert_eq!(config.ntfy["ntfy"].topic, "my-topic");
        assert_eq!(config.thresholds, [hours(2.0), hours(1.0)]);
        assert_eq!(told(&[]).expect("valid"), NotifyConfig::default());
        assert!(told(&[("WARN_HOURS", "two")]).is_err());
    }
}
