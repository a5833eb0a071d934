//! `openclaw.json`: the agents, the models they use, the order of profiles.
//!
//! JSON5, and OpenClaw's own: whatever is not understood is passed over, never an error.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::loose::MAX_DEPTH;
use super::{provider, text};
use crate::model::{CredentialKind, Semantics};

/// The id an agent has when the configuration names none.
pub const MAIN_AGENT: &str = "main";

/// What the configuration says about agents and auth. Holds no secret: of keys only whether they are set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `agents.list`, in order.
    pub agents: Vec<AgentSettings>,
    /// `agents.defaults.model`.
    pub model: ModelChoice,
    /// `agents.defaults.imageModel`.
    pub image_model: ModelChoice,
    /// `agents.defaults.models.<key>.alias`: alias to `provider/model`.
    pub aliases: BTreeMap<String, String>,
    /// Providers with `models.providers.<id>.apiKey`, normalised by nothing but trimming.
    pub configured_keys: BTreeSet<String>,
    /// `auth.order`, by provider as written.
    pub order: BTreeMap<String, Vec<String>>,
    /// `auth.profiles`.
    pub profiles: BTreeMap<String, ProfileSettings>,
    /// Names of variables that `env` and `env.vars` set.
    pub variables: BTreeSet<String>,
    /// Whether OpenClaw's services ask the login shell for its variables (`env.shellEnv.enabled`).
    pub asks_shell: bool,
}

/// One of `agents.list`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentSettings {
    /// Its id.
    pub id: String,
    /// Whether it is marked as the default.
    pub default: bool,
    /// Its own directory, as written.
    pub dir: Option<String>,
    /// Its own model.
    pub model: ModelChoice,
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

impl Settings {
    /// Reads the configuration. The error says where the JSON5 breaks off and never quotes it.
    pub fn parse(json5: &str) -> Result<Self, String> {
        // The parser recurses without a limit of its own, and an overflow of the stack would end the program.
        if nests_deeper_than(MAX_DEPTH, json5) {
            return Err(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        let value: Value = json5::from_str(json5).map_err(|error| describe(&error))?;
        let Value::Object(root) = value else {
            return Err("the top level is no object".to_owned());
        };
        Ok(Self::from_root(&root))
    }

    fn from_root(root: &Map<String, Value>) -> Self {
        let agents = object(root, "agents");
        let defaults = agents.and_then(|agents| object(agents, "defaults"));
        let auth = object(root, "auth");
        let list = agents.and_then(|agents| agents.get("list")).and_then(Value::as_array);
        let providers = object(root, "models").and_then(|models| object(models, "providers"));
        Self {
            agents: list.into_iter().flatten().filter_map(agent).collect(),
            model: model_choice(defaults.and_then(|defaults| defaults.get("model"))),
            image_model: model_choice(defaults.and_then(|defaults| defaults.get("imageModel"))),
            aliases: entries(defaults.and_then(|defaults| object(defaults, "models")))
                .filter_map(|(key, entry)| Some((filled(entry.get("alias")?)?.to_owned(), key.clone())))
                .collect(),
            configured_keys: entries(providers)
                .filter(|(_, entry)| entry.get("apiKey").is_some_and(is_key))
                .map(|(id, _)| text::trim(id).to_owned())
                .collect(),
            order: entries(auth.and_then(|auth| object(auth, "order")))
                .filter_map(|(id, list)| Some((id.clone(), texts(list.as_array()?))))
                .collect(),
            profiles: entries(auth.and_then(|auth| object(auth, "profiles")))
                .filter_map(|(id, entry)| Some((id.clone(), profile(entry)?)))
                .collect(),
            variables: variables(object(root, "env")),
            asks_shell: object(root, "env")
                .and_then(|env| object(env, "shellEnv"))
                .is_some_and(|shell| shell.get("enabled") == Some(&Value::Bool(true))),
        }
    }

    /// The agent that is meant when none is named.
    #[must_use]
    pub fn default_agent(&self) -> &str {
        let marked = self.agents.iter().find(|agent| agent.default);
        marked.or_else(|| self.agents.first()).map_or(MAIN_AGENT, |agent| &agent.id)
    }

    /// The configured order of profiles for a normalised provider.
    #[must_use]
    pub fn order_of(&self, provider_id: &str, semantics: Semantics) -> Option<&[String]> {
        let same = |id: &str| provider::normalize(id, semantics) == provider_id;
        self.order.iter().find(|(id, _)| same(id)).map(|(_, ids)| ids.as_slice())
    }

    /// Whether the configuration itself gives the provider a key.
    #[must_use]
    pub fn has_key(&self, provider_id: &str, semantics: Semantics) -> bool {
        self.configured_keys.iter().any(|id| provider::normalize(id, semantics) == provider_id)
    }

    /// The providers an agent's models use, normalised and sorted. Empty where the configuration names no model.
    #[must_use]
    pub fn providers_in_use(&self, agent: &str, semantics: Semantics) -> BTreeSet<String> {
        let own = self.agents.iter().find(|candidate| candidate.id == agent).map(|agent| &agent.model);
        self.providers_chosen(own, semantics)
    }

    /// The same for an agent with this model of its own, if it has one.
    #[must_use]
    pub fn providers_chosen(&self, own: Option<&ModelChoice>, semantics: Semantics) -> BTreeSet<String> {
        let primary = own.and_then(|own| own.primary.as_ref()).or(self.model.primary.as_ref());
        let fallbacks = own.and_then(|own| own.fallbacks.as_ref()).or(self.model.fallbacks.as_ref());
        let chosen = primary.into_iter().chain(fallbacks.into_iter().flatten());
        let image = &self.image_model;
        let images = image.primary.iter().chain(image.fallbacks.iter().flatten());
        chosen.chain(images).filter_map(|reference| self.provider_of(reference, semantics)).collect()
    }

    /// The provider of `provider/model`, or of what an alias stands for.
    fn provider_of(&self, reference: &str, semantics: Semantics) -> Option<String> {
        let reference = text::trim(reference);
        let target = self.aliases.get(reference).map_or(reference, String::as_str);
        let (id, model) = target.split_once('/')?;
        let id = provider::normalize(id, semantics);
        (!id.is_empty() && text::non_empty(model).is_some()).then(|| id.into_owned())
    }
}

/// Whether brackets nest deeper than that. Those in strings and comments are none.
fn nests_deeper_than(limit: usize, json5: &str) -> bool {
    let mut level = 0_usize;
    let mut rest = json5.as_bytes();
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'/', [b'/', comment @ ..]) => past(comment, ends_line, 1),
            (b'/', [b'*', comment @ ..]) => past(comment, |rest| rest.starts_with(b"*/"), 2),
            (quote @ (b'"' | b'\''), _) => past_string(*quote, after),
            (b'[' | b'{', _) => {
                level += 1;
                if level > limit {
                    return true;
                }
                after
            }
            (b']' | b'}', _) => {
                level = level.saturating_sub(1);
                after
            }
            _ => after,
        };
    }
    false
}

/// JSON5 knows four ends of a line, two of them as UTF-8.
fn ends_line(text: &[u8]) -> bool {
    text.starts_with(b"\n")
        || text.starts_with(b"\r")
        || text.starts_with(b"\xe2\x80\xa8")
        || text.starts_with(b"\xe2\x80\xa9")
}

fn past(text: &[u8], is_end: impl Fn(&[u8]) -> bool, length: usize) -> &[u8] {
    let end = (0..text.len()).find(|&at| is_end(&text[at..])).map_or(text.len(), |at| at + length);
    &text[end..]
}

fn past_string(quote: u8, text: &[u8]) -> &[u8] {
    let mut escaped = false;
    let end = text.iter().position(|&byte| {
        let ends = byte == quote && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(&[], |end| &text[end + 1..])
}

/// json5's message without the source it may quote.
fn describe(error: &json5::Error) -> String {
    let message = error.to_string();
    let message = message.lines().next().unwrap_or_default();
    message.split(['`', '"', '\'']).next().unwrap_or_default().trim().trim_end_matches(':').to_owned()
}

fn object<'a>(parent: &'a Map<String, Value>, key: &str) -> Option<&'a Map<String, Value>> {
    parent.get(key)?.as_object()
}

fn entries(map: Option<&Map<String, Value>>) -> impl Iterator<Item = (&String, &Value)> {
    map.into_iter().flatten()
}

fn filled(value: &Value) -> Option<&str> {
    value.as_str().and_then(text::non_empty)
}

fn texts(list: &[Value]) -> Vec<String> {
    list.iter().filter_map(filled).map(str::to_owned).collect()
}

fn agent(entry: &Value) -> Option<AgentSettings> {
    Some(AgentSettings {
        id: filled(entry.get("id")?)?.to_lowercase(),
        default: entry.get("default") == Some(&Value::Bool(true)),
        dir: entry.get("agentDir").and_then(filled).map(str::to_owned),
        model: model_choice(entry.get("model")),
    })
}

fn model_choice(value: Option<&Value>) -> ModelChoice {
    match value {
        Some(Value::Object(choice)) => ModelChoice {
            primary: choice.get("primary").and_then(filled).map(str::to_owned),
            fallbacks: choice.get("fallbacks").and_then(Value::as_array).map(|list| texts(list)),
        },
        Some(value) => ModelChoice { primary: filled(value).map(str::to_owned), fallbacks: None },
        None => ModelChoice::default(),
    }
}

fn is_key(value: &Value) -> bool {
    match value {
        Value::String(key) => text::non_empty(key).is_some(),
        Value::Object(reference) => reference.contains_key("source") && reference.contains_key("id"),
        _ => false,
    }
}

fn profile(entry: &Value) -> Option<ProfileSettings> {
    let mode = match entry.get("mode").and_then(Value::as_str) {
        Some("api_key") => Some(CredentialKind::ApiKey),
        Some("token") => Some(CredentialKind::Token),
        Some("oauth") => Some(CredentialKind::OAuth),
        _ => None,
    };
    Some(ProfileSettings { provider: filled(entry.get("provider")?)?.to_owned(), mode })
}

fn variables(env: Option<&Map<String, Value>>) -> BTreeSet<String> {
    let direct = entries(env).filter(|(name, _)| !matches!(name.as_str(), "vars" | "shellEnv"));
    let vars = entries(env.and_then(|env| object(env, "vars")));
    direct.chain(vars).filter(|(_, value)| filled(value).is_some()).map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json5_is_read_and_models_name_providers() {
        let settings = Settings::parse(
            "// mine\n{ agents: { defaults: { model: { primary: 'fast', fallbacks: ['openai/gpt-5.5',] },
                models: { 'xai/grok-4': { alias: 'fast' } }, imageModel: 'Google/gemini' },
              list: [{ id: 'Work', model: { primary: 'z.ai/glm', fallbacks: [] }, agentDir: '~/work' }, { id: 'b', model: 'zai/x' }] },
              models: { providers: { mistral: { apiKey: '${KEY}' }, groq: {} } } }",
        )
        .expect("JSON5");
        let in_use = |agent: &str| {
            settings.providers_in_use(agent, Semantics::V2026_9).into_iter().collect::<Vec<_>>()
        };
        assert_eq!(in_use("main"), ["google", "openai", "xai"]);
        assert_eq!(in_use("work"), ["google", "z.ai"]);
        assert_eq!(in_use("b"), ["google", "openai", "zai"]);
        assert_eq!(settings.default_agent(), "work");
        assert_eq!(settings.agents[0].dir.as_deref(), Some("~/work"));
        assert!(
            settings.has_key("mistral", Semantics::V2026_9) && !settings.has_key("groq", Semantics::V2026_9)
        );
    }

    #[test]
    fn what_is_not_understood_is_passed_over() {
        let settings =
            Settings::parse("{agents: {list: [3, {id: ''}], defaults: []}, auth: 1, models: null}")
                .expect("JSON5");
        assert_eq!(settings, Settings::default());
        assert!(Settings::parse("{agents: 'sk-canary' x}").is_err_and(|error| !error.contains("sk-canary")));
    }
}
