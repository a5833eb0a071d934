//! The providers: their ids, their environment variables, and whether their logins can be renewed.

use std::borrow::Cow;

use super::text;
use crate::model::Semantics;

/// What can be done about a provider's OAuth login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Its token endpoint takes refresh tokens.
    Refreshable,
    /// The stored token does not rotate: there is nothing to renew.
    NotNeeded,
    /// It offers no renewal.
    Unsupported,
}

/// One provider.
#[derive(Debug)]
pub struct Provider {
    /// Its id, normalised.
    pub id: &'static str,
    /// Variables that give it auth; the first non-empty one wins.
    pub variables: &'static [&'static str],
    /// Whether its OAuth logins renew.
    pub renewal: Renewal,
}

const fn key(id: &'static str, variables: &'static [&'static str]) -> Provider {
    Provider { id, variables, renewal: Renewal::Unsupported }
}

const fn oauth(id: &'static str, variables: &'static [&'static str], renewal: Renewal) -> Provider {
    Provider { id, variables, renewal }
}

/// Every provider this program knows something about, by id.
pub const PROVIDERS: &[Provider] = &[
    key("alibaba", &["MODELSTUDIO_API_KEY", "DASHSCOPE_API_KEY", "QWEN_API_KEY"]),
    oauth("anthropic", &["ANTHROPIC_OAUTH_TOKEN", "ANTHROPIC_API_KEY"], Renewal::Refreshable),
    key("arcee", &["ARCEEAI_API_KEY"]),
    key("byteplus", &["BYTEPLUS_API_KEY"]),
    key("cerebras", &["CEREBRAS_API_KEY"]),
    oauth("chutes", &["CHUTES_API_KEY", "CHUTES_OAUTH_TOKEN"], Renewal::Refreshable),
    key("cloudflare-ai-gateway", &["CLOUDFLARE_AI_GATEWAY_API_KEY"]),
    key("comfy", &["COMFY_API_KEY", "COMFY_CLOUD_API_KEY"]),
    key("deepinfra", &["DEEPINFRA_API_KEY"]),
    key("deepseek", &["DEEPSEEK_API_KEY"]),
    key("fal", &["FAL_KEY", "FAL_API_KEY"]),
    key("fireworks", &["FIREWORKS_API_KEY"]),
    oauth("github-copilot", &["COPILOT_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"], Renewal::NotNeeded),
    key("google", &["GEMINI_API_KEY", "GOOGLE_API_KEY"]),
    oauth("google-antigravity", &[], Renewal::Refreshable),
    oauth("google-gemini-cli", &[], Renewal::Refreshable),
    key("google-vertex", &["GOOGLE_CLOUD_API_KEY"]),
    key("groq", &["GROQ_API_KEY"]),
    key("huggingface", &["HUGGINGFACE_HUB_TOKEN", "HF_TOKEN"]),
    key("kilocode", &["KILOCODE_API_KEY"]),
    key("kimi", &["KIMI_API_KEY", "KIMICODE_API_KEY"]),
    key("kimi-coding", &["KIMI_API_KEY", "KIMICODE_API_KEY"]),
    key("litellm", &["LITELLM_API_KEY"]),
    key("lmstudio", &["LM_API_TOKEN"]),
    key("microsoft-foundry", &["AZURE_OPENAI_API_KEY"]),
    key("minimax", &["MINIMAX_CODE_PLAN_KEY", "MINIMAX_CODING_API_KEY", "MINIMAX_API_KEY"]),
    key("minimax-portal", &["MINIMAX_OAUTH_TOKEN", "MINIMAX_API_KEY"]),
    key("mistral", &["MISTRAL_API_KEY"]),
    key("moonshot", &["MOONSHOT_API_KEY", "KIMI_API_KEY"]),
    key("nvidia", &["NVIDIA_API_KEY"]),
    key("ollama", &["OLLAMA_API_KEY"]),
    oauth("openai", &["OPENAI_API_KEY"], Renewal::Refreshable),
    oauth("openai-codex", &[], Renewal::Refreshable),
    key("opencode", &["OPENCODE_API_KEY", "OPENCODE_ZEN_API_KEY"]),
    key("opencode-go", &["OPENCODE_API_KEY", "OPENCODE_ZEN_API_KEY"]),
    key("openrouter", &["OPENROUTER_API_KEY"]),
    key("perplexity", &["PERPLEXITY_API_KEY", "OPENROUTER_API_KEY"]),
    key("qianfan", &["QIANFAN_API_KEY"]),
    key("qwen", &["QWEN_API_KEY", "MODELSTUDIO_API_KEY", "DASHSCOPE_API_KEY"]),
    key("qwen-portal", &[]),
    key("runway", &["RUNWAYML_API_SECRET", "RUNWAY_API_KEY"]),
    key("sglang", &["SGLANG_API_KEY"]),
    key("stepfun", &["STEPFUN_API_KEY"]),
    key("stepfun-plan", &["STEPFUN_API_KEY"]),
    key("synthetic", &["SYNTHETIC_API_KEY"]),
    key("tencent-tokenhub", &["TOKENHUB_API_KEY"]),
    key("together", &["TOGETHER_API_KEY"]),
    key("venice", &["VENICE_API_KEY"]),
    key("vercel-ai-gateway", &["AI_GATEWAY_API_KEY"]),
    key("vllm", &["VLLM_API_KEY"]),
    key("volcengine", &["VOLCANO_ENGINE_API_KEY"]),
    key("voyage", &["VOYAGE_API_KEY"]),
    key("vydra", &["VYDRA_API_KEY"]),
    oauth("xai", &["XAI_API_KEY"], Renewal::Refreshable),
    key("xiaomi", &["XIAOMI_API_KEY"]),
    key("zai", &["ZAI_API_KEY", "Z_AI_API_KEY"]),
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

/// Looks a provider up by its normalised id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Provider> {
    // In turn: few ids have the same length, so most are passed over without a look at their text.
    PROVIDERS.iter().find(|provider| provider.id == id)
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
    fn the_tables_are_sorted_for_searching() {
        assert!(PROVIDERS.is_sorted_by_key(|provider| provider.id));
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
