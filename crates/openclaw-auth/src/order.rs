//! Which of a provider's profiles count, and in which order OpenClaw would try them.

use super::credential::{Credential, Expires};
use super::merge::{Effective, View};
use super::settings::Settings;
use super::{provider, text};
use crate::model::{CredentialKind, ReasonCode, Semantics, Timestamp};

/// Why a stored credential can't be used at all, in 2026.9's words; `None` where it can be tried.
#[must_use]
pub fn ineligible(credential: &Credential<'_>, now: Timestamp, semantics: Semantics) -> Option<ReasonCode> {
    if credential.is_replacement {
        return Some(ReasonCode::SetupInactive);
    }
    match credential.kind {
        CredentialKind::ApiKey if semantics == Semantics::V2026_9 && is_command(credential) => {
            Some(ReasonCode::MalformedApiKey)
        }
        CredentialKind::ApiKey => {
            (credential.key.is_none() && !credential.refers).then_some(ReasonCode::MissingCredential)
        }
        CredentialKind::Token if credential.token.is_none() && !credential.refers => {
            Some(ReasonCode::MissingCredential)
        }
        CredentialKind::Token => match (credential.expires, credential.expires.moment(semantics)) {
            (Expires::Absent, _) => None,
            (_, None) => Some(ReasonCode::InvalidExpires),
            (_, Some(at)) => (now >= at).then_some(ReasonCode::Expired),
        },
        CredentialKind::OAuth if credential.access.is_some() || credential.refresh.is_some() => None,
        CredentialKind::OAuth if credential.refers => Some(ReasonCode::UnresolvedRef),
        CredentialKind::OAuth => Some(ReasonCode::MissingCredential),
    }
}

/// Whether the key is OpenClaw's own command line, pasted where the key should have been.
fn is_command(credential: &Credential<'_>) -> bool {
    // A reference goes before a key.
    let Some(key) = credential.key.as_ref().filter(|_| !credential.refers) else { return false };
    let mut words = text::trim(key.expose()).split(text::is_space).filter(|word| !word.is_empty());
    let is =
        |word: Option<&str>, expected: &str| word.is_some_and(|word| word.eq_ignore_ascii_case(expected));
    is(words.next(), "openclaw")
        && is(words.next(), "onboard")
        && words.any(|word| is(word.split('=').next(), "--auth-choice"))
}

/// The profiles of a provider that decide its roll-up.
#[derive(Debug)]
pub enum Counting<'v, 's, 'a> {
    /// All there are.
    All,
    /// These.
    Only(Vec<&'v Effective<'s, 'a>>),
}

impl<'s, 'a> Counting<'_, 's, 'a> {
    /// Whether this one of the provider's profiles is among them.
    #[must_use]
    pub fn contains(&self, profile: &Effective<'s, 'a>) -> bool {
        match self {
            Self::All => true,
            Self::Only(profiles) => profiles.iter().any(|counting| counting.id == profile.id),
        }
    }
}

/// The profiles of a provider (`group`) that decide its roll-up: those that could be tried in the explicit order (the store's, else
/// the configuration's), else in any order. Where none could be tried, the ones ordered explicitly; else all.
#[must_use]
pub fn effective_profiles<'v, 's, 'a>(
    view: &'v View<'s, 'a>,
    group: &[&'v Effective<'s, 'a>],
    provider_id: &str,
    settings: &Settings,
    now: Timestamp,
    semantics: Semantics,
) -> Counting<'v, 's, 'a> {
    let all = || group.iter().copied();
    let could_be_tried = |profile: &&Effective<'_, '_>| {
        profile.credential.provider == provider_id
            && fits_configuration(profile, provider_id, settings, semantics)
            && ineligible(profile.credential, now, semantics).is_none()
    };
    let explicit = view.order(provider_id, semantics).or_else(|| {
        let configured = settings.order_of(provider_id, semantics)?;
        Some(configured.iter().map(String::as_str).collect())
    });
    let configured: Vec<&str> = settings
        .profiles
        .iter()
        .filter(|(_, profile)| provider::normalize(&profile.provider, semantics) == provider_id)
        .map(|(id, _)| id.as_str())
        .collect();
    let base: Option<&[&str]> = match &explicit {
        Some(explicit) => Some(explicit),
        None if !configured.is_empty() => Some(&configured),
        None => None,
    };
    let Some(base) = base else {
        let tried = || all().filter(could_be_tried);
        return match tried().count() {
            0 => Counting::All,
            count if count == group.len() => Counting::All,
            _ => Counting::Only(tried().collect()),
        };
    };
    if base.is_empty() {
        return Counting::Only(Vec::new());
    }
    let named = || base.iter().filter_map(|id| view.get(id));
    let mut tried: Vec<_> = named().filter(could_be_tried).collect();
    if tried.is_empty() && named().next().is_none() {
        // An order that names nobody is repaired: OpenClaw takes what the store has.
        tried = all().filter(could_be_tried).collect();
    }
    match (tried.is_empty(), &explicit) {
        (false, _) => Counting::Only(tried),
        (true, Some(_)) => {
            Counting::Only(named().filter(|profile| profile.credential.provider == provider_id).collect())
        }
        (true, None) => Counting::All,
    }
}

/// Whether `auth.profiles` of the configuration, where it names the profile, agrees with it.
pub(super) fn fits_configuration(
    profile: &Effective<'_, '_>,
    provider_id: &str,
    settings: &Settings,
    semantics: Semantics,
) -> bool {
    let Some(configured) = settings.profiles.get(profile.id) else {
        return true;
    };
    let same_kind = match (configured.mode, profile.credential.kind) {
        (Some(CredentialKind::OAuth), CredentialKind::Token) => true,
        (Some(mode), kind) => mode == kind,
        (None, _) => false,
    };
    same_kind && provider::normalize(&configured.provider, semantics) == provider_id
}
