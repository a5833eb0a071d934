//! From stores to facts: a login's kind, owner, age, and which others equal it; never its secrets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use openclaw_auth::credential::{Credential, Expires};
use openclaw_auth::discover::{Agent, Discovery};
use openclaw_auth::document::{Document, Profile};
use openclaw_auth::file;
use openclaw_auth::load::sqlite::{self, Database, SharedOwner};
use openclaw_auth::load::{self, Buffers, Loaded, STORE_FILE, external};
use openclaw_auth::mistakes;
use openclaw_auth::model::{AgentId, CredentialKind, Mistake, Semantics, Source, StoreKind, Timestamp};
use openclaw_auth::paths::Roots;
use openclaw_auth::random;
use openclaw_auth::secret::SecretBuffer;
use openclaw_auth::{provider, text};
use ring::hmac;

use crate::doctor::files;

/// A secret's digest under a key that is made for this run and forgotten with it: it only shows which secrets
/// are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretDigest([u8; 16]);

#[derive(Clone, Debug)]
pub struct ProfileFacts {
    pub id: String,
    /// Normalized.
    pub provider: String,
    pub kind: CredentialKind,
    /// The kind of store it is in.
    pub source: Source,
    pub expires: Expires,
    /// Whether OpenClaw has put a marker in its place.
    pub fenced: bool,
    /// Whether there is an access or a refresh token.
    pub has_tokens: bool,
    pub refresh: Option<SecretDigest>,
    /// The account, as the profile says.
    pub account: Option<SecretDigest>,
    pub email: Option<SecretDigest>,
    /// The account, as its access token says.
    pub claimed_account: Option<SecretDigest>,
    pub mistake: Option<Mistake>,
}

#[derive(Clone, Debug)]
pub struct AgentFacts {
    pub id: AgentId,
    pub dir: PathBuf,
    /// Whether all others inherit from it.
    pub is_main: bool,
    /// The kind of its own store; for main, of the one that all inherit.
    pub kind: StoreKind,
    pub store: PathBuf,
    /// The same behind links.
    pub real_store: PathBuf,
    pub profiles: Vec<ProfileFacts>,
    /// The order of profiles, by provider.
    pub order: BTreeMap<String, Vec<String>>,
}

impl AgentFacts {
    /// Its `auth-profiles.json`, whether it exists or not.
    #[must_use]
    pub fn json_store(&self) -> PathBuf {
        self.dir.join(STORE_FILE)
    }
}

/// What the shared database holds.
#[derive(Clone, Debug)]
pub struct SharedFacts {
    /// Who owns the shared credentials, as it says.
    pub owner: SharedOwner,
    /// How many profiles it holds.
    pub profiles: usize,
    /// Main's own database, if that holds logins as well.
    pub beside: Option<PathBuf>,
}

/// The login of a vendor's CLI.
#[derive(Clone, Debug)]
pub struct CliLogin {
    pub path: PathBuf,
    pub refresh: SecretDigest,
}

/// Turns stores into facts.
pub(super) struct Reader<'a> {
    roots: &'a Roots,
    reading: Semantics,
    key: hmac::Key,
    read: Mutex<BTreeMap<AgentId, AgentFacts>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(roots: &'a Roots, reading: Semantics) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &random::bytes::<32>());
        Self { roots, reading, key, read: Mutex::default() }
    }

    fn digest(&self, secret: &str) -> SecretDigest {
        let tag = hmac::sign(&self.key, secret.as_bytes());
        let mut digest = [0; 16];
        digest.copy_from_slice(&tag.as_ref()[..16]);
        SecretDigest(digest)
    }

    /// Takes the facts of an agent's store while its secrets are in memory.
    pub(super) fn read(&self, agent: &Agent, loaded: &Loaded<'_>) {
        let facts = AgentFacts {
            id: agent.id.clone(),
            dir: agent.dir.clone(),
            is_main: agent.is_main(),
            kind: loaded.health.kind,
            store: loaded.health.path.clone(),
            real_store: files::real(&loaded.health.path),
            profiles: loaded.document.profiles.iter().map(|profile| self.profile(profile)).collect(),
            order: loaded.document.state.order.clone(),
        };
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(agent.id.clone(), facts);
    }

    /// The facts of all agents whose stores were read, in the order in which the agents were discovered.
    pub(super) fn agents(&self, discovery: &Discovery) -> Vec<AgentFacts> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        discovery.agents.iter().filter_map(|agent| read.remove(&agent.id)).collect()
    }

    fn profile(&self, profile: &Profile<'_>) -> ProfileFacts {
        let credential = &profile.credential;
        let digest = |text: &str| self.digest(text);
        let account = credential.account_id.as_deref().and_then(text::non_empty).map(digest);
        let email = credential.email.as_deref().and_then(text::non_empty);
        let has_tokens = credential.access.is_some() || credential.refresh.is_some();
        ProfileFacts {
            id: profile.id.to_string(),
            provider: credential.provider.to_string(),
            kind: credential.kind,
            source: profile.source,
            expires: credential.expires,
            fenced: credential.fence().is_some(),
            has_tokens,
            refresh: credential.refresh.as_ref().map(|token| digest(token.expose())),
            account,
            email: email.map(|email| digest(&email.to_lowercase())),
            claimed_account: claimed_account(credential).as_deref().map(digest),
            mistake: mistakes::of(credential),
        }
    }

    /// The facts of the shared database. What `main` was read from is not read again.
    pub(super) fn shared(&self, agent: &Agent, main: &AgentFacts) -> Option<SharedFacts> {
        if main.kind == StoreKind::SharedSqlite {
            let mut buffers = Buffers::default();
            let beside = load::load(agent, self.roots, self.reading, &mut buffers)
                .filter(|own| own.health.kind == StoreKind::AgentSqlite && !own.document.profiles.is_empty())
                .map(|own| own.health.path);
            let owner = SharedOwner::StateDatabase;
            return Some(SharedFacts { owner, profiles: main.profiles.len(), beside });
        }
        let (mut store, mut state) = (SecretBuffer::default(), SecretBuffer::default());
        let path = self.roots.shared_database();
        let content = sqlite::read(&path, Database::Shared, &mut store, &mut state).ok()??;
        let parsed = file::text(&path, &store)
            .ok()
            .filter(|_| content.has_store)
            .and_then(|text| Document::parse(text, self.reading, Source::SharedSqlite).ok());
        let profiles = parsed.map_or(0, |document| document.profiles.len());
        Some(SharedFacts { owner: content.owner, profiles, beside: None })
    }

    pub(super) fn cli_logins(&self) -> Vec<CliLogin> {
        let logins = external::refresh_tokens(self.roots).into_iter();
        logins.map(|(path, token)| CliLogin { path, refresh: self.digest(token.expose()) }).collect()
    }

    /// Whether a draft holds a credential that the store does not have, or a newer login.
    pub(super) fn newer_than(&self, draft: &Path, store: &Path) -> bool {
        let (mut one, mut other) = (SecretBuffer::default(), SecretBuffer::default());
        let read = |path: &Path, buffer: &mut SecretBuffer| file::read(path, buffer).ok().flatten().is_some();
        if !read(draft, &mut one) {
            return false;
        }
        let parse = |path: &Path, buffer| {
            Document::parse(file::text(path, buffer).ok()?, self.reading, Source::Json).ok()
        };
        let Some(draft) = parse(draft, &one) else { return false };
        let stored = if read(store, &mut other) { parse(store, &other) } else { None };
        let expires =
            |credential: &Credential<'_>| credential.expires.moment(self.reading).unwrap_or(Timestamp::EPOCH);
        let refresh = |credential: &Credential<'_>| {
            credential.refresh.as_ref().map(|token| self.digest(token.expose()))
        };
        draft.profiles.iter().any(|Profile { id, credential, .. }| {
            // A key or token that the store does not have may be somebody's who wrote at the same time.
            stored.as_ref().and_then(|stored| stored.get(id)).is_none_or(|stored| {
                credential.refresh.is_some()
                    && refresh(stored) != refresh(credential)
                    && expires(credential) >= expires(stored)
            })
        })
    }
}

fn claimed_account(credential: &Credential<'_>) -> Option<String> {
    let access = credential.access.as_ref().filter(|_| credential.kind == CredentialKind::OAuth)?;
    provider::account_in(access.expose(), &credential.provider)
}
