//! Which logins there are to renew, and which store owns each.
//!
//! Main's store owns a login if the agent has none of that ID, or if main's copy is of the same account and expires no earlier than
//! the agent's. Otherwise the agent's store does. A login is renewed only at its owner: the first copy that is renewed would
//! invalidate all others.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use openclaw_auth::credential::Credential;
use openclaw_auth::discover::{self, Agent, Discovery};
use openclaw_auth::document::Document;
use openclaw_auth::fence::Fence;
use openclaw_auth::load::{self, Buffers, DATABASE_FILE, Loaded, STORE_FILE};
use openclaw_auth::merge::{Effective, View};
use openclaw_auth::model::{
    AgentId, CredentialKind, ProfileId, ProviderId, ReasonCode, Source, StoreError, StoreKind, Timestamp,
};
use openclaw_auth::order::ineligible;
use openclaw_auth::paths::Roots;
use openclaw_auth::secret::SecretBuffer;
use openclaw_auth::store::{self, SEMANTICS};
use openclaw_auth::{identity, provider, text};
use zeroize::Zeroizing;

use super::databases::Renewable;
use super::endpoint;
use super::outcome::NotRenewable;
use super::plan::{Candidate, Clocks, Decision, decide};
use crate::config::RefreshConfig;
use crate::model::Status;
use crate::state::{Fingerprint, Memory};

/// A login at its owner.
#[derive(Clone, Debug)]
pub struct Login {
    /// The owner.
    pub agent: AgentId,
    pub profile: ProfileId,
    /// As written, which is how locks are named.
    pub provider: ProviderId,
    pub store: PathBuf,
    /// Main's store, if it is of the same kind.
    pub main_store: Option<PathBuf>,
    /// Of its access token.
    pub expires: Option<Timestamp>,
    /// Of its access token.
    pub status: Status,
    /// Of its refresh token.
    pub fingerprint: Option<Fingerprint>,
    pub identity: Identity,
    pub renewable: Result<(), NotRenewable>,
    pub decision: Decision,
}

impl Login {
    /// Whether its store is a database.
    #[must_use]
    pub fn is_in_database(&self) -> bool {
        store::is_database(&self.store)
    }
}

/// A login that is due, as its store holds it while the locks are held.
pub(super) struct Current {
    /// The refresh token that is about to be used.
    pub(super) token: Zeroizing<String>,
    pub(super) fingerprint: Fingerprint,
    pub(super) entry: Zeroizing<String>,
    pub(super) provider: String,
    pub(super) identity: Identity,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    account: Option<String>,
    email: Option<String>,
}

impl Identity {
    pub(super) fn of(credential: &Credential<'_>) -> Self {
        let filled = |field: &Option<std::borrow::Cow<'_, str>>| {
            field.as_deref().and_then(text::non_empty).map(str::to_lowercase)
        };
        Self { account: filled(&credential.account_id), email: filled(&credential.email) }
    }

    /// Whether a credential is certainly another account's.
    pub(super) fn contradicts(&self, credential: &Credential<'_>) -> bool {
        let other = Self::of(credential);
        let differ = |one: &Option<String>, other: &Option<String>| {
            one.as_ref().zip(other.as_ref()).is_some_and(|(one, other)| one != other)
        };
        differ(&self.account, &other.account) || differ(&self.email, &other.email)
    }

    /// Whether a credential is certainly of the same account.
    pub fn matches(&self, credential: &Credential<'_>) -> bool {
        let other = Self::of(credential);
        match (&self.account, &other.account, &self.email, &other.email) {
            (Some(one), Some(other), _, _) | (_, _, Some(one), Some(other)) => one == other,
            // Copies without an identity differ only in their profile IDs.
            _ => *self == other,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only these agents; empty for all.
    pub agents: Vec<String>,
    /// Only these profiles; empty for all.
    pub profiles: Vec<String>,
    pub force: bool,
}

#[derive(Debug)]
pub struct Candidates {
    pub logins: Vec<Login>,
    /// Agents whose stores cannot be read, and why.
    pub unreadable: Vec<(AgentId, StoreError)>,
    /// Selected agents that do not exist.
    pub unknown_agents: Vec<String>,
    pub agent_ids: Vec<AgentId>,
    /// All profiles of the selected agents.
    pub profile_ids: BTreeSet<String>,
}

/// From 0 to 1, the same for the same token every time.
pub fn jitter_of(fingerprint: &Fingerprint) -> f64 {
    let digits = u32::from_str_radix(fingerprint.short(), 16).unwrap_or_default();
    f64::from(digits) / f64::from(u32::MAX)
}

/// The agents' own stores: of each its database, which no JSON file beside it counts against, or else its JSON file.
pub fn stores(roots: &Roots) -> Vec<PathBuf> {
    let of_agent = |agent: &Agent| {
        let database = agent.dir.join(DATABASE_FILE);
        if database.exists() { database } else { agent.dir.join(STORE_FILE) }
    };
    discover::discover(roots, []).agents.iter().map(of_agent).collect()
}

/// What `read` returns for a store's own copy of a profile; `None` where the store cannot be read or has none.
pub(super) fn copy_in<T>(
    store: &Path,
    profile: &str,
    read: impl Fn(&Credential<'_>) -> Option<T>,
) -> Option<T> {
    find_in(store, |id, credential| if id == profile { read(credential) } else { None })
}

/// The first result of `read` for the profiles of a store; `None` where it cannot be read.
pub(super) fn find_in<T>(store: &Path, read: impl Fn(&str, &Credential<'_>) -> Option<T>) -> Option<T> {
    let mut buffer = SecretBuffer::default();
    let text = store::read(store, &mut buffer).ok()??;
    let document = Document::parse(text, SEMANTICS, Source::Json).ok()?;
    document.profiles.iter().find_map(|profile| read(&profile.id, &profile.credential))
}

pub fn find(
    roots: &Roots,
    discovery: &Discovery,
    memory: &Memory,
    config: &RefreshConfig,
    wanted: &Selection,
    clocks: &Clocks,
) -> Candidates {
    let known = |id: &String| discovery.agents.iter().any(|agent| agent.id.as_str() == id);
    let mut found = Candidates {
        logins: Vec::new(),
        unreadable: Vec::new(),
        unknown_agents: wanted.agents.iter().filter(|id| !known(id)).cloned().collect(),
        agent_ids: discovery.agents.iter().map(|agent| agent.id.clone()).collect(),
        profile_ids: BTreeSet::new(),
    };
    let main_agent = &discovery.agents[0];
    let mut main_buffers = Buffers::default();
    let main = load::load_main(main_agent, roots, SEMANTICS, &mut main_buffers);
    let databases = Renewable::of(roots, discovery, config);
    let finder = Finder { main_agent, main: &main, memory, config, databases, wanted, clocks };
    let mut buffers = Buffers::default();
    for agent in &discovery.agents {
        if !wanted.agents.is_empty() && !wanted.agents.iter().any(|id| id == agent.id.as_str()) {
            continue;
        }
        if agent.is_main() {
            finder.find(agent, None, &mut found);
        } else if let Some(own) = load::load(agent, roots, SEMANTICS, &mut buffers) {
            finder.find(agent, Some(&own), &mut found);
        }
    }
    found
}

struct Finder<'s, 'b> {
    main_agent: &'s Agent,
    main: &'s Loaded<'b>,
    memory: &'s Memory,
    config: &'s RefreshConfig,
    databases: Renewable,
    wanted: &'s Selection,
    clocks: &'s Clocks,
}

impl Finder<'_, '_> {
    fn find(&self, agent: &Agent, own: Option<&Loaded<'_>>, found: &mut Candidates) {
        let loaded = own.unwrap_or(self.main);
        if let Some(error) = &loaded.health.error {
            found.unreadable.push((agent.id.clone(), error.clone()));
        }
        let main = &self.main.document;
        let view = match own {
            Some(own) => View::merged(&own.document, main, self.clocks.now, SEMANTICS),
            None => View::of_main(main),
        };
        for profile in &view.profiles {
            found.profile_ids.insert(profile.id.to_owned());
            if !self.wanted.profiles.is_empty() && !self.wanted.profiles.iter().any(|id| id == profile.id) {
                continue;
            }
            let login = self.login(agent, profile, main);
            let seen = |other: &Login| other.store == login.store && other.profile == login.profile;
            if !found.logins.iter().any(seen) {
                found.logins.push(login);
            }
        }
    }

    fn login(&self, agent: &Agent, profile: &Effective<'_, '_>, main: &Document<'_>) -> Login {
        let theirs = if agent.is_main() { None } else { main.get(profile.id) };
        let owned_by_main =
            profile.inherited || theirs.is_some_and(|theirs| supersedes(profile.credential, theirs));
        let (owner, credential) = match (owned_by_main, theirs) {
            (true, Some(theirs)) => (self.main_agent, theirs),
            (true, None) => (self.main_agent, profile.credential),
            (false, _) => (agent, profile.credential),
        };
        let main_profile = main.profiles.iter().find(|candidate| candidate.id == profile.id);
        let source = main_profile.filter(|_| owned_by_main).map_or(profile.source, |owned| owned.source);
        let fingerprint = credential.refresh.as_ref().map(|token| self.memory.fingerprint(token.expose()));
        let renewable = self.renewable(profile.id, credential, source);
        let expires = credential.expires.moment(SEMANTICS);
        let candidate = Candidate {
            renewable,
            expires,
            record: fingerprint.as_ref().and_then(|fingerprint| self.memory.login(fingerprint)),
            jitter: fingerprint.as_ref().map_or(0.0, jitter_of),
        };
        let decision = decide(&candidate, self.clocks, self.wanted.force);
        let name = if source == Source::AgentSqlite { DATABASE_FILE } else { STORE_FILE };
        let main_keeps = match self.main.health.kind {
            StoreKind::Json => Some(STORE_FILE),
            StoreKind::AgentSqlite => Some(DATABASE_FILE),
            StoreKind::SharedSqlite | StoreKind::None => None,
        };
        Login {
            agent: owner.id.clone(),
            profile: ProfileId::from(profile.id),
            provider: ProviderId::from(&*credential.provider),
            store: owner.dir.join(name),
            main_store: main_keeps.filter(|kept| *kept == name).map(|name| self.main_agent.dir.join(name)),
            expires,
            status: status(credential, self.clocks.now),
            fingerprint,
            identity: Identity::of(credential),
            renewable,
            decision,
        }
    }

    fn renewable(
        &self,
        profile: &str,
        credential: &Credential<'_>,
        source: Source,
    ) -> Result<(), NotRenewable> {
        if provider::is_owned_by_cli(profile, &credential.provider) {
            return Err(NotRenewable::External);
        }
        if credential.kind != CredentialKind::OAuth {
            return Err(NotRenewable::Static);
        }
        if credential.fence().is_some() {
            return Err(NotRenewable::Fenced);
        }
        match source {
            Source::Json => {}
            Source::AgentSqlite => self.databases.check(&credential.provider)?,
            Source::LegacyAuthJson | Source::LegacyOauthJson => return Err(NotRenewable::NotImported),
            _ => return Err(NotRenewable::Database),
        }
        if credential.refresh.is_none() {
            return Err(NotRenewable::NoRefreshToken);
        }
        endpoint::is_served(&credential.provider, self.config)
    }
}

/// Whether main's copy is the login, and the agent's a copy of it.
fn supersedes(own: &Credential<'_>, main: &Credential<'_>) -> bool {
    let end = |credential: &Credential<'_>| credential.expires.moment(SEMANTICS).unwrap_or(Timestamp::EPOCH);
    main.kind == CredentialKind::OAuth
        && own.kind == CredentialKind::OAuth
        && identity::may_replace(own, main)
        && end(main) >= end(own)
}

fn status(credential: &Credential<'_>, now: Timestamp) -> Status {
    if let Some(fence) = credential.fence() {
        return if fence == Fence::Pending { Status::Ok } else { Status::Expired };
    }
    match (ineligible(credential, now, SEMANTICS), credential.expires.moment(SEMANTICS)) {
        (Some(ReasonCode::Expired), _) => Status::Expired,
        (Some(_), _) => Status::Missing,
        (None, Some(end)) if end <= now => Status::Expired,
        (None, Some(_)) => Status::Ok,
        (None, None) if credential.kind == CredentialKind::OAuth => Status::Missing,
        (None, None) => Status::Static,
    }
}
