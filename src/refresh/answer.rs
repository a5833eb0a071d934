//! What a token endpoint's answer means. The body decides, not only the status.

use openclaw_auth::model::Span;
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::outcome::{MisconfiguredReason, TransientReason};
use crate::http::HttpResponse;
use crate::model::LoginReason;

/// A longer `expires_in`, in seconds, is a timestamp or in milliseconds. If it were believed, the login would never be renewed.
const MAX_LIFETIME: f64 = 10.0 * 365.0 * 86_400.0;

#[derive(Debug)]
pub enum TokenAnswer {
    Tokens(Tokens),
    NeedsSignIn(LoginReason),
    /// May work later; after so long, if the provider says so.
    Transient(TransientReason, Option<Span>),
    /// Our request is wrong, not the login.
    Misconfigured(MisconfiguredReason),
}

pub struct Tokens {
    pub access: Zeroizing<String>,
    /// `None` where the old refresh token stays valid.
    pub refresh: Option<Zeroizing<String>>,
    pub id: Option<Zeroizing<String>>,
    /// Of the access token.
    pub lifetime: Option<Span>,
    /// Of the account, where the answer has it.
    pub email: Option<String>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Tokens({})", openclaw_auth::secret::REDACTED)
    }
}

pub fn judge(answer: &HttpResponse) -> TokenAnswer {
    let transient = |reason| TokenAnswer::Transient(reason, answer.retry_after);
    // A challenge page counts whatever its status.
    if answer.challenged || (answer.html && answer.status != 200) {
        return transient(TransientReason::Challenged);
    }
    let body = serde_json::from_slice::<Body>(&answer.body).ok();
    match answer.status {
        200..=299 => match body.and_then(Body::into_tokens) {
            Some(tokens) => TokenAnswer::Tokens(tokens),
            // A captive portal answers 200 with its own page.
            None => transient(TransientReason::BadAnswer),
        },
        429 => transient(TransientReason::RateLimited),
        408 => transient(TransientReason::RequestTimeout),
        300..=399 => transient(TransientReason::BadAnswer),
        500.. => body
            .and_then(|body| needs_sign_in(&body.words()))
            .map_or_else(|| transient(TransientReason::ServerError), TokenAnswer::NeedsSignIn),
        _ => body.map_or_else(
            || transient(TransientReason::Refused),
            |body| refusal(&body.words(), answer.retry_after),
        ),
    }
}

fn refusal(words: &Words, retry_after: Option<Span>) -> TokenAnswer {
    if let Some(reason) = needs_sign_in(words) {
        return TokenAnswer::NeedsSignIn(reason);
    }
    match words.code.as_str() {
        "unsupported_country_region_territory" => {
            TokenAnswer::Transient(TransientReason::RegionBlocked, retry_after)
        }
        "invalid_client" => TokenAnswer::Misconfigured(MisconfiguredReason::InvalidClient),
        "unauthorized_client" => TokenAnswer::Misconfigured(MisconfiguredReason::UnauthorizedClient),
        "invalid_request" => TokenAnswer::Misconfigured(MisconfiguredReason::InvalidRequest),
        "unsupported_grant_type" | "invalid_scope" => {
            TokenAnswer::Misconfigured(MisconfiguredReason::InvalidRequest)
        }
        "rate_limit_exceeded" | "slow_down" => {
            TokenAnswer::Transient(TransientReason::RateLimited, retry_after)
        }
        "temporarily_unavailable" | "server_error" => {
            TokenAnswer::Transient(TransientReason::ServerError, retry_after)
        }
        _ => TokenAnswer::Transient(TransientReason::Refused, retry_after),
    }
}

/// The refusals that no retry will change.
fn needs_sign_in(words: &Words) -> Option<LoginReason> {
    let says = |text: &str| words.message.contains(text);
    Some(match words.code.as_str() {
        "refresh_token_reused" => LoginReason::RefreshTokenReused,
        "refresh_token_expired" | "token_expired" => LoginReason::RefreshTokenExpired,
        "refresh_token_invalidated" => LoginReason::RefreshTokenInvalidated,
        // Some providers give the real reason in the message.
        "invalid_grant" if says("reused") || says("already been used") => LoginReason::RefreshTokenReused,
        "invalid_grant" if says("revoked") => LoginReason::Revoked,
        "invalid_grant" => LoginReason::InvalidGrant,
        "token_revoked" | "revoked" => LoginReason::Revoked,
        _ if says("signing in again") || says("sign in again") => LoginReason::SignInAgain,
        _ if says("token") && says("revoked") => LoginReason::Revoked,
        _ => return None,
    })
}

/// The shapes answers come in: OAuth's, and OpenAI's with an object under `error`.
#[derive(Deserialize)]
struct Body {
    access_token: Option<Value>,
    refresh_token: Option<Value>,
    id_token: Option<Value>,
    expires_in: Option<Value>,
    account: Option<Value>,
    error: Option<Value>,
    error_description: Option<Value>,
    code: Option<Value>,
    message: Option<Value>,
}

struct Words {
    code: String,
    message: String,
}

impl Body {
    fn into_tokens(self) -> Option<Tokens> {
        let secret = |value: Option<Value>| match value {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(Zeroizing::new(text)),
            _ => None,
        };
        let seconds = match self.expires_in {
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        };
        let email = self.account.as_ref().and_then(|account| account.get("email_address")?.as_str());
        let email = email.filter(|email| !email.trim().is_empty()).map(str::to_owned);
        Some(Tokens {
            email,
            access: secret(self.access_token)?,
            refresh: secret(self.refresh_token),
            id: secret(self.id_token),
            lifetime: seconds
                .filter(|seconds: &f64| *seconds > 0.0 && *seconds <= MAX_LIFETIME)
                .map(Span::from_secs),
        })
    }

    fn words(&self) -> Words {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_lowercase();
        let nested = |key: &str| self.error.as_ref().and_then(|error| error.get(key));
        let codes =
            [text(self.error.as_ref()), text(nested("code")), text(nested("type")), text(self.code.as_ref())];
        let message =
            [text(self.error_description.as_ref()), text(nested("message")), text(self.message.as_ref())]
                .join(" ");
        Words { code: codes.into_iter().find(|code| !code.is_empty()).unwrap_or_default(), message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &str) -> String {
        let answer = HttpResponse {
            status,
            retry_after: None,
            challenged: false,
            html: body.starts_with('<'),
            date: None,
            body: Zeroizing::new(body.as_bytes().to_vec()),
        };
        match judge(&answer) {
            TokenAnswer::Tokens(Tokens { lifetime, refresh, email, .. }) => {
                let email = email.map(|email| format!(" {email}")).unwrap_or_default();
                format!("tokens {:?} {}{email}", lifetime.map(Span::as_millis), refresh.is_some())
            }
            TokenAnswer::NeedsSignIn(reason) => format!("needs sign-in {}", reason.as_str()),
            TokenAnswer::Transient(reason, _) => format!("transient {}", reason.as_str()),
            TokenAnswer::Misconfigured(reason) => format!("misconfigured {}", reason.as_str()),
        }
    }

    #[test]
    fn every_answer_means_what_it_says() {
        for (status, body, expected) in [
            (
                200,
                r#"{"access_token":"a","refresh_token":"r","expires_in":3600}"#,
                "tokens Some(3600000.0) true",
            ),
            (200, r#"{"access_token":"a","expires_in":"60"}"#, "tokens Some(60000.0) false"),
            (200, r#"{"access_token":"a","refresh_token":"","expires_in":-1}"#, "tokens None false"),
            (200, r#"{"access_token":""}"#, "transient bad_answer"),
            (
                200,
                r#"{"access_token":"a","account":{"uuid":"u","email_address":"a@x.org"}}"#,
                "tokens None false a@x.org",
            ),
            (200, "<html>sign in to the hotel</html>", "transient bad_answer"),
            (400, r#"{"error":"invalid_grant"}"#, "needs sign-in invalid_grant"),
            (
                400,
                r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
                "needs sign-in revoked",
            ),
            (
                401,
                r#"{"error":{"code":"refresh_token_reused","message":"x"}}"#,
                "needs sign-in refresh_token_reused",
            ),
            (401, r#"{"error":{"code":"refresh_token_expired"}}"#, "needs sign-in refresh_token_expired"),
            (
                401,
                r#"{"error":{"code":"refresh_token_invalidated"}}"#,
                "needs sign-in refresh_token_invalidated",
            ),
            (401, r#"{"error":{"code":"token_expired"}}"#, "needs sign-in refresh_token_expired"),
            (401, r#"{"error":{"message":"Please try signing in again."}}"#, "needs sign-in sign_in_again"),
            (500, r#"{"error":{"code":"refresh_token_reused"}}"#, "needs sign-in refresh_token_reused"),
            (403, r#"{"error":{"code":"unsupported_country_region_territory"}}"#, "transient region_blocked"),
            (403, "<html>Just a moment...</html>", "transient challenged"),
            (429, r#"{"error":"invalid_grant"}"#, "transient rate_limited"),
            (408, "", "transient request_timeout"),
            (503, "busy", "transient server_error"),
            (302, "", "transient bad_answer"),
            (401, r#"{"error":"invalid_client"}"#, "misconfigured invalid_client"),
            (400, r#"{"error":"unauthorized_client"}"#, "misconfigured unauthorized_client"),
            (400, r#"{"error":"invalid_request"}"#, "misconfigured invalid_request"),
            (418, r#"{"error":"teapot"}"#, "transient refused"),
            (404, "", "transient refused"),
        ] {
            assert_eq!(judged(status, body), expected, "{status} {body}");
        }
    }
}
