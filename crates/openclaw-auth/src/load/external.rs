//! The logins of vendors' CLIs. They are observed and never refreshed: spending their tokens logs the user out there.

use std::path::PathBuf;

use serde::Deserialize;

use crate::field::FieldValue;
use crate::file;
use crate::json::Number;
use crate::model::{Source, Span, Timestamp};
use crate::paths::Roots;
use crate::secret::{SecretBuffer, SecretStr};
use crate::{jwt, text};

/// A CLI's login, without its tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalLogin {
    /// Which CLI's.
    pub source: Source,
    /// Whether there is an access token.
    pub has_access: bool,
    /// Whether there is a refresh token.
    pub has_refresh: bool,
    /// When the access token ends, Unix milliseconds.
    pub expires: Option<Timestamp>,
}

/// Codex writes no expiry; without a readable token OpenClaw reckons an hour from the last write.
const CODEX_LIFETIME: Span = Span::from_mins(60.0);

fn files(roots: &Roots) -> [(Source, PathBuf); 4] {
    [
        (Source::ClaudeCli, roots.home.join(".claude/.credentials.json")),
        (Source::CodexCli, roots.codex.join("auth.json")),
        (Source::GeminiCli, roots.home.join(".gemini/oauth_creds.json")),
        (Source::MinimaxCli, roots.home.join(".minimax/oauth_creds.json")),
    ]
}

/// Reads the login of every CLI that has one. Files that cannot be read are passed over: they are not ours.
#[must_use]
pub fn read(roots: &Roots) -> Vec<ExternalLogin> {
    let mut buffer = SecretBuffer::default();
    files(roots)
        .into_iter()
        .filter_map(|(source, path)| {
            let facts = file::read(&path, &mut buffer).ok()??;
            let text = file::text(&path, &buffer).ok()?;
            parse(source, text, facts.modified)
        })
        .collect()
}

/// The refresh tokens of the CLIs, for holding them against those of the stores.
#[must_use]
pub fn refresh_tokens(roots: &Roots) -> Vec<(PathBuf, SecretStr<'static>)> {
    let mut buffer = SecretBuffer::default();
    files(roots)
        .into_iter()
        .filter_map(|(source, path)| {
            file::read(&path, &mut buffer).ok()??;
            let json = file::text(&path, &buffer).ok()?;
            let token = match source {
                Source::ClaudeCli => {
                    serde_json::from_str::<ClaudeFile<'_>>(json).ok()?.claude_ai_oauth?.refresh_token
                }
                Source::CodexCli => serde_json::from_str::<CodexFile<'_>>(json).ok()?.tokens?.refresh_token,
                _ => serde_json::from_str::<CliTokens<'_>>(json).ok()?.refresh_token,
            };
            let token = SecretStr::owned(token?.as_text().and_then(text::non_empty)?.to_owned());
            Some((path, token))
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClaudeFile<'a> {
    #[serde(borrow)]
    claude_ai_oauth: Option<ClaudeLogin<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClaudeLogin<'a> {
    #[serde(borrow)]
    access_token: Option<FieldValue<'a>>,
    #[serde(borrow)]
    refresh_token: Option<FieldValue<'a>>,
    expires_at: Option<Number>,
}

#[derive(Deserialize)]
struct CodexFile<'a> {
    #[serde(borrow)]
    tokens: Option<CliTokens<'a>>,
}

/// Codex, Gemini and MiniMax use the same names.
#[derive(Deserialize)]
struct CliTokens<'a> {
    #[serde(borrow)]
    access_token: Option<FieldValue<'a>>,
    #[serde(borrow)]
    refresh_token: Option<FieldValue<'a>>,
    expiry_date: Option<Number>,
}

fn parse(source: Source, json: &str, modified: i64) -> Option<ExternalLogin> {
    let (access, refresh, expires) = match source {
        Source::ClaudeCli => {
            let login = serde_json::from_str::<ClaudeFile<'_>>(json).ok()?.claude_ai_oauth?;
            (
                login.access_token,
                login.refresh_token,
                login.expires_at.and_then(|number| number.0).map(Timestamp::from_millis),
            )
        }
        Source::CodexCli => {
            let tokens = serde_json::from_str::<CodexFile<'_>>(json).ok()?.tokens?;
            let from_token = tokens.access_token.as_ref().and_then(FieldValue::as_text).and_then(jwt::expiry);
            #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 stay far below 2^53")]
            let expires =
                from_token.unwrap_or(Timestamp::from_millis(modified as f64 * 1000.0) + CODEX_LIFETIME);
            (tokens.access_token, tokens.refresh_token, Some(expires))
        }
        _ => {
            let tokens = serde_json::from_str::<CliTokens<'_>>(json).ok()?;
            (
                tokens.access_token,
                tokens.refresh_token,
                tokens.expiry_date.and_then(|number| number.0).map(Timestamp::from_millis),
            )
        }
    };
    let filled = |token: Option<FieldValue<'_>>| {
        token.as_ref().and_then(FieldValue::as_text).and_then(text::non_empty).is_some()
    };
    let login = ExternalLogin { source, has_access: filled(access), has_refresh: filled(refresh), expires };
    (login.has_access || login.has_refresh).then_some(login)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_clis_file_is_understood() {
        let claude = r#"{"claudeAiOauth":{"accessToken":"a","refreshToken":"r","expiresAt":5}}"#;
        let claude = parse(Source::ClaudeCli, claude, 0).expect("a login");
        assert_eq!(
            (claude.has_access, claude.has_refresh, claude.expires),
            (true, true, Some(Timestamp::from_millis(5.0)))
        );
        let codex = |access: &str| {
            parse(Source::CodexCli, &format!(r#"{{"tokens":{{"access_token":"{access}"}}}}"#), 100)
        };
        // {"exp":7}
        assert_eq!(
            codex("e30.eyJleHAiOjd9.x").and_then(|login| login.expires),
            Some(Timestamp::from_millis(7000.0))
        );
        assert_eq!(
            codex("opaque").and_then(|login| login.expires),
            Some(Timestamp::from_millis(3_700_000.0))
        );
        assert_eq!(parse(Source::CodexCli, r#"{"OPENAI_API_KEY":"sk"}"#, 0), None);
        let gemini =
            parse(Source::GeminiCli, r#"{"refresh_token":"r","expiry_date":9}"#, 0).expect("a login");
        assert_eq!((gemini.has_access, gemini.expires), (false, Some(Timestamp::from_millis(9.0))));
    }
}
