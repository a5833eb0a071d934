//! The lines of the page's list: everything an agent has or lacks, each with how it is doing.

use openclaw_auth::model::{CooldownKind, ProviderId, Rejected, StrandedKind, Timestamp};

use super::pieces::Tone;
use super::view::{PageView, Show, Sort};
use crate::model::{AgentHealth, LoginState, ProfileHealth, Snapshot, Status};
use crate::remedy::{self, Remedy};

/// A line of the list.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    /// Whose it is; `None` for logins of vendors' command line tools.
    pub(super) agent: Option<&'a AgentHealth>,
    pub(super) what: RowKind<'a>,
    pub(super) tone: Tone,
    /// How it is doing, in a word or two.
    pub(super) label: &'static str,
    /// Whether somebody has to do something: the rest mends itself, or is only worth knowing.
    pub(super) person: bool,
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
    /// Everything there is to list, agent by agent, with the stores' troubles first and the command line tools last.
    pub(super) fn all(snapshot: &'a Snapshot) -> Vec<Self> {
        let agents = snapshot.agents.iter().flat_map(Self::of_agent);
        let external =
            snapshot.external.iter().map(|profile| Self { person: false, ..Self::of_profile(None, profile) });
        agents.chain(external).collect()
    }

    fn of_agent(agent: &'a AgentHealth) -> impl Iterator<Item = Self> {
        let row = move |what, tone, label, person| Self { agent: Some(agent), what, tone, label, person };
        let store = match (&agent.store.error, &agent.store.stranded) {
            (Some(_), _) => Some(row(RowKind::Store, Tone::Bad, "Unreadable", true)),
            (None, Some(stranded)) if stranded.kind == StrandedKind::EmptyDatabase => {
                Some(row(RowKind::Store, Tone::Bad, "Left behind", true))
            }
            (None, Some(_)) => Some(row(RowKind::Store, Tone::Soon, "Leftover", false)),
            (None, None) => None,
        };
        let missing = agent.missing_providers_in_use.iter();
        let missing = missing.map(move |id| row(RowKind::MissingProvider(id), Tone::Bad, "No login", true));
        let profiles = agent.profiles.iter().map(move |profile| Self::of_profile(Some(agent), profile));
        let rejected = agent.rejected.iter();
        let rejected = rejected.map(move |entry| row(RowKind::Rejected(entry), Tone::Soon, "Ignored", false));
        store.into_iter().chain(missing).chain(profiles).chain(rejected)
    }

    fn of_profile(agent: Option<&'a AgentHealth>, profile: &'a ProfileHealth) -> Self {
        let (tone, label, person) = match (profile.login, profile.status) {
            (LoginState::Dead, _) => (Tone::Bad, "Login dead", true),
            (LoginState::Refreshing, _) => (Tone::Busy, "Renewing", false),
            (_, Status::Missing) => (Tone::Bad, "Missing", true),
            (LoginState::Blocked, Status::Expired) => (Tone::Bad, "Blocked", true),
            (LoginState::Blocked, _) => (Tone::Soon, "Blocked", true),
            (LoginState::Renewable, Status::Expired | Status::Expiring) => {
                (Tone::Busy, "Renews itself", false)
            }
            (LoginState::External, Status::Expired | Status::Expiring) => {
                (Tone::Soon, "Sign in there", false)
            }
            (_, Status::Expired) => (Tone::Bad, "Expired", true),
            (_, Status::Expiring) => (Tone::Soon, "Ends soon", true),
            (_, Status::Ok | Status::Static) => match profile.cooldown.as_ref().map(|cooldown| cooldown.kind)
            {
                Some(CooldownKind::Cooldown) => (Tone::Soon, "Cooling down", false),
                Some(CooldownKind::Disabled) => (Tone::Soon, "Disabled", false),
                None => (Tone::Good, "Working", false),
            },
        };
        Self { agent, what: RowKind::Profile(profile), tone, label, person }
    }

    /// What it is, as text from elsewhere.
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

    /// Whether a model depends on it. What breaks a whole agent always counts.
    pub(super) fn in_use(&self) -> bool {
        match self.what {
            RowKind::Profile(profile) => profile.in_use,
            _ => true,
        }
    }

    pub(super) fn inherited(&self) -> bool {
        matches!(self.what, RowKind::Profile(profile) if profile.inherited)
    }

    /// Fine, and main's: listed there, it would only bury what needs a look.
    pub(super) fn is_quiet(&self) -> bool {
        self.inherited() && self.tone == Tone::Good
    }

    pub(super) fn remedy(&self) -> Option<Remedy> {
        let agent = self.agent?;
        match self.what {
            RowKind::Store => remedy::for_store(agent),
            RowKind::Profile(profile) => remedy::for_profile(&agent.id, profile),
            RowKind::MissingProvider(provider) => Some(remedy::for_missing_provider(agent, provider)),
            RowKind::Rejected(_) => None,
        }
    }

    /// Whether the visitor's search finds it. `needle` is in lower case.
    fn matches(&self, needle: &str) -> bool {
        let finds = |text: &str| text.to_lowercase().contains(needle);
        finds(self.agent_name()) || finds(self.name()) || finds(self.provider()) || finds(self.label)
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
            // What is there without an end comes last, what is broken without one first.
            let key = |row: &Row<'_>| {
                row.end().map_or(if row.person { f64::MIN } else { f64::MAX }, Timestamp::as_millis)
            };
            key(left).total_cmp(&key(right))
        }),
        Sort::Provider => rows.sort_by_key(|row| (row.provider(), row.name())),
    }
    rows
}
