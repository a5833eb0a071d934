//! Changes of a store and of the order beside it, each under the store's lock and after a look at what is there then.
//!
//! What is replaced or removed is kept in a backup first, on disk before the store is touched.

pub mod error;

use std::path::{Path, PathBuf};

use openclaw_auth::credential::Credential;
use openclaw_auth::discover::Agent;
use openclaw_auth::document::Document;
use openclaw_auth::edit::{self, EditError, member};
use openclaw_auth::load::STATE_FILE;
use openclaw_auth::model::{CredentialKind, Source, Timestamp};
use openclaw_auth::paths::Roots;
use openclaw_auth::secret::SecretBuffer;
use openclaw_auth::store::{JsonStore, OpenError, Store, Written};
use openclaw_auth::{identity, provider};
use zeroize::Zeroizing;

use self::error::ChangeError;
use super::entry::Entry;
use super::import::{self, EMPTY};
use super::target::{self, SEMANTICS};
use crate::backup;

/// Programs that ask for no lock may write a file between our look at it and the change so often.
const ATTEMPTS: usize = 10;

/// What changes are made with.
#[derive(Clone, Copy, Debug)]
pub struct Hand<'a> {
    pub roots: &'a Roots,
    /// The agent whose store is changed.
    pub agent: &'a Agent,
    /// The one all others inherit from.
    pub main: &'a Agent,
    /// authwatch's own state directory, which backups go to.
    pub own_state: &'a Path,
    /// The moment backups are named after.
    pub now: Timestamp,
}

/// What stands under a profile's id and must not be replaced unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A login of another account, or one that cannot be told to be the same.
    OtherAccount(String),
    /// A credential of another kind.
    OtherKind(CredentialKind),
    /// A credential of another provider.
    OtherProvider(String),
}

/// What came of storing a credential.
#[derive(Debug)]
pub enum Put {
    Saved {
        /// Where what it replaced is kept.
        backup: Option<PathBuf>,
        /// Logins of legacy files that the new store began with.
        imported: usize,
    },
    /// Something else stands there; it is still there.
    Differs(Standing),
}

/// What came of removing one.
#[derive(Debug)]
pub enum Removal {
    Removed {
        /// Where the files are kept as they were.
        backups: Vec<PathBuf>,
    },
    NotThere,
}

impl Hand<'_> {
    fn path(&self) -> PathBuf {
        target::store(self.agent)
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

    /// The store's text; that of a store that is not there yet begins with what OpenClaw's first use would import.
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

    /// Writes the store. It stays held.
    fn commit(&self, store: &mut JsonStore, json: &str) -> Result<(), ChangeError> {
        let written = store.rehearse().and_then(|()| store.replace(json));
        match written.map_err(|source| ChangeError::Write { path: self.path(), source })? {
            Written::Stored => Ok(()),
            Written::Changed => Err(ChangeError::Changed { path: self.path() }),
        }
    }

    /// Makes a change again that somebody who asks for no lock came in between of.
    async fn until_undisturbed<T>(
        &self,
        change: impl AsyncFn() -> Result<T, ChangeError>,
    ) -> Result<T, ChangeError> {
        for _ in 1..ATTEMPTS {
            match change().await {
                Err(ChangeError::Changed { .. }) => {}
                done => return done,
            }
        }
        change().await
    }

    /// Shows, before a person is sent through a browser, that what comes back can be stored.
    pub async fn rehearse(&self) -> Result<(), ChangeError> {
        let mut store = self.open().await?;
        self.text(&store)?;
        store.rehearse().map_err(|source| ChangeError::Write { path: self.path(), source })
    }

    /// Stores a credential. `agreed` is what a person has agreed to see replaced.
    pub async fn put(
        &self,
        profile: &str,
        entry: &Entry,
        agreed: Option<&Standing>,
    ) -> Result<Put, ChangeError> {
        self.until_undisturbed(async || self.put_once(profile, entry, agreed).await).await
    }

    async fn put_once(
        &self,
        profile: &str,
        entry: &Entry,
        agreed: Option<&Standing>,
    ) -> Result<Put, ChangeError> {
        let mut store = self.open().await?;
        let (text, imported) = self.text(&store)?;
        let alone =
            edit::put_profile(EMPTY, profile, &entry.text()).map_err(|problem| self.unedited(problem))?;
        let (document, new) = (parse(&text, &self.path())?, parse(&alone, &self.path())?);
        let new = new.get(profile).expect("an entry made here is a credential");
        let existing = document.get(profile);
        let standing = existing.and_then(|existing| standing(existing, new));
        if let Some(standing) = &standing
            && Some(standing) != agreed
        {
            return Ok(Put::Differs(standing.clone()));
        }
        let next = match (existing, &standing) {
            (Some(_), None) => entry.over(&text, profile),
            _ => edit::put_profile(&text, profile, &entry.text()),
        };
        let next = next.map_err(|problem| self.unedited(problem))?;
        let replaces = edit::entry(&text, profile).is_some() && store.exists();
        let backup = if replaces { Some(self.keep(store.target(), store.content())?) } else { None };
        self.commit(&mut store, &next)?;
        Ok(Put::Saved { backup, imported })
    }

    /// Removes a profile from the store and from every order, once both are kept.
    pub async fn remove(&self, profile: &str) -> Result<Removal, ChangeError> {
        self.until_undisturbed(async || self.remove_once(profile).await).await
    }

    async fn remove_once(&self, profile: &str) -> Result<Removal, ChangeError> {
        let mut store = self.open().await?;
        if !store.exists() {
            return Ok(Removal::NotThere);
        }
        let (text, _) = self.text(&store)?;
        let unedited = |problem| self.unedited(problem);
        let Some(mut next) = member::remove(&text, &["profiles", profile]).map_err(unedited)? else {
            return Ok(Removal::NotThere);
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
        self.until_undisturbed(async || self.leave_orders(&store, profile)).await?;
        Ok(Removal::Removed { backups })
    }

    /// Takes a profile out of every order beside the store.
    fn leave_orders(&self, store: &JsonStore, profile: &str) -> Result<(), ChangeError> {
        let state = self.state(store)?;
        let Some((text, _)) = &state else { return Ok(()) };
        match without_ordered(text, profile).map_err(|problem| self.state_unedited(problem))? {
            Some(without) => self.write_state(store, state.as_ref(), &without),
            None => Ok(()),
        }
    }

    /// Sets the order of a provider's profiles, or takes it away; whether that changed anything.
    pub async fn order(&self, provider_id: &str, ids: Option<&[String]>) -> Result<bool, ChangeError> {
        self.until_undisturbed(async || self.order_once(provider_id, ids).await).await
    }

    async fn order_once(&self, provider_id: &str, ids: Option<&[String]>) -> Result<bool, ChangeError> {
        let mut store = self.open().await?;
        let state = self.state(&store)?;
        let text = state.as_ref().map_or("{\"version\":1}", |(text, _)| text.as_str());
        let unedited = |problem| self.state_unedited(problem);
        // Keys are spelt as people wrote them; all spellings mean the one provider.
        let spelt = |json: &str| -> Vec<String> {
            let keys = member::keys(json, &["order"]);
            keys.into_iter().filter(|key| provider::normalize(key, SEMANTICS) == provider_id).collect()
        };
        let mut next = Zeroizing::new(text.to_owned());
        let mut changed = false;
        for key in spelt(text).iter().filter(|key| ids.is_none() || key.as_str() != provider_id) {
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
            // An order that older releases kept in the store would come to light again.
            let text = store.text().map_err(|problem| self.unopened(problem))?;
            let mut inline = Zeroizing::new(text.to_owned());
            let keys = spelt(text);
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
    }

    /// Makes a store of the legacy files, where there is none.
    pub async fn import(&self) -> Result<Option<import::ImportedStore>, ChangeError> {
        self.until_undisturbed(async || self.import_once().await).await
    }

    async fn import_once(&self) -> Result<Option<import::ImportedStore>, ChangeError> {
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
    }

    fn state_path(&self) -> PathBuf {
        self.agent.dir.join(STATE_FILE)
    }

    fn state_unedited(&self, problem: EditError) -> ChangeError {
        ChangeError::Edit { path: self.state_path(), problem }
    }

    /// The file beside the store, if it is there.
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

/// What must not be replaced unasked: anything but an older credential of the same kind, provider and account.
fn standing(existing: &Credential<'_>, new: &Credential<'_>) -> Option<Standing> {
    if existing.provider != new.provider {
        return Some(Standing::OtherProvider(existing.provider.to_string()));
    }
    if existing.kind != new.kind {
        return Some(Standing::OtherKind(existing.kind));
    }
    let is_login = new.kind == CredentialKind::OAuth;
    if is_login && !identity::may_replace(existing, new) {
        let whose = existing.email.as_deref().or(existing.account_id.as_deref()).unwrap_or_default();
        return Some(Standing::OtherAccount(whose.to_owned()));
    }
    None
}

/// The document without a profile in any of its orders; `None` where it is in none.
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
            // An empty order would mean that none may be used.
            member::remove(current, path)?
        } else {
            Some(member::put(current, path, &serde_json::to_string(&kept).expect("JSON is JSON"))?)
        };
    }
    Ok(next)
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
