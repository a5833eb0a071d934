//! What authwatch remembers between runs: which tokens were refused, what failed, and when to try again.
//!
//! A token is named by a keyed fingerprint, never by its value. The key is random and stays in the same 0600 file. Records belong to
//! a *token*: they apply to every copy of it, and no longer apply once the stored token changes.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openclaw_auth::digest::hex;
use openclaw_auth::model::{Span, Timestamp};
use openclaw_auth::random;
use ring::hmac;
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use crate::model::LoginReason;

const VERSION: u32 = 1;
/// Records are dropped after this long without a change. Refresh tokens of all providers expire earlier.
const KEEP: Span = Span::from_days(400.0);
/// How long a used token's successor is remembered. A login that is renewed every hour adds two dozen a day.
const KEEP_SPENT: Span = Span::from_days(60.0);

/// Writing takes milliseconds, so a process that holds the lock for longer is stuck.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// A token's name: safe to store and to log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The first eight digits, enough to tell tokens apart in a log.
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LoginRecord {
    /// The profile it was last seen under.
    pub profile: String,
    /// Set once the provider has refused it for good.
    #[serde(rename = "dead", skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
    /// Set while renewing it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
    /// When and for how long its access token was issued, by the boot-time clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued: Option<LastIssue>,
    /// The token that replaced it. Presenting this one again would revoke that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<Fingerprint>,
    pub touched: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Refused {
    pub reason: LoginReason,
    pub since: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failing {
    pub reason: String,
    /// Set where the network is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<LoginReason>,
    pub since: Timestamp,
    pub times: u32,
    pub next_attempt: Timestamp,
    /// From when it was written to `next_attempt`: a clock that is set back must not make it longer.
    #[serde(rename = "pause")]
    pub backoff: Span,
}

/// When a token was issued, by a clock that cannot jump.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LastIssue {
    /// The boot's ID.
    pub boot: String,
    /// Since that boot.
    pub at: Span,
    /// Of the access token.
    pub lifetime: Span,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct StateFile {
    version: u32,
    fingerprint_key: String,
    logins: BTreeMap<String, LoginRecord>,
}

impl StateFile {
    fn forget(&mut self, now: Timestamp) {
        let keep = |record: &LoginRecord| if record.successor.is_some() { KEEP_SPENT } else { KEEP };
        self.logins.retain(|_, record| record.touched.is_none_or(|touched| now - touched < keep(record)));
    }
}

/// The memory, as read at one moment.
#[derive(Debug)]
pub struct Memory {
    path: PathBuf,
    document: StateFile,
    key: hmac::Key,
}

/// The key comes from the document.
impl PartialEq for Memory {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, &self.document) == (&other.path, &other.document)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    #[error("cannot use `{path}`")]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The file is not ours, or of a newer version.
    #[error("`{path}` is not a state file of this version: {problem}")]
    Format { path: PathBuf, problem: String },
}

impl Memory {
    /// Reads the memory of a state directory. Without one it is empty; nothing is written.
    pub fn read(dir: &Path) -> Result<Self, MemoryError> {
        let path = dir.join("state.json");
        let document = match std::fs::read(&path) {
            Ok(bytes) => parse(&path, &bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => StateFile::default(),
            Err(source) => return Err(MemoryError::Io { path, source }),
        };
        let key = STANDARD.decode(&document.fingerprint_key).unwrap_or_default();
        Ok(Self { path, key: hmac::Key::new(hmac::HMAC_SHA256, &key), document })
    }

    pub fn is_empty(&self) -> bool {
        self.document.logins.is_empty()
    }

    /// Whether anything is remembered about a profile of that id, whatever its token.
    pub fn knows(&self, profile: &str) -> bool {
        self.document.logins.values().any(|record| record.profile == profile)
    }

    pub fn fingerprint(&self, token: &str) -> Fingerprint {
        let tag = hmac::sign(&self.key, token.as_bytes());
        Fingerprint(hex(&tag.as_ref()[..16]))
    }

    pub fn login(&self, fingerprint: &Fingerprint) -> Option<&LoginRecord> {
        self.document.logins.get(&fingerprint.0)
    }

    /// Changes the record of a token, on top of what other processes wrote meanwhile.
    pub fn remember(
        &mut self,
        fingerprint: &Fingerprint,
        now: Timestamp,
        change: impl FnOnce(&mut LoginRecord),
    ) -> Result<(), MemoryError> {
        self.update(|document| {
            let record = document.logins.entry(fingerprint.0.clone()).or_default();
            change(record);
            record.touched = Some(now);
            document.forget(now);
        })
    }

    /// Records that the token `spent` was replaced by `name`, which may be the same, and changes the record of `name`.
    pub fn remember_renewal(
        &mut self,
        spent: &Fingerprint,
        name: &Fingerprint,
        now: Timestamp,
        change: impl FnOnce(&mut LoginRecord),
    ) -> Result<(), MemoryError> {
        self.update(|document| {
            if spent != name {
                let profile = document.logins.remove(&spent.0).unwrap_or_default().profile;
                let successor = Some(name.clone());
                let record = LoginRecord { profile, successor, touched: Some(now), ..LoginRecord::default() };
                document.logins.insert(spent.0.clone(), record);
            }
            let record = document.logins.entry(name.0.clone()).or_default();
            change(record);
            record.touched = Some(now);
            document.forget(now);
        })
    }

    /// The tokens that replaced this one, in the order they were issued.
    pub fn successors(&self, fingerprint: &Fingerprint) -> Vec<Fingerprint> {
        let mut found: Vec<Fingerprint> = Vec::new();
        let mut last = fingerprint;
        while let Some(next) = self.login(last).and_then(|record| record.successor.as_ref()) {
            // A provider may issue an old token again.
            if found.contains(next) {
                break;
            }
            found.push(next.clone());
            last = next;
        }
        found
    }

    /// Creates the directory and the key. Fails if they cannot be written.
    pub fn prepare(&mut self) -> Result<(), MemoryError> {
        self.update(|_| {})
    }

    fn update(&mut self, change: impl FnOnce(&mut StateFile)) -> Result<(), MemoryError> {
        let failed = |source| MemoryError::Io { path: self.path.clone(), source };
        let dir = self.path.parent().unwrap_or(Path::new("/"));
        let _lock = lock_soon(dir, "state.lock", LOCK_TIMEOUT).map_err(failed)?;
        let mut newest = Self::read(dir)?;
        let document = &mut newest.document;
        if document.fingerprint_key.is_empty() {
            document.fingerprint_key = STANDARD.encode(random::bytes::<32>());
        }
        document.version = VERSION;
        change(document);
        let json = serde_json::to_string_pretty(document).expect("the state is plain data");
        replace(&self.path, json.as_bytes()).map_err(failed)?;
        *self = Self::read(dir)?;
        Ok(())
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<StateFile, MemoryError> {
    let format = |problem: String| MemoryError::Format { path: path.to_owned(), problem };
    let document: StateFile = serde_json::from_slice(bytes).map_err(|error| format(error.to_string()))?;
    if document.version > VERSION {
        return Err(format(format!("it has version {}", document.version)));
    }
    Ok(document)
}

/// Takes the `flock` of that name in our own state directory; dropping the file releases it, and so does the end of the process.
/// The error's kind is `WouldBlock` if another process holds it for longer than `timeout`.
pub fn lock_soon(dir: &Path, name: &str, timeout: Duration) -> io::Result<File> {
    let start = Instant::now();
    loop {
        if let Some(file) = try_lock(dir, name)? {
            return Ok(file);
        }
        if start.elapsed() >= timeout {
            let problem = format!("another process has held its lock for {} s", timeout.as_secs());
            return Err(io::Error::new(io::ErrorKind::WouldBlock, problem));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The same without waiting; `None` if another process holds it.
pub fn try_lock(dir: &Path, name: &str) -> io::Result<Option<File>> {
    let file = lock_file(dir, name)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn lock_file(dir: &Path, name: &str) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(dir.join(name))
}

/// Replaces a file of our own atomically, with mode 0600.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("/"));
    // tempfile creates with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_remembered_is_found_again_by_token_and_never_shown() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut memory = Memory::read(&dir.path().join("state")).expect("empty");
        memory.prepare().expect("writable");
        let name = memory.fingerprint("canary-token");
        let refused = Refused { reason: LoginReason::InvalidGrant, since: Timestamp::from_millis(5.0) };
        memory
            .remember(&name, Timestamp::from_millis(9.0), |record| record.refused = Some(refused))
            .expect("writable");
        let again = Memory::read(&dir.path().join("state")).expect("readable");
        assert_eq!(again.fingerprint("canary-token"), name);
        assert_eq!(again.login(&name).and_then(|record| record.refused), Some(refused));
        assert_eq!(again.login(&again.fingerprint("another")), None);
        let path = dir.path().join("state/state.json");
        assert!(!std::fs::read_to_string(&path).expect("text").contains("canary"));
        assert_eq!(path.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_newer_file_is_not_touched() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("state.json"), r#"{"version": 99}"#).expect("writable");
        assert!(matches!(Memory::read(dir.path()), Err(MemoryError::Format { .. })));
    }
}
