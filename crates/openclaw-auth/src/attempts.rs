//! Which of a provider's profiles OpenClaw would use now, and why not those before it.

use super::merge::{Effective, View};
use super::order::{fits_configuration, ineligible};
use super::provider;
use super::settings::Settings;
use crate::model::{Cooldown, CredentialKind, ReasonCode, Semantics, Timestamp};

/// Where the order of profiles is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The agent's own.
    Stored,
    /// Main's, which the agent inherits.
    Inherited,
    /// `auth.order` of the configuration.
    Configured,
    /// None is set: logins before tokens before keys, and the one used longest ago first.
    Automatic,
}

/// What would become of trying a profile.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It would be used.
    Usable,
    /// OpenClaw leaves it alone for a while.
    Waiting(Cooldown),
    /// There is no such profile.
    Absent,
    /// It is of this other provider.
    OtherProvider(String),
    /// The configuration says something else of it.
    Contradicted,
    /// There is nothing in it to use.
    Ineligible(ReasonCode),
}

/// The profiles in the order of attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempts {
    /// Where the order is from.
    pub origin: Origin,
    /// The profiles.
    pub profiles: Vec<(String, Verdict)>,
}

impl Attempts {
    /// The profile that would be used: the first one that can be. While all wait, OpenClaw tries the one whose wait ends first.
    #[must_use]
    pub fn used(&self) -> Option<&str> {
        let usable = self.profiles.iter().find(|(_, verdict)| *verdict == Verdict::Usable);
        let soonest = || {
            let waiting = self.profiles.iter().filter_map(|(id, verdict)| match verdict {
                Verdict::Waiting(cooldown) => Some((id, cooldown.until)),
                _ => None,
            });
            waiting.min_by(|one, other| one.1.total_cmp(&other.1)).map(|(id, _)| id)
        };
        usable.map(|(id, _)| id).or_else(soonest).map(String::as_str)
    }
}

/// The profiles of a provider, as an agent would try them.
#[must_use]
pub fn attempts(
    view: &View<'_, '_>,
    provider_id: &str,
    settings: &Settings,
    now: Timestamp,
    semantics: Semantics,
) -> Attempts {
    let judged = |id: &str| {
        let verdict = view
            .get(id)
            .map_or(Verdict::Absent, |profile| verdict(view, profile, provider_id, settings, now, semantics));
        (id.to_owned(), verdict)
    };
    let stored = view.order(provider_id, semantics);
    let configured = settings.order_of(provider_id, semantics);
    let explicit = match (stored, configured) {
        (Some(ids), _) => {
            let inherited = view.order_is_inherited(provider_id);
            Some((if inherited { Origin::Inherited } else { Origin::Stored }, ids))
        }
        (None, Some(ids)) => Some((Origin::Configured, ids.iter().map(String::as_str).collect())),
        (None, None) => None,
    };
    if let Some((origin, ids)) = explicit {
        // An order that names nobody who is there is repaired: OpenClaw takes what the store has.
        if ids.is_empty() || ids.iter().any(|id| view.get(id).is_some()) {
            return Attempts { origin, profiles: ids.into_iter().map(judged).collect() };
        }
    }
    let named = |id: &str| {
        settings
            .profiles
            .get(id)
            .is_some_and(|configured| provider::normalize(&configured.provider, semantics) == provider_id)
    };
    let of_provider = || view.profiles.iter().filter(|profile| profile.credential.provider == provider_id);
    let only_named = of_provider().any(|profile| named(profile.id));
    let mut profiles: Vec<_> = of_provider().filter(|profile| !only_named || named(profile.id)).collect();
    profiles.sort_by(|one, other| {
        let last_used = |profile: &Effective<'_, '_>| {
            view.usage(profile.id).and_then(|usage| usage.last_used).unwrap_or(Timestamp::EPOCH)
        };
        rank(one.credential.kind)
            .cmp(&rank(other.credential.kind))
            .then_with(|| last_used(one).total_cmp(&last_used(other)))
    });
    let profiles = profiles.into_iter().map(|profile| judged(profile.id)).collect();
    Attempts { origin: Origin::Automatic, profiles }
}

fn rank(kind: CredentialKind) -> u8 {
    match kind {
        CredentialKind::OAuth => 0,
        CredentialKind::Token => 1,
        CredentialKind::ApiKey => 2,
    }
}

fn verdict(
    view: &View<'_, '_>,
    profile: &Effective<'_, '_>,
    provider_id: &str,
    settings: &Settings,
    now: Timestamp,
    semantics: Semantics,
) -> Verdict {
    if profile.credential.provider != provider_id {
        return Verdict::OtherProvider(profile.credential.provider.to_string());
    }
    if !fits_configuration(profile, provider_id, settings, semantics) {
        return Verdict::Contradicted;
    }
    if let Some(reason) = ineligible(profile.credential, now, semantics) {
        return Verdict::Ineligible(reason);
    }
    let cooldown = view.usage(profile.id).and_then(|usage| usage.cooldown(now));
    match cooldown.filter(|_| !provider::is_exempt_from_cooldowns(provider_id)) {
        Some(cooldown) => Verdict::Waiting(cooldown),
        None => Verdict::Usable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CooldownKind;

    #[test]
    fn the_first_usable_one_is_used_and_else_the_one_that_waits_least() {
        let waiting = |id: &str, until: f64| {
            let cooldown = Cooldown {
                kind: CooldownKind::Cooldown,
                until: Timestamp::from_millis(until),
                reason: None,
                error_count: None,
            };
            (id.to_owned(), Verdict::Waiting(cooldown))
        };
        let used = |profiles: &[(String, Verdict)]| {
            let attempts = Attempts { origin: Origin::Stored, profiles: profiles.to_vec() };
            attempts.used().map(str::to_owned)
        };
        let absent = ("gone".to_owned(), Verdict::Absent);
        let usable = ("good".to_owned(), Verdict::Usable);
        assert_eq!(
            used(&[absent.clone(), waiting("a", 5.0), usable, waiting("b", 1.0)]).as_deref(),
            Some("good")
        );
        assert_eq!(used(&[absent.clone(), waiting("a", 5.0), waiting("b", 1.0)]).as_deref(), Some("b"));
        assert_eq!(used(&[absent]), None);
    }
}
