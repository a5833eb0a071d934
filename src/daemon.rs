//! Pass after pass: look, renew what is due, publish; then wait until something changes or is due.
//!
//! The passes run on a thread of their own while the server goes on answering from what was published last. A pass that
//! panics is a failed pass, and the next one starts afresh.

mod changes;
mod listen;
mod notifications;
mod options;
mod pass;
mod recheck;
mod reloading;
mod renewing;
mod systemd;

use std::cell::OnceCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openclaw_auth::model::Span;
use openclaw_auth::random;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

use self::changes::Watcher;
use self::listen::{access, bind, listen};
use self::notifications::Telling;
pub use self::options::{ConfigFile, Flags, Options};
use crate::clock;
use crate::config::Config;
use crate::exit::{self, Failure};
use crate::model::{Event, Renewal, Snapshot};
use crate::notify::Notifier;
use crate::pipeline::Cache;
use crate::publish::metrics::{Metrics, Pass, ProfileNames};
use crate::refresh::endpoint;
use crate::serve::{self, Paths, Published};
use crate::stop::{Stop, Stopper, asked, asked_but_by_hangup};

/// After a change on disk, writers are given this long to finish.
const DEBOUNCE: Duration = Duration::from_millis(40);
/// Between a pass that a change on disk started and the next one that does: a writer that never rests is looked at this often.
const SMALLEST_PAUSE: Duration = Duration::from_secs(1);

/// The daemon's memory from pass to pass.
struct Daemon {
    options: Options,
    metrics: Metrics,
    board: watch::Sender<Arc<Published>>,
    previous: Option<Arc<Snapshot>>,
    events: VecDeque<Event>,
    renewals: BTreeMap<(String, String), Renewal>,
    cache: Cache,
    /// Whether any store has changed since logins were last surveyed.
    stores_changed: bool,
    /// Whether any store has been read since the last picture, and not only found to be what it was.
    has_read: bool,
    surveyed: Option<Instant>,
    /// Why nothing could be renewed when that was last tried, as an exit code.
    unrenewed: Option<u8>,
    last_pass: Option<Pass>,
    /// Where it is reached; `None` for a single pass.
    address: Option<SocketAddr>,
    /// Whether systemd knows that it runs.
    told_ready: OnceCell<()>,
    configuration_is_good: bool,
    config_changed: Option<std::time::SystemTime>,
    telling: Telling,
    /// Where channels report that they have tried something; `None` for a single pass.
    told: Option<mpsc::UnboundedSender<()>>,
}

/// Runs one whole pass and says what `--check` would.
///
/// A state directory that is not there is missing logins: people are told of what has gone with it.
pub async fn once(options: Options) -> Result<u8, Failure> {
    let is_set_up = options.roots.state.is_dir();
    let mut daemon = Daemon::new(options);
    let begun = daemon.beat_start();
    let stopper = Stopper::default();
    let stopping = stopper.watch();
    let asked = asked();
    tokio::pin!(asked);
    let result = {
        let pass = daemon.pass(&stopping);
        tokio::pin!(pass);
        // A timer's unit is stopped as well, when the machine goes down for one.
        tokio::select! {
            result = &mut pass => result,
            _ = &mut asked => {
                stop(&stopper);
                pass.await
            }
        }
    };
    let ended = daemon.beat_end(&result, begun);
    if !stopping.is_requested() {
        // What is not delivered now waits in the outbox.
        tokio::select! {
            () = daemon.deliver_once() => {}
            _ = &mut asked => {}
        }
    }
    // What was delivered belongs into the textfile, too.
    daemon.publish(true);
    if let Some(ended) = ended {
        let _ = ended.await;
    }
    result?;
    // A timer has to learn that it did half of its work: whatever is said of the logins, this comes first.
    if let Some(code) = daemon.trouble() {
        return Ok(code);
    }
    let seen = daemon.previous.map_or(exit::CANNOT_READ, |snapshot| snapshot.exit_code);
    Ok(if is_set_up { seen } else { exit::EXPIRED_OR_MISSING })
}

/// Runs until it is told to stop. Whoever waits for it is told where to look.
pub async fn run(options: Options, serving: impl FnOnce(&str)) -> Result<u8, Failure> {
    let access = access(&options.config)?;
    let listener =
        listen(&options.config.watch.listen, &access, options.config.watch.insecure_listen).await?;
    let probes = match &options.config.watch.health_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let address = listener.local_addr().map_err(|error| internal("cannot tell the address", error))?;
    let mut daemon = Daemon::new(options);
    let access = Arc::new(access);
    let (stopping, stopped) = watch::channel(false);
    let servers = [(Some(listener), Paths::All), (probes, Paths::Probes)];
    for (listener, paths) in servers {
        let Some(listener) = listener else { continue };
        let mut stopped = stopped.clone();
        let stop = async move {
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        let board = daemon.board.subscribe();
        tokio::task::spawn_local(serve::run(listener, board, Arc::clone(&access), paths, stop));
    }
    let page = format!("http{}://{address}/", if access.tls().is_some() { "s" } else { "" });
    tracing::info!("serving on {page}");
    serving(&page);
    daemon.address = Some(address);
    let result = daemon.passes().await;
    let _ = stopping.send(true);
    result.map(|()| exit::OK)
}

fn internal(what: &str, error: std::io::Error) -> Failure {
    Failure::new(exit::INTERNAL, what).caused_by(error)
}

fn names(config: &Config) -> ProfileNames {
    if config.metrics.hash_profiles { ProfileNames::Hashed } else { ProfileNames::Plain }
}

fn stop(stopper: &Stopper) {
    tracing::info!("stopping: what has begun is finished, nothing new is begun");
    systemd::stopping();
    stopper.stop();
}

impl Daemon {
    fn new(options: Options) -> Self {
        let mut providers: Vec<&str> = endpoint::providers().collect();
        providers.extend(options.config.refresh.providers.keys().map(String::as_str));
        providers.sort_unstable();
        providers.dedup();
        let metrics = Metrics::new(&providers, names(&options.config));
        let first = Published {
            exposition: metrics.render(None, None, None, &[]),
            refreshing: options.config.refresh.enabled,
            ..Published::default()
        };
        let mut daemon = Self {
            metrics,
            board: watch::Sender::new(Arc::new(first)),
            previous: None,
            events: VecDeque::new(),
            renewals: BTreeMap::new(),
            cache: Cache::default(),
            stores_changed: true,
            has_read: false,
            surveyed: None,
            unrenewed: None,
            last_pass: None,
            address: None,
            told_ready: OnceCell::new(),
            configuration_is_good: true,
            config_changed: None,
            telling: Telling::new(Notifier::new(&options.config, &options.state_dir)),
            told: None,
            options,
        };
        daemon.config_changed = daemon.config_stamp();
        daemon
    }

    async fn passes(&mut self) -> Result<(), Failure> {
        let failed = |error| internal("cannot listen for signals", error);
        let mut hang_up = signal(SignalKind::hangup()).map_err(failed)?;
        let asked = asked_but_by_hangup();
        tokio::pin!(asked);
        let stopper = Stopper::default();
        let stopping: Stop = stopper.watch();
        let (told, mut tried) = mpsc::unbounded_channel();
        self.telling.start(&told);
        self.told = Some(told);
        let mut pause_ends = tokio::time::Instant::now();
        let mut by_change = false;
        loop {
            let begun = self.beat_start();
            let mut watcher = Watcher::new(&self.options.roots, self.config_path());
            let result = {
                let pass = self.pass(&stopping);
                tokio::pin!(pass);
                // A refresh in flight is finished; what has not begun is left.
                loop {
                    tokio::select! {
                        result = &mut pass => break result,
                        _ = &mut asked, if !stopping.is_requested() => stop(&stopper),
                    }
                }
            };
            let ended = self.beat_end(&result, begun);
            if let Err(failure) = result {
                tracing::error!("{}", failure.in_one_line());
                // The counters know of it.
                self.publish(true);
            }
            if stopping.is_requested() {
                if let Some(ended) = ended {
                    let _ = ended.await;
                }
                break;
            }
            self.tell_systemd();
            let due = tokio::time::sleep(self.next_due());
            if std::mem::take(&mut by_change) {
                pause_ends = tokio::time::Instant::now() + SMALLEST_PAUSE;
            }
            let pause = tokio::time::sleep_until(pause_ends);
            tokio::pin!(due, pause);
            loop {
                tokio::select! {
                    () = &mut pause, if !pause.is_elapsed() => continue,
                    changed = watcher.changed(), if pause.is_elapsed() => {
                        if !changed.iter().any(|path| watcher.is_news(path, &self.cache)) {
                            continue;
                        }
                        by_change = true;
                        tokio::time::sleep(DEBOUNCE).await;
                    }
                    () = &mut due => {}
                    _ = hang_up.recv() => self.reload("on SIGHUP"),
                    _ = &mut asked => stop(&stopper),
                    Some(()) = tried.recv() => {
                        self.telling.take_stock();
                        self.publish(true);
                        continue;
                    }
                }
                break;
            }
            if stopping.is_requested() {
                break;
            }
            if self.config_stamp() != self.config_changed {
                self.reload("for it has changed");
            }
        }
        self.telling.stop().await;
        Ok(())
    }

    /// Says that all is running, which it is once there is a picture or a reason why there is none.
    fn tell_systemd(&self) {
        let Some(address) = self.address else { return };
        self.told_ready.get_or_init(systemd::ready);
        if let Some(snapshot) = &self.previous {
            let summary = snapshot.summary;
            let status = format!(
                "{} agents: {} valid, {} expiring, {} missing; http://{address}/",
                snapshot.agents.len(),
                summary.valid,
                summary.expiring,
                summary.missing
            );
            systemd::status(&status);
        }
        systemd::alive();
    }

    /// How long to wait: until the next login is due or ends, and never longer than the interval, so that suspended
    /// machines and clocks that jump are noticed.
    fn next_due(&self) -> Duration {
        let interval = self.options.config.watch.interval.map_or(60.0, Span::as_secs).max(0.1);
        let jittered = interval * (1.0 - 0.1 * random::fraction());
        let now = clock::now();
        let ends = self.previous.iter().flat_map(|snapshot| {
            snapshot
                .agents
                .iter()
                .flat_map(|agent| agent.profiles.iter().filter_map(|profile| profile.expires_at))
        });
        let due = self.renewals.values().filter_map(|renewal| renewal.next);
        let soonest = ends.chain(due).map(|at| (at - now).as_secs()).filter(|left| *left > 0.0);
        let soonest = soonest.fold(jittered, f64::min);
        let longest = systemd::watchdog().map_or(f64::INFINITY, |watchdog| watchdog.as_secs_f64() / 2.0);
        Duration::from_secs_f64(soonest.min(longest).max(0.05))
    }
}
