//! Which login each model of an agent is called with.
//!
//! The command of releases before 2026.8 does not say it. For them this is the order that 2026.8 has, with logins of every provider
//! refreshed and every model of OpenAI's called with whatever comes first.

use serde::Serialize;

use super::facts::{self, auth_provider, configured};
use super::models;
use super::question::Question;
use super::selected_login::{Choice, choice};
use crate::model::{Mistake, VariableOrigin};
use crate::provider;
use crate::settings::{ProviderKey, ProviderSettings};
use crate::text::shown_variable;

/// A model, and what it is called with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelRoute {
    /// `provider/name`.
    pub model: String,
    /// The model's provider, normalized.
    #[serde(skip)]
    pub provider: String,
    /// What it is called with.
    #[serde(flatten)]
    pub login: ModelLogin,
    /// What is wrong with its key, where that is in no store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mistake: Option<Mistake>,
    /// The variable that the configuration takes its key from, if nothing sets that; empty where what stands there may be a pasted
    /// key.
    #[serde(skip)]
    pub unset_variable: Option<String>,
}

/// What a model is called with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "calledWith", rename_all = "snake_case")]
pub enum ModelLogin {
    /// A stored login.
    Profile {
        /// Its id.
        profile: String,
    },
    /// A key in a variable.
    Variable {
        /// The variable's name.
        variable: String,
        /// What sets it.
        origin: VariableOrigin,
    },
    /// A key in the configuration.
    Configuration,
    /// Nothing, because none is needed.
    NoKey,
    /// That cannot be said without trying.
    Undecided,
    /// Nothing: the call fails.
    Missing,
}

/// The models an agent uses, each once, in order, with what they are called with.
#[must_use]
pub fn routes(question: &Question<'_>) -> Vec<ModelRoute> {
    let mut routes: Vec<ModelRoute> = Vec::new();
    for model in models::in_use(question) {
        let login = match choice(&model, question) {
            Choice::Profile(profile) => ModelLogin::Profile { profile: profile.id.to_owned() },
            Choice::Other => direct(&model.provider, question),
            // What answers on this machine or in its network mostly wants no key, whatever a release makes of that.
            Choice::Undecided | Choice::None if is_local(&model.provider, question) => ModelLogin::NoKey,
            Choice::Undecided => ModelLogin::Undecided,
            Choice::None => ModelLogin::Missing,
        };
        let route = ModelRoute {
            model: format!("{}/{}", model.provider, model.name),
            mistake: mistake(&model.provider, &login, question),
            unset_variable: unset_variable(&model.provider, &login, question),
            provider: model.provider,
            login,
        };
        if !routes.contains(&route) {
            routes.push(route);
        }
    }
    routes
}

/// What is wrong with a model's key that is in no store.
fn mistake(provider: &str, login: &ModelLogin, question: &Question<'_>) -> Option<Mistake> {
    let entry = configured(question.settings, provider, question.version);
    if provider::takes_any_key(provider) || entry.is_some_and(ProviderSettings::takes_any_key) {
        return None;
    }
    match (login, entry.map(|entry| &entry.key)) {
        (ModelLogin::Variable { variable, .. }, _) => question.environment.mistake(variable),
        (ModelLogin::Configuration, Some(ProviderKey::Text(mistake))) => *mistake,
        _ => None,
    }
}

/// The variable that nothing sets, of a model that has no other key.
fn unset_variable(provider: &str, login: &ModelLogin, question: &Question<'_>) -> Option<String> {
    match &configured(question.settings, provider, question.version)?.key {
        ProviderKey::Reference(reference)
            if reference.source == "env"
                && !question.environment.has(&reference.id)
                && !matches!(login, ModelLogin::Profile { .. } | ModelLogin::NoKey) =>
        {
            Some(shown_variable(&reference.id).to_owned())
        }
        _ => None,
    }
}

fn is_local(provider: &str, question: &Question<'_>) -> bool {
    configured(question.settings, provider, question.version).is_some_and(ProviderSettings::is_local)
}

/// Auth that is no stored login, where there is some.
fn direct(provider: &str, question: &Question<'_>) -> ModelLogin {
    let variable = |name: &str| ModelLogin::Variable {
        variable: name.to_owned(),
        origin: question.environment.origin(name).unwrap_or(VariableOrigin::Process),
    };
    match configured(question.settings, provider, question.version).map(|entry| &entry.key) {
        Some(ProviderKey::Name(name)) if question.environment.has(name) => variable(name),
        Some(ProviderKey::Reference(reference)) if reference.source == "env" => variable(&reference.id),
        Some(ProviderKey::Text(_) | ProviderKey::Reference(_)) => ModelLogin::Configuration,
        _ => {
            let name = facts::variable_for(auth_provider(provider, question.version), question);
            name.map_or(ModelLogin::NoKey, variable)
        }
    }
}
