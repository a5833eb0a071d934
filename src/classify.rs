//! Third stage, pure: credentials in, a secret-free picture of their health out.
//!
//! Two axes. `status` is OpenClaw's word for the access token; `login` says whether it can renew automatically. A token that
//! ends in an hour is nothing to worry about if its login renews it, and a valid one is if its login is dead.

mod criteria;
mod login;
mod openclaw;
mod rollup;
mod token;

use openclaw_auth::check::{Answer, ModelLogin};
use openclaw_auth::discover::Agent;
use openclaw_auth::environment::Environment;
use openclaw_auth::load::Loaded;
use openclaw_auth::load::external::ExternalLogin;
use openclaw_auth::merge::{Effective, View};
use openclaw_auth::mistakes;
use openclaw_auth::model::{
    CredentialKind, ProfileId, ProfileIds, ProviderId, Semantics, Source, Timestamp, Unimportable,
    VariableOrigin,
};
use openclaw_auth::order::effective_profiles;
use openclaw_auth::provider::{self};
use openclaw_auth::text::shown_variable;

pub use self::criteria::{Criteria, InUse, warning_windows};
use self::login::{Renewability, login_verdict};
pub use self::openclaw::{Asked, OpenclawCheck};
pub use self::rollup::worst_exit_code;
use self::rollup::{exit_code, provider_health};
use self::token::{Token, fence_verdict, token_verdict};
use crate::exit;
use crate::model::{AgentHealth, LoginReason, LoginState, ProfileHealth, Status};

/// Judges one agent by what it sees: its own store, and main's under it.
#[must_use]
pub fn agent(
    agent: &Agent,
    own: &Loaded<'_>,
    main: Option<&Loaded<'_>>,
    criteria: &Criteria<'_>,
    ids: &mut ProfileIds,
) -> AgentHealth {
    let view = match main {
        Some(main) => View::merged(&own.document, &main.document, criteria.now, criteria.reading),
        None => View::of_main(&own.document),
    };
    let in_use = criteria.in_use.of(agent.id.as_str());

    let mut groups: Vec<&Effective<'_, '_>> = Vec::with_capacity(view.profiles.len());
    groups.extend(view.profiles.iter().filter(|profile| criteria.wants(&profile.credential.provider)));
    // By id they are sorted already.
    groups.sort_by(|one, other| one.credential.provider.cmp(&other.credential.provider));

    let mut profiles = Vec::with_capacity(groups.len());
    let mut providers = Vec::with_capacity(groups.len());
    for group in groups.chunk_by(|one, other| one.credential.provider == other.credential.provider) {
        let first = group[0].credential;
        let id = first
            .known
            .map_or_else(|| ProviderId::from(&*first.provider), |known| ProviderId::known(known.id));
        let counting =
            effective_profiles(&view, group, id.as_str(), criteria.settings, criteria.now, criteria.reading);
        let used = criteria.is_used(in_use, id.as_str());
        let start = profiles.len();
        for profile in group {
            let mut health = profile_health(profile, ids.get(profile.id), &id, criteria);
            health.in_use = used && counting.contains(profile);
            health.cooldown = cooldown(&view, profile, criteria.now).map(Box::new);
            profiles.push(health);
        }
        let counts = |profile| criteria.semantics == Semantics::V2026_4 || counting.contains(profile);
        let rolled_up = group.iter().zip(&profiles[start..]).filter(|(profile, _)| counts(profile));
        providers.push(provider_health(id, rolled_up.map(|(_, health)| health), criteria));
    }

    let missing_providers_in_use = in_use
        .iter()
        .filter(|id| {
            let auth = provider::auth_of(id, criteria.reading);
            !criteria.gives_key(id) && !providers.iter().any(|health| health.provider.as_str() == auth)
        })
        .map(|id| ProviderId::from(id.as_str()))
        .collect();
    let mut health = AgentHealth {
        id: agent.id.clone(),
        dir: agent.dir.clone(),
        default: agent.default,
        exit_code: exit::OK,
        check: Answer::default(),
        models: Vec::new(),
        configured: true,
        store: own.health.clone(),
        profiles,
        providers,
        missing_providers_in_use,
        rejected: own.document.rejected.clone(),
        store_assessment: None,
        provider_assessments: Vec::new(),
        remedies: Vec::new(),
    };
    health.exit_code = exit_code(&health, in_use, criteria);
    health
}

/// Takes the keys into account that only the gateway's service has: OpenClaw's command line does not see them, its agents do.
pub fn add_service_keys(agents: &mut [AgentHealth], service: &Environment, semantics: Semantics) {
    let key = |provider: &str| service.variable_for(provider::auth_of(provider, semantics));
    for agent in agents {
        for profile in &mut agent.profiles {
            if let Some(variable) = profile.unset_variable.take_if(|variable| service.has(variable)) {
                profile.mistake = service.mistake(&variable);
            }
        }
        let models = &mut agent.models;
        agent.missing_providers_in_use.retain(|provider| {
            let mut is_missing = true;
            for route in models.iter_mut().filter(|route| route.provider == provider.as_str()) {
                let named = route.unset_variable.clone().filter(|variable| service.has(variable));
                let Some(variable) = named.or_else(|| key(&route.provider).map(str::to_owned)) else {
                    continue;
                };
                route.mistake =
                    service.mistake(&variable).filter(|_| !provider::takes_any_key(&route.provider));
                (route.unset_variable, is_missing) = (None, false);
                route.login = ModelLogin::Variable { variable, origin: VariableOrigin::Service };
            }
            is_missing && key(provider.as_str()).is_none()
        });
    }
}

/// Has the file repaired that OpenClaw's import would put away without its logins, before that import is advised.
pub fn put_repair_first(agent: &mut AgentHealth, unimportable: &Unimportable) {
    if let Some(migration) = &mut agent.store.migration {
        migration.repair_first = Some(unimportable.clone());
    }
}

/// What the CLIs' logins look like; they count for nothing.
#[must_use]
pub fn external(logins: &[ExternalLogin], criteria: &Criteria<'_>) -> Vec<ProfileHealth> {
    let judged = logins.iter().map(|login| {
        let (provider_id, id) = match login.source {
            Source::ClaudeCli => ("anthropic", "anthropic:claude-cli"),
            Source::CodexCli => ("openai-codex", "openai-codex:codex-cli"),
            Source::GeminiCli => ("google-gemini-cli", "google-gemini-cli:gemini-cli"),
            _ => ("minimax-portal", "minimax-portal:minimax-cli"),
        };
        let window = criteria.login_window(true);
        let token = match login.expires {
            Some(at) => Token::by_end(at, criteria.now, window),
            None => Token::new(Status::Missing),
        };
        health_of(id.into(), provider_id.into(), CredentialKind::OAuth, token, login.source)
    });
    judged
        .filter(|health| criteria.wants(health.provider.as_str()))
        .map(|mut health| {
            (health.login, health.login_reason) = (LoginState::External, Some(LoginReason::OwnedByCli));
            health
        })
        .collect()
}

fn profile_health(
    profile: &Effective<'_, '_>,
    id: ProfileId,
    provider_id: &ProviderId,
    criteria: &Criteria<'_>,
) -> ProfileHealth {
    let credential = profile.credential;
    let may_be_fenced = credential.kind == CredentialKind::OAuth && !credential.is_replacement;
    let fence = if may_be_fenced { credential.fence() } else { None };
    let (token, renewability) = if let Some(fence) = fence {
        let (token, login, reason) = fence_verdict(fence, criteria.semantics);
        (token, Renewability::new(login, reason, None))
    } else {
        (token_verdict(credential, criteria), login_verdict(profile, criteria))
    };
    let mut health = health_of(id, provider_id.clone(), credential.kind, token, profile.source);
    health.inherited = profile.inherited;
    let Renewability { login, reason, since, failing } = renewability;
    (health.login, health.login_reason, health.login_since) = (login, reason, since);
    health.failing = failing.map(Box::new);
    let reference = credential.reference.as_ref().filter(|reference| reference.source == "env");
    let unset = reference.filter(|reference| !criteria.environment.has(&reference.id));
    health.unset_variable = unset.map(|reference| shown_variable(&reference.id).into());
    let of_variable = || criteria.environment.mistake(&reference?.id);
    health.mistake = if fence.is_none() { mistakes::of(credential).or_else(of_variable) } else { None };
    health.account = credential.email.as_deref().and_then(account);
    health
}

/// What a credential has as its e-mail address, if it is one and nothing pasted there by mistake.
fn account(email: &str) -> Option<Box<str>> {
    const LONGEST: usize = 254;

    let email = email.trim();
    let (name, host) = email.split_once('@')?;
    let is_host = host.contains('.') && host.chars().all(|c| c.is_alphanumeric() || ".-".contains(c));
    let is_name = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control());
    (is_name && is_host && email.len() <= LONGEST).then(|| email.into())
}

fn health_of(
    id: ProfileId,
    provider: ProviderId,
    kind: CredentialKind,
    token: Token,
    source: Source,
) -> ProfileHealth {
    ProfileHealth {
        profile_id: id,
        provider,
        kind,
        status: token.status,
        reason_code: token.reason,
        expires_at: token.expires_at,
        remaining_ms: token.remaining,
        ended_at: token.ended_at,
        bucket: token.status.bucket(),
        login: LoginState::None,
        login_reason: None,
        login_since: None,
        inherited: false,
        in_use: false,
        cooldown: None,
        failing: None,
        assessment: None,
        mistake: None,
        account: None,
        unset_variable: None,
        source,
    }
}

fn cooldown(
    view: &View<'_, '_>,
    profile: &Effective<'_, '_>,
    now: Timestamp,
) -> Option<openclaw_auth::model::Cooldown> {
    if provider::is_exempt_from_cooldowns(&profile.credential.provider) {
        return None;
    }
    view.usage(profile.id)?.cooldown(now)
}
