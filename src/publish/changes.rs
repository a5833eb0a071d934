//! The events between two snapshots, for the page and for people. Pure.

use std::collections::BTreeMap;

use openclaw_auth::model::{ProfileId, StoreHealth, Timestamp};

use super::words::state;
use crate::model::{AgentHealth, Bucket, Event, EventKind, LoginState, ProfileHealth, Snapshot};
use crate::texts::text;

/// The events between two snapshots, in the order of agents and profiles.
#[must_use]
pub fn between(before: &Snapshot, after: &Snapshot) -> Vec<Event> {
    let mut events = Vec::new();
    let broken = |snapshot: &Snapshot| snapshot.config.error.as_ref().map(|error| error.message.clone());
    let of_config = match (broken(before), broken(after)) {
        (None, Some(message)) => Some((EventKind::SettingsBroken, message)),
        (Some(_), None) => Some((EventKind::SettingsMended, text("event-openclaw-fixed", &[]))),
        _ => None,
    };
    let at = after.now;
    events.extend(of_config.map(|(kind, text)| Event { at, kind, agent: None, profile: None, text }));
    let mut earlier: BTreeMap<_, _> = before.agents.iter().map(|agent| (&agent.id, agent)).collect();
    for agent in &after.agents {
        let mut changes = AgentChanges { agent, at, events: &mut events };
        match earlier.remove(&agent.id) {
            Some(old) => changes.add(old),
            None => changes.event(EventKind::Appeared, None, text("event-agent-new", &[])),
        }
    }
    for agent in earlier.into_values() {
        let mut changes = AgentChanges { agent, at, events: &mut events };
        changes.event(EventKind::Disappeared, None, text("event-agent-removed", &[]));
    }
    events
}

struct AgentChanges<'a> {
    agent: &'a AgentHealth,
    at: Timestamp,
    events: &'a mut Vec<Event>,
}

impl AgentChanges<'_> {
    fn event(&mut self, kind: EventKind, profile: Option<&ProfileId>, text: String) {
        let agent = Some(self.agent.id.clone());
        self.events.push(Event { at: self.at, kind, agent, profile: profile.cloned(), text });
    }

    fn add(&mut self, before: &AgentHealth) {
        let after = self.agent;
        let broken = |store: &StoreHealth| store.error.as_ref().map(|error| error.message.clone());
        match (broken(&before.store), broken(&after.store)) {
            (None, Some(message)) => self.event(EventKind::StoreBroken, None, message),
            (Some(_), None) => self.event(EventKind::StoreMended, None, text("event-store-fixed", &[])),
            _ => {}
        }
        // Nobody has removed the profiles of an unreadable store.
        let readable = before.store.error.is_none() && after.store.error.is_none();
        let mut earlier = own_profiles(before);
        for (id, profile) in own_profiles(after) {
            match earlier.remove(id) {
                Some(old) => {
                    if let Some((kind, text)) = profile_change(old, profile, self.at) {
                        self.event(kind, Some(id), text);
                    }
                }
                None if readable => self.event(EventKind::Appeared, Some(id), state(profile, self.at)),
                None => {}
            }
        }
        for id in earlier.keys().filter(|_| readable) {
            self.event(EventKind::Disappeared, Some(id), text("event-profile-removed", &[]));
        }
    }
}

fn own_profiles(agent: &AgentHealth) -> BTreeMap<&ProfileId, &ProfileHealth> {
    let own = agent.profiles.iter().filter(|profile| !profile.inherited);
    own.map(|profile| (&profile.profile_id, profile)).collect()
}

fn profile_change(
    before: &ProfileHealth,
    after: &ProfileHealth,
    now: Timestamp,
) -> Option<(EventKind, String)> {
    let badness = |profile: &ProfileHealth| {
        let is_refused = profile.login == LoginState::NeedsSignIn;
        (is_refused || profile.bucket == Bucket::Missing, profile.bucket, is_refused)
    };
    let (old, new) = (badness(before), badness(after));
    if old == new {
        return None;
    }
    let kind = if new > old { EventKind::Worse } else { EventKind::Better };
    let name = if new.2 && !old.2 { "event-needs-sign-in" } else { "event-changed" };
    Some((kind, text(name, &[("state", &state(after, now)), ("before", &before.bucket.as_str())])))
}
