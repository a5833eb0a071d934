//! Providers that take API keys alone.

use super::facts::Provider;

const fn with_prefix(
    id: &'static str,
    variables: &'static [&'static str],
    key_prefixes: &'static [&'static str],
) -> Provider {
    Provider { key_prefixes, ..Provider::new(id, variables) }
}

pub(super) const PROVIDERS: &[Provider] = &[
    Provider::new("arcee", &["ARCEEAI_API_KEY"]),
    Provider::new("byteplus", &["BYTEPLUS_API_KEY"]),
    Provider::new("cerebras", &["CEREBRAS_API_KEY"]),
    Provider::new("cloudflare-ai-gateway", &["CLOUDFLARE_AI_GATEWAY_API_KEY"]),
    Provider::new("comfy", &["COMFY_API_KEY", "COMFY_CLOUD_API_KEY"]),
    Provider::new("deepinfra", &["DEEPINFRA_API_KEY"]),
    Provider::new("deepseek", &["DEEPSEEK_API_KEY"]),
    Provider::new("fal", &["FAL_KEY", "FAL_API_KEY"]),
    Provider::new("fireworks", &["FIREWORKS_API_KEY"]),
    with_prefix("groq", &["GROQ_API_KEY"], &["gsk_"]),
    with_prefix("huggingface", &["HUGGINGFACE_HUB_TOKEN", "HF_TOKEN"], &["hf_"]),
    Provider::new("kilocode", &["KILOCODE_API_KEY"]),
    Provider::new("kimi", &["KIMI_API_KEY", "KIMICODE_API_KEY"]),
    Provider::new("kimi-coding", &["KIMI_API_KEY", "KIMICODE_API_KEY"]),
    Provider::new("litellm", &["LITELLM_API_KEY"]),
    Provider::new("lmstudio", &["LM_API_TOKEN"]),
    Provider::new("microsoft-foundry", &["AZURE_OPENAI_API_KEY"]),
    Provider::new("mistral", &["MISTRAL_API_KEY"]),
    Provider::new("moonshot", &["MOONSHOT_API_KEY", "KIMI_API_KEY"]),
    with_prefix("nvidia", &["NVIDIA_API_KEY"], &["nvapi-"]),
    Provider::new("ollama", &["OLLAMA_API_KEY"]),
    Provider::new("opencode", &["OPENCODE_API_KEY", "OPENCODE_ZEN_API_KEY"]),
    Provider::new("opencode-go", &["OPENCODE_API_KEY", "OPENCODE_ZEN_API_KEY"]),
    with_prefix("openrouter", &["OPENROUTER_API_KEY"], &["sk-or-"]),
    with_prefix("perplexity", &["PERPLEXITY_API_KEY", "OPENROUTER_API_KEY"], &["pplx-"]),
    Provider::new("qianfan", &["QIANFAN_API_KEY"]),
    Provider::new("runway", &["RUNWAYML_API_SECRET", "RUNWAY_API_KEY"]),
    Provider::new("sglang", &["SGLANG_API_KEY"]),
    Provider::new("stepfun", &["STEPFUN_API_KEY"]),
    Provider::new("stepfun-plan", &["STEPFUN_API_KEY"]),
    Provider::new("synthetic", &["SYNTHETIC_API_KEY"]),
    Provider::new("tencent-tokenhub", &["TOKENHUB_API_KEY"]),
    Provider::new("together", &["TOGETHER_API_KEY"]),
    Provider::new("venice", &["VENICE_API_KEY"]),
    Provider::new("vercel-ai-gateway", &["AI_GATEWAY_API_KEY"]),
    Provider::new("vllm", &["VLLM_API_KEY"]),
    Provider::new("volcengine", &["VOLCANO_ENGINE_API_KEY"]),
    Provider::new("voyage", &["VOYAGE_API_KEY"]),
    Provider::new("vydra", &["VYDRA_API_KEY"]),
    Provider::new("xiaomi", &["XIAOMI_API_KEY"]),
    Provider::new("zai", &["ZAI_API_KEY", "Z_AI_API_KEY"]),
];
