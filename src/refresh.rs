//! Fourth stage: renewing what can be renewed, under OpenClaw's own locks, and never at the price of a login.
//!
//! The order of work: reserve before you spend (both locks, read again, decide again with what was read, prove that the store can be
//! replaced), then one call to the provider, then write the answer down and persist at once, then mirror, then unlock, then tell.
//! Between the provider's answer and the rename there is no waiting point, so nothing but the death of the process can come between
//! them; and once the answer is written down, not even that loses it.

pub mod answer;
pub mod endpoint;
pub mod exchange;
pub mod outcome;
pub mod plan;
mod remember;
mod replace;
pub mod rescue;
mod reserve;
pub mod round;
mod spend;
pub mod survey;

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tracing::{debug, error, info, warn};

use self::outcome::Outcome;
use self::survey::Login;
use crate::config::Config;
use crate::http::HttpClient;
use crate::model::Semantics;
use crate::paths::Roots;
use crate::state::{self, Fingerprint, Memory};

/// The rules by which stores are read before they are written: those without aliases, so that locks are named as written.
const SEMANTICS: Semantics = Semantics::V2026_9;

/// Everything a refresh needs to know about its surroundings.
#[derive(Debug)]
pub struct Refresher {
    /// OpenClaw's places.
    pub roots: Roots,
    /// authwatch's own state directory.
    pub state_dir: PathBuf,
    /// The configuration.
    pub config: Config,
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
    /// Makes sure that what must be remembered can be.
    pub fn new(roots: Roots, state_dir: PathBuf, config: Config) -> Result<Self, SetupError> {
        Memory::read(&state_dir)?.prepare()?;
        Ok(Self { roots, state_dir, config, client: OnceLock::new(), waits: Mutex::default() })
    }

    /// How long each lock was waited for since this was last asked, and how many stale ones were in the way.
    #[must_use]
    pub fn take_waits(&self) -> Vec<(Duration, u32)> {
        std::mem::take(&mut *self.waits.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note_wait(&self, waited: Duration, broken: u32) {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).push((waited, broken));
    }

    fn memory(&self) -> Result<Memory, state::MemoryError> {
        Memory::read(&self.state_dir)
    }

    fn client(&self) -> Result<&HttpClient, crate::http::ClientError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = HttpClient::new(self.config.network.ca_file.as_deref())?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Puts rescued tokens back where they belong.
    pub async fn restore_rescued(&self) -> Vec<(PathBuf, rescue::Restored)> {
        let mut restored = Vec::new();
        for path in rescue::waiting(&self.state_dir) {
            let Ok(memory) = self.memory() else { break };
            let Some(result) = rescue::restore(&path, &memory).await else { continue };
            match &result {
                rescue::Restored::PutBack => info!("put a rescued login back from `{}`", path.display()),
                rescue::Restored::Superseded => info!("`{}` is superseded by a newer login", path.display()),
                rescue::Restored::Later(problem) => {
                    error!("`{}` cannot be put back yet: {problem}", path.display());
                }
            }
            restored.push((path, result));
        }
        restored
    }

    /// Renews one login, if it is (still) due.
    pub async fn refresh(&self, login: &Login, force: bool) -> Outcome {
        let outcome = match self.reserve(login, force).await {
            Ok((spendable, locks)) => self.spend(login, spendable, locks).await,
            Err(outcome) => outcome,
        };
        tell(login, &outcome);
        outcome
    }
}

/// One event, one line. Tokens are named by a few digits of their fingerprints.
fn tell(login: &Login, outcome: &Outcome) {
    let token = login.fingerprint.as_ref().map_or("-", Fingerprint::short);
    let (agent, profile, word) = (&login.agent, &login.profile, outcome.as_str());
    let reason = outcome.reason().unwrap_or("-");
    match outcome {
        Outcome::Dead(_) | Outcome::Misconfigured(_) => {
            warn!(%agent, %profile, token, reason, "refresh: {word}");
        }
        Outcome::Transient(..) | Outcome::Refreshed { .. } => {
            info!(%agent, %profile, token, reason, "refresh: {word}");
        }
        _ => debug!(%agent, %profile, token, reason, "refresh: {word}"),
    }
}
