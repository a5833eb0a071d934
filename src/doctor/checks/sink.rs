//! One login in several places. A provider that issues a new refresh token withdraws the old one: whoever renews first logs
//! the others out, seemingly at random.

use std::collections::BTreeMap;
use std::path::Path;

use openclaw_auth::model::{CredentialKind, ProviderId, Span, Timestamp};
use openclaw_auth::provider;

use crate::doctor::check::Check;
use crate::doctor::finding::{Findings, Kind, Severity};
use crate::doctor::inspection::{AgentFacts, CliLogin, Inspection, Print, ProfileFacts};
use crate::remedy::{self, quote};

const SHARED: Kind = Kind::new("token-shared", Severity::Warning);
pub(super) const DRIFTED: Kind = Kind::new("copy-drifted", Severity::Warning);
const TWO_ACCOUNTS: Kind = Kind::new("two-accounts", Severity::Info);
pub(super) const MISMATCH: Kind = Kind::new("account-mismatch", Severity::Warning);

pub(super) const CHECK: Check = Check { kinds: &[SHARED, DRIFTED, TWO_ACCOUNTS, MISMATCH], run };

/// Logins that nobody uses lapse, and are no copies for it: only after a day does one that is in use elsewhere look like one.
const DRIFT: Span = Span::from_hours(24.0);

/// A login, and where it is.
#[derive(Clone, Copy)]
struct Place<'a> {
    agent: &'a AgentFacts,
    profile: &'a ProfileFacts,
}

fn run(inspection: &Inspection, findings: &mut Findings) {
    let logins: Vec<Place<'_>> = inspection
        .agents
        .iter()
        .flat_map(|agent| agent.profiles.iter().map(move |profile| Place { agent, profile }))
        // What is not imported yet is one file that every agent sees; CLIs' logins are known to be theirs.
        .filter(|place| {
            let profile = place.profile;
            profile.kind == CredentialKind::OAuth && !profile.fenced && !profile.source.is_import_only()
        })
        .collect();
    shared(inspection, &logins, findings);
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
    let mut by_name: BTreeMap<&str, Vec<Place<'_>>> = BTreeMap::new();
    for place in &logins {
        by_name.entry(&place.profile.id).or_default().push(*place);
    }
    for places in by_name.values().filter(|places| places.len() > 1) {
        compare(inspection.now, places, findings);
    }
}

/// Whether renewing such a login withdraws the token it was renewed with.
fn rotates(provider_id: &str) -> bool {
    provider::find(provider_id)
        .is_none_or(|provider| provider.token_endpoint().is_some_and(|endpoint| endpoint.rotates))
}

fn shared(inspection: &Inspection, logins: &[Place<'_>], findings: &mut Findings) {
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
        let cli = inspection.cli_logins.iter().find(|login| login.refresh == token);
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

/// Logins of one name: of other accounts than the first one's, and old copies of one that was renewed.
fn compare(now: Timestamp, places: &[Place<'_>], findings: &mut Findings) {
    let first = places[0];
    let left = |place: &Place<'_>| place.profile.expires.stored().map(|end| end - now);
    let mut valid: BTreeMap<Print, Place<'_>> = BTreeMap::new();
    for place in places.iter().filter(|place| left(place).is_some_and(|left| left > Span::ZERO)) {
        for identity in [place.profile.account, place.profile.email].into_iter().flatten() {
            valid.entry(identity).or_insert(*place);
        }
    }
    let is_apart = |place: &&Place<'_>| {
        is_another(first.profile, place.profile) && first.agent.real_store != place.agent.real_store
    };
    // Told once a name: keeping accounts apart by agents is what OpenClaw recommends.
    if let Some(place) = places.iter().find(is_apart) {
        let others = places.iter().filter(is_apart).count() - 1;
        let more =
            if others > 0 { format!(" (so are those of {others} further agents)") } else { String::new() };
        let meaning = format!(
            "it is another account's than the profile of that name at agent `{}`{more}. If that is meant, all is well",
            first.agent.id
        );
        let finding = TWO_ACCOUNTS.found(meaning).of(&place.agent.id).profile(&place.profile.id);
        findings.push(finding.at(&place.agent.store));
    }
    for place in places {
        let profile = place.profile;
        let renewed = profile.account.or(profile.email).and_then(|identity| valid.get(&identity));
        let Some(renewed) = renewed.filter(|renewed| renewed.profile.refresh != profile.refresh) else {
            continue;
        };
        if rotates(&profile.provider) && left(place).is_some_and(|left| left < -DRIFT) {
            let meaning = format!(
                "an old copy, it seems, of the login that agent `{}` has: that one was renewed, and this one was not. Its refresh token has been withdrawn by now",
                renewed.agent.id
            );
            let finding = DRIFTED.found(meaning).of(&place.agent.id).profile(&profile.id);
            findings.push(finding.at(&place.agent.store).command(sign_in(place)));
        }
    }
}

/// Whether a login is surely of another account: by its id, else by its e-mail.
fn is_another(one: &ProfileFacts, other: &ProfileFacts) -> bool {
    match (one.account, other.account, one.email, other.email) {
        (Some(one), Some(other), _, _) | (_, _, Some(one), Some(other)) => one != other,
        _ => false,
    }
}
