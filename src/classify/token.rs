//! The first axis: what the access token is, in OpenClaw's words.

use openclaw_auth::credential::{Credential, Expires};
use openclaw_auth::fence::Fence;
use openclaw_auth::model::{CredentialKind, ReasonCode, Semantics, Span, Timestamp};
use openclaw_auth::order::ineligible;

use super::criteria::Criteria;
use crate::model::{LoginReason, LoginState, Status};

/// The verdict on an access token.
#[derive(Clone, Copy)]
pub(super) struct Token {
    pub(super) status: Status,
    pub(super) reason: Option<ReasonCode>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) remaining: Option<Span>,
    pub(super) ended_at: Option<Timestamp>,
}

impl Token {
    pub(super) fn new(status: Status) -> Self {
        Self { status, reason: None, expires_at: None, remaining: None, ended_at: None }
    }

    fn because(reason: ReasonCode, expires: Expires, semantics: Semantics) -> Self {
        let has_ended = reason == ReasonCode::Expired;
        let status = if has_ended { Status::Expired } else { Status::Missing };
        let ended_at = if has_ended { expires.moment(semantics) } else { None };
        Self { reason: Some(reason), ended_at, ..Self::new(status) }
    }

    pub(super) fn by_end(at: Timestamp, now: Timestamp, window: Span) -> Self {
        let remaining = at - now;
        let status = if remaining <= Span::ZERO {
            Status::Expired
        } else if remaining <= window {
            Status::Expiring
        } else {
            Status::Ok
        };
        Self { expires_at: Some(at), remaining: Some(remaining), ..Self::new(status) }
    }
}

pub(super) fn token_verdict(credential: &Credential<'_>, criteria: &Criteria<'_>) -> Token {
    let Criteria { now, semantics, .. } = *criteria;
    let reason = ineligible(credential, now, semantics);
    match (credential.kind, semantics) {
        (CredentialKind::ApiKey, Semantics::V2026_4) => Token::new(Status::Static),
        (CredentialKind::ApiKey, Semantics::V2026_9) => reason.map_or(Token::new(Status::Static), |reason| {
            Token::because(reason, credential.expires, semantics)
        }),
        (CredentialKind::Token, _) => match (reason, credential.expires.moment(semantics)) {
            (Some(reason), _) => Token::because(reason, credential.expires, semantics),
            (None, Some(at)) => Token::by_end(at, now, criteria.token_window()),
            (None, None) => Token::new(Status::Static),
        },
        (CredentialKind::OAuth, Semantics::V2026_9) if reason.is_some() => {
            Token { reason, ..Token::new(Status::Missing) }
        }
        (CredentialKind::OAuth, _) => {
            let renews_itself = semantics == Semantics::V2026_9 && credential.refresh.is_some();
            let window = criteria.login_window(renews_itself);
            credential
                .expires
                .moment(semantics)
                .map_or(Token::new(Status::Missing), |at| Token::by_end(at, now, window))
        }
    }
}

/// The markers of a refresh in progress are judged before anything else: their `expires` of 1 means nothing.
pub(super) fn fence_verdict(fence: Fence, semantics: Semantics) -> (Token, LoginState, Option<LoginReason>) {
    match fence {
        Fence::Pending => (Token::new(Status::Ok), LoginState::Refreshing, None),
        Fence::Failed => {
            // The release that leaves such markers says so.
            let reason = (semantics == Semantics::V2026_9).then_some(ReasonCode::Expired);
            let token = Token { reason, ..Token::new(Status::Expired) };
            (token, LoginState::NeedsSignIn, Some(LoginReason::RefreshFailed))
        }
    }
}
