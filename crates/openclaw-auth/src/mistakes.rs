//! Mistakes in values that people put into a store: a key or a token with a line break in it, a prompt or
//! quotes around it, or half of it missing; an `expires` in seconds.
//!
//! Pure. What can be corrected without guessing is corrected; nothing is ever made up.

use zeroize::Zeroizing;

use crate::credential::{Credential, Expires};
use crate::dotenv;
use crate::model::{CredentialKind, Mistake, Timestamp};
use crate::text::{self, is_sent, is_variable_name};

/// Read as milliseconds these are days of 1970 to 1973, when nobody had a login; as seconds, years from 1973
/// to 5138.
const SECONDS: std::ops::Range<f64> = 1e8..1e11;

/// The expiry that was meant, if it is given in seconds.
#[must_use]
pub fn expiry_in_seconds(expires: Expires) -> Option<Timestamp> {
    match expires {
        Expires::At(at) if SECONDS.contains(&at.as_millis()) => {
            Some(Timestamp::from_millis((at.as_millis() * 1000.0).round()))
        }
        _ => None,
    }
}

/// Anthropic's setup tokens have 108 characters, and OpenClaw accepts none with fewer than these.
const SHORTEST_SETUP_TOKEN: usize = 80;
const SETUP_TOKEN: &str = "sk-ant-oat01-";
const ANTHROPIC_KEY: &str = "sk-ant-api";
/// A terminal leaves no shorter piece of a value it splits: a shorter one may be a separate word.
const SHORTEST_PIECE: usize = 4;

/// What is wrong with what a person put into a credential.
#[must_use]
pub fn of(credential: &Credential<'_>) -> Option<Mistake> {
    let value = match credential.kind {
        CredentialKind::ApiKey => credential.key.as_ref(),
        CredentialKind::Token => credential.token.as_ref(),
        CredentialKind::OAuth => {
            let has_tokens = credential.access.is_some() || credential.refresh.is_some();
            return (credential.token.is_some() && !has_tokens).then_some(Mistake::Mistyped);
        }
    };
    in_pasted(credential.kind, &credential.provider, value?.expose())
}

/// Checks the value of a pasted key or token.
#[must_use]
pub fn in_pasted(kind: CredentialKind, provider: &str, value: &str) -> Option<Mistake> {
    if is_placeholder(value) {
        return Some(Mistake::Placeholder);
    }
    if let Some(cleaned) = cleaned(value) {
        let bare = stripped(value);
        return Some(if bare == *cleaned { Mistake::Wrapped } else { Mistake::Split });
    }
    if provider != "anthropic" {
        return None;
    }
    match kind {
        CredentialKind::ApiKey if value.starts_with(SETUP_TOKEN) => Some(Mistake::KeyIsToken),
        CredentialKind::Token if value.starts_with(ANTHROPIC_KEY) => Some(Mistake::TokenIsKey),
        CredentialKind::Token if value.starts_with(SETUP_TOKEN) && value.len() < SHORTEST_SETUP_TOKEN => {
            Some(Mistake::Short)
        }
        _ => None,
    }
}

/// Checks the value of a variable, or of the configuration, that is to be a key.
#[must_use]
pub fn in_variable(value: &str) -> Option<Mistake> {
    // A quote that was never closed has swallowed what the next line sets.
    if value.lines().skip(1).any(dotenv::sets_variable) {
        return Some(Mistake::Wrapped);
    }
    let sent: Zeroizing<String> = Zeroizing::new(value.chars().filter(|c| is_sent(*c)).collect());
    let sent = text::trim(&sent);
    let is_open = |quote: char| sent.starts_with(quote) && (sent.len() == 1 || !sent.ends_with(quote));
    if ['"', '\'', '`'].into_iter().any(is_open) {
        return Some(Mistake::Wrapped);
    }
    // No provider's own: OpenClaw takes a setup token where a key of Anthropic's is expected.
    in_pasted(CredentialKind::ApiKey, "", sent)
}

/// Whether a value is a variable's name, as a shell would replace it. Nothing that reads a `.env` file or a unit does.
fn is_unexpanded(value: &str) -> bool {
    let name = value.strip_prefix('$').unwrap_or_default();
    is_variable_name(name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name))
}

/// What stands in examples and redacted copies in the place of a key.
const PLACEHOLDERS: [&str; 7] =
    ["__openclaw_redacted__", "your_", "your-", "changeme", "replace_me", "placeholder", "api_key_here"];

/// Whether a value is what examples and redacted copies have in the place of a key.
#[must_use]
pub fn is_placeholder(value: &str) -> bool {
    // Nothing longer than an example is one, and this is asked of every key of a fleet.
    const LONGEST: usize = 60;

    let value = text::trim(value);
    if value.len() > LONGEST {
        return false;
    }
    let is_masked = value.chars().count() >= 3
        && (value.chars().all(|character| "*•".contains(character)) || value.ends_with(['*', '•', '…']));
    let is_bracketed = value.starts_with('<') && value.ends_with('>');
    let lower = value.to_ascii_lowercase();
    is_masked
        || is_bracketed
        || is_unexpanded(value)
        || PLACEHOLDERS.iter().any(|placeholder| lower.contains(placeholder))
}

/// The value as it was meant; `None` if it is fine, or if that would be a guess.
#[must_use]
pub fn cleaned(value: &str) -> Option<Zeroizing<String>> {
    let bare = stripped(value);
    let mut pieces = bare.split_whitespace().peekable();
    pieces.peek()?;
    let pieces: Vec<&str> = pieces.collect();
    let joined = Zeroizing::new(pieces.concat());
    // Keys of some providers are whole documents (a service account's JSON): those are left alone.
    let is_word = joined.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~+/=:@".contains(&byte));
    let is_one = pieces.len() == 1
        || pieces.iter().all(|piece| piece.len() >= SHORTEST_PIECE) && is_split_by_lines(bare);
    // Put together, the pieces may look like an assignment: then what was meant is a guess.
    let is_bare = stripped(&joined) == joined.as_str();
    (is_word && is_one && is_bare && *joined != value).then_some(joined)
}

/// Several words on one line are words; a value that was split has line breaks.
fn is_split_by_lines(value: &str) -> bool {
    value.lines().all(|line| line.split_whitespace().count() <= 1)
}

/// Without what people copy along: prompts, assignments, quotes, `Bearer`, white space.
fn stripped(value: &str) -> &str {
    let mut rest = text::trim(value);
    loop {
        let before = rest;
        rest = without_prompt(rest);
        for word in ["export ", "Bearer ", "bearer "] {
            rest = rest.strip_prefix(word).map_or(rest, text::trim);
        }
        rest = without_assignment(rest);
        for quote in ['"', '\'', '`'] {
            let inner = rest.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
            rest = inner.map_or(rest, text::trim);
        }
        if rest == before {
            return rest;
        }
    }
}

/// `$ `, `# `, `% `, `> `, or `user@host:~$ ` before a value.
fn without_prompt(value: &str) -> &str {
    let Some((first, rest)) = value.split_once(' ') else { return value };
    let is_prompt = first.ends_with(['$', '#', '%', '>', '❯'])
        && (first.chars().count() == 1 || first.contains('@') || first.contains('~'));
    if is_prompt { text::trim(rest) } else { value }
}

/// `ANTHROPIC_API_KEY=` before a value: a variable's name in capitals.
fn without_assignment(value: &str) -> &str {
    let Some((name, rest)) = value.split_once('=') else { return value };
    // Keys may end with the `=` of base64.
    if is_variable_name(name) && !rest.bytes().all(|byte| byte == b'=') { text::trim(rest) } else { value }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_cleaned_once_is_fine(before in "[ \n\"'$]{0,3}", value in "[A-Za-z0-9_=-]{1,40}", cut in 0..40_usize, after in "[ \n\"']{0,3}") {
            let cut = cut.min(value.len());
            let pasted = format!("{before}{}\n{}{after}", &value[..cut], &value[cut..]);
            if let Some(clean) = cleaned(&pasted) {
                prop_assert!(super::cleaned(&clean).is_none(), "{pasted:?} {clean:?}");
                // Nothing is made up: all of it was there, in this order.
                let mut rest = pasted.chars();
                prop_assert!(clean.chars().all(|wanted| rest.any(|found| found == wanted)));
            }
        }
    }

    fn clean(value: &str) -> Option<String> {
        cleaned(value).map(|clean| clean.to_string())
    }

    #[test]
    fn what_was_pasted_along_is_taken_off() {
        assert_eq!(clean("\"AB_C\nD_=0a=\""), None, "an assignment over two lines");
        for value in [
            " sk-1234 ",
            "\"sk-1234\"",
            "$ sk-1234",
            "user@host:~/x$ sk-1234",
            "export OPENAI_API_KEY=sk-1234",
            "OPENAI_API_KEY='sk-1234'",
            "Bearer sk-1234",
            "sk-1234\n",
            "sk-\u{a0}\n".replace("-\u{a0}", "-1234").as_str(),
        ] {
            assert_eq!(clean(value).as_deref(), Some("sk-1234"), "{value:?}");
        }
        assert_eq!(clean("sk-ant-oat01-abcd\n  efgh\nijkl").as_deref(), Some("sk-ant-oat01-abcdefghijkl"));
    }

    #[test]
    fn what_is_fine_or_a_guess_is_left_alone() {
        for value in [
            "sk-1234",
            "abc=",
            "a:b",
            "{\"type\": \"service_account\",\n\"key\": \"x\"}",
            "two words",
            "one\nx",
            "",
            " \n ",
            "A=1",
            "ABCDEF_GH==",
            "\"\"",
            "sk-12$ 34",
            "passphrase of\nseveral words",
        ] {
            assert_eq!(clean(value), None, "{value:?}");
        }
    }

    #[test]
    fn placeholders_are_told_from_keys() {
        for value in [
            "__OPENCLAW_REDACTED__",
            "your_api_key_here",
            "YOUR-KEY",
            "<your key>",
            "***",
            "sk-ant-api03-AB…",
            "changeme",
            "$OPENAI_API_KEY",
            "${ZAI_API_KEY}",
        ] {
            assert!(is_placeholder(value), "{value}");
        }
        for value in ["k", "sk-ant-api03-ABC-yours", "gsk_x", "", "a*b", "xai-0123456789"] {
            assert!(!is_placeholder(value), "{value}");
        }
    }

    #[test]
    fn values_of_variables_are_judged_as_openclaw_sends_them() {
        for value in ["sk-1234", " sk-1234\n", "sk-12\n34", "\u{feff}sk-1234", "sk-ant-oat01-x", "{\"a\": 1}"]
        {
            assert_eq!(in_variable(value), None, "{value:?}");
        }
        for value in ["\"sk-1234", "'sk-1234'", "\"", "Bearer sk-1234", "sk-1\nXAI_API_KEY=2\n"] {
            assert_eq!(in_variable(value), Some(Mistake::Wrapped), "{value:?}");
        }
        assert_eq!(in_variable("$ZAI_API_KEY"), Some(Mistake::Placeholder));
    }

    #[test]
    fn setup_tokens_have_a_length_and_a_place() {
        let token = format!("{SETUP_TOKEN}{}", "x".repeat(95));
        let of = |kind, value: &str| in_pasted(kind, "anthropic", value);
        assert_eq!(of(CredentialKind::Token, &token), None);
        assert_eq!(of(CredentialKind::Token, &token[..60]), Some(Mistake::Short));
        assert_eq!(of(CredentialKind::ApiKey, &token), Some(Mistake::KeyIsToken));
        assert_eq!(of(CredentialKind::Token, "sk-ant-api03-x"), Some(Mistake::TokenIsKey));
        assert_eq!(in_pasted(CredentialKind::Token, "github", &token[..60]), None);
        assert_eq!(
            of(CredentialKind::Token, &format!("{}\n{}", &token[..70], &token[70..])),
            Some(Mistake::Split)
        );
        assert_eq!(of(CredentialKind::Token, &format!(" {token}")), Some(Mistake::Wrapped));
    }
}
