//! What the daemon keeps from pass to pass, and one pass: scan the stores, renew what is due, publish, and notify people.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openclaw_auth::{checkpoint, discover};

use super::notifications::Notifications;
use super::options::{Configuration, Options};
use super::publisher::{Publisher, profile_names};
use super::renewals::Renewals;
use super::systemd::{self, Service};
use crate::assess;
use crate::clock;
use crate::config::Config;
use crate::exit::{self, Failure};
use crate::model::{Event, EventKind, Severity, Snapshot};
use crate::notify::Notifier;
use crate::pipeline::{self, Cache, Request, SETTLED_AFTER};
use crate::publish::changes::between;
use crate::publish::metrics::Pass;
use crate::refresh::candidates::{self, Login, Selection};
use crate::refresh::plan::{Clocks, Decision};
use crate::refresh::{self, Refresher, recovery};
use crate::remedy::Commands;
use crate::state::Memory;
use crate::stop::Stop;
use crate::texts::text;

/// Writers are done by then.
const WRITERS_DONE: Duration = Duration::from_secs(2);
/// While a provider or a lock keeps renewing waiting, the stores are scanned this often.
const MEANWHILE: Duration = Duration::from_secs(1);

pub(super) struct Monitor {
    pub(super) options: Options,
    pub(super) configuration: Configuration,
    pub(super) cache: Cache,
    /// Whether any store was read, rather than found unchanged, since the last snapshot was published.
    has_read: bool,
    pub(super) renewals: Renewals,
    pub(super) publisher: Publisher,
    pub(super) notifications: Notifications,
    pub(super) service: Service,
}

pub(super) struct Scan {
    snapshot: Snapshot,
    commands: Commands,
    took: Duration,
}

impl Monitor {
    pub(super) fn new(options: Options) -> Self {
        Self {
            configuration: Configuration::new(&options),
            cache: Cache::default(),
            has_read: false,
            renewals: Renewals::default(),
            publisher: Publisher::new(&options.config, &options.roots),
            notifications: Notifications::new(Notifier::new(&options.config, &options.state_dir)),
            service: Service::default(),
            options,
        }
    }

    /// Publishes what is known; `unchanged` if the credentials are as they were the last time.
    pub(super) fn publish(&self, unchanged: bool) {
        let (config, is_valid) = (&self.options.config, self.configuration.is_valid);
        self.publisher.publish(config, is_valid, &self.notifications.channels, unchanged);
    }

    /// The exit code of what the last pass failed to do: renew logins, or notify people.
    pub(super) fn failure(&self) -> Option<u8> {
        self.renewals.failure.or(self.notifications.failure())
    }

    /// Reads the configuration again. An invalid one is refused and the old one stays in effect, as do the sockets.
    pub(super) fn reload(&mut self, why: &str) {
        let Some(file) = self.options.config_file.clone() else { return };
        systemd::reloading();
        self.configuration.mark_read(&self.options);
        let text = match Config::load(file.named.then_some(&file.path)) {
            Ok(mut config) => {
                self.options.flags.lay_over(&mut config);
                self.publisher.metrics.name_profiles(profile_names(&config));
                // The next scan reads everything.
                self.cache = Cache::default();
                self.options.config = config;
                self.notifications.replace(Notifier::new(&self.options.config, &self.options.state_dir));
                self.configuration.is_valid = true;
                tracing::info!("read the configuration again {why}");
                self.options.config.warn_of_removed();
                text("event-configuration-read", &[])
            }
            Err(failure) => {
                self.configuration.is_valid = false;
                let failure = failure.in_one_line();
                tracing::warn!("{failure}; the configuration stays as it was");
                text("event-configuration-refused", &[("problem", &failure)])
            }
        };
        let kind = EventKind::Configuration;
        self.publisher.record(Event { at: clock::now(), kind, agent: None, profile: None, text });
        systemd::ready();
    }

    pub(super) async fn pass(&mut self, stopping: &Stop) -> Result<(), Failure> {
        let mut scan = self.scan_settled(stopping).await?;
        if !self.options.config.refresh.enabled {
            self.renewals.failure = None;
        } else if self.options.at.is_none() && self.renewals.is_due() {
            // What cannot be renewed can still be watched.
            let renewed = self.renew(stopping).await;
            self.renewals.failure = renewed.as_ref().err().map(|failure| failure.code);
            let renewed = renewed.unwrap_or_else(|failure| {
                tracing::error!("{}", failure.in_one_line());
                false
            });
            if renewed {
                // Scanning what was written now keeps it from starting another pass.
                tokio::time::sleep(SETTLED_AFTER).await;
                scan = self.scan().await?;
            }
        }
        self.show(scan).await;
        Ok(())
    }

    /// Scans every store, and again if something disappeared: a writer or a migration may be half done, and nobody
    /// should be alarmed by that.
    async fn scan_settled(&mut self, stopping: &Stop) -> Result<Scan, Failure> {
        let scan = self.scan().await?;
        if !self.lost_something(&scan.snapshot) {
            return Ok(scan);
        }
        stopping.unless_requested(tokio::time::sleep(WRITERS_DONE)).await;
        self.scan().await
    }

    /// Whether something that was there in the last snapshot is missing or unreadable.
    fn lost_something(&self, snapshot: &Snapshot) -> bool {
        use EventKind::{Disappeared, SettingsBroken, StoreBroken};

        let Some(previous) = &self.publisher.snapshot else { return false };
        // In a large fleet it costs to compare, and nearly always nothing was read.
        if !self.has_read && previous.agents.len() == snapshot.agents.len() {
            return false;
        }
        let events = between(previous, snapshot);
        events.iter().any(|event| matches!(event.kind, Disappeared | SettingsBroken | StoreBroken))
    }

    /// Reads every store that has changed. A panic is logged and becomes the error.
    async fn scan(&mut self) -> Result<Scan, Failure> {
        let start = Instant::now();
        let options = &self.options;
        let memory =
            Memory::read(&options.state_dir).map_err(|error| tracing::warn!("{}", exit::chain(&error))).ok();
        let request =
            Request { memory: memory.map(Arc::new), at: options.at, ..Request::new(&options.config) };
        let (roots, environment) = (options.roots.clone(), options.environment.clone());
        let mut cache = std::mem::take(&mut self.cache);
        let reading = tokio::task::spawn_blocking(move || {
            checkpoint::panics("scan");
            (pipeline::run_with_cache(&roots, environment, &request, Some(&mut cache)), cache)
        });
        let Ok((found, cache)) = reading.await else {
            self.publisher.metrics.count_failed_scan();
            // The panic hook has logged its message, without what may be secret in it.
            return Err(Failure::new(exit::INTERNAL, "a pass has failed; the next one starts afresh"));
        };
        self.cache = cache;
        self.has_read |= found.changed;
        self.renewals.stores_changed |= found.changed;
        Ok(Scan { snapshot: found.snapshot, commands: found.commands, took: start.elapsed() })
    }

    /// Renews what is due, and goes on publishing meanwhile if that takes long; whether the stores have to be scanned again.
    async fn renew(&mut self, stopping: &Stop) -> Result<bool, Failure> {
        let options = self.options.clone();
        let refresher = Refresher::new(options.roots, options.state_dir, options.config, stopping.clone());
        let refresher = Rc::new(refresher.await.map_err(|error| {
            let hint = error.hint();
            Failure::new(exit::CANNOT_WRITE, "nothing is renewed").caused_by(error).hint(hint)
        })?);
        let settled = recovery::settle(&refresher).await;
        self.renewals.mark_searched();
        let logins = self.candidates()?;
        let before = clock::now();
        let round = refresh::run(&refresher, &logins, false, |_| {});
        tokio::pin!(round);
        let mut shown = false;
        let outcomes = loop {
            tokio::select! {
                outcomes = &mut round => break outcomes,
                () = tokio::time::sleep(MEANWHILE) => {
                    if let Ok(scan) = self.scan().await {
                        self.show(scan).await;
                        shown = true;
                    }
                }
            }
        };
        for (waited, broken) in refresher.take_waits() {
            self.publisher.metrics.count_lock(waited, broken);
        }
        let mut changed = shown || !settled.is_empty();
        for (login, (outcome, took)) in logins.iter().zip(outcomes) {
            let (event, is_new) = self.renewals.record(login, &outcome, before);
            changed |= is_new;
            if let Some(event) = event {
                self.publisher.record(event);
            }
            if login.renewable.is_ok() && login.decision == Decision::Due {
                self.publisher.metrics.count_outcome(login.provider.as_str(), &outcome, took);
            }
        }
        if changed {
            // What has just been renewed, or was refused, has its next time now.
            self.candidates()?.iter().for_each(|login| self.renewals.plan(login));
        }
        Ok(changed)
    }

    fn candidates(&self) -> Result<Vec<Login>, Failure> {
        let memory = Memory::read(&self.options.state_dir)
            .map_err(|error| Failure::new(exit::CANNOT_READ, "nothing is renewed").caused_by(error))?;
        let discovery = discover::discover(&self.options.roots, self.options.environment.iter().cloned());
        let clocks = Clocks { now: clock::now(), boot: clock::boot() };
        let config = &self.options.config.refresh;
        let roots = &self.options.roots;
        Ok(candidates::find(roots, &discovery, &memory, config, &Selection::default(), &clocks).logins)
    }

    /// Records what has changed since the last snapshot, publishes the new one, and notifies people.
    async fn show(&mut self, scan: Scan) {
        let Scan { mut snapshot, commands, took } = scan;
        snapshot.renewals = self.renewals.all();
        let waiting = recovery::waiting_profiles(&self.options.state_dir);
        assess::add_recoveries(&mut snapshot, waiting, &commands);
        self.publisher.metrics.count_scan(&snapshot);
        let mut unchanged = false;
        if let Some(previous) = self.publisher.snapshot.take() {
            unchanged = !self.has_read
                && previous.agents.len() == snapshot.agents.len()
                && previous.renewals == snapshot.renewals
                && previous.recoveries == snapshot.recoveries
                && has_same_verdicts(&previous, &snapshot);
            for event in between(&previous, &snapshot) {
                self.publisher.record(event);
            }
        }
        self.has_read = false;
        let snapshot = Arc::new(snapshot);
        self.publisher.snapshot = Some(Arc::clone(&snapshot));
        self.publisher.last_pass = Some(Pass { ended: clock::now(), took, configuration_is_good: true });
        // Before people are notified, which may have to wait for the disk.
        self.publish(unchanged);
        if self.notifications.notify(&snapshot).await {
            self.publish(true);
        }
        self.service.report(Some(&snapshot));
    }
}

/// Whether nothing has changed a verdict, neither time nor what the gateway's service has.
fn has_same_verdicts(previous: &Snapshot, snapshot: &Snapshot) -> bool {
    let verdicts = |snapshot: &Snapshot| -> Vec<Option<Severity>> {
        let profiles = snapshot.agents.iter().flat_map(|agent| &agent.profiles);
        profiles.map(|profile| profile.assessment.as_ref()?.severity).collect()
    };
    let has_same_models = previous.agents.iter().zip(&snapshot.agents).all(|(before, now)| {
        before.models == now.models && before.missing_providers_in_use == now.missing_providers_in_use
    });
    has_same_models && verdicts(previous) == verdicts(snapshot)
}
