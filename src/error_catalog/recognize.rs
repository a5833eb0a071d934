//! Recognizes causes in an error message or in a log, and whom they are about.

use openclaw_auth::provider;

use super::cause::Cause;
use super::mask::mask;
use super::{login, machine, remote};

/// Every cause there is; what says more stands before what says less. The network comes first: a login that
/// could not be renewed because of it needs no sign-in.
pub fn all() -> impl Iterator<Item = &'static Cause> {
    [remote::NETWORK, login::CAUSES, machine::CAUSES, remote::PROVIDER].into_iter().flatten()
}

/// A cause that a text names.
#[derive(Debug)]
pub struct RecognizedCause {
    pub cause: &'static Cause,
    /// The line it was first named on, from 1.
    pub line: usize,
    /// The part of that line that names it, without secrets.
    pub quote: String,
    pub context: ErrorContext,
}

/// The causes a text names, each once, in the order of the text.
#[must_use]
pub fn recognize(text: &str) -> Vec<RecognizedCause> {
    let mut findings: Vec<RecognizedCause> = Vec::new();
    // The context of the whole log is read at most once, not for every cause.
    let mut whole = None;
    for (index, line) in text.lines().enumerate() {
        let lower = line.to_lowercase();
        let mut named: Vec<(usize, &'static Cause)> =
            all().filter_map(|cause| Some((position(cause, &lower)?, cause))).collect();
        if named.iter().any(|(_, cause)| !cause.generic) {
            named.retain(|(_, cause)| !cause.generic);
        } else {
            // The first in the table says most.
            named.truncate(1);
        }
        named.sort_by_key(|(position, _)| *position);
        for (_, cause) in named {
            if findings.iter().any(|finding| finding.cause.code == cause.code) {
                continue;
            }
            let context = ErrorContext::of(line).or(whole.get_or_insert_with(|| ErrorContext::agreed(text)));
            findings.push(RecognizedCause {
                cause,
                line: index + 1,
                quote: quote(line.trim(), cause),
                context,
            });
        }
    }
    // A cause that says little adds nothing to one that says more.
    if findings.iter().any(|finding| !finding.cause.generic) {
        findings.retain(|finding| !finding.cause.generic);
    }
    findings
}

/// How many characters of a line are quoted before and after the words that name the cause.
const AROUND: (usize, usize) = (80, 160);

/// The part of a line that names the cause, without its secrets.
fn quote(line: &str, cause: &Cause) -> String {
    let masked: Vec<char> = mask(line).chars().collect();
    // Upper case may be longer than lower case, so the position is counted in characters.
    let lower: String = masked.iter().collect::<String>().to_lowercase();
    let at = position(cause, &lower).map_or(0, |at| lower[..at].chars().count());
    let (from, to) = (at.saturating_sub(AROUND.0), (at + AROUND.1).min(masked.len()));
    let middle: String = masked[from.min(to)..to].iter().collect();
    let middle = middle.trim();
    let (before, after) = (if from > 0 { "… " } else { "" }, if to < masked.len() { " …" } else { "" });
    format!("{before}{middle}{after}")
}

/// The position at which a line names the cause.
fn position(cause: &Cause, line: &str) -> Option<usize> {
    let all = |sign: &&[&str]| sign.iter().map(|part| find_word(line, part)).min().flatten();
    let complete = |sign: &&&[&str]| sign.iter().all(|part| find_word(line, part).is_some());
    cause.signs.iter().filter(complete).filter_map(all).min()
}

/// Finds a text as whole words: `token_expired` is not in `refresh_token_expired`, and 429 is not in 14290.
fn find_word(line: &str, part: &str) -> Option<usize> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let bounded = |at: &usize| {
        let joined_before = part.starts_with(is_word) && line[..*at].ends_with(is_word);
        let joined_after = part.ends_with(is_word) && line[at + part.len()..].starts_with(is_word);
        !joined_before && !joined_after
    };
    line.match_indices(part).map(|(at, _)| at).find(bounded)
}

/// Which agent, profile, and provider a message is about, if it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorContext {
    pub agent: Option<String>,
    pub profile: Option<String>,
    pub provider: Option<String>,
}

/// What surrounds IDs in messages.
const SEPARATORS: &[char] =
    &[' ', '\t', '"', '\'', '`', ',', ';', '(', ')', '[', ']', '{', '}', '=', '<', '>'];

impl ErrorContext {
    /// Fills in what is missing from another context.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            agent: self.agent.or_else(|| other.agent.clone()),
            profile: self.profile.or_else(|| other.profile.clone()),
            provider: self.provider.or_else(|| other.provider.clone()),
        }
    }

    /// What all lines of a text agree on. If a log names two agents, a line that names none may be about
    /// either.
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

    /// Reads it from a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut context = Self::default();
        let words: Vec<&str> = text
            .split(|character: char| SEPARATORS.contains(&character) || character.is_control())
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
            // "OpenClaw agent database … uses schema version 0" names no agent.
            let is_noun = before == "agent" && word == &"database";
            if matches!(before, "agent" | "agent:" | "--agent" | "agentId") && is_plain(word) && !is_noun {
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

/// Whether a word could be an ID, and is too short for a secret.
fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && word.len() < 64
        && !word.contains(['/', ':'])
        && mask(word) == word
        && word.chars().all(|character| character.is_alphanumeric() || "-_.@+".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<&'static str> {
        recognize(text).iter().map(|finding| finding.cause.code).collect()
    }

    #[test]
    fn words_are_whole() {
        assert_eq!(codes("refresh_token_expired"), ["refresh_token_expired"]);
        assert_eq!(codes("token_expired"), ["token_expired"]);
        assert_eq!(codes("took 14290 ms"), [] as [&str; 0]);
        assert_eq!(codes("HTTP 429"), ["rate_limited"]);
    }

    #[test]
    fn a_cause_that_says_little_is_omitted() {
        assert_eq!(
            codes("401 Unauthorized: refresh_token_reused. Please try signing in again."),
            ["refresh_token_reused"]
        );
        assert_eq!(codes("401 Unauthorized"), ["unauthorized"]);
        assert_eq!(codes("file lock timeout for /x/auth-profiles.json"), ["lock_timeout"]);
    }

    #[test]
    fn a_long_line_is_quoted_around_its_cause() {
        let (x, y) = ("x ".repeat(300), "y ".repeat(300));
        assert!(recognize(&format!("{x}invalid_grant{y}")).is_empty(), "a longer word is another word");
        let quote = &recognize(&format!("{x}invalid_grant {y}"))[0].quote;
        assert!(
            quote.starts_with("… x") && quote.ends_with("y …") && quote.contains("invalid_grant"),
            "{quote}"
        );
        assert!(quote.chars().count() < 260);
        assert_eq!(recognize("İİİ invalid_grant")[0].quote, "İİİ invalid_grant");
    }

    #[test]
    fn each_once_and_in_order() {
        let log = "x\ngetaddrinfo ENOTFOUND auth.openai.com\ninvalid_grant\ngetaddrinfo ENOTFOUND again";
        let findings = recognize(log);
        let named: Vec<_> = findings.iter().map(|finding| (finding.cause.code, finding.line)).collect();
        assert_eq!(named, [("dns", 2), ("invalid_grant", 3)]);
    }

    #[test]
    fn the_context_is_read_from_messages() {
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
