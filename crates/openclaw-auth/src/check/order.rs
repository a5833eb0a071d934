//! The profiles of a provider that could be tried, and in which order, by the rules of 2026.5.12 and later.

use crate::merge::Effective;
use crate::model::{CredentialKind, ReasonCode, Timestamp};
use crate::order::ineligible;
use crate::release::{Rules, Version};

use super::facts::{auth_provider, normalize, unusable_until};
use super::question::Question;

/// The profiles a provider's model could be called with.
pub(super) struct Order<'q> {
    /// In the order they are tried.
    pub profiles: Vec<&'q Effective<'q, 'q>>,
    /// Whether the store or the configuration orders them.
    pub is_explicit: bool,
}

/// The explicit order of a provider: the store's, else the configuration's. The flag says whether it is the store's.
pub(super) fn explicit<'q>(id: &str, question: &Question<'q>) -> Option<(Vec<&'q str>, bool)> {
    let semantics = Rules::of(question.version).semantics();
    let auth = auth_provider(id, question.version);
    let stored = || question.view.order(auth, semantics).or_else(|| question.view.order(id, semantics));
    let configured = || {
        let settings = question.settings;
        let order = settings.order_of(auth, semantics).or_else(|| settings.order_of(id, semantics))?;
        Some(order.iter().map(String::as_str).collect())
    };
    stored().map(|order| (order, true)).or_else(|| Some((configured()?, false)))
}

/// Why a profile cannot be tried for a provider, or that it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Eligibility {
    Eligible,
    /// The configuration says that it is of another kind, or of another provider.
    Contradicted,
    /// Its credential cannot be used.
    Unusable(ReasonCode),
}

/// Whether a profile can be tried for a provider.
pub(super) fn eligibility(profile: &Effective<'_, '_>, id: &str, question: &Question<'_>) -> Eligibility {
    let version = question.version;
    let auth = auth_provider(id, version);
    let credential = profile.credential;
    if !serves(&credential.provider, credential.kind, auth, version) {
        return Eligibility::Contradicted;
    }
    if let Some(configured) = question.settings.profiles.get(profile.id) {
        let provider = normalize(&configured.provider, version);
        let same_kind = match (configured.mode, credential.kind) {
            (Some(CredentialKind::OAuth), CredentialKind::Token) => true,
            (Some(mode), kind) => mode == kind,
            (None, _) => false,
        };
        if !same_kind || !serves(&provider, credential.kind, auth, version) {
            return Eligibility::Contradicted;
        }
    }
    match ineligible(credential, question.now, Rules::of(version).semantics()) {
        Some(reason) => Eligibility::Unusable(reason),
        None => Eligibility::Eligible,
    }
}

/// Whether a credential of one provider can be used for another's models. 2026.5 alone takes OpenAI's keys for Codex, too.
fn serves(of: &str, kind: CredentialKind, auth: &str, version: Version) -> bool {
    let of = auth_provider(of, version);
    of == auth
        || version.month == 5 && auth == "openai-codex" && of == "openai" && kind == CredentialKind::ApiKey
}

/// The profiles of a provider that could be tried, in order.
pub(super) fn of<'q>(id: &str, question: &Question<'q>) -> Order<'q> {
    let version = question.version;
    let auth = auth_provider(id, version);
    let selects = Rules::of(version) == Rules::Selected;
    let explicit = explicit(id, question);
    let stored = || {
        let serves_it = |profile: &&Effective<'_, '_>| {
            serves(&profile.credential.provider, profile.credential.kind, auth, version)
        };
        let mut profiles: Vec<_> = question.view.profiles.iter().filter(serves_it).collect();
        profiles.sort_by_key(|profile| profile.position);
        profiles.into_iter()
    };
    let configured: Vec<&str> = question
        .settings
        .profiles
        .iter()
        .filter(|(_, profile)| auth_provider(&normalize(&profile.provider, version), version) == auth)
        .map(|(id, _)| id.as_str())
        .collect();
    let base: Option<Vec<&str>> = match &explicit {
        Some((order, _)) => Some(order.clone()),
        None if !configured.is_empty() => Some(configured.clone()),
        None => None,
    };
    let could_be_tried = |profile: &&Effective<'_, '_>| match eligibility(profile, id, question) {
        Eligibility::Eligible => true,
        // Whether a reference leads anywhere is asked later.
        Eligibility::Unusable(ReasonCode::UnresolvedRef) => selects,
        _ => false,
    };
    let is_explicit = explicit.is_some();
    let mut profiles: Vec<&Effective<'_, '_>> = match &base {
        Some(ids) => {
            let mut named: Vec<&Effective<'_, '_>> = Vec::new();
            for profile in ids.iter().filter_map(|id| question.view.get(id)) {
                if !named.iter().any(|other| other.id == profile.id) {
                    named.push(profile);
                }
            }
            named.into_iter().filter(could_be_tried).collect()
        }
        None => stored().filter(could_be_tried).collect(),
    };
    let names_nobody = base.as_ref().is_some_and(|ids| ids.iter().all(|id| question.view.get(id).is_none()));
    let from_store = matches!(explicit, Some((_, true)));
    // 2026.5 repairs such an order only where the configuration describes profiles, later ones where the store has it, too.
    let repairs = !configured.is_empty() || from_store && version.month >= 6;
    let is_repaired = profiles.is_empty() && names_nobody && repairs;
    if is_repaired {
        profiles = stored().filter(could_be_tried).collect();
    }
    let keeps_order = matches!(&explicit, Some((order, _)) if !order.is_empty()) && !is_repaired;
    let cooldown =
        |profile: &Effective<'_, '_>| unusable_until(profile.id, &profile.credential.provider, question);
    let kind = |profile: &Effective<'_, '_>| match profile.credential.kind {
        CredentialKind::OAuth => 0,
        CredentialKind::Token => 1,
        CredentialKind::ApiKey => 2,
    };
    let has_expired = |profile: &Effective<'_, '_>| {
        let end = profile.credential.expires.stored();
        selects
            && profile.credential.kind == CredentialKind::OAuth
            && end.is_some_and(|end| end <= question.now)
    };
    let last_used = |profile: &Effective<'_, '_>| {
        question.view.usage(profile.id).and_then(|usage| usage.last_used).unwrap_or(Timestamp::EPOCH)
    };
    profiles.sort_by(|one, other| match (cooldown(one), cooldown(other)) {
        (None, None) if keeps_order => std::cmp::Ordering::Equal,
        (None, None) => (kind(one), has_expired(one))
            .cmp(&(kind(other), has_expired(other)))
            .then_with(|| last_used(one).total_cmp(&last_used(other))),
        (Some(one), Some(other)) => one.total_cmp(&other),
        (one, other) => one.is_some().cmp(&other.is_some()),
    });
    Order { profiles, is_explicit }
}
