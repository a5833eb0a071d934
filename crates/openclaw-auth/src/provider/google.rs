//! Google: Gemini by key, and the logins of its command line and of Antigravity.

use super::facts::{ClientId, FIVE_MINUTES, Provider, RenewalSupport, TokenEndpoint, TokenUrl};

const TOKEN_ENDPOINT: TokenEndpoint = TokenEndpoint {
    margin: FIVE_MINUTES,
    rotates: false,
    ..TokenEndpoint::new(TokenUrl::Fixed("https://oauth2.googleapis.com/token"), ClientId::Configured)
};

pub(super) const PROVIDERS: &[Provider] = &[
    Provider { key_prefixes: &["AIza"], ..Provider::new("google", &["GEMINI_API_KEY", "GOOGLE_API_KEY"]) },
    Provider {
        renewal: RenewalSupport::Refreshable(&TOKEN_ENDPOINT),
        ..Provider::new("google-antigravity", &[])
    },
    Provider {
        renewal: RenewalSupport::Refreshable(&TOKEN_ENDPOINT),
        ..Provider::new("google-gemini-cli", &[])
    },
    Provider::new("google-vertex", &["GOOGLE_CLOUD_API_KEY"]),
];
