//! Profiles and agents that were there and are gone. Somebody may have removed them; nobody may have meant to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::detect::sees_logins;
use super::super::incident::{Incidents, KnownProfiles, Phase};
use super::super::policy::{AgentsById, Circumstances};
use super::super::problem::{Problem, ProblemKind, Subject, SubjectKind};
use crate::assess::shows_its_logins;
use crate::model::{Bucket, LoginState, Severity, Snapshot};
use crate::publish::words::state;
use crate::remedy::Remedy;
use crate::texts::text;

/// Adds a condition for everything that has gone since it was first seen; the subjects that are not there any more.
pub(super) fn find(
    incidents: &Incidents,
    snapshot: &Snapshot,
    here: &AgentsById<'_>,
    found: &mut BTreeMap<Subject, Problem>,
) -> BTreeSet<Subject> {
    let mut gone = BTreeSet::new();
    for (id, profiles) in incidents.known.iter().flat_map(|known| known.iter()) {
        let Some(agent) = here.get(id.as_str()) else {
            // Without the configuration nobody knows where else its directory may be.
            if snapshot.config.error.is_none() {
                gone.insert(Subject { agent: id.clone(), kind: SubjectKind::Agent });
            }
            continue;
        };
        // Profiles that vanish with an unreadable store, or in a migration, have not been removed by anybody.
        if !shows_its_logins(agent) {
            continue;
        }
        // An agent has a few, mostly in this order, and nearly always all of them: nothing is gained by an index.
        let is_there =
            |profile: &&String| agent.profiles.iter().any(|there| there.profile_id.as_str() == *profile);
        let missing = profiles.iter().filter(|profile| !is_there(profile));
        gone.extend(missing.map(|profile| Subject::profile(id, profile)));
    }
    for subject in &gone {
        // An incident of it ends with it, and that is told instead.
        let has_incident = incidents.incident(subject).is_some_and(|incident| {
            incident.problem.kind != ProblemKind::Gone
                && matches!(incident.phase, Phase::Firing | Phase::Resolved)
        });
        if !has_incident {
            found.insert(subject.clone(), problem(subject));
        }
    }
    gone
}

/// Remembers what is there now. What has gone is remembered until that has been told.
pub(super) fn remember(incidents: &mut Incidents, snapshot: &Snapshot, gone: &BTreeSet<Subject>) {
    if gone.is_empty() && incidents.known.as_ref().is_some_and(|known| says_the_same(known, snapshot)) {
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
    for subject in gone {
        let still_counts = incidents.incident(subject).is_some_and(|incident| {
            incident.problem.kind == ProblemKind::Gone && incident.phase != Phase::Over
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

/// Whether what is known is all that is there. Nothing is copied to find out: every pass does.
fn says_the_same(known: &KnownProfiles, snapshot: &Snapshot) -> bool {
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
    let command = format!("authwatch status --agent {}", crate::remedy::quote(&subject.agent));
    let command = (!is_agent).then_some(command);
    let state = text("subject-removed", &[]);
    Problem::new(ProblemKind::Gone, Severity::Warning, state, Remedy { meaning, command })
}

/// Whether nothing can be said about a subject, for the store it is in, or OpenClaw's configuration, cannot be read.
pub(super) fn is_out_of_sight(subject: &Subject, around: &Circumstances<'_>) -> bool {
    let has_no_settings = around.snapshot.config.error.is_some();
    let agent = around.here.get(subject.agent.as_str());
    match (&subject.kind, agent) {
        (SubjectKind::Rescue(_) | SubjectKind::Channel(_) | SubjectKind::Config, _)
        | (SubjectKind::Agent | SubjectKind::Store, Some(_)) => false,
        // The configuration may be all that names it.
        (_, None) => has_no_settings,
        (SubjectKind::Profile(_), Some(agent)) => !shows_its_logins(agent),
        (SubjectKind::Provider(_), Some(agent)) => has_no_settings || !sees_logins(agent, around.snapshot),
    }
}

/// How a subject is now that its condition is over, in words.
pub(super) fn how(subject: &Subject, around: &Circumstances<'_>) -> String {
    if around.gone.contains(subject) {
        return text("resolved-removed", &[]);
    }
    let Some(agent) = around.here.get(subject.agent.as_str()) else {
        return match subject.kind {
            SubjectKind::Rescue(_) => text("resolved-stored", &[]),
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
                    let is_fine = profile.bucket == Bucket::Valid && profile.login != LoginState::Dead;
                    if profile.inherited && !is_fine {
                        // Another incident, which is told where that one is kept.
                        text("resolved-moved", &[])
                    } else {
                        state(profile, around.snapshot.now)
                    }
                },
            )
        }
        SubjectKind::Provider(_) => text("resolved-provider", &[]),
        SubjectKind::Store => text("resolved-store", &[]),
        _ => text("resolved-back", &[]),
    }
}
