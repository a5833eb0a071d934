//! `openclaw.json` held against the stores: providers without auth, orders and profiles that name what is not there.

use std::collections::BTreeSet;

use openclaw_auth::model::{AgentId, CredentialKind, ProviderId, StrandedKind};
use openclaw_auth::provider;
use openclaw_auth::settings::ProfileSettings;

use crate::doctor::finding::{Check, Finding, FindingKind, Findings, Severity};
use crate::doctor::inspection::Inspection;
use crate::model::{AgentHealth, ProfileHealth};
use crate::remedy::quote;

const BROKEN: FindingKind = FindingKind::new("config-broken", Severity::Critical);
const WITHOUT_AUTH: FindingKind = FindingKind::new("provider-without-auth", Severity::Critical);
const ABSENT: FindingKind = FindingKind::new("order-names-absent", Severity::Warning);
const EMPTY: FindingKind = FindingKind::new("order-empty", Severity::Warning);
const NOT_STORED: FindingKind = FindingKind::new("profile-not-stored", Severity::Warning);
const MODE: FindingKind = FindingKind::new("profile-mode-mismatch", Severity::Warning);

pub(super) const CHECK: Check =
    Check { kinds: &[BROKEN, WITHOUT_AUTH, ABSENT, EMPTY, NOT_STORED, MODE], run };

fn run(inspection: &Inspection, findings: &mut Findings) {
    if let Some(assessment) = &inspection.snapshot.config_assessment {
        findings.push(BROKEN.assessed(assessment).at(&inspection.places.roots.config));
    }
    without_auth(inspection, findings);
    // What cannot be read may hold what is missed here.
    let unknown = inspection.snapshot.agents.iter().any(is_unknown);
    if !unknown {
        stored_orders(inspection, findings);
        configured_orders(inspection, findings);
        configured_profiles(inspection, findings);
    }
}

/// Whether an agent's logins are not known in full; that is a finding of its own.
fn is_unknown(agent: &AgentHealth) -> bool {
    let stranded = agent.store.stranded.as_ref();
    agent.store.error.is_some()
        || stranded.is_some_and(|stranded| stranded.kind == StrandedKind::EmptyDatabase)
}

fn without_auth(inspection: &Inspection, findings: &mut Findings) {
    let agents = &inspection.snapshot.agents;
    if agents.first().is_some_and(is_unknown) {
        return;
    }
    let mut told = BTreeSet::new();
    for agent in agents.iter().filter(|agent| !is_unknown(agent)) {
        for missing in &agent.missing_providers_in_use {
            let is_dropped = |agent: &AgentHealth| {
                let mut ids = agent.rejected.iter().map(|rejected| rejected.profile_id.as_str());
                ids.any(|id| id.split(':').next() == Some(missing.as_str()))
            };
            if agents.iter().any(is_dropped)
                || service_has_key(inspection, missing.as_str())
                || !told.insert(missing.as_str())
            {
                continue;
            }
            let affected = |other: &&AgentHealth| other.missing_providers_in_use.contains(missing);
            let others = agents.iter().filter(affected).count() - 1;
            let verdict = agent.provider_assessments.iter().find(|verdict| verdict.provider == *missing);
            let Some(assessment) = verdict.map(|verdict| &verdict.assessment) else { continue };
            let more =
                if others > 0 { format!(", here and for {others} other agent(s)") } else { String::new() };
            let meaning = format!("`{missing}`: {}{more}", assessment.summary);
            // What a login shell would give to the service cannot be seen from here.
            let is_certain = !inspection.discovery.settings.asks_shell;
            let severity = if is_certain { Severity::Critical } else { Severity::Warning };
            let mut finding = WITHOUT_AUTH
                .found(meaning)
                .weighing(severity)
                .of(&agent.id)
                .at(&inspection.places.roots.config);
            finding.command = assessment.command().map(str::to_owned);
            findings.push(finding);
        }
    }
}

/// Whether OpenClaw's service has a key of the provider that this shell has not.
fn service_has_key(inspection: &Inspection, provider_id: &str) -> bool {
    inspection.gateway().is_some_and(|gateway| gateway.variables.variable_for(provider_id).is_some())
}

/// An id is repeated only where it looks like one: what stands in an order could be anything that was pasted there.
fn shown(provider: &str, ids: &[&str]) -> String {
    let is_id = |id: &&str| {
        id.len() <= 80
            && provider::find(provider).is_some()
            && id.strip_prefix(provider).is_some_and(|rest| rest.starts_with(':'))
    };
    match ids {
        [id] if is_id(id) => format!("`{id}`, which is"),
        ids => format!("{} profile(s) that are", ids.len()),
    }
}

fn stored_orders(inspection: &Inspection, findings: &mut Findings) {
    for agent in &inspection.agents {
        let Some(health) = inspection.health(&agent.id) else { continue };
        for (provider, order) in &agent.order {
            let absent = absent(order, &[health]);
            // An order of a provider that nobody has is of no consequence.
            if absent.is_empty() || absent.len() == order.len() && !uses(health, provider) {
                continue;
            }
            let finding =
                order_finding(provider, &absent, "the agent's order").of(&agent.id).at(&agent.store);
            let clear = format!("order clear --provider {}", quote(provider));
            findings.push(finding.command(inspection.commands.models_auth(Some(agent.id.as_str()), &clear)));
        }
    }
}

fn configured_orders(inspection: &Inspection, findings: &mut Findings) {
    let agents: Vec<&AgentHealth> = inspection.snapshot.agents.iter().collect();
    for (written, order) in &inspection.discovery.settings.order {
        let provider = provider::normalize(written, inspection.semantics);
        let at = |finding: Finding| finding.at(&inspection.places.roots.config);
        let unset = format!("config unset {}", quote(&format!("auth.order.{written}")));
        let fix = inspection.commands.openclaw(&unset);
        if order.is_empty() {
            if agents.iter().any(|agent| uses(agent, &provider)) {
                let meaning = format!(
                    "`auth.order` lists nothing for `{written}`: OpenClaw then uses none of its profiles"
                );
                findings.push(at(EMPTY.found(meaning)).command(fix));
            }
            continue;
        }
        let absent = absent(order, &agents);
        if !absent.is_empty() {
            findings.push(at(order_finding(&provider, &absent, "`auth.order`")).command(fix));
        }
    }
}

fn order_finding(provider: &str, absent: &[&str], whose: &str) -> Finding {
    let which = match provider::find(provider) {
        Some(known) => format!(" for `{}`", known.id),
        None => String::new(),
    };
    ABSENT
        .found(format!("{whose}{which} names {} not there: OpenClaw passes over it", shown(provider, absent)))
}

fn uses(agent: &AgentHealth, provider: &str) -> bool {
    agent.profiles.iter().any(|profile| profile.provider.as_str() == provider)
}

/// The ids that none of the agents has.
fn absent<'o>(order: &'o [String], agents: &[&AgentHealth]) -> Vec<&'o str> {
    let is_there = |id: &str| {
        agents.iter().any(|agent| {
            agent.profiles.iter().any(|profile| profile.profile_id.as_str() == id)
                || agent.rejected.iter().any(|rejected| rejected.profile_id.as_str() == id)
        })
    };
    order.iter().map(String::as_str).filter(|id| !is_there(id)).collect()
}

fn configured_profiles(inspection: &Inspection, findings: &mut Findings) {
    for (id, configured) in &inspection.discovery.settings.profiles {
        let mut stored =
            inspection.profiles().filter(|(_, profile)| profile.profile_id.as_str() == id).peekable();
        if stored.peek().is_none() && !is_elsewhere(inspection, id, configured) {
            findings.push(not_stored(inspection, id, configured));
        }
        let contradicting =
            stored.filter_map(|(agent, profile)| contradiction(inspection, agent, profile, configured));
        contradicting.for_each(|finding| findings.push(finding));
    }
}

/// Other modes than the three need no profile, CLIs keep their own, keys may come from elsewhere, and what OpenClaw drops when it
/// loads the store is told of there.
fn is_elsewhere(inspection: &Inspection, id: &str, configured: &ProfileSettings) -> bool {
    let provider_id = provider::normalize(&configured.provider, inspection.semantics);
    let mut dropped = inspection.snapshot.agents.iter().flat_map(|agent| &agent.rejected);
    configured.mode.is_none()
        || provider::is_owned_by_cli(id, &provider_id)
        || inspection.snapshot.external.iter().any(|profile| profile.provider.as_str() == provider_id)
        || inspection.discovery.environment.variable_for(&provider_id).is_some()
        || inspection.discovery.settings.has_key(&provider_id, inspection.semantics)
        || dropped.any(|rejected| rejected.profile_id.as_str() == id)
        || service_has_key(inspection, &provider_id)
}

fn not_stored(inspection: &Inspection, id: &str, configured: &ProfileSettings) -> Finding {
    let meaning = "the configuration knows this profile, and no store has it: nobody has signed in, or the login was lost";
    let agent = AgentId::from(inspection.discovery.settings.default_agent());
    let provider_id = provider::normalize(&configured.provider, inspection.semantics);
    let kind = configured.mode.unwrap_or(CredentialKind::OAuth);
    let command = inspection.commands.sign_in(&agent, &ProviderId::from(&*provider_id), kind, id);
    NOT_STORED.found(meaning).profile(id).at(&inspection.places.roots.config).command(command)
}

/// Where the configuration and a store say different things of a profile.
fn contradiction(
    inspection: &Inspection,
    agent: &AgentHealth,
    profile: &ProfileHealth,
    configured: &ProfileSettings,
) -> Option<Finding> {
    let same_kind = match (configured.mode, profile.kind) {
        // OpenClaw takes a token where its configuration says OAuth.
        (Some(CredentialKind::OAuth), CredentialKind::Token) | (None, _) => true,
        (Some(mode), kind) => mode == kind,
    };
    let same_provider =
        profile.provider.as_str() == provider::normalize(&configured.provider, inspection.semantics);
    let (field, said, stored) = match (same_provider, same_kind) {
        (true, true) => return None,
        (false, _) => ("provider", configured.provider.as_str(), profile.provider.as_str()),
        (true, false) => ("mode", configured.mode.map_or("?", CredentialKind::as_str), profile.kind.as_str()),
    };
    let meaning = format!(
        "its {field} is `{said}` in the configuration and `{stored}` in the store: OpenClaw then leaves the profile out"
    );
    let id = profile.profile_id.as_str();
    let setting = format!("auth.profiles[{id:?}].{field}");
    let set = format!("config set {} {}", quote(&setting), quote(stored));
    let command = inspection.commands.openclaw(&set);
    Some(MODE.found(meaning).of(&agent.id).profile(id).at(&inspection.places.roots.config).command(command))
}
