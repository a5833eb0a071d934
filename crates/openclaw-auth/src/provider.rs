//! The providers: their ids, their environment variables, and how their logins are renewed. One file for each
//! family; one for the many that only take keys. Facts alone: nothing here calls anybody.

mod anthropic;
mod api_keys;
mod chutes;
mod facts;
mod github;
mod google;
mod minimax;
mod openai;
mod qwen;
mod xai;

use std::borrow::Cow;

pub use self::facts::{BodyFormat, ClientId, Provider, RenewalSupport, SignIn, TokenEndpoint, TokenUrl};
use super::{jwt, text};
use crate::model::Semantics;

/// Every provider this program knows something about, by family.
const FAMILIES: &[&[Provider]] = &[
    openai::PROVIDERS,
    anthropic::PROVIDERS,
    google::PROVIDERS,
    xai::PROVIDERS,
    api_keys::PROVIDERS,
    chutes::PROVIDERS,
    github::PROVIDERS,
    minimax::PROVIDERS,
    qwen::PROVIDERS,
];

/// Spellings that releases up to 2026.5 take for another provider.
const ALIASES: &[(&str, &str)] = &[
    ("aws-bedrock", "amazon-bedrock"),
    ("bedrock", "amazon-bedrock"),
    ("bytedance", "volcengine"),
    ("doubao", "volcengine"),
    ("kimi-code", "kimi"),
    ("kimi-coding", "kimi"),
    ("modelstudio", "qwen"),
    ("opencode-go-auth", "opencode-go"),
    ("opencode-zen", "opencode"),
    ("qwencloud", "qwen"),
    ("z-ai", "zai"),
    ("z.ai", "zai"),
];

/// Every provider this program knows something about.
pub fn all() -> impl Iterator<Item = &'static Provider> {
    FAMILIES.iter().copied().flatten()
}

/// Whether a provider runs on people's own machines, and mostly takes any text for a key.
#[must_use]
pub fn takes_any_key(provider: &str) -> bool {
    matches!(provider, "litellm" | "lmstudio" | "ollama" | "sglang" | "vllm")
}

/// Looks a provider up by its normalised id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Provider> {
    // In turn: few ids have the same length, so most are passed over without a look at their text.
    all().find(|provider| provider.id == id)
}

/// The provider whose keys begin as this text does.
#[must_use]
pub fn owner_of_key(key: &str) -> Option<&'static Provider> {
    all().find(|provider| provider.key_prefixes.iter().any(|prefix| key.starts_with(prefix)))
}

/// The account that the access token of a provider's login names.
#[must_use]
pub fn account_in(access_token: &str, id: &str) -> Option<String> {
    find(id).filter(|provider| provider.is_openai).and_then(|_| jwt::openai_account(access_token))
}

/// Normalises a provider id: trimmed, lower case, and up to 2026.5 without aliases.
#[must_use]
pub fn normalize(id: &str, semantics: Semantics) -> Cow<'_, str> {
    let trimmed = text::trim(id);
    let lower = if trimmed.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
        Cow::Owned(trimmed.to_lowercase())
    } else {
        Cow::Borrowed(trimmed)
    };
    if semantics == Semantics::V2026_4
        && let Ok(index) = ALIASES.binary_search_by(|(alias, _)| (*alias).cmp(&*lower))
    {
        return Cow::Borrowed(ALIASES[index].1);
    }
    lower
}

/// Providers that sign in with the profiles, keys and variables of another, by the release that knows them so.
const SHARED_AUTH: &[(&str, &str, Semantics)] = &[
    ("byteplus-plan", "byteplus", Semantics::V2026_4),
    ("minimax-cn", "minimax", Semantics::V2026_9),
    ("minimax-portal-cn", "minimax-portal", Semantics::V2026_9),
    ("volcengine-plan", "volcengine", Semantics::V2026_4),
    ("x-ai", "xai", Semantics::V2026_9),
];

/// The provider whose auth a provider uses: mostly its own.
#[must_use]
pub fn auth_of(id: &str, semantics: Semantics) -> &str {
    let shared = SHARED_AUTH.iter().find(|(of, _, by)| *of == id && *by == semantics);
    shared.map_or(id, |(_, with, _)| with)
}

/// The provider of a model as configured: 2026.4 reads the models of the vendors' CLIs as those of their provider.
#[must_use]
pub fn model_alias(id: &str, semantics: Semantics) -> &str {
    match (semantics, id) {
        (Semantics::V2026_4, "claude-cli") => "anthropic",
        (Semantics::V2026_4, "codex-cli") => "openai",
        (Semantics::V2026_4, "google-gemini-cli") => "google",
        (_, id) => id,
    }
}

/// Whether cooldowns are ignored for the provider, because it routes around failing accounts itself.
#[must_use]
pub fn is_exempt_from_cooldowns(id: &str) -> bool {
    matches!(id, "openrouter" | "kilocode")
}

/// Whether a profile belongs to a vendor's CLI, which would be logged out if somebody else spent its tokens.
#[must_use]
pub fn is_owned_by_cli(profile_id: &str, provider: &str) -> bool {
    provider == "claude-cli"
        || matches!(
            profile_id,
            "anthropic:claude-cli" | "minimax-portal:minimax-cli" | "openai-codex:codex-cli"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_there_once() {
        assert!(all().all(|provider| all().filter(|other| other.id == provider.id).count() == 1));
        assert!(ALIASES.is_sorted());
        assert_eq!(find("zai").map(|provider| provider.variables[0]), Some("ZAI_API_KEY"));
        assert!(find("nobody").is_none());
    }

    #[test]
    fn ids_are_normalised_by_release() {
        assert_eq!(normalize(" Anthropic ", Semantics::V2026_9), "anthropic");
        assert_eq!(normalize("Z.AI", Semantics::V2026_9), "z.ai");
        assert_eq!(normalize("Z.AI", Semantics::V2026_4), "zai");
    }
}
