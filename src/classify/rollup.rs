//! From profiles to providers, from those to an agent's exit code, and from these to the one of all.

use std::collections::BTreeSet;

use super::Judge;
use crate::exit;
use crate::model::{
    AgentHealth, CredentialKind, Millis, ProfileHealth, ProviderHealth, ProviderId, Scope, Semantics, Status,
    StrandedKind,
};

/// The roll-up of a provider: the worst of what counts, in OpenClaw's order of what is worst.
pub(super) fn provider_health<'h, I: Iterator<Item = &'h ProfileHealth>>(
    id: ProviderId,
    profiles: impl Fn() -> I,
    judge: &Judge<'_>,
) -> ProviderHealth {
    let expirable = || profiles().filter(|profile| profile.kind != CredentialKind::ApiKey);
    let any = |status: Status| expirable().any(|profile| profile.status == status);
    let key = |status: Status| {
        profiles().any(|profile| profile.kind == CredentialKind::ApiKey && profile.status == status)
    };
    let missing = any(Status::Missing);
    let status = match (expirable().next(), judge.semantics) {
        (None, _) if key(Status::Missing) || !key(Status::Static) => Status::Missing,
        (None, _) => Status::Static,
        (Some(_), Semantics::V2026_4) if any(Status::Expired) || missing => Status::Expired,
        (Some(_), _) if any(Status::Expired) => Status::Expired,
        (Some(_), _) if missing || key(Status::Missing) => Status::Missing,
        (Some(_), _) if any(Status::Expiring) => Status::Expiring,
        (Some(_), _) => Status::Ok,
    };
    let earliest =
        expirable().filter_map(|profile| profile.expires_at).map(|at| at.0).reduce(f64::min).map(Millis);
    ProviderHealth {
        provider: id,
        status,
        expires_at: earliest,
        remaining_ms: earliest.map(|at| Millis(at.0 - judge.now.0)),
    }
}

/// What `--check` says of one agent.
pub(super) fn exit_code(health: &AgentHealth, in_use: &BTreeSet<String>, judge: &Judge<'_>) -> u8 {
    // What cannot be read cannot be vouched for, nor can logins that OpenClaw no longer sees.
    let unreadable = health.store.error.is_some()
        || health
            .store
            .stranded
            .as_ref()
            .is_some_and(|stranded| stranded.kind == StrandedKind::EmptyDatabase);
    let mut statuses: Vec<Status> = match judge.scope_for(in_use) {
        Scope::All => health
            .profiles
            .iter()
            .filter(|profile| profile.kind != CredentialKind::ApiKey)
            .map(|profile| profile.status)
            .collect(),
        Scope::InUse => health
            .providers
            .iter()
            .filter(|provider| {
                in_use.contains(provider.provider.as_str()) && !judge.has_key(provider.provider.as_str())
            })
            .map(|provider| in_use_status(health, provider))
            .collect(),
    };
    if unreadable || !health.missing_providers_in_use.is_empty() {
        statuses.push(Status::Missing);
    }
    worst_exit_code(statuses.into_iter().map(|status| match status {
        Status::Expired | Status::Missing => exit::EXPIRED_OR_MISSING,
        Status::Expiring => exit::EXPIRING,
        Status::Ok | Status::Static => exit::OK,
    }))
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
