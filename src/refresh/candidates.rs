//! Which logins there are to renew, and where each one lives.
//!
//! The owner of a login is the main store if the agent has none of that id, or if main's copy is of the same account and ends no
//! sooner than the agent's; else the agent. It is renewed at its owner and nowhere else: renewing copies is what causes reuse
//! storms, for the first copy that is renewed kills all the others.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use openclaw_auth::credential::Credential;
use openclaw_auth::discover::{self, Agent, Discovery};
use openclaw_auth::document::Document;
use openclaw_auth::file;
use openclaw_auth::load::{self, Buffers, Loaded, STORE_FILE};
use openclaw_auth::merge::{Effective, View};
use openclaw_auth::model::{
    AgentId, CredentialKind, ProfileId, ProviderId, Semantics, Source, StoreError, Timestamp,
};
use openclaw_auth::order::ineligible;
use openclaw_auth::paths::Roots;
use openclaw_auth::secret::SecretBuffer;
use openclaw_auth::{identity, provider, text};
use zeroize::Zeroizing;

use super::endpoint;
use super::outcome::NotRenewable;
use super::plan::{Candidate, Clocks, Decision, decide};
use crate::config::RefreshConfig;
use crate::model::Status;
use crate::state::{Fingerprint, LoginRecord, Memory};

/// The rules by which stores are read before they are written: those without aliases, so that locks are named as written.
pub(super) const SEMANTICS: Semantics = Semantics::V2026_9;

/// A login at its owner.
#[derive(Clone, Debug)]
pub struct Login {
    /// The agent it was found with first.
    pub agent: AgentId,
    pub profile: ProfileId,
    pub provider: ProviderId,
    /// Its provider, as locks are named after it.
    pub provider_as_written: String,
    pub store: PathBuf,
    /// Main's JSON store, if there is one.
    pub main_store: Option<PathBuf>,
    /// When its access token ends.
    pub expires: Option<Timestamp>,
    /// Whether the access token works at this moment.
    pub status: Status,
    /// Its refresh token, by name.
    pub fingerprint: Option<Fingerprint>,
    pub identity: Identity,
    /// Whether it can be renewed from here.
    pub renewable: Result<(), NotRenewable>,
    /// What is to be done about it.
    pub decision: Decision,
}

/// A login that is due, as its store holds it while the locks are held.
pub(super) struct Current {
    /// Its refresh token, which is about to be spent.
    pub(super) token: Zeroizing<String>,
    pub(super) fingerprint: Fingerprint,
    /// The JSON text of its entry.
    pub(super) entry: Zeroizing<String>,
    /// Its provider as it is written.
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

    /// Whether a credential surely is another account's.
    pub(super) fn contradicts(&self, credential: &Credential<'_>) -> bool {
        let other = Self::of(credential);
        let differ = |one: &Option<String>, other: &Option<String>| {
            one.as_ref().zip(other.as_ref()).is_some_and(|(one, other)| one != other)
        };
        differ(&self.account, &other.account) || differ(&self.email, &other.email)
    }

    /// Whether a credential is surely of the same account.
    #[must_use]
    pub fn matches(&self, credential: &Credential<'_>) -> bool {
        let other = Self::of(credential);
        match (&self.account, &other.account, &self.email, &other.email) {
            (Some(one), Some(other), _, _) | (_, _, Some(one), Some(other)) => one == other,
            // Copies of a login without an identity are told by nothing but their names.
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
    /// Renew what is not due, too.
    pub force: bool,
}

#[derive(Debug)]
pub struct Candidates {
    pub logins: Vec<Login>,
    /// Agents whose stores cannot be read.
    pub unreadable: Vec<(AgentId, StoreError)>,
    /// Agents that were asked for and are not there.
    pub unknown_agents: Vec<String>,
    /// The agents there are.
    pub agent_ids: Vec<AgentId>,
    /// The profiles there are at the agents that were asked for.
    pub profile_ids: BTreeSet<String>,
}

/// From 0 to 1, the same for the same token every time.
#[must_use]
pub fn jitter_of(fingerprint: &Fingerprint) -> f64 {
    let digits = u32::from_str_radix(fingerprint.short(), 16).unwrap_or_default();
    f64::from(digits) / f64::from(u32::MAX)
}

/// The JSON stores of all agents.
#[must_use]
pub fn json_stores(roots: &Roots) -> Vec<PathBuf> {
    let discovery = discover::discover(roots, []);
    discovery.agents.iter().map(|agent| agent.dir.join(STORE_FILE)).collect()
}

/// What is made of a JSON store's own copy of a profile; nothing where the store cannot be read, or has none.
pub(super) fn copy_in<T>(
    store: &Path,
    profile: &ProfileId,
    look: impl FnOnce(&Credential<'_>) -> Option<T>,
) -> Option<T> {
    let mut buffer = SecretBuffer::default();
    file::read(store, &mut buffer).ok()??;
    let text = file::text(store, &buffer).ok()?;
    let document = Document::parse(text, SEMANTICS, Source::Json).ok()?;
    look(document.get(profile.as_str())?)
}

/// What is made of the first credential of a JSON store that something is made of, whatever its profile.
pub(super) fn any_in<T>(store: &Path, look: impl Fn(&Credential<'_>) -> Option<T>) -> Option<T> {
    let mut buffer = SecretBuffer::default();
    file::read(store, &mut buffer).ok()??;
    let text = file::text(store, &buffer).ok()?;
    let document = Document::parse(text, SEMANTICS, Source::Json).ok()?;
    document.profiles.iter().find_map(|profile| look(&profile.credential))
}

/// Finds every login and decides about it.
#[must_use]
pub fn find(
    roots: &Roots,
    discovery: &Discovery,
    memory: &Memory,
    config: &RefreshConfig,
    wanted: &Selection,
    clocks: &Clocks,
) -> Candidates {
    let known = |id: &String| discovery.agents.iter().any(|agent| agent.id.as_str() == id);
    let mut survey = Candidates {
        logins: Vec::new(),
        unreadable: Vec::new(),
        unknown_agents: wanted.agents.iter().filter(|id| !known(id)).cloned().collect(),
        agent_ids: discovery.agents.iter().map(|agent| agent.id.clone()).collect(),
        profile_ids: BTreeSet::new(),
    };
    let main_agent = &discovery.agents[0];
    let mut main_buffers = Buffers::default();
    let main = load::load_main(main_agent, roots, SEMANTICS, &mut main_buffers);
    let surveyor = Finder { main_agent, main: &main, memory, config, wanted, clocks };
    let mut buffers = Buffers::default();
    for agent in &discovery.agents {
        if !wanted.agents.is_empty() && !wanted.agents.iter().any(|id| id == agent.id.as_str()) {
            continue;
        }
        if agent.is_main() {
            surveyor.look(agent, None, &mut survey);
        } else if let Some(own) = load::load(agent, roots, SEMANTICS, &mut buffers) {
            surveyor.look(agent, Some(&own), &mut survey);
        }
    }
    survey
}

struct Finder<'s, 'b> {
    main_agent: &'s Agent,
    main: &'s Loaded<'b>,
    memory: &'s Memory,
    config: &'s RefreshConfig,
    wanted: &'s Selection,
    clocks: &'s Clocks,
}

impl Finder<'_, '_> {
    fn look(&self, agent: &Agent, own: Option<&Loaded<'_>>, survey: &mut Candidates) {
        let loaded = own.unwrap_or(self.main);
        if let Some(error) = &loaded.health.error {
            survey.unreadable.push((agent.id.clone(), error.clone()));
        }
        let main = &self.main.document;
        let view = match own {
            Some(own) => View::merged(&own.document, main, self.clocks.now, SEMANTICS),
            None => View::of_main(main),
        };
        for profile in &view.profiles {
            survey.profile_ids.insert(profile.id.to_owned());
            if !self.wanted.profiles.is_empty() && !self.wanted.profiles.iter().any(|id| id == profile.id) {
                continue;
            }
            let login = self.login(agent, profile, main);
            let seen = |other: &Login| other.store == login.store && other.profile == login.profile;
            if !survey.logins.iter().any(seen) {
                survey.logins.push(login);
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
        let source = if owned_by_main { self.main_source(profile) } else { profile.source };
        let fingerprint = credential.refresh.as_ref().map(|token| self.memory.fingerprint(token.expose()));
        let record = fingerprint.as_ref().and_then(|fingerprint| self.memory.login(fingerprint));
        let renewable = renewable(profile.id, credential, source, self.config);
        let expires = credential.expires.moment(SEMANTICS);
        let decision = self.decide(renewable, expires, record, fingerprint.as_ref());
        let main_is_json = self.main.health.kind == openclaw_auth::model::StoreKind::Json;
        let mut id = agent.id.clone();
        if owned_by_main {
            id = self.main_agent.id.clone();
        }
        Login {
            agent: id,
            profile: ProfileId::from(profile.id),
            provider: ProviderId::from(&*credential.provider),
            provider_as_written: credential.provider.to_string(),
            store: owner.dir.join(STORE_FILE),
            main_store: main_is_json.then(|| self.main_agent.dir.join(STORE_FILE)),
            expires,
            status: status(credential, self.clocks.now),
            fingerprint,
            identity: Identity::of(credential),
            renewable,
            decision,
        }
    }

    fn main_source(&self, profile: &Effective<'_, '_>) -> Source {
        let profiles = &self.main.document.profiles;
        profiles
            .iter()
            .find(|candidate| candidate.id == profile.id)
            .map_or(profile.source, |candidate| candidate.source)
    }

    fn decide(
        &self,
        renewable: Result<(), NotRenewable>,
        expires: Option<Timestamp>,
        record: Option<&LoginRecord>,
        fingerprint: Option<&Fingerprint>,
    ) -> Decision {
        let jitter = fingerprint.map_or(0.0, jitter_of);
        decide(&Candidate { renewable, expires, record, jitter }, self.clocks, self.wanted.force)
    }
}

/// Whether main's copy is the login, and the agent's only a copy of it.
fn supersedes(own: &Credential<'_>, main: &Credential<'_>) -> bool {
    let end = |credential: &Credential<'_>| {
        credential.expires.moment(Semantics::V2026_9).unwrap_or(Timestamp::EPOCH)
    };
    main.kind == CredentialKind::OAuth
        && own.kind == CredentialKind::OAuth
        && identity::may_replace(own, main)
        && end(main) >= end(own)
}

fn renewable(
    profile: &str,
    credential: &Credential<'_>,
    source: Source,
    config: &RefreshConfig,
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
        Source::LegacyAuthJson | Source::LegacyOauthJson => return Err(NotRenewable::NotImported),
        _ => return Err(NotRenewable::Database),
    }
    if credential.refresh.is_none() {
        return Err(NotRenewable::NoRefreshToken);
    }
    endpoint::is_served(&credential.provider, config)
}

fn status(credential: &Credential<'_>, now: Timestamp) -> Status {
    if let Some(fence) = credential.fence() {
        return if fence == openclaw_auth::fence::Fence::Pending { Status::Ok } else { Status::Expired };
    }
    match (ineligible(credential, now, SEMANTICS), credential.expires.moment(SEMANTICS)) {
        (Some(openclaw_auth::model::ReasonCode::Expired), _) => Status::Expired,
        (Some(_), _) => Status::Missing,
        (None, Some(end)) if end <= now => Status::Expired,
        (None, Some(_)) => Status::Ok,
        (None, None) if credential.kind == CredentialKind::OAuth => Status::Missing,
        (None, None) => Status::Static,
    }
}
