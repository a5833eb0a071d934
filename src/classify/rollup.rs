//! From profiles to providers, from those to an agent's exit code, and from these to the one of all.

use std::collections::BTreeSet;

use openclaw_auth::model::{CredentialKind, MigrationKind, ProviderId, Semantics, Timestamp};

use super::criteria::Criteria;
use crate::exit;
use crate::model::{AgentHealth, ProfileHealth, ProviderHealth, Scope, Status};

/// Which statuses there are among some profiles.
#[derive(Clone, Copy, Default)]
struct Statuses([bool; Status::ALL.len()]);

impl Statuses {
    fn add(&mut self, status: Status) {
        self.0[status as usize] = true;
    }

    fn have(self, status: Status) -> bool {
        self.0[status as usize]
    }

    fn none(self) -> bool {
        self.0 == Self::default().0
    }
}

/// The roll-up of a provider: the worst of what counts, in OpenClaw's order of what is worst.
pub(super) fn provider_health<'h>(
    id: ProviderId,
    profiles: impl Iterator<Item = &'h ProfileHealth>,
    criteria: &Criteria<'_>,
) -> ProviderHealth {
    let (mut keys, mut others) = (Statuses::default(), Statuses::default());
    let mut earliest: Option<Timestamp> = None;
    for profile in profiles {
        if profile.kind == CredentialKind::ApiKey {
            keys.add(profile.status);
            continue;
        }
        others.add(profile.status);
        earliest = match (earliest, profile.expires_at) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
    let missing = others.have(Status::Missing);
    let status = match criteria.semantics {
        _ if others.none() && (keys.have(Status::Missing) || !keys.have(Status::Static)) => Status::Missing,
        _ if others.none() => Status::Static,
        Semantics::V2026_4 if others.have(Status::Expired) || missing => Status::Expired,
        _ if others.have(Status::Expired) => Status::Expired,
        _ if missing || keys.have(Status::Missing) => Status::Missing,
        _ if others.have(Status::Expiring) => Status::Expiring,
        _ => Status::Ok,
    };
    ProviderHealth {
        provider: id,
        status,
        expires_at: earliest,
        remaining_ms: earliest.map(|at| at - criteria.now),
    }
}

/// What `--check` says of one agent.
pub(super) fn exit_code(health: &AgentHealth, in_use: &BTreeSet<String>, criteria: &Criteria<'_>) -> u8 {
    // What cannot be read cannot be vouched for, nor can logins that OpenClaw no longer sees.
    let unreadable = criteria.is_configuration_broken
        || health.store.error.is_some()
        || health
            .store
            .migration
            .as_ref()
            .is_some_and(|migration| migration.kind != MigrationKind::LeftoverJson);
    let code = |status: Status| match status {
        Status::Expired | Status::Missing => exit::EXPIRED_OR_MISSING,
        Status::Expiring => exit::EXPIRING,
        Status::Ok | Status::Static => exit::OK,
    };
    if unreadable || !health.missing_providers_in_use.is_empty() {
        return code(Status::Missing);
    }
    match criteria.scope_for(in_use) {
        Scope::All => {
            let expirable = health.profiles.iter().filter(|profile| profile.kind != CredentialKind::ApiKey);
            worst_exit_code(expirable.map(|profile| code(profile.status)))
        }
        Scope::InUse => {
            let wanted = health.providers.iter().filter(|provider| {
                criteria.is_used(in_use, provider.provider.as_str())
                    && !criteria.gives_key(provider.provider.as_str())
            });
            worst_exit_code(wanted.map(|provider| code(in_use_status(health, provider))))
        }
    }
}

/// Counting only what is in use goes by the profiles in effective order, under either release's rules for each.
fn in_use_status(health: &AgentHealth, provider: &ProviderHealth) -> Status {
    let used =
        health.profiles.iter().filter(|profile| profile.in_use && profile.provider == provider.provider);
    used.map(|profile| profile.status).max().unwrap_or(Status::Missing)
}

/// 1 if any is 1, else 2 if any is 2: never a maximum, for 2 is the milder one.
#[must_use]
pub fn worst_exit_code(codes: impl IntoIterator<Item = u8>) -> u8 {
    codes.into_iter().fold(exit::OK, |worst, code| match (worst, code) {
        (exit::EXPIRED_OR_MISSING, _) | (_, exit::EXPIRED_OR_MISSING) => exit::EXPIRED_OR_MISSING,
        (exit::EXPIRING, _) | (_, exit::EXPIRING) => exit::EXPIRING,
        _ => exit::OK,
    })
}
