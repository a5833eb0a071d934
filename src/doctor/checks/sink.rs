//! One login in several places. A provider that issues a new refresh token withdraws the old one: whoever renews first logs
//! the others out, seemingly at random.

use std::collections::BTreeMap;
use std::path::Path;

use super::Check;
use crate::doctor::finding::{Findings, Kind, Severity};
use crate::doctor::subject::{AgentFacts, CliLogin, Print, ProfileFacts, Subject};
use crate::model::{CredentialKind, Millis, ProviderId};
use crate::openclaw::provider::{self, Renewal};
use crate::remedy::{self, quote};

const SHARED: Kind = Kind::new("token-shared", Severity::Warning);
pub(super) const DRIFTED: Kind = Kind::new("copy-drifted", Severity::Warning);
const TWO_ACCOUNTS: Kind = Kind::new("two-accounts", Severity::Info);
pub(super) const MISMATCH: Kind = Kind::new("account-mismatch", Severity::Warning);

pub(super) const CHECK: Check = Check { kinds: &[SHARED, DRIFTED, TWO_ACCOUNTS, MISMATCH], run };

/// Logins that nobody uses lapse, and are no copies for it: only after a day does one that is in use elsewhere look like one.
const DRIFT: Millis = Millis(24.0 * 60.0 * 60.0 * 1000.0);

/// A login, and where it is.
#[derive(Clone, Copy)]
struct Place<'a> {
    agent: &'a AgentFacts,
    profile: &'a ProfileFacts,
}

fn run(subject: &Subject, findings: &mut Findings) {
    let logins: Vec<Place<'_>> = subject
        .agents
        .iter()
        .flat_map(|agent| agent.profiles.iter().map(move |profile| Place { agent, profile }))
        // What is not imported yet is one file that every agent sees; CLIs' logins are known to be theirs.
        .filter(|place| {
            let profile = place.profile;
            profile.kind == CredentialKind::OAuth && !profile.fenced && !profile.source.is_import_only()
        })
        .collect();
    shared(subject, &logins, findings);
    for place in &logins {
        if place.profile.claimed_account.is_some()
            && place.profile.account.is_some()
            && place.profile.claimed_account != place.profile.account
        {
            let meaning =
                "its access token is of another account than the profile says: two logins were mixed";
            findings.push(
                MISMATCH
                    .found(meaning)
                    .of(&place.agent.id)
                    .profile(&place.profile.id)
                    .at(&place.agent.store)
                    .command(sign_in(place)),
            );
        }
    }
    for (index, place) in logins.iter().enumerate() {
        for other in &logins[..index] {
            if place.profile.id == other.profile.id && place.agent.real_store != other.agent.real_store {
                compare(subject.now, *other, *place, findings);
            }
        }
    }
}

/// Whether renewing such a login withdraws the token it was renewed with.
fn rotates(provider_id: &str) -> bool {
    let renews = provider::find(provider_id).is_none_or(|provider| provider.renewal == Renewal::Refreshable);
    renews && !provider_id.starts_with("google-")
}

fn shared(subject: &Subject, logins: &[Place<'_>], findings: &mut Findings) {
    let mut by_token: BTreeMap<Print, Vec<Place<'_>>> = BTreeMap::new();
    for place in logins.iter().filter(|place| rotates(&place.profile.provider)) {
        let Some(refresh) = place.profile.refresh else { continue };
        let places = by_token.entry(refresh).or_default();
        let is_same = |known: &Place<'_>| {
            known.agent.real_store == place.agent.real_store && known.profile.id == place.profile.id
        };
        if !places.iter().any(is_same) {
            places.push(*place);
        }
    }
    for (token, places) in by_token {
        let cli = subject.cli_logins.iter().find(|login| login.refresh == token);
        // The CLI's own profile, as OpenClaw keeps it, is no copy: it is known to be the CLI's.
        let places: Vec<_> = places
            .into_iter()
            .filter(|place| !provider::is_owned_by_cli(&place.profile.id, &place.profile.provider))
            .collect();
        match (places.as_slice(), cli) {
            ([], _) | ([_], None) => {}
            (places, cli) => tell_shared(places, cli, findings),
        }
    }
}

fn tell_shared(places: &[Place<'_>], cli: Option<&CliLogin>, findings: &mut Findings) {
    // The first is main's, where main has it: the others should sign in for themselves.
    let copy = places.last().expect("there is one");
    let mut others: Vec<String> = places[..places.len() - 1]
        .iter()
        .map(|place| format!("agent `{}` ({})", place.agent.id, place.profile.id))
        .collect();
    others.extend(cli.map(|cli| shown(&cli.path)));
    let meaning = format!(
        "the same refresh token is with {}: whoever renews first logs the others out. Sign in once for each",
        others.join(", ")
    );
    findings.push(
        SHARED
            .found(meaning)
            .of(&copy.agent.id)
            .profile(&copy.profile.id)
            .at(&copy.agent.store)
            .command(sign_in(copy)),
    );
}

fn shown(path: &Path) -> String {
    quote(&path.to_string_lossy())
}

fn sign_in(place: &Place<'_>) -> String {
    remedy::sign_in(&place.agent.id, &ProviderId::from(&*place.profile.provider), place.profile.kind)
}

/// Two logins of one name in two stores.
fn compare(now: Millis, one: Place<'_>, other: Place<'_>, findings: &mut Findings) {
    let differ = |one: Option<Print>, other: Option<Print>| matches!((one, other), (Some(one), Some(other)) if one != other);
    let equal = |one: Option<Print>, other: Option<Print>| one.is_some() && one == other;
    let (first, second) = (one.profile, other.profile);
    if differ(first.account, second.account)
        || differ(first.email, second.email) && !equal(first.account, second.account)
    {
        let meaning = format!(
            "it is another account's than the profile of that name at agent `{}`. If that is meant, all is well",
            one.agent.id
        );
        let finding =
            TWO_ACCOUNTS.found(meaning).of(&other.agent.id).profile(&second.id).at(&other.agent.store);
        findings.push(finding);
        return;
    }
    let same = equal(first.account, second.account) || equal(first.email, second.email);
    if !same || first.refresh == second.refresh || !rotates(&first.provider) {
        return;
    }
    let end = |place: Place<'_>| match place.profile.expires {
        crate::openclaw::credential::Expires::At(at) => Some(at.0 - now.0),
        _ => None,
    };
    let (old, new) = match (end(one), end(other)) {
        (Some(first), Some(second)) if first < -DRIFT.0 && second > 0.0 => (one, other),
        (Some(first), Some(second)) if second < -DRIFT.0 && first > 0.0 => (other, one),
        _ => return,
    };
    let meaning = format!(
        "an old copy, it seems, of the login that agent `{}` has: that one was renewed, and this one was not. Its refresh token has been withdrawn by now",
        new.agent.id
    );
    findings.push(
        DRIFTED
            .found(meaning)
            .of(&old.agent.id)
            .profile(&old.profile.id)
            .at(&old.agent.store)
            .command(sign_in(&old)),
    );
}
