//! Prometheus metrics: counters and histograms that live as long as the process, and gauges made anew from each snapshot.
//!
//! Every counter child exists at 0 from the start, so that `rate` sees the first increase. Labels come from closed enums and from ids.

mod families;
mod process;

use std::io::Write;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use openclaw_auth::model::{StoreErrorReason, Timestamp};
use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, TextEncoder,
};

pub use self::families::ProfileNames;
use crate::model::{ChannelHealth, LoginReason, Snapshot};
use crate::refresh::outcome::{MisconfiguredReason, Outcome, TransientReason};

/// Every metric there is, without the exporter's own `process_*`: name, type, help.
pub const METRICS: &[(&str, &str)] = families::HELP;

/// The metrics of this process.
#[derive(Debug)]
pub struct Metrics {
    attempts: IntCounterVec,
    failures: IntCounterVec,
    adopted: IntCounterVec,
    duration: HistogramVec,
    lock_wait: Histogram,
    stale_locks: IntCounter,
    scans: IntCounter,
    scan_failures: IntCounter,
    store_errors: IntCounterVec,
    names: ProfileNames,
}

/// What a pass found out about itself.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// When it ended, Unix milliseconds.
    pub ended: Timestamp,
    pub took: Duration,
    /// Whether the last reading of authwatch's configuration succeeded.
    pub configuration_is_good: bool,
}

/// What is scraped. What the credentials say is kept from pass to pass as long as they say the same; the forms a scrape may ask
/// for are made when one first does.
#[derive(Debug, Default)]
pub struct Exposition {
    own: String,
    credentials: Arc<str>,
    text: OnceLock<Bytes>,
    text_gzip: OnceLock<Bytes>,
    open_metrics: OnceLock<Bytes>,
    open_metrics_gzip: OnceLock<Bytes>,
}

impl Exposition {
    /// The part about credentials, to be used again.
    #[must_use]
    pub fn credentials(&self) -> Arc<str> {
        Arc::clone(&self.credentials)
    }

    fn joined(&self) -> String {
        let mut text = String::with_capacity(self.own.len() + self.credentials.len());
        text.push_str(&self.own);
        text.push_str(&self.credentials);
        text
    }

    /// Text format 0.0.4.
    pub fn text(&self) -> Bytes {
        self.text.get_or_init(|| Bytes::from(self.joined())).clone()
    }

    /// The same, compressed.
    pub fn text_gzip(&self) -> Bytes {
        self.text_gzip.get_or_init(|| gzip(self.joined().as_bytes())).clone()
    }

    /// `OpenMetrics` 1.0.
    pub fn open_metrics(&self) -> Bytes {
        self.open_metrics.get_or_init(|| Bytes::from(open_metrics(&self.joined()))).clone()
    }

    /// The same, compressed.
    pub fn open_metrics_gzip(&self) -> Bytes {
        self.open_metrics_gzip.get_or_init(|| gzip(open_metrics(&self.joined()).as_bytes())).clone()
    }
}

impl Metrics {
    /// Creates every counter there can be, at 0, for these providers.
    #[must_use]
    pub fn new(providers: &[&str], names: ProfileNames) -> Self {
        let counter = |name: &str, labels: &[&str]| {
            IntCounterVec::new(Opts::new(name, families::help(name)), labels)
                .expect("names and labels are valid")
        };
        let single = |name: &str| IntCounter::new(name, families::help(name)).expect("the name is valid");
        let histogram = |name: &str, buckets: &[f64]| {
            HistogramOpts::new(name, families::help(name)).buckets(buckets.to_vec())
        };
        let metrics = Self {
            attempts: counter("authwatch_refresh_attempts_total", &["provider"]),
            failures: counter("authwatch_refresh_failures_total", &["provider", "reason"]),
            adopted: counter("authwatch_refresh_adopted_total", &["provider"]),
            // A provider answers in a second or two; the call ends after 30.
            duration: HistogramVec::new(
                histogram("authwatch_refresh_duration_seconds", &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]),
                &["provider"],
            )
            .expect("names and labels are valid"),
            // Waits end after 143 s.
            lock_wait: Histogram::with_opts(histogram(
                "authwatch_refresh_lock_wait_seconds",
                &[0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 45.0, 143.0],
            ))
            .expect("the name is valid"),
            stale_locks: single("authwatch_refresh_locks_stale_total"),
            scans: single("authwatch_scans_total"),
            scan_failures: single("authwatch_scan_failures_total"),
            store_errors: counter("authwatch_store_errors_total", &["agent", "reason"]),
            names,
        };
        for provider in providers {
            metrics.attempts.with_label_values(&[provider]);
            metrics.adopted.with_label_values(&[provider]);
            metrics.duration.with_label_values(&[provider]);
            for reason in failure_reasons() {
                metrics.failures.with_label_values(&[*provider, reason]);
            }
        }
        metrics
    }

    /// Names profiles otherwise from now on.
    pub fn name_profiles(&mut self, names: ProfileNames) {
        self.names = names;
    }

    /// Counts what came of one refresh.
    pub fn count_outcome(&self, provider: &str, outcome: &Outcome, took: Duration) {
        match outcome {
            Outcome::Refreshed { .. } | Outcome::Superseded => {}
            Outcome::Adopted { .. } => self.adopted.with_label_values(&[provider]).inc(),
            // Put off, not attempted.
            Outcome::Transient(TransientReason::BackingOff, _)
            | Outcome::AlreadyFresh { .. }
            | Outcome::NotRenewable(_)
            | Outcome::Contended
            | Outcome::Stopped => return,
            Outcome::Dead(_) | Outcome::Transient(..) | Outcome::Misconfigured(_) => {
                let reason = outcome.reason().unwrap_or_default();
                self.failures.with_label_values(&[provider, reason]).inc();
            }
        }
        self.attempts.with_label_values(&[provider]).inc();
        self.duration.with_label_values(&[provider]).observe(took.as_secs_f64());
    }

    /// Counts a wait for a lock, and the stale locks that were in the way.
    pub fn count_lock(&self, waited: Duration, broken: u32) {
        self.lock_wait.observe(waited.as_secs_f64());
        self.stale_locks.inc_by(u64::from(broken));
    }

    /// Counts a pass that ended with a snapshot.
    pub fn count_scan(&self, snapshot: &Snapshot) {
        self.scans.inc();
        for agent in &snapshot.agents {
            let id = agent.id.as_str();
            for reason in StoreErrorReason::ALL {
                let child = self.store_errors.with_label_values(&[id, reason.as_str()]);
                if agent.store.error.as_ref().is_some_and(|error| error.reason == reason) {
                    child.inc();
                }
            }
        }
    }

    /// Counts a pass that did not.
    pub fn count_failed_scan(&self) {
        self.scans.inc();
        self.scan_failures.inc();
    }

    /// Makes what is scraped. `same` is the part about credentials of an earlier one, where they still say the same.
    #[must_use]
    pub fn render(
        &self,
        snapshot: Option<&Snapshot>,
        pass: Option<Pass>,
        same: Option<Arc<str>>,
        channels: &[ChannelHealth],
    ) -> Exposition {
        Exposition {
            own: self.own_text(pass, channels, true),
            credentials: same.unwrap_or_else(|| self.credentials_text(snapshot).into()),
            ..Exposition::default()
        }
    }

    /// The text for a textfile: without `process_*`, for the process is not the collector's.
    #[must_use]
    pub fn textfile(&self, snapshot: &Snapshot, pass: Pass, channels: &[ChannelHealth]) -> String {
        self.own_text(Some(pass), channels, false) + &self.credentials_text(Some(snapshot))
    }

    fn own_text(&self, pass: Option<Pass>, channels: &[ChannelHealth], with_process: bool) -> String {
        let mut all: Vec<MetricFamily> = Vec::new();
        all.extend(self.attempts.collect());
        all.extend(self.failures.collect());
        all.extend(self.adopted.collect());
        all.extend(self.duration.collect());
        all.extend(self.lock_wait.collect());
        all.extend(self.stale_locks.collect());
        all.extend(self.scans.collect());
        all.extend(self.scan_failures.collect());
        all.extend(self.store_errors.collect());
        all.extend(families::of_process(pass));
        all.extend(families::of_channels(channels));
        if with_process {
            all.extend(process::families());
        }
        encode(all)
    }

    fn credentials_text(&self, snapshot: Option<&Snapshot>) -> String {
        encode(snapshot.map(|snapshot| families::of_snapshot(snapshot, self.names)).unwrap_or_default())
    }
}

fn encode(mut families: Vec<MetricFamily>) -> String {
    families.retain(|family| !family.get_metric().is_empty());
    families.sort_by(|one, other| one.name().cmp(other.name()));
    let mut text = Vec::new();
    TextEncoder::new().encode(&families, &mut text).expect("families have names and samples");
    String::from_utf8(text).expect("the text format is UTF-8")
}

/// Every reason a refresh can fail for.
pub fn failure_reasons() -> impl Iterator<Item = &'static str> {
    const DEAD: [LoginReason; 6] = [
        LoginReason::InvalidGrant,
        LoginReason::RefreshTokenReused,
        LoginReason::RefreshTokenExpired,
        LoginReason::RefreshTokenInvalidated,
        LoginReason::Revoked,
        LoginReason::SignInAgain,
    ];
    let transient = TransientReason::ALL.iter().map(|reason| reason.as_str());
    let misconfigured = MisconfiguredReason::ALL.iter().map(|reason| reason.as_str());
    transient.chain(misconfigured).chain(DEAD.into_iter().map(LoginReason::as_str))
}

/// The same samples in `OpenMetrics`: a counter's family is named without `_total`, and the end is marked.
fn open_metrics(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 8);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(rest) = line.strip_prefix("# HELP ") else {
            result += line;
            result.push('\n');
            continue;
        };
        let is_counter = lines.peek().is_some_and(|next| next.ends_with(" counter"));
        let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
        let kind = lines.next().and_then(|next| next.rsplit(' ').next()).unwrap_or_default();
        let name = if is_counter { name.strip_suffix("_total").unwrap_or(name) } else { name };
        result += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }
    result + "# EOF\n"
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes all bytes");
    encoder.finish().expect("memory takes all bytes").into()
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
        let open = open_metrics(&text);
        assert!(open.contains("# TYPE authwatch_scans counter\nauthwatch_scans_total 0\n"), "{open}");
        assert!(open.ends_with("# EOF\n"));
    }
}
