//! Where a new token goes when its store cannot take it after all: a 0600 file in authwatch's own state directory.
//!
//! Room for it is set aside before the provider is called. The provider's answer is written into it before anything else is done
//! with it, and it is removed once the store has the new token. What is left, the next run puts back under the store's lock.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::SEMANTICS;
use crate::model::{Millis, Source};
use crate::openclaw::document::Document;
use crate::openclaw::edit::{self, Change};
use crate::random;
use crate::state::{Fingerprint, Memory};
use crate::store::{LockedStore, OpenError};

/// No entry of a store is longer.
const ROOM: usize = 64 * 1024;

/// Room in a rescue file; with new tokens in it, it is the only copy of a login until those are stored.
#[derive(Debug)]
pub struct Reserved {
    path: PathBuf,
    file: File,
    filled: bool,
}

/// The token that was spent for what is rescued.
#[derive(Clone, Copy, Debug)]
pub struct Spent<'a> {
    /// Its name.
    pub name: &'a Fingerprint,
    /// Itself: names are forgotten with authwatch's memory, and the file holds its successor anyway.
    pub token: &'a Zeroizing<String>,
}

/// What a rescue file says. The new values are kept as JSON text.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rescue {
    version: u32,
    store: PathBuf,
    profile: String,
    /// The token that was spent, by its name.
    spent: Fingerprint,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spent_token: Option<String>,
    expires: Millis,
    fields: Vec<(String, String)>,
}

impl Rescue {
    fn read(path: &Path) -> Result<Self, String> {
        let bytes = Zeroizing::new(std::fs::read(path).map_err(|error| error.to_string())?);
        serde_json::from_slice(&bytes).map_err(|error| format!("it is damaged at column {}", error.column()))
    }

    fn is_for(&self, token: &str, memory: &Memory) -> bool {
        self.spent_token.as_deref() == Some(token) || memory.fingerprint(token) == self.spent
    }

    /// The JSON text of a new value.
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

impl Drop for Rescue {
    fn drop(&mut self) {
        self.spent_token.zeroize();
        self.fields.iter_mut().for_each(|(_, value)| value.zeroize());
    }
}

/// What came of a rescue file.
#[derive(Debug, PartialEq, Eq)]
pub enum Restored {
    /// It is back in its store.
    PutBack,
    /// The store has something newer; the file is kept under another name.
    Superseded,
    /// Not this time.
    Later(String),
}

fn dir(state: &Path) -> PathBuf {
    state.join("rescue")
}

/// How room that was set aside is named: a process's number follows.
const RESERVED: &str = ".reserved-";

/// Sets room aside.
pub fn reserve(state: &Path) -> io::Result<Reserved> {
    let dir = dir(state);
    DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    let path = dir.join(format!("{RESERVED}{}-{}", std::process::id(), random::word()));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    // From here on it is removed again whatever happens: a full disk is not to be filled further.
    let mut reserved = Reserved { path, file, filled: false };
    reserved.file.write_all(&vec![b' '; ROOM])?;
    reserved.file.sync_data()?;
    Ok(reserved)
}

impl Reserved {
    /// Writes the new tokens down, into room that is there already: so quickly that it can be done before anything else. From here
    /// on the death of this process does not lose them.
    pub fn fill(
        &mut self,
        store: &Path,
        profile: &str,
        spent: Spent<'_>,
        expires: Millis,
        changes: &[Change],
    ) -> io::Result<()> {
        let rescue = Rescue {
            version: 1,
            store: store.to_owned(),
            profile: profile.to_owned(),
            spent: spent.name.clone(),
            spent_token: Some(spent.token.to_string()),
            expires,
            fields: changes.iter().map(|(name, value)| ((*name).to_owned(), (**value).clone())).collect(),
        };
        let json = Zeroizing::new(serde_json::to_vec(&rescue).map_err(io::Error::other)?);
        self.file.rewind()?;
        // The blanks that stay behind it are no harm to JSON.
        self.file.write_all(&json)?;
        self.filled = true;
        Ok(())
    }

    /// Keeps the new tokens for the next run to put back. The path is where they are.
    pub fn keep(self) -> io::Result<PathBuf> {
        self.name(WAITING)
    }

    /// Keeps them for a person to look at; they are never put back.
    pub fn set_aside(self, why: &str) -> io::Result<PathBuf> {
        self.name(why)
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

    /// The new tokens are stored: they need no rescue.
    pub fn discard(mut self) {
        self.filled = false;
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if !self.filled {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// How a file is named further that waits to be put back.
const WAITING: &str = "json";
/// How one is that was not needed.
pub const SUPERSEDED: &str = "superseded";
/// How one is whose tokens are another account's.
pub const OTHER_ACCOUNT: &str = "other-account";

/// The rescue files there are, among them those whose makers were killed before they could say what became of the tokens.
#[must_use]
pub fn waiting(state: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir(state)) else { return Vec::new() };
    let is_rescue = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_kept = name.starts_with("rescue-") && path.extension().is_some_and(|is| is == WAITING);
        is_kept || name.starts_with(RESERVED) && Rescue::read(path).is_ok()
    };
    entries.flatten().map(|entry| entry.path()).filter(is_rescue).collect()
}

/// The profiles whose new tokens wait in rescue files.
#[must_use]
pub fn waiting_profiles(state: &Path) -> Vec<String> {
    // What is only reserved may be stored at this very moment.
    let is_kept = |path: &PathBuf| path.extension().is_some_and(|is| is == WAITING);
    // A damaged one is one all the same.
    let profile = |path: PathBuf| {
        Rescue::read(&path).map_or_else(|_| "an unknown profile".to_owned(), |rescue| rescue.profile.clone())
    };
    waiting(state).into_iter().filter(is_kept).map(profile).collect()
}

/// Whether a token was spent for one that waits in a rescue file: to present it again would end both.
#[must_use]
pub fn holds_successor(state: &Path, token: &str, memory: &Memory) -> bool {
    waiting(state).iter().any(|path| Rescue::read(path).is_ok_and(|rescue| rescue.is_for(token, memory)))
}

/// Puts a rescued token back, if the store still holds the one that was spent for it. `None` where there was nothing to do.
pub async fn restore(path: &Path, memory: &Memory) -> Option<Restored> {
    try_restore(path, memory).await.unwrap_or_else(|problem| Some(Restored::Later(problem)))
}

async fn try_restore(path: &Path, memory: &Memory) -> Result<Option<Restored>, String> {
    let shown = |error: io::Error| error.to_string();
    let rescue = match Rescue::read(path) {
        Err(_) if !path.exists() => return Ok(None),
        read => read?,
    };
    let store = LockedStore::open(&rescue.store).await.map_err(|error: OpenError| error.to_string())?;
    if !path.exists() {
        // Whoever made it was at work still, and has stored it.
        return Ok(None);
    }
    let text = store.text().map_err(|error| error.to_string())?;
    let stored = edit::entry(text, &rescue.profile).and_then(|entry| edit::string_field(entry, "refresh"));
    let renewed = rescue.field("refresh");
    if stored.as_ref().is_some_and(|stored| renewed == Some(edit::text(stored).as_str())) {
        // It was stored, and its maker killed before it could tidy up.
        std::fs::remove_file(path).map_err(shown)?;
        return Ok(None);
    }
    let is_spent = stored.is_some_and(|token| rescue.is_for(&token, memory));
    // Where the refresh token stays, somebody may have renewed with it since.
    if !is_spent || renewed.is_none() && ends(text, &rescue.profile).is_some_and(|end| end > rescue.expires) {
        // The file is kept: a credential is never deleted.
        let name = format!("rescue-{}.{SUPERSEDED}", random::word());
        std::fs::rename(path, path.with_file_name(name)).map_err(shown)?;
        return Ok(Some(Restored::Superseded));
    }
    let changes: Vec<Change> = rescue
        .fields
        .iter()
        .filter_map(|(name, value)| Some((known_field(name)?, Zeroizing::new(value.clone()))))
        .collect();
    let text = Zeroizing::new(text.to_owned());
    let restored = edit::set_fields(&text, &rescue.profile, &changes).map_err(|error| error.to_string())?;
    let reserved = store.reserve().map_err(shown)?;
    reserved.commit(&restored).map_err(shown)?;
    std::fs::remove_file(path).map_err(shown)?;
    Ok(Some(Restored::PutBack))
}

/// When the stored access token ends.
fn ends(text: &str, profile: &str) -> Option<Millis> {
    let document = Document::parse(text, SEMANTICS, Source::Json).ok()?;
    document.get(profile)?.expires.moment(SEMANTICS)
}

fn known_field(name: &str) -> Option<&'static str> {
    ["access", "refresh", "expires", "idToken", "accountId"].into_iter().find(|known| *known == name)
}
