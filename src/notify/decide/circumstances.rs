//! What a decision depends on besides the problems found.

use std::collections::{BTreeSet, HashMap};

use super::super::mute::Mute;
use super::super::policy::Policy;
use super::super::problem::Subject;
use crate::model::{AgentHealth, Snapshot};

/// The agents of a picture, by id.
pub(super) type AgentsById<'a> = HashMap<&'a str, &'a AgentHealth>;

/// What a decision depends on besides the conditions.
pub(super) struct Circumstances<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) here: &'a AgentsById<'a>,
    pub(super) silences: &'a [Mute],
    pub(super) policy: &'a Policy,
    /// Profiles and agents that are not there any more.
    pub(super) gone: &'a BTreeSet<Subject>,
}
