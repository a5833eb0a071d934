//! Pass after pass: look, renew what is due, publish; then wait until something changes or is due.
//!
//! The passes run on a thread of their own while the server goes on answering from what was published last. A pass that
//! panics is a failed pass, and the next one starts afresh.

mod changes;
mod heartbeat;
mod listen;
mod monitor;
mod notifications;
mod options;
mod pass;
mod publisher;
mod renewals;
mod renewing;
mod scanner;
mod systemd;
mod workers;

use std::sync::Arc;
use std::time::Duration;

use openclaw_auth::model::Span;
use openclaw_auth::random;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use self::changes::Watcher;
use self::listen::{access, bind, listen};
use self::monitor::Monitor;
pub use self::options::{ConfigFile, Flags, Options};
use crate::assess;
use crate::clock;
use crate::exit::{self, Failure};
use crate::model::Snapshot;
use crate::serve::{self, Paths};
use crate::stop::{Stop, Stopper, asked, asked_but_by_hangup};

/// After a change on disk, writers are given this long to finish.
const DEBOUNCE: Duration = Duration::from_millis(40);
/// Between a pass that a change on disk started and the next one that does: a writer that never rests is looked at this often.
const SMALLEST_PAUSE: Duration = Duration::from_secs(1);

/// Runs one whole pass, and exits by the assessment: 1 if something critical needs a person, 2 if a warning does.
///
/// A state directory that is not there is missing logins: people are told of what has gone with it.
pub async fn once(options: Options) -> Result<u8, Failure> {
    let (is_set_up, at) = (options.roots.state.is_dir(), options.at);
    let mut monitor = Monitor::new(options);
    let begun = monitor.notifications.pass_begins();
    let stopper = Stopper::default();
    let stopping = stopper.watch();
    let asked = asked();
    tokio::pin!(asked);
    let result = {
        let pass = monitor.pass(&stopping);
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
    let ended = end_of_pass(&monitor, &result, begun);
    if !stopping.is_requested() {
        // What is not delivered now waits in the outbox.
        tokio::select! {
            () = monitor.notifications.deliver_once(at) => {}
            _ = &mut asked => {}
        }
    }
    // What was delivered belongs into the textfile, too.
    monitor.publish(true);
    if let Some(ended) = ended {
        let _ = ended.await;
    }
    result?;
    // A timer has to learn that it did half of its work: whatever is said of the logins, this comes first.
    if let Some(code) = monitor.failure() {
        return Ok(code);
    }
    let by_assessment =
        |snapshot: Arc<Snapshot>| exit::by_severity(assess::worst(&assess::issues(&snapshot)));
    let seen = monitor.publisher.snapshot.map_or(exit::CANNOT_READ, by_assessment);
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
    let address =
        listener.local_addr().map_err(|error| Failure::internal("cannot tell the address", error))?;
    let mut monitor = Monitor::new(options);
    let access = Arc::new(access);
    let (stopping, stopped) = watch::channel(false);
    let servers = [(Some(listener), Paths::All), (probes, Paths::Probes)];
    for (listener, paths) in servers {
        let Some(listener) = listener else { continue };
        let mut stopped = stopped.clone();
        let stop = async move {
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        let board = monitor.publisher.subscribe();
        tokio::task::spawn_local(serve::run(listener, board, Arc::clone(&access), paths, stop));
    }
    let page = format!("http{}://{address}/", if access.tls().is_some() { "s" } else { "" });
    tracing::info!("serving on {page}");
    serving(&page);
    monitor.service.address = Some(address);
    let result = passes(&mut monitor).await;
    let _ = stopping.send(true);
    result.map(|()| exit::OK)
}

fn stop(stopper: &Stopper) {
    tracing::info!("stopping: what has begun is finished, nothing new is begun");
    systemd::stopping();
    stopper.stop();
}

async fn passes(monitor: &mut Monitor) -> Result<(), Failure> {
    let failed = |error| Failure::internal("cannot listen for signals", error);
    let mut hang_up = signal(SignalKind::hangup()).map_err(failed)?;
    let asked = asked_but_by_hangup();
    tokio::pin!(asked);
    let stopper = Stopper::default();
    let stopping: Stop = stopper.watch();
    let (attempted, mut attempts) = mpsc::unbounded_channel();
    monitor.notifications.start(attempted);
    let mut pause_ends = tokio::time::Instant::now();
    let mut by_change = false;
    loop {
        let begun = monitor.notifications.pass_begins();
        let mut watcher = Watcher::new(&monitor.options.roots, options::configuration_path(&monitor.options));
        let result = {
            let pass = monitor.pass(&stopping);
            tokio::pin!(pass);
            // A refresh in flight is finished; what has not begun is left.
            loop {
                tokio::select! {
                    result = &mut pass => break result,
                    _ = &mut asked, if !stopping.is_requested() => stop(&stopper),
                }
            }
        };
        let ended = end_of_pass(monitor, &result, begun);
        if let Err(failure) = result {
            tracing::error!("{}", failure.in_one_line());
            // The counters know of it.
            monitor.publish(true);
        }
        if stopping.is_requested() {
            if let Some(ended) = ended {
                let _ = ended.await;
            }
            break;
        }
        monitor.service.report(monitor.publisher.snapshot.as_deref());
        let due = tokio::time::sleep(next_due(monitor));
        if std::mem::take(&mut by_change) {
            pause_ends = tokio::time::Instant::now() + SMALLEST_PAUSE;
        }
        let pause = tokio::time::sleep_until(pause_ends);
        tokio::pin!(due, pause);
        loop {
            tokio::select! {
                () = &mut pause, if !pause.is_elapsed() => continue,
                changed = watcher.changed(), if pause.is_elapsed() => {
                    if !changed.iter().any(|path| watcher.is_news(path, &monitor.scanner.cache)) {
                        continue;
                    }
                    by_change = true;
                    tokio::time::sleep(DEBOUNCE).await;
                }
                () = &mut due => {}
                _ = hang_up.recv() => monitor.reload("on SIGHUP"),
                _ = &mut asked => stop(&stopper),
                Some(()) = attempts.recv() => {
                    monitor.notifications.update_health();
                    monitor.publish(true);
                    continue;
                }
            }
            break;
        }
        if stopping.is_requested() {
            break;
        }
        if monitor.configuration.has_changed(&monitor.options) {
            monitor.reload("for it has changed");
        }
    }
    monitor.notifications.stop().await;
    Ok(())
}

/// Reports how a pass ended to the dead man's switch.
fn end_of_pass(
    monitor: &Monitor,
    result: &Result<(), Failure>,
    begun: Option<JoinHandle<()>>,
) -> Option<JoinHandle<()>> {
    let snapshot = monitor.publisher.snapshot.as_deref();
    monitor.notifications.pass_ended(result, monitor.failure(), snapshot, begun)
}

/// How long to wait: until the next login is due or ends, and never longer than the interval, so that suspended
/// machines and clocks that jump are noticed.
fn next_due(monitor: &Monitor) -> Duration {
    let interval = monitor.options.config.watch.interval.map_or(60.0, Span::as_secs).max(0.1);
    let jittered = interval * (1.0 - 0.1 * random::fraction());
    let now = clock::now();
    let ends = monitor.publisher.snapshot.iter().flat_map(|snapshot| {
        snapshot
            .agents
            .iter()
            .flat_map(|agent| agent.profiles.iter().filter_map(|profile| profile.expires_at))
    });
    let due = monitor.renewals.due();
    let soonest = ends.chain(due).map(|at| (at - now).as_secs()).filter(|left| *left > 0.0);
    let soonest = soonest.fold(jittered, f64::min);
    let longest = systemd::watchdog().map_or(f64::INFINITY, |watchdog| watchdog.as_secs_f64() / 2.0);
    Duration::from_secs_f64(soonest.min(longest).max(0.05))
}
