//! The nouns: secret-free, without I/O and without a clock.
//!
//! A [`Snapshot`] is all that reports, metrics, pages and notifications ever see, so they can neither leak a secret
//! nor disagree. Its serialised form is the contract of `status --json` (`formatVersion` 1): keys may be added, none
//! may change its meaning.

mod assessment;
mod event;
mod issue;
mod remedy;
mod snapshot;
mod verdict;

pub use self::assessment::{Assessment, AssessmentState};
pub use self::event::{Event, EventKind};
pub use self::issue::{Issue, IssueOf};
pub use self::remedy::{AgentRemedy, OpenClawCommand, Remedy, RemedyOf};
pub use openclaw_auth::check::{CheckCause, ModelLogin, ModelRoute};

pub use self::snapshot::{
    AgentHealth, ChannelHealth, FailingRenewal, KeyPlace, OpenclawRelease, ProfileHealth, ProviderAssessment,
    ProviderHealth, Renewal, Snapshot, Summary,
};
pub use self::verdict::{Bucket, LoginReason, LoginState, Scope, Severity, Status};
