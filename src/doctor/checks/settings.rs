//! `openclaw.json` compared with the stores: providers without a login, orders and profiles that name what
//! does not exist.

use std::collections::BTreeSet;
use std::fmt::Display;

use openclaw_auth::check::{ModelLogin, ModelRoute};
use openclaw_auth::model::VariableOrigin;
use openclaw_auth::model::{AgentId, CredentialKind, MigrationKind, ProviderId};
use openclaw_auth::provider;
use openclaw_auth::release::{ReleaseSource, Rules};
use openclaw_auth::settings::{ProfileSettings, ProviderKey, ProviderSettings};

use crate::doctor::finding::{Finding, Findings, Severity};
use crate::doctor::inspection::Inspection;
use crate::doctor::kinds::{
    CONFIG_BROKEN, KEY_IN_CONFIGURATION, KEY_ONLY_IN_SERVICE, ORDER_EMPTY, ORDER_NAMES_ABSENT,
    PROFILE_MODE_MISMATCH, PROFILE_NOT_STORED, PROFILE_RETIRED, PROVIDER_RETIRED, PROVIDER_WITHOUT_AUTH,
};
use crate::model::{AgentHealth, ProfileHealth};
use crate::remedy::{OpenClawCommand, quote};
use crate::texts::{counted, text};
use openclaw_auth::service::Gateway;

pub(super) fn run(inspection: &Inspection, findings: &mut Findings) {
    if let Some(assessment) = &inspection.snapshot.config_assessment {
        findings.push(CONFIG_BROKEN.assessed(assessment).at(&inspection.places.roots.config));
    }
    without_auth(inspection, findings);
    since_2026_8(inspection, findings);
    only_in_service(inspection, findings);
    // A store that cannot be read may hold what seems to be missing here.
    let unknown = inspection.snapshot.agents.iter().any(is_unknown);
    if !unknown {
        stored_orders(inspection, findings);
        configured_orders(inspection, findings);
        configured_profiles(inspection, findings);
    }
}

/// Whether an agent's logins are not known in full; that is a finding of its own.
fn is_unknown(agent: &AgentHealth) -> bool {
    let migration = agent.store.migration.as_ref();
    agent.store.error.is_some()
        || migration.is_some_and(|migration| migration.kind == MigrationKind::EmptyDatabase)
}

/// Keys that only OpenClaw's service has: its agents work, and its command line does not see them.
fn only_in_service(inspection: &Inspection, findings: &mut Findings) {
    let routes = inspection.snapshot.agents.iter().flat_map(|agent| &agent.models);
    let only_there = |route: &&ModelRoute| {
        matches!(route.login, ModelLogin::Variable { origin: VariableOrigin::Service, .. })
    };
    let providers: BTreeSet<&str> = routes.filter(only_there).map(|route| &*route.provider).collect();
    let Some(gateway) = inspection.gateway().filter(|_| !providers.is_empty()) else { return };
    for provider in providers {
        let parameters: [(_, &dyn Display); 2] = [("provider", &provider), ("service", &gateway.seen_as)];
        findings.push(KEY_ONLY_IN_SERVICE.found(&parameters).at(&inspection.places.roots.config));
    }
}

/// What releases from 2026.8 on report of a configuration that earlier ones had no fault with.
fn since_2026_8(inspection: &Inspection, findings: &mut Findings) {
    const RETIRED: &str = "openai-codex";
    const RETIRED_PROFILE: &str = "anthropic:claude-cli";

    let openclaw = &inspection.snapshot.openclaw;
    if openclaw.rules != Rules::Selected || openclaw.source == ReleaseSource::Assumed {
        return;
    }
    let config = &inspection.places.roots.config;
    let mut routes = inspection.snapshot.agents.iter().flat_map(|agent| &agent.models);
    if let Some(route) = routes.find(|route| route.provider == RETIRED) {
        let finding = PROVIDER_RETIRED.found(&[("model", &route.model)]).at(config);
        findings.push(finding.command(inspection.commands.openclaw(OpenClawCommand::Doctor, "")));
    }
    let has_retired = |agent: &&AgentHealth| {
        agent
            .profiles
            .iter()
            .any(|profile| profile.profile_id.as_str() == RETIRED_PROFILE && !profile.inherited)
    };
    for agent in inspection.snapshot.agents.iter().filter(has_retired) {
        let finding = PROFILE_RETIRED.found(&[]).of(Some(&agent.id)).profile(RETIRED_PROFILE);
        findings.push(finding.command(inspection.commands.openclaw(OpenClawCommand::Doctor, "")));
    }
    let in_clear =
        |entry: &&ProviderSettings| matches!(entry.key, ProviderKey::Text(None)) && entry.keeps_key();
    for entry in inspection.discovery.settings.providers.iter().filter(in_clear) {
        let finding = KEY_IN_CONFIGURATION.found(&[("provider", &entry.id)]).at(config);
        findings.push(finding.command(inspection.commands.audit_secrets()));
    }
}

fn without_auth(inspection: &Inspection, findings: &mut Findings) {
    let agents = &inspection.snapshot.agents;
    if agents.first().is_some_and(is_unknown) {
        return;
    }
    let mut seen = BTreeSet::new();
    for agent in agents.iter().filter(|agent| !is_unknown(agent)) {
        for missing in &agent.missing_providers_in_use {
            let is_dropped = |agent: &AgentHealth| {
                let mut ids = agent.rejected.iter().map(|rejected| rejected.profile_id.as_str());
                ids.any(|id| id.split(':').next() == Some(missing.as_str()))
            };
            if agents.iter().any(is_dropped) {
                continue;
            }
            let affected = agents.iter().filter(|other| other.missing_providers_in_use.contains(missing));
            let affected: Vec<AgentId> = affected.map(|other| other.id.clone()).collect();
            let is_folded = affected.len() > MOST_ALIKE;
            if is_folded && !seen.insert(missing.as_str()) {
                continue;
            }
            let verdict = agent.provider_assessments.iter().find(|verdict| verdict.provider == *missing);
            let Some(assessment) = verdict.map(|verdict| &verdict.assessment) else { continue };
            let summary = &assessment.summary;
            let mut found = if is_folded {
                let others = counted("other-agents", affected.len() - 1);
                PROVIDER_WITHOUT_AUTH
                    .variant("more", &[("provider", missing), ("summary", summary), ("others", &others)])
                    .also_of(affected)
            } else {
                PROVIDER_WITHOUT_AUTH.found(&[("provider", missing), ("summary", summary)])
            };
            found.command = assessment.command().map(str::to_owned);
            // A service that asks the login shell may get a key that cannot be seen from here.
            let is_certain = !inspection.discovery.settings.asks_shell;
            let severity = if is_certain { Severity::Critical } else { Severity::Warning };
            findings.push(found.severity(severity).of(&agent.id).at(&inspection.places.roots.config));
        }
    }
}

/// From here on agents with the same problem share a finding.
const MOST_ALIKE: usize = 5;

/// OpenClaw's service, if it has a key of the provider.
fn service_with_key<'a>(inspection: &'a Inspection, provider_id: &str) -> Option<&'a Gateway> {
    inspection.gateway().filter(|gateway| gateway.variables.variable_for(provider_id).is_some())
}

/// The absent entries of an order. An ID is repeated only if it looks like one: an order may hold anything
/// that was pasted there.
fn absent_entries(provider: &str, ids: &[&str]) -> String {
    let is_id = |id: &&str| {
        id.len() <= 80
            && provider::find(provider).is_some()
            && id.strip_prefix(provider).is_some_and(|rest| rest.starts_with(':'))
    };
    match ids {
        [id] if is_id(id) => text("absent-profile", &[("profile", id)]),
        ids => counted("absent-profiles", ids.len()),
    }
}

fn stored_orders(inspection: &Inspection, findings: &mut Findings) {
    for agent in &inspection.agents {
        let Some(health) = inspection.health(&agent.id) else { continue };
        for (provider, order) in &agent.order {
            let absent = absent(order, &[health]);
            // An order of a provider without profiles has no effect.
            if absent.is_empty() || absent.len() == order.len() && !uses(health, provider) {
                continue;
            }
            let finding = order_finding(provider, &absent, "agent").of(&agent.id).at(&agent.store);
            findings.push(finding.command(inspection.commands.for_agent(
                Some(agent.id.as_str()),
                OpenClawCommand::ClearOrder,
                &format!("--provider {}", quote(provider)),
            )));
        }
    }
}

fn configured_orders(inspection: &Inspection, findings: &mut Findings) {
    let agents: Vec<&AgentHealth> = inspection.snapshot.agents.iter().collect();
    for (written, order) in &inspection.discovery.settings.order {
        let provider = provider::normalize(written, inspection.reading);
        let at = |finding: Finding| finding.at(&inspection.places.roots.config);
        let setting = quote(&format!("auth.order.{written}"));
        let fix = inspection.commands.openclaw(OpenClawCommand::UnsetConfig, &setting);
        if order.is_empty() {
            if agents.iter().any(|agent| uses(agent, &provider)) {
                findings.push(at(ORDER_EMPTY.found(&[("provider", written)])).command(fix));
            }
            continue;
        }
        let absent = absent(order, &agents);
        if !absent.is_empty() {
            findings.push(at(order_finding(&provider, &absent, "config")).command(fix));
        }
    }
}

/// `whose` is `agent` or `config`. The provider is named only if it is known.
fn order_finding(provider: &str, absent: &[&str], whose: &str) -> Finding {
    let absent = absent_entries(provider, absent);
    match provider::find(provider) {
        Some(known) => ORDER_NAMES_ABSENT.variant(whose, &[("provider", &known.id), ("absent", &absent)]),
        None => ORDER_NAMES_ABSENT.variant(&format!("{whose}-unknown"), &[("absent", &absent)]),
    }
}

fn uses(agent: &AgentHealth, provider: &str) -> bool {
    agent.profiles.iter().any(|profile| profile.provider.as_str() == provider)
}

/// The IDs that none of the agents has.
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

/// Whether a configured profile needs no stored one: its mode needs none, its CLI keeps it, its key comes
/// from elsewhere, or OpenClaw drops the entry, which is a finding of its own.
fn is_elsewhere(inspection: &Inspection, id: &str, configured: &ProfileSettings) -> bool {
    let provider_id = provider::normalize(&configured.provider, inspection.reading);
    let mut dropped = inspection.snapshot.agents.iter().flat_map(|agent| &agent.rejected);
    configured.mode.is_none()
        || provider::is_owned_by_cli(id, &provider_id)
        || inspection.snapshot.external.iter().any(|profile| profile.provider.as_str() == provider_id)
        || inspection.discovery.environment.variable_for(&provider_id).is_some()
        || inspection.discovery.settings.has_key(&provider_id, inspection.reading)
        || dropped.any(|rejected| rejected.profile_id.as_str() == id)
        || service_with_key(inspection, &provider_id).is_some()
}

fn not_stored(inspection: &Inspection, id: &str, configured: &ProfileSettings) -> Finding {
    let agent = AgentId::from(inspection.discovery.settings.default_agent());
    let provider_id = provider::normalize(&configured.provider, inspection.reading);
    let kind = configured.mode.unwrap_or(CredentialKind::OAuth);
    let command = inspection.commands.sign_in(&agent, &ProviderId::from(&*provider_id), kind, id);
    PROFILE_NOT_STORED.found(&[]).profile(id).at(&inspection.places.roots.config).command(command)
}

/// What the configuration and a store say differently about a profile.
fn contradiction(
    inspection: &Inspection,
    agent: &AgentHealth,
    profile: &ProfileHealth,
    configured: &ProfileSettings,
) -> Option<Finding> {
    let same_kind = match (configured.mode, profile.kind) {
        // OpenClaw accepts a token if its configuration says OAuth.
        (Some(CredentialKind::OAuth), CredentialKind::Token) | (None, _) => true,
        (Some(mode), kind) => mode == kind,
    };
    let same_provider =
        profile.provider.as_str() == provider::normalize(&configured.provider, inspection.reading);
    let (field, configured_as, stored) = match (same_provider, same_kind) {
        (true, true) => return None,
        (false, _) => ("provider", configured.provider.as_str(), profile.provider.as_str()),
        (true, false) => ("mode", configured.mode.map_or("?", CredentialKind::as_str), profile.kind.as_str()),
    };
    let found = PROFILE_MODE_MISMATCH.found(&[
        ("field", &field),
        ("configured", &configured_as),
        ("stored", &stored),
    ]);
    let id = profile.profile_id.as_str();
    let setting = format!("auth.profiles[{id:?}].{field}");
    let arguments = format!("{} {}", quote(&setting), quote(stored));
    let command = inspection.commands.openclaw(OpenClawCommand::SetConfig, &arguments);
    Some(found.of(&agent.id).profile(id).at(&inspection.places.roots.config).command(command))
}
