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
use super::problem::{FailingChannels, Problem, ProblemKind, Subject, SubjectKind};
use super::records::Mute;
use crate::model::{LoginState, Severity, Snapshot};

/// Decides what is to be told of a picture, and remembers that it is.
pub fn decide(
    incidents: &mut Incidents,
    snapshot: &Snapshot,
    own: &FailingChannels,
    mutes: &[Mute],
    policy: &Policy,
) -> Vec<Change> {
    let passed: HashMap<Subject, Span> = incidents
        .all
        .iter()
        .filter(|incident| incident.phase == Phase::Firing)
        .filter_map(|incident| Some((incident.subject.clone(), incident.problem.threshold?)))
        .collect();
    let mut found = detect::problems(snapshot, own, &policy.limits, |subject| passed.get(subject).copied());
    keep_hovering(incidents, snapshot, &mut found);
    let here = snapshot.agents.iter().map(|agent| (agent.id.as_str(), agent)).collect();
    let gone = removed::find(incidents, snapshot, &here, &mut found);
    let around = Circumstances { snapshot, here: &here, mutes, policy, gone: &gone };
    let changes = decide_on(incidents, found, &around);
    removed::remember(incidents, snapshot, &gone);
    changes
}

/// A login that expires soon and has a little more time again is no recovery: clocks are set, and nothing was signed in.
fn keep_hovering(incidents: &Incidents, snapshot: &Snapshot, found: &mut BTreeMap<Subject, Problem>) {
    let end_of = |subject: &Subject| {
        let agent = snapshot.agents.iter().find(|agent| agent.id.as_str() == subject.agent)?;
        let SubjectKind::Profile(id) = &subject.kind else { return None };
        let profile = agent.profiles.iter().find(|profile| profile.profile_id.as_str() == id)?;
        // One that renews automatically was signed in to again.
        profile.end().filter(|_| profile.login != LoginState::Renewable)
    };
    for incident in incidents.all.iter().filter(|incident| incident.phase == Phase::Firing) {
        let Some(threshold) = incident.problem.threshold else { continue };
        let hovers = |end: Timestamp| end - snapshot.now <= threshold * detect::HYSTERESIS;
        if !found.contains_key(&incident.subject) && end_of(&incident.subject).is_some_and(hovers) {
            found.insert(incident.subject.clone(), incident.problem.clone());
        }
    }
}

fn decide_on(
    incidents: &mut Incidents,
    mut found: BTreeMap<Subject, Problem>,
    around: &Circumstances<'_>,
) -> Vec<Change> {
    let now = around.snapshot.now;
    let mut kept: Vec<Incident> = Vec::with_capacity(incidents.all.len());
    for mut incident in std::mem::take(&mut incidents.all) {
        let problem = found.remove(&incident.subject);
        settle(&mut incident, problem, around);
        kept.push(incident);
    }
    kept.extend(found.into_iter().map(|(subject, problem)| open(subject, problem, around)));
    kept.sort_by(|one, other| one.subject.cmp(&other.subject));
    let mut changes = Vec::new();
    for incident in &mut kept {
        if let Some(transition) = to_tell(incident, around) {
            changes.push(tell(incident, transition, now));
        }
    }
    kept.retain(|incident| !settle::is_forgotten(incident, now));
    incidents.all = kept;
    changes
}

fn open(subject: Subject, problem: Problem, around: &Circumstances<'_>) -> Incident {
    let now = around.snapshot.now;
    let mut incident = Incident {
        id: super::incident::name(&subject, now),
        subject,
        problem,
        phase: Phase::Pending,
        opened: now,
        notified: None,
        seen: 0,
        clear: 0,
        clear_since: None,
        fired: Vec::new(),
        flapping: false,
        resolved: None,
    };
    let problem = incident.problem.clone();
    settle(&mut incident, Some(problem), around);
    incident
}

/// Whether an incident has to be told now, and as what.
fn to_tell(incident: &mut Incident, around: &Circumstances<'_>) -> Option<Transition> {
    let (now, policy) = (around.snapshot.now, around.policy);
    let severity = incident.problem.severity;
    let is_muted = around.mutes.iter().any(|mute| mute.covers(&incident.subject, now));
    let is_quiet = policy.quiet.is_some_and(|quiet| quiet.contains(now));
    match (incident.phase, incident.notified) {
        (Phase::Pending | Phase::Over, _) | (Phase::Resolved, None) => None,
        (Phase::Resolved, Some(notified)) => {
            (!is_quiet || notified.worst == Severity::Critical).then_some(Transition::Resolved)
        }
        // Who has heard that it broke before the silence waits for the word above; of all else nobody wants to hear.
        (Phase::Firing, _) if is_muted => None,
        // Found mended once: whatever there is to say can wait for the next look.
        (Phase::Firing, _) if incident.clear > 0 => None,
        (Phase::Firing, _) if is_quiet && severity < Severity::Critical => None,
        (Phase::Firing, None) if incident.flapping => Some(Transition::Flapping),
        (Phase::Firing, None) => Some(Transition::New),
        // While it comes and goes, only what has not been as bad yet is worth a word.
        (Phase::Firing, Some(notified)) if incident.flapping => {
            (severity > notified.worst).then_some(Transition::Worse)
        }
        (Phase::Firing, Some(notified)) => compared(incident, notified).or_else(|| {
            let repeat = match severity {
                Severity::Critical => policy.repeat_critical,
                Severity::Warning => policy.repeat_warning,
                Severity::Info => None,
            };
            let repeat = repeat.filter(|repeat| *repeat > Span::ZERO)?;
            // A moment that is far ahead was written by a clock that was wrong.
            (incident.problem.kind != ProblemKind::Gone && (now - notified.at).abs() >= repeat)
                .then_some(Transition::Still)
        }),
    }
}

/// What has been told before this moment and is still so, for who has not heard of it.
pub(super) fn still_open(
    incidents: &Incidents,
    now: Timestamp,
    mutes: &[Mute],
    policy: &Policy,
) -> Vec<Change> {
    let is_quiet = policy.quiet.is_some_and(|quiet| quiet.contains(now));
    let open = incidents.firing().filter_map(|incident| {
        let notified = incident.notified.filter(|notified| notified.at != now)?;
        let is_muted = mutes.iter().any(|mute| mute.covers(&incident.subject, now))
            || (is_quiet && incident.problem.severity < Severity::Critical);
        let is_over = incident.clear > 0 || incident.problem.kind == ProblemKind::Gone;
        (!is_muted && !is_over).then(|| change(incident, Transition::Still, notified.worst, now))
    });
    open.collect()
}

/// How an incident differs from what was told of it last.
fn compared(incident: &Incident, notified: Notified) -> Option<Transition> {
    let Problem { kind, severity, threshold, .. } = &incident.problem;
    let nearer = matches!((threshold, notified.threshold), (Some(new), Some(old)) if new < &old);
    if *severity > notified.severity || nearer {
        Some(Transition::Worse)
    } else if *severity < notified.severity {
        Some(Transition::Better)
    } else if *kind != notified.kind {
        Some(Transition::Worse)
    } else {
        None
    }
}

fn tell(incident: &mut Incident, transition: Transition, now: Timestamp) -> Change {
    let severity = incident.problem.severity;
    let worst = incident.notified.map_or(severity, |notified| notified.worst.max(severity));
    incident.notified = Some(Notified {
        at: now,
        kind: incident.problem.kind,
        severity,
        worst,
        threshold: incident.problem.threshold,
    });
    if transition == Transition::Resolved {
        incident.phase = Phase::Over;
        incident.notified = None;
        incident.flapping = false;
    }
    change(incident, transition, worst, now)
}

fn change(incident: &Incident, transition: Transition, worst: Severity, now: Timestamp) -> Change {
    Change {
        incident: incident.id.clone(),
        transition,
        subject: incident.subject.clone(),
        problem: incident.problem.clone(),
        worst,
        opened: incident.opened,
        at: now,
        resolved: incident.resolved.clone(),
    }
}
