//! OpenAI: keys, and the logins of `ChatGPT` that Codex uses.

use super::facts::{ClientId, Provider, RenewalSupport, SignIn, TokenEndpoint, TokenUrl};

const LOGIN: Provider = Provider {
    renewal: RenewalSupport::Refreshable(&TokenEndpoint::new(
        TokenUrl::Fixed("https://auth.openai.com/oauth/token"),
        ClientId::Public("app_EMoamEEZ73f0CkXaXp7hrann"),
    )),
    sign_in: Some(&SignIn {
        authorize_url: "https://auth.openai.com/oauth/authorize",
        redirect_url: "http://localhost:1455/auth/callback",
        scope: "openid profile email offline_access",
        parameters: &[
            ("id_token_add_organizations", "true"),
            ("codex_cli_simplified_flow", "true"),
            ("originator", "authwatch"),
        ],
        repeats_state: false,
    }),
    is_openai: true,
    ..Provider::new("openai-codex", &[])
};

pub(super) const PROVIDERS: &[Provider] = &[
    LOGIN,
    Provider {
        id: "openai",
        variables: &["OPENAI_API_KEY"],
        key_prefixes: &["sk-proj-", "sk-svcacct-"],
        ..LOGIN
    },
];
