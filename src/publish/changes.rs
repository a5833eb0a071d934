//! What changed from one snapshot to the next, for the page and for people. Pure.

use std::collections::BTreeMap;

use openclaw_auth::model::{ProfileId, StoreHealth, Timestamp};

use super::words::state;
use crate::model::{AgentHealth, Bucket, Event, EventKind, LoginState, ProfileHealth, Snapshot};

/// The events between two snapshots, in the order of agents and profiles.
#[must_use]
pub fn between(before: &Snapshot, after: &Snapshot) -> Vec<Event> {
    let mut events = Vec::new();
    let broken = |snapshot: &Snapshot| snapshot.config.error.as_ref().map(|error| error.message.clone());
    let of_config = match (broken(before), broken(after)) {
        (None, Some(message)) => Some((EventKind::SettingsBroken, message)),
        (Some(_), None) => Some((EventKind::SettingsMended, "it can be used again".to_owned())),
        _ => None,
    };
    events.extend(of_config.map(|(kind, text)| Event {
        at: after.now,
        kind,
        agent: None,
        profile: None,
        text,
    }));
    let mut earlier: BTreeMap<_, _> = before.agents.iter().map(|agent| (&agent.id, agent)).collect();
    for agent in &after.agents {
        match earlier.remove(&agent.id) {
            Some(old) => agent_changes(old, agent, after.now, &mut events),
            None => events.push(event(after.now, EventKind::Appeared, agent, None, "a new agent".to_owned())),
        }
    }
    for gone in earlier.into_values() {
        events.push(event(after.now, EventKind::Disappeared, gone, None, "the agent is gone".to_owned()));
    }
    events
}

fn event(
    at: Timestamp,
    kind: EventKind,
    agent: &AgentHealth,
    profile: Option<&ProfileId>,
    text: String,
) -> Event {
    Event { at, kind, agent: Some(agent.id.clone()), profile: profile.cloned(), text }
}

fn agent_changes(before: &AgentHealth, after: &AgentHealth, now: Timestamp, events: &mut Vec<Event>) {
    let broken = |store: &StoreHealth| store.error.as_ref().map(|error| error.message.clone());
    match (broken(&before.store), broken(&after.store)) {
        (None, Some(message)) => events.push(event(now, EventKind::StoreBroken, after, None, message)),
        (Some(_), None) => {
            events.push(event(
                now,
                EventKind::StoreMended,
                after,
                None,
                "the store can be read again".to_owned(),
            ));
        }
        _ => {}
    }
    // Profiles that vanish with an unreadable store have not been removed by anybody.
    let readable = before.store.error.is_none() && after.store.error.is_none();
    let own = |agent: &'_ AgentHealth| -> BTreeMap<ProfileId, ProfileHealth> {
        let own = agent.profiles.iter().filter(|profile| !profile.inherited);
        own.map(|profile| (profile.profile_id.clone(), profile.clone())).collect()
    };
    let mut earlier = own(before);
    for (id, profile) in own(after) {
        match earlier.remove(&id) {
            Some(old) => {
                if let Some((kind, text)) = profile_change(&old, &profile, now) {
                    events.push(event(now, kind, after, Some(&id), text));
                }
            }
            None if readable => {
                events.push(event(now, EventKind::Appeared, after, Some(&id), state(&profile, now)));
            }
            None => {}
        }
    }
    if readable {
        for id in earlier.keys() {
            let text = "the profile is gone".to_owned();
            events.push(event(now, EventKind::Disappeared, after, Some(id), text));
        }
    }
}

fn profile_change(
    before: &ProfileHealth,
    after: &ProfileHealth,
    now: Timestamp,
) -> Option<(EventKind, String)> {
    let badness = |profile: &ProfileHealth| {
        let dead = profile.login == LoginState::Dead;
        (dead || profile.bucket == Bucket::Missing, profile.bucket, dead)
    };
    let (old, new) = (badness(before), badness(after));
    if old == new {
        return None;
    }
    let kind = if new > old { EventKind::Worse } else { EventKind::Better };
    let mut text = format!("{}, was {}", state(after, now), before.bucket.as_str());
    if after.login == LoginState::Dead && before.login != LoginState::Dead {
        text += "; the login is dead";
    }
    Some((kind, text))
}
