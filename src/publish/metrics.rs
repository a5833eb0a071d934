//! Prometheus metrics: counters and histograms that live as long as the process, and gauges made from each snapshot.
//!
//! A metric is an entry in the table and a line that fills it, both here. Every counter child exists at 0 from the start, so
//! that `rate` sees the first increase. Labels come from closed enums and from ids.

mod exposition;
mod family;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use openclaw_auth::digest;
use openclaw_auth::model::{ProfileId, StoreErrorReason, Timestamp};

use self::exposition::with_label;
pub use self::exposition::{Exposition, write_textfile};
use self::family::MetricKind::{Counter, Gauge, Histogram, StoredCounter};
use self::family::{Collectors, Metric, Samples, metrics};
pub use self::family::{Description, MetricKind};
use crate::assess;
use crate::clock;
use crate::model::{
    AgentHealth, ChannelHealth, IssueOf, LoginReason, LoginState, ProfileHealth, Snapshot, Status,
};
use crate::refresh::outcome::{MisconfiguredReason, Outcome, TransientReason};

/// A provider answers in a second or two; the call ends after 30.
const PROVIDER_SECONDS: &[f64] = &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Waits end after 143 s.
const LOCK_SECONDS: &[f64] = &[0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 45.0, 143.0];

metrics! {
    AGENTS: Gauge, "authwatch_agents"
        [] "Agents that were checked."
    BUILD_INFO: Gauge, "authwatch_build_info"
        [version, revision, rustc] "The version that runs; always 1."
    CHECK_EXIT_CODE: Gauge, "authwatch_check_exit_code"
        [agent] "Exit code of `status --check` for the agent: 0 fine, 1 expired or missing, 2 expiring."
    CHECK_EXIT_CODE_OVERALL: Gauge, "authwatch_check_exit_code_overall"
        [] "Exit code of `status --check` for all agents."
    CONFIG_LAST_RELOAD_SUCCESSFUL: Gauge, "authwatch_config_last_reload_successful"
        [] "Whether the last reading of the configuration succeeded."
    CREDENTIAL_COOLDOWN_UNTIL: Gauge, "authwatch_credential_cooldown_until_timestamp_seconds"
        [agent, provider, profile] "When OpenClaw uses the profile again."
    CREDENTIAL_EXPIRY: Gauge, "authwatch_credential_expiry_timestamp_seconds"
        [agent, provider, profile] "When the access token expires or expired; absent where it does not expire."
    CREDENTIAL_INFO: Gauge, "authwatch_credential_info"
        [agent, provider, profile, kind, store, in_use, inherited]
        "What kind of credential it is and where it is kept; always 1."
    CREDENTIAL_LOGIN: Gauge, "authwatch_credential_login"
        [agent, provider, profile, login] "Whether the login renews automatically: 1 for the state it is in."
    CREDENTIAL_STATUS: Gauge, "authwatch_credential_status"
        [agent, provider, profile, status]
        "The access token's state, in OpenClaw's words: 1 for the one it is in."
    CREDENTIALS: Gauge, "authwatch_credentials"
        [status] "Logins by state, each counted once, at the agent that owns it."
    OPENCLAW_CONFIG_ERROR: Gauge, "authwatch_openclaw_config_error"
        [reason] "Whether OpenClaw's configuration cannot be used, by reason: 1 for the current one."
    PROVIDER_IN_USE_MISSING: Gauge, "authwatch_provider_in_use_missing"
        [agent, provider] "A configured model uses the provider, but no login exists; always 1."
    LOGIN_NEEDS_PERSON: Gauge, "authwatch_login_needs_person"
        [agent, provider, profile, severity]
        "The login needs a person; always 1, at the agent that owns it."
    MODEL_KEY_INFO: Gauge, "authwatch_model_key_info"
        [agent, provider, origin]
        "A configured model is called without a stored login: what holds its key, if it needs one; always 1."
    NOTIFICATION_FAILURES: StoredCounter, "authwatch_notification_failures_total"
        [channel, reason] "Failed attempts to send a message over the channel, by reason."
    NOTIFICATION_LAST_SUCCESS: Gauge, "authwatch_notification_last_success_timestamp_seconds"
        [channel] "When the channel last accepted a message; absent if it never did."
    NOTIFICATIONS: StoredCounter, "authwatch_notifications_total"
        [channel] "Messages the channel accepted."
    NOTIFICATIONS_WAITING: Gauge, "authwatch_notifications_waiting"
        [channel] "Messages waiting for the channel."
    REFRESH_ADOPTED: Counter, "authwatch_refresh_adopted_total"
        [provider] "Refreshes that found a fresh copy instead of calling the provider."
    REFRESH_ATTEMPTS: Counter, "authwatch_refresh_attempts_total"
        [provider] "Refreshes that were attempted."
    REFRESH_DURATION: Histogram(PROVIDER_SECONDS), "authwatch_refresh_duration_seconds"
        [provider] "How long refreshes took, locks included."
    REFRESH_FAILURES: Counter, "authwatch_refresh_failures_total"
        [provider, reason] "Refreshes that failed, by reason."
    REFRESH_LAST_ATTEMPT: Gauge, "authwatch_refresh_last_attempt_timestamp_seconds"
        [agent, provider, profile] "When the last attempt to renew the login began."
    REFRESH_LAST_SUCCESS: Gauge, "authwatch_refresh_last_success_timestamp_seconds"
        [agent, provider, profile] "When the login was last renewed."
    REFRESH_LOCK_HELD_SINCE: Gauge, "authwatch_refresh_lock_held_since_timestamp_seconds"
        [agent, provider, profile] "Since when the login's refresh lock is held; absent where it is not."
    REFRESH_LOCK_WAIT: Histogram(LOCK_SECONDS), "authwatch_refresh_lock_wait_seconds"
        [] "How long refreshes waited for their locks."
    REFRESH_LOCKS_STALE: Counter, "authwatch_refresh_locks_stale_total"
        [] "Stale locks that were removed."
    REFRESH_NEXT: Gauge, "authwatch_refresh_next_timestamp_seconds"
        [agent, provider, profile] "When the login is due to be renewed."
    RECOVERIES_WAITING: Gauge, "authwatch_rescues_waiting"
        [] "Renewed logins that could not be stored and wait in a recovery file."
    SCAN_DURATION: Gauge, "authwatch_scan_duration_seconds"
        [] "How long the last check took."
    SCAN_FAILURES: Counter, "authwatch_scan_failures_total"
        [] "Checks that failed."
    SCAN_LAST_SUCCESS: Gauge, "authwatch_scan_last_success_timestamp_seconds"
        [] "When the last check succeeded."
    SCANS: Counter, "authwatch_scans_total"
        [] "Checks of all agents."
    STORE_ERRORS: Counter, "authwatch_store_errors_total"
        [agent, reason] "Checks in which the agent's store could not be read, by reason."
    STORE_UP: Gauge, "authwatch_store_up"
        [agent, store] "Whether the agent's store could be read."
    PROCESS_CPU: StoredCounter, "process_cpu_seconds_total"
        [] "Processor time spent."
    PROCESS_OPEN_FDS: Gauge, "process_open_fds"
        [] "Open file descriptors."
    PROCESS_RESIDENT_MEMORY: Gauge, "process_resident_memory_bytes"
        [] "Memory in use."
    PROCESS_START_TIME: Gauge, "process_start_time_seconds"
        [] "When the process started, Unix seconds."
}

#[derive(Debug)]
pub struct Metrics {
    counted: Collectors,
    names: ProfileNames,
}

#[derive(Clone, Copy, Debug)]
pub struct Pass {
    pub ended: Timestamp,
    pub took: Duration,
    /// Whether the last reading of authwatch's configuration succeeded.
    pub configuration_is_good: bool,
}

/// How agents and profiles are named in labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProfileNames {
    #[default]
    Plain,
    /// Profiles by a hash, because ids may hold e-mail addresses.
    Hashed,
}

impl ProfileNames {
    fn profile(self, id: &ProfileId) -> Cow<'_, str> {
        match self {
            Self::Plain => Cow::Borrowed(id.as_str()),
            Self::Hashed => Cow::Owned(digest::short(id.as_str())),
        }
    }
}

impl Metrics {
    /// Creates every counter at 0 for these providers.
    #[must_use]
    pub fn new(providers: &[&str], names: ProfileNames) -> Self {
        let counted = Collectors::new(METRICS);
        for provider in providers {
            counted.counter(REFRESH_ATTEMPTS, [provider]);
            counted.counter(REFRESH_ADOPTED, [provider]);
            counted.histogram(REFRESH_DURATION, [provider]);
            for reason in failure_reasons() {
                counted.counter(REFRESH_FAILURES, [provider, reason]);
            }
        }
        Self { counted, names }
    }

    pub fn name_profiles(&mut self, names: ProfileNames) {
        self.names = names;
    }

    pub fn count_outcome(&self, provider: &str, outcome: &Outcome, took: Duration) {
        match outcome {
            Outcome::Refreshed { .. } | Outcome::Superseded => {}
            Outcome::Adopted { .. } => self.counted.counter(REFRESH_ADOPTED, [provider]).inc(),
            // Not attempted.
            Outcome::Transient(TransientReason::BackingOff, _)
            | Outcome::AlreadyFresh { .. }
            | Outcome::NotRenewable(_)
            | Outcome::Contended
            | Outcome::Stopped => return,
            Outcome::NeedsSignIn(_) | Outcome::Transient(..) | Outcome::Misconfigured(_) => {
                let reason = outcome.reason().unwrap_or_default();
                self.counted.counter(REFRESH_FAILURES, [provider, reason]).inc();
            }
        }
        self.counted.counter(REFRESH_ATTEMPTS, [provider]).inc();
        self.counted.histogram(REFRESH_DURATION, [provider]).observe(took.as_secs_f64());
    }

    /// Counts a wait for a lock, and the stale locks that were removed.
    pub fn count_lock(&self, waited: Duration, broken: u32) {
        self.counted.histogram(REFRESH_LOCK_WAIT, []).observe(waited.as_secs_f64());
        self.counted.counter(REFRESH_LOCKS_STALE, []).inc_by(u64::from(broken));
    }

    pub fn count_scan(&self, snapshot: &Snapshot) {
        self.counted.counter(SCANS, []).inc();
        for agent in &snapshot.agents {
            let id = agent.id.as_str();
            for &reason in StoreErrorReason::ALL {
                let child = self.counted.counter(STORE_ERRORS, [id, reason.as_str()]);
                if agent.store.error.as_ref().is_some_and(|error| error.reason == reason) {
                    child.inc();
                }
            }
        }
    }

    pub fn count_failed_scan(&self) {
        self.counted.counter(SCANS, []).inc();
        self.counted.counter(SCAN_FAILURES, []).inc();
    }

    /// `same` is the part about credentials of an earlier exposition, if it is unchanged.
    #[must_use]
    pub fn render(
        &self,
        snapshot: Option<&Snapshot>,
        pass: Option<Pass>,
        same: Option<Arc<str>>,
        channels: &[ChannelHealth],
    ) -> Exposition {
        let credentials = same.unwrap_or_else(|| self.credentials_text(snapshot).into());
        Exposition::new(self.own_text(pass, channels, true), credentials)
    }

    /// The text for a textfile, without `process_*`, which would describe another process than the collector's.
    /// Every series carries `state_dir_id` if one is given: the collector refuses two files with one series.
    #[must_use]
    pub fn textfile(
        &self,
        snapshot: &Snapshot,
        pass: Pass,
        channels: &[ChannelHealth],
        state_dir_id: Option<&str>,
    ) -> String {
        let text = self.own_text(Some(pass), channels, false) + &self.credentials_text(Some(snapshot));
        match state_dir_id {
            Some(id) => with_label(&text, &format!("state_dir_id=\"{id}\"")),
            None => text,
        }
    }

    fn own_text(&self, pass: Option<Pass>, channels: &[ChannelHealth], with_process: bool) -> String {
        let mut samples = Samples::new(METRICS);
        let (revision, rustc) = (env!("AUTHWATCH_REVISION"), env!("AUTHWATCH_RUSTC"));
        samples.set(BUILD_INFO, [env!("CARGO_PKG_VERSION"), revision, rustc], 1.0);
        if let Some(pass) = pass {
            samples.set(SCAN_LAST_SUCCESS, [], pass.ended.as_secs());
            samples.set(SCAN_DURATION, [], pass.took.as_secs_f64());
            samples.flag(CONFIG_LAST_RELOAD_SUCCESSFUL, [], pass.configuration_is_good);
        }
        for channel in channels {
            set_channel(&mut samples, channel);
        }
        if let Some(process) = clock::process().filter(|_| with_process) {
            samples.set(PROCESS_CPU, [], process.cpu_seconds);
            samples.set(PROCESS_RESIDENT_MEMORY, [], process.resident_bytes);
            samples.set(PROCESS_OPEN_FDS, [], process.open_files);
            samples.set(PROCESS_START_TIME, [], process.started.as_secs());
        }
        samples.encode(Some(&self.counted))
    }

    fn credentials_text(&self, snapshot: Option<&Snapshot>) -> String {
        let mut samples = Samples::new(METRICS);
        if let Some(snapshot) = snapshot {
            set_snapshot(&mut samples, snapshot, self.names);
        }
        samples.encode(None)
    }
}

/// The counts of channels are kept on disk, so they continue after restarts and from timer to timer.
fn set_channel(samples: &mut Samples, channel: &ChannelHealth) {
    let name = channel.name.as_str();
    samples.count(NOTIFICATIONS, [name], channel.sent);
    for (reason, count) in &channel.failures {
        samples.count(NOTIFICATION_FAILURES, [name, reason], *count);
    }
    if let Some(at) = channel.last_success {
        samples.set(NOTIFICATION_LAST_SUCCESS, [name], at.as_secs());
    }
    samples.count(NOTIFICATIONS_WAITING, [name], channel.waiting as u64);
}

fn set_snapshot(samples: &mut Samples, snapshot: &Snapshot, names: ProfileNames) {
    for &status in Status::ALL {
        let profiles = snapshot.agents.iter().flat_map(|agent| &agent.profiles);
        let number = profiles.filter(|profile| !profile.inherited && profile.status == status).count();
        samples.count(CREDENTIALS, [status.as_str()], number as u64);
    }
    for agent in &snapshot.agents {
        set_agent(samples, agent, names);
    }
    for issue in assess::issues(snapshot) {
        if let (IssueOf::Login(profile), Some(agent), Some(severity)) =
            (issue.of, issue.agent, issue.assessment.severity)
            && issue.assessment.needs_person
        {
            let (provider, name) = (profile.provider.as_str(), names.profile(&profile.profile_id));
            let labels = [agent.as_str(), provider, &*name, severity.as_str()];
            samples.set(LOGIN_NEEDS_PERSON, labels, 1.0);
        }
    }
    for renewal in &snapshot.renewals {
        let name = names.profile(&renewal.profile);
        let login = [renewal.agent.as_str(), renewal.provider.as_str(), &*name];
        for (metric, at) in [
            (REFRESH_LAST_SUCCESS, renewal.last_success),
            (REFRESH_LAST_ATTEMPT, renewal.last_attempt),
            (REFRESH_NEXT, renewal.next),
        ] {
            if let Some(at) = at {
                samples.set(metric, login, at.as_secs());
            }
        }
    }
    let reason = snapshot.config.error.as_ref().map(|error| error.reason);
    for &known in StoreErrorReason::ALL {
        samples.flag(OPENCLAW_CONFIG_ERROR, [known.as_str()], reason == Some(known));
    }
    samples.count(RECOVERIES_WAITING, [], snapshot.recoveries.len() as u64);
    samples.count(AGENTS, [], snapshot.agents.len() as u64);
    samples.set(CHECK_EXIT_CODE_OVERALL, [], f64::from(snapshot.exit_code));
}

fn set_agent(samples: &mut Samples, agent: &AgentHealth, names: ProfileNames) {
    let id = agent.id.as_str();
    samples.set(CHECK_EXIT_CODE, [id], f64::from(agent.exit_code));
    samples.flag(STORE_UP, [id, agent.store.kind.as_str()], agent.store.error.is_none());
    for provider in &agent.missing_providers_in_use {
        samples.set(PROVIDER_IN_USE_MISSING, [id, provider.as_str()], 1.0);
    }
    for (route, key) in agent.keys() {
        samples.set(MODEL_KEY_INFO, [id, &*route.provider, key.origin()], 1.0);
    }
    for profile in &agent.profiles {
        set_profile(samples, id, profile, names);
    }
}

fn set_profile(samples: &mut Samples, agent: &str, profile: &ProfileHealth, names: ProfileNames) {
    let name = names.profile(&profile.profile_id);
    let login @ [agent, provider, name] = [agent, profile.provider.as_str(), &*name];
    if let Some(end) = profile.end() {
        samples.set(CREDENTIAL_EXPIRY, login, end.as_secs());
    }
    for &status in Status::ALL {
        samples.flag(CREDENTIAL_STATUS, [agent, provider, name, status.as_str()], profile.status == status);
    }
    for &state in LoginState::ALL {
        samples.flag(CREDENTIAL_LOGIN, [agent, provider, name, state.as_str()], profile.login == state);
    }
    let word = |is: bool| if is { "true" } else { "false" };
    let (kind, store) = (profile.kind.as_str(), profile.source.as_str());
    let (in_use, inherited) = (word(profile.in_use), word(profile.inherited));
    samples.set(CREDENTIAL_INFO, [agent, provider, name, kind, store, in_use, inherited], 1.0);
    if let Some(cooldown) = &profile.cooldown {
        samples.set(CREDENTIAL_COOLDOWN_UNTIL, login, cooldown.until.as_secs());
    }
    // One lock, one series: at the agent that owns the login, not at those that inherit it.
    if let (LoginState::Refreshing, Some(since), false) =
        (profile.login, profile.login_since, profile.inherited)
    {
        samples.set(REFRESH_LOCK_HELD_SINCE, login, since.as_secs());
    }
}

/// Every reason a refresh can fail for.
pub fn failure_reasons() -> impl Iterator<Item = &'static str> {
    const REFUSED: [LoginReason; 6] = [
        LoginReason::InvalidGrant,
        LoginReason::RefreshTokenReused,
        LoginReason::RefreshTokenExpired,
        LoginReason::RefreshTokenInvalidated,
        LoginReason::Revoked,
        LoginReason::SignInAgain,
    ];
    let transient = TransientReason::ALL.iter().map(|reason| reason.as_str());
    let misconfigured = MisconfiguredReason::ALL.iter().map(|reason| reason.as_str());
    transient.chain(misconfigured).chain(REFUSED.into_iter().map(LoginReason::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_exists_at_zero_and_open_metrics_names_it_without_total() {
        let metrics = Metrics::new(&["xai"], ProfileNames::Plain);
        let exposition = metrics.render(None, None, None, &[]);
        let text = exposition.joined();
        for reason in failure_reasons() {
            let line = format!("authwatch_refresh_failures_total{{provider=\"xai\",reason=\"{reason}\"}} 0");
            assert!(text.contains(&line), "{line}");
        }
        let open = exposition::open_metrics(&text);
        assert!(open.contains("# TYPE authwatch_scans counter\nauthwatch_scans_total 0\n"), "{open}");
        assert!(open.ends_with("# EOF\n"));
    }
}
