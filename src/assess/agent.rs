//! The verdicts on what is an agent's and no login, and on OpenClaw's configuration.

use std::collections::BTreeSet;

use openclaw_auth::check::CheckCauseKind;
use openclaw_auth::model::{
    MAIN_AGENT, MigrationKind, ProfileId, ProviderId, StoreError, StoreErrorReason, StoreHealth,
};
use openclaw_auth::release::{ReleaseSource, Rules};

use crate::model::{
    AgentHealth, AgentRemedy, Assessment, AssessmentState, ProviderAssessment, RemedyOf, Severity, Snapshot,
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
    let of_provider = |provider: &ProviderId| {
        let command = Some(commands.first_login(&agent.id, provider));
        let verdict = if sees_logins {
            let summary = text("provider-missing", &[]);
            Assessment::new(AssessmentState::NoLogin, Severity::Critical, summary).with_command(command)
        } else {
            // Signing in now would write a new store over the one that OpenClaw cannot read, and over the logins in it.
            let summary = text("provider-unknown", &[]);
            Assessment::new(AssessmentState::NoLogin, Severity::Info, summary).with_command(None)
        };
        ProviderAssessment { provider: provider.clone(), assessment: verdict }
    };
    agent.provider_assessments = agent.missing_providers_in_use.iter().map(of_provider).collect();
    agent.remedies = remedies(agent);
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
