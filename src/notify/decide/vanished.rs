//! Profiles and agents that were there and are gone. Somebody may have removed them; nobody may have meant to.

use std::collections::{BTreeMap, BTreeSet};

use super::super::condition::{Condition, Kind, Subject, What};
use super::super::incident::{Ledger, Phase};
use super::Circumstances;
use crate::model::{AgentHealth, Severity, Snapshot};
use crate::publish::words::state;
use crate::remedy::Remedy;

/// Adds a condition for everything that has gone since it was first seen; the subjects that are not there any more.
pub(super) fn find(
    ledger: &Ledger,
    snapshot: &Snapshot,
    found: &mut BTreeMap<Subject, Condition>,
) -> BTreeSet<Subject> {
    let mut gone = BTreeSet::new();
    let here: BTreeMap<&str, &AgentHealth> =
        snapshot.agents.iter().map(|agent| (agent.id.as_str(), agent)).collect();
    for (id, profiles) in ledger.known.iter().flatten() {
        let Some(agent) = here.get(id.as_str()) else {
            gone.insert(Subject { agent: id.clone(), what: What::Agent });
            continue;
        };
        // Profiles that vanish with an unreadable store have not been removed by anybody.
        if agent.store.error.is_some() {
            continue;
        }
        let there: BTreeSet<&str> =
            agent.profiles.iter().map(|profile| profile.profile_id.as_str()).collect();
        let missing = profiles.iter().filter(|profile| !there.contains(profile.as_str()));
        gone.extend(missing.map(|profile| Subject::profile(id, profile)));
    }
    for subject in &gone {
        // An incident of it ends with it, and that is told instead.
        let has_incident = ledger.incident(subject).is_some_and(|incident| {
            incident.condition.kind != Kind::Gone && matches!(incident.phase, Phase::Firing | Phase::Mended)
        });
        if !has_incident {
            found.insert(subject.clone(), condition(subject));
        }
    }
    gone
}

/// Remembers what is there now. What has gone is remembered until that has been told.
pub(super) fn remember(ledger: &mut Ledger, snapshot: &Snapshot, gone: &BTreeSet<Subject>) {
    let before = ledger.known.take().unwrap_or_default();
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for agent in &snapshot.agents {
        let id = agent.id.as_str();
        let own = agent.profiles.iter().filter(|profile| !profile.inherited);
        let mut profiles: BTreeSet<String> =
            own.map(|profile| profile.profile_id.as_str().to_owned()).collect();
        if agent.store.error.is_some() {
            profiles.extend(before.get(id).into_iter().flatten().cloned());
        }
        known.insert(id.to_owned(), profiles);
    }
    for subject in gone {
        let still_counts = ledger
            .incident(subject)
            .is_some_and(|incident| incident.condition.kind == Kind::Gone && incident.phase != Phase::Over);
        if !still_counts {
            continue;
        }
        if let What::Profile(profile) = &subject.what {
            known.entry(subject.agent.clone()).or_default().insert(profile.clone());
        } else {
            let profiles = before.get(&subject.agent).cloned().unwrap_or_default();
            known.insert(subject.agent.clone(), profiles);
        }
    }
    ledger.known = Some(known);
}

fn condition(subject: &Subject) -> Condition {
    let (state, meaning) = match subject.what {
        What::Agent => ("is gone", "its directory is not there any more, and its logins went with it"),
        _ => ("is gone", "it was in the store and is not any more; if nobody has removed it, sign in again"),
    };
    let command = format!("authwatch status --agent {}", crate::remedy::quote(&subject.agent));
    let command = (subject.what != What::Agent).then_some(command);
    Condition::new(Kind::Gone, Severity::Warning, state, Remedy { meaning: meaning.to_owned(), command })
}

/// Whether nothing can be said about a subject, for the store it is in cannot be read.
pub(super) fn is_out_of_sight(subject: &Subject, snapshot: &Snapshot) -> bool {
    matches!(subject.what, What::Profile(_))
        && snapshot
            .agents
            .iter()
            .any(|agent| agent.id.as_str() == subject.agent && agent.store.error.is_some())
}

/// How a subject is now that its condition is over, in words.
pub(super) fn how(subject: &Subject, around: &Circumstances<'_>) -> String {
    if around.gone.contains(subject) {
        return "it is gone from the store".to_owned();
    }
    let agent = around.snapshot.agents.iter().find(|agent| agent.id.as_str() == subject.agent);
    let Some(agent) = agent else {
        return match subject.what {
            What::Rescue(_) => "it is back in its store".to_owned(),
            What::Channel(_) => "it takes messages again".to_owned(),
            _ => "its agent is gone".to_owned(),
        };
    };
    match &subject.what {
        What::Profile(id) => {
            agent.profiles.iter().find(|profile| profile.profile_id.as_str() == id).map_or_else(
                || "it is gone from the store".to_owned(),
                |profile| state(profile, around.snapshot.now),
            )
        }
        What::Provider(_) => "it has a login, or no model uses it any more".to_owned(),
        What::Store => "it can be read".to_owned(),
        _ => "it is back".to_owned(),
    }
}
