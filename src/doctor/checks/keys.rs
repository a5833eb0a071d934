//! Keys that are in no store: in `.env`, in the service's unit, and in OpenClaw's configuration. What cannot work, and variables
//! whose names are misspelled.

use std::collections::BTreeSet;
use std::path::PathBuf;

use openclaw_auth::environment::Environment;
use openclaw_auth::model::{AgentId, VariableOrigin};
use openclaw_auth::provider;
use openclaw_auth::settings::ProviderKey;
use openclaw_auth::spelling;

use crate::assess;
use crate::doctor::files::quoted;
use crate::doctor::finding::{Finding, Findings, Severity};
use crate::doctor::inspection::Inspection;
use crate::doctor::kinds::{KEY_MALFORMED, VARIABLE_MISSPELLED};
use crate::model::{AssessmentState, KeyPlace};

pub(super) fn run(inspection: &Inspection, findings: &mut Findings) {
    let keys = Keys { inspection, environments: environments(inspection) };
    let mut reported = BTreeSet::new();
    keys.in_use(findings, &mut reported);
    keys.unused(findings, &mut reported);
    keys.misspelled(findings);
}

/// What OpenClaw's service has: from its `.env` and configuration, and from its unit or process.
fn environments(inspection: &Inspection) -> Vec<&Environment> {
    let of_service = inspection.gateway().map(|gateway| &gateway.variables);
    [Some(&inspection.service_variables), of_service].into_iter().flatten().collect()
}

struct Keys<'a> {
    inspection: &'a Inspection,
    environments: Vec<&'a Environment>,
}

impl Keys<'_> {
    /// Keys that models are called with. Which cannot work, the assessment says.
    fn in_use(&self, findings: &mut Findings, reported: &mut BTreeSet<String>) {
        let agents = &self.inspection.snapshot.agents;
        for agent in agents {
            let malformed = agent.provider_assessments.iter();
            for verdict in malformed.filter(|verdict| verdict.assessment.state == AssessmentState::Malformed)
            {
                let mut keys = agent.keys().filter(|(route, _)| route.mistake.is_some());
                let key = keys.find(|(route, _)| route.provider == verdict.provider.as_str());
                let Some((_, place)) =
                    key.filter(|(route, place)| reported.insert(name(&route.provider, *place)))
                else {
                    continue;
                };
                let shares =
                    |other: &&crate::model::AgentHealth| other.provider_assessments.contains(verdict);
                let sharing: Vec<AgentId> =
                    agents.iter().filter(shares).map(|other| other.id.clone()).collect();
                let of = Some(&agent.id).filter(|_| sharing.len() == 1);
                let finding = KEY_MALFORMED.assessed(&verdict.assessment).of(of).also_of(sharing);
                findings.push(self.at(finding, place));
            }
        }
    }

    /// Keys that no model is called with: OpenClaw takes their providers to be set up.
    fn unused(&self, findings: &mut Findings, reported: &mut BTreeSet<String>) {
        let commands = &self.inspection.commands;
        let mut report = |id: &str, place: KeyPlace<'_>, mistake| {
            if reported.insert(name(id, place)) {
                let assessment = assess::of_mistaken_key(id, place, mistake, Severity::Warning, commands);
                findings.push(self.at(KEY_MALFORMED.assessed(&assessment), place));
            }
        };
        for provider in provider::all().filter(|provider| !provider::takes_any_key(provider.id)) {
            for variable in provider.variables {
                let configured = Some(&self.inspection.discovery.environment)
                    .filter(|all| all.origin(variable) == Some(VariableOrigin::Configuration));
                for environment in self.environments.iter().copied().chain(configured) {
                    if let (Some(origin), Some(mistake)) =
                        (environment.origin(variable), environment.mistake(variable))
                    {
                        report(provider.id, KeyPlace::Variable(variable, origin), mistake);
                    }
                }
            }
        }
        for entry in &self.inspection.discovery.settings.providers {
            if let ProviderKey::Text(Some(mistake)) = entry.key
                && entry.keeps_key()
            {
                report(&entry.id, KeyPlace::Configuration, mistake);
            }
        }
    }

    /// Variables that nobody reads and whose names are nearly those of providers' variables, where those are not set. A name is
    /// shown only where it is as near as that: it cannot be a key that was pasted in its place.
    fn misspelled(&self, findings: &mut Findings) {
        let here = &self.inspection.discovery.environment;
        let is_set = |id: &str| {
            let mut all = self.environments.iter().copied().chain([here]);
            all.any(|environment| environment.variable_for(id).is_some())
        };
        let mut seen = BTreeSet::new();
        for environment in &self.environments {
            for found in environment.names() {
                let Some((provider, known)) =
                    spelling::meant(found).filter(|(provider, _)| !is_set(provider.id))
                else {
                    continue;
                };
                let origin = environment.origin(found).unwrap_or(VariableOrigin::Dotenv);
                if seen.insert(found) {
                    let mut agents = self.inspection.snapshot.agents.iter();
                    let is_missing = agents.any(|agent| {
                        agent.missing_providers_in_use.iter().any(|missing| missing.as_str() == provider.id)
                    });
                    let severity = if is_missing { Severity::Warning } else { Severity::Info };
                    let finding = VARIABLE_MISSPELLED.found(&[
                        ("found", &found),
                        ("known", &known),
                        ("provider", &provider.id),
                    ]);
                    let place = KeyPlace::Variable(known, origin);
                    let finding = self.at(finding.severity(severity), place);
                    let file = finding.file.as_deref().map(|file| quoted(file.as_ref()));
                    let edit = file.map(|file| format!("${{EDITOR:-vi}} {file}"));
                    findings.push(
                        finding.command(edit.unwrap_or_else(|| self.inspection.commands.restart_gateway())),
                    );
                }
            }
        }
    }

    /// Names the file that a key is in, where it is known.
    fn at(&self, finding: Finding, place: KeyPlace<'_>) -> Finding {
        let roots = &self.inspection.places.roots;
        let file: Option<PathBuf> = match place {
            KeyPlace::Variable(_, VariableOrigin::Dotenv) => Some(roots.dotenv()),
            KeyPlace::Variable(_, VariableOrigin::Service) => {
                self.inspection.gateway().and_then(|gateway| gateway.unit.clone())
            }
            KeyPlace::Variable(_, VariableOrigin::Process) => None,
            _ => Some(roots.config.clone()),
        };
        match file {
            Some(file) => finding.at(&file),
            None => finding,
        }
    }
}

/// A key's name among those that have been reported.
fn name(provider: &str, place: KeyPlace<'_>) -> String {
    match place {
        KeyPlace::Variable(variable, _) => variable.to_owned(),
        _ => format!("{provider}:{}", place.id()),
    }
}
