//! Reads all stores, again and again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use openclaw_auth::checkpoint;

use super::options::Options;
use crate::assess::Limits;
use crate::exit;
use crate::model::Snapshot;
use crate::pipeline::{self, Cache, Request};
use crate::remedy::Commands;
use crate::state::Memory;

#[derive(Default)]
pub(super) struct Scanner {
    pub(super) cache: Cache,
    /// Whether any store was read, rather than only found unchanged, since the last snapshot was published.
    pub(super) has_read: bool,
}

pub(super) struct Scan {
    pub(super) snapshot: Snapshot,
    pub(super) commands: Commands,
    pub(super) took: Duration,
    /// Whether any store has changed since the last scan.
    pub(super) changed: bool,
}

impl Scanner {
    /// Reads every store that has changed. `None` if that panicked, which is logged.
    pub(super) async fn scan(&mut self, options: &Options) -> Option<Scan> {
        let start = Instant::now();
        let status = &options.config.status;
        let memory =
            Memory::read(&options.state_dir).map_err(|error| tracing::warn!("{}", exit::chain(&error))).ok();
        let request = Request {
            semantics: status.semantics,
            scope: status.scope,
            own_rules: status.own_rules(),
            window: status.warn,
            memory: memory.map(Arc::new),
            at: options.at,
            limits: Limits::new(&options.config),
            ..Request::default()
        };
        let (roots, environment) = (options.roots.clone(), options.environment.clone());
        let mut cache = std::mem::take(&mut self.cache);
        let look = tokio::task::spawn_blocking(move || {
            checkpoint::panics("look");
            let look = pipeline::look_again(&roots, environment, &request, Some(&mut cache));
            (look, cache)
        });
        let (look, cache) = look.await.ok()?;
        self.cache = cache;
        self.has_read |= look.changed;
        Some(Scan {
            snapshot: look.snapshot,
            commands: look.commands,
            took: start.elapsed(),
            changed: look.changed,
        })
    }

    /// Forgets what was read: the next scan reads everything.
    pub(super) fn forget(&mut self) {
        self.cache = Cache::default();
    }
}
