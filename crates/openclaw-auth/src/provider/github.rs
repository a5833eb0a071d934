//! GitHub Copilot. The token it stores does not rotate.

use super::facts::{Provider, RenewalSupport};

pub(super) const PROVIDERS: &[Provider] = &[Provider {
    renewal: RenewalSupport::NotNeeded,
    ..Provider::new("github-copilot", &["COPILOT_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"])
}];
