//! Recovery files: what a provider issued, in a 0600 file in authwatch's own state directory.
//!
//! Room for one is set aside before the provider is called. Its answer is written into it before anything else is done with
//! it. What could not be stored waits there for the next run. What was stored stays for a day as the *last generation* of its
//! login: a writer with an older copy of the store may put the spent token back, and then the successor goes back in its place.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use openclaw_auth::document::Document;
use openclaw_auth::edit::{self, FieldChange};
use openclaw_auth::file;
use openclaw_auth::model::{ProfileId, Source, Span, Timestamp};
use openclaw_auth::random;
use openclaw_auth::secret::SecretBuffer;
use openclaw_auth::store::{JsonStore, OpenError, Store};
use serde::{Deserialize, Serialize};
use tracing::{error, info};
use zeroize::{Zeroize, Zeroizing};

use super::candidates::{self, Current, Login, SEMANTICS};
use super::exchange::Issued;
use super::place::{self, Expected, Placed};
use super::refresher::Refresher;
use crate::clock;
use crate::state::{Fingerprint, Memory};
use crate::stop::Stop;

/// No entry of a store is longer.
const ROOM: usize = 64 * 1024;
/// How long the last generation of a login is kept.
const KEEP_GENERATION: Span = Span::from_hours(24.0);

/// How room that was set aside is named: a process's number follows.
const RESERVED: &str = ".reserved-";
/// How a file is named further that waits to be stored.
const WAITING: &str = "json";
/// How the last generation of a login is, which is stored.
const GENERATION: &str = "generation";
/// How one is that was not needed.
pub const SUPERSEDED: &str = "superseded";
/// How one is whose tokens are another account's.
pub const OTHER_ACCOUNT: &str = "other-account";

/// What a recovery file says. The new values are kept as JSON text.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    version: u32,
    store: PathBuf,
    profile: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// The token that was spent, by its name.
    spent: Fingerprint,
    /// Itself: names are forgotten with authwatch's memory, and the file holds its successor anyway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spent_token: Option<String>,
    /// When it was issued, Unix milliseconds.
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
            profile: login.profile.as_str().to_owned(),
            provider: Some(current.provider.clone()),
            spent: current.fingerprint.clone(),
            spent_token: Some(current.token.to_string()),
            at: Some(clock::now()),
            expires: issued.expires,
            fields: changes.iter().map(|(name, value)| ((*name).to_owned(), (**value).clone())).collect(),
        }
    }

    /// Reads a file that somebody may have put another thing in the place of: nothing is waited for, and nothing without bounds.
    fn read(path: &Path) -> Result<Self, String> {
        let mut buffer = SecretBuffer::default();
        match file::read(path, &mut buffer).map_err(|error| error.message)? {
            Some(_) => serde_json::from_slice(buffer.bytes())
                .map_err(|error| format!("it is damaged at column {}", error.column())),
            None => Err("it is gone".to_owned()),
        }
    }

    /// Whether a token is the one that was spent, or was spent before it.
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

/// Room for a recovery file; with new tokens in it, it is the only copy of a login until those are stored.
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
    // From here on it is removed again whatever happens: a full disk is not to be filled further.
    let mut room = RecoverySlot { path, file, filled: false };
    room.file.write_all(&vec![b' '; ROOM])?;
    room.file.sync_data()?;
    Ok(room)
}

fn dir(state: &Path) -> PathBuf {
    state.join("rescue")
}

impl RecoverySlot {
    /// Writes the new tokens down, into room that is there already: so quickly that it can be done before anything else. From
    /// here on the death of this process does not lose them.
    pub(super) fn fill(&mut self, record: &Record) -> io::Result<()> {
        let json = Zeroizing::new(serde_json::to_vec(record).map_err(io::Error::other)?);
        self.file.rewind()?;
        // The blanks that stay behind it are no harm to JSON.
        self.file.write_all(&json)?;
        self.filled = true;
        Ok(())
    }

    /// Keeps the new tokens for the next run to store. The path is where they are.
    pub(super) fn keep(self) -> io::Result<PathBuf> {
        self.name(WAITING)
    }

    /// Keeps them for a person to look at; they are never stored.
    pub(super) fn set_aside(self, why: &str) -> io::Result<PathBuf> {
        self.name(why)
    }

    /// The new tokens are stored. Keeps them for a day in the place of the generation before, if a late writer could do harm:
    /// a refresh token that did not change can be presented again.
    pub(super) fn keep_as_generation(mut self, state: &Path) -> io::Result<()> {
        let record = Record::read(&self.path).map_err(io::Error::other);
        if !record.as_ref().is_ok_and(|record| record.field("refresh").is_some()) {
            self.filled = false;
            return record.map(drop);
        }
        let record = record?;
        forget_older(state, &self.name(GENERATION)?, &record)
    }

    fn name(self, extension: &str) -> io::Result<PathBuf> {
        if !self.filled {
            return Err(io::Error::other("it could not be written down"));
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

/// A login has one last generation.
fn forget_older(state: &Path, kept: &Path, record: &Record) -> io::Result<()> {
    for (path, older) in generations(state) {
        if path != kept && older.store == record.store && older.profile == record.profile {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// What was waiting is stored: from now on it is the last generation of its login, if a late writer could do harm.
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

/// The recovery files whose tokens are to be stored, among them those whose makers were killed before they could say what became
/// of the tokens.
#[must_use]
pub fn waiting(state: &Path) -> Vec<PathBuf> {
    let is_left = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(RESERVED) && Record::read(path).is_ok()
    };
    files(state).into_iter().filter(|path| is_named(path, WAITING) || is_left(path)).collect()
}

/// The last generations that are kept.
fn generations(state: &Path) -> Vec<(PathBuf, Record)> {
    let is_generation = |path: &PathBuf| is_named(path, GENERATION);
    let read = |path: PathBuf| Record::read(&path).ok().map(|record| (path, record));
    files(state).into_iter().filter(is_generation).filter_map(read).collect()
}

/// The profiles whose new tokens wait in recovery files.
#[must_use]
pub fn waiting_profiles(state: &Path) -> Vec<String> {
    // What is only reserved may be stored at this very moment.
    let is_kept = |path: &PathBuf| is_named(path, WAITING);
    // A damaged one is one all the same.
    let profile = |path: PathBuf| {
        Record::read(&path).map_or_else(|_| "an unknown profile".to_owned(), |record| record.profile.clone())
    };
    files(state).into_iter().filter(is_kept).map(profile).collect()
}

/// Whether the token of a store was spent for one that is kept here: to present it again would end both.
#[must_use]
pub(super) fn holds_successor(state: &Path, login: &Login, token: &str, memory: &Memory) -> bool {
    let waits = |path: &PathBuf| Record::read(path).is_ok_and(|record| record.is_spent(token, memory));
    let was_stored = |(_, record): &(PathBuf, Record)| {
        let is_its_own = record.store == login.store && record.profile == login.profile.as_str();
        is_its_own && record.is_spent(token, memory)
    };
    waiting(state).iter().any(waits) || generations(state).iter().any(was_stored)
}

/// What came of a recovery file.
#[derive(Debug, PartialEq, Eq)]
pub enum Restored {
    /// Its tokens are in their store.
    PutBack,
    /// The store has something newer; the file is kept under another name.
    Superseded,
    Later(String),
}

/// Stores what is waiting, and puts last generations back over the tokens that were spent for them.
pub async fn settle(context: &Refresher) -> Vec<(PathBuf, Restored)> {
    let Ok(memory) = context.memory() else { return Vec::new() };
    let settled = settle_all(&context.state_dir, &memory, &context.stop).await;
    for (path, restored) in &settled {
        match restored {
            Restored::PutBack => info!("stored a renewed login from `{}`", path.display()),
            Restored::Superseded => info!("`{}` is superseded by a newer login", path.display()),
            Restored::Later(problem) => error!("`{}` cannot be stored yet: {problem}", path.display()),
        }
    }
    settled
}

/// `stop` ends the wait for a store's lock.
async fn settle_all(state: &Path, memory: &Memory, stop: &Stop) -> Vec<(PathBuf, Restored)> {
    let mut settled = Vec::new();
    let mut note = |path: PathBuf, result: Option<Result<Option<Restored>, String>>| match result {
        Some(Ok(Some(restored))) => settled.push((path, restored)),
        Some(Err(problem)) => settled.push((path, Restored::Later(problem))),
        Some(Ok(None)) | None => {}
    };
    for path in waiting(state) {
        let result = stop.unless_requested(store_waiting(&path, memory)).await;
        note(path, result);
    }
    for (path, record) in generations(state) {
        let result = stop.unless_requested(put_generation_back(&path, &record, memory)).await;
        note(path, result);
    }
    settled
}

/// Stores what is waiting in a file, if the store still holds the token that was spent for it. `None` where there was nothing to
/// do.
async fn store_waiting(path: &Path, memory: &Memory) -> Result<Option<Restored>, String> {
    let shown = |error: io::Error| error.to_string();
    let record = match Record::read(path) {
        Err(_) if !path.exists() => return Ok(None),
        read => read?,
    };
    let store = open(&record).await?;
    if !path.exists() {
        // Whoever made it was at work still, and has stored it.
        return Ok(None);
    }
    let text = store.text().map_err(|problem| problem.to_string())?;
    if is_stored(text, &record) {
        // Its maker was killed before it could tidy up.
        keep_stored(path, &record).map_err(shown)?;
        return Ok(None);
    }
    // Where the refresh token stays, somebody may have renewed with it since.
    let is_older = record.field("refresh").is_none()
        && ends(text, &record.profile).is_some_and(|end| end > record.expires);
    let placed = if is_older {
        Placed::Replaced { usable_until: None }
    } else {
        place(store, &record, memory).await?
    };
    if placed == Placed::Stored {
        keep_stored(path, &record).map_err(shown)?;
        return Ok(Some(Restored::PutBack));
    }
    // The file is kept: a credential is never deleted.
    let name = format!("rescue-{}.{SUPERSEDED}", random::word());
    std::fs::rename(path, path.with_file_name(name)).map_err(shown)?;
    Ok(Some(Restored::Superseded))
}

/// Puts a generation back where its store shows a token that was spent for it again; forgets it after a day.
async fn put_generation_back(
    path: &Path,
    record: &Record,
    memory: &Memory,
) -> Result<Option<Restored>, String> {
    let age = record.at.map_or(Span::FOREVER, |at| clock::now() - at);
    let shows_spent = || {
        candidates::copy_in(&record.store, &ProfileId::from(record.profile.as_str()), |stored| {
            stored.refresh.as_ref().map(|token| record.is_spent(token.expose(), memory))
        })
    };
    if shows_spent() != Some(true) {
        if age.abs() > KEEP_GENERATION {
            std::fs::remove_file(path).map_err(|error| error.to_string())?;
        }
        return Ok(None);
    }
    let store = open(record).await?;
    let placed = place(store, record, memory).await?;
    Ok((placed == Placed::Stored).then_some(Restored::PutBack))
}

async fn open(record: &Record) -> Result<JsonStore, String> {
    JsonStore::open(&record.store, tokio::time::sleep).await.map_err(|problem: OpenError| problem.to_string())
}

async fn place(mut store: JsonStore, record: &Record, memory: &Memory) -> Result<Placed, String> {
    store.rehearse().map_err(|problem| problem.to_string())?;
    let expected = Expected {
        is_spent: &|token| record.is_spent(token, memory),
        provider: record.provider.as_deref(),
        // The very token that was spent says whose it is.
        is_foreign: &|_| false,
    };
    place::place(&mut store, &record.profile, &expected, &record.changes()).await
}

/// Whether a store holds what a file has for it.
fn is_stored(text: &str, record: &Record) -> bool {
    let stored = edit::entry(text, &record.profile).and_then(|entry| edit::string_field(entry, "refresh"));
    stored.is_some_and(|stored| record.field("refresh") == Some(edit::text(&stored).as_str()))
}

/// When the stored access token ends.
fn ends(text: &str, profile: &str) -> Option<Timestamp> {
    let document = Document::parse(text, SEMANTICS, Source::Json).ok()?;
    document.get(profile)?.expires.moment(SEMANTICS)
}
