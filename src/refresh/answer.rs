//! What a token endpoint's answer means. Pure, and one place: the body decides, not only the status.

use openclaw_auth::model::Span;
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::outcome::{MisconfiguredReason, TransientReason};
use crate::http::HttpResponse;
use crate::model::LoginReason;

/// No access token lives longer than ten years. Whoever says so means a moment, or milliseconds; believed, it would never be renewed again.
const LONGEST_LIFE: f64 = 10.0 * 365.0 * 86_400.0;

#[derive(Debug)]
pub enum TokenAnswer {
    Tokens(Tokens),
    Dead(LoginReason),
    /// Something between us and the provider refuses.
    Transient(TransientReason, Option<Span>),
    /// Our request is wrong, not the login.
    Misconfigured(MisconfiguredReason),
}

pub struct Tokens {
    pub access: Zeroizing<String>,
    /// The new refresh token; the old one stays where there is none.
    pub refresh: Option<Zeroizing<String>>,
    pub id: Option<Zeroizing<String>>,
    /// How long the access token lives.
    pub lifetime: Option<Span>,
    /// Whose they are, where the answer says so.
    pub email: Option<String>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Tokens({})", openclaw_auth::secret::REDACTED)
    }
}

#[must_use]
pub fn judge(answer: &HttpResponse) -> TokenAnswer {
    let transient = |reason| TokenAnswer::Transient(reason, answer.retry_after);
    // A challenge or a portal speaks for itself, whatever status it comes with.
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
            .and_then(|body| dead(&body.words()))
            .map_or_else(|| transient(TransientReason::ServerError), TokenAnswer::Dead),
        _ => body.map_or_else(
            || transient(TransientReason::Refused),
            |body| refusal(&body.words(), answer.retry_after),
        ),
    }
}

fn refusal(words: &Words, retry_after: Option<Span>) -> TokenAnswer {
    if let Some(reason) = dead(words) {
        return TokenAnswer::Dead(reason);
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
fn dead(words: &Words) -> Option<LoginReason> {
    let says = |text: &str| words.message.contains(text);
    Some(match words.code.as_str() {
        "refresh_token_reused" => LoginReason::RefreshTokenReused,
        "refresh_token_expired" | "token_expired" => LoginReason::RefreshTokenExpired,
        "refresh_token_invalidated" => LoginReason::RefreshTokenInvalidated,
        // Some say invalid_grant and the true reason behind it.
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
                .filter(|seconds: &f64| *seconds > 0.0 && *seconds <= LONGEST_LIFE)
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
            TokenAnswer::Tokens(tokens) => {
                format!("tokens {:?} {}", tokens.lifetime.map(Span::as_millis), tokens.refresh.is_some())
            }
            TokenAnswer::Dead(reason) => format!("dead {}", reason.as_str()),
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
            (200, "<html>sign in to the hotel</html>", "transient bad_answer"),
            (400, r#"{"error":"invalid_grant"}"#, "dead invalid_grant"),
            (
                400,
                r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
                "dead revoked",
            ),
            (401, r#"{"error":{"code":"refresh_token_reused","message":"x"}}"#, "dead refresh_token_reused"),
            (401, r#"{"error":{"code":"refresh_token_expired"}}"#, "dead refresh_token_expired"),
            (401, r#"{"error":{"code":"refresh_token_invalidated"}}"#, "dead refresh_token_invalidated"),
            (401, r#"{"error":{"code":"token_expired"}}"#, "dead refresh_token_expired"),
            (401, r#"{"error":{"message":"Please try signing in again."}}"#, "dead sign_in_again"),
            (500, r#"{"error":{"code":"refresh_token_reused"}}"#, "dead refresh_token_reused"),
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

    #[test]
    fn whose_the_tokens_are_may_be_said() {
        let body = r#"{"access_token":"a","account":{"uuid":"u","email_address":"a@x.org"}}"#;
        let answer = HttpResponse {
            status: 200,
            retry_after: None,
            date: None,
            challenged: false,
            html: false,
            body: Zeroizing::new(body.as_bytes().to_vec()),
        };
        assert!(
            matches!(judge(&answer), TokenAnswer::Tokens(tokens) if tokens.email.as_deref() == Some("a@x.org"))
        );
    }
}
