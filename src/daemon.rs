//! The daemon: passes in a loop, each followed by a wait until something changes or is due.
//!
//! Stores are read on a thread of their own while the server goes on answering from what was published last. A pass that
//! panics is a failed pass, and the next one starts afresh.

mod changes;
mod monitor;
mod notifications;
mod options;
mod publisher;
mod renewals;
mod systemd;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use openclaw_auth::model::Span;
use openclaw_auth::random;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use self::changes::Watcher;
use self::monitor::Monitor;
pub use self::options::{ConfigFile, Flags, Options};
use crate::assess;
use crate::clock;
use crate::exit::{self, Failure};
use crate::serve::access::Access;
use crate::serve::{self, Paths};
use crate::stop::{Stop, Stopper, asked, asked_but_by_hangup};

/// After a change on disk, writers are given this long to finish.
const DEBOUNCE: Duration = Duration::from_millis(40);
/// Passes started by changes on disk are at least this far apart, however often a store is written.
const CHANGE_INTERVAL: Duration = Duration::from_secs(1);

/// Runs one whole pass, and exits by the assessment: 1 if something critical needs a person, 2 if a warning does.
///
/// Without a state directory it is 1: its logins are missing, and people are notified.
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
    // A timer has to learn that half of its work failed, whatever the logins' state is.
    if let Some(code) = monitor.failure() {
        return Ok(code);
    }
    Ok(match monitor.publisher.snapshot {
        _ if !is_set_up => exit::EXPIRED_OR_MISSING,
        Some(snapshot) => exit::by_severity(assess::worst(&assess::issues(&snapshot))),
        None => exit::CANNOT_READ,
    })
}

/// Runs until a signal stops it. `serving` is called with the page's address once it is served.
pub async fn run(options: Options, serving: impl FnOnce(&str)) -> Result<u8, Failure> {
    let settings = &options.config.watch;
    let access = Access::new(settings.web_config_file.clone(), settings.bearer_token_file.clone())
        .map_err(|error| Failure::new(exit::CONFIGURATION, error.to_string()))?;
    let listener = listen(&settings.listen, &access, settings.insecure_listen).await?;
    let probes = match &settings.health_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let address =
        listener.local_addr().map_err(|error| Failure::internal("cannot read the address", error))?;
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

/// The socket to serve on: systemd's, or one at this address. One that other machines can reach needs protection.
async fn listen(address: &str, access: &Access, insecure: bool) -> Result<TcpListener, Failure> {
    let (listener, address) = match handed_over()? {
        Some(listener) => (listener, None),
        None => (bind(address).await?, Some(address.to_owned())),
    };
    let local = listener.local_addr().map_err(|error| Failure::internal("cannot read the address", error))?;
    if !local.ip().is_loopback() && !access.is_protected() && !insecure {
        let address = address.unwrap_or_else(|| local.to_string());
        return Err(Failure::new(
            exit::CONFIGURATION,
            format!("other machines can reach `{address}`: a public address needs TLS or authentication"),
        )
        .hint("set watch.web_config_file or watch.bearer_token_file, or give --insecure-listen"));
    }
    Ok(listener)
}

/// The socket systemd hands over, if it does.
fn handed_over() -> Result<Option<TcpListener>, Failure> {
    let taken = listenfd::ListenFd::from_env().take_tcp_listener(0);
    let Some(listener) = taken.ok().flatten() else { return Ok(None) };
    let ready = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
    ready.map(Some).map_err(|error| Failure::internal("cannot use the socket that was handed over", error))
}

async fn bind(address: &str) -> Result<TcpListener, Failure> {
    let parsed: SocketAddr = address.parse().map_err(|_| {
        Failure::new(exit::CONFIGURATION, format!("invalid listen address `{address}`"))
            .hint("give an IP address and a port, such as 127.0.0.1:10979 or [::1]:10979")
    })?;
    TcpListener::bind(parsed).await.map_err(|error| {
        Failure::new(exit::CANNOT_WRITE, format!("cannot listen on {address}"))
            .caused_by(error)
            .hint("another authwatch may be running; `--listen 127.0.0.1:0` takes any free port")
    })
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
    let mut changes_from = tokio::time::Instant::now();
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
            // It has changed the counters.
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
            changes_from = tokio::time::Instant::now() + CHANGE_INTERVAL;
        }
        let held_back = tokio::time::sleep_until(changes_from);
        tokio::pin!(due, held_back);
        loop {
            tokio::select! {
                () = &mut held_back, if !held_back.is_elapsed() => continue,
                changed = watcher.changed(), if held_back.is_elapsed() => {
                    if !changed.iter().any(|path| watcher.is_unknown(path, &monitor.cache)) {
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

/// Sends the heartbeat of how a pass ended.
fn end_of_pass(
    monitor: &Monitor,
    result: &Result<(), Failure>,
    begun: Option<JoinHandle<()>>,
) -> Option<JoinHandle<()>> {
    let snapshot = monitor.publisher.snapshot.as_deref();
    monitor.notifications.pass_ended(result, monitor.failure(), snapshot, begun)
}

/// The time until the next login is due or expires; never longer than the interval, so that suspended machines and clocks
/// that jump are noticed.
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
