//! The context of every refresh.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use openclaw_auth::paths::Roots;

use crate::config::Config;
use crate::http::HttpClient;
use crate::state::{self, Memory, MemoryError};
use crate::stop::Stop;

/// What every refresh works with: where the stores are, the configuration, and authwatch's memory.
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

    pub(super) fn note_wait(&self, waited: Duration, broken: u32) {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).push((waited, broken));
    }

    pub(super) fn memory(&self) -> Result<Memory, MemoryError> {
        Memory::read(&self.state_dir)
    }

    /// Changes the memory. Its lock and the disk are waited for on a thread of their own: this one has more to do.
    pub(super) async fn update_memory(
        &self,
        change: impl FnOnce(&mut Memory) -> Result<(), MemoryError> + Send + 'static,
    ) -> Result<(), MemoryError> {
        let dir = self.state_dir.clone();
        let update = tokio::task::spawn_blocking(move || change(&mut Memory::read(&dir)?));
        update.await.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))
    }

    pub(super) fn client(&self) -> Result<&HttpClient, crate::http::ClientError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = HttpClient::new(self.config.network.ca_file.as_deref())?;
        Ok(self.client.get_or_init(|| client))
    }
}
