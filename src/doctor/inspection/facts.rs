//! From stores to facts: what a login is, whose, how old, and which others it equals; never what it says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use openclaw_auth::credential::{Credential, Expires};
use openclaw_auth::discover::{Agent, Discovery};
use openclaw_auth::document::{Document, Profile};
use openclaw_auth::file;
use openclaw_auth::load::sqlite::{self, Database, SharedOwner};
use openclaw_auth::load::{self, Buffers, Loaded, STORE_FILE, external};
use openclaw_auth::model::{AgentId, CredentialKind, Semantics, Source, StoreKind, Timestamp};
use openclaw_auth::paths::Roots;
use openclaw_auth::random;
use openclaw_auth::secret::SecretBuffer;
use openclaw_auth::{provider, text};
use ring::hmac;

use crate::doctor::files;
use crate::doctor::paste::{self, Blemish};
use crate::state::{Failing, Memory};

/// A secret's digest, under a key that is made for this run and forgotten with it: good for telling equals, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Print([u8; 16]);

/// What is known of a profile in a store.
#[derive(Clone, Debug)]
pub struct ProfileFacts {
    pub id: String,
    /// Its provider, normalised.
    pub provider: String,
    pub kind: CredentialKind,
    /// The kind of store it is in.
    pub source: Source,
    /// `expires`.
    pub expires: Expires,
    /// Whether OpenClaw has put a marker in its place.
    pub fenced: bool,
    /// Whether there is an access or a refresh token.
    pub has_tokens: bool,
    pub refresh: Option<Print>,
    /// Whose it says it is: account and e-mail.
    pub account: Option<Print>,
    pub email: Option<Print>,
    /// Whose its access token says it is.
    pub claimed_account: Option<Print>,
    /// What is wrong with a pasted value.
    pub blemish: Option<Blemish>,
    /// What renewing it has come to, where that fails.
    pub failing: Option<Failing>,
}

#[derive(Clone, Debug)]
pub struct AgentFacts {
    pub id: AgentId,
    pub dir: PathBuf,
    /// Whether it is the one all others inherit from.
    pub is_main: bool,
    /// The kind of its own store, whatever is in effect.
    pub kind: StoreKind,
    pub store: PathBuf,
    /// The same behind links.
    pub real_store: PathBuf,
    pub profiles: Vec<ProfileFacts>,
    /// The order of profiles, by provider.
    pub order: BTreeMap<String, Vec<String>>,
}

impl AgentFacts {
    /// Its `auth-profiles.json`, whether it is there or not.
    #[must_use]
    pub fn json_store(&self) -> PathBuf {
        self.dir.join(STORE_FILE)
    }
}

#[derive(Clone, Debug)]
pub struct SharedFacts {
    /// Who owns the shared credentials, as it says.
    pub owner: SharedOwner,
    /// How many profiles it holds.
    pub profiles: usize,
    /// Main's own database, where that holds logins as well.
    pub beside: Option<PathBuf>,
}

/// The login of a vendor's CLI.
#[derive(Clone, Debug)]
pub struct CliLogin {
    pub path: PathBuf,
    pub refresh: Print,
}

/// Reads stores and takes down facts.
pub(super) struct Reader<'a> {
    roots: &'a Roots,
    semantics: Semantics,
    memory: Option<&'a Memory>,
    key: hmac::Key,
}

impl<'a> Reader<'a> {
    pub(super) fn new(roots: &'a Roots, semantics: Semantics, memory: Option<&'a Memory>) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &random::bytes::<32>());
        Self { roots, semantics, memory, key }
    }

    fn print(&self, secret: &str) -> Print {
        let tag = hmac::sign(&self.key, secret.as_bytes());
        let mut print = [0; 16];
        print.copy_from_slice(&tag.as_ref()[..16]);
        Print(print)
    }

    pub(super) fn agents(&self, discovery: &Discovery) -> Vec<AgentFacts> {
        let mut buffers = Buffers::default();
        let read = |agent: &Agent| {
            if agent.is_main() {
                // What all inherit may be in the shared database.
                return Some(
                    self.agent(agent, &load::load_main(agent, self.roots, self.semantics, &mut buffers)),
                );
            }
            let loaded = load::load(agent, self.roots, self.semantics, &mut buffers);
            loaded.map(|loaded| self.agent(agent, &loaded))
        };
        discovery.agents.iter().filter_map(read).collect()
    }

    fn without_store(agent: &Agent) -> AgentFacts {
        AgentFacts {
            id: agent.id.clone(),
            dir: agent.dir.clone(),
            is_main: agent.is_main(),
            kind: StoreKind::None,
            store: agent.dir.join(STORE_FILE),
            real_store: agent.dir.join(STORE_FILE),
            profiles: Vec::new(),
            order: BTreeMap::new(),
        }
    }

    fn agent(&self, agent: &Agent, loaded: &Loaded<'_>) -> AgentFacts {
        AgentFacts {
            kind: loaded.health.kind,
            store: loaded.health.path.clone(),
            real_store: files::real(&loaded.health.path),
            profiles: loaded.document.profiles.iter().map(|profile| self.profile(profile)).collect(),
            order: loaded.document.state.order.clone(),
            ..Self::without_store(agent)
        }
    }

    fn profile(&self, profile: &Profile<'_>) -> ProfileFacts {
        let credential = &profile.credential;
        let print = |text: &str| self.print(text);
        let account = credential.account_id.as_deref().and_then(text::non_empty).map(print);
        let email = credential.email.as_deref().and_then(text::non_empty);
        ProfileFacts {
            id: profile.id.to_string(),
            provider: credential.provider.to_string(),
            kind: credential.kind,
            source: profile.source,
            expires: credential.expires,
            fenced: credential.fence().is_some(),
            has_tokens: credential.access.is_some() || credential.refresh.is_some(),
            refresh: credential.refresh.as_ref().map(|token| print(token.expose())),
            account,
            email: email.map(|email| print(&email.to_lowercase())),
            claimed_account: claimed_account(credential).as_deref().map(print),
            blemish: blemish(credential),
            failing: self.failing(credential),
        }
    }

    fn failing(&self, credential: &Credential<'_>) -> Option<Failing> {
        let memory = self.memory.filter(|memory| !memory.is_empty())?;
        let record = memory.login(&memory.fingerprint(credential.refresh.as_ref()?.expose()))?;
        record.failing.clone()
    }

    pub(super) fn shared(&self, main: &Agent) -> Option<SharedFacts> {
        let (mut store, mut state) = (SecretBuffer::default(), SecretBuffer::default());
        let path = self.roots.shared_database();
        let content = sqlite::read(&path, Database::Shared, &mut store, &mut state).ok()??;
        let profiles = if content.has_store { self.count(&path, &store) } else { 0 };
        let mut buffers = Buffers::default();
        let beside = load::load(main, self.roots, self.semantics, &mut buffers)
            .filter(|own| own.health.kind == StoreKind::AgentSqlite && !own.document.profiles.is_empty())
            .map(|own| own.health.path);
        Some(SharedFacts { owner: content.owner, profiles, beside })
    }

    fn count(&self, path: &Path, store: &SecretBuffer) -> usize {
        let document = file::text(path, store).ok().and_then(|text| {
            Document::parse(text, self.semantics, Source::SharedSqlite)
                .ok()
                .map(|document| document.profiles.len())
        });
        document.unwrap_or(0)
    }

    pub(super) fn cli_logins(&self) -> Vec<CliLogin> {
        let logins = external::refresh_tokens(self.roots).into_iter();
        logins.map(|(path, token)| CliLogin { path, refresh: self.print(token.expose()) }).collect()
    }

    /// Whether a draft holds a credential that the store does not have, or a newer login.
    pub(super) fn newer_than(&self, draft: &Path, store: &Path) -> bool {
        let (mut one, mut other) = (SecretBuffer::default(), SecretBuffer::default());
        let read = |path: &Path, buffer: &mut SecretBuffer| file::read(path, buffer).ok().flatten().is_some();
        if !read(draft, &mut one) {
            return false;
        }
        let Some(draft) = logins(draft, &one, self.semantics) else { return false };
        let stored = if read(store, &mut other) { logins(store, &other, self.semantics) } else { None };
        let end = |credential: &Credential<'_>| {
            credential.expires.moment(self.semantics).unwrap_or(Timestamp::EPOCH)
        };
        draft.profiles.iter().any(|profile| {
            let theirs = stored.as_ref().and_then(|stored| stored.get(&profile.id));
            let differs = |theirs: &Credential<'_>| {
                let print = |credential: &Credential<'_>| {
                    credential.refresh.as_ref().map(|token| self.print(token.expose()))
                };
                print(theirs) != print(&profile.credential) && end(&profile.credential) >= end(theirs)
            };
            // A key or token that the store does not have may be somebody's who wrote while we did.
            theirs.is_none_or(|theirs| profile.credential.refresh.is_some() && differs(theirs))
        })
    }
}

fn claimed_account(credential: &Credential<'_>) -> Option<String> {
    let access = credential.access.as_ref().filter(|_| credential.kind == CredentialKind::OAuth)?;
    provider::account_in(access.expose(), &credential.provider)
}

fn blemish(credential: &Credential<'_>) -> Option<Blemish> {
    let value = match credential.kind {
        CredentialKind::ApiKey => credential.key.as_ref(),
        CredentialKind::Token => credential.token.as_ref(),
        CredentialKind::OAuth => None,
    };
    paste::blemish(credential.kind, &credential.provider, value?.expose())
}

fn logins<'b>(path: &Path, buffer: &'b SecretBuffer, semantics: Semantics) -> Option<Document<'b>> {
    Document::parse(file::text(path, buffer).ok()?, semantics, Source::Json).ok()
}
