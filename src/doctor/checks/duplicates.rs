//! One login in several places. A provider that issues a new refresh token withdraws the old one: whoever renews first logs
//! the others out, seemingly at random.

use std::collections::BTreeMap;
use std::path::Path;

use openclaw_auth::model::{CredentialKind, ProviderId, Span};
use openclaw_auth::provider;

use crate::doctor::finding::{Check, Finding, FindingKind, Findings, Severity};
use crate::doctor::inspection::{AgentFacts, CliLogin, Inspection, Print, ProfileFacts};
use crate::remedy::{Commands, quote};

const SHARED: FindingKind = FindingKind::new("token-shared", Severity::Warning);
pub(super) const DRIFTED: FindingKind = FindingKind::new("copy-drifted", Severity::Warning);
const TWO_ACCOUNTS: FindingKind = FindingKind::new("two-accounts", Severity::Info);
pub(super) const MISMATCH: FindingKind = FindingKind::new("account-mismatch", Severity::Warning);

pub(super) const CHECK: Check = Check { kinds: &[SHARED, DRIFTED, TWO_ACCOUNTS, MISMATCH], run };

/// Logins that nobody uses lapse, and are no copies for it: only after a day does one that is in use elsewhere look like one.
const DRIFT: Span = Span::from_hours(24.0);

/// A login, and where it is.
#[derive(Clone, Copy)]
struct StoredLogin<'a> {
    agent: &'a AgentFacts,
    profile: &'a ProfileFacts,
}

impl StoredLogin<'_> {
    fn found(&self, kind: &FindingKind, meaning: impl Into<String>, commands: &Commands) -> Finding {
        let Self { agent, profile } = self;
        let sign_in =
            commands.sign_in(&agent.id, &ProviderId::from(&*profile.provider), profile.kind, &profile.id);
        kind.found(meaning).of(&agent.id).profile(&profile.id).at(&agent.store).command(sign_in)
    }
}

fn run(inspection: &Inspection, findings: &mut Findings) {
    let logins: Vec<StoredLogin<'_>> = inspection
        .agents
        .iter()
        .flat_map(|agent| agent.profiles.iter().map(move |profile| StoredLogin { agent, profile }))
        // What is not imported yet is one file that every agent sees; CLIs' logins are known to be theirs.
        .filter(|login| {
            let profile = login.profile;
            profile.kind == CredentialKind::OAuth && !profile.fenced && !profile.source.is_import_only()
        })
        .collect();
    shared(inspection, &logins, findings);
    for login in &logins {
        if login.profile.claimed_account.is_some()
            && login.profile.account.is_some()
            && login.profile.claimed_account != login.profile.account
        {
            let meaning =
                "its access token is of another account than the profile says: two logins were mixed";
            findings.push(login.found(&MISMATCH, meaning, &inspection.commands));
        }
    }
    let mut by_name: BTreeMap<&str, Vec<StoredLogin<'_>>> = BTreeMap::new();
    for login in &logins {
        by_name.entry(&login.profile.id).or_default().push(*login);
    }
    for places in by_name.values().filter(|places| places.len() > 1) {
        compare(inspection, places, findings);
    }
}

/// Whether renewing such a login withdraws the token it was renewed with.
fn rotates(provider_id: &str) -> bool {
    provider::find(provider_id)
        .is_none_or(|provider| provider.token_endpoint().is_some_and(|endpoint| endpoint.rotates))
}

fn shared(inspection: &Inspection, logins: &[StoredLogin<'_>], findings: &mut Findings) {
    let mut by_token: BTreeMap<Print, Vec<StoredLogin<'_>>> = BTreeMap::new();
    for login in logins.iter().filter(|login| rotates(&login.profile.provider)) {
        let Some(refresh) = login.profile.refresh else { continue };
        let places = by_token.entry(refresh).or_default();
        let is_same = |known: &StoredLogin<'_>| {
            known.agent.real_store == login.agent.real_store && known.profile.id == login.profile.id
        };
        if !places.iter().any(is_same) {
            places.push(*login);
        }
    }
    for (token, places) in by_token {
        let cli = inspection.cli_logins.iter().find(|login| login.refresh == token);
        // The CLI's own profile, as OpenClaw keeps it, is no copy: it is known to be the CLI's.
        let places: Vec<_> = places
            .into_iter()
            .filter(|login| !provider::is_owned_by_cli(&login.profile.id, &login.profile.provider))
            .collect();
        match (places.as_slice(), cli) {
            ([], _) | ([_], None) => {}
            (places, cli) => tell_shared(places, cli, &inspection.commands, findings),
        }
    }
}

fn tell_shared(
    places: &[StoredLogin<'_>],
    cli: Option<&CliLogin>,
    commands: &Commands,
    findings: &mut Findings,
) {
    // The first is main's, where main has it: the others should sign in for themselves.
    let copy = places.last().expect("there is one");
    let mut others: Vec<String> = places[..places.len() - 1]
        .iter()
        .map(|login| format!("agent `{}` ({})", login.agent.id, login.profile.id))
        .collect();
    others.extend(cli.map(|cli| shown(&cli.path)));
    let meaning = format!(
        "the same refresh token is with {}: whoever renews first logs the others out. Sign in once for each",
        others.join(", ")
    );
    findings.push(copy.found(&SHARED, meaning, commands));
}

fn shown(path: &Path) -> String {
    quote(&path.to_string_lossy())
}

/// Logins of one name: of other accounts than the first one's, and old copies of one that was renewed.
fn compare(inspection: &Inspection, places: &[StoredLogin<'_>], findings: &mut Findings) {
    let first = places[0];
    let left = |login: &StoredLogin<'_>| login.profile.expires.stored().map(|end| end - inspection.now);
    let mut valid: BTreeMap<Print, StoredLogin<'_>> = BTreeMap::new();
    for login in places.iter().filter(|login| left(login).is_some_and(|left| left > Span::ZERO)) {
        for identity in [login.profile.account, login.profile.email].into_iter().flatten() {
            valid.entry(identity).or_insert(*login);
        }
    }
    let is_apart = |login: &&StoredLogin<'_>| {
        is_another(first.profile, login.profile) && first.agent.real_store != login.agent.real_store
    };
    // Told once a name: keeping accounts apart by agents is what OpenClaw recommends.
    if let Some(login) = places.iter().find(is_apart) {
        let others = places.iter().filter(is_apart).count() - 1;
        let more =
            if others > 0 { format!(" (so are those of {others} further agents)") } else { String::new() };
        let meaning = format!(
            "it is another account's than the profile of that name at agent `{}`{more}. If that is meant, all is well",
            first.agent.id
        );
        let finding = TWO_ACCOUNTS.found(meaning).of(&login.agent.id).profile(&login.profile.id);
        findings.push(finding.at(&login.agent.store));
    }
    for login in places {
        let profile = login.profile;
        let renewed = profile.account.or(profile.email).and_then(|identity| valid.get(&identity));
        let Some(renewed) = renewed.filter(|renewed| renewed.profile.refresh != profile.refresh) else {
            continue;
        };
        if rotates(&profile.provider) && left(login).is_some_and(|left| left < -DRIFT) {
            let meaning = format!(
                "an old copy, it seems, of the login that agent `{}` has: that one was renewed, and this one was not. Its refresh token has been withdrawn by now",
                renewed.agent.id
            );
            findings.push(login.found(&DRIFTED, meaning, &inspection.commands));
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
