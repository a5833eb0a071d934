//! Names of variables that are nearly those that give a provider its key.

use crate::provider::{self, Provider};

/// The end of the names of most providers' variables, without underscores.
const USUAL_END: &str = "APIKEY";
/// What people write in its place.
const OTHER_ENDS: &[&str] = &["KEY", "TOKEN", "APITOKEN", "SECRET", "APISECRET", "SECRETKEY"];
/// Names begin with words, of which only longer ones may differ in a letter: `EXA` is not `XAI`.
const FUZZY_FROM: usize = 6;
/// No name that is meant to be a variable's is longer.
const LONGEST: usize = 40;

/// The provider and its variable that a name nearly is. `None` if it is a name that providers have, or is near to none of them.
#[must_use]
pub fn meant(name: &str) -> Option<(&'static Provider, &'static str)> {
    if name.len() > LONGEST || known().any(|(_, known)| name == known) {
        return None;
    }
    let bare = bare(name);
    known().find(|(_, known)| is_near(&bare, name, known))
}

fn known() -> impl Iterator<Item = (&'static Provider, &'static str)> {
    provider::all().flat_map(|provider| provider.variables.iter().map(move |name| (provider, *name)))
}

/// Capitals and digits alone: case and underscores are what is mistyped most.
fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

fn is_near(found: &str, written: &str, known: &str) -> bool {
    // OpenClaw reads `OPENAI_API_KEYS` and `OPENAI_API_KEY_2`, too.
    if written.starts_with(known) {
        return false;
    }
    let known = bare(known);
    if found == known {
        return true;
    }
    // `MODEL_KEY` and the like are too general to be a provider's.
    let Some(owner) = known.strip_suffix(USUAL_END).filter(|owner| owner.len() >= 3 && *owner != "MODEL")
    else {
        return false;
    };
    let has_other_end = found.strip_prefix(owner).is_some_and(|end| OTHER_ENDS.contains(&end));
    has_other_end || owner.len() >= FUZZY_FROM && is_one_edit_away(found, &known)
}

/// Whether one letter is missing, added, or another, or two neighbors have changed places.
fn is_one_edit_away(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let start = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let (one, other) = (&one[start..], &other[start..]);
    match (one, other) {
        ([a, b, one @ ..], [c, d, other @ ..]) if (a, b) == (d, c) && one == other => true,
        ([_, rest @ ..], other) if rest == other => true,
        (one, [_, rest @ ..]) if one == rest => true,
        ([_, one @ ..], [_, other @ ..]) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_told_from_others() {
        for (found, known) in [
            ("OPENAI_APIKEY", "OPENAI_API_KEY"),
            ("Openai_Api_Key", "OPENAI_API_KEY"),
            ("OPENAI-API-KEY", "OPENAI_API_KEY"),
            ("OPENAI_KEY", "OPENAI_API_KEY"),
            ("ANTHROPIC_KEY", "ANTHROPIC_API_KEY"),
            ("ANTHROPIC_TOKEN", "ANTHROPIC_API_KEY"),
            ("ANTROPIC_API_KEY", "ANTHROPIC_API_KEY"),
            ("ANTHORPIC_API_KEY", "ANTHROPIC_API_KEY"),
            ("OPENROUTER_KEY", "OPENROUTER_API_KEY"),
            ("OPEN_ROUTER_API_KEY", "OPENROUTER_API_KEY"),
            ("OPENROUTR_API_KEY", "OPENROUTER_API_KEY"),
            ("OPENROUTERS_API_KEY", "OPENROUTER_API_KEY"),
            ("GEMINI_KEY", "GEMINI_API_KEY"),
            ("GROQ_KEY", "GROQ_API_KEY"),
        ] {
            assert_eq!(meant(found).map(|(_, name)| name), Some(known), "{found}");
        }
        for other in [
            "OPENAI_API_KEY",
            "OPENAI_API_KEYS",
            "OPENAI_API_KEY_2",
            "OPENAI_BASE_URL",
            "OPENAI_API_BASE",
            "OPENAI_ORG_ID",
            "OPENAI_MODEL",
            "OPENAI_PROJECT",
            "ANTHROPIC_BASE_URL",
            "ANTHROPIC_MODEL",
            "ANTHROPIC_AUTH_TOKEN",
            "CODEX_API_KEY",
            "GEMINI_MODEL",
            "GEMINI_BASE_URL",
            "GOOGLE_CLOUD_PROJECT",
            "GITHUB_TOKEN",
            "HF_HOME",
            "EXA_API_KEY",
            "TAVILY_API_KEY",
            "BRAVE_API_KEY",
            "MODAL_API_KEY",
            "MODEL_KEY",
            "DEEPL_API_KEY",
            "OPENCLAW_GATEWAY_TOKEN",
            "TELEGRAM_BOT_TOKEN",
            "SLACK_BOT_TOKEN",
            "DISCORD_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "ELEVENLABS_API_KEY",
            "API_KEY",
            "PATH",
            "",
            "sk-ant-api03-0123456789",
        ] {
            assert_eq!(meant(other).map(|(_, name)| name), None, "{other}");
        }
    }
}
