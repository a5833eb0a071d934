//! What a login is worth telling.

use openclaw_auth::model::{AgentId, CooldownKind, ReasonCode, Source, Span};

use super::super::problem::{Limits, Problem, ProblemKind};
use super::super::words;
use crate::model::{AgentHealth, LoginState, ProfileHealth, Scope, Severity, Snapshot, Status};
use crate::remedy::{self, Remedy};

/// A threshold that has been passed stays passed until there is so much more time left than it: what hovers is told once.
const HYSTERESIS: f64 = 1.1;
/// Under this part of the largest threshold an end is critical.
const CRITICAL_PART: f64 = 0.1;

/// Whether OpenClaw's configuration says what is used. Where it says nothing, everything counts as used.
pub(super) fn use_is_known(snapshot: &Snapshot) -> bool {
    let says = |agent: &AgentHealth| {
        !agent.missing_providers_in_use.is_empty() || agent.profiles.iter().any(|profile| profile.in_use)
    };
    snapshot.scope == Scope::InUse || snapshot.agents.iter().any(says)
}

/// What logins are judged by.
pub(super) struct LoginRules<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) limits: &'a Limits,
    pub(super) use_is_known: bool,
}

impl LoginRules<'_> {
    /// A quick look, for nearly all logins of a fleet are fine.
    pub(super) fn may_matter(&self, profile: &ProfileHealth) -> bool {
        let largest = self.limits.thresholds.first().map_or(Span::ZERO, |largest| *largest * HYSTERESIS);
        let ends_soon = profile.end().is_some_and(|end| end - self.snapshot.now <= largest);
        ends_soon
            || profile.status == Status::Missing
            || profile.login == LoginState::Dead
            || profile.cooldown.is_some()
    }

    /// What a login is worth telling; `passed` is the threshold that has been told.
    pub(super) fn profile(
        &self,
        agent: &AgentId,
        profile: &ProfileHealth,
        passed: Option<Span>,
    ) -> Option<Problem> {
        let now = self.snapshot.now;
        let in_use = profile.in_use || !self.use_is_known;
        let broken = if in_use { Severity::Critical } else { Severity::Warning };
        let lapsed_for = profile.end().map_or(Span::ZERO, |end| now - end);
        let remedy = || remedy::for_profile(agent, profile);
        let problem = match (profile.login, profile.status) {
            (LoginState::External, _) => return None,
            // Saved for later on purpose.
            _ if profile.reason_code == Some(ReasonCode::SetupInactive) && !profile.in_use => return None,
            (LoginState::Dead, _) => {
                Problem::new(ProblemKind::Dead, broken, "is dead: sign in again", remedy()?)
            }
            (LoginState::Renewable | LoginState::Refreshing | LoginState::Blocked, Status::Expired) => {
                if lapsed_for <= self.limits.grace {
                    return None;
                }
                let is_failure = self.is_to_be_renewed(profile);
                let severity = if is_failure { broken } else { Severity::Info };
                Problem::new(
                    ProblemKind::Lapsed,
                    severity,
                    "has lapsed",
                    Self::lapsed(agent, profile, is_failure),
                )
            }
            (
                LoginState::Renewable | LoginState::Refreshing | LoginState::Blocked,
                Status::Ok | Status::Expiring,
            ) => {
                return Self::disabled(agent, profile, in_use);
            }
            (_, Status::Missing) => {
                Problem::new(ProblemKind::Missing, broken, "holds no credential", remedy()?)
            }
            (_, Status::Expired) => Problem::new(ProblemKind::Expired, broken, "has ended", remedy()?),
            (_, Status::Ok | Status::Static | Status::Expiring) => {
                match self.expiring(agent, profile, in_use, passed) {
                    Some(problem) => problem,
                    None => return Self::disabled(agent, profile, in_use),
                }
            }
        };
        Some(Problem {
            provider: Some(profile.provider.as_str().to_owned()),
            since: profile.login_since.or(profile.end().filter(|end| *end <= now)),
            ends: profile.end(),
            ..problem
        })
    }

    /// Whether authwatch should have renewed it by now.
    ///
    /// A login in a database is renewed by OpenClaw alone, when an agent next needs it: an idle one lapses every night. It is a
    /// failure only once it has been attempted to have it renewed.
    fn is_to_be_renewed(&self, profile: &ProfileHealth) -> bool {
        let attempted = self.snapshot.renewals.iter().any(|renewal| {
            renewal.profile == profile.profile_id
                && renewal.last_attempt.is_some()
                && renewal.last_success < renewal.last_attempt
        });
        attempted || (self.limits.renewing && profile.source == Source::Json)
    }

    fn lapsed(agent: &AgentId, profile: &ProfileHealth, is_failure: bool) -> Remedy {
        let meaning = match (profile.login, is_failure) {
            (LoginState::Blocked, _) => "the network keeps it from being renewed",
            (LoginState::Refreshing, _) => "somebody began to renew it and has not finished",
            (_, true) => "it should have been renewed by now, and is not",
            (_, false) => "it renews itself when an agent next uses it",
        };
        let command = is_failure.then(|| match profile.login {
            LoginState::Refreshing => "authwatch doctor".to_owned(),
            _ => format!(
                "authwatch refresh --agent {} --profile {}",
                remedy::quote(agent.as_str()),
                remedy::quote(profile.profile_id.as_str())
            ),
        });
        Remedy { meaning: meaning.to_owned(), command }
    }

    fn expiring(
        &self,
        agent: &AgentId,
        profile: &ProfileHealth,
        in_use: bool,
        passed: Option<Span>,
    ) -> Option<Problem> {
        let left = profile.end()? - self.snapshot.now;
        // What has been passed stays passed a little longer, so that what hovers at an edge is told once.
        let is_within = |edge: Span| {
            let stays = passed.is_some_and(|passed| passed <= edge);
            left <= edge * if stays { HYSTERESIS } else { 1.0 }
        };
        let thresholds = &self.limits.thresholds;
        let urgent = *thresholds.first()? * CRITICAL_PART;
        let steps = thresholds.iter().copied().chain([urgent]);
        let threshold = steps.filter(|step| is_within(*step)).min_by(Span::total_cmp)?;
        let is_urgent = in_use && threshold <= urgent;
        let severity = if is_urgent { Severity::Critical } else { Severity::Warning };
        // OpenClaw calls it expiring a little later than people may want to know.
        let ending = ProfileHealth { status: Status::Expiring, ..profile.clone() };
        let remedy = remedy::for_profile(agent, &ending)?;
        Some(Problem {
            threshold: Some(threshold),
            ..Problem::new(ProblemKind::Expiring, severity, "ends soon", remedy)
        })
    }

    /// A refusal that OpenClaw remembers for hours silences an agent as well as a dead login.
    fn disabled(agent: &AgentId, profile: &ProfileHealth, in_use: bool) -> Option<Problem> {
        let cooldown =
            profile.cooldown.as_ref().filter(|cooldown| cooldown.kind == CooldownKind::Disabled)?;
        let why = cooldown.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
        let meaning = format!("OpenClaw has set it aside until {}{why}", words::date(cooldown.until));
        let severity = if in_use { Severity::Warning } else { Severity::Info };
        let remedy = Remedy { meaning, command: Some(remedy::show_order(agent, &profile.provider)) };
        Some(Problem {
            provider: Some(profile.provider.as_str().to_owned()),
            ..Problem::new(ProblemKind::Disabled, severity, "is set aside by OpenClaw", remedy)
        })
    }
}
