//! Takes secrets out of text that somebody else wrote, before it is shown again.
//!
//! Whatever looks like one goes: better a harmless word too much than a token too little.

use std::iter::Peekable;
use std::str::CharIndices;

use crate::secret::REDACTED;

/// Names whose values are secrets, lower case and without `_` and `-`.
const NAMES: &[&str] = &[
    "access",
    "accesstoken",
    "apikey",
    "auth",
    "authorization",
    "authtoken",
    "bearer",
    "clientsecret",
    "codeverifier",
    "cookie",
    "idtoken",
    "key",
    "passwd",
    "password",
    "refresh",
    "refreshtoken",
    "secret",
    "sessionkey",
    "setcookie",
    "token",
    "xapikey",
];

/// Beginnings by which providers' tokens are known.
const BEGINNINGS: &[&str] = &[
    "sk-",
    "sk_",
    "rk-",
    "pk-",
    "xai-",
    "gsk_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "hf_",
    "AIza",
    "ya29.",
    "eyJ",
    "nvapi-",
    "pplx-",
    "csk-",
    "r8_",
    "AKIA",
    "xoxb-",
    "xoxp-",
];

/// Nothing of a message is a word this long, but tokens are.
const LONG: usize = 32;

/// The text without its secrets.
#[must_use]
pub fn mask(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.char_indices().peekable();
    // What the next word is the value of, and whether that makes it a secret.
    let mut named = false;
    let mut in_query = false;
    while let Some(&(start, character)) = rest.peek() {
        if !is_of_word(character) {
            rest.next();
            shown.push(character);
            match character {
                '?' | '&' | '#' => (in_query, named) = (true, false),
                ',' | ';' | '}' | ')' | '\n' => (in_query, named) = (false, false),
                // `a=b&`: the query goes on; a word between spaces ends it.
                ' ' => in_query = false,
                '@' => hide_userinfo(&mut shown),
                _ => {}
            }
            continue;
        }
        let word = word(text, start, &mut rest);
        let is_secret = (named && !is_scheme(word)) || looks_secret(word);
        shown.push_str(if is_secret { REDACTED } else { word });
        let is_value_of_it = names_a_value(&mut rest.clone());
        named = if is_scheme(word) {
            true
        } else {
            is_value_of_it && (is_secret_name(word) || (in_query && matches!(word, "code" | "state")))
        };
        if named && !is_scheme(word) && quoted_value(text, &mut rest, &mut shown) {
            named = false;
        }
    }
    shown
}

/// A quoted value goes as a whole, whatever is in it: `"token": "two words\" and more"`.
fn quoted_value(text: &str, rest: &mut Peekable<CharIndices<'_>>, shown: &mut String) -> bool {
    let mut ahead = rest.clone();
    let from = ahead.peek().map_or(text.len(), |(at, _)| *at);
    let mut separators = 0;
    let quote = loop {
        match ahead.next() {
            Some((_, ':' | '=')) => separators += 1,
            Some((at, quote @ ('"' | '\''))) if separators > 0 => break Some((at, quote)),
            Some((_, '"' | '\'' | '\\' | ' ' | '\t')) => {}
            _ => break None,
        }
    };
    let Some((at, quote)) = quote else { return false };
    let mut escaped = false;
    let end = ahead.find(|(_, character)| {
        let ends = *character == quote && !escaped;
        escaped = *character == '\\' && !escaped;
        ends
    });
    shown.push_str(&text[from..=at]);
    shown.push_str(REDACTED);
    if end.is_some() {
        shown.push(quote);
    }
    *rest = ahead;
    true
}

/// Letters, digits and what tokens are made of besides.
fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || "_-.~+/%".contains(character)
}

fn word<'t>(text: &'t str, start: usize, rest: &mut Peekable<CharIndices<'_>>) -> &'t str {
    while rest.next_if(|(_, character)| is_of_word(*character)).is_some() {}
    let end = rest.peek().map_or(text.len(), |(at, _)| *at);
    &text[start..end]
}

/// Whether a `:` or `=` follows, as between a name and its value.
fn names_a_value(rest: &mut Peekable<CharIndices<'_>>) -> bool {
    while rest.next_if(|(_, character)| "\"'\\ ".contains(*character)).is_some() {}
    matches!(rest.peek(), Some((_, ':' | '=')))
}

fn is_scheme(word: &str) -> bool {
    word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic")
}

fn is_secret_name(word: &str) -> bool {
    let plain: String =
        word.chars().filter(|character| character.is_alphanumeric()).collect::<String>().to_lowercase();
    NAMES.contains(&plain.as_str())
        || ["token", "apikey", "secret", "password"].iter().any(|end| plain.ends_with(end))
}

fn looks_secret(word: &str) -> bool {
    let part_is_secret = |part: &str| {
        let known = BEGINNINGS.iter().any(|beginning| {
            part.find(beginning).is_some_and(|at| {
                let before = part[..at].chars().next_back();
                part.len() > at + beginning.len() + 6 && before.is_none_or(|before| !before.is_alphanumeric())
            })
        });
        let mixed = part.contains(|character: char| character.is_ascii_digit())
            && part.contains(|character: char| character.is_ascii_alphabetic());
        known || (mixed && part.len() >= LONG && !part.contains('.'))
    };
    // Paths are looked at piece by piece: a long one is no secret for being long.
    part_is_secret(word) && !word.contains('/') || word.split('/').any(part_is_secret)
}

/// What stands between `//` and an `@` is a user and a password.
fn hide_userinfo(shown: &mut String) {
    let Some(scheme) = shown.rfind("//") else { return };
    let userinfo = &shown[scheme + 2..shown.len() - 1];
    if !userinfo.is_empty() && !userinfo.contains(char::is_whitespace) && !userinfo.contains('/') {
        shown.truncate(scheme + 2);
        shown.push_str(REDACTED);
        shown.push('@');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_go_and_the_message_stays() {
        for (text, expected) in [
            ("key sk-ant-api03-abcdefgh refused", "key [redacted] refused"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"),
            ("x-api-key: abc", "x-api-key: [redacted]"),
            (
                r#"{"error":{"code":"refresh_token_reused"},"refresh_token":"rt_1 \" x","n":1}"#,
                r#"{"error":{"code":"refresh_token_reused"},"refresh_token":"[redacted]","n":1}"#,
            ),
            (r#"{\"access\":\"abc\"}"#, r#"{\"access\":\"[redacted]"#),
            ("GET /cb?code=abc&state=x&a=1 HTTP", "GET /cb?code=[redacted]&state=[redacted]&a=1 HTTP"),
            ("https://u:p@host/x", "https://[redacted]@host/x"),
            ("refresh=rt1, expires=5", "refresh=[redacted], expires=5"),
            ("eyJhbGciOi.eyJzdWIi.c2ln", "[redacted]"),
            ("a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5", "[redacted]"),
            (
                "No credentials found for profile \"anthropic:default\".",
                "No credentials found for profile \"anthropic:default\".",
            ),
            (
                "status code: 401 for user a@x.org at /home/u/.openclaw/agents/main/agent/auth-profiles.json",
                "status code: 401 for user a@x.org at /home/u/.openclaw/agents/main/agent/auth-profiles.json",
            ),
        ] {
            assert_eq!(mask(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_token_survives_whatever_is_around_it(before in "[ -~]{0,20}", after in "[ -~]{0,20}", token in "[A-Za-z0-9_-]{8,40}") {
            let secret = format!("sk-ant-oat01-{token}");
            for text in [
                format!("{before} {secret} {after}"),
                format!("{before}\n\"refresh_token\": \"{token}\"{after}"),
                format!("{before}\n?code={token}&{after}"),
            ] {
                let shown = mask(&text);
                prop_assert!(!shown.contains(&token), "{}", shown);
            }
        }

        #[test]
        fn nothing_makes_it_fail(text in any::<String>()) {
            let _ = mask(&text);
        }
    }
}
