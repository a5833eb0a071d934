//! Anthropic: Claude.

use super::facts::{
    BodyFormat, ClientId, FIVE_MINUTES, Provider, RenewalSupport, SignIn, TokenEndpoint, TokenUrl,
};

pub(super) const PROVIDERS: &[Provider] = &[Provider {
    key_prefixes: &["sk-ant-"],
    sign_in: Some(&SignIn {
        authorize_url: "https://claude.ai/oauth/authorize",
        redirect_url: "http://localhost:53692/callback",
        scope: "org:create_api_key user:profile user:inference",
        parameters: &[("code", "true")],
        repeats_state: true,
    }),
    renewal: RenewalSupport::Refreshable(&TokenEndpoint {
        body: BodyFormat::Json,
        margin: FIVE_MINUTES,
        ..TokenEndpoint::new(
            TokenUrl::Fixed("https://platform.claude.com/v1/oauth/token"),
            ClientId::Public("9d1c250a-e61b-44d9-88ed-5944d1962f5e"),
        )
    }),
    ..Provider::new("anthropic", &["ANTHROPIC_OAUTH_TOKEN", "ANTHROPIC_API_KEY"])
}];
