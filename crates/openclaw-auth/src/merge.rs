//! Inheritance: what an agent sees is the main store under its own.
//!
//! Own profiles win by id, with one twist. An own OAuth profile named `<provider>:default` that main supersedes (a newer
//! usable OAuth profile of the same account, or the single compatible one when ours is unusable) gives way to main's.
//! Without that, agents that once copied main's login would keep showing, and spending, the copy.

use std::cmp::Ordering;

use super::credential::Credential;
use super::document::{Document, Profile};
use super::identity;
use super::state::{State, Usage};
use crate::model::{CredentialKind, Semantics, Source, Timestamp};

/// A profile as an agent sees it.
#[derive(Clone, Copy, Debug)]
pub struct Effective<'s, 'a> {
    /// Its id.
    pub id: &'s str,
    /// Its credential.
    pub credential: &'s Credential<'a>,
    /// Whether it comes from the main store.
    pub inherited: bool,
    /// The store it was read from.
    pub source: Source,
    /// Where it stands among all: the agent's own first, as they are stored, then main's.
    pub position: (bool, usize),
}

/// What an agent sees: the merged profiles sorted by id, and the merged state.
#[derive(Debug)]
pub struct View<'s, 'a> {
    /// The profiles.
    pub profiles: Vec<Effective<'s, 'a>>,
    own: &'s State,
    own_profiles: &'s [Profile<'a>],
    main: Option<&'s State>,
    replaced: Vec<(&'s str, &'s str)>,
}

impl<'s, 'a> View<'s, 'a> {
    /// What the main agent sees: its own store.
    #[must_use]
    pub fn of_main(document: &'s Document<'a>) -> Self {
        let profiles = document.profiles.iter().map(|profile| effective(profile, false)).collect();
        Self {
            profiles,
            own: &document.state,
            own_profiles: &document.profiles,
            main: None,
            replaced: Vec::new(),
        }
    }

    /// What another agent sees: its own store over main's.
    #[must_use]
    pub fn merged(
        own: &'s Document<'a>,
        main: &'s Document<'a>,
        now: Timestamp,
        semantics: Semantics,
    ) -> Self {
        let judge = Judge { now, semantics };
        let mut profiles = merge_sorted(&own.profiles, &main.profiles);
        let replaced: Vec<(&str, &str)> = own
            .profiles
            .iter()
            .filter_map(|profile| Some((&*profile.id, superseded_by(profile, main, judge)?)))
            .collect();
        for &(superseded, replacement) in &replaced {
            give_way(&mut profiles, superseded, replacement, main, judge);
        }
        Self { profiles, own: &own.state, own_profiles: &own.profiles, main: Some(&main.state), replaced }
    }

    /// Finds a profile by id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Effective<'s, 'a>> {
        find(&self.profiles, id).ok().map(|index| &self.profiles[index])
    }

    /// Whether the stored order of a provider is main's and not the agent's own.
    #[must_use]
    pub fn order_is_inherited(&self, provider: &str) -> bool {
        self.main.is_some() && !self.own.order.contains_key(provider)
    }

    /// The stored order for a normalised provider, own before main's, with superseded ids replaced. Before an order of main's,
    /// 2026.9 puts the agent's own profiles of that provider, as they are stored.
    #[must_use]
    pub fn order(&self, provider: &str, semantics: Semantics) -> Option<Vec<&str>> {
        let own = self.own.order.get(provider);
        let ids = own.or_else(|| self.main?.order.get(provider))?;
        let goes_first = own.is_none() && semantics == Semantics::V2026_9;
        let is_first = |profile: &&Profile<'_>| goes_first && profile.credential.provider == provider;
        let mut first: Vec<_> = self.own_profiles.iter().filter(is_first).collect();
        first.sort_by_key(|profile| profile.position);
        let mut order: Vec<&str> = Vec::with_capacity(ids.len());
        for id in first.iter().map(|profile| &*profile.id).chain(ids.iter().map(String::as_str)) {
            let id = self.replaced.iter().find(|(old, _)| *old == id).map_or(id, |(_, new)| new);
            if !order.contains(&id) {
                order.push(id);
            }
        }
        Some(order)
    }

    /// What is remembered about a profile.
    #[must_use]
    pub fn usage(&self, id: &str) -> Option<&Usage> {
        let main = || self.main.and_then(|state| state.usage.get(id));
        if self.replaced.iter().any(|(old, _)| *old == id) {
            return main();
        }
        self.own.usage.get(id).or_else(main)
    }
}

fn effective<'s, 'a>(profile: &'s Profile<'a>, inherited: bool) -> Effective<'s, 'a> {
    Effective {
        id: &profile.id,
        credential: &profile.credential,
        inherited,
        source: profile.source,
        position: (inherited, profile.position),
    }
}

fn find(profiles: &[Effective<'_, '_>], id: &str) -> Result<usize, usize> {
    profiles.binary_search_by(|profile| profile.id.cmp(id))
}

/// Both lists are sorted by id; own profiles win.
fn merge_sorted<'s, 'a>(own: &'s [Profile<'a>], main: &'s [Profile<'a>]) -> Vec<Effective<'s, 'a>> {
    let mut merged = Vec::with_capacity(own.len() + main.len());
    let (mut own, mut main) = (own.iter().peekable(), main.iter().peekable());
    loop {
        let order = match (own.peek(), main.peek()) {
            (Some(own), Some(main)) => own.id.cmp(&main.id),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return merged,
        };
        let inherited = if order.is_ge() { main.next() } else { None };
        let owned = if order.is_le() { own.next() } else { None };
        // An own profile goes before main's of its id.
        let inherited = inherited.map(|profile| effective(profile, true));
        merged.extend(owned.map(|profile| effective(profile, false)).or(inherited));
    }
}

/// When, and by the rules of which release, credentials are compared.
#[derive(Clone, Copy)]
struct Judge {
    now: Timestamp,
    semantics: Semantics,
}

impl Judge {
    fn is_usable(self, credential: &Credential<'_>) -> bool {
        credential.is_usable(self.now, self.semantics)
    }

    /// Whether `candidate` is usable and `existing` is not, or ends sooner.
    fn is_better(self, existing: &Credential<'_>, candidate: &Credential<'_>) -> bool {
        self.is_usable(candidate) && (!self.is_usable(existing) || end(candidate) > end(existing))
    }
}

fn end(credential: &Credential<'_>) -> Timestamp {
    credential.expires.stored().unwrap_or(Timestamp::EPOCH)
}

/// The id of main's profile that takes the place of this one, if any.
fn superseded_by<'s>(profile: &Profile<'_>, main: &'s Document<'_>, judge: Judge) -> Option<&'s str> {
    let ours = &profile.credential;
    let is_default = profile.id.strip_suffix(":default").is_some_and(|provider| provider == ours.provider);
    if ours.kind != CredentialKind::OAuth || !is_default {
        return None;
    }
    let mut candidates: Vec<&Profile<'_>> = main
        .profiles
        .iter()
        .filter(|candidate| {
            candidate.id != profile.id
                && candidate.credential.kind == CredentialKind::OAuth
                && !candidate.credential.is_replacement
                && candidate.credential.provider == ours.provider
                && judge.is_better(ours, &candidate.credential)
        })
        .collect();
    candidates.sort_by(|one, other| {
        end(&other.credential).total_cmp(&end(&one.credential)).then_with(|| one.id.cmp(&other.id))
    });
    let mut same_account =
        candidates.iter().filter(|candidate| identity::may_replace(ours, &candidate.credential));
    if let Some(first) = same_account.next() {
        let ambiguous = !identity::is_known(ours) && same_account.next().is_some();
        return (!ambiguous).then_some(&*first.id);
    }
    if judge.is_usable(ours) {
        return None;
    }
    let mut compatible =
        candidates.iter().filter(|candidate| !identity::contradict(ours, &candidate.credential));
    match (compatible.next(), compatible.next()) {
        (Some(only), None) => Some(&*only.id),
        _ => None,
    }
}

/// Puts main's profile of the superseded id in its place (or removes it), and main's replacement unless ours is newer.
fn give_way<'s, 'a>(
    profiles: &mut Vec<Effective<'s, 'a>>,
    superseded: &str,
    replacement: &str,
    main: &'s Document<'a>,
    judge: Judge,
) {
    if let Ok(index) = find(profiles, superseded) {
        match main_profile(main, superseded) {
            Some(profile) => profiles[index] = effective(profile, true),
            None => {
                profiles.remove(index);
            }
        }
    }
    let Some(theirs) = main_profile(main, replacement) else {
        return;
    };
    match find(profiles, replacement) {
        Ok(index) => {
            let ours = profiles[index].credential;
            if ours.kind == CredentialKind::OAuth && judge.is_better(ours, &theirs.credential) {
                profiles[index] = effective(theirs, true);
            }
        }
        Err(index) => profiles.insert(index, effective(theirs, true)),
    }
}

fn main_profile<'s, 'a>(main: &'s Document<'a>, id: &str) -> Option<&'s Profile<'a>> {
    main.profiles.binary_search_by(|profile| (*profile.id).cmp(id)).ok().map(|index| &main.profiles[index])
}
