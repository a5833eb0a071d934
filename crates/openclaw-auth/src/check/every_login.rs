//! 2026.2.26 to 2026.5.7: every token and login the agent sees counts, in use or not, and so does a provider in use without any auth.

use crate::model::CredentialKind;
use crate::release::Rules;
use crate::settings::ProviderKey;

use super::facts::{self, auth_provider, has_environment_auth, is_command_line};
use super::health::{self, Health};
use super::models;
use super::question::{CheckCause, CheckCauseKind, Question};

pub(super) fn causes(question: &Question<'_>) -> Vec<CheckCause> {
    let mut causes = Vec::new();
    for profile in &question.view.profiles {
        if profile.credential.kind == CredentialKind::ApiKey {
            continue;
        }
        let kind = match health::of(profile, question) {
            Health::Expired | Health::Missing => CheckCauseKind::Expired,
            Health::Expiring => CheckCauseKind::Expiring,
            Health::Static | Health::Ok => continue,
        };
        causes.push(CheckCause { kind, name: profile.id.to_owned() });
    }
    let missing = models::in_use(question).into_iter().map(|model| model.provider);
    let missing = missing.filter(|id| !has_auth(id, question) && !is_command_line(id, question.version));
    causes.extend(missing.map(|name| CheckCause { kind: CheckCauseKind::MissingProvider, name }));
    causes
}

/// Whether a provider has any auth at all, usable or not.
fn has_auth(id: &str, question: &Question<'_>) -> bool {
    let auth = auth_provider(id, question.version);
    let has_login = || {
        let mut profiles = question.view.profiles.iter();
        profiles.any(|profile| auth_provider(&profile.credential.provider, question.version) == auth)
    };
    let has_key = || {
        facts::configured(question.settings, id, question.version).is_some_and(|provider| {
            match &provider.key {
                ProviderKey::None => false,
                // The oldest know no references but `${NAME}`.
                ProviderKey::Reference(reference) => {
                    Rules::of(question.version) > Rules::Refreshable || reference.provider.is_none()
                }
                _ => true,
            }
        })
    };
    has_login() || has_environment_auth(id, question) || has_key()
}
