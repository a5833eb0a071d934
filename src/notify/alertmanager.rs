//! Alertmanager: it is told again and again what is so, and does the rest itself (grouping, repeating, silences, routes).
//!
//! What it is to be told is worked out from the ledger, so nothing has to wait in the outbox. Alerts bear the names of the
//! rules in `deploy/prometheus`, so that one routing serves both.

use std::collections::BTreeSet;

use openclaw_auth::model::{Span, Timestamp};
use serde_json::{Value, json};

use super::incident::Incident;
use super::outcome::{DeliveryOutcome, FailureReason};
use super::problem::{ProblemKind, SubjectKind};
use super::records::PostedAlert;
use super::store::NotificationStore;
use super::transport::{Transport, json_request, secret};
use super::words::{rfc3339, sentence};
use crate::config::{AlertmanagerConfig, Filter};
use crate::model::Severity;

/// Where the Debian package puts the runbooks.
const RUNBOOKS: &str = "/usr/share/doc/authwatch/docs/runbooks.md";
/// What is so is said again when this part of the hold has passed.
const AGAIN_AFTER_PART: f64 = 0.25;

/// An alert as it is told.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Alert {
    pub posted: PostedAlert,
    /// What people read; `None` for one that ends.
    annotations: Option<Value>,
}

/// What Alertmanager has to be told: everything that is so, and the end of what it still holds for so.
#[must_use]
pub(super) fn alerts(
    store: &NotificationStore,
    filter: &Filter,
    host: &str,
    posted: &[PostedAlert],
    now: Timestamp,
) -> Vec<Alert> {
    // Quiet hours are Alertmanager's own affair, so what has not been told for their sake is told here.
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
    let so: BTreeSet<&[(String, String)]> =
        alerts.iter().map(|alert| alert.posted.labels.as_slice()).collect();
    let ended = posted.iter().filter(|known| !so.contains(known.labels.as_slice()));
    let ended: Vec<Alert> = ended.map(|known| Alert { posted: known.clone(), annotations: None }).collect();
    alerts.extend(ended);
    alerts
}

/// Whether there is anything to say: something has changed, or what was said would lapse.
#[must_use]
pub(super) fn is_due(
    alerts: &[Alert],
    posted: &[PostedAlert],
    last_success: Option<Timestamp>,
    hold: Span,
    now: Timestamp,
) -> bool {
    let posted: BTreeSet<&PostedAlert> = posted.iter().collect();
    let said = |alert: &Alert| alert.annotations.is_some() && posted.contains(&alert.posted);
    let again = last_success.is_none_or(|at| now - at >= hold * AGAIN_AFTER_PART || now < at);
    alerts.iter().any(|alert| !said(alert)) || (!alerts.is_empty() && again)
}

/// What Alertmanager holds for so once it has been told these.
#[must_use]
pub(super) fn posted(alerts: &[Alert]) -> Vec<PostedAlert> {
    alerts.iter().filter(|alert| alert.annotations.is_some()).map(|alert| alert.posted.clone()).collect()
}

fn matters(incident: &Incident, filter: &Filter) -> bool {
    let Incident { subject, problem, .. } = incident;
    filter.lets_pass(problem.severity, &subject.agent, &problem.also, problem.provider.as_ref())
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
        SubjectKind::Profile(id) | SubjectKind::Rescue(id) => label("profile", id),
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
    // Where Prometheus has no such rule there is no runbook for it, either.
    if !matches!(problem.kind, ProblemKind::Disabled | ProblemKind::StoreStranded | ProblemKind::Gone) {
        annotations["runbook"] = json!(format!("{RUNBOOKS}, section {name}"));
    }
    if let Some(command) = &problem.command {
        annotations["command"] = json!(command);
    }
    let starts_at = rfc3339(incident.opened);
    Alert { posted: PostedAlert { labels, starts_at }, annotations: Some(annotations) }
}

/// The name of the rule in `deploy/prometheus` that says the same.
fn name(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Dead => "AuthwatchLoginDead",
        ProblemKind::Missing => "AuthwatchLoginMissing",
        ProblemKind::Expired => "AuthwatchLoginExpired",
        ProblemKind::Expiring => "AuthwatchLoginExpiring",
        ProblemKind::Lapsed => "AuthwatchLoginLapsed",
        ProblemKind::Disabled => "AuthwatchLoginDisabled",
        ProblemKind::ProviderMissing => "AuthwatchProviderWithoutLogin",
        ProblemKind::StoreUnreadable => "AuthwatchStoreUnreadable",
        ProblemKind::StoreStranded => "AuthwatchStoreStranded",
        ProblemKind::Rescued => "AuthwatchRescueWaiting",
        ProblemKind::Gone => "AuthwatchLoginGone",
        ProblemKind::ChannelFailing => "AuthwatchNotificationFailing",
        ProblemKind::ConfigUnreadable => "AuthwatchOpenClawConfigUnreadable",
    }
}

/// Tells every member of the cluster. It is told once one of them has taken it, for they tell each other.
pub(super) async fn send(
    config: &AlertmanagerConfig,
    alerts: &[Alert],
    now: Timestamp,
    page_url: Option<&str>,
    transport: &Transport,
) -> DeliveryOutcome {
    let token = match secret(&config.token()) {
        Ok(token) => token,
        Err(outcome) => return outcome,
    };
    if config.urls.is_empty() {
        return DeliveryOutcome::refused(FailureReason::Configuration, "it has no urls");
    }
    let body = body(alerts, now, config.hold(), page_url);
    let bearer = token.as_ref().map(|token| format!("Bearer {}", token.expose()));
    let headers: Vec<(&'static str, &str)> =
        bearer.as_deref().map(|bearer| ("authorization", bearer)).into_iter().collect();
    let secrets: Vec<_> = token.iter().collect();
    let peers = config.urls.iter().map(|url| {
        let url = format!("{}/api/v2/alerts", url.trim_end_matches('/'));
        let request = json_request(&url, &headers, &body);
        let secrets = &secrets;
        async move {
            match request {
                Ok(request) => transport.post(request, secrets).await,
                Err(outcome) => outcome,
            }
        }
    });
    let outcomes = futures_util::future::join_all(peers).await;
    let accepted = outcomes.iter().filter(|outcome| matches!(outcome, DeliveryOutcome::Accepted(_))).count();
    let worst = outcomes.into_iter().find(|outcome| !matches!(outcome, DeliveryOutcome::Accepted(_)));
    match (accepted, worst) {
        (0, Some(outcome)) => outcome,
        (accepted, _) => DeliveryOutcome::Accepted(format!("{accepted} of {} took it", config.urls.len())),
    }
}

fn body(alerts: &[Alert], now: Timestamp, hold: Span, page_url: Option<&str>) -> Value {
    let today = rfc3339(now);
    let one = |alert: &Alert| {
        let labels: serde_json::Map<String, Value> =
            alert.posted.labels.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        // RFC 3339 in one form sorts as time does. A clock that has been set back must not make an alert end before it began.
        let starts_at = alert.posted.starts_at.as_str().min(today.as_str());
        let ends = if alert.annotations.is_some() { now + hold } else { now };
        json!({
            "labels": labels,
            "annotations": alert.annotations.clone().unwrap_or_else(|| json!({})),
            "startsAt": starts_at,
            "endsAt": rfc3339(ends),
            "generatorURL": page_url.unwrap_or_default(),
        })
    };
    alerts.iter().map(one).collect()
}

/// A message that only shows that messages arrive: an alert that ends at once.
#[must_use]
pub(super) fn test_alert(host: &str, now: Timestamp) -> Alert {
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let labels = vec![
        label("alertname", "AuthwatchTest"),
        label("job", "authwatch"),
        label("instance", host),
        label("severity", Severity::Info.as_str()),
    ];
    Alert {
        posted: PostedAlert { labels, starts_at: rfc3339(now - Span::from_secs(1.0)) },
        annotations: None,
    }
}
