//! One pass: discover, load and classify; renew what is due; publish, and tell.

use std::sync::Arc;
use std::time::{Duration, Instant};

use openclaw_auth::checkpoint;
use openclaw_auth::model::Span;

use super::Daemon;
use crate::clock;
use crate::exit::{self, Failure};
use crate::model::{Event, Snapshot};
use crate::pipeline::{self, Request, SETTLED_AFTER};
use crate::publish::changes::between;
use crate::publish::metrics::Pass;
use crate::publish::textfile;
use crate::refresh::recovery;
use crate::serve::Published;
use crate::state::Memory;
use crate::stop::Stop;

/// Events that are kept for the page.
const KEPT_EVENTS: usize = 200;
/// A picture is fresh for so many intervals.
const FRESH_INTERVALS: f64 = 3.0;

impl Daemon {
    pub(super) fn remember(&mut self, event: Event) {
        if self.events.len() == KEPT_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// One pass: discover, load, classify; renew; publish.
    pub(super) async fn pass(&mut self, stopping: &Stop) -> Result<(), Failure> {
        let (mut snapshot, mut took) = self.look_twice(stopping).await?;
        if !self.options.config.refresh.enabled {
            self.unrenewed = None;
        }
        if self.options.config.refresh.enabled && self.options.at.is_none() && self.is_renewing_due() {
            // What cannot be renewed can still be watched.
            let renewed = self.renew(stopping).await;
            self.unrenewed = renewed.as_ref().err().map(|failure| failure.code);
            let renewed = renewed.unwrap_or_else(|failure| {
                tracing::error!("{}", failure.in_one_line());
                false
            });
            if renewed {
                // What was written is seen as what it is, and does not start another pass.
                tokio::time::sleep(SETTLED_AFTER).await;
                (snapshot, took) = self.look().await?;
            }
        }
        self.show(snapshot, took).await;
        Ok(())
    }

    /// Remembers what was found, with what has changed since the last time, and publishes it.
    pub(super) async fn show(&mut self, mut snapshot: Snapshot, took: Duration) {
        snapshot.renewals = self.renewals.values().cloned().collect();
        snapshot.rescued = recovery::waiting_profiles(&self.options.state_dir);
        self.metrics.count_scan(&snapshot);
        let mut same = false;
        if let Some(previous) = self.previous.take() {
            let as_many = previous.agents.len() == snapshot.agents.len();
            same = !self.has_read
                && as_many
                && previous.renewals == snapshot.renewals
                && previous.rescued == snapshot.rescued;
            for event in between(&previous, &snapshot) {
                self.remember(event);
            }
        }
        self.has_read = false;
        self.previous = Some(Arc::new(snapshot));
        self.last_pass = Some(Pass { ended: clock::now(), took, configuration_is_good: true });
        // Before people are told, which may have to wait for the disk.
        self.publish(same);
        let channels = self.telling.channels.clone();
        self.tell().await;
        if self.telling.channels != channels {
            self.publish(true);
        }
        self.tell_systemd();
    }

    /// Looks at every store; what is there, and how long that took.
    pub(super) async fn look(&mut self) -> Result<(Snapshot, Duration), Failure> {
        let start = Instant::now();
        let status = &self.options.config.status;
        let memory = Memory::read(&self.options.state_dir)
            .map_err(|error| tracing::warn!("{}", exit::chain(&error)))
            .ok();
        let request = Request {
            semantics: status.semantics.into(),
            scope: status.scope.map(Into::into),
            window: status.warn,
            memory: memory.map(Arc::new),
            at: self.options.at,
            ..Request::default()
        };
        let (roots, environment) = (self.options.roots.clone(), self.options.environment.clone());
        let mut cache = std::mem::take(&mut self.cache);
        let look = tokio::task::spawn_blocking(move || {
            checkpoint::panics("look");
            let look = pipeline::look_again(&roots, environment, &request, Some(&mut cache));
            (look, cache)
        });
        if let Ok((look, cache)) = look.await {
            self.cache = cache;
            self.stores_changed |= look.changed;
            self.has_read |= look.changed;
            Ok((look.snapshot, start.elapsed()))
        } else {
            self.metrics.count_failed_scan();
            // What it panicked with was said by then, without what may be secret in it.
            Err(Failure::new(exit::INTERNAL, "a pass has failed; the next one starts afresh"))
        }
    }

    /// Shows what is known; `same` if the credentials are as they were the last time.
    pub(super) fn publish(&self, same: bool) {
        let good = self.configuration_is_good;
        let pass = self.last_pass.map(|pass| Pass { configuration_is_good: good, ..pass });
        let snapshot = self.previous.as_deref();
        if let (Some(path), Some(snapshot), Some(pass)) =
            (&self.options.config.watch.textfile, snapshot, pass)
        {
            let text = self.metrics.textfile(snapshot, pass, &self.telling.channels);
            if let Err(error) = textfile::write(path, &text) {
                tracing::warn!("cannot write `{}`: {error}", path.display());
            }
        }
        let interval = self.options.config.watch.interval.unwrap_or(Span::from_mins(1.0));
        let fresh_for = interval.max(Span::from_secs(1.0)) * FRESH_INTERVALS;
        let same = same.then(|| self.board.borrow().exposition.credentials());
        let published = Published {
            exposition: self.metrics.render(snapshot, pass, same, &self.telling.channels),
            events: self.events.iter().cloned().collect(),
            channels: self.telling.channels.clone(),
            refreshing: self.options.config.refresh.enabled,
            fresh_until: pass.map(|pass| pass.ended + fresh_for),
            snapshot: self.previous.clone(),
            ..Published::default()
        };
        self.board.send_replace(Arc::new(published));
    }
}
