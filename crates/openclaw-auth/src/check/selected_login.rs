//! 2026.8.1 and later: each model in use counts, by the one profile or key it would be called with.

use crate::credential::Credential;
use crate::merge::Effective;
use crate::model::{CredentialKind, SecretReference};
use crate::release::{Rules, Version};
use crate::secret::SecretStr;
use crate::settings::{ProviderKey, ProviderSettings};
use crate::text;

use super::facts::{
    self, OpenAiRoute, auth_provider, configured, has_environment_auth, has_usable_key, is_cooling_down,
};
use super::health::{self, Health};
use super::models::{self, ModelInUse, Use};
use super::order::{self, Eligibility};
use super::question::{CheckCause, CheckCauseKind, Question};

pub(super) fn causes(question: &Question<'_>) -> Vec<CheckCause> {
    let mut causes = Vec::new();
    for model in models::in_use(question) {
        let (kind, name) = match choice(&model, question) {
            // Of a model for images the command asks only whether it can be called.
            Choice::Profile(_) if model.use_for == Use::Images => continue,
            Choice::Profile(profile) => match health::of(profile, question) {
                Health::Expired | Health::Missing => (CheckCauseKind::Expired, profile.id.to_owned()),
                Health::Expiring => (CheckCauseKind::Expiring, profile.id.to_owned()),
                Health::Static | Health::Ok => continue,
            },
            Choice::Other => continue,
            Choice::Undecided => (CheckCauseKind::Undecided, model.provider),
            Choice::None => (CheckCauseKind::MissingProvider, model.provider),
        };
        causes.push(CheckCause { kind, name });
    }
    causes
}

/// What a model would be called with.
#[derive(Debug)]
pub(super) enum Choice<'q> {
    /// A stored login.
    Profile(&'q Effective<'q, 'q>),
    /// A variable, a key of the configuration, or nothing because none is needed.
    Other,
    /// That cannot be said without trying.
    Undecided,
    /// Nothing: the call fails.
    None,
}

/// Whether something can be used: `None` where that cannot be said without trying.
type Readiness = Option<bool>;

/// What a model would be called with.
pub(super) fn choice<'q>(model: &ModelInUse, question: &Question<'q>) -> Choice<'q> {
    let provider = model.provider.as_str();
    let is_selected = Rules::of(question.version) == Rules::Selected;
    // Images are called as any provider's models are.
    let route = match provider {
        "openai" if is_selected && model.use_for != Use::Images => facts::openai_route(&model.name, question),
        _ => OpenAiRoute::Both,
    };
    if route == OpenAiRoute::Unknown {
        return Choice::Undecided;
    }
    let fits = |profile: &Effective<'_, '_>| match route {
        OpenAiRoute::Key => profile.credential.kind == CredentialKind::ApiKey,
        OpenAiRoute::Login => profile.credential.kind != CredentialKind::ApiKey,
        OpenAiRoute::Both | OpenAiRoute::Unknown => true,
    };
    let direct = Direct::of(provider, question);
    let without_login = |readiness: Readiness| match readiness {
        Some(true) => Choice::Other,
        Some(false) => Choice::None,
        None => Choice::Undecided,
    };
    if direct.is_required {
        return without_login(direct.readiness);
    }
    let order = order::of(provider, question);
    let candidates: Vec<_> = order
        .profiles
        .iter()
        .map(|profile| (*profile, readiness(profile, provider, question)))
        .filter(|(profile, readiness)| *readiness != Some(false) && fits(profile))
        .collect();
    let awake: Vec<_> = candidates
        .iter()
        .filter(|(profile, _)| !is_cooling_down(profile.id, &profile.credential.provider, question))
        .collect();
    if let Some(first) = awake.first() {
        // One that is ready goes before one of which nothing can be said.
        let chosen = awake.iter().find(|(_, readiness)| *readiness == Some(true)).unwrap_or(first);
        return match chosen.1 {
            Some(true) => Choice::Profile(chosen.0),
            _ => Choice::Undecided,
        };
    }
    if !candidates.is_empty() || order.is_explicit {
        return Choice::None;
    }
    // A variable stands in only where there is no profile to try at all.
    let may_stand_in = direct.is_declared || order.profiles.is_empty();
    if direct.exists && may_stand_in {
        return without_login(direct.readiness);
    }
    if order.profiles.is_empty() { without_login(direct.readiness) } else { Choice::None }
}

/// Auth that is no stored login.
struct Direct {
    /// Whether there is any.
    exists: bool,
    /// Whether it goes before every login.
    is_required: bool,
    /// Whether the configuration declares it, rather than a variable that happens to be set.
    is_declared: bool,
    readiness: Readiness,
}

impl Direct {
    fn of(provider: &str, question: &Question<'_>) -> Self {
        let version = question.version;
        let auth = auth_provider(provider, version);
        let entry = configured(question.settings, provider, version);
        let key = entry.map_or(&ProviderKey::None, |entry| &entry.key);
        let declared =
            |is_required, readiness| Self { exists: true, is_required, is_declared: true, readiness };
        if entry.is_some_and(|entry| entry.auth.as_deref() == Some("aws-sdk")) {
            return declared(true, Some(true));
        }
        let has_variable = has_environment_auth(provider, question);
        match key {
            ProviderKey::Reference(reference) => return declared(true, resolves(reference, question)),
            ProviderKey::Text(_) => {
                let goes_first = entry.is_some_and(|entry| entry.auth.as_deref() == Some("api-key"));
                return declared(goes_first, Some(true));
            }
            ProviderKey::Name(_) | ProviderKey::Marker(_) if has_usable_key(provider, question) => {
                return declared(true, Some(true));
            }
            _ if has_variable => {
                return Self { exists: true, is_required: false, is_declared: false, readiness: Some(true) };
            }
            ProviderKey::Name(_) => return declared(false, Some(false)),
            ProviderKey::Marker(_) => return declared(false, None),
            ProviderKey::None => {}
        }
        if auth == "amazon-bedrock" {
            return declared(false, Some(true));
        }
        if entry.is_some_and(ProviderSettings::is_local) && version >= Version::new(2026, 9, 0) {
            return declared(false, Some(true));
        }
        let nothing = |readiness| Self { exists: false, is_required: false, is_declared: false, readiness };
        let has_profiles = entry.is_some_and(|entry| entry.auth.is_some())
            || order::explicit(provider, question).is_some()
            || question.view.profiles.iter().any(|profile| {
                order::eligibility(profile, provider, question) != Eligibility::Contradicted
                    || auth_provider(&profile.credential.provider, version) == auth
            });
        nothing(if has_profiles { Some(false) } else { None })
    }
}

/// Whether a stored login can be used.
fn readiness(profile: &Effective<'_, '_>, provider: &str, question: &Question<'_>) -> Readiness {
    let credential = profile.credential;
    match credential.kind {
        CredentialKind::ApiKey => {
            secret(credential, credential.key.as_ref().map(SecretStr::expose), question)
        }
        CredentialKind::Token => {
            secret(credential, credential.token.as_ref().map(SecretStr::expose), question)
        }
        CredentialKind::OAuth => {
            if health::is_usable(credential, question) {
                return Some(true);
            }
            let is_fenced = credential.fence().is_some() && question.version >= Version::new(2026, 9, 0);
            if is_fenced {
                Some(false)
            } else if credential.refresh.is_some() {
                // Since 2026.8 only OpenAI's are refreshed without asking.
                (provider == "openai" || Rules::of(question.version) < Rules::Selected).then_some(true)
            } else if credential.refers && credential.access.is_none() {
                None
            } else {
                Some(false)
            }
        }
    }
}

/// Whether a key or token is there, itself or by a reference that leads somewhere.
fn secret(credential: &Credential<'_>, value: Option<&str>, question: &Question<'_>) -> Readiness {
    if let Some(reference) = &credential.reference {
        return resolves(reference, question);
    }
    let value = text::trim(value?);
    let is_malformed = ["secretref-env:", "__env__:", "$"].iter().any(|start| value.starts_with(start));
    Some(!value.is_empty() && !is_malformed)
}

/// Whether a reference leads to a secret that can be read now. The command reads variables only.
fn resolves(reference: &SecretReference, question: &Question<'_>) -> Readiness {
    let secrets = &question.settings.secrets;
    if reference.source == "env" {
        if !secrets.may_read_variable(reference) {
            return Some(false);
        }
        return question.environment.has(&reference.id).then_some(true);
    }
    let name = reference.provider.as_deref().unwrap_or("default");
    let is_known = secrets.providers.get(name).is_some_and(|provider| provider.source == reference.source)
        || reference.source == "store"
            && secrets.defaults.get("store").map_or("default", String::as_str) == name;
    if is_known { None } else { Some(false) }
}
