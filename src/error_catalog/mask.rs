//! Masks secrets in text that another program wrote, before it is shown.
//!
//! Everything that looks like a secret is masked: a harmless word too many is better than a token too few.

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::CharIndices;

use openclaw_auth::secret::REDACTED;

/// Names whose values are secrets, lower case and without `_` and `-`, besides those that end with a word for
/// one.
const NAMES: &[&str] = &["access", "auth", "bearer", "codeverifier", "passwd", "pwd", "refresh"];

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
    "ASIA",
    "GOCSPX-",
    "ac_",
    "cpk_",
    "fw_",
    "glpat-",
    "rt_",
    "sess-",
    "syn_",
    "tgp_",
    "vck_",
    "xapp-",
    "xoxb-",
    "xoxp-",
];

/// Words of messages are shorter, tokens are not.
const LONG: usize = 32;
/// How many characters are searched back for a user's name, and ahead for the end of a query: a line may have
/// megabytes.
const AROUND: usize = 256;
/// Parts of words with capitals and digits are shorter, too.
const SHORTER: usize = 20;

/// What the next word is, judged by the one before it.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    /// A word like any other.
    Plain,
    Secret,
    /// A secret, or the word for its kind and then the secret.
    Authorization,
}

/// Replaces the secrets in a text.
#[must_use]
pub fn mask(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.char_indices().peekable();
    let mut next = Next::Plain;
    let mut in_query = false;
    while let Some(&(start, character)) = rest.peek() {
        if !is_of_word(character) {
            rest.next();
            shown.push(character);
            match character {
                '?' | '&' | '#' => (in_query, next) = (true, Next::Plain),
                ',' | ';' | '}' | ')' | '\n' => (in_query, next) = (false, Next::Plain),
                // `a=b&`: the query goes on; a word between spaces ends it.
                ' ' => in_query = false,
                '@' => hide_userinfo(&mut shown),
                _ => {}
            }
            continue;
        }
        let word = word(text, start, &mut rest);
        if is_scheme(word) || next == Next::Authorization && is_further_scheme(word) {
            shown.push_str(word);
            next = Next::Secret;
            continue;
        }
        let behind = rest.peek().map_or("", |(at, _)| &text[*at..]);
        // A flag's value may follow without a sign.
        let is_name = names_a_value(&mut rest.clone()) || word.starts_with("--");
        let says = if is_name { named(word, in_query, behind) } else { Next::Plain };
        if next == Next::Plain || says != Next::Plain {
            shown.push_str(&without_secrets(word));
        } else {
            // Keys may hold characters that words do not.
            while rest.next_if(|(_, character)| !ends_value(*character)).is_some() {}
            shown.push_str(REDACTED);
        }
        next = says;
        if next == Next::Plain {
            continue;
        }
        if quoted_value(text, &mut rest, &mut shown) {
            next = Next::Plain;
        } else if is_cookie(word) {
            // A cookie is a list of them: the rest of the line.
            while let Some((_, character)) = rest.next_if(|(_, character)| "\"'\\ :=".contains(*character)) {
                shown.push(character);
            }
            while rest.next_if(|(_, character)| *character != '\n').is_some() {}
            shown.push_str(REDACTED);
        }
    }
    shown
}

/// What a name says about its value.
fn named(name: &str, in_query: bool, behind: &str) -> Next {
    // A form is a query without the leading `?`.
    let in_form = || {
        let mut value = behind.chars().take(AROUND).take_while(|character| !character.is_whitespace());
        behind.starts_with('=') && value.any(|character| character == '&')
    };
    match name {
        _ if plain(name).ends_with("authorization") => Next::Authorization,
        _ if is_secret_name(name) => Next::Secret,
        "code" | "state" if in_query || in_form() => Next::Secret,
        _ => Next::Plain,
    }
}

/// Masks a quoted value as a whole, whatever is in it: `"token": "two words\" and more"`.
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

/// Whether it is a letter, a digit, or another character of tokens.
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

/// Words that name a kind of credential only after `Authorization:`.
fn is_further_scheme(word: &str) -> bool {
    ["apikey", "bot", "dpop", "key", "oauth", "token"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}

fn is_cookie(name: &str) -> bool {
    plain(name).ends_with("cookie")
}

/// Whether it ends a value without quotes.
fn ends_value(character: char) -> bool {
    character.is_whitespace() || "\"'`\\,;&<>()[]{}".contains(character)
}

/// A name in lower case, without `_` and `-`.
fn plain(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric()).collect::<String>().to_lowercase()
}

fn is_secret_name(word: &str) -> bool {
    let plain = plain(word);
    NAMES.contains(&plain.as_str())
        || ["token", "key", "secret", "password", "passphrase", "cookie"]
            .iter()
            .any(|end| plain.ends_with(end))
}

/// A word without what looks like a secret. The part of a path or an address before it stays.
fn without_secrets(word: &str) -> Cow<'_, str> {
    let is_path = word.contains("//") || word.starts_with(['/', '~', '.']);
    let mut from = 0;
    for piece in word.split('/') {
        if looks_secret(piece) {
            return Cow::Owned(format!("{}{REDACTED}", if is_path { &word[..from] } else { "" }));
        }
        from += piece.len() + 1;
    }
    Cow::Borrowed(word)
}

fn looks_secret(piece: &str) -> bool {
    BEGINNINGS.iter().any(|beginning| begins(piece, beginning))
        || if piece.contains('.') { is_long_list(piece) } else { is_mixed(piece) && piece.len() >= LONG }
}

/// Whether a token begins like this in a piece of text, and goes on.
fn begins(piece: &str, beginning: &str) -> bool {
    piece.find(beginning).is_some_and(|at| {
        let before = piece[..at].chars().next_back();
        piece.len() > at + beginning.len() + 6 && before.is_none_or(|before| !before.is_alphanumeric())
    })
}

/// Whether a word with dots is a token: names of hosts, files, and models end with a plain word, and mix no
/// capitals in.
fn is_long_list(piece: &str) -> bool {
    let ends_plainly = piece
        .rsplit('.')
        .next()
        .is_some_and(|end| !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_lowercase()));
    let has_capitals = |part: &str| {
        part.len() >= SHORTER
            && [u8::is_ascii_uppercase, u8::is_ascii_lowercase]
                .iter()
                .all(|is| part.as_bytes().iter().any(is))
    };
    !ends_plainly && piece.split('.').any(|part| is_mixed(part) && (part.len() >= LONG || has_capitals(part)))
}

fn is_mixed(part: &str) -> bool {
    part.contains(|character: char| character.is_ascii_digit())
        && part.contains(|character: char| character.is_ascii_alphabetic())
}

/// Masks the user and the password between `//` and an `@`.
fn hide_userinfo(shown: &mut String) {
    let mut before = shown.char_indices().rev().skip(1).take(AROUND);
    let start = before.find(|(_, character)| *character == '/' || character.is_whitespace());
    let Some((at, '/')) = start else { return };
    // Behind `//`, and more than nothing.
    if shown[..at].ends_with('/') && at + 2 < shown.len() {
        shown.truncate(at + 1);
        shown.push_str(REDACTED);
        shown.push('@');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_are_masked_and_the_message_stays() {
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
            (
                "x --token abc --api-key 'def' --agent main",
                "x --token [redacted] --api-key '[redacted]' --agent main",
            ),
            ("bearer token: abc", "bearer token: [redacted]"),
            ("refresh=rt1, expires=5", "refresh=[redacted], expires=5"),
            ("eyJhbGciOi.eyJzdWIi.c2ln", "[redacted]"),
            ("a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5", "[redacted]"),
            ("Authorization: Bearer id-12:x!y|z, 401", "Authorization: Bearer [redacted], 401"),
            ("-H 'authorization: Token abc' 401", "-H 'authorization: Token [redacted]' 401"),
            ("Proxy-Authorization: Basic dXNlcjpwYXNz", "Proxy-Authorization: Basic [redacted]"),
            ("Cookie: sid=abc; csrf=\"def\"\n401", "Cookie: [redacted]\n401"),
            ("AWS_SECRET_ACCESS_KEY=wJalr/K7MD/bPx", "AWS_SECRET_ACCESS_KEY=[redacted]"),
            ("client_secret=GOC:SPX*1&x=1", "client_secret=[redacted]&x=1"),
            ("password=p@ss!word x", "password=[redacted] x"),
            (
                "body code=abc&grant_type=authorization_code",
                "body code=[redacted]&grant_type=authorization_code",
            ),
            ("refresh token rt_Ab1.cd2ef3", "refresh token [redacted]"),
            // Keys of Zhipu and of Chutes, and a bot's token.
            ("no 0123456789abcdef0123456789abcdef.AbCdEf0123456789", "no [redacted]"),
            ("MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs", "[redacted]"),
            ("https://x.org/v1/0123456789abcdef0123456789abcdef/y", "https://x.org/v1/[redacted]"),
            (
                "us.anthropic.claude-sonnet-4-5-20250929-v1:0 req_011CSHoEeqs5C35K2UUqR7Fy",
                "us.anthropic.claude-sonnet-4-5-20250929-v1:0 req_011CSHoEeqs5C35K2UUqR7Fy",
            ),
            (
                "code=ENOTFOUND /x/locks/oauth-refresh/lock-7b9da1f0ba485a46aaec13e8c09ceb27.lock",
                "code=ENOTFOUND /x/locks/oauth-refresh/lock-7b9da1f0ba485a46aaec13e8c09ceb27.lock",
            ),
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

    /// A line of a log may be long and hostile: each part of it is read a few times at most.
    #[test]
    fn a_hostile_line_takes_no_longer_than_another() {
        for piece in ["@", "code=,", "//u@", "token:", "a "] {
            let line = piece.repeat(128 * 1024 / piece.len());
            assert!(!mask(&line).is_empty(), "{piece}");
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
