//! `openclaw.json`: the agents, the models they use, the order of profiles.
//!
//! JSON5, and OpenClaw's own: whatever is not understood is passed over, never an error.

mod nesting;
mod pieces;
mod providers;
mod substitute;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::environment::Variables;
use super::json::MAX_DEPTH;
use super::{provider, text};
use crate::model::{MAIN_AGENT, Semantics};

use self::nesting::nests_deeper_than;
pub use self::pieces::{AgentSettings, ModelChoice, ProfileSettings, Roster, normalized_agent_id};
use self::pieces::{
    add_variables, agents, entries, filled, is_key, model_choice, models_of, object, plugins, profile, texts,
    utility_model,
};
pub use self::providers::{ProviderKey, ProviderSettings, SecretProvider, SecretSettings};

/// The provider of a model that is named without one.
const DEFAULT_PROVIDER: &str = "openai";
/// What the configuration says about agents and auth. Holds no secret: of keys only whether they are set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Whether, and in which form, agents are configured.
    pub roster: Roster,
    /// The configured agents: those of `agents.entries` by id, those of `agents.list` in order.
    pub agents: Vec<AgentSettings>,
    /// The agent that a command without `--agent` means: `agents.defaults.systemAgent.agentId`.
    pub system_agent: Option<String>,
    /// `agents.defaults.utilityModel`; empty where it is switched off.
    pub utility_model: Option<String>,
    /// `agents.defaults.model`.
    pub model: ModelChoice,
    /// `agents.defaults.imageModel`.
    pub image_model: ModelChoice,
    /// `agents.defaults.models.<key>.alias`: alias, in lower case, to `provider/model`.
    pub aliases: BTreeMap<String, String>,
    /// The keys of `agents.defaults.models`: provider and model, the latter in lower case.
    pub listed: Vec<(String, String)>,
    /// The models of `models.providers`, likewise.
    pub models: Vec<(String, String)>,
    /// Providers with `models.providers.<id>.apiKey`, normalised by nothing but trimming.
    pub configured_keys: BTreeSet<String>,
    /// `models.providers`, in order.
    pub providers: Vec<ProviderSettings>,
    /// `secrets`.
    pub secrets: SecretSettings,
    /// Variables that `models.providers` refers to and that are not set: OpenClaw 2026.8 and later refuses to start.
    pub unset_variables: BTreeSet<String>,
    /// Plugins that are installed besides those a release brings along: `plugins.entries` and `plugins.installs`.
    pub plugins: BTreeSet<String>,
    /// Keys at the top level, for those that a release does not know.
    pub sections: BTreeSet<String>,
    /// Variables set directly under `env`, which 2026.8 and later refuses.
    pub direct_variables: BTreeSet<String>,
    /// `auth.order`, by provider as written.
    pub order: BTreeMap<String, Vec<String>>,
    /// `auth.profiles`.
    pub profiles: BTreeMap<String, ProfileSettings>,
    /// Names of variables that `env` and `env.vars` set.
    pub variables: BTreeSet<String>,
    /// Whether OpenClaw's services ask the login shell for its variables (`env.shellEnv.enabled`).
    pub asks_shell: bool,
    /// The release that last wrote it: `meta.lastTouchedVersion`.
    pub last_touched: Option<String>,
}

impl Settings {
    /// Reads a configuration that is all in one file.
    #[cfg(test)]
    pub fn parse(json5: &str) -> Result<Self, String> {
        Self::of(tree(json5)?, &mut Variables::default()).map_err(str::to_owned)
    }

    /// Makes settings of a configuration whose files have been put together. What `env` sets is added to the variables.
    pub fn of(mut tree: Value, variables: &mut Variables) -> Result<Self, &'static str> {
        let Value::Object(root) = &mut tree else {
            return Err("the top level is no object");
        };
        let set = add_variables(object(root, "env"), variables);
        for section in ["agents", "auth"] {
            if let Some(section) = root.get_mut(section) {
                substitute::fill(section, variables);
            }
        }
        Ok(Self { variables: set, ..Self::from_root(root, variables) })
    }

    fn from_root(root: &Map<String, Value>, variables: &Variables) -> Self {
        let section = object(root, "agents");
        let defaults = section.and_then(|agents| object(agents, "defaults"));
        let auth = object(root, "auth");
        let providers = object(root, "models").and_then(|models| object(models, "providers"));
        let (roster, agents) = agents(section);
        let mut unset_variables = BTreeSet::new();
        entries(providers)
            .for_each(|(_, entry)| substitute::collect_unset(entry, variables, &mut unset_variables));
        let env = object(root, "env");
        Self {
            roster,
            agents,
            system_agent: defaults
                .and_then(|defaults| object(defaults, "systemAgent"))
                .and_then(|agent| filled(agent.get("agentId")?).map(normalized_agent_id)),
            utility_model: utility_model(defaults.and_then(|defaults| defaults.get("utilityModel"))),
            providers: providers::providers(providers),
            secrets: SecretSettings::of(object(root, "secrets")),
            unset_variables,
            plugins: object(root, "plugins").map(plugins).unwrap_or_default(),
            sections: root.keys().cloned().collect(),
            direct_variables: entries(env)
                .map(|(name, _)| name.clone())
                .filter(|name| !matches!(name.as_str(), "vars" | "shellEnv"))
                .collect(),
            model: model_choice(defaults.and_then(|defaults| defaults.get("model"))),
            image_model: model_choice(defaults.and_then(|defaults| defaults.get("imageModel"))),
            aliases: entries(defaults.and_then(|defaults| object(defaults, "models")))
                .filter_map(|(key, entry)| Some((filled(entry.get("alias")?)?.to_lowercase(), key.clone())))
                .collect(),
            listed: entries(defaults.and_then(|defaults| object(defaults, "models")))
                .filter_map(|(key, _)| key.split_once('/'))
                .map(|(id, model)| (text::trim(id).to_owned(), text::trim(model).to_lowercase()))
                .collect(),
            configured_keys: entries(providers)
                .filter(|(_, entry)| entry.get("apiKey").is_some_and(|key| is_key(key, variables)))
                .map(|(id, _)| text::trim(id).to_owned())
                .collect(),
            order: entries(auth.and_then(|auth| object(auth, "order")))
                .filter_map(|(id, list)| Some((id.clone(), texts(list.as_array()?))))
                .collect(),
            profiles: entries(auth.and_then(|auth| object(auth, "profiles")))
                .filter_map(|(id, entry)| Some((id.clone(), profile(entry)?)))
                .collect(),
            variables: BTreeSet::new(),
            models: entries(providers).flat_map(|(id, entry)| models_of(id, entry)).collect(),
            asks_shell: object(root, "env")
                .and_then(|env| object(env, "shellEnv"))
                .is_some_and(|shell| shell.get("enabled") == Some(&Value::Bool(true))),
            last_touched: object(root, "meta")
                .and_then(|meta| meta.get("lastTouchedVersion"))
                .and_then(Value::as_str)
                .map(str::to_owned),
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
        let primary = own.and_then(|own| own.primary.as_ref());
        let fallbacks = match own {
            // A model of its own comes with its own fallbacks or with none.
            Some(ModelChoice { primary: Some(_), fallbacks }) => fallbacks.as_ref(),
            own => own.and_then(|own| own.fallbacks.as_ref()).or(self.model.fallbacks.as_ref()),
        };
        let primary = primary.or(self.model.primary.as_ref());
        let chosen = primary.into_iter().chain(fallbacks.into_iter().flatten());
        let image = &self.image_model;
        let images = image.primary.iter().chain(image.fallbacks.iter().flatten());
        chosen.chain(images).filter_map(|reference| self.provider_of(reference, semantics)).collect()
    }

    /// The provider of `provider/model`, of what an alias stands for, or of a model that is named alone.
    fn provider_of(&self, reference: &str, semantics: Semantics) -> Option<String> {
        let reference = text::trim(reference);
        let name = reference.to_lowercase();
        let target = self.aliases.get(&name).map_or(reference, String::as_str);
        let Some((id, model)) = target.split_once('/') else {
            return (!name.is_empty()).then(|| self.provider_of_model(&name, semantics));
        };
        let id = provider::normalize(id, semantics);
        let id = provider::model_alias(&id, semantics);
        (!id.is_empty() && text::non_empty(model).is_some()).then(|| id.to_owned())
    }

    /// The only provider the configuration knows the model from, else OpenClaw's default.
    fn provider_of_model(&self, name: &str, semantics: Semantics) -> String {
        if name == "openrouter:auto" {
            return "openrouter".to_owned();
        }
        let known = self.listed.iter().chain(&self.models).filter(|(_, model)| model == name);
        let mut ids: BTreeSet<_> = known.map(|(id, _)| provider::normalize(id, semantics)).collect();
        match (ids.pop_first(), ids.is_empty()) {
            (Some(id), true) => id.into_owned(),
            _ => DEFAULT_PROVIDER.to_owned(),
        }
    }
}

/// Parses JSON5. The error says where it breaks off and never quotes it.
pub fn tree(json5: &str) -> Result<Value, String> {
    // The parser recurses without a limit of its own, and an overflow of the stack would end the program.
    if nests_deeper_than(MAX_DEPTH, json5) {
        return Err(format!("nested deeper than {MAX_DEPTH} levels"));
    }
    json5::from_str(json5).map_err(|error| describe(&error))
}

/// json5's message without the source it may quote.
fn describe(error: &json5::Error) -> String {
    let message = error.to_string();
    let message = message.lines().next().unwrap_or_default();
    message.split(['`', '"', '\'']).next().unwrap_or_default().trim().trim_end_matches(':').to_owned()
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
              models: { providers: { mistral: { apiKey: 'k' }, groq: {} } } }",
        )
        .expect("JSON5");
        let in_use = |agent: &str| {
            settings.providers_in_use(agent, Semantics::V2026_9).into_iter().collect::<Vec<_>>()
        };
        assert_eq!(in_use("main"), ["google", "openai", "xai"]);
        assert_eq!(in_use("work"), ["google", "z.ai"]);
        assert_eq!(in_use("b"), ["google", "zai"]);
        assert_eq!(settings.default_agent(), "work");
        assert_eq!(settings.agents[0].dir.as_deref(), Some("~/work"));
        assert!(
            settings.has_key("mistral", Semantics::V2026_9) && !settings.has_key("groq", Semantics::V2026_9)
        );
    }

    #[test]
    fn models_named_alone_belong_to_the_only_provider_that_has_them() {
        let settings = Settings::parse(
            "{ agents: { defaults: { model: { primary: 'FAST', fallbacks: ['gpt-5', 'Glm', 'two', 'openrouter:auto', ' '] },
                models: { 'xai/grok': { alias: 'Fast' }, 'zai/glm': {}, 'a/two': {} } } },
              models: { providers: { b: { models: [{ id: 'two' }, {}, 3] } } } }",
        )
        .expect("JSON5");
        let in_use: Vec<_> = settings.providers_in_use("main", Semantics::V2026_9).into_iter().collect();
        assert_eq!(in_use, ["openai", "openrouter", "xai", "zai"]);
    }

    #[test]
    fn a_model_of_its_own_comes_without_the_fallbacks_of_all() {
        let settings = Settings::parse(
            "{ agents: { defaults: { model: { primary: 'a/m', fallbacks: ['b/m'] } },
              list: [{ id: 'text', model: 'c/m' }, { id: 'first', model: { primary: 'c/m' } },
                { id: 'next', model: { fallbacks: ['d/m'] } }, { id: 'none', model: {} }] } }",
        )
        .expect("JSON5");
        let cases =
            [("text", vec!["c"]), ("first", vec!["c"]), ("next", vec!["a", "d"]), ("none", vec!["a", "b"])];
        for (agent, expected) in cases {
            let in_use: Vec<_> = settings.providers_in_use(agent, Semantics::V2026_4).into_iter().collect();
            assert_eq!(in_use, expected, "{agent}");
        }
    }

    #[test]
    fn variables_are_filled_in_where_they_are_set() {
        let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut variables = Variables::new([set("PROVIDER", "xai"), set("WHERE", "/srv/x"), set("KEY", "k")]);
        let json5 = "{ env: { MINE: '${KEY}', NOT: '${GONE}', vars: { OTHER: 'o' } },
            agents: { defaults: { model: '${PROVIDER}/m' }, list: [{ id: 'a', agentDir: '${WHERE}/${OTHER}' }] },
            models: { providers: { one: { apiKey: { source: 'env', provider: 'default', id: 'KEY' } },
              two: { apiKey: { source: 'env', provider: 'default', id: 'GONE' } }, three: { apiKey: '${GONE}' } } } }";
        let settings = Settings::of(tree(json5).expect("JSON5"), &mut variables).expect("an object");
        assert_eq!(settings.model.primary.as_deref(), Some("xai/m"));
        assert_eq!(settings.agents[0].dir.as_deref(), Some("/srv/x/o"));
        assert_eq!(settings.variables.iter().collect::<Vec<_>>(), ["MINE", "OTHER"]);
        let keys: Vec<_> = settings.configured_keys.iter().collect();
        assert_eq!(keys, ["one"]);
    }

    #[test]
    fn agents_are_called_as_openclaw_calls_them() {
        let cases = [
            ("Work", "work"),
            (" My Agent! ", "my-agent"),
            ("-a_b-", "a_b"),
            ("../x", "x"),
            ("日本", "main"),
            ("_x", "_x"),
        ];
        for (written, expected) in cases {
            assert_eq!(normalized_agent_id(written), expected, "{written}");
        }
        assert_eq!(normalized_agent_id(&"a".repeat(70)).len(), 64);
    }

    #[test]
    fn what_is_not_understood_is_passed_over() {
        let settings =
            Settings::parse("{agents: {list: [3, {id: ''}], defaults: []}, auth: 1, models: null}")
                .expect("JSON5");
        let sections = BTreeSet::from(["agents", "auth", "models"].map(str::to_owned));
        assert_eq!(settings, Settings { sections, ..Settings::default() });
        assert!(Settings::parse("{agents: 'sk-canary' x}").is_err_and(|error| !error.contains("sk-canary")));
    }
}
