//! 2026.5.12 to 2026.7.35: the providers in use count, each by all of its profiles that could be tried.

use crate::merge::Effective;
use crate::model::{CredentialKind, ReasonCode};

use super::facts::{auth_provider, has_environment_auth, has_usable_key, is_command_line};
use super::health::{self, Health};
use super::models::{self, ModelInUse, Use};
use super::order::{self, Eligibility};
use super::question::{CheckCause, CheckCauseKind, Question};

pub(super) fn causes(question: &Question<'_>) -> Vec<CheckCause> {
    let models = models::in_use(question);
    let mut causes = Vec::new();
    for ModelInUse { provider, use_for, .. } in &models {
        let has_codex_login =
            *use_for == Use::Chat && uses_codex(provider, question) && is_usable("openai-codex", question);
        let is_missing = !is_usable(provider, question)
            && !has_codex_login
            && !is_command_line(provider, question.version);
        if is_missing {
            causes.push(CheckCause { kind: CheckCauseKind::MissingProvider, name: provider.clone() });
        }
    }
    let mut counting: Vec<&str> = Vec::new();
    for ModelInUse { provider, use_for, .. } in &models {
        counting.extend([provider.as_str(), auth_provider(provider, question.version)]);
        if *use_for == Use::Chat && uses_codex(provider, question) && is_usable("openai-codex", question) {
            counting.push("openai-codex");
        }
    }
    counting.sort_unstable();
    counting.dedup();
    for provider in counting {
        if has_other_auth(provider, question) {
            continue;
        }
        let (health, of) = rolled_up(provider, question);
        let kind = match health {
            Some(Health::Expired | Health::Missing) => CheckCauseKind::Expired,
            Some(Health::Expiring) => CheckCauseKind::Expiring,
            _ => continue,
        };
        causes.push(CheckCause { kind, name: of.unwrap_or(provider).to_owned() });
    }
    causes
}

/// 2026.5 runs OpenAI's models through Codex, and lets its login stand in for OpenAI's own.
fn uses_codex(provider: &str, question: &Question<'_>) -> bool {
    provider == "openai" && question.version.month == 5
}

/// Whether a provider has auth that could be used.
fn is_usable(provider: &str, question: &Question<'_>) -> bool {
    let auth = auth_provider(provider, question.version);
    [provider, auth].into_iter().any(|id| has_usable_login(id, question))
        || has_other_auth(provider, question)
}

/// Whether one of its profiles could be tried. Since 2026.6 that asks for the state of its token, too.
fn has_usable_login(id: &str, question: &Question<'_>) -> bool {
    let order = order::of(id, question);
    if question.version.month < 6 {
        return !order.profiles.is_empty();
    }
    let is_usable = |profile: &Effective<'_, '_>| match profile.credential.kind {
        CredentialKind::ApiKey => order::eligibility(profile, id, question) == Eligibility::Eligible,
        _ => !health::of(profile, question).is_bad(),
    };
    // A login without its tokens passes where its end is far enough.
    let without_tokens = question.view.profiles.iter().filter(|profile| {
        order::eligibility(profile, id, question) == Eligibility::Unusable(ReasonCode::MissingCredential)
            && profile.credential.kind != CredentialKind::ApiKey
            && order::explicit(id, question).is_none_or(|(order, _)| order.contains(&profile.id))
    });
    order.profiles.iter().copied().chain(without_tokens).any(is_usable)
}

/// Whether a variable or the configuration gives a provider auth, so that no login has to.
fn has_other_auth(provider: &str, question: &Question<'_>) -> bool {
    let auth = auth_provider(provider, question.version);
    [provider, auth].into_iter().any(|id| has_environment_auth(id, question) || has_usable_key(id, question))
}

/// The state of a provider by its profiles that could be tried, and the profile that decides; `None` where it has no profile at all.
fn rolled_up<'q>(provider: &str, question: &Question<'q>) -> (Option<Health>, Option<&'q str>) {
    let group: Vec<&Effective<'_, '_>> =
        question.view.profiles.iter().filter(|profile| profile.credential.provider == provider).collect();
    if group.is_empty() {
        return (None, None);
    }
    let of_group = |id: &str| group.iter().copied().find(|profile| profile.id == id);
    let explicit = order::explicit(provider, question).map(|(order, _)| order);
    if explicit.as_ref().is_some_and(Vec::is_empty) {
        return (Some(Health::Missing), None);
    }
    let ordered = order::of(provider, question).profiles;
    let mut effective: Vec<_> = ordered.iter().filter_map(|profile| of_group(profile.id)).collect();
    if effective.is_empty() {
        effective = match &explicit {
            Some(order) => order.iter().filter_map(|id| of_group(id)).collect(),
            None => group.clone(),
        };
    }
    let counts_keys = |profile: &&Effective<'_, '_>| {
        profile.credential.kind != CredentialKind::ApiKey || question.version.month >= 6
    };
    let states: Vec<(Health, &str)> = effective
        .iter()
        .copied()
        .filter(counts_keys)
        .map(|profile| (health::of(profile, question), profile.id))
        .collect();
    for worst in [Health::Expired, Health::Missing, Health::Expiring] {
        if let Some((health, id)) = states.iter().find(|(health, _)| *health == worst) {
            return (Some(*health), Some(id));
        }
    }
    (Some(if effective.is_empty() { Health::Missing } else { Health::Ok }), None)
}
