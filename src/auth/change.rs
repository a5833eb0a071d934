//! Changes of a store and of the order beside it, each under the store's lock and decided by what the store holds then.
//!
//! What is replaced or removed is backed up first, on disk before the store is touched.

use std::io;
use std::path::{Path, PathBuf};

use openclaw_auth::credential::Credential;
use openclaw_auth::discover::Agent;
use openclaw_auth::document::Document;
use openclaw_auth::edit::{self, EditError, member};
use openclaw_auth::load::{STATE_FILE, STORE_FILE};
use openclaw_auth::model::{CredentialKind, Source, Timestamp};
use openclaw_auth::paths::Roots;
use openclaw_auth::secret::SecretBuffer;
use openclaw_auth::store::{JsonStore, OpenError, SEMANTICS, Store, Written};
use openclaw_auth::{identity, provider};
use zeroize::Zeroizing;

use super::entry::Entry;
use super::import::{self, ImportError};
use crate::backup;

/// How often a change is retried when a program without a lock writes the file between our reading and writing.
const ATTEMPTS: usize = 10;

/// Changes one agent's store, and backs up what it replaces.
#[derive(Clone, Copy, Debug)]
pub struct StoreEditor<'a> {
    pub roots: &'a Roots,
    pub agent: &'a Agent,
    /// The agent that all others inherit from.
    pub main: &'a Agent,
    /// authwatch's own state directory, for backups.
    pub own_state: &'a Path,
    /// Backups are named after it.
    pub now: Timestamp,
}

/// A credential under the same profile ID that must not be replaced without consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// A login of another account, or of one that is not known to be the same.
    OtherAccount(String),
    OtherKind(CredentialKind),
    OtherProvider(String),
}

#[derive(Debug)]
pub struct Saved {
    /// Where the replaced store is kept.
    pub backup: Option<PathBuf>,
    /// How many logins of legacy files the new store began with.
    pub imported: usize,
}

#[derive(Debug)]
pub enum Put {
    Saved(Saved),
    /// Nothing was changed.
    Refused(Conflict),
}

impl StoreEditor<'_> {
    fn path(&self) -> PathBuf {
        self.agent.dir.join(STORE_FILE)
    }

    async fn open(&self) -> Result<JsonStore, ChangeError> {
        JsonStore::open_or_new(&self.path(), tokio::time::sleep)
            .await
            .map_err(|problem| self.unopened(problem))
    }

    fn unopened(&self, problem: OpenError) -> ChangeError {
        ChangeError::Open { path: self.path(), problem }
    }

    fn unedited(&self, problem: EditError) -> ChangeError {
        ChangeError::Edit { path: self.path(), problem }
    }

    /// The store's text, and how many logins were imported: a new store begins with what OpenClaw's first use would import.
    fn text(&self, store: &JsonStore) -> Result<(Zeroizing<String>, usize), ChangeError> {
        if !store.exists() {
            let import = import::read(self.agent, self.main, self.roots)?;
            return Ok((import.json, import.profiles.len()));
        }
        let text = store.text().map_err(|problem| self.unopened(problem))?;
        parse(text, &self.path())?;
        Ok((Zeroizing::new(text.to_owned()), 0))
    }

    fn keep(&self, original: &Path, content: &SecretBuffer) -> Result<PathBuf, ChangeError> {
        backup::keep(self.own_state, original, content, self.now)
            .map_err(|source| ChangeError::Backup { path: self.own_state.join(backup::DIRECTORY), source })
    }

    /// Writes the store. It stays locked.
    fn commit(&self, store: &mut JsonStore, json: &str) -> Result<(), ChangeError> {
        let written = store.rehearse().and_then(|_| store.replace(json));
        match written.map_err(|source| ChangeError::Write { path: self.path(), source })? {
            Written::Stored => Ok(()),
            Written::Changed => Err(ChangeError::Changed { path: self.path() }),
        }
    }

    /// Repeats a change until no program without a lock writes at the same time.
    async fn retry<T>(&self, change: impl AsyncFn() -> Result<T, ChangeError>) -> Result<T, ChangeError> {
        for _ in 1..ATTEMPTS {
            match change().await {
                Err(ChangeError::Changed { .. }) => {}
                done => return done,
            }
        }
        change().await
    }

    /// Checks, before a person is sent to a browser, that the new login can be stored.
    pub async fn rehearse(&self) -> Result<(), ChangeError> {
        let mut store = self.open().await?;
        self.text(&store)?;
        store.rehearse().map(drop).map_err(|source| ChangeError::Write { path: self.path(), source })
    }

    /// Stores a credential. `agreed` is the conflict that a person agreed to replace.
    pub async fn put(
        &self,
        profile: &str,
        entry: &Entry,
        agreed: Option<&Conflict>,
    ) -> Result<Put, ChangeError> {
        self.retry(async || {
            let mut store = self.open().await?;
            let (text, imported) = self.text(&store)?;
            let alone = entry.alone(profile).map_err(|problem| self.unedited(problem))?;
            let (document, new) = (parse(&text, &self.path())?, parse(&alone, &self.path())?);
            let new = new.get(profile).expect("an entry made here is a credential");
            let existing = document.get(profile);
            let conflict = existing.and_then(|existing| conflict(existing, new));
            if let Some(conflict) = &conflict
                && Some(conflict) != agreed
            {
                return Ok(Put::Refused(conflict.clone()));
            }
            let next = match (existing, &conflict) {
                (Some(_), None) => entry.over(&text, profile),
                _ => edit::put_profile(&text, profile, &entry.text()),
            };
            let next = next.map_err(|problem| self.unedited(problem))?;
            let replaces = edit::entry(&text, profile).is_some() && store.exists();
            let backup = if replaces { Some(self.keep(store.target(), store.content())?) } else { None };
            self.commit(&mut store, &next)?;
            Ok(Put::Saved(Saved { backup, imported }))
        })
        .await
    }

    /// Removes a profile from the store and from every order, after a backup of both. `None` where it is not there.
    pub async fn remove(&self, profile: &str) -> Result<Option<Vec<PathBuf>>, ChangeError> {
        self.retry(async || {
            let mut store = self.open().await?;
            if !store.exists() {
                return Ok(None);
            }
            let (text, _) = self.text(&store)?;
            let unedited = |problem| self.unedited(problem);
            let Some(mut next) = member::remove(&text, &["profiles", profile]).map_err(unedited)? else {
                return Ok(None);
            };
            // Older releases kept the order in the store itself.
            if let Some(without) = without_ordered(&next, profile).map_err(unedited)? {
                next = without;
            }
            let mut backups = vec![self.keep(store.target(), store.content())?];
            if let Some((text, content)) = &self.state(&store)?
                && without_ordered(text, profile).map_err(|problem| self.state_unedited(problem))?.is_some()
            {
                backups.push(self.keep(&self.state_path(), content)?);
            }
            self.commit(&mut store, &next)?;
            self.retry(async || self.leave_orders(&store, profile)).await?;
            Ok(Some(backups))
        })
        .await
    }

    /// Removes a profile from every order beside the store.
    fn leave_orders(&self, store: &JsonStore, profile: &str) -> Result<(), ChangeError> {
        let state = self.state(store)?;
        let Some((text, _)) = &state else { return Ok(()) };
        match without_ordered(text, profile).map_err(|problem| self.state_unedited(problem))? {
            Some(without) => self.write_state(store, state.as_ref(), &without),
            None => Ok(()),
        }
    }

    /// Sets the order of a provider's profiles, or removes it. Returns whether that changed anything.
    pub async fn order(&self, provider_id: &str, ids: Option<&[String]>) -> Result<bool, ChangeError> {
        self.retry(async || {
            let mut store = self.open().await?;
            let state = self.state(&store)?;
            let text = state.as_ref().map_or("{\"version\":1}", |(text, _)| text.as_str());
            let unedited = |problem| self.state_unedited(problem);
            // People spell a provider in several ways.
            let spellings = |json: &str| -> Vec<String> {
                let keys = member::keys(json, &["order"]);
                keys.into_iter().filter(|key| provider::normalize(key, SEMANTICS) == provider_id).collect()
            };
            let mut next = Zeroizing::new(text.to_owned());
            let mut changed = false;
            for key in spellings(text).iter().filter(|key| ids.is_none() || key.as_str() != provider_id) {
                if let Some(without) = member::remove(&next, &["order", key]).map_err(unedited)? {
                    (next, changed) = (without, true);
                }
            }
            if let Some(ids) = ids {
                let list = serde_json::to_string(ids).expect("a list of strings is JSON");
                let is_so = member::get(&next, &["order", provider_id])
                    .and_then(|value| serde_json::from_str::<Vec<String>>(value).ok())
                    .is_some_and(|before| before == ids);
                if !is_so {
                    next = member::put(&next, &["order", provider_id], &list).map_err(unedited)?;
                    changed = true;
                }
            } else if store.exists() {
                // Otherwise an order that older releases kept in the store would apply again.
                let text = store.text().map_err(|problem| self.unopened(problem))?;
                let mut inline = Zeroizing::new(text.to_owned());
                let keys = spellings(text);
                for key in &keys {
                    let without = member::remove(&inline, &["order", key]);
                    inline = without.map_err(|problem| self.unedited(problem))?.unwrap_or(inline);
                }
                if !keys.is_empty() {
                    self.commit(&mut store, &inline)?;
                    if changed {
                        self.write_state(&store, state.as_ref(), &next)?;
                    }
                    return Ok(true);
                }
            }
            if changed {
                self.write_state(&store, state.as_ref(), &next)?;
            }
            Ok(changed)
        })
        .await
    }

    /// Creates a store from the legacy files. `None` where there is a store already.
    pub async fn import(&self) -> Result<Option<import::ImportedStore>, ChangeError> {
        self.retry(async || {
            let mut store = self.open().await?;
            if store.exists() {
                self.text(&store)?;
                return Ok(None);
            }
            let import = import::read(self.agent, self.main, self.roots)?;
            if !import.profiles.is_empty() {
                self.commit(&mut store, &import.json)?;
            }
            Ok(Some(import))
        })
        .await
    }

    fn state_path(&self) -> PathBuf {
        self.agent.dir.join(STATE_FILE)
    }

    fn state_unedited(&self, problem: EditError) -> ChangeError {
        ChangeError::Edit { path: self.state_path(), problem }
    }

    fn state(&self, store: &JsonStore) -> Result<Option<(Zeroizing<String>, SecretBuffer)>, ChangeError> {
        let mut content = SecretBuffer::default();
        let path = self.state_path();
        let there = store.read_beside(STATE_FILE, &mut content);
        if !there.map_err(|problem| ChangeError::Open { path: path.clone(), problem })? {
            return Ok(None);
        }
        let broken = |problem: &str| ChangeError::Broken { path: path.clone(), problem: problem.to_owned() };
        let text = std::str::from_utf8(content.bytes()).map_err(|_| broken("not UTF-8"))?;
        if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
            return Err(broken("not JSON"));
        }
        let text = Zeroizing::new(text.to_owned());
        Ok(Some((text, content)))
    }

    /// Writes the file beside the store; `before` is what the new content was made from.
    fn write_state(
        &self,
        store: &JsonStore,
        before: Option<&(Zeroizing<String>, SecretBuffer)>,
        json: &str,
    ) -> Result<(), ChangeError> {
        let path = self.state_path();
        let written = store.write_beside(STATE_FILE, before.map(|(_, content)| content), json);
        match written.map_err(|source| ChangeError::Write { path: path.clone(), source })? {
            Written::Stored => Ok(()),
            Written::Changed => Err(ChangeError::Changed { path }),
        }
    }
}

fn parse<'t>(text: &'t str, path: &Path) -> Result<Document<'t>, ChangeError> {
    Document::parse(text, SEMANTICS, Source::Json)
        .map_err(|error| ChangeError::Broken { path: path.to_owned(), problem: error.to_string() })
}

/// Only an older credential of the same kind, provider, and account is replaced without consent.
fn conflict(existing: &Credential<'_>, new: &Credential<'_>) -> Option<Conflict> {
    if existing.provider != new.provider {
        return Some(Conflict::OtherProvider(existing.provider.to_string()));
    }
    if existing.kind != new.kind {
        return Some(Conflict::OtherKind(existing.kind));
    }
    let is_login = new.kind == CredentialKind::OAuth;
    if is_login && !identity::may_replace(existing, new) {
        let whose = existing.email.as_deref().or(existing.account_id.as_deref()).unwrap_or_default();
        return Some(Conflict::OtherAccount(whose.to_owned()));
    }
    None
}

/// The document without a profile in any of its orders; `None` where no order has it.
fn without_ordered(json: &str, profile: &str) -> Result<Option<Zeroizing<String>>, EditError> {
    let mut next = None;
    for key in member::keys(json, &["order"]) {
        let current = next.as_deref().map_or(json, String::as_str);
        let Some(ids) = member::get(current, &["order", &key])
            .and_then(|list| serde_json::from_str::<Vec<serde_json::Value>>(list).ok())
        else {
            continue;
        };
        let kept: Vec<_> = ids.iter().filter(|id| id.as_str().map(str::trim) != Some(profile)).collect();
        if kept.len() == ids.len() {
            continue;
        }
        let path: &[&str] = &["order", &key];
        next = if kept.is_empty() {
            // An empty order would mean that no profile may be used.
            member::remove(current, path)?
        } else {
            Some(member::put(current, path, &serde_json::to_string(&kept).expect("JSON is JSON"))?)
        };
    }
    Ok(next)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Another process uses the store.
    Busy,
    NotWritable,
    NotReadable,
}

#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("{}", unopened(.path, .problem))]
    Open { path: PathBuf, problem: OpenError },
    #[error("`{}` is {problem}", .path.display())]
    Broken { path: PathBuf, problem: String },
    #[error("`{}`: {problem}", .path.display())]
    Edit { path: PathBuf, problem: EditError },
    #[error("the logins of earlier releases cannot be taken over")]
    Import(#[from] ImportError),
    #[error("no backup can be kept in `{}`", .path.display())]
    Backup { path: PathBuf, source: io::Error },
    #[error("`{}` was changed by another program at the same time; try again", .path.display())]
    Changed { path: PathBuf },
    #[error("cannot write `{}`", .path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// The path and the problem, unless the problem itself names the path.
fn unopened(path: &Path, problem: &OpenError) -> String {
    match problem {
        OpenError::Read(_) | OpenError::Busy(_) => problem.to_string(),
        OpenError::Lock(_) | OpenError::Refused(_) | OpenError::Absent => {
            format!("`{}`: {problem}", path.display())
        }
    }
}

impl ChangeError {
    pub fn obstacle(&self) -> Obstacle {
        match self {
            Self::Open { problem: OpenError::Busy(_), .. } | Self::Changed { .. } => Obstacle::Busy,
            Self::Open { problem: OpenError::Lock(_), .. } | Self::Write { .. } | Self::Backup { .. } => {
                Obstacle::NotWritable
            }
            Self::Open { .. } | Self::Broken { .. } | Self::Edit { .. } | Self::Import(_) => {
                Obstacle::NotReadable
            }
        }
    }

    /// Its source, where the message does not include it.
    pub fn into_cause(self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        match self {
            Self::Write { source, .. }
            | Self::Backup { source, .. }
            | Self::Open { problem: OpenError::Lock(source), .. } => Some(Box::new(source)),
            Self::Import(source) => Some(Box::new(source)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_leaves_every_order_and_nothing_else_changes() {
        let json = r#"{"order":{"a":["x","y"],"b":["x"],"c":["z",3],"d":"x"},"lastGood":{"a":"x"}}"#;
        let without = without_ordered(json, "x").expect("objects").expect("it is in two");
        let value: serde_json::Value = serde_json::from_str(&without).expect("JSON");
        let expected =
            serde_json::json!({"order": {"a": ["y"], "c": ["z", 3], "d": "x"}, "lastGood": {"a": "x"}});
        assert_eq!(value, expected);
        assert_eq!(without_ordered(json, "q"), Ok(None));
    }
}
