//! The second axis: whether the login behind the token can renew automatically.

use openclaw_auth::merge::Effective;
use openclaw_auth::model::{CredentialKind, Timestamp};
use openclaw_auth::order::ineligible;
use openclaw_auth::provider::{self, RenewalSupport};

use super::criteria::Criteria;
use crate::model::{FailingRenewal, LoginReason, LoginState};
use crate::state::LoginRecord;

/// What a login is, and why and since when.
pub(super) struct Renewability {
    pub(super) login: LoginState,
    pub(super) reason: Option<LoginReason>,
    pub(super) since: Option<Timestamp>,
    pub(super) failing: Option<FailingRenewal>,
}

impl Renewability {
    pub(super) fn new(login: LoginState, reason: Option<LoginReason>, since: Option<Timestamp>) -> Self {
        Self { login, reason, since, failing: None }
    }
}

pub(super) fn login_verdict(profile: &Effective<'_, '_>, criteria: &Criteria<'_>) -> Renewability {
    let credential = profile.credential;
    if provider::is_owned_by_cli(profile.id, &credential.provider) {
        return Renewability::new(LoginState::External, Some(LoginReason::OwnedByCli), None);
    }
    if credential.is_replacement {
        return Renewability::new(LoginState::None, None, None);
    }
    let login = match credential.kind {
        CredentialKind::ApiKey | CredentialKind::Token => {
            let secret =
                if credential.kind == CredentialKind::ApiKey { &credential.key } else { &credential.token };
            if secret.is_some() || credential.refers { LoginState::Static } else { LoginState::None }
        }
        CredentialKind::OAuth => {
            match credential.known.map(|provider| provider.renewal) {
                Some(RenewalSupport::NotNeeded)
                    if credential.access.is_some() || credential.refresh.is_some() =>
                {
                    LoginState::Static
                }
                Some(RenewalSupport::Refreshable(_)) if credential.refresh.is_some() => LoginState::Renewable,
                // A provider nobody knows may well be refreshed by a plug-in of OpenClaw's; it is not by us.
                _ if ineligible(credential, criteria.now, criteria.semantics).is_none()
                    && credential.refresh.is_some() =>
                {
                    LoginState::Unsupported
                }
                _ => LoginState::None,
            }
        }
    };
    if login != LoginState::Renewable {
        return Renewability::new(login, None, None);
    }
    let record = remembered(profile, criteria);
    if let Some(refused) = record.and_then(|record| record.refused) {
        return Renewability::new(LoginState::NeedsSignIn, Some(refused.reason), Some(refused.since));
    }
    let failing = record.and_then(|record| record.failing.as_ref());
    let since = criteria.refreshing.since(&credential.provider, profile.id);
    let renewability = match failing.and_then(|failing| Some((failing.blocked?, failing.since))) {
        Some((reason, since)) => Renewability::new(LoginState::Blocked, Some(reason), Some(since)),
        None if since.is_some() => Renewability::new(LoginState::Refreshing, None, since),
        None => Renewability::new(login, None, None),
    };
    let failing = failing.map(|failing| FailingRenewal {
        reason: failing.reason.clone(),
        since: failing.since,
        times: failing.times,
        next_attempt: failing.next_attempt,
    });
    Renewability { failing, ..renewability }
}

/// What earlier attempts to renew a login have shown, as long as the token is the same.
fn remembered<'m>(profile: &Effective<'_, '_>, criteria: &Criteria<'m>) -> Option<&'m LoginRecord> {
    let memory = criteria.memory.filter(|memory| memory.knows(profile.id))?;
    memory.login(&memory.fingerprint(profile.credential.refresh.as_ref()?.expose()))
}
