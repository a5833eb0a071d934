//! Whom a message is about, as far as it says so: which agent, profile and provider.

use openclaw_auth::provider;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorContext {
    pub agent: Option<String>,
    pub profile: Option<String>,
    pub provider: Option<String>,
}

/// What surrounds ids in messages.
const AROUND: &[char] = &[' ', '\t', '"', '\'', '`', ',', ';', '(', ')', '[', ']', '{', '}', '=', '<', '>'];

impl ErrorContext {
    /// Fills in what is not said here from somewhere else.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            agent: self.agent.or_else(|| other.agent.clone()),
            profile: self.profile.or_else(|| other.profile.clone()),
            provider: self.provider.or_else(|| other.provider.clone()),
        }
    }

    /// What all lines of a text agree on. Where a log names two agents, a line that names none may be about either.
    #[must_use]
    pub fn agreed(text: &str) -> Self {
        let lines: Vec<Self> = text.lines().map(Self::of).collect();
        let only = |field: fn(&Self) -> &Option<String>| {
            let mut named = lines.iter().filter_map(|line| field(line).as_ref());
            let first = named.next()?;
            named.all(|other| other == first).then(|| first.clone())
        };
        Self {
            agent: only(|line| &line.agent),
            profile: only(|line| &line.profile),
            provider: only(|line| &line.provider),
        }
    }

    /// Reads what a text names.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut context = Self::default();
        let words: Vec<&str> = text
            .split(|character: char| AROUND.contains(&character) || character.is_control())
            .map(|word| word.trim_end_matches(['.', ':', '!', '?']))
            .filter(|word| !word.is_empty())
            .collect();
        for (index, word) in words.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| words[before]).unwrap_or_default();
            if let Some((first, rest)) = word.split_once(':')
                && let Some(known) = known(first)
                && is_plain(rest)
            {
                context.profile.get_or_insert_with(|| (*word).to_owned());
                context.provider.get_or_insert(known);
            } else if let Some(known) = known(word) {
                context.provider.get_or_insert(known);
            } else if matches!(before, "provider" | "--provider" | "provider:") && is_plain(word) {
                context.provider.get_or_insert_with(|| word.to_lowercase());
            }
            if matches!(before, "agent" | "agent:" | "--agent" | "agentId") && is_plain(word) {
                context.agent.get_or_insert_with(|| (*word).to_owned());
            }
            if let Some((_, rest)) = word.split_once("/agents/")
                && let Some((agent, _)) = rest.split_once('/')
                && is_plain(agent)
            {
                context.agent.get_or_insert_with(|| agent.to_owned());
            }
        }
        context
    }
}

fn known(word: &str) -> Option<String> {
    let lower = word.to_lowercase();
    provider::find(&lower).map(|_| lower)
}

/// Whether a word could be an id, and is short enough to be no secret.
fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && word.len() < 64
        && !word.contains(['/', ':'])
        && super::mask(word) == word
        && word.chars().all(|character| character.is_alphanumeric() || "-_.@+".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_whom_they_are_about() {
        let read = |text: &str| {
            let context = ErrorContext::of(text);
            (context.agent, context.profile, context.provider)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            read("No credentials found for profile \"anthropic:default\"."),
            (None, some("anthropic:default"), some("anthropic"))
        );
        assert_eq!(
            read("[agent=work] OAuth token refresh failed for openai-codex: x"),
            (some("work"), None, some("openai-codex"))
        );
        assert_eq!(
            read("EACCES: open '/home/u/.openclaw/agents/night/agent/auth-profiles.json'"),
            (some("night"), None, None)
        );
        assert_eq!(read("provider: \"acme\" failed").2, some("acme"));
        let agreed = ErrorContext::agreed("agent work openai\nagent=work\nagent night\nopenai");
        assert_eq!((agreed.agent, agreed.provider), (None, some("openai")));
        assert_eq!(read("provider sk-ant-oat01-abcdefghijkl"), (None, None, None));
    }
}
