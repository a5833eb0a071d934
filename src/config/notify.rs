//! `[notify]`: what people are notified of, when, and through which channels.

use std::collections::BTreeSet;

use openclaw_auth::model::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::channel::heartbeat::HeartbeatConfig;
use crate::channel::ntfy::NtfyConfig;
use crate::channel::settings::Channels;
use crate::channel::{Channel, ChannelKind, with_channel_kinds};
use crate::clock;
use crate::exit::{self, Failure};
use crate::settings::duration;

/// Declares the settings with a table for every kind of channel.
macro_rules! notify_config {
    (
        [$($table:ident $kind:ident $settings:path,)*]
        $(#[$meta:meta])*
        pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty = $default:expr,)* }
    ) => {
        $(#[$meta])*
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
            $(pub $table: Channels<$settings>,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* $($table: Channels::new(),)* }
            }
        }

        impl $name {
            /// All channels, in the order of their names.
            #[must_use]
            pub fn channels(&self) -> Vec<Channel> {
                let mut all = Vec::new();
                $(for (name, settings) in &self.$table {
                    all.push(Channel::new(name, ChannelKind::$kind(settings.clone())));
                })*
                all.sort_by(|one, other| one.name.cmp(&other.name));
                all
            }
        }
    };
}

with_channel_kinds!(notify_config! {
    /// `[notify]`
    #[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct NotifyConfig {
        /// Whether anybody is notified at all.
        pub enabled: bool = true,
        /// When to warn before expiry, largest first.
        #[serde(with = "thresholds")]
        pub thresholds: Vec<Span> = vec![hours(24.0), hours(6.0), hours(1.0)],
        /// How long an access token may be expired before a login that renews automatically causes a notification.
        #[serde(with = "duration")]
        pub grace: Option<Span> = Some(hours(1.0)),
        /// Consecutive checks that must find a problem before it is notified.
        pub fire_after: u32 = 1,
        /// Consecutive OK checks before "resolved".
        pub clear_after: u32 = 2,
        /// How often an unresolved critical problem is repeated; 0 for never.
        #[serde(with = "duration")]
        pub repeat_critical: Option<Span> = Some(hours(4.0)),
        /// How often an unresolved warning is repeated; 0 for never.
        #[serde(with = "duration")]
        pub repeat_warning: Option<Span> = Some(hours(24.0)),
        /// Local time in which only critical problems are notified: `22:00-07:00`.
        pub quiet_hours: Option<QuietHours> = None,
        /// The name of this machine in messages; its host name where unset.
        pub host: Option<String> = None,
        /// The address at which people reach the status page; messages link to it.
        pub page_url: Option<String> = None,
        pub heartbeat: HeartbeatConfig = HeartbeatConfig::default(),
    }
});

fn hours(hours: f64) -> Span {
    Span::from_hours(hours)
}

impl NotifyConfig {
    /// Refuses invalid and repeated names of channels: a name is also part of a file's name, and a label.
    pub(super) fn check_names(&self) -> Result<(), Failure> {
        let mut seen = BTreeSet::new();
        for Channel { name, kind, .. } in self.channels() {
            let kind = kind.as_str();
            let plain = |character: char| {
                character.is_ascii_lowercase() || character.is_ascii_digit() || "-_".contains(character)
            };
            if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
                let message = format!("notify.{kind}: invalid channel name `{name}`");
                return Err(Failure::new(exit::CONFIGURATION, message)
                    .hint("use at most 40 lower-case letters, digits, - and _"));
            }
            if seen.contains(&name) {
                let message = format!("notify.{kind}: another channel is also named `{name}`");
                return Err(Failure::new(exit::CONFIGURATION, message).hint("give each channel its own name"));
            }
            seen.insert(name);
        }
        Ok(())
    }

    /// Applies the variables of OpenClaw's old monitor script where this file does not say otherwise.
    pub fn apply_old_variables(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<(), String> {
        if let Some(topic) = variable("NOTIFY_NTFY")
            && self.ntfy.is_empty()
        {
            self.ntfy.insert("ntfy".to_owned(), NtfyConfig { topic, ..NtfyConfig::default() });
        }
        if let Some(text) = variable("WARN_HOURS") {
            let ahead = text.trim().parse::<f64>().ok().filter(|ahead| ahead.is_finite() && *ahead > 0.0);
            let ahead =
                hours(ahead.ok_or_else(|| format!("invalid WARN_HOURS `{text}`: use a number of hours"))?);
            if self.thresholds == Self::default().thresholds {
                self.thresholds.retain(|threshold| *threshold < ahead);
                self.thresholds.insert(0, ahead);
            }
        }
        Ok(())
    }
}

/// A part of the day in local time, which may include midnight. In minutes after midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct QuietHours {
    from: u16,
    until: u16,
}

impl TryFrom<String> for QuietHours {
    type Error = String;

    /// Reads `22:00-07:00`.
    fn try_from(text: String) -> Result<Self, String> {
        let minute = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        };
        let parts = text.split_once('-').and_then(|(from, until)| Some((minute(from)?, minute(until)?)));
        match parts {
            Some((from, until)) if from != until => Ok(Self { from, until }),
            _ => Err(format!("invalid quiet hours `{text}`: use a form such as 22:00-07:00")),
        }
    }
}

impl From<QuietHours> for String {
    fn from(QuietHours { from, until }: QuietHours) -> Self {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        format!("{}-{}", clock(from), clock(until))
    }
}

impl QuietHours {
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

/// Reads and writes durations, largest first, each once.
mod thresholds {
    use openclaw_auth::model::Span;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Span>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let parsed: Result<Vec<Span>, String> =
            texts.iter().map(|text| crate::clock::duration(text)).collect();
        let mut thresholds = parsed.map_err(de::Error::custom)?;
        if thresholds.iter().any(|threshold| *threshold <= Span::ZERO) {
            return Err(de::Error::custom("invalid threshold `0`: it would notify nobody"));
        }
        thresholds.sort_by(|one, other| other.total_cmp(one));
        thresholds.dedup();
        Ok(thresholds)
    }

    pub(super) fn serialize<S: Serializer>(thresholds: &[Span], serializer: S) -> Result<S::Ok, S::Error> {
        let texts = thresholds.iter().map(|span| humantime::format_duration(span.to_std()).to_string());
        serializer.collect_seq(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_may_include_midnight() {
        let quiet = |text: &str| QuietHours::try_from(text.to_owned());
        let night = quiet("22:00-07:00").expect("valid");
        let noon = quiet("12:00 - 13:30").expect("valid");
        let at = |hour: f64| Timestamp::EPOCH + Span::from_hours(20_000.0 * 24.0 + hour);
        // The time zone is the machine's, so only the difference counts.
        let offset = f64::from(clock::local_minute(at(0.0)).expect("a date")) / 60.0;
        let local = |hour: f64| at(hour - offset);
        assert!(night.contains(local(23.0)) && night.contains(local(3.0)) && !night.contains(local(7.0)));
        assert!(noon.contains(local(13.25)) && !noon.contains(local(13.75)));
        for wrong in ["22-7", "24:00-07:00", "22:00", "07:00-07:00", ""] {
            assert!(quiet(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn variables_of_the_old_script_still_apply() {
        let configured = |variables: &[(&str, &str)]| {
            let mut config = NotifyConfig::default();
            let variable = |name: &str| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            };
            config.apply_old_variables(variable).map(|()| config)
        };
        let config = configured(&[("NOTIFY_NTFY", "my-topic"), ("WARN_HOURS", "2")]).expect("valid");
        assert_eq!(config.ntfy["ntfy"].topic, "my-topic");
        assert_eq!(config.thresholds, [hours(2.0), hours(1.0)]);
        assert_eq!(configured(&[]).expect("valid"), NotifyConfig::default());
        assert!(configured(&[("WARN_HOURS", "two")]).is_err());
    }
}
