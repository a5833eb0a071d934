//! Fourth stage: renewing what can be renewed, under OpenClaw's own locks, and never at the price of a login.
//!
//! [`candidates`] finds the logins and [`plan`] decides who is due. [`round`] renews several at once, each by the order of steps
//! in [`sequence`]. What could not be stored, and what a late writer undid, is settled by [`recovery`].

pub mod answer;
pub mod candidates;
mod commit;
pub mod endpoint;
pub mod exchange;
mod mirror;
pub mod outcome;
pub mod plan;
pub mod recovery;
mod remember;
pub mod round;
pub mod sequence;

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use openclaw_auth::model::Semantics;
use openclaw_auth::paths::Roots;
use tracing::{debug, error, info, warn};

use self::candidates::Login;
use self::outcome::Outcome;
use crate::config::Config;
use crate::http::HttpClient;
use crate::state::{self, Fingerprint, Memory, MemoryError};
use crate::stop::Stop;

/// The rules by which stores are read before they are written: those without aliases, so that locks are named as written.
const SEMANTICS: Semantics = Semantics::V2026_9;

/// What every refresh works with.
#[derive(Debug)]
pub struct Refresher {
    pub roots: Roots,
    pub state_dir: PathBuf,
    pub config: Config,
    /// After a stop nothing is waited for and nothing new is begun.
    pub stop: Stop,
    client: OnceLock<HttpClient>,
    /// How long locks were waited for, and how many stale ones were in the way.
    waits: Mutex<Vec<(Duration, u32)>>,
}

/// Why nothing can be refreshed at all.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// What must be remembered cannot be.
    #[error(
        "authwatch's own state cannot be kept, and without it a dead login would be presented again and again"
    )]
    Memory(#[from] state::MemoryError),
    /// There is no way to call a provider.
    #[error(transparent)]
    Client(#[from] crate::http::ClientError),
}

impl SetupError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Memory(_) => {
                "authwatch needs a state directory it can write: set XDG_STATE_HOME or STATE_DIRECTORY"
            }
            Self::Client(_) => "`authwatch config check` looks at the certificates that are named",
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

    /// How long each lock was waited for since this was last asked, and how many stale ones were in the way.
    #[must_use]
    pub fn take_waits(&self) -> Vec<(Duration, u32)> {
        std::mem::take(&mut *self.waits.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note_wait(&self, waited: Duration, broken: u32) {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).push((waited, broken));
    }

    fn memory(&self) -> Result<Memory, MemoryError> {
        Memory::read(&self.state_dir)
    }

    /// Changes the memory. Its lock and the disk are waited for on a thread of their own: this one has more to do.
    async fn update_memory(
        &self,
        change: impl FnOnce(&mut Memory) -> Result<(), MemoryError> + Send + 'static,
    ) -> Result<(), MemoryError> {
        let dir = self.state_dir.clone();
        let update = tokio::task::spawn_blocking(move || change(&mut Memory::read(&dir)?));
        update.await.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))
    }

    fn client(&self) -> Result<&HttpClient, crate::http::ClientError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = HttpClient::new(self.config.network.ca_file.as_deref())?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Stores what waits in recovery files, and undoes what late writers did.
    pub async fn settle(&self) -> Vec<(PathBuf, recovery::Restored)> {
        let Ok(memory) = self.memory() else { return Vec::new() };
        let settled = recovery::settle(&self.state_dir, &memory, &self.stop).await;
        for (path, restored) in &settled {
            match restored {
                recovery::Restored::PutBack => info!("stored a renewed login from `{}`", path.display()),
                recovery::Restored::Superseded => {
                    info!("`{}` is superseded by a newer login", path.display());
                }
                recovery::Restored::Later(problem) => {
                    error!("`{}` cannot be stored yet: {problem}", path.display());
                }
            }
        }
        settled
    }

    /// Renews one login, if it is (still) due.
    pub async fn refresh(&self, login: &Login, force: bool) -> Outcome {
        let outcome = sequence::renew(self, login, force).await;
        log(login, &outcome);
        outcome
    }
}

/// One event, one line. Tokens are named by a few digits of their fingerprints.
fn log(login: &Login, outcome: &Outcome) {
    let token = login.fingerprint.as_ref().map_or("-", Fingerprint::short);
    let (agent, profile, word) = (&login.agent, &login.profile, outcome.as_str());
    let reason = outcome.reason().unwrap_or("-");
    match outcome {
        Outcome::Dead(_) | Outcome::Misconfigured(_) | Outcome::Superseded => {
            warn!(%agent, %profile, token, reason, "refresh: {word}");
        }
        Outcome::Transient(..) | Outcome::Refreshed { .. } => {
            info!(%agent, %profile, token, reason, "refresh: {word}");
        }
        _ => debug!(%agent, %profile, token, reason, "refresh: {word}"),
    }
}
