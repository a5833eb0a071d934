//! What need not be read or judged again: agents whose files, or what is in them, are what they were, as long as nothing about
//! them changes with time alone.

use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::path::{Path, PathBuf};

use openclaw_auth::discover::Discovery;
use openclaw_auth::file::{Base, Stamp};
use openclaw_auth::load::{ContentDigest, DATABASE_FILE, Loaded, STATE_FILE, STORE_FILE};
use openclaw_auth::model::{AgentId, Span, StoreHealth, Timestamp};
use openclaw_auth::paths::Roots;

use super::request::Basis;
use crate::classify::warning_windows;
use crate::model::{AgentHealth, ProfileHealth};

/// Everything an agent's own verdict rests on.
const FILES: [&str; 5] = [STORE_FILE, STATE_FILE, DATABASE_FILE, "openclaw-agent.sqlite-wal", "auth.json"];

/// The files of one agent.
pub(super) type Stamps = [Option<Stamp>; FILES.len()];

/// What was read of a store, and whether it is what was read the last time.
pub(super) struct ReadStore {
    pub(super) stamps: Stamps,
    pub(super) content: ContentDigest,
    pub(super) is_same: bool,
}

/// What the last pass found, and by which files.
#[derive(Debug, Default)]
pub struct Cache {
    /// What all verdicts rest on besides stores: the configuration and the environment.
    settings: Vec<(PathBuf, Option<Stamp>)>,
    basis: Option<Basis>,
    /// The files that may hold the store all agents inherit.
    main: Vec<(PathBuf, Option<Stamp>)>,
    main_content: Option<ContentDigest>,
    /// Whether it could not be read, so that it is tried again.
    main_is_broken: bool,
    kept: HashMap<AgentId, Kept>,
}

#[derive(Debug)]
struct Kept {
    stamps: Stamps,
    content: ContentDigest,
    health: AgentHealth,
    /// Nothing changes with time alone before this.
    until: Timestamp,
    window: Option<Span>,
}

/// The state of an agent's files.
pub(super) fn stamps(dir: &Path, base: &Base) -> Stamps {
    let mut path = dir.join(FILES[0]);
    FILES.map(|name| {
        path.set_file_name(name);
        stamp(&path, base)
    })
}

fn stamp(path: &Path, base: &Base) -> Option<Stamp> {
    let stamp = base.stamp(path)?;
    let is_log = path.as_os_str().as_encoded_bytes().ends_with(b"-wal");
    Some(if is_log { stamp.of_content() } else { stamp })
}

impl Cache {
    /// Forgets everything, unless what all agents rest on (its files, `basis`, and
    /// what `main`'s store holds) is what it was. That store is read only if its files are not what they were.
    pub(super) fn check<'m>(
        &mut self,
        roots: &Roots,
        discovery: &Discovery,
        basis: Basis,
        main: &impl Deref<Target = Loaded<'m>>,
    ) {
        let stamped = |path: PathBuf| {
            let stamp = stamp(&path, &Base::default());
            (path, stamp)
        };
        let settings = [roots.config.clone(), roots.dotenv(), roots.oauth.join("oauth.json")];
        let settings: Vec<_> = settings.into_iter().chain(discovery.included.clone()).map(stamped).collect();
        let shared = roots.shared_database();
        let shared = [shared.with_file_name("openclaw.sqlite-wal"), shared];
        let own = FILES.map(|name| discovery.agents[0].dir.join(name));
        let stores: Vec<_> = shared.into_iter().chain(own).map(stamped).collect();
        let mut is_same = settings == self.settings && self.basis.as_ref() == Some(&basis);
        if !is_same || self.main_is_broken || stores != self.main {
            let content = Some(main.digest());
            is_same &= content == self.main_content;
            (self.main_content, self.main_is_broken) = (content, main.health.error.is_some());
        }
        if !is_same {
            self.kept.clear();
        }
        (self.settings, self.basis, self.main) = (settings, Some(basis), stores);
    }

    /// Whether a file is what it was in the last pass; `None` where that pass did not rest on it.
    #[must_use]
    pub fn is_as_seen(&self, path: &Path) -> Option<bool> {
        let listed = self.settings.iter().chain(&self.main).find(|(listed, _)| listed == path);
        let seen = listed.map(|(_, stamp)| stamp).or_else(|| {
            let index = FILES.iter().position(|name| path.file_name().is_some_and(|file| file == *name))?;
            let kept = self.kept.values().find(|kept| Some(kept.health.dir.as_path()) == path.parent())?;
            Some(&kept.stamps[index])
        })?;
        Some(stamp(path, &Base::default()) == *seen)
    }

    /// Whether nothing is known, before the first pass and after one that failed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.main.is_empty()
    }

    /// The verdict of the last pass, as of now, if its files are what they were. What could not be read is tried again every time.
    pub(super) fn by_stamps(&self, id: &AgentId, stamps: &Stamps, now: Timestamp) -> Option<AgentHealth> {
        let was_read = |store: &StoreHealth| store.error.is_none() && store.state_error.is_none();
        let kept = self.kept.get(id)?;
        (kept.stamps == *stamps && was_read(&kept.health.store)).then(|| kept.as_of(now))?
    }

    /// The verdict of the last pass, as of now, if what was read is what it was.
    pub(super) fn by_content(
        &self,
        id: &AgentId,
        content: &ContentDigest,
        now: Timestamp,
    ) -> Option<AgentHealth> {
        self.kept.get(id).filter(|kept| kept.content == *content)?.as_of(now)
    }

    pub(super) fn forget_gone(&mut self, agents: &[AgentHealth]) {
        if self.kept.len() > agents.len() {
            let here: HashSet<&AgentId> = agents.iter().map(|agent| &agent.id).collect();
            self.kept.retain(|id, _| here.contains(id));
        }
    }

    /// Keeps a verdict for the next pass.
    pub(super) fn keep(
        &mut self,
        health: &AgentHealth,
        read: &ReadStore,
        window: Option<Span>,
        now: Timestamp,
    ) {
        let until = edge_before(health, window, now);
        let ReadStore { stamps, content, .. } = *read;
        self.kept.insert(health.id.clone(), Kept { stamps, content, health: health.clone(), until, window });
    }
}

impl Kept {
    /// The verdict, as of now; `None` where time alone has changed it.
    fn as_of(&self, now: Timestamp) -> Option<AgentHealth> {
        // A clock that has been set back may have gone past an edge.
        if now >= self.until || edge_before(&self.health, self.window, now) != self.until {
            return None;
        }
        let mut health = self.health.clone();
        let left = |at: Option<Timestamp>| at.map(|at| at - now);
        for profile in &mut health.profiles {
            profile.remaining_ms = left(profile.expires_at);
        }
        for provider in &mut health.providers {
            provider.remaining_ms = left(provider.expires_at);
        }
        Some(health)
    }
}

/// The next moment at which the verdict changes by itself.
fn edge_before(health: &AgentHealth, window: Option<Span>, now: Timestamp) -> Timestamp {
    let ends = health.profiles.iter().filter_map(ProfileHealth::end);
    let edges = ends.flat_map(|end| warning_windows(window).map(move |window| end - window));
    let rests =
        health.profiles.iter().filter_map(|profile| profile.cooldown.as_ref()).map(|cooldown| cooldown.until);
    edges.chain(rests).filter(|edge| *edge >= now).fold(Timestamp::NEVER, Timestamp::min)
}
