//! The lines of the page's list: every login, missing provider, unusable store, and ignored entry, with its state.

use std::collections::HashMap;

use openclaw_auth::model::{ProviderId, Rejected, Timestamp};

use super::pieces::Tone;
use super::view::{PageView, Show, Sort};
use crate::model::{AgentHealth, Assessment, AssessmentState, Issue, IssueOf, ProfileHealth, Snapshot};
use crate::texts::text;

/// A line of the list.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    /// Whose it is; `None` for logins of vendors' command line tools.
    pub(super) agent: Option<&'a AgentHealth>,
    pub(super) what: RowKind<'a>,
    pub(super) tone: Tone,
    pub(super) state: AssessmentState,
    /// The verdict; `None` where all is well.
    pub(super) assessment: Option<&'a Assessment>,
    /// How many agents inherit it, where something is wrong with it.
    pub(super) also: usize,
    /// Whether it has a problem at this very agent.
    is_own: bool,
}

#[derive(Clone, Copy)]
pub(super) enum RowKind<'a> {
    /// The agent's store cannot be used.
    Store,
    Profile(&'a ProfileHealth),
    /// A provider in use without any login.
    MissingProvider(&'a ProviderId),
    /// An entry that OpenClaw drops.
    Rejected(&'a Rejected),
}

impl<'a> Row<'a> {
    /// Everything there is to list, agent by agent, with the stores' problems first and the command line tools last.
    pub(super) fn all(snapshot: &'a Snapshot, issues: &'a [Issue<'a>]) -> Vec<Self> {
        let known: HashMap<(&str, &str), &Issue<'_>> = issues
            .iter()
            .filter_map(|issue| {
                let name = match issue.of {
                    IssueOf::Login(profile) => profile.profile_id.as_str(),
                    IssueOf::Provider(provider) => provider.as_str(),
                    _ => return None,
                };
                Some(((issue.agent?.as_str(), name), issue))
            })
            .collect();
        let shown = |row: Self| match (row.what, known.get(&(row.agent_name(), row.name()))) {
            // At its owner, a login is as bad as for the worst of those who inherit it.
            (RowKind::Profile(_) | RowKind::MissingProvider(_), Some(issue)) => Some(Self {
                also: issue.also.len(),
                is_own: true,
                ..Self::new(row.agent, row.what, Some(&issue.assessment))
            }),
            // What agent main lacks, all others lack with it: it is listed once.
            (RowKind::MissingProvider(_), None) => None,
            _ => Some(row),
        };
        let agents = snapshot.agents.iter().flat_map(Self::of_agent).filter_map(shown);
        let external = snapshot.external.iter();
        let external =
            external.map(|profile| Self::new(None, RowKind::Profile(profile), profile.assessment.as_deref()));
        agents.chain(external).collect()
    }

    fn of_agent(agent: &'a AgentHealth) -> impl Iterator<Item = Self> {
        let row = move |what, assessment: Option<&'a Assessment>| Self::new(Some(agent), what, assessment);
        let store = agent.store_assessment.as_ref().map(|assessment| row(RowKind::Store, Some(assessment)));
        let missing = agent.provider_assessments.iter();
        let missing = missing
            .map(move |verdict| row(RowKind::MissingProvider(&verdict.provider), Some(&verdict.assessment)));
        let profiles = agent.profiles.iter();
        let profiles =
            profiles.map(move |profile| row(RowKind::Profile(profile), profile.assessment.as_deref()));
        let rejected = agent.rejected.iter();
        let rejected = rejected.map(move |entry| Self {
            tone: Tone::Busy,
            state: AssessmentState::Ignored,
            ..row(RowKind::Rejected(entry), None)
        });
        store.into_iter().chain(missing).chain(profiles).chain(rejected)
    }

    fn new(agent: Option<&'a AgentHealth>, what: RowKind<'a>, assessment: Option<&'a Assessment>) -> Self {
        let state = assessment.map_or(AssessmentState::Ok, |assessment| assessment.state);
        let tone = Tone::of(assessment.and_then(|assessment| assessment.severity));
        Self { agent, what, tone, state, assessment, also: 0, is_own: false }
    }

    pub(super) fn label(&self) -> String {
        text(&format!("state-{}", self.state.as_str()), &[])
    }

    /// Its name, which may be text from elsewhere.
    pub(super) fn name(&self) -> &'a str {
        match self.what {
            RowKind::Store => "credential store",
            RowKind::Profile(profile) => profile.profile_id.as_str(),
            RowKind::MissingProvider(provider) => provider.as_str(),
            RowKind::Rejected(rejected) => rejected.profile_id.as_str(),
        }
    }

    pub(super) fn provider(&self) -> &'a str {
        match self.what {
            RowKind::Profile(profile) => profile.provider.as_str(),
            RowKind::MissingProvider(provider) => provider.as_str(),
            RowKind::Store | RowKind::Rejected(_) => "",
        }
    }

    pub(super) fn agent_name(&self) -> &'a str {
        self.agent.map_or("", |agent| agent.id.as_str())
    }

    pub(super) fn end(&self) -> Option<Timestamp> {
        match self.what {
            RowKind::Profile(profile) => profile.end(),
            _ => None,
        }
    }

    pub(super) fn inherited(&self) -> bool {
        matches!(self.what, RowKind::Profile(profile) if profile.inherited)
    }

    /// An inherited login is listed at its owner, unless it has a problem at this agent alone, such as a cooldown.
    pub(super) fn is_quiet(&self) -> bool {
        self.inherited() && !self.is_own
    }

    /// Whether the visitor's search finds it. `needle` is in lower case.
    fn matches(&self, needle: &str) -> bool {
        let finds = |text: &str| text.to_lowercase().contains(needle);
        finds(self.agent_name()) || finds(self.name()) || finds(self.provider()) || finds(&self.label())
    }
}

/// From this many logins on, the page shows what needs attention unless asked for all.
const FLEET: usize = 50;

/// What is listed when the visitor did not say.
pub(super) fn shown(view: &PageView, rows: &[Row<'_>]) -> Show {
    let large = rows.iter().filter(|row| !row.is_quiet()).count() > FLEET;
    // A search means all there is.
    view.show.unwrap_or(if large && view.query.is_empty() { Show::Attention } else { Show::All })
}

/// The rows the visitor asked for, in the order asked for.
pub(super) fn select<'a>(rows: &[Row<'a>], view: &PageView, show: Show) -> Vec<Row<'a>> {
    let needle = view.query.to_lowercase();
    let wanted = |row: &&Row<'a>| {
        (show == Show::All || row.tone <= Tone::Soon) && (needle.is_empty() || row.matches(&needle))
    };
    let mut rows: Vec<Row<'a>> = rows.iter().filter(wanted).copied().collect();
    match view.sort {
        // That is how they come.
        Sort::Agent => {}
        Sort::Left => rows.sort_by(|left, right| {
            // Of those without an expiry time, broken ones come first and others last.
            let key = |row: &Row<'_>| {
                row.end()
                    .map_or(if row.tone <= Tone::Soon { f64::MIN } else { f64::MAX }, Timestamp::as_millis)
            };
            key(left).total_cmp(&key(right))
        }),
        Sort::Provider => rows.sort_by_key(|row| (row.provider(), row.name())),
    }
    rows
}
