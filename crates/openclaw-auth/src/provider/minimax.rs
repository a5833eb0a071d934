//! MiniMax. Its portal's logins do not renew.

use super::facts::Provider;

pub(super) const PROVIDERS: &[Provider] = &[
    Provider::new("minimax", &["MINIMAX_CODE_PLAN_KEY", "MINIMAX_CODING_API_KEY", "MINIMAX_API_KEY"]),
    Provider {
        is_portal: true,
        ..Provider::new("minimax-portal", &["MINIMAX_OAUTH_TOKEN", "MINIMAX_API_KEY"])
    },
];
