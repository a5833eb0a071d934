//! GitHub Copilot. The token it stores does not rotate.

use super::{Provider, Renewal};

pub(super) const PROVIDERS: &[Provider] = &[Provider {
    renewal: Renewal::NotNeeded,
    ..Provider::new("github-copilot", &["COPILOT_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"])
}];
