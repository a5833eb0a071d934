//! The claims of a JSON web token. Never verified: the tokens are ours to use, not to trust.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::model::Timestamp;

/// The claims part, decoded. It is base64url, which many clients get wrong.
fn claims<T: for<'de> Deserialize<'de>>(token: &str) -> Option<T> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    let json = Zeroizing::new(URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?);
    serde_json::from_slice(&json).ok()
}

/// When the token ends, from its `exp` claim.
#[must_use]
pub fn expiry(token: &str) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Expiry {
        exp: f64,
    }
    claims::<Expiry>(token)
        .map(|claims| Timestamp::from_millis(claims.exp * 1000.0))
        .filter(|at| at.is_finite() && *at > Timestamp::EPOCH)
}

/// The account an access token of OpenAI's is for: `chatgpt_account_id` under `https://api.openai.com/auth`.
#[must_use]
pub fn openai_account(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct AccountClaims {
        #[serde(rename = "https://api.openai.com/auth")]
        auth: Auth,
    }
    #[derive(Deserialize)]
    struct Auth {
        chatgpt_account_id: String,
    }
    claims::<AccountClaims>(token)
        .map(|claims| claims.auth.chatgpt_account_id)
        .filter(|account| !account.trim().is_empty())
}

/// The e-mail address a token is for: the claim `email`, or OpenAI's under `https://api.openai.com/profile`.
#[must_use]
pub fn email(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct EmailClaims {
        #[serde(default)]
        email: Option<String>,
        #[serde(default, rename = "https://api.openai.com/profile")]
        profile: Option<ProfileClaim>,
    }
    #[derive(Deserialize)]
    struct ProfileClaim {
        email: Option<String>,
    }
    let claims = claims::<EmailClaims>(token)?;
    let email = claims.email.or_else(|| claims.profile?.email)?;
    (!email.trim().is_empty()).then_some(email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expiry_is_read_from_base64url() {
        // {"exp":1800000000,"a":"??>>"}, whose base64url differs from base64
        let token = format!("h.{}.s", URL_SAFE_NO_PAD.encode(r#"{"exp":1800000000,"a":"??>>"}"#));
        assert_eq!(expiry(&token), Some(Timestamp::from_millis(1_800_000_000_000.0)));
        assert_eq!(expiry("no.token"), None);
        assert_eq!(expiry("sk-ant-oat01-x"), None);
    }
}
