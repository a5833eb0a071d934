//! One login in several places. A provider that issues a new refresh token withdraws the old one: the first
//! to renew logs the others out, seemingly at random.

use std::collections::BTreeMap;

use openclaw_auth::model::{CredentialKind, ProviderId, Span};
use openclaw_auth::provider;

use crate::doctor::files::quoted;
use crate::doctor::finding::{Finding, Findings};
use crate::doctor::inspection::{AgentFacts, CliLogin, Inspection, ProfileFacts, SecretDigest};
use crate::doctor::kinds::{ACCOUNT_MISMATCH, COPY_DRIFTED, TOKEN_SHARED, TWO_ACCOUNTS};
use crate::remedy::Commands;
use crate::texts::counted;

/// How long ago a login expired before it counts as a copy: one that nobody uses expires, too, without being
/// a copy.
const DRIFT: Span = Span::from_hours(24.0);

/// A login, and where it is.
#[derive(Clone, Copy)]
struct StoredLogin<'a> {
    agent: &'a AgentFacts,
    profile: &'a ProfileFacts,
}

impl StoredLogin<'_> {
    /// A finding about this login, with the command that replaces it by a login of its own.
    fn replace(&self, finding: Finding, commands: &Commands) -> Finding {
        let Self { agent, profile } = self;
        let sign_in =
            commands.sign_in(&agent.id, &ProviderId::from(&*profile.provider), profile.kind, &profile.id);
        finding.of(&agent.id).profile(&profile.id).at(&agent.store).command(sign_in)
    }
}

pub(super) fn run(inspection: &Inspection, findings: &mut Findings) {
    let logins: Vec<StoredLogin<'_>> = inspection
        .agents
        .iter()
        .flat_map(|agent| agent.profiles.iter().map(move |profile| StoredLogin { agent, profile }))
        // What is not imported yet is one file that every agent sees.
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
            findings.push(login.replace(ACCOUNT_MISMATCH.found(&[]), &inspection.commands));
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
    let mut by_token: BTreeMap<SecretDigest, Vec<StoredLogin<'_>>> = BTreeMap::new();
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
        // OpenClaw's profile for the CLI is not a copy: it belongs to the CLI.
        let places: Vec<_> = places
            .into_iter()
            .filter(|login| !provider::is_owned_by_cli(&login.profile.id, &login.profile.provider))
            .collect();
        match (places.as_slice(), cli) {
            ([], _) | ([_], None) => {}
            (places, cli) => findings.push(shared_finding(places, cli, &inspection.commands)),
        }
    }
}

fn shared_finding(places: &[StoredLogin<'_>], cli: Option<&CliLogin>, commands: &Commands) -> Finding {
    // The first is main's, if main has it: the others should sign in for themselves.
    let copy = places.last().expect("there is one");
    let mut others: Vec<String> = places[..places.len() - 1]
        .iter()
        .map(|login| format!("agent `{}` ({})", login.agent.id, login.profile.id))
        .collect();
    others.extend(cli.map(|cli| quoted(&cli.path)));
    copy.replace(TOKEN_SHARED.found(&[("others", &others.join(", "))]), commands)
}

/// Compares the logins of one name: of other accounts than the first, and old copies of one that was renewed.
fn compare(inspection: &Inspection, places: &[StoredLogin<'_>], findings: &mut Findings) {
    let first = places[0];
    let left = |login: &StoredLogin<'_>| login.profile.expires.stored().map(|end| end - inspection.now);
    let mut valid: BTreeMap<SecretDigest, StoredLogin<'_>> = BTreeMap::new();
    for login in places.iter().filter(|login| left(login).is_some_and(|left| left > Span::ZERO)) {
        for identity in [login.profile.account, login.profile.email].into_iter().flatten() {
            valid.entry(identity).or_insert(*login);
        }
    }
    let is_apart = |login: &&StoredLogin<'_>| {
        is_another(first.profile, login.profile) && first.agent.real_store != login.agent.real_store
    };
    // Reported once a name: OpenClaw recommends to separate accounts by agents.
    if let Some(login) = places.iter().find(is_apart) {
        let others = places.iter().filter(is_apart).count() - 1;
        let agent = &first.agent.id;
        let finding = if others > 0 {
            TWO_ACCOUNTS.variant("more", &[("agent", agent), ("others", &counted("other-agents", others))])
        } else {
            TWO_ACCOUNTS.found(&[("agent", agent)])
        };
        findings.push(finding.of(&login.agent.id).profile(&login.profile.id).at(&login.agent.store));
    }
    for login in places {
        let profile = login.profile;
        let renewed = profile.account.or(profile.email).and_then(|identity| valid.get(&identity));
        let Some(renewed) = renewed.filter(|renewed| renewed.profile.refresh != profile.refresh) else {
            continue;
        };
        if rotates(&profile.provider) && left(login).is_some_and(|left| left < -DRIFT) {
            let finding = COPY_DRIFTED.found(&[("agent", &renewed.agent.id)]);
            findings.push(login.replace(finding, &inspection.commands));
        }
    }
}

/// Whether a login certainly belongs to another account: by its ID, else by its e-mail.
fn is_another(one: &ProfileFacts, other: &ProfileFacts) -> bool {
    match (one.account, other.account, one.email, other.email) {
        (Some(one), Some(other), _, _) | (_, _, Some(one), Some(other)) => one != other,
        _ => false,
    }
}
