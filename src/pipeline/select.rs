//! Which agents are asked for.

use std::borrow::Cow;
use std::collections::BTreeSet;

use openclaw_auth::discover::{self, Agent, Discovery, NoAgent};
use openclaw_auth::paths::Roots;
use openclaw_auth::release::Release;
use openclaw_auth::settings::normalized_agent_id;

use super::request::Request;

/// The agent of an id, as it is written or as OpenClaw would make an id of it.
#[must_use]
pub fn find_agent<'d>(discovery: &'d Discovery, id: &str) -> Option<&'d Agent> {
    let find = |id: &str| discovery.agents.iter().find(|agent| agent.id.as_str() == id);
    find(id).or_else(|| find(&normalized_agent_id(id)).filter(|_| discover::is_id(id)))
}

/// The agents that are asked for.
pub(super) struct Selected<'d> {
    pub(super) agents: Cow<'d, [Agent]>,
    /// Those that are not there.
    pub(super) unknown: Vec<String>,
    /// Why the agent that a command without `--agent` means is none.
    pub(super) refused: Option<NoAgent>,
}

pub(super) fn select<'d>(
    roots: &Roots,
    discovery: &'d Discovery,
    request: &Request,
    release: &Release,
) -> Selected<'d> {
    let all = Selected { agents: Cow::Borrowed(&discovery.agents), unknown: Vec::new(), refused: None };
    if request.only_bare {
        return match discovery.bare_agent(release.at_least) {
            Ok(agent) => Selected { agents: Cow::Owned(vec![agent.clone()]), ..all },
            Err(no_agent) => Selected { refused: Some(no_agent), ..all },
        };
    }
    if request.agents.is_empty() {
        return all;
    }
    let (mut agents, mut unknown) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for id in request.agents.iter().filter(|id| seen.insert(id.as_str())) {
        let known = find_agent(discovery, id);
        if known.is_none() {
            unknown.push(id.clone());
        }
        agents.extend(known.cloned().or_else(|| discover::requested(roots, id)));
    }
    Selected { agents: Cow::Owned(agents), unknown, refused: None }
}
