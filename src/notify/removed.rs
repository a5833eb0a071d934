//! Profiles and agents that were removed, perhaps by mistake, and what that means for their incidents. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::incident::{Incidents, KnownProfiles, Phase};
use super::problem::{Problem, ProblemKind, Subject, SubjectKind, sees_logins};
use crate::assess::shows_its_logins;
use crate::model::{AgentHealth, Bucket, LoginState, Severity, Snapshot};
use crate::publish::words::state;
use crate::remedy::Remedy;
use crate::texts::text;

/// What is in a snapshot, and what is not in it any more.
pub(super) struct Presence<'a> {
    pub(super) snapshot: &'a Snapshot,
    agents: HashMap<&'a str, &'a AgentHealth>,
    /// Profiles and agents that were removed.
    removed: BTreeSet<Subject>,
}

/// Finds the profiles and agents that were removed since they were first seen, and adds a problem for each.
pub(super) fn find<'a>(
    incidents: &Incidents,
    snapshot: &'a Snapshot,
    found: &mut BTreeMap<Subject, Problem>,
) -> Presence<'a> {
    let agents: HashMap<&str, &AgentHealth> =
        snapshot.agents.iter().map(|agent| (agent.id.as_str(), agent)).collect();
    let mut removed = BTreeSet::new();
    for (id, profiles) in incidents.known.iter().flat_map(|known| known.iter()) {
        let Some(agent) = agents.get(id.as_str()) else {
            // Without the configuration, its directory may be anywhere.
            if snapshot.config.error.is_none() {
                removed.insert(Subject { agent: id.clone(), kind: SubjectKind::Agent });
            }
            continue;
        };
        // The profiles of an unreadable store, or of an incomplete migration, were not removed.
        if !shows_its_logins(agent) {
            continue;
        }
        // An agent has few profiles, mostly in this order, and nearly always all of them: an index would gain nothing.
        let exists =
            |profile: &&String| agent.profiles.iter().any(|known| known.profile_id.as_str() == *profile);
        let missing = profiles.iter().filter(|profile| !exists(profile));
        removed.extend(missing.map(|profile| Subject::profile(id, profile)));
    }
    for subject in &removed {
        // An incident of its own ends with it; people are notified of that instead.
        let has_incident = incidents.incident(subject).is_some_and(|incident| {
            incident.problem.kind != ProblemKind::Removed
                && matches!(incident.phase, Phase::Firing | Phase::Resolved)
        });
        if !has_incident {
            found.insert(subject.clone(), problem(subject));
        }
    }
    Presence { snapshot, agents, removed }
}

/// Remembers the present profiles, and removed ones until people have been notified of that.
pub(super) fn remember(incidents: &mut Incidents, presence: &Presence<'_>) {
    let Presence { snapshot, removed, .. } = presence;
    if removed.is_empty() && incidents.known.as_ref().is_some_and(|known| is_current(known, snapshot)) {
        return;
    }
    let before = incidents.known.take().unwrap_or_default();
    let mut known = KnownProfiles::new();
    for agent in &snapshot.agents {
        let id = agent.id.as_str();
        let own = agent.profiles.iter().filter(|profile| !profile.inherited);
        let mut profiles: BTreeSet<String> =
            own.map(|profile| profile.profile_id.as_str().to_owned()).collect();
        if !shows_its_logins(agent) {
            profiles.extend(before.get(id).into_iter().flatten().cloned());
        }
        known.insert(id.to_owned(), profiles);
    }
    if snapshot.config.error.is_some() {
        for (id, profiles) in before.iter() {
            known.entry(id.clone()).or_insert_with(|| profiles.clone());
        }
    }
    for subject in removed {
        let still_counts = incidents.incident(subject).is_some_and(|incident| {
            incident.problem.kind == ProblemKind::Removed && incident.phase != Phase::Over
        });
        if !still_counts {
            continue;
        }
        if let SubjectKind::Profile(profile) = &subject.kind {
            known.entry(subject.agent.clone()).or_default().insert(profile.clone());
        } else {
            let profiles = before.get(&subject.agent).cloned().unwrap_or_default();
            known.insert(subject.agent.clone(), profiles);
        }
    }
    incidents.known = Some(Arc::new(known));
}

/// Whether exactly these profiles are present. Nothing is copied, because every check asks.
fn is_current(known: &KnownProfiles, snapshot: &Snapshot) -> bool {
    known.len() == snapshot.agents.len()
        && snapshot.agents.iter().all(|agent| {
            let Some(profiles) = known.get(agent.id.as_str()) else { return false };
            let mut own = agent.profiles.iter().filter(|profile| !profile.inherited);
            let count = own.clone().count();
            profiles.len() == count && own.all(|profile| profiles.contains(profile.profile_id.as_str()))
        })
}

fn problem(subject: &Subject) -> Problem {
    let is_agent = subject.kind == SubjectKind::Agent;
    let meaning = text(if is_agent { "removed-agent" } else { "removed-login" }, &[]);
    let command =
        (!is_agent).then(|| format!("authwatch status --agent {}", crate::remedy::quote(&subject.agent)));
    let remedy = Remedy { meaning, command };
    Problem::new(ProblemKind::Removed, Severity::Warning, text("subject-removed", &[]), remedy)
}

/// Whether the state of a subject is unknown because its store, or OpenClaw's configuration, cannot be read.
pub(super) fn is_unknown(subject: &Subject, presence: &Presence<'_>) -> bool {
    let has_no_settings = presence.snapshot.config.error.is_some();
    let agent = presence.agents.get(subject.agent.as_str());
    match (&subject.kind, agent) {
        (SubjectKind::Recovery(_) | SubjectKind::Channel(_) | SubjectKind::Config, _)
        | (SubjectKind::Agent | SubjectKind::Store, Some(_)) => false,
        // The configuration may be all that names it.
        (_, None) => has_no_settings,
        (SubjectKind::Profile(_), Some(agent)) => !shows_its_logins(agent),
        (SubjectKind::Provider(_), Some(agent)) => has_no_settings || !sees_logins(agent, presence.snapshot),
    }
}

/// The state of a subject after its problem was resolved, in words.
pub(super) fn resolved_state(subject: &Subject, presence: &Presence<'_>) -> String {
    if presence.removed.contains(subject) {
        return text("resolved-removed", &[]);
    }
    let Some(agent) = presence.agents.get(subject.agent.as_str()) else {
        return match subject.kind {
            SubjectKind::Recovery(_) => text("resolved-stored", &[]),
            SubjectKind::Channel(_) => text("resolved-channel", &[]),
            SubjectKind::Config => text("resolved-configuration", &[]),
            _ => text("resolved-agent-removed", &[]),
        };
    };
    match &subject.kind {
        SubjectKind::Profile(id) => {
            agent.profiles.iter().find(|profile| profile.profile_id.as_str() == id).map_or_else(
                || text("resolved-removed", &[]),
                |profile| {
                    let is_fine = profile.bucket == Bucket::Valid && profile.login != LoginState::NeedsSignIn;
                    if profile.inherited && !is_fine {
                        // That is another incident, at agent main.
                        text("resolved-moved", &[])
                    } else {
                        state(profile, presence.snapshot.now)
                    }
                },
            )
        }
        SubjectKind::Provider(_) => text("resolved-provider", &[]),
        SubjectKind::Store => text("resolved-store", &[]),
        _ => text("resolved-back", &[]),
    }
}
