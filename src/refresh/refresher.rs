//! What every refresh works with: where the stores are, the configuration, and what is remembered of each attempt, so that the next one
//! comes at the right time and a refused token is never presented again.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use openclaw_auth::paths::Roots;
use tracing::warn;

use super::candidates::{Login, jitter_of};
use super::endpoint::Issued;
use super::outcome::Outcome;
use super::plan::backoff;
use crate::clock;
use crate::config::Config;
use crate::http::{ClientError, HttpClient};
use crate::state::{Failing, Fingerprint, LastIssue, Memory, MemoryError, Refused};
use crate::stop::Stop;

#[derive(Debug)]
pub struct Refresher {
    pub roots: Roots,
    pub state_dir: PathBuf,
    pub config: Config,
    /// After a stop, waits end and nothing new begins.
    pub stop: Stop,
    client: OnceLock<HttpClient>,
    /// The wait for each lock, and how many stale locks were broken.
    waits: Mutex<Vec<(Duration, u32)>>,
}

#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error(
        "authwatch's own state cannot be kept, and without it a refused token would be presented again and again"
    )]
    Memory(#[from] MemoryError),
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl SetupError {
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Memory(_) => {
                "authwatch needs a state directory it can write: set XDG_STATE_HOME or STATE_DIRECTORY"
            }
            Self::Client(_) => "`authwatch config check` checks the configured certificates",
        }
    }
}

impl Refresher {
    /// Creates a refresher; fails if authwatch's state directory is not writable.
    pub async fn new(
        roots: Roots,
        state_dir: PathBuf,
        config: Config,
        stop: Stop,
    ) -> Result<Self, SetupError> {
        let refresher =
            Self { roots, state_dir, config, stop, client: OnceLock::new(), waits: Mutex::default() };
        refresher.update_memory(Memory::prepare).await?;
        Ok(refresher)
    }

    /// For each lock since the last call: how long it was waited for, and how many stale locks were broken.
    pub fn take_waits(&self) -> Vec<(Duration, u32)> {
        std::mem::take(&mut *self.waits.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn note_wait(&self, waited: Duration, broken: u32) {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).push((waited, broken));
    }

    pub(super) fn memory(&self) -> Result<Memory, MemoryError> {
        Memory::read(&self.state_dir)
    }

    /// Changes the memory, on a thread of its own because its lock and the disk may block.
    pub(super) async fn update_memory(
        &self,
        change: impl FnOnce(&mut Memory) -> Result<(), MemoryError> + Send + 'static,
    ) -> Result<(), MemoryError> {
        let dir = self.state_dir.clone();
        let update = tokio::task::spawn_blocking(move || change(&mut Memory::read(&dir)?));
        update.await.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))
    }

    pub(super) fn client(&self) -> Result<&HttpClient, ClientError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = HttpClient::new(self.config.network.ca_file.as_deref())?;
        Ok(self.client.get_or_init(|| client))
    }

    pub(super) async fn remember_success(&self, login: &Login, spent: &Fingerprint, issued: &Issued) {
        let (profile, spent) = (login.profile.clone(), spent.clone());
        let (token, lifetime) = (issued.tokens.refresh.clone(), issued.lifetime);
        let remembered = self.update_memory(move |memory| {
            let name = token.as_ref().map_or_else(|| spent.clone(), |token| memory.fingerprint(token));
            let boot = clock::boot();
            memory.remember_renewal(&spent, &name, clock::now(), |record| {
                profile.as_str().clone_into(&mut record.profile);
                record.failing = None;
                record.refused = None;
                record.issued = boot.map(|boot| LastIssue { boot: boot.boot, at: boot.at, lifetime });
            })
        });
        if let Err(problem) = remembered.await {
            warn!("{problem}");
        }
    }

    /// Remembers a failure, so that the next attempt comes later, and a refused token is never presented again.
    pub(super) async fn remember_failure(
        &self,
        login: &Login,
        fingerprint: &Fingerprint,
        outcome: Outcome,
    ) -> Outcome {
        let now = clock::now();
        let (refused, retry_after, blocked) = match &outcome {
            Outcome::NeedsSignIn(reason) => (Some(Refused { reason: *reason, since: now }), None, None),
            Outcome::Transient(reason, retry_after) => (None, *retry_after, reason.blocked()),
            Outcome::Misconfigured(_) => (None, None, None),
            _ => return outcome,
        };
        let reason = outcome.reason().unwrap_or_default();
        let (profile, fingerprint) = (login.profile.clone(), fingerprint.clone());
        let remembered = self.update_memory(move |memory| {
            memory.remember(&fingerprint, now, |record| {
                profile.as_str().clone_into(&mut record.profile);
                let before = record.failing.take();
                if refused.is_some() {
                    record.refused = refused;
                    return;
                }
                let times = before.as_ref().map_or(1, |before| before.times.saturating_add(1));
                let backoff = backoff(times, retry_after, jitter_of(&fingerprint));
                record.failing = Some(Failing {
                    reason: reason.to_owned(),
                    blocked,
                    since: before.map_or(now, |before| before.since),
                    times,
                    next_attempt: now + backoff,
                    backoff,
                });
            })
        });
        if let Err(problem) = remembered.await {
            warn!("{problem}");
        }
        outcome
    }
}
