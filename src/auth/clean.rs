//! Turns what people paste into a token or key: joins line breaks, trims quotes and prompts, and checks what it is.

use openclaw_auth::provider;
use zeroize::Zeroizing;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PastedKind {
    /// A bearer token, such as Anthropic's setup-token.
    Token,
    Key,
}

/// A token or key, and what was trimmed around it.
#[derive(Debug)]
pub struct Cleaned {
    pub secret: Zeroizing<String>,
    pub notes: Vec<&'static str>,
}

/// Why the pasted text is refused. Never includes the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("nothing was pasted")]
    Empty,
    #[error("this is more than one word; a token or key is one")]
    Words,
    #[error("this contains a character that no token or key has")]
    Characters,
    #[error(
        "the setup-token is cut off: it is {0} characters long, and a whole one has at least {SETUP_TOKEN_LENGTH}"
    )]
    Cut(usize),
    #[error("this is not an Anthropic setup-token, which begins with `{SETUP_TOKEN}`")]
    NoSetupToken,
    #[error("this is an API key, not a token")]
    IsKey,
    #[error("this is an Anthropic setup-token, not an API key")]
    IsSetupToken,
    #[error("this is a refresh token, which only renews a login")]
    IsRefreshToken,
    #[error("this is the access token of a login, which expires within hours, not an API key")]
    IsAccessToken,
    #[error("this is a key or token of {0}")]
    OtherProvider(&'static str),
}

/// How Anthropic's setup-tokens begin.
pub const SETUP_TOKEN: &str = "sk-ant-oat01-";
/// The length of the shortest one.
pub const SETUP_TOKEN_LENGTH: usize = 80;
const REFRESH_TOKEN: &str = "sk-ant-ort01-";

/// What may follow a token on its line.
const AROUND: &[char] = &['"', '\'', '`', ';', ','];

/// Shell prompts, which are copied with a whole line.
const PROMPTS: &[&str] = &["$ ", "% ", "# ", "> ", "❯ ", "➜ "];

/// The token or key in the pasted text, if this provider accepts it here.
pub fn clean(pasted: &str, provider: &str, wanted: PastedKind) -> Result<Cleaned, Refusal> {
    let mut notes = Vec::new();
    let secret = one_word(pasted, &mut notes);
    if secret.is_empty() {
        return Err(Refusal::Empty);
    }
    if secret.contains(char::is_whitespace) {
        return Err(Refusal::Words);
    }
    if !secret.chars().all(|character| character.is_ascii_graphic()) || secret.contains(['"', '\'', '`']) {
        return Err(Refusal::Characters);
    }
    check(&secret, provider, wanted)?;
    Ok(Cleaned { secret, notes })
}

fn one_word(pasted: &str, notes: &mut Vec<&'static str>) -> Zeroizing<String> {
    let plain = without_escapes(pasted);
    let mut lines: Vec<&str> = plain.lines().map(|line| line.trim_matches(is_blank)).collect();
    for line in &mut lines {
        for prompt in PROMPTS {
            if let Some(rest) = line.strip_prefix(prompt) {
                *line = rest.trim_start();
                note(notes, "a shell's prompt was left out");
            }
        }
    }
    // The prompt of the next command is copied where too much was selected.
    let mut filled = lines.iter_mut().rev().filter(|line| !line.is_empty());
    if let (Some(last), Some(_)) = (filled.next(), filled.next())
        && is_prompt(last)
    {
        *last = "";
        note(notes, "a shell's prompt was left out");
    }
    // Text around a token of a known shape is left out: `claude setup-token` prints some.
    if let Some((index, at)) =
        lines.iter().enumerate().find_map(|(index, line)| Some((index, line.find(SETUP_TOKEN)?)))
    {
        let has_prose = index > 0 && lines[..index].iter().any(|line| !line.is_empty())
            || lines[index][..at].contains(' ');
        if has_prose {
            note(notes, "the text around it was left out");
            lines.drain(..index);
            lines[0] = &lines[0][at..];
            let end = lines.iter().position(|line| !is_token_text(line.trim_end_matches(AROUND)));
            let end = end.unwrap_or(lines.len());
            lines.truncate(end.max(1));
            lines[0] = lines[0].split(' ').next().unwrap_or_default();
        } else if let Some(end) = prose_behind(&lines) {
            note(notes, "the text around it was left out");
            lines.truncate(end);
        }
    }
    let filled: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    if filled.len() > 1 {
        note(notes, "its line breaks were joined");
    }
    let mut joined = Zeroizing::new(String::with_capacity(pasted.len()));
    for line in filled {
        joined.push_str(line);
    }
    Zeroizing::new(bare(&joined, notes).to_owned())
}

/// Where a paragraph of several words begins after the first one. Without a blank line before it, it could be part of the token.
fn prose_behind(lines: &[&str]) -> Option<usize> {
    let first = lines.iter().position(|line| !line.is_empty())?;
    let blank = first + lines[first..].iter().position(|line| line.is_empty())?;
    let next = lines[blank..].iter().find(|line| !line.is_empty())?;
    next.contains(' ').then_some(blank)
}

/// `$`, `#`, `%` or `>` alone, or behind `user@host:~`.
fn is_prompt(line: &str) -> bool {
    line.ends_with(['$', '%', '#', '>', '❯', '➜'])
        && (line.chars().count() == 1 || line.contains('@') || line.contains('~'))
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{feff}' | '\u{200b}')
}

fn is_token_text(line: &str) -> bool {
    !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn note(notes: &mut Vec<&'static str>, words: &'static str) {
    if !notes.contains(&words) {
        notes.push(words);
    }
}

/// The value without what surrounds it: a variable's or header's name, `Bearer`, quotes, the end of a line of code.
fn bare<'t>(text: &'t str, notes: &mut Vec<&'static str>) -> &'t str {
    let mut text = text.trim_matches(is_blank);
    loop {
        let before = text;
        let exported = text.strip_prefix("export ").map(str::trim_start);
        text = exported.unwrap_or(text);
        text = value_of(text, exported.is_some()).unwrap_or(text);
        for scheme in ["Bearer ", "bearer "] {
            text = text.strip_prefix(scheme).unwrap_or(text).trim_start();
        }
        text = text.trim_end_matches([',', ';', '\\']).trim_end();
        for quote in ['"', '\'', '`'] {
            text = text.strip_prefix(quote).unwrap_or(text);
            text = text.strip_suffix(quote).unwrap_or(text);
        }
        if text == before {
            return text;
        }
        note(notes, "what stood around it was trimmed");
    }
}

/// The value in `NAME=value`, `Name: value` and `"name": "value"`. Keys may hold `:` and `=` themselves, so the name has to look like one:
/// in capitals with a `_` before a `=`, and with a space or a quote behind a `:`.
fn value_of(text: &str, is_exported: bool) -> Option<&str> {
    let is_long = |value: &str| value.len() >= 4 && !value.bytes().all(|byte| byte == b'=');
    if let Some((name, value)) = text.split_once('=')
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && (is_exported || name.contains('_'))
        && is_long(value)
    {
        return Some(value.trim_start());
    }
    let (name, value) = text.split_once(':')?;
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_-\" ".contains(character);
    (!name.is_empty() && name.chars().all(is_plain) && value.starts_with([' ', '"', '\'']) && is_long(value))
        .then(|| value.trim_start())
}

/// Without the escape sequences of terminals (colours, bracketed paste) and other control characters.
fn without_escapes(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\u{1b}' => {
                if rest.next_if_eq(&'[').is_some() {
                    while rest.next_if(|next| !('@'..='~').contains(next)).is_some() {}
                }
                rest.next();
            }
            '\r' if rest.peek() == Some(&'\n') => {}
            '\r' => plain.push('\n'),
            '\n' | '\t' => plain.push(character),
            _ if character.is_control() => {}
            _ => plain.push(character),
        }
    }
    plain
}

fn check(secret: &str, provider: &str, wanted: PastedKind) -> Result<(), Refusal> {
    if secret.starts_with(REFRESH_TOKEN) {
        return Err(Refusal::IsRefreshToken);
    }
    let is_setup_token = secret.starts_with(SETUP_TOKEN);
    let owner = provider::owner_of_key(secret).map(|owner| owner.id);
    let has_prefix = provider::find(provider).is_some_and(|known| !known.key_prefixes.is_empty());
    match owner {
        // A provider without a prefix of its own may be a gateway that takes others' keys.
        Some(owner) if owner != provider && has_prefix => return Err(Refusal::OtherProvider(owner)),
        _ => {}
    }
    match (wanted, provider) {
        (PastedKind::Token, "anthropic") if is_setup_token => match secret.len() {
            _ if !is_token_text(secret) => Err(Refusal::Characters),
            length if length < SETUP_TOKEN_LENGTH => Err(Refusal::Cut(length)),
            _ => Ok(()),
        },
        (PastedKind::Token, "anthropic") if owner == Some("anthropic") => Err(Refusal::IsKey),
        (PastedKind::Token, "anthropic") => Err(Refusal::NoSetupToken),
        (PastedKind::Token, _) if is_setup_token => Err(Refusal::OtherProvider("anthropic")),
        (PastedKind::Token, "openai" | "openai-codex") if secret.starts_with("sk-") => Err(Refusal::IsKey),
        (PastedKind::Key, _) if is_setup_token => Err(Refusal::IsSetupToken),
        (PastedKind::Key, "openai" | "openai-codex" | "anthropic" | "xai") if is_jwt(secret) => {
            Err(Refusal::IsAccessToken)
        }
        _ => Ok(()),
    }
}

fn is_jwt(secret: &str) -> bool {
    secret.starts_with("eyJ") && secret.split('.').count() == 3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn setup_token() -> String {
        format!("{SETUP_TOKEN}{}", "aB3_-".repeat(19))
    }

    fn token(pasted: &str) -> Result<String, Refusal> {
        clean(pasted, "anthropic", PastedKind::Token).map(|cleaned| cleaned.secret.to_string())
    }

    #[test]
    fn a_setup_token_is_found_in_whatever_came_with_it() {
        let whole = setup_token();
        let (start, end) = whole.split_at(60);
        for pasted in [
            whole.clone(),
            format!("  {whole}\n"),
            format!("{start}\n{end}\n"),
            format!("{start}\r\n  {end}\r\n"),
            format!("\"{whole}\""),
            format!("'{start}\n{end}'"),
            format!("$ {whole}"),
            format!("export ANTHROPIC_OAUTH_TOKEN='{whole}'"),
            format!("> ANTHROPIC_OAUTH_TOKEN={whole};"),
            format!("Authorization: Bearer {whole}"),
            format!("\"token\": \"{whole}\","),
            format!("\u{1b}[200~{whole}\u{1b}[201~"),
            format!("\u{1b}[32m{start}\n{end}\u{1b}[0m"),
            format!("Your OAuth token (valid for 1 year):\n\n{start}\n{end}\n\nStore this token securely.\n"),
            format!("The token is {whole} and ends in a year"),
            format!("\u{feff}{whole}"),
            format!("{whole}\nuser@host:~$ "),
            format!("{start}\n{end}\n$\n"),
            format!("{start}\n{end}\n\nStore this token securely.\n"),
        ] {
            assert_eq!(token(&pasted).as_deref(), Ok(whole.as_str()), "{pasted:?}");
        }
    }

    #[test]
    fn what_is_something_else_is_refused() {
        let key = "sk-ant-api03-abcdefghijklmnop";
        let jwt = "eyJhbGciOiJ.eyJzdWIiOiIx.c2lnbmF0dXJl";
        let clean = |pasted: &str, provider, wanted| clean(pasted, provider, wanted).err();
        assert_eq!(token(&setup_token()[..60]), Err(Refusal::Cut(60)));
        assert_eq!(token(key), Err(Refusal::IsKey));
        assert_eq!(token("hello"), Err(Refusal::NoSetupToken));
        assert_eq!(token("two words"), Err(Refusal::Words));
        assert_eq!(token("…"), Err(Refusal::Characters));
        assert_eq!(token(&format!("{}~/x", setup_token())), Err(Refusal::Characters));
        assert_eq!(token(" \n"), Err(Refusal::Empty));
        assert_eq!(token("sk-ant-ort01-abcdef"), Err(Refusal::IsRefreshToken));
        assert_eq!(token("sk-or-v1-abcdef"), Err(Refusal::OtherProvider("openrouter")));
        assert_eq!(clean(key, "anthropic", PastedKind::Key), None);
        assert_eq!(clean(&setup_token(), "anthropic", PastedKind::Key), Some(Refusal::IsSetupToken));
        assert_eq!(
            clean(&setup_token(), "acme", PastedKind::Token),
            Some(Refusal::OtherProvider("anthropic"))
        );
        assert_eq!(clean(key, "openrouter", PastedKind::Key), Some(Refusal::OtherProvider("anthropic")));
        assert_eq!(clean(key, "litellm", PastedKind::Key), None, "a gateway may take anybody's");
        assert_eq!(
            clean("sk-or-v1-abcdef", "openrouter", PastedKind::Token),
            None,
            "as OpenClaw's page has it"
        );
        assert_eq!(clean("sk-proj-abc", "openai", PastedKind::Token), Some(Refusal::IsKey));
        assert_eq!(clean(jwt, "openai", PastedKind::Key), Some(Refusal::IsAccessToken));
        assert_eq!(clean("${XAI_API_KEY}", "xai", PastedKind::Key), None);
    }

    #[test]
    fn keys_may_hold_what_else_surrounds_them() {
        for key in
            ["abc=", "ABCDEF_GH==", "id-1234:secret-5678", "user_1:secret", "a.b.c", "QUJD=REVG", "x;y"]
        {
            let cleaned = clean(key, "acme", PastedKind::Key).expect("a key");
            assert_eq!((cleaned.secret.as_str(), cleaned.notes.is_empty()), (key, true));
        }
        for pasted in [
            "ACME_KEY=abcd",
            "export ACME_KEY=\"abcd\"",
            "x-api-key: abcd",
            "\"key\":\"abcd\",",
            "Bearer abcd",
            "'abcd'",
            "abcd\nuser@host:~$ ",
            "abcd\n❯\n",
        ] {
            let cleaned = clean(pasted, "acme", PastedKind::Key).expect("a key");
            assert_eq!((cleaned.secret.as_str(), cleaned.notes.is_empty()), ("abcd", false), "{pasted}");
        }
    }

    proptest! {
        #[test]
        fn breaks_anywhere_are_joined(cuts in prop::collection::vec(14_usize..100, 0..4), indent in "[ \t]{0,3}") {
            let whole = setup_token();
            let mut pasted = whole.clone();
            let mut cuts = cuts;
            cuts.sort_unstable();
            for cut in cuts.iter().rev() {
                pasted.insert_str(*cut, &format!("\n{indent}"));
            }
            let found = token(&pasted);
            prop_assert_eq!(found.as_deref(), Ok(whole.as_str()));
        }

        #[test]
        fn nothing_makes_it_fail(pasted in any::<String>()) {
            let _ = clean(&pasted, "anthropic", PastedKind::Token);
            let _ = clean(&pasted, "xai", PastedKind::Key);
        }
    }
}
