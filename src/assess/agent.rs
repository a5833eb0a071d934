//! The verdicts on what is an agent's and no login, and on OpenClaw's configuration.

use std::collections::BTreeSet;

use openclaw_auth::check::CheckCauseKind;
use openclaw_auth::model::{
    MAIN_AGENT, MigrationKind, Mistake, ProfileId, ProviderId, StoreError, StoreErrorReason, StoreHealth,
    VariableOrigin,
};
use openclaw_auth::release::{ReleaseSource, Rules};

use super::login::variable_in_words;
use crate::model::{
    AgentHealth, AgentRemedy, Assessment, AssessmentState, KeyPlace, ProviderAssessment, RemedyOf, Severity,
    Snapshot,
};
use crate::remedy::{self, Commands, ImportAdvice, OpenClawCommand, Remedy, quote};
use crate::texts::{counted, text};

/// An agent that the configuration does not list uses no model, so nothing of its own concerns anybody; what other agents have
/// from it does.
pub(super) fn put_aside(agent: &mut AgentHealth, shared_in_use: &BTreeSet<ProfileId>) {
    let is_main = agent.id.as_str() == MAIN_AGENT;
    for profile in &mut agent.profiles {
        if (is_main || profile.inherited) && shared_in_use.contains(&profile.profile_id) {
            continue;
        }
        if let Some(assessment) = &mut profile.assessment {
            **assessment = assessment.for_information();
        }
    }
}

pub(super) fn assess(agent: &mut AgentHealth, main_is_read: bool, commands: &Commands) {
    if !agent.configured {
        agent.store_assessment =
            of_store(&agent.store, commands).map(|assessment| assessment.for_information());
        agent.remedies = remedies(agent);
        return;
    }
    agent.store_assessment = of_store(&agent.store, commands);
    let sees_logins = shows_its_logins(agent) && main_is_read;
    let is_refused = agent.check.causes.iter().any(|cause| cause.kind == CheckCauseKind::Configuration);
    let of_provider = |provider: &ProviderId| {
        let mut routes = agent.models.iter().filter(|route| route.provider == provider.as_str());
        if let Some(variable) = routes.find_map(|route| route.unset_variable.as_deref()) {
            // A configuration that is refused for it says so.
            return (!is_refused).then(|| of_unset_variable(provider, variable, commands));
        }
        let command = Some(commands.first_login(&agent.id, provider));
        let verdict = if sees_logins {
            let summary = text("provider-missing", &[]);
            Assessment::new(AssessmentState::NoLogin, Severity::Critical, summary).with_command(command)
        } else {
            // Signing in now would write a new store over the one that OpenClaw cannot read, and over the logins in it.
            let summary = text("provider-unknown", &[]);
            Assessment::new(AssessmentState::NoLogin, Severity::Info, summary).with_command(None)
        };
        Some(ProviderAssessment { provider: provider.clone(), assessment: verdict })
    };
    let missing = agent.missing_providers_in_use.iter().filter_map(of_provider);
    agent.provider_assessments = missing.chain(of_mistaken_keys(agent, commands)).collect();
    agent.remedies = remedies(agent);
}

/// The verdict on a provider whose key is to come from a variable that nothing sets.
fn of_unset_variable(provider: &ProviderId, variable: &str, commands: &Commands) -> ProviderAssessment {
    let variable = variable_in_words(variable);
    let summary = text("provider-variable-not-set", &[("variable", &variable)]);
    let advice = text("remedy-variable-restart", &[("command", &commands.restart_gateway())]);
    let assessment = Assessment::new(AssessmentState::NoLogin, Severity::Critical, summary);
    ProviderAssessment {
        provider: provider.clone(),
        assessment: assessment.with_advice(&advice, commands.edit_dotenv()),
    }
}

/// The verdicts on keys in use that are in no store and cannot work, once for each provider.
fn of_mistaken_keys<'a>(
    agent: &'a AgentHealth,
    commands: &'a Commands,
) -> impl Iterator<Item = ProviderAssessment> + 'a {
    let mut seen = BTreeSet::new();
    let mistaken = agent.keys().filter_map(|(route, key)| Some((&*route.provider, key, route.mistake?)));
    mistaken.filter(move |(provider, ..)| seen.insert(*provider)).map(|(provider, key, mistake)| {
        ProviderAssessment {
            provider: ProviderId::from(provider),
            assessment: of_mistaken_key(provider, key, mistake, Severity::Critical, commands),
        }
    })
}

/// The verdict on a key that is in no store and cannot work.
pub fn of_mistaken_key(
    provider: &str,
    key: KeyPlace<'_>,
    mistake: Mistake,
    severity: Severity,
    commands: &Commands,
) -> Assessment {
    let place = match key {
        KeyPlace::Variable(variable, origin) => {
            text(&format!("key-place-{}", origin.as_str()), &[("variable", &variable)])
        }
        _ => text("key-place-provider", &[("provider", &provider)]),
    };
    let summary = text(&format!("key-mistake-{}", mistake.as_str()), &[("place", &place)]);
    let restart = commands.restart_gateway();
    let (advice, command) = match key {
        KeyPlace::Variable(_, VariableOrigin::Dotenv) => ("remedy-key-file", commands.edit_dotenv()),
        KeyPlace::Variable(_, VariableOrigin::Service) => ("remedy-key-service", restart.clone()),
        KeyPlace::Variable(_, VariableOrigin::Process) => ("remedy-key-process", restart.clone()),
        _ => ("remedy-key-file", commands.edit_configuration()),
    };
    let advice = text(advice, &[("command", &restart)]);
    Assessment::new(AssessmentState::Malformed, severity, summary).with_advice(&advice, command)
}

fn remedies(agent: &AgentHealth) -> Vec<AgentRemedy> {
    let of = |of, provider: Option<&ProviderId>, assessment: &Assessment| {
        let remedy = assessment.remedy.clone()?;
        Some(AgentRemedy { of, provider: provider.cloned(), remedy })
    };
    let store = agent.store_assessment.iter().filter_map(|verdict| of(RemedyOf::Store, None, verdict));
    let providers = agent.provider_assessments.iter();
    let providers =
        providers.filter_map(|verdict| of(RemedyOf::Provider, Some(&verdict.provider), &verdict.assessment));
    store.chain(providers).collect()
}

/// Whether what is not in an agent's store is not there: one that cannot be read, or that a migration left empty, shows nothing.
#[must_use]
pub fn shows_its_logins(agent: &AgentHealth) -> bool {
    let left_behind = agent.store.migration.as_ref();
    let is_empty = left_behind.is_some_and(|migration| migration.kind != MigrationKind::LeftoverJson);
    agent.store.error.is_none() && !is_empty
}

fn of_store(store: &StoreHealth, commands: &Commands) -> Option<Assessment> {
    if let Some(error) = &store.error {
        let summary = text("store-unreadable", &[("problem", &error.message)]);
        let remedy = remedy::for_unreadable(&store.path, error);
        return Some(Assessment {
            remedy: Some(remedy),
            ..Assessment::new(AssessmentState::Unreadable, of_unreadable(error), summary)
        });
    }
    let migration = store.migration.as_ref()?;
    let file = quote(&migration.path.to_string_lossy());
    Some(match migration.kind {
        MigrationKind::EmptyDatabase | MigrationKind::NotImported => {
            let logins = counted("logins", migration.profiles);
            let summary = match migration.profiles {
                0 => text("store-refused", &[("file", &file)]),
                _ => text("store-migration-incomplete", &[("logins", &logins), ("file", &file)]),
            };
            let ImportAdvice { first, command } = commands.import(migration.repair_first.as_ref());
            let remedy = Remedy { meaning: format!("{summary}{first}"), command: Some(command) };
            Assessment {
                remedy: Some(remedy),
                ..Assessment::new(AssessmentState::MigrationIncomplete, Severity::Critical, summary)
            }
        }
        MigrationKind::LeftoverJson => {
            let summary = text("store-leftover", &[("file", &file)]);
            Assessment::new(AssessmentState::Leftover, Severity::Info, summary)
                .with_command(Some(format!("ls -l {file}")))
        }
    })
}

pub(super) fn of_configuration(snapshot: &Snapshot, commands: &Commands) -> Option<Assessment> {
    let config = &snapshot.config;
    let Some(error) = &config.error else { return of_refusal(snapshot, commands) };
    let summary = text("configuration-unusable", &[("problem", &error.message)]);
    Some(Assessment {
        remedy: Some(commands.for_configuration(&config.path, error)),
        ..Assessment::new(AssessmentState::Unusable, of_unreadable(error), summary)
    })
}

/// The verdict on a configuration that can be read, and that the release in use refuses.
fn of_refusal(snapshot: &Snapshot, commands: &Commands) -> Option<Assessment> {
    let mut causes = snapshot.agents.iter().flat_map(|agent| &agent.check.causes);
    let cause = causes.find(|cause| cause.kind == CheckCauseKind::Configuration)?;
    let severity = match snapshot.openclaw.source {
        ReleaseSource::Assumed => Severity::Warning,
        _ => Severity::Critical,
    };
    let summary = text("configuration-refused", &[("what", &cause.name)]);
    let assessment = Assessment::new(AssessmentState::Unusable, severity, summary);
    let command = match snapshot.openclaw.rules {
        // Their doctor does not start with a configuration that they refuse.
        Rules::Everything => OpenClawCommand::ValidateConfig,
        _ => OpenClawCommand::Doctor,
    };
    Some(assessment.with_command(Some(commands.openclaw(command, ""))))
}

/// The verdict on a renewed login that could not be stored.
pub(super) fn of_recovery(commands: &Commands) -> Assessment {
    let summary = text("recovery-waiting", &[]);
    let meaning = format!("{summary}. {}", text("recovery-remedy", &[]));
    Assessment {
        remedy: Some(Remedy { meaning, command: Some(commands.store_recovered()) }),
        ..Assessment::new(AssessmentState::NotStored, Severity::Critical, summary)
    }
}

/// What authwatch may not read, OpenClaw may well; a broken file stops both.
fn of_unreadable(error: &StoreError) -> Severity {
    match error.reason {
        _ if error.fault.is_some() => Severity::Critical,
        StoreErrorReason::Parse | StoreErrorReason::NotAFile | StoreErrorReason::TooLarge => {
            Severity::Critical
        }
        StoreErrorReason::Permission
        | StoreErrorReason::Locked
        | StoreErrorReason::Schema
        | StoreErrorReason::Io => Severity::Warning,
    }
}
