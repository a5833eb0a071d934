//! The state of one profile's token as the command has it: every release warns of what expires within 24 hours.

use crate::credential::{Credential, REFRESH_MARGIN};
use crate::load::external::ExternalLogin;
use crate::merge::Effective;
use crate::model::{CredentialKind, ReasonCode, Source, Span, Timestamp};
use crate::order::ineligible;
use crate::release::Rules;

use super::question::Question;

/// What a profile's token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Static,
    Ok,
    Expiring,
    Expired,
    Missing,
}

impl Health {
    pub(super) fn is_bad(self) -> bool {
        matches!(self, Self::Expired | Self::Missing)
    }

    fn until(end: Timestamp, question: &Question<'_>) -> Self {
        match end - question.now {
            left if left <= Span::ZERO => Self::Expired,
            left if left <= question.window => Self::Expiring,
            _ => Self::Ok,
        }
    }
}

/// The state of a profile's token.
pub(super) fn of(profile: &Effective<'_, '_>, question: &Question<'_>) -> Health {
    let credential = profile.credential;
    let rules = Rules::of(question.version);
    let (now, semantics) = (question.now, rules.semantics());
    let moment = credential.expires.moment(semantics);
    match credential.kind {
        CredentialKind::ApiKey => {
            let counts_keys =
                rules == Rules::Selected || question.version.month >= 6 && rules == Rules::InUse;
            let reason = ineligible(credential, now, semantics).filter(|_| counts_keys);
            reason.map_or(Health::Static, |_| Health::Missing)
        }
        // The oldest take a token whose end is no time for one without an end.
        CredentialKind::Token if rules == Rules::Refreshable && moment.is_none() => {
            let is_there = credential.token.is_some() || credential.refers;
            if is_there { Health::Static } else { Health::Missing }
        }
        CredentialKind::Token => match ineligible(credential, now, semantics) {
            Some(ReasonCode::Expired) => Health::Expired,
            Some(_) => Health::Missing,
            None => moment.map_or(Health::Static, |end| Health::until(end, question)),
        },
        CredentialKind::OAuth => {
            if rules == Rules::Refreshable && credential.refresh.is_some() {
                return moment.map_or(Health::Missing, |_| Health::Ok);
            }
            let is_missing = rules == Rules::Selected && ineligible(credential, now, semantics).is_some();
            let moment = newer_elsewhere(profile, question).or(moment);
            match moment {
                Some(end) if !is_missing => Health::until(end, question),
                _ => Health::Missing,
            }
        }
    }
}

/// Up to 2026.7 the login of a vendor's command line stands in for the copy of it that is stored, where that is no longer usable.
fn newer_elsewhere(profile: &Effective<'_, '_>, question: &Question<'_>) -> Option<Timestamp> {
    if Rules::of(question.version) == Rules::Selected {
        return None;
    }
    let source = match profile.id {
        "anthropic:claude-cli" => Source::ClaudeCli,
        "openai-codex:codex-cli" => Source::CodexCli,
        "minimax-portal:minimax-cli" => Source::MinimaxCli,
        _ => return None,
    };
    let elsewhere: &ExternalLogin = question.external.iter().find(|login| login.source == source)?;
    let end = elsewhere.expires.filter(|end| *end - question.now > REFRESH_MARGIN)?;
    let is_usable = is_usable(profile.credential, question);
    let ours = profile.credential.expires.stored().unwrap_or(Timestamp::EPOCH);
    (!is_usable && end > ours).then_some(end)
}

/// Whether a login could be used for the next five minutes.
pub(super) fn is_usable(credential: &Credential<'_>, question: &Question<'_>) -> bool {
    credential.is_usable(question.now, Rules::of(question.version).semantics())
}
