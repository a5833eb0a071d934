//! The second axis: whether the login behind the token can renew itself.

use openclaw_auth::merge::Effective;
use openclaw_auth::model::{CredentialKind, Timestamp};
use openclaw_auth::order::ineligible;
use openclaw_auth::provider::{self, Renewal};

use super::criteria::Criteria;
use crate::model::{FailingRenewal, Login, LoginReason};
use crate::state::LoginRecord;

/// What a login is, and why and since when.
pub(super) struct Renewability {
    pub(super) login: Login,
    pub(super) reason: Option<LoginReason>,
    pub(super) since: Option<Timestamp>,
    pub(super) failing: Option<FailingRenewal>,
}

impl Renewability {
    pub(super) fn new(login: Login, reason: Option<LoginReason>, since: Option<Timestamp>) -> Self {
        Self { login, reason, since, failing: None }
    }
}

pub(super) fn login_verdict(profile: &Effective<'_, '_>, criteria: &Criteria<'_>) -> Renewability {
    let credential = profile.credential;
    if provider::is_owned_by_cli(profile.id, &credential.provider) {
        return Renewability::new(Login::External, Some(LoginReason::OwnedByCli), None);
    }
    if credential.is_replacement {
        return Renewability::new(Login::None, None, None);
    }
    let login = match credential.kind {
        CredentialKind::ApiKey | CredentialKind::Token => {
            let secret =
                if credential.kind == CredentialKind::ApiKey { &credential.key } else { &credential.token };
            if secret.is_some() || credential.refers { Login::Static } else { Login::None }
        }
        CredentialKind::OAuth => {
            match credential.known.map(|provider| provider.renewal) {
                Some(Renewal::NotNeeded) if credential.access.is_some() || credential.refresh.is_some() => {
                    Login::Static
                }
                Some(Renewal::Refreshable(_)) if credential.refresh.is_some() => Login::Renewable,
                // A provider nobody knows may well be refreshed by a plug-in of OpenClaw's; it is not by us.
                _ if ineligible(credential, criteria.now, criteria.semantics).is_none()
                    && credential.refresh.is_some() =>
                {
                    Login::Unsupported
                }
                _ => Login::None,
            }
        }
    };
    if login != Login::Renewable {
        return Renewability::new(login, None, None);
    }
    let record = remembered(profile, criteria);
    if let Some(dead) = record.and_then(|record| record.dead) {
        return Renewability::new(Login::Dead, Some(dead.reason), Some(dead.since));
    }
    let failing = record.and_then(|record| record.failing.as_ref());
    let since = criteria.refreshing.since(&credential.provider, profile.id);
    let renewability = match failing.and_then(|failing| Some((failing.blocked?, failing.since))) {
        Some((reason, since)) => Renewability::new(Login::Blocked, Some(reason), Some(since)),
        None if since.is_some() => Renewability::new(Login::Refreshing, None, since),
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
