//! What need not be read again: agents whose files are what they were, as long as nothing about them changes with time alone.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::load::file::{Base, Stamp};
use crate::load::{DATABASE_FILE, STATE_FILE, STORE_FILE};
use crate::model::{AgentHealth, AgentId, Millis, ProfileHealth};
use crate::paths::Roots;

/// Windows at whose edges a verdict changes, besides the end itself and the one the user gives.
const WINDOWS: [f64; 2] = [5.0 * 60.0 * 1000.0, 24.0 * 60.0 * 60.0 * 1000.0];

/// Everything an agent's own verdict rests on.
const FILES: [&str; 5] = [STORE_FILE, STATE_FILE, DATABASE_FILE, "openclaw-agent.sqlite-wal", "auth.json"];

/// The files of one agent.
pub(super) type Stamps = [Option<Stamp>; FILES.len()];

/// What the last pass found, and by which files.
#[derive(Debug, Default)]
pub struct Cache {
    common: Vec<Option<Stamp>>,
    rest: String,
    kept: HashMap<AgentId, Kept>,
}

#[derive(Debug)]
struct Kept {
    stamps: Stamps,
    health: AgentHealth,
    /// Nothing changes with time alone before this.
    until: f64,
    window: Option<Millis>,
}

/// The state of an agent's files.
pub(super) fn stamps(dir: &Path, base: &Base) -> Stamps {
    let mut path = dir.join(FILES[0]);
    FILES.map(|name| {
        path.set_file_name(name);
        base.stamp(&path)
    })
}

impl Cache {
    /// Forgets everything, unless what all agents rest on (main's store, the configuration, the environment; and `rest`,
    /// whatever else decides) is what it was. Whether it is.
    pub(super) fn check(&mut self, roots: &Roots, main: &Path, rest: String) -> bool {
        let shared = roots.shared_database();
        let files: [PathBuf; 5] = [
            roots.config.clone(),
            roots.dotenv(),
            roots.oauth.join("oauth.json"),
            shared.with_file_name("openclaw.sqlite-wal"),
            shared,
        ];
        let mut common: Vec<Option<Stamp>> = files.iter().map(|path| Stamp::of(path)).collect();
        common.extend(stamps(main, &Base::default()));
        let same = common == self.common && rest == self.rest;
        if !same {
            self.kept.clear();
            (self.common, self.rest) = (common, rest);
        }
        same
    }

    /// The verdict of the last pass, as of now, if nothing has changed.
    pub(super) fn get(&self, id: &AgentId, stamps: &Stamps, now: Millis) -> Option<AgentHealth> {
        let kept = self.kept.get(id).filter(|kept| kept.stamps == *stamps && now.0 < kept.until)?;
        // A clock that has been set back may have gone past an edge.
        if edge_before(&kept.health, kept.window, now) != kept.until.to_bits() {
            return None;
        }
        let mut health = kept.health.clone();
        let left = |at: Option<Millis>| at.map(|at| Millis(at.0 - now.0));
        for profile in &mut health.profiles {
            profile.remaining_ms = left(profile.expires_at);
        }
        for provider in &mut health.providers {
            provider.remaining_ms = left(provider.expires_at);
        }
        Some(health)
    }

    /// Forgets agents that are gone.
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
        stamps: &Stamps,
        window: Option<Millis>,
        now: Millis,
    ) {
        // What could not be read is tried again every time.
        if health.store.error.is_some() || health.store.state_error.is_some() {
            self.kept.remove(&health.id);
            return;
        }
        let until = f64::from_bits(edge_before(health, window, now));
        self.kept.insert(health.id.clone(), Kept { stamps: *stamps, health: health.clone(), until, window });
    }
}

/// The next moment at which the verdict changes by itself, as bits to be compared exactly.
fn edge_before(health: &AgentHealth, window: Option<Millis>, now: Millis) -> u64 {
    let windows = || WINDOWS.into_iter().chain(window.map(|window| window.0)).chain([0.0]);
    let ends = health.profiles.iter().filter_map(ProfileHealth::end);
    let edges = ends.flat_map(|end| windows().map(move |window| end.0 - window));
    let rests = health
        .profiles
        .iter()
        .filter_map(|profile| profile.cooldown.as_ref())
        .map(|cooldown| cooldown.until.0);
    edges.chain(rests).filter(|edge| *edge >= now.0).fold(f64::INFINITY, f64::min).to_bits()
}
