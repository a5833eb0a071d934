//! Second step, pure: what has to be told now, given what has been told before.
//!
//! Everything that is remembered is in the [`Incidents`], so that a daemon, a daemon that restarts after every pass and a timer tell
//! the same. An incident is told once when it fires, again when it becomes worse or after a while, and once when it is mended.

mod removed;
mod settle;

use openclaw_auth::model::{Span, Timestamp};
use std::collections::{BTreeMap, HashMap};

use self::settle::settle;
use super::change::{Change, Transition};
use super::detect;
use super::incident::{Incident, Incidents, Notified, Phase};
use super::policy::{Circumstances, Policy};
use super::problem::{FailingChannels, Problem, ProblemKind, Subject};
use super::records::Mute;
use crate::model::{Severity, Snapshot};

/// Decides what is to be told of a picture, and remembers that it is.
pub fn decide(
    ledger: &mut Incidents,
    snapshot: &Snapshot,
    own: &FailingChannels,
    silences: &[Mute],
    policy: &Policy,
) -> Vec<Change> {
    let passed: HashMap<Subject, Span> = ledger
        .incidents
        .iter()
        .filter(|incident| incident.phase == Phase::Firing)
        .filter_map(|incident| Some((incident.subject.clone(), incident.condition.threshold?)))
        .collect();
    let mut found = detect::conditions(snapshot, own, &policy.limits, |subject| passed.get(subject).copied());
    let here = snapshot.agents.iter().map(|agent| (agent.id.as_str(), agent)).collect();
    let gone = removed::find(ledger, snapshot, &here, &mut found);
    let around = Circumstances { snapshot, here: &here, silences, policy, gone: &gone };
    let changes = decide_on(ledger, found, &around);
    removed::remember(ledger, snapshot, &gone);
    changes
}

fn decide_on(
    ledger: &mut Incidents,
    mut found: BTreeMap<Subject, Problem>,
    around: &Circumstances<'_>,
) -> Vec<Change> {
    let now = around.snapshot.now;
    let mut incidents: Vec<Incident> = Vec::with_capacity(ledger.incidents.len());
    for mut incident in std::mem::take(&mut ledger.incidents) {
        let condition = found.remove(&incident.subject);
        settle(&mut incident, condition, around);
        incidents.push(incident);
    }
    incidents.extend(found.into_iter().map(|(subject, condition)| open(subject, condition, around)));
    incidents.sort_by(|one, other| one.subject.cmp(&other.subject));
    let mut changes = Vec::new();
    for incident in &mut incidents {
        if let Some(turn) = to_tell(incident, around) {
            changes.push(tell(incident, turn, now));
        }
    }
    incidents.retain(|incident| !settle::is_forgotten(incident, now));
    ledger.incidents = incidents;
    changes
}

fn open(subject: Subject, condition: Problem, around: &Circumstances<'_>) -> Incident {
    let now = around.snapshot.now;
    let mut incident = Incident {
        id: super::incident::name(&subject, now),
        subject,
        condition,
        phase: Phase::Pending,
        opened: now,
        told: None,
        seen: 0,
        clear: 0,
        clear_since: None,
        fired: Vec::new(),
        flapping: false,
        mended: None,
    };
    let condition = incident.condition.clone();
    settle(&mut incident, Some(condition), around);
    incident
}

/// Whether an incident has to be told now, and as what.
fn to_tell(incident: &mut Incident, around: &Circumstances<'_>) -> Option<Transition> {
    let (now, policy) = (around.snapshot.now, around.policy);
    let severity = incident.condition.severity;
    let is_silent = around.silences.iter().any(|silence| silence.covers(&incident.subject, now));
    let is_quiet = policy.quiet.is_some_and(|quiet| quiet.contains(now));
    match (incident.phase, incident.told) {
        (Phase::Pending | Phase::Over, _) | (Phase::Mended, None) => None,
        (Phase::Mended, Some(told)) => {
            (!is_quiet || told.worst == Severity::Critical).then_some(Transition::Mended)
        }
        // Who has heard that it broke before the silence waits for the word above; of all else nobody wants to hear.
        (Phase::Firing, _) if is_silent => None,
        // Found mended once: whatever there is to say can wait for the next look.
        (Phase::Firing, _) if incident.clear > 0 => None,
        (Phase::Firing, _) if is_quiet && severity < Severity::Critical => None,
        (Phase::Firing, None) if incident.flapping => Some(Transition::Flapping),
        (Phase::Firing, None) => Some(Transition::New),
        // While it comes and goes, only what has not been as bad yet is worth a word.
        (Phase::Firing, Some(told)) if incident.flapping => {
            (severity > told.worst).then_some(Transition::Worse)
        }
        (Phase::Firing, Some(told)) => compared(incident, told).or_else(|| {
            let repeat = match severity {
                Severity::Critical => policy.repeat_critical,
                Severity::Warning => policy.repeat_warning,
                Severity::Info => None,
            };
            let repeat = repeat.filter(|repeat| *repeat > Span::ZERO)?;
            // A moment that is far ahead was written by a clock that was wrong.
            (incident.condition.kind != ProblemKind::Gone && (now - told.at).abs() >= repeat)
                .then_some(Transition::Still)
        }),
    }
}

/// What has been told before this moment and is still so, for who has not heard of it.
pub(super) fn still_open(
    ledger: &Incidents,
    now: Timestamp,
    silences: &[Mute],
    policy: &Policy,
) -> Vec<Change> {
    let is_quiet = policy.quiet.is_some_and(|quiet| quiet.contains(now));
    let open = ledger.firing().filter_map(|incident| {
        let told = incident.told.filter(|told| told.at != now)?;
        let is_hushed = silences.iter().any(|silence| silence.covers(&incident.subject, now))
            || (is_quiet && incident.condition.severity < Severity::Critical);
        let is_over = incident.clear > 0 || incident.condition.kind == ProblemKind::Gone;
        (!is_hushed && !is_over).then(|| change(incident, Transition::Still, told.worst, now))
    });
    open.collect()
}

/// How an incident differs from what was told of it last.
fn compared(incident: &Incident, told: Notified) -> Option<Transition> {
    let Problem { kind, severity, threshold, .. } = &incident.condition;
    let nearer = matches!((threshold, told.threshold), (Some(new), Some(old)) if new < &old);
    if *severity > told.severity || nearer {
        Some(Transition::Worse)
    } else if *severity < told.severity {
        Some(Transition::Better)
    } else if *kind != told.kind {
        Some(Transition::Worse)
    } else {
        None
    }
}

fn tell(incident: &mut Incident, turn: Transition, now: Timestamp) -> Change {
    let severity = incident.condition.severity;
    let worst = incident.told.map_or(severity, |told| told.worst.max(severity));
    incident.told = Some(Notified {
        at: now,
        kind: incident.condition.kind,
        severity,
        worst,
        threshold: incident.condition.threshold,
    });
    if turn == Transition::Mended {
        incident.phase = Phase::Over;
        incident.told = None;
        incident.flapping = false;
    }
    change(incident, turn, worst, now)
}

fn change(incident: &Incident, turn: Transition, worst: Severity, now: Timestamp) -> Change {
    Change {
        incident: incident.id.clone(),
        turn,
        subject: incident.subject.clone(),
        condition: incident.condition.clone(),
        worst,
        opened: incident.opened,
        at: now,
        mended: incident.mended.clone(),
    }
}
