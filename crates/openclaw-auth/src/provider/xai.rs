//! xAI: Grok.

use super::facts::{ClientId, Provider, RenewalSupport, TokenEndpoint, TokenUrl};

pub(super) const PROVIDERS: &[Provider] = &[Provider {
    renewal: RenewalSupport::Refreshable(&TokenEndpoint::new(
        TokenUrl::Discovered { document: "https://auth.x.ai/.well-known/openid-configuration", host: "x.ai" },
        ClientId::Public("b1a00492-073a-47ea-816f-4c329264a828"),
    )),
    key_prefixes: &["xai-"],
    ..Provider::new("xai", &["XAI_API_KEY"])
}];
