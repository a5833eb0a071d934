//! Facts about providers that differ from release to release.

use crate::environment::Environment;
use crate::model::Timestamp;
use crate::provider;
use crate::release::{Rules, Version};
use crate::settings::{ProviderKey, ProviderSettings, Settings};

use super::question::Question;

/// The provider of a model where the configuration names none, and of a model named without a provider.
pub(super) fn default_provider(version: Version) -> &'static str {
    if Rules::of(version) == Rules::Refreshable { "anthropic" } else { "openai" }
}

/// The model of that provider where the configuration names none.
pub(super) fn default_model(version: Version) -> &'static str {
    match Rules::of(version) {
        Rules::Refreshable => "claude-opus-4-6",
        Rules::Everything | Rules::InUse => "gpt-5.5",
        Rules::Selected if version < V2026_9 => "gpt-5.6-sol",
        Rules::Selected => "gpt-6-astra",
    }
}

/// The model for titles and summaries that comes with a provider.
pub(super) fn small_tasks_model(provider: &str, version: Version) -> Option<&'static str> {
    match provider {
        _ if version < V2026_9 => None,
        "anthropic" => Some("claude-haiku-4-5"),
        "openai" => Some("gpt-5.6-luna"),
        _ => None,
    }
}

/// How a model of OpenAI's can be called, by the rules of 2026.8 and later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OpenAiRoute {
    /// With a key or with a login.
    Both,
    /// With a key only.
    Key,
    /// With a login only.
    Login,
    /// The release does not know the model, so that cannot be said.
    Unknown,
}

/// Models of OpenAI's that can be called with a key or with a login.
const OPENAI_BOTH: &[&str] = &[
    "gpt-6-astra",
    "gpt-6-sol",
    "gpt-6-luna",
    "gpt-5.6-sol",
    "gpt-5.6-terra",
    "gpt-5.6-luna",
    "gpt-5.5",
    "gpt-5.5-pro",
    "gpt-5.4",
    "gpt-5.4-codex",
    "gpt-5.4-pro",
    "gpt-5.4-mini",
];

/// How a model of OpenAI's can be called. Where the configuration or a variable moves the endpoint, that is with a key.
pub(super) fn openai_route(model: &str, question: &Question<'_>) -> OpenAiRoute {
    let model = model.to_lowercase();
    let entry = configured(question.settings, "openai", question.version);
    let is_moved = entry.is_some_and(|entry| entry.api.is_some() || entry.base_url.is_some())
        || question.environment.has("OPENAI_BASE_URL");
    match model.as_str() {
        known if OPENAI_BOTH.contains(&known) && !is_moved => OpenAiRoute::Both,
        "gpt-5.3-codex-spark" => OpenAiRoute::Login,
        "chat-latest" | "gpt-5.6" | "gpt-5.4-nano" => OpenAiRoute::Key,
        _ if is_moved => OpenAiRoute::Key,
        _ => OpenAiRoute::Unknown,
    }
}

/// A provider's id as a release compares it: trimmed, lower case, and without aliases where it knows some.
pub(super) fn normalize(id: &str, version: Version) -> String {
    provider::normalize(id, Rules::of(version).semantics()).into_owned()
}

const EARLIEST: Version = Version::new(0, 0, 0);
const LATEST: Version = Version::new(u16::MAX, 0, 0);
const V2026_5: Version = Version::new(2026, 5, 8);
const V2026_6: Version = Version::new(2026, 6, 0);
const V2026_7: Version = Version::new(2026, 7, 0);
const V2026_8: Version = Version::new(2026, 8, 0);
const V2026_9: Version = Version::new(2026, 9, 0);

/// Providers that sign in with another provider's logins and variables: which, with whose, and in which releases.
const AUTH_ALIASES: &[(&str, &str, Version, Version)] = &[
    ("byteplus-plan", "byteplus", EARLIEST, V2026_8),
    ("claude-cli", "anthropic", Version::new(2026, 4, 25), LATEST),
    ("codex-cli", "openai-codex", EARLIEST, V2026_6),
    ("minimax-cn", "minimax", V2026_5, LATEST),
    ("minimax-portal-cn", "minimax-portal", V2026_5, LATEST),
    ("moonshot-ai", "moonshot", V2026_5, V2026_6),
    ("moonshotai", "moonshot", V2026_5, V2026_6),
    ("novita-ai", "novita", V2026_6, V2026_8),
    ("novitaai", "novita", V2026_6, V2026_8),
    ("volcengine-plan", "volcengine", EARLIEST, V2026_8),
    ("x-ai", "xai", V2026_8, LATEST),
];

/// The provider whose logins and variables a provider uses: mostly its own.
pub(super) fn auth_provider(id: &str, version: Version) -> &str {
    let alias =
        AUTH_ALIASES.iter().find(|(of, _, since, until)| *of == id && *since <= version && version < *until);
    alias.map_or(id, |(_, with, ..)| with)
}

/// Providers that a release does not bring along: their variables count only where their plugin is installed.
const UNBUNDLED: &[(Version, &[&str])] = &[
    (
        V2026_6,
        &[
            "arcee",
            "chutes",
            "cloudflare-ai-gateway",
            "deepinfra",
            "deepseek",
            "fireworks",
            "groq",
            "kilocode",
            "kimi",
            "kimi-coding",
            "moonshot",
            "openai-codex",
            "perplexity",
            "qianfan",
            "qwen",
            "stepfun",
            "stepfun-plan",
            "tencent-tokenhub",
            "venice",
            "vercel-ai-gateway",
            "zai",
        ],
    ),
    (
        V2026_8,
        &[
            "byteplus",
            "cohere",
            "meta",
            "mistral",
            "novita",
            "opencode",
            "synthetic",
            "volcengine",
            "vydra",
            "xiaomi",
            "xiaomi-token-plan",
        ],
    ),
];

/// Providers whose variables a release did not know yet.
const ADDED: &[(Version, &[&str])] = &[
    (V2026_6, &["cohere", "novita", "ollama-cloud", "xiaomi-token-plan"]),
    (V2026_7, &["clawrouter", "meta"]),
];

/// The variable that gives a provider auth, where one is set.
pub(super) fn variable_for(id: &str, question: &Question<'_>) -> Option<&'static str> {
    let (version, environment) = (question.version, question.environment);
    let is_listed = |table: &[(Version, &[&str])], counts: fn(Version, Version) -> bool| {
        table.iter().any(|(since, ids)| counts(version, *since) && ids.contains(&id))
    };
    let has_plugin = question.settings.plugins.contains(id);
    if !has_plugin && is_listed(UNBUNDLED, |version, since| version >= since)
        || is_listed(ADDED, |version, since| version < since)
    {
        return None;
    }
    let known: &[&str] = match id {
        "github-copilot" if version >= V2026_9 => &["COPILOT_GITHUB_TOKEN"],
        "openai" if version >= V2026_6 => &["CODEX_API_KEY", "OPENAI_API_KEY"],
        "openai-codex" if Rules::of(version) == Rules::InUse => &["CODEX_API_KEY", "OPENAI_API_KEY"],
        "openai-codex" => &[],
        "moonshot" if Rules::of(version) == Rules::Refreshable => &["MOONSHOT_API_KEY"],
        id => provider::find(id)?.variables,
    };
    known.iter().find(|name| environment.has(name)).copied()
}

/// Whether a provider has auth that is no stored login: a variable, or what the machine itself is signed in with.
pub(super) fn has_environment_auth(id: &str, question: &Question<'_>) -> bool {
    let (version, environment) = (question.version, question.environment);
    let id = auth_provider(id, version);
    let is_set = |name: &&str| environment.has(name);
    match id {
        "google-vertex" if Rules::of(version) > Rules::Refreshable && has_google_login(environment) => true,
        "amazon-bedrock" => {
            let brings_aws = Rules::of(version) == Rules::Everything || version >= V2026_8;
            let keys = environment.has("AWS_ACCESS_KEY_ID") && environment.has("AWS_SECRET_ACCESS_KEY");
            brings_aws && (keys || ["AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE"].iter().any(is_set))
        }
        id => variable_for(id, question).is_some(),
    }
}

/// Google's application default credentials, as far as variables tell of them.
fn has_google_login(environment: &Environment) -> bool {
    environment.has("GOOGLE_APPLICATION_CREDENTIALS")
        && (environment.has("GOOGLE_CLOUD_PROJECT") || environment.has("GCLOUD_PROJECT"))
        && environment.has("GOOGLE_CLOUD_LOCATION")
}

/// Providers that are command lines of vendors and sign in there.
pub(super) fn is_command_line(id: &str, version: Version) -> bool {
    let is_known = matches!(id, "claude-cli" | "google-gemini-cli") || id == "codex-cli" && version < V2026_5;
    is_known && Rules::of(version) > Rules::Refreshable
}

/// A provider's part of the configuration.
pub(super) fn configured<'s>(
    settings: &'s Settings,
    id: &str,
    version: Version,
) -> Option<&'s ProviderSettings> {
    settings.providers.iter().find(|provider| normalize(&provider.id, version) == id)
}

/// Whether the key a provider has in the configuration can be used.
pub(super) fn has_usable_key(id: &str, question: &Question<'_>) -> bool {
    let Some(provider) = configured(question.settings, id, question.version) else { return false };
    match &provider.key {
        ProviderKey::Text(_) => true,
        ProviderKey::None => false,
        ProviderKey::Name(name) => question.environment.has(name),
        ProviderKey::Reference(reference) => {
            reference.source == "env"
                && question.settings.secrets.may_read_variable(reference)
                && question.environment.has(&reference.id)
        }
        ProviderKey::Marker(_) => {
            provider.is_local() && matches!(provider.api.as_deref(), Some("openai-completions" | "ollama"))
        }
    }
}

/// Whether a profile cools down or is disabled.
pub(super) fn is_cooling_down(id: &str, credential_provider: &str, question: &Question<'_>) -> bool {
    unusable_until(id, credential_provider, question).is_some()
}

/// Until when a profile cools down or is disabled, where it is.
pub(super) fn unusable_until(
    id: &str,
    credential_provider: &str,
    question: &Question<'_>,
) -> Option<Timestamp> {
    if provider::is_exempt_from_cooldowns(credential_provider) {
        return None;
    }
    Some(question.view.usage(id)?.cooldown(question.now)?.until)
}
