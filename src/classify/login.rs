//! The second axis: whether the login behind the token can renew itself.

use openclaw_auth::merge::Effective;
use openclaw_auth::model::{CredentialKind, Timestamp};
use openclaw_auth::order::ineligible;
use openclaw_auth::provider::{self, RenewalSupport};

use super::criteria::Criteria;
use crate::model::{LoginReason, LoginState};

pub(super) type LoginVerdict = (LoginState, Option<LoginReason>, Option<Timestamp>);

pub(super) fn login_verdict(profile: &Effective<'_, '_>, criteria: &Criteria<'_>) -> LoginVerdict {
    let credential = profile.credential;
    if provider::is_owned_by_cli(profile.id, &credential.provider) {
        return (LoginState::External, Some(LoginReason::OwnedByCli), None);
    }
    if credential.is_replacement {
        return (LoginState::None, None, None);
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
        return (login, None, None);
    }
    remembered(profile, criteria).unwrap_or_else(|| {
        let since = criteria.refreshing.since(&credential.provider, profile.id);
        (if since.is_some() { LoginState::Refreshing } else { login }, None, since)
    })
}

/// What earlier attempts to renew a login have shown, as long as the token is the same.
fn remembered(profile: &Effective<'_, '_>, criteria: &Criteria<'_>) -> Option<LoginVerdict> {
    let memory = criteria.memory.filter(|memory| memory.knows(profile.id))?;
    let record = memory.login(&memory.fingerprint(profile.credential.refresh.as_ref()?.expose()))?;
    if let Some(dead) = record.dead {
        return Some((LoginState::Dead, Some(dead.reason), Some(dead.since)));
    }
    let failing = record.failing.as_ref()?;
    failing.blocked.map(|reason| (LoginState::Blocked, Some(reason), Some(failing.since)))
}
