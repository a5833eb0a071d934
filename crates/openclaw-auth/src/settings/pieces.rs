//! The pieces of a configuration, out of values of any type: what is of another one is as if it were not there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::substitute;
use crate::environment::Variables;
use crate::model::{CredentialKind, MAIN_AGENT};
use crate::text;

/// OpenClaw's agents have no longer names.
const MAX_AGENT_ID: usize = 64;

/// How the configuration names its agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Roster {
    /// It names none: `main` is the only one.
    #[default]
    None,
    /// `agents.list`, up to 2026.7.
    List,
    /// `agents.entries`, by id, 2026.8 and later.
    Entries,
}

/// One of `agents.list` or `agents.entries`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentSettings {
    /// Its id.
    pub id: String,
    /// Whether the configuration spells it as OpenClaw does. 2026.8 and later refuses others.
    pub is_spelled_well: bool,
    /// Whether it is marked as the default.
    pub default: bool,
    /// Its own directory, as written.
    pub dir: Option<String>,
    /// Its own model.
    pub model: ModelChoice,
    /// Its own model for small tasks; empty where it is switched off.
    pub utility_model: Option<String>,
}

/// A model with its fallbacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelChoice {
    /// `provider/model`, or an alias.
    pub primary: Option<String>,
    /// What is tried next; `None` where nothing is said, which is not the same as an empty list.
    pub fallbacks: Option<Vec<String>>,
}

/// One of `auth.profiles`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileSettings {
    /// Its provider, as written.
    pub provider: String,
    /// Its kind, if it is one of the three.
    pub mode: Option<CredentialKind>,
}

pub(super) fn object<'a>(parent: &'a Map<String, Value>, key: &str) -> Option<&'a Map<String, Value>> {
    parent.get(key)?.as_object()
}

pub(super) fn entries(map: Option<&Map<String, Value>>) -> impl Iterator<Item = (&String, &Value)> {
    map.into_iter().flatten()
}

pub(super) fn filled(value: &Value) -> Option<&str> {
    value.as_str().and_then(text::non_empty)
}

pub(super) fn texts(list: &[Value]) -> Vec<String> {
    list.iter().filter_map(filled).map(str::to_owned).collect()
}

/// The agents of a configuration. `agents.entries` goes before `agents.list`, as in the releases that know both.
pub(super) fn agents(agents: Option<&Map<String, Value>>) -> (Roster, Vec<AgentSettings>) {
    let Some(agents) = agents else { return (Roster::None, Vec::new()) };
    if let Some(entries) = object(agents, "entries").filter(|entries| !entries.is_empty()) {
        return (Roster::Entries, entries.iter().map(|(id, entry)| agent(id, entry)).collect());
    }
    let list = agents.get("list").and_then(Value::as_array).into_iter().flatten();
    let list: Vec<_> = list.filter_map(|entry| Some(agent(filled(entry.get("id")?)?, entry))).collect();
    (if list.is_empty() { Roster::None } else { Roster::List }, list)
}

fn agent(id: &str, entry: &Value) -> AgentSettings {
    AgentSettings {
        id: normalized_agent_id(id),
        is_spelled_well: normalized_agent_id(id) == id,
        default: entry.get("default") == Some(&Value::Bool(true)),
        dir: entry.get("agentDir").and_then(filled).map(str::to_owned),
        model: model_choice(entry.get("model")),
        utility_model: utility_model(entry.get("utilityModel")),
    }
}

/// A model for small tasks. One that is empty switches it off, which is not the same as saying nothing.
pub(super) fn utility_model(value: Option<&Value>) -> Option<String> {
    Some(text::trim(value?.as_str()?).to_owned())
}

pub(super) fn model_choice(value: Option<&Value>) -> ModelChoice {
    match value {
        Some(Value::Object(choice)) => ModelChoice {
            primary: choice.get("primary").and_then(filled).map(str::to_owned),
            fallbacks: choice.get("fallbacks").and_then(Value::as_array).map(|list| texts(list)),
        },
        Some(value) => ModelChoice { primary: filled(value).map(str::to_owned), fallbacks: None },
        None => ModelChoice::default(),
    }
}

/// Whether the value gives a key: text, or a reference, which to a variable has to find one that is set.
pub(super) fn is_key(value: &Value, variables: &Variables) -> bool {
    match value {
        Value::String(key) => match substitute::only_reference(text::trim(key)) {
            Some(name) => variables.get(name).is_some(),
            None => text::non_empty(key).is_some(),
        },
        Value::Object(reference) => match (reference.get("source"), reference.get("id")) {
            (Some(Value::String(source)), Some(Value::String(id))) if source == "env" => {
                variables.get(text::trim(id)).is_some()
            }
            (source, id) => source.is_some() && id.is_some(),
        },
        _ => false,
    }
}

/// The models a provider of `models.providers` lists, in lower case.
pub(super) fn models_of(id: &str, entry: &Value) -> Vec<(String, String)> {
    let models = entry.get("models").and_then(Value::as_array);
    let names = models.into_iter().flatten().filter_map(|model| filled(model.get("id")?));
    names.map(|name| (id.to_owned(), name.to_lowercase())).collect()
}

/// The ids in `plugins.entries`, but for those that are switched off, and in `plugins.installs`.
pub(super) fn plugins(section: &Map<String, Value>) -> BTreeSet<String> {
    let is_on = |entry: &Value| entry.get("enabled") != Some(&Value::Bool(false));
    let of = |key: &str| entries(object(section, key)).filter(move |(_, entry)| is_on(entry));
    of("entries").chain(of("installs")).map(|(id, _)| id.clone()).collect()
}

pub(super) fn profile(entry: &Value) -> Option<ProfileSettings> {
    let mode = match entry.get("mode").and_then(Value::as_str) {
        Some("api_key") => Some(CredentialKind::ApiKey),
        Some("token") => Some(CredentialKind::Token),
        Some("oauth") => Some(CredentialKind::OAuth),
        _ => None,
    };
    Some(ProfileSettings { provider: filled(entry.get("provider")?)?.to_owned(), mode })
}

/// Adds what `env` and `env.vars` set, and says the names. What refers to a variable that is not set counts for nothing.
pub(super) fn add_variables(env: Option<&Map<String, Value>>, variables: &mut Variables) -> BTreeSet<String> {
    let direct = entries(env).filter(|(name, _)| !matches!(name.as_str(), "vars" | "shellEnv"));
    let vars = entries(env.and_then(|env| object(env, "vars")));
    let mut set: BTreeMap<&String, String> = BTreeMap::new();
    for (name, value) in vars.chain(direct) {
        if let Some(value) = value.as_str().filter(|value| text::non_empty(value).is_some()) {
            let value = substitute::filled(value, variables);
            if !substitute::refers(&value) {
                set.insert(name, value);
            }
        }
    }
    for (name, value) in &set {
        variables.add_configured(name, value);
    }
    set.into_keys().cloned().collect()
}

/// An agent's id as OpenClaw makes it of what is written: lower case, and `-` for whatever has no place in a path.
#[must_use]
pub fn normalized_agent_id(id: &str) -> String {
    let mut normalized = String::with_capacity(id.len());
    let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    let trimmed = text::trim(id);
    if trimmed.chars().all(is_plain) && !trimmed.starts_with(['-', '_']) && trimmed.len() <= MAX_AGENT_ID {
        return if trimmed.is_empty() { MAIN_AGENT.to_owned() } else { trimmed.to_lowercase() };
    }
    let mut in_gap = false;
    for character in trimmed.to_lowercase().chars() {
        if is_plain(character) {
            normalized.push(character);
        } else if !in_gap {
            normalized.push('-');
        }
        in_gap = !is_plain(character);
    }
    let mut normalized = normalized.trim_matches('-').to_owned();
    normalized.truncate(MAX_AGENT_ID);
    if normalized.is_empty() { MAIN_AGENT.to_owned() } else { normalized }
}
