//! The provider's answer to a sign-in: a code or a refusal, as the browser brings it or as a person pastes it.

use std::fmt;

use openclaw_auth::secret::REDACTED;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

#[derive(PartialEq, Eq)]
pub enum CallbackAnswer {
    /// A code that can be redeemed once.
    Code(Zeroizing<String>),
    /// It refuses, and says why.
    Denied(String),
}

impl fmt::Debug for CallbackAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(_) => write!(formatter, "Code({REDACTED})"),
            Self::Denied(reason) => write!(formatter, "Denied({reason})"),
        }
    }
}

/// Why something is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// It belongs to another sign-in.
    #[error("that is the answer to another sign-in: start from the address above")]
    WrongState,
    /// There is neither a code nor a refusal in it.
    #[error("there is no code in that: paste the whole address the browser ended on, or the code")]
    NoCode,
}

/// Reads the query of the address the browser comes back to. It has to repeat the state.
pub fn from_query(query: &str, state: &str) -> Result<CallbackAnswer, CallbackError> {
    read(query, state, true)
}

/// Reads what a person pastes: the address the browser ended on, its query, `code#state`, or the code alone.
pub fn from_pasted(pasted: &str, state: &str) -> Result<CallbackAnswer, CallbackError> {
    // Terminals break long addresses.
    let joined: Zeroizing<String> =
        Zeroizing::new(pasted.chars().filter(|character| !character.is_whitespace()).collect());
    let text = joined.trim_matches(['"', '\'', '<', '>']);
    if text.contains("code=") || text.contains("error=") {
        let query = text.split_once('?').map_or(text, |(_, query)| query);
        return read(query.trim_end_matches('#'), state, false);
    }
    if text.is_empty() || text.contains("://") {
        return Err(CallbackError::NoCode);
    }
    match text.split_once('#') {
        Some((_, theirs)) if !is_same(theirs, state) => Err(CallbackError::WrongState),
        Some((code, _)) => Ok(CallbackAnswer::Code(Zeroizing::new(code.to_owned()))),
        None => Ok(CallbackAnswer::Code(Zeroizing::new(text.to_owned()))),
    }
}

fn read(query: &str, state: &str, needs_state: bool) -> Result<CallbackAnswer, CallbackError> {
    let field = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| Zeroizing::new(value.into_owned()))
            .filter(|value| !value.is_empty())
    };
    match field("state") {
        Some(theirs) if !is_same(&theirs, state) => return Err(CallbackError::WrongState),
        None if needs_state => return Err(CallbackError::WrongState),
        _ => {}
    }
    if let Some(error) = field("error") {
        let words = field("error_description").unwrap_or(error);
        return Ok(CallbackAnswer::Denied(words.to_string()));
    }
    field("code").map(CallbackAnswer::Code).ok_or(CallbackError::NoCode)
}

/// Whoever tries states learns nothing from how long the answer takes.
fn is_same(theirs: &str, state: &str) -> bool {
    bool::from(theirs.as_bytes().ct_eq(state.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> CallbackAnswer {
        CallbackAnswer::Code(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn answers_are_read_in_every_form() {
        let pasted = |text: &str| from_pasted(text, "st");
        assert_eq!(pasted("http://localhost:1455/auth/callback?code=a%2Bb&state=st"), Ok(code("a+b")));
        assert_eq!(pasted(" 'http://localhost:1455/auth/\n callback?state=st&code=ab' \n"), Ok(code("ab")));
        assert_eq!(pasted("code=ab&state=st"), Ok(code("ab")));
        assert_eq!(pasted("ab#st"), Ok(code("ab")));
        assert_eq!(pasted("ab\n"), Ok(code("ab")));
        assert_eq!(pasted("ab#other"), Err(CallbackError::WrongState));
        assert_eq!(pasted("http://x/?code=ab&state=other"), Err(CallbackError::WrongState));
        assert_eq!(pasted("http://localhost:1455/auth/callback"), Err(CallbackError::NoCode));
        assert_eq!(pasted(""), Err(CallbackError::NoCode));
        assert_eq!(
            pasted("http://x/?error=access_denied&error_description=No+thanks&state=st"),
            Ok(CallbackAnswer::Denied("No thanks".to_owned()))
        );
        assert_eq!(from_query("code=ab", "st"), Err(CallbackError::WrongState), "a browser always has it");
        assert_eq!(from_query("error=x", "st"), Err(CallbackError::WrongState));
        assert!(!format!("{:?}", pasted("ab")).contains("ab"));
    }
}
