//! Something that is not in order, wherever it is.

use std::borrow::Cow;

use openclaw_auth::model::{AgentId, ProviderId};

use super::assessment::Assessment;
use super::snapshot::ProfileHealth;

/// Something that is not in order, once, however many agents it concerns.
#[derive(Clone, Debug)]
pub struct Issue<'a> {
    /// The agent it is at; `None` for what concerns all.
    pub agent: Option<&'a AgentId>,
    pub of: IssueOf<'a>,
    pub assessment: Cow<'a, Assessment>,
    /// Other agents that have the same login from there.
    pub also: Vec<&'a AgentId>,
}

/// What an issue is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum IssueOf<'a> {
    Configuration,
    /// The profile whose renewed login waits in a recovery file.
    Recovery(&'a str),
    Store,
    Provider(&'a ProviderId),
    Login(&'a ProfileHealth),
}
