//! What is published: the last snapshot, the latest events, and metrics.

use std::collections::VecDeque;
use std::sync::Arc;

use openclaw_auth::digest;
use openclaw_auth::model::Span;
use openclaw_auth::paths::Roots;
use tokio::sync::watch;

use crate::config::Config;
use crate::model::{ChannelHealth, Event, Snapshot};
use crate::notify::host_name;
use crate::publish::metrics::{Metrics, Pass, ProfileNames, write_textfile};
use crate::refresh::endpoint;
use crate::serve::{Board, Published};

/// Events that are kept for the page.
const KEPT_EVENTS: usize = 200;
/// A snapshot is fresh for so many intervals.
const FRESH_INTERVALS: f64 = 3.0;

pub(super) struct Publisher {
    pub(super) metrics: Metrics,
    pub(super) snapshot: Option<Arc<Snapshot>>,
    pub(super) last_pass: Option<Pass>,
    /// Tells the textfile of a state directory that is not the default one from others'.
    state_dir_id: Option<String>,
    events: VecDeque<Event>,
    board: watch::Sender<Arc<Published>>,
}

pub(super) fn profile_names(config: &Config) -> ProfileNames {
    if config.metrics.hash_profiles { ProfileNames::Hashed } else { ProfileNames::Plain }
}

impl Publisher {
    pub(super) fn new(config: &Config, roots: &Roots) -> Self {
        let mut providers: Vec<&str> = endpoint::providers().collect();
        providers.extend(config.refresh.providers.keys().map(String::as_str));
        providers.sort_unstable();
        providers.dedup();
        let metrics = Metrics::new(&providers, profile_names(config));
        let first = Published {
            exposition: metrics.render(None, None, None, &[]),
            host: config.notify.host.clone().unwrap_or_else(host_name),
            refreshing: config.refresh.enabled,
            ..Published::default()
        };
        let board = watch::Sender::new(Arc::new(first));
        let state_dir_id =
            (!roots.is_default_state()).then(|| digest::short(roots.state.as_os_str().as_encoded_bytes()));
        Self { metrics, snapshot: None, last_pass: None, state_dir_id, events: VecDeque::new(), board }
    }

    pub(super) fn subscribe(&self) -> Board {
        self.board.subscribe()
    }

    pub(super) fn record(&mut self, event: Event) {
        if self.events.len() == KEPT_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Publishes what is known; `unchanged` if the credentials are as they were the last time.
    pub(super) fn publish(
        &self,
        config: &Config,
        is_valid: bool,
        channels: &[ChannelHealth],
        unchanged: bool,
    ) {
        let pass = self.last_pass.map(|pass| Pass { configuration_is_good: is_valid, ..pass });
        let snapshot = self.snapshot.as_deref();
        if let (Some(path), Some(snapshot), Some(pass)) = (&config.watch.textfile, snapshot, pass) {
            let text = self.metrics.textfile(snapshot, pass, channels, self.state_dir_id.as_deref());
            if let Err(error) = write_textfile(path, &text) {
                tracing::warn!("cannot write `{}`: {error}", path.display());
            }
        }
        let interval = config.watch.interval.unwrap_or(Span::from_mins(1.0));
        let fresh_for = interval.max(Span::from_secs(1.0)) * FRESH_INTERVALS;
        let kept = unchanged.then(|| self.board.borrow().exposition.credentials());
        let published = Published {
            exposition: self.metrics.render(snapshot, pass, kept, channels),
            events: self.events.iter().cloned().collect(),
            channels: channels.to_vec(),
            host: config.notify.host.clone().unwrap_or_else(host_name),
            refreshing: config.refresh.enabled,
            fresh_until: pass.map(|pass| pass.ended + fresh_for),
            snapshot: self.snapshot.clone(),
            ..Published::default()
        };
        self.board.send_replace(Arc::new(published));
    }
}
