//! Where a new token goes when its store cannot take it after all: a 0600 file in authwatch's own state directory.
//!
//! Room for it is set aside before the provider is called, and the next run puts it back under the store's lock.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::model::Millis;
use crate::openclaw::edit::{self, Change};
use crate::random;
use crate::state::{Fingerprint, Memory};
use crate::store::{LockedStore, OpenError};

/// No entry of a store is longer.
const ROOM: usize = 64 * 1024;

/// A rescue file without anything in it yet.
#[derive(Debug)]
pub struct Reserved {
    path: PathBuf,
    file: File,
    used: bool,
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
    expires: Millis,
    fields: Vec<(String, String)>,
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

/// Sets room aside.
pub fn reserve(state: &Path) -> io::Result<Reserved> {
    let dir = dir(state);
    DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    let path = dir.join(format!(".reserved-{}-{}", std::process::id(), random::word()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(&vec![b' '; ROOM])?;
    file.sync_data()?;
    Ok(Reserved { path, file, used: false })
}

impl Reserved {
    /// Keeps new tokens that cannot be stored. The path is where they are.
    pub fn keep(
        mut self,
        store: &Path,
        profile: &str,
        spent: &Fingerprint,
        expires: Millis,
        changes: &[Change],
    ) -> io::Result<PathBuf> {
        let rescue = Rescue {
            version: 1,
            store: store.to_owned(),
            profile: profile.to_owned(),
            spent: spent.clone(),
            expires,
            fields: changes.iter().map(|(name, value)| ((*name).to_owned(), (**value).clone())).collect(),
        };
        let json = Zeroizing::new(serde_json::to_vec(&rescue).map_err(io::Error::other)?);
        self.file.rewind()?;
        self.file.write_all(&json)?;
        self.file.set_len(json.len() as u64)?;
        self.file.sync_all()?;
        let path = self.path.with_file_name(format!("rescue-{}.json", random::word()));
        std::fs::rename(&self.path, &path)?;
        self.used = true;
        if let Some(dir) = path.parent() {
            File::open(dir)?.sync_all()?;
        }
        Ok(path)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if !self.used {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The rescue files there are.
#[must_use]
pub fn waiting(state: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir(state)) else { return Vec::new() };
    let is_rescue = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("rescue-") && name.ends_with(".json")
    };
    entries.flatten().map(|entry| entry.path()).filter(is_rescue).collect()
}

/// The profiles whose new tokens wait in rescue files.
#[must_use]
pub fn waiting_profiles(state: &Path) -> Vec<String> {
    let profile = |path: PathBuf| {
        let bytes = Zeroizing::new(std::fs::read(&path).ok()?);
        let rescue: Option<Rescue> = serde_json::from_slice(&bytes).ok();
        // A damaged one is one all the same.
        Some(rescue.map_or_else(|| "an unknown profile".to_owned(), |rescue| rescue.profile))
    };
    waiting(state).into_iter().filter_map(profile).collect()
}

/// Puts a rescued token back, if the store still holds the one that was spent for it.
pub async fn restore(path: &Path, memory: &Memory) -> Restored {
    match try_restore(path, memory).await {
        Ok(restored) => restored,
        Err(problem) => Restored::Later(problem),
    }
}

async fn try_restore(path: &Path, memory: &Memory) -> Result<Restored, String> {
    let shown = |error: io::Error| error.to_string();
    let bytes = Zeroizing::new(std::fs::read(path).map_err(shown)?);
    let rescue: Rescue = serde_json::from_slice(&bytes)
        .map_err(|error| format!("it is damaged at column {}", error.column()))?;
    let fields: Vec<(String, Zeroizing<String>)> =
        rescue.fields.into_iter().map(|(name, value)| (name, Zeroizing::new(value))).collect();
    let store = LockedStore::open(&rescue.store).await.map_err(|error: OpenError| error.to_string())?;
    let text = store.text().map_err(|error| error.to_string())?;
    let stored = edit::entry(text, &rescue.profile).and_then(|entry| edit::string_field(entry, "refresh"));
    if stored.is_none_or(|token| memory.fingerprint(&token) != rescue.spent) {
        // Somebody has signed in since. The file is kept: a credential is never deleted.
        std::fs::rename(path, path.with_extension("superseded")).map_err(shown)?;
        return Ok(Restored::Superseded);
    }
    let changes: Vec<Change> =
        fields.into_iter().filter_map(|(name, value)| Some((known_field(&name)?, value))).collect();
    let text = Zeroizing::new(text.to_owned());
    let restored = edit::set_fields(&text, &rescue.profile, &changes).map_err(|error| error.to_string())?;
    let reserved = store.reserve().map_err(shown)?;
    reserved.commit(&restored).map_err(shown)?;
    std::fs::remove_file(path).map_err(shown)?;
    Ok(Restored::PutBack)
}

fn known_field(name: &str) -> Option<&'static str> {
    ["access", "refresh", "expires", "idToken", "accountId"].into_iter().find(|known| *known == name)
}
