//! Recovery files: what a provider issued, in 0600 files in authwatch's own state directory.
//!
//! A file is reserved before the provider is called. The answer is written into it before anything else. What could not be stored
//! waits there for the next run. What was stored is kept for a day as the *last generation* of its login: a program with an older
//! copy of the store may write the used token back, and then the successor is stored again.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use openclaw_auth::document::Document;
use openclaw_auth::edit::{self, FieldChange};
use openclaw_auth::file;
use openclaw_auth::locking::LockGuard;
use openclaw_auth::model::{Source, Span, Timestamp};
use openclaw_auth::random;
use openclaw_auth::secret::SecretBuffer;
use openclaw_auth::store::{self, OpenError, SEMANTICS};
use serde::{Deserialize, Serialize};
use tracing::{error, info};
use zeroize::{Zeroize, Zeroizing};

use super::candidates::{self, Current, Login};
use super::endpoint::Issued;
use super::held::HeldStore;
use super::locks::{self, refresh_locks};
use super::place::{self, Expected, Placed};
use super::refresher::Refresher;
use crate::clock;
use crate::state::{Fingerprint, Memory};

/// Reserved in bytes: longer than any entry of a store.
const RESERVED_LENGTH: usize = 64 * 1024;
/// How long the last generation of a login is kept.
const KEEP_GENERATION: Span = Span::from_hours(24.0);

/// The start of a reserved file's name; the process ID follows.
const RESERVED: &str = ".reserved-";
/// The extensions of a file to store, of a login's last generation, of one that was not needed, and of one whose tokens are another
/// account's.
pub(super) const WAITING: &str = "json";
const GENERATION: &str = "generation";
pub const SUPERSEDED: &str = "superseded";
pub const OTHER_ACCOUNT: &str = "other-account";

/// What a recovery file holds. New values are kept as JSON text.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    version: u32,
    store: PathBuf,
    /// Whose store it is; not in files of earlier versions, which are about JSON stores.
    #[serde(default)]
    agent: String,
    profile: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    spent: Fingerprint,
    /// The token itself: fingerprints change when authwatch's memory is lost, and the file holds its successor anyway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spent_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    expires: Timestamp,
    fields: Vec<(String, String)>,
}

impl Record {
    pub(super) fn new(login: &Login, current: &Current, issued: &Issued, changes: &[FieldChange]) -> Self {
        Self {
            version: 1,
            store: login.store.clone(),
            agent: login.agent.as_str().to_owned(),
            profile: login.profile.as_str().to_owned(),
            provider: Some(current.provider.clone()),
            spent: current.fingerprint.clone(),
            spent_token: Some(current.token.to_string()),
            at: Some(clock::now()),
            expires: issued.expires,
            fields: changes.iter().map(|(name, value)| ((*name).to_owned(), (**value).clone())).collect(),
        }
    }

    /// Reads a file, which another program may have replaced: without waiting, and with a size limit.
    fn read(path: &Path) -> Result<Self, String> {
        let mut buffer = SecretBuffer::default();
        match file::read(path, &mut buffer).map_err(|error| error.message)? {
            Some(_) => serde_json::from_slice(buffer.bytes())
                .map_err(|error| format!("it is damaged at column {}", error.column())),
            None => Err("it is gone".to_owned()),
        }
    }

    /// Whether a token is the one that was used, or was used before it.
    fn is_spent(&self, token: &str, memory: &Memory) -> bool {
        let name = memory.fingerprint(token);
        self.spent_token.as_deref() == Some(token)
            || name == self.spent
            || memory.successors(&name).contains(&self.spent)
    }

    /// The JSON text of a new value.
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    fn changes(&self) -> Vec<FieldChange> {
        let known = |name: &str| {
            ["access", "refresh", "expires", "idToken", "accountId"].into_iter().find(|known| *known == name)
        };
        let change = |(name, value): &(String, String)| Some((known(name)?, Zeroizing::new(value.clone())));
        self.fields.iter().filter_map(change).collect()
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.spent_token.zeroize();
        self.fields.iter_mut().for_each(|(_, value)| value.zeroize());
    }
}

/// A reserved file. Once it is filled, it is the only copy of the new tokens until they are stored.
#[derive(Debug)]
pub(super) struct RecoverySlot {
    path: PathBuf,
    file: File,
    filled: bool,
}

pub(super) fn reserve(state: &Path) -> io::Result<RecoverySlot> {
    let dir = dir(state);
    DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    let path = dir.join(format!("{RESERVED}{}-{}", std::process::id(), random::word()));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    // Dropping the slot removes the file, so that a full disk does not get fuller.
    let mut slot = RecoverySlot { path, file, filled: false };
    slot.file.write_all(&vec![b' '; RESERVED_LENGTH])?;
    slot.file.sync_data()?;
    Ok(slot)
}

fn dir(state: &Path) -> PathBuf {
    state.join("rescue")
}

impl RecoverySlot {
    /// Writes the new tokens into the reserved space. From here on, the end of this process does not lose them.
    pub(super) fn fill(&mut self, record: &Record) -> io::Result<()> {
        let json = Zeroizing::new(serde_json::to_vec(record).map_err(io::Error::other)?);
        self.file.rewind()?;
        // The spaces after it are valid JSON.
        self.file.write_all(&json)?;
        self.filled = true;
        Ok(())
    }

    /// Keeps the stored tokens for a day in place of the generation before, if the refresh token changed: otherwise a late writer
    /// does no harm.
    pub(super) fn keep_as_generation(mut self, state: &Path) -> io::Result<()> {
        let record = Record::read(&self.path).map_err(io::Error::other);
        if !record.as_ref().is_ok_and(|record| record.field("refresh").is_some()) {
            self.filled = false;
            return record.map(drop);
        }
        let record = record?;
        forget_older(state, &self.keep(GENERATION)?, &record)
    }

    /// Keeps the new tokens under an extension: [`WAITING`] to store them in the next run, another for a person. Returns the path.
    pub(super) fn keep(self, extension: &str) -> io::Result<PathBuf> {
        if !self.filled {
            return Err(io::Error::other("it could not be written"));
        }
        self.file.sync_all()?;
        let path = self.path.with_file_name(format!("rescue-{}.{extension}", random::word()));
        std::fs::rename(&self.path, &path)?;
        if let Some(dir) = path.parent() {
            File::open(dir)?.sync_all()?;
        }
        Ok(path)
    }
}

impl Drop for RecoverySlot {
    fn drop(&mut self) {
        if !self.filled {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Removes older generations of the same login.
fn forget_older(state: &Path, kept: &Path, record: &Record) -> io::Result<()> {
    for (path, older) in generations(state) {
        if path != kept && older.store == record.store && older.profile == record.profile {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Turns a file whose tokens are stored into the last generation of its login, if the refresh token changed.
fn keep_stored(path: &Path, record: &Record) -> io::Result<()> {
    if record.field("refresh").is_none() {
        return std::fs::remove_file(path);
    }
    let kept = path.with_file_name(format!("rescue-{}.{GENERATION}", random::word()));
    std::fs::rename(path, &kept)?;
    let state = kept.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
    forget_older(state, &kept, record)
}

fn files(state: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir(state)) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).collect()
}

fn is_named(path: &Path, extension: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("rescue-") && path.extension().is_some_and(|is| is == extension)
}

/// The recovery files whose tokens are to be stored, including those of processes that were killed before they stored them.
pub fn waiting(state: &Path) -> Vec<PathBuf> {
    let is_left = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(RESERVED) && Record::read(path).is_ok()
    };
    files(state).into_iter().filter(|path| is_named(path, WAITING) || is_left(path)).collect()
}

fn generations(state: &Path) -> Vec<(PathBuf, Record)> {
    let is_generation = |path: &PathBuf| is_named(path, GENERATION);
    let read = |path: PathBuf| Record::read(&path).ok().map(|record| (path, record));
    files(state).into_iter().filter(is_generation).filter_map(read).collect()
}

/// The profiles whose new tokens wait in recovery files.
pub fn waiting_profiles(state: &Path) -> Vec<String> {
    // What is only reserved may be in the process of being stored.
    let is_kept = |path: &PathBuf| is_named(path, WAITING);
    // A damaged file counts, too.
    let profile = |path: PathBuf| {
        Record::read(&path).map_or_else(|_| "an unknown profile".to_owned(), |record| record.profile.clone())
    };
    files(state).into_iter().filter(is_kept).map(profile).collect()
}

/// Whether a token's successor is kept here. Presenting the token again would revoke the successor.
pub(super) fn holds_successor(state: &Path, login: &Login, token: &str, memory: &Memory) -> bool {
    let waits = |path: &PathBuf| Record::read(path).is_ok_and(|record| record.is_spent(token, memory));
    let was_stored = |(_, record): &(PathBuf, Record)| {
        let is_its_own = record.store == login.store && record.profile == login.profile.as_str();
        is_its_own && record.is_spent(token, memory)
    };
    waiting(state).iter().any(waits) || generations(state).iter().any(was_stored)
}

/// What came of settling a recovery file.
#[derive(Debug, PartialEq, Eq)]
pub enum Settled {
    /// Its tokens are in the store.
    Stored,
    /// The store has a newer login. The file is kept under another name.
    Superseded,
    /// Not yet, because of this problem.
    Later(String),
}

/// Stores what is waiting, and stores last generations again where the used token is back.
pub async fn settle(context: &Refresher) -> Vec<(PathBuf, Settled)> {
    let Ok(memory) = context.memory() else { return Vec::new() };
    let settled = settle_all(context, &memory).await;
    for (path, restored) in &settled {
        match restored {
            Settled::Stored => info!("stored a renewed login from `{}`", path.display()),
            Settled::Superseded => info!("`{}` is superseded by a newer login", path.display()),
            Settled::Later(problem) => error!("`{}` cannot be stored yet: {problem}", path.display()),
        }
    }
    settled
}

async fn settle_all(context: &Refresher, memory: &Memory) -> Vec<(PathBuf, Settled)> {
    let (state, stop) = (context.state_dir.as_path(), &context.stop);
    let mut settled = Vec::new();
    let mut note = |path: PathBuf, result: Option<Result<Option<Settled>, String>>| match result {
        Some(Ok(Some(restored))) => settled.push((path, restored)),
        Some(Err(problem)) => settled.push((path, Settled::Later(problem))),
        Some(Ok(None)) | None => {}
    };
    for path in waiting(state) {
        let result = stop.unless_requested(store_waiting(context, &path, memory)).await;
        note(path, result);
    }
    for (path, record) in generations(state) {
        let result = stop.unless_requested(restore_generation(context, &path, &record, memory)).await;
        note(path, result);
    }
    settled
}

/// Stores what is waiting in a file, if the store still holds the token that was used. `None` if there was nothing to do.
async fn store_waiting(context: &Refresher, path: &Path, memory: &Memory) -> Result<Option<Settled>, String> {
    let shown = |error: io::Error| error.to_string();
    let record = match Record::read(path) {
        Err(_) if !path.exists() => return Ok(None),
        read => read?,
    };
    let (store, _refresh_lock) = open(context, &record).await?;
    if !path.exists() {
        // The process that wrote it was still running, and stored it.
        return Ok(None);
    }
    let text = store.text().map_err(|problem| problem.to_string())?;
    if is_stored(text, &record) {
        // The process that wrote it was killed after storing it.
        keep_stored(path, &record).map_err(shown)?;
        return Ok(None);
    }
    // If the refresh token stayed the same, another program may have renewed with it since.
    let is_older = record.field("refresh").is_none()
        && expires(text, &record.profile).is_some_and(|end| end > record.expires);
    let placed = if is_older {
        Placed::Replaced { usable_until: None }
    } else {
        place(store, &record, memory).await?
    };
    if placed == Placed::Stored {
        keep_stored(path, &record).map_err(shown)?;
        return Ok(Some(Settled::Stored));
    }
    // The file is kept: a credential is never deleted.
    let name = format!("rescue-{}.{SUPERSEDED}", random::word());
    std::fs::rename(path, path.with_file_name(name)).map_err(shown)?;
    Ok(Some(Settled::Superseded))
}

/// Stores a generation again if the used token is back in its store. Removes the generation after a day.
async fn restore_generation(
    context: &Refresher,
    path: &Path,
    record: &Record,
    memory: &Memory,
) -> Result<Option<Settled>, String> {
    let age = record.at.map_or(Span::FOREVER, |at| clock::now() - at);
    let shows_spent = || {
        candidates::copy_in(&record.store, &record.profile, |stored| {
            stored.refresh.as_ref().map(|token| record.is_spent(token.expose(), memory))
        })
    };
    if shows_spent() != Some(true) {
        if age.abs() > KEEP_GENERATION {
            std::fs::remove_file(path).map_err(|error| error.to_string())?;
        }
        return Ok(None);
    }
    let (store, _refresh_lock) = open(context, record).await?;
    let placed = place(store, record, memory).await?;
    Ok((placed == Placed::Stored).then_some(Settled::Stored))
}

/// A file is held by its own lock, a database by the refresh lock of the login.
async fn open(context: &Refresher, record: &Record) -> Result<(HeldStore, Option<LockGuard>), String> {
    let shown = |problem: OpenError| problem.to_string();
    let lock = if store::is_database(&record.store) {
        let provider = record.provider.as_deref().unwrap_or_default();
        let [path, _] = refresh_locks(&context.roots, &record.store, provider, &record.profile);
        Some(locks::take(&path).await.map_err(shown)?)
    } else {
        None
    };
    let store = store::open(&record.store, &record.agent, tokio::time::sleep).await.map_err(shown)?;
    Ok((store.into(), lock))
}

async fn place(mut store: HeldStore, record: &Record, memory: &Memory) -> Result<Placed, String> {
    store.rehearse().await.map_err(|problem| problem.to_string())?;
    let expected = Expected {
        is_spent: &|token| record.is_spent(token, memory),
        provider: record.provider.as_deref(),
        // The used token itself identifies the account.
        is_foreign: &|_| false,
    };
    place::place(&mut store, &record.profile, &expected, &record.changes()).await
}

/// Whether a store holds the file's refresh token.
fn is_stored(text: &str, record: &Record) -> bool {
    let stored = edit::entry(text, &record.profile).and_then(|entry| edit::string_field(entry, "refresh"));
    stored.is_some_and(|stored| record.field("refresh") == Some(edit::text(&stored).as_str()))
}

/// The stored expiry.
fn expires(text: &str, profile: &str) -> Option<Timestamp> {
    let document = Document::parse(text, SEMANTICS, Source::Json).ok()?;
    document.get(profile)?.expires.moment(SEMANTICS)
}
