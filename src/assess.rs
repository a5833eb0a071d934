//! Fourth stage, pure: the one verdict on every login, provider in use, store, and the configuration.
//!
//! Both axes count. An access token that expires is nobody's concern while its login renews it; a login that is rejected for good is
//! one even while its access token works. What is found here is shown by every surface, and decided by none of them again.

mod agent;
mod issues;
mod limits;
mod login;

use std::collections::BTreeSet;

use openclaw_auth::model::ProfileId;

pub use self::agent::{of_mistaken_key, shows_its_logins};
pub use self::issues::{headline, issues, name, worst};
pub use self::limits::{CRITICAL_PART, Limits};
use crate::model::{AgentHealth, Scope, Snapshot};
use crate::remedy::Commands;

/// Assesses everything in a snapshot.
pub fn assess(snapshot: &mut Snapshot, limits: &Limits, commands: &Commands) {
    let use_is_known = use_is_known(snapshot);
    let shared_in_use = shared_in_use(snapshot);
    let circumstances = login::Circumstances {
        now: snapshot.now,
        limits,
        use_is_known,
        shared_in_use: &shared_in_use,
        commands,
    };
    for agent in &mut snapshot.agents {
        for profile in &mut agent.profiles {
            profile.assessment = login::assess(&agent.id, profile, &circumstances).map(Box::new);
        }
    }
    snapshot.agents.iter_mut().filter(|agent| !agent.configured).for_each(|agent| {
        agent::put_aside(agent, &shared_in_use);
    });
    for profile in &mut snapshot.external {
        profile.assessment = login::of_external(profile).map(Box::new);
    }
    // A login in a store that cannot be read is not missing, nor is one that may be inherited from such a store.
    let main_is_read = snapshot.main().is_none_or(agent::shows_its_logins);
    for health in &mut snapshot.agents {
        agent::assess(health, main_is_read, commands);
    }
    snapshot.config_assessment = agent::of_configuration(snapshot, commands);
}

/// Logins of main's that some agent uses: one login has one verdict, at its owner and at all that inherit it.
fn shared_in_use(snapshot: &Snapshot) -> BTreeSet<ProfileId> {
    let profiles =
        snapshot.agents.iter().flat_map(|agent| agent.profiles.iter().map(move |profile| (agent, profile)));
    profiles
        .filter(|(agent, profile)| agent.configured && profile.in_use && login::is_shared(&agent.id, profile))
        .map(|(_, profile)| profile.profile_id.clone())
        .collect()
}

/// Adds the profiles whose renewed login waits in a recovery file.
pub fn add_recoveries(snapshot: &mut Snapshot, profiles: Vec<String>, commands: &Commands) {
    snapshot.recovery_assessment = (!profiles.is_empty()).then(|| agent::of_recovery(commands));
    snapshot.recoveries = profiles;
}

/// Whether OpenClaw's configuration says what is used. Where it says nothing, everything counts as used.
fn use_is_known(snapshot: &Snapshot) -> bool {
    let says = |agent: &AgentHealth| {
        !agent.missing_providers_in_use.is_empty() || agent.profiles.iter().any(|profile| profile.in_use)
    };
    snapshot.scope == Scope::InUse || snapshot.agents.iter().any(says)
}
