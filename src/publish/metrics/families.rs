//! The gauges of a snapshot, family by family.

use std::borrow::Cow;

use openclaw_auth::model::{ProfileId, StoreErrorReason, Timestamp};
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};
use ring::digest;

use super::Pass;
use crate::model::{AgentHealth, ChannelHealth, Login, ProfileHealth, Snapshot, Status};

/// How agents and profiles are named in labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProfileNames {
    #[default]
    Plain,
    /// Profiles by a hash, for those whose ids are e-mail addresses nobody else should see.
    Hashed,
}

impl ProfileNames {
    fn profile(self, id: &ProfileId) -> Cow<'_, str> {
        match self {
            Self::Plain => Cow::Borrowed(id.as_str()),
            Self::Hashed => {
                let digest = digest::digest(&digest::SHA256, id.as_str().as_bytes());
                Cow::Owned(
                    digest.as_ref()[..8].iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")),
                )
            }
        }
    }
}

/// Name and help of every metric.
pub(super) const HELP: &[(&str, &str)] = &[
    ("authwatch_agents", "Agents that were looked at."),
    ("authwatch_build_info", "The version that runs; always 1."),
    (
        "authwatch_check_exit_code",
        "What `status --check` says of the agent: 0 fine, 1 expired or missing, 2 expiring.",
    ),
    ("authwatch_check_exit_code_overall", "What `status --check` says of all agents."),
    ("authwatch_config_last_reload_successful", "Whether the last reading of the configuration succeeded."),
    ("authwatch_credential_cooldown_until_timestamp_seconds", "When OpenClaw uses the profile again."),
    (
        "authwatch_credential_expiry_timestamp_seconds",
        "When the access token ends or ended; absent where it has no end.",
    ),
    ("authwatch_credential_info", "What kind of credential it is and where it is kept; always 1."),
    ("authwatch_credential_login", "Whether the login renews itself: 1 for the state it is in."),
    ("authwatch_credential_status", "The access token's state, in OpenClaw's words: 1 for the one it is in."),
    ("authwatch_credentials", "Profiles of all agents by state."),
    (
        "authwatch_openclaw_config_error",
        "Whether OpenClaw's configuration cannot be used, by reason: 1 for the one there is.",
    ),
    (
        "authwatch_provider_in_use_missing",
        "A configured model uses the provider, and nothing gives it auth; always 1.",
    ),
    (
        "authwatch_notification_failures_total",
        "Attempts to hand a message to the channel that failed, by reason.",
    ),
    (
        "authwatch_notification_last_success_timestamp_seconds",
        "When the channel last took a message; absent where it never has.",
    ),
    ("authwatch_notifications_total", "Messages the channel has taken."),
    ("authwatch_notifications_waiting", "Messages that wait for the channel."),
    ("authwatch_refresh_adopted_total", "Refreshes that found a fresh copy instead of calling the provider."),
    ("authwatch_refresh_attempts_total", "Refreshes that were attempted."),
    ("authwatch_refresh_duration_seconds", "How long refreshes took, locks included."),
    ("authwatch_refresh_failures_total", "Refreshes that failed, by reason."),
    ("authwatch_refresh_last_attempt_timestamp_seconds", "When the login was last attempted to be renewed."),
    ("authwatch_refresh_last_success_timestamp_seconds", "When the login was last renewed."),
    (
        "authwatch_refresh_lock_held_since_timestamp_seconds",
        "Since when the login's refresh lock is held; absent where it is not.",
    ),
    ("authwatch_refresh_lock_wait_seconds", "How long refreshes waited for their locks."),
    ("authwatch_refresh_locks_stale_total", "Stale locks that were removed."),
    ("authwatch_refresh_next_timestamp_seconds", "When the login is due to be renewed."),
    ("authwatch_rescues_waiting", "Renewed logins that could not be stored and wait in a rescue file."),
    ("authwatch_scan_duration_seconds", "How long the last pass took."),
    ("authwatch_scan_failures_total", "Passes that ended without a result."),
    ("authwatch_scan_last_success_timestamp_seconds", "When the last pass ended with a result."),
    ("authwatch_scans_total", "Passes over all agents."),
    ("authwatch_store_errors_total", "Passes in which the agent's store could not be read, by reason."),
    ("authwatch_store_up", "Whether the agent's store could be read."),
];

pub(super) fn help(name: &str) -> &'static str {
    HELP.iter().find(|(known, _)| *known == name).map_or("", |(_, help)| help)
}

struct Family {
    family: MetricFamily,
    metrics: Vec<Metric>,
}

impl Family {
    fn new(name: &'static str) -> Self {
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help(name).to_owned());
        family.set_field_type(MetricType::GAUGE);
        Self { family, metrics: Vec::new() }
    }

    fn counter(name: &'static str) -> Self {
        let mut family = Self::new(name);
        family.family.set_field_type(MetricType::COUNTER);
        family
    }

    fn add(&mut self, labels: &[(&str, &str)], value: f64) {
        let pair = |(name, value): &(&str, &str)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        };
        let mut metric = Metric::from_label(labels.iter().map(pair).collect());
        if self.family.get_field_type() == MetricType::COUNTER {
            let mut counter = Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
        self.metrics.push(metric);
    }

    fn single(name: &'static str, value: f64) -> MetricFamily {
        let mut family = Self::new(name);
        family.add(&[], value);
        family.done()
    }

    fn done(mut self) -> MetricFamily {
        self.family.set_metric(self.metrics);
        self.family
    }
}

/// Metrics about the ways to reach people. What they count is kept on disk, so it goes on over restarts and from timer to timer.
pub(super) fn of_channels(channels: &[ChannelHealth]) -> Vec<MetricFamily> {
    let mut sent = Family::counter("authwatch_notifications_total");
    let mut failures = Family::counter("authwatch_notification_failures_total");
    let mut last_success = Family::new("authwatch_notification_last_success_timestamp_seconds");
    let mut waiting = Family::new("authwatch_notifications_waiting");
    #[expect(clippy::cast_precision_loss, reason = "nobody sends 2^53 messages")]
    let number = |count: u64| count as f64;
    for channel in channels {
        let name = ("channel", channel.name.as_str());
        sent.add(&[name], number(channel.sent));
        for (reason, count) in &channel.failures {
            failures.add(&[name, ("reason", reason)], number(*count));
        }
        if let Some(at) = channel.last_success {
            last_success.add(&[name], at.as_secs());
        }
        waiting.add(&[name], number(channel.waiting as u64));
    }
    [sent, failures, last_success, waiting].into_iter().map(Family::done).collect()
}

pub(super) fn of_process(pass: Option<Pass>) -> Vec<MetricFamily> {
    let mut build = Family::new("authwatch_build_info");
    let revision = env!("AUTHWATCH_REVISION");
    let rustc = env!("AUTHWATCH_RUSTC");
    build.add(&[("version", env!("CARGO_PKG_VERSION")), ("revision", revision), ("rustc", rustc)], 1.0);
    let mut families = vec![build.done()];
    if let Some(pass) = pass {
        families.push(Family::single("authwatch_scan_last_success_timestamp_seconds", pass.ended.as_secs()));
        families.push(Family::single("authwatch_scan_duration_seconds", pass.took.as_secs_f64()));
        let good = f64::from(u8::from(pass.configuration_is_good));
        families.push(Family::single("authwatch_config_last_reload_successful", good));
    }
    families
}

#[expect(clippy::cast_precision_loss, reason = "counts of profiles and agents stay far below 2^53")]
fn count(count: usize) -> f64 {
    count as f64
}

pub(super) fn of_snapshot(snapshot: &Snapshot, names: ProfileNames) -> Vec<MetricFamily> {
    let mut credentials = Family::new("authwatch_credentials");
    for status in Status::ALL {
        let profiles = snapshot.agents.iter().flat_map(|agent| &agent.profiles);
        let number = profiles.filter(|profile| profile.status == status).count();
        credentials.add(&[("status", status.as_str())], count(number));
    }
    let mut gauges = Gauges::new(names);
    for agent in &snapshot.agents {
        gauges.agent(agent);
    }
    for renewal in &snapshot.renewals {
        let (agent, profile) = (renewal.agent.as_str(), names.profile(&renewal.profile));
        let labels = [("agent", agent), ("provider", renewal.provider.as_str()), ("profile", &*profile)];
        let add = |family: &mut Family, at: Option<Timestamp>| {
            if let Some(at) = at {
                family.add(&labels, at.as_secs());
            }
        };
        add(&mut gauges.last_success, renewal.last_success);
        add(&mut gauges.last_attempt, renewal.last_attempt);
        add(&mut gauges.next, renewal.next);
    }
    let mut families = gauges.done();
    families.push(credentials.done());
    let mut config = Family::new("authwatch_openclaw_config_error");
    let reason = snapshot.config.error.as_ref().map(|error| error.reason);
    for known in StoreErrorReason::ALL {
        config.add(&[("reason", known.as_str())], f64::from(u8::from(reason == Some(known))));
    }
    families.push(config.done());
    families.push(Family::single("authwatch_rescues_waiting", count(snapshot.rescued.len())));
    families.push(Family::single("authwatch_agents", count(snapshot.agents.len())));
    families.push(Family::single("authwatch_check_exit_code_overall", f64::from(snapshot.exit_code)));
    families
}

struct Gauges {
    names: ProfileNames,
    expiry: Family,
    status: Family,
    login: Family,
    info: Family,
    cooldown: Family,
    held_since: Family,
    exit_code: Family,
    missing: Family,
    store_up: Family,
    last_success: Family,
    last_attempt: Family,
    next: Family,
}

impl Gauges {
    fn new(names: ProfileNames) -> Self {
        Self {
            names,
            expiry: Family::new("authwatch_credential_expiry_timestamp_seconds"),
            status: Family::new("authwatch_credential_status"),
            login: Family::new("authwatch_credential_login"),
            info: Family::new("authwatch_credential_info"),
            cooldown: Family::new("authwatch_credential_cooldown_until_timestamp_seconds"),
            held_since: Family::new("authwatch_refresh_lock_held_since_timestamp_seconds"),
            exit_code: Family::new("authwatch_check_exit_code"),
            missing: Family::new("authwatch_provider_in_use_missing"),
            store_up: Family::new("authwatch_store_up"),
            last_success: Family::new("authwatch_refresh_last_success_timestamp_seconds"),
            last_attempt: Family::new("authwatch_refresh_last_attempt_timestamp_seconds"),
            next: Family::new("authwatch_refresh_next_timestamp_seconds"),
        }
    }

    fn agent(&mut self, agent: &AgentHealth) {
        let id = agent.id.as_str();
        self.exit_code.add(&[("agent", id)], f64::from(agent.exit_code));
        let up = f64::from(u8::from(agent.store.error.is_none()));
        self.store_up.add(&[("agent", id), ("store", agent.store.kind.as_str())], up);
        for provider in &agent.missing_providers_in_use {
            self.missing.add(&[("agent", id), ("provider", provider.as_str())], 1.0);
        }
        for profile in &agent.profiles {
            self.profile(id, profile);
        }
    }

    fn profile(&mut self, agent: &str, profile: &ProfileHealth) {
        let name = self.names.profile(&profile.profile_id);
        let base = [("agent", agent), ("provider", profile.provider.as_str()), ("profile", &*name)];
        let flag = |is: bool| f64::from(u8::from(is));
        if let Some(end) = profile.end() {
            self.expiry.add(&base, end.as_secs());
        }
        for status in Status::ALL {
            let labels = [base[0], base[1], base[2], ("status", status.as_str())];
            self.status.add(&labels, flag(profile.status == status));
        }
        for login in Login::ALL {
            let labels = [base[0], base[1], base[2], ("login", login.as_str())];
            self.login.add(&labels, flag(profile.login == login));
        }
        let word = |is: bool| if is { "true" } else { "false" };
        let info = [
            base[0],
            base[1],
            base[2],
            ("kind", profile.kind.as_str()),
            ("store", profile.source.as_str()),
            ("in_use", word(profile.in_use)),
            ("inherited", word(profile.inherited)),
        ];
        self.info.add(&info, 1.0);
        if let Some(cooldown) = &profile.cooldown {
            self.cooldown.add(&base, cooldown.until.as_secs());
        }
        // One lock, one series: at the agent that owns the login, not at those that inherit it.
        if let (Login::Refreshing, Some(since), false) =
            (profile.login, profile.login_since, profile.inherited)
        {
            self.held_since.add(&base, since.as_secs());
        }
    }

    fn done(self) -> Vec<MetricFamily> {
        [
            self.expiry,
            self.status,
            self.login,
            self.info,
            self.cooldown,
            self.held_since,
            self.exit_code,
            self.missing,
            self.store_up,
            self.last_success,
            self.last_attempt,
            self.next,
        ]
        .into_iter()
        .map(Family::done)
        .collect()
    }
}
