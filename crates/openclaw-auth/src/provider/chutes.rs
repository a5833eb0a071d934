//! Chutes.

use super::facts::{ClientId, FIVE_MINUTES, Provider, RenewalSupport, SignIn, TokenEndpoint, TokenUrl};
use crate::model::Span;

pub(super) const PROVIDERS: &[Provider] = &[Provider {
    renewal: RenewalSupport::Refreshable(&TokenEndpoint {
        margin: FIVE_MINUTES,
        at_least: Span::from_secs(30.0),
        ..TokenEndpoint::new(
            TokenUrl::Fixed("https://api.chutes.ai/idp/token"),
            ClientId::OfCredential { variable: "CHUTES_CLIENT_ID", secret_variable: "CHUTES_CLIENT_SECRET" },
        )
    }),
    sign_in: Some(&SignIn {
        authorize_url: "https://api.chutes.ai/idp/authorize",
        redirect_url: "http://127.0.0.1:1456/oauth-callback",
        scope: "openid profile chutes:invoke",
        parameters: &[],
        repeats_state: false,
    }),
    ..Provider::new("chutes", &["CHUTES_API_KEY", "CHUTES_OAUTH_TOKEN"])
}];
