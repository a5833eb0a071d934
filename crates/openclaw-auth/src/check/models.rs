//! The models an agent uses: what the configuration names, and what a release takes where it names none.

use crate::model::Semantics;
use crate::release::Rules;
use crate::settings::ModelChoice;
use crate::{provider, text};

use super::facts;
use super::question::Question;

/// A model in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ModelInUse {
    /// Its provider, normalized.
    pub provider: String,
    /// Its name at the provider.
    pub name: String,
    /// What it is used for.
    pub use_for: Use,
}

/// What a model is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// To talk with.
    Chat,
    /// For images.
    Images,
    /// For titles and summaries.
    SmallTasks,
}

/// The models an agent uses, in order.
pub(super) fn in_use(question: &Question<'_>) -> Vec<ModelInUse> {
    let settings = question.settings;
    let own = question.agent.map(|agent| &agent.model);
    let primary = own.and_then(|own| own.primary.as_ref()).or(settings.model.primary.as_ref());
    let fallbacks = match own {
        // A model of its own comes with its own fallbacks or with none.
        Some(ModelChoice { primary: Some(_), fallbacks }) => fallbacks.as_ref(),
        own => own.and_then(|own| own.fallbacks.as_ref()).or(settings.model.fallbacks.as_ref()),
    };
    let mut models = Vec::new();
    match primary {
        Some(primary) => models.extend(model(primary, question).map(|model| primary_model(model, question))),
        None => models.push(default_model(question)),
    }
    models.extend(fallbacks.into_iter().flatten().filter_map(|reference| model(reference, question)));
    let image = &settings.image_model;
    let images = image.primary.iter().chain(image.fallbacks.iter().flatten());
    let images = images.filter_map(|reference| model(reference, question));
    models.extend(images.map(|model| ModelInUse { use_for: Use::Images, ..model }));
    if Rules::of(question.version) == Rules::Selected {
        models.extend(small_tasks_model(question));
    }
    models
}

/// The model for titles and summaries. The default that comes with a provider needs a look only where the agent has a
/// first model of its own and the command does not look at that: elsewhere that provider is in use already.
fn small_tasks_model(question: &Question<'_>) -> Option<ModelInUse> {
    let agent = question.small_tasks_agent;
    let own = agent.and_then(|agent| agent.utility_model.as_ref());
    let found = match own.or(question.settings.utility_model.as_ref()) {
        Some(reference) => model(reference, question)?,
        None if question.agent.is_some() => return None,
        None => {
            let provider = model(agent?.model.primary.as_ref()?, question)?.provider;
            let name = facts::small_tasks_model(&provider, question.version)?.to_owned();
            ModelInUse { provider, name, use_for: Use::SmallTasks }
        }
    };
    Some(ModelInUse { use_for: Use::SmallTasks, ..found })
}

/// Rules of 2026.4 read a first model of a vendor's command line as one of its provider.
fn primary_model(model: ModelInUse, question: &Question<'_>) -> ModelInUse {
    if Rules::of(question.version) != Rules::Everything {
        return model;
    }
    ModelInUse { provider: provider::model_alias(&model.provider, Semantics::V2026_4).to_owned(), ..model }
}

/// The model that is used where the configuration names none: since 2026.4 the first of the first provider that the
/// configuration itself describes, else the release's own.
fn default_model(question: &Question<'_>) -> ModelInUse {
    let default = facts::default_provider(question.version);
    if Rules::of(question.version) > Rules::Refreshable {
        let mut described = question.settings.providers.iter().filter(|provider| !provider.models.is_empty());
        let is_default_described = facts::configured(question.settings, default, question.version).is_some();
        if let Some(first) = described.next()
            && !is_default_described
        {
            let provider = facts::normalize(&first.id, question.version);
            return ModelInUse { provider, name: first.models[0].clone(), use_for: Use::Chat };
        }
    }
    let name = facts::default_model(question.version).to_owned();
    ModelInUse { provider: default.to_owned(), name, use_for: Use::Chat }
}

/// The model that `provider/model`, an alias, or a model's name alone stands for.
fn model(reference: &str, question: &Question<'_>) -> Option<ModelInUse> {
    let reference = text::trim(reference);
    let rules = Rules::of(question.version);
    // Up to 2026.5.7 the command does not look aliases up.
    let alias = match rules {
        Rules::InUse | Rules::Selected => {
            let name = without_profile(reference).to_lowercase();
            question.settings.aliases.get(&name)
        }
        Rules::Refreshable | Rules::Everything => None,
    };
    let target = alias.map_or_else(|| reference, String::as_str);
    let target = without_profile(target);
    if target.is_empty() {
        return None;
    }
    let Some((id, model)) = target.split_once('/') else {
        let is_openrouter = target == "openrouter:auto" && rules >= Rules::InUse;
        let default = if is_openrouter { "openrouter" } else { facts::default_provider(question.version) };
        return Some(ModelInUse {
            provider: default.to_owned(),
            name: target.to_owned(),
            use_for: Use::Chat,
        });
    };
    let (provider, name) = (facts::normalize(id, question.version), text::trim(model).to_owned());
    (!provider.is_empty() && !name.is_empty()).then_some(ModelInUse { provider, name, use_for: Use::Chat })
}

/// A model's name without the profile that may be pinned to it: `provider/model@provider:name`.
fn without_profile(reference: &str) -> &str {
    match reference.rsplit_once('@') {
        Some((model, profile)) if !model.is_empty() && !profile.is_empty() && !profile.contains('/') => model,
        _ => reference,
    }
}
