//! The provider's limits, bills and troubles.

use crate::error_catalog::cause::{Cause, CauseKind, CauseRemedy, cause};

pub(super) const CAUSES: &[Cause] = &[
    cause(
        "billing",
        CauseKind::Provider,
        "the account is out of credit or its bill is open; OpenClaw sets its profile aside for hours",
        CauseRemedy::Run("authwatch auth order get --provider {provider} --agent {agent}"),
        "Pay at the provider. Another profile of the provider, later in the order, is used meanwhile.",
        &[
            &["insufficient_quota"],
            &["credit balance is too low"],
            &["billing"],
            &["payment required"],
            &["out of credits"],
        ],
    ),
    cause(
        "rate_limited",
        CauseKind::Provider,
        "the account has reached a limit of the provider's; OpenClaw sets its profile aside for a while",
        CauseRemedy::Run("authwatch auth order get --provider {provider} --agent {agent}"),
        "It passes by itself. A second profile in the order bridges it.",
        &[
            &["rate_limit_error"],
            &["rate_limit_exceeded"],
            &["rate_limit"],
            &["rate limit"],
            &["ratelimit"],
            &["429"],
            &["too many requests"],
            &["usage limit"],
            &["quota exceeded"],
            &["resource_exhausted"],
        ],
    ),
    cause(
        "profile_disabled",
        CauseKind::Provider,
        "OpenClaw has set the profile aside after errors, and does not use it before the time it has noted",
        CauseRemedy::Run("authwatch auth order get --provider {provider} --agent {agent}"),
        "",
        &[
            &["disableduntil"],
            &["disabledreason"],
            &["cooldownuntil"],
            &["profile", "disabled"],
            &["in cooldown"],
            &["no available auth profile"],
        ],
    ),
    cause(
        "provider_trouble",
        CauseKind::Provider,
        "the provider is overloaded or in trouble; nothing on this machine is wrong",
        CauseRemedy::Wait,
        "",
        &[
            &["overloaded_error"],
            &["overloaded"],
            &["service unavailable"],
            &["bad gateway"],
            &["gateway timeout"],
            &["internal server error"],
            &["server_error"],
            &["temporarily_unavailable"],
        ],
    ),
];
