//! One credential, and the coercion by which OpenClaw makes one out of whatever an entry holds.

use std::borrow::Cow;

use serde::de::MapAccess;

use super::field::FieldValue;
use super::json::{Number, Skipped};
use super::provider::Provider;
use super::{fence, provider, setup, text};
use crate::model::{CredentialKind, RejectReason, SecretReference, Semantics, Span, Timestamp};
use crate::secret::SecretStr;

/// Beyond this JavaScript has no dates.
const LAST_DATE: Timestamp = Timestamp::from_millis(8.64e15);
/// A refresh token is spent this long before the access token ends.
pub const REFRESH_MARGIN: Span = Span::from_mins(5.0);

/// A credential as OpenClaw sees it after loading. Borrows from the text of its store.
#[derive(Debug)]
pub struct Credential<'a> {
    /// Its kind.
    pub kind: CredentialKind,
    /// Its provider, normalised.
    pub provider: Cow<'a, str>,
    /// What is known of that provider.
    pub known: Option<&'static Provider>,
    /// `access`, if it is text that is more than white space.
    pub access: Option<SecretStr<'a>>,
    /// `refresh`, likewise.
    pub refresh: Option<SecretStr<'a>>,
    /// `key`, likewise.
    pub key: Option<SecretStr<'a>>,
    /// `token`, likewise.
    pub token: Option<SecretStr<'a>>,
    /// Whether its secret is one that is referred to: by `keyRef`, `tokenRef` or `oauthRef`, whichever its kind has.
    pub refers: bool,
    /// What `keyRef` or `tokenRef` refers to.
    pub reference: Option<Box<SecretReference>>,
    /// Whether it is saved to replace another and not put to use (2026.9).
    pub is_replacement: bool,
    /// `expires`.
    pub expires: Expires,
    /// `email`, as written.
    pub email: Option<Cow<'a, str>>,
    /// `accountId`, as written.
    pub account_id: Option<Cow<'a, str>>,
}

/// A credential's `expires`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expires {
    /// Not there.
    Absent,
    /// There, but no positive finite number.
    Invalid,
    /// A moment, Unix milliseconds.
    At(Timestamp),
}

impl Expires {
    /// The stored moment, however late it is.
    #[must_use]
    pub fn stored(self) -> Option<Timestamp> {
        if let Self::At(at) = self { Some(at) } else { None }
    }

    /// The moment, if it is one by the rules of the release: 2026.9 knows no dates past 8.64e15.
    #[must_use]
    pub fn moment(self, semantics: Semantics) -> Option<Timestamp> {
        match self {
            Self::At(at) if semantics == Semantics::V2026_4 || at <= LAST_DATE => Some(at),
            _ => None,
        }
    }
}

impl Credential<'_> {
    /// Whether an agent could make a call with it now and for the next five minutes: OAuth with an access token and a valid end.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp, semantics: Semantics) -> bool {
        self.kind == CredentialKind::OAuth
            && self.access.is_some()
            && self.fence().is_none()
            && self.expires.moment(semantics).is_some_and(|at| at - now > REFRESH_MARGIN)
    }

    /// The refresh OpenClaw has begun with it, if any.
    #[must_use]
    pub fn fence(&self) -> Option<fence::Fence> {
        if self.kind != CredentialKind::OAuth {
            return None;
        }
        let expires = self.expires.stored().map(Timestamp::as_millis);
        fence::of(self.access.as_ref()?.expose(), self.refresh.as_ref()?.expose(), expires)
            .map(|(fence, _)| fence)
    }
}

/// An entry's fields before coercion. Absent fields are `None`; the last of several equal keys wins, as in JavaScript.
#[derive(Default)]
pub struct RawEntry<'a> {
    kind: Option<FieldValue<'a>>,
    mode: Option<FieldValue<'a>>,
    provider: Option<FieldValue<'a>>,
    key: Option<FieldValue<'a>>,
    api_key: Option<FieldValue<'a>>,
    key_ref: Option<FieldValue<'a>>,
    token: Option<FieldValue<'a>>,
    token_ref: Option<FieldValue<'a>>,
    access: Option<FieldValue<'a>>,
    refresh: Option<FieldValue<'a>>,
    oauth_ref: Option<FieldValue<'a>>,
    is_replacement: bool,
    expires: Option<Number>,
    email: Option<FieldValue<'a>>,
    account_id: Option<FieldValue<'a>>,
}

impl<'a> RawEntry<'a> {
    /// Takes the value of one field.
    pub fn take<A: MapAccess<'a>>(&mut self, field: &str, map: &mut A) -> Result<(), A::Error> {
        let slot = match field {
            "type" => &mut self.kind,
            "mode" => &mut self.mode,
            "provider" => &mut self.provider,
            "key" => &mut self.key,
            "apiKey" => &mut self.api_key,
            "keyRef" => &mut self.key_ref,
            "token" => &mut self.token,
            "tokenRef" => &mut self.token_ref,
            "access" => &mut self.access,
            "refresh" => &mut self.refresh,
            "oauthRef" => &mut self.oauth_ref,
            "email" => &mut self.email,
            "accountId" => &mut self.account_id,
            "setup" => {
                self.is_replacement = setup::is_replacement(map)?;
                return Ok(());
            }
            "expires" => {
                self.expires = Some(map.next_value()?);
                return Ok(());
            }
            _ => {
                map.next_value::<Skipped>()?;
                return Ok(());
            }
        };
        *slot = Some(map.next_value()?);
        Ok(())
    }

    /// Keeps what the import of a flat `auth.json` keeps: no references, and `expires` of a token only if it is a number.
    pub fn drop_what_an_import_drops(&mut self, semantics: Semantics) {
        (self.key_ref, self.token_ref) = (None, None);
        self.key.take_if(|key| matches!(key, FieldValue::Object(_)));
        self.token.take_if(|token| matches!(token, FieldValue::Object(_)));
        if self.kind(semantics) == Ok(CredentialKind::Token) && matches!(self.expires, Some(Number(None))) {
            self.expires = None;
        }
    }

    /// Makes a credential of it, or says why OpenClaw drops the entry.
    ///
    /// `fallback_provider` stands in where the entry names none: legacy files are keyed by provider.
    pub fn coerce(
        self,
        semantics: Semantics,
        fallback_provider: Option<&str>,
    ) -> Result<Credential<'a>, RejectReason> {
        let kind = self.kind(semantics)?;
        let provider = match (&self.provider, fallback_provider) {
            (Some(FieldValue::Text(provider)), _) => provider.expose(),
            (None | Some(FieldValue::Null), Some(fallback)) => fallback,
            _ => return Err(RejectReason::MissingProvider),
        };
        let provider = intern(provider, semantics);
        if provider.0.is_empty() {
            return Err(RejectReason::MissingProvider);
        }
        Ok(self.into_credential(kind, provider, semantics))
    }

    /// The legacy import of `credentials/oauth.json` takes the entry as it is: OAuth of the key's provider unless it says otherwise.
    ///
    /// As it is: what stands in for a key elsewhere, and a reference where a value should be, stays what it is, and is nothing.
    pub fn assume_oauth(mut self, semantics: Semantics, default_provider: &str) -> Credential<'a> {
        self.api_key = None;
        self.key.take_if(|key| matches!(key, FieldValue::Object(_)));
        self.token.take_if(|token| matches!(token, FieldValue::Object(_)));
        let kind = match self.kind.as_ref().and_then(FieldValue::as_text) {
            Some("api_key") => CredentialKind::ApiKey,
            Some("token") => CredentialKind::Token,
            _ => CredentialKind::OAuth,
        };
        let provider = self.provider.as_ref().and_then(FieldValue::as_text).unwrap_or(default_provider);
        let provider = intern(provider, semantics);
        self.into_credential(kind, provider, semantics)
    }

    fn kind(&self, semantics: Semantics) -> Result<CredentialKind, RejectReason> {
        // `mode` stands in for `type` only where there is no `type` at all, not where it is null.
        let name = match (&self.kind, &self.mode) {
            (Some(kind), _) => kind.as_text(),
            (None, mode) => mode.as_ref().and_then(FieldValue::as_text),
        };
        match name {
            Some("api_key") => Ok(CredentialKind::ApiKey),
            Some("apiKey") if semantics == Semantics::V2026_9 => Ok(CredentialKind::ApiKey),
            Some("token") => Ok(CredentialKind::Token),
            Some("oauth") => Ok(CredentialKind::OAuth),
            _ => Err(RejectReason::InvalidType),
        }
    }

    fn into_credential(
        self,
        kind: CredentialKind,
        (provider, known): (Cow<'a, str>, Option<&'static Provider>),
        semantics: Semantics,
    ) -> Credential<'a> {
        let is_ref = |field: &Option<FieldValue<'a>>| {
            field.as_ref().is_some_and(|value| value.is_secret_ref(semantics))
        };
        // An object found where a value should be moves to the reference field, unless that one refers already.
        let moved =
            |field: &Option<FieldValue<'a>>| matches!(field, Some(FieldValue::Object(_))) && is_ref(field);
        let refers = match kind {
            CredentialKind::ApiKey => is_ref(&self.key_ref) || moved(&self.key),
            CredentialKind::Token => is_ref(&self.token_ref) || moved(&self.token),
            CredentialKind::OAuth => self.oauth_ref.as_ref().is_some_and(FieldValue::is_legacy_oauth_ref),
        };
        let reference = match kind {
            CredentialKind::ApiKey => [&self.key_ref, &self.key],
            CredentialKind::Token => [&self.token_ref, &self.token],
            CredentialKind::OAuth => [&None, &None],
        };
        let mut references = reference.into_iter().flatten().filter_map(|field| field.reference(semantics));
        let reference = references.next().map(Box::new);
        drop(references);
        let key = match (self.key, self.api_key) {
            (None, api_key @ Some(FieldValue::Text(_))) => api_key,
            (key, _) => key,
        };
        Credential {
            kind,
            provider,
            known,
            access: filled(self.access),
            refresh: filled(self.refresh),
            key: filled(key),
            token: filled(self.token),
            refers,
            reference,
            is_replacement: self.is_replacement && semantics == Semantics::V2026_9,
            expires: match self.expires {
                None => Expires::Absent,
                Some(Number(Some(at))) if at.is_finite() && at > 0.0 => {
                    Expires::At(Timestamp::from_millis(at))
                }
                Some(_) => Expires::Invalid,
            },
            email: plain(self.email),
            account_id: plain(self.account_id),
        }
    }
}

/// Normalises a provider id; the common ones need no memory of their own.
fn intern(id: &str, semantics: Semantics) -> (Cow<'static, str>, Option<&'static Provider>) {
    let normalized = provider::normalize(id, semantics);
    match provider::find(&normalized) {
        Some(known) => (Cow::Borrowed(known.id), Some(known)),
        None => (Cow::Owned(normalized.into_owned()), None),
    }
}

fn filled(field: Option<FieldValue<'_>>) -> Option<SecretStr<'_>> {
    match field {
        Some(FieldValue::Text(value)) if text::non_empty(value.expose()).is_some() => Some(value),
        _ => None,
    }
}

fn plain(field: Option<FieldValue<'_>>) -> Option<Cow<'_, str>> {
    match field {
        Some(FieldValue::Text(value)) => match value.reveal() {
            Cow::Borrowed(value) => text::non_empty(value).map(Cow::Borrowed),
            Cow::Owned(value) => text::non_empty(&value).map(|value| Cow::Owned(value.to_owned())),
        },
        _ => None,
    }
}
