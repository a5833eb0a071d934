//! The alerts that Alertmanager gets. They have the names of the rules in `deploy/prometheus`, so that one routing serves both.

use std::collections::BTreeSet;

use openclaw_auth::model::Timestamp;
use serde_json::json;

use super::incident::Incident;
use super::problem::{ProblemKind, SubjectKind};
use super::render::sentence;
use super::store::NotificationStore;
use crate::channel::alertmanager::{Alert, PostedAlert};
use crate::channel::message::rfc3339;
use crate::channel::settings::Filter;

/// Where the Debian package installs the runbooks.
const RUNBOOKS: &str = "/usr/share/doc/authwatch/docs/runbooks.md";

/// All open problems as alerts, and the end of those that Alertmanager still holds (`posted`).
pub(super) fn alerts(
    store: &NotificationStore,
    filter: &Filter,
    host: &str,
    posted: &[PostedAlert],
    now: Timestamp,
) -> Vec<Alert> {
    // Alertmanager has quiet hours of its own, so authwatch's do not apply.
    let is_muted = |incident: &Incident| {
        incident.notified.is_none() && store.mutes.iter().any(|mute| mute.covers(&incident.subject, now))
    };
    let mut alerts: Vec<Alert> = store
        .incidents
        .firing()
        .filter(|incident| !is_muted(incident))
        .filter(|incident| matters(incident, filter))
        .map(|incident| alert(incident, host))
        .collect();
    let open: BTreeSet<&[(String, String)]> =
        alerts.iter().map(|alert| alert.posted.labels.as_slice()).collect();
    let ended = posted.iter().filter(|known| !open.contains(known.labels.as_slice()));
    let ended: Vec<Alert> = ended.map(|known| Alert { posted: known.clone(), annotations: None }).collect();
    alerts.extend(ended);
    alerts
}

fn matters(incident: &Incident, filter: &Filter) -> bool {
    let Incident { subject, problem, .. } = incident;
    filter.matches(problem.severity, &subject.agent, &problem.also, problem.provider.as_ref())
}

fn alert(incident: &Incident, host: &str) -> Alert {
    let Incident { subject, problem, .. } = incident;
    let name = name(problem.kind);
    let mut labels = vec![
        ("alertname".to_owned(), name.to_owned()),
        ("job".to_owned(), "authwatch".to_owned()),
        ("instance".to_owned(), host.to_owned()),
        ("severity".to_owned(), problem.severity.as_str().to_owned()),
    ];
    let mut label = |name: &str, value: &str| labels.push((name.to_owned(), value.to_owned()));
    if !subject.agent.is_empty() {
        label("agent", &subject.agent);
    }
    match &subject.kind {
        SubjectKind::Profile(id) | SubjectKind::Recovery(id) => label("profile", id),
        SubjectKind::Channel(id) => label("channel", id),
        SubjectKind::Agent | SubjectKind::Store | SubjectKind::Provider(_) | SubjectKind::Config => {}
    }
    if let Some(provider) = &problem.provider {
        label("provider", provider);
    }
    let mut annotations = json!({
        "summary": problem.about(subject),
        "description": sentence(&problem.meaning),
    });
    // The others have no rule, so they have no runbook.
    if !matches!(
        problem.kind,
        ProblemKind::Disabled | ProblemKind::MigrationIncomplete | ProblemKind::Removed
    ) {
        annotations["runbook"] = json!(format!("{RUNBOOKS}, section {name}"));
    }
    if let Some(command) = &problem.command {
        annotations["command"] = json!(command);
    }
    let starts_at = rfc3339(incident.opened);
    Alert { posted: PostedAlert { labels, starts_at }, annotations: Some(annotations) }
}

/// The name of the same rule in `deploy/prometheus`.
fn name(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::NeedsSignIn => "AuthwatchLoginDead",
        ProblemKind::Missing => "AuthwatchLoginMissing",
        ProblemKind::Expired => "AuthwatchLoginExpired",
        ProblemKind::Expiring => "AuthwatchLoginExpiring",
        ProblemKind::RenewalFailing => "AuthwatchLoginLapsed",
        ProblemKind::Disabled => "AuthwatchLoginDisabled",
        ProblemKind::ProviderMissing => "AuthwatchProviderWithoutLogin",
        ProblemKind::StoreUnreadable => "AuthwatchStoreUnreadable",
        ProblemKind::MigrationIncomplete => "AuthwatchStoreStranded",
        ProblemKind::NotStored => "AuthwatchRescueWaiting",
        ProblemKind::Removed => "AuthwatchLoginGone",
        ProblemKind::ChannelFailing => "AuthwatchNotificationFailing",
        ProblemKind::ConfigUnreadable => "AuthwatchOpenClawConfigUnreadable",
    }
}
