//! Second step, pure: what people are notified of now, given what they were notified of before.
//!
//! Everything that is remembered is in the [`Incidents`], so that a daemon, a daemon that restarts after every check, and a timer
//! notify alike. People are notified of an incident when it fires, when it becomes worse or better, after a while if it stays, and when
//! it is resolved.

use std::collections::{BTreeMap, HashMap};

use openclaw_auth::model::{Span, Timestamp};

use super::incident::{self, Change, Incident, Incidents, Notified, Phase, Transition};
use super::problem::{self, DetectionLimits, FailingChannels, Problem, ProblemKind, Subject, SubjectKind};
use super::records::Mute;
use super::removed::{self, Presence};
use crate::config::{Config, QuietHours};
use crate::model::{LoginState, Severity, Snapshot};

/// Problems that fire this often within this time are flapping. Something that breaks twice in a morning is two incidents.
const FLAPPING_FROM: usize = 3;
const FLAPPING_WITHIN: Span = Span::from_hours(3.0);
/// A flapping problem is resolved once it was absent for this long.
const FLAPPING_QUIET: Span = Span::from_mins(30.0);
/// How long the incident of a removed profile or agent lasts.
const REMOVED_FOR: Span = Span::from_hours(24.0);

/// When people are notified, as configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub limits: DetectionLimits,
    /// Consecutive checks that must find a problem.
    pub fire_after: u32,
    /// Consecutive checks that must not find it any more.
    pub clear_after: u32,
    /// How often an unresolved critical problem is repeated.
    pub repeat_critical: Option<Span>,
    pub repeat_warning: Option<Span>,
    /// When people are notified of critical problems only.
    pub quiet: Option<QuietHours>,
}

#[must_use]
pub fn policy(config: &Config) -> Policy {
    let notify = &config.notify;
    let mut thresholds = notify.thresholds.clone();
    // If reports warn earlier, so do messages: they must agree.
    if let (Some(warn), Some(largest)) = (config.status.warn, thresholds.first())
        && warn > *largest
    {
        thresholds.insert(0, warn);
    }
    let named_agents = notify.channels().into_iter().flat_map(|channel| channel.filter.agents).collect();
    Policy {
        limits: DetectionLimits { thresholds, named_agents },
        fire_after: notify.fire_after,
        clear_after: notify.clear_after,
        repeat_critical: notify.repeat_critical,
        repeat_warning: notify.repeat_warning,
        quiet: notify.quiet_hours,
    }
}

/// What a decision depends on besides problems and incidents.
struct DecisionContext<'a> {
    now: Timestamp,
    presence: &'a Presence<'a>,
    mutes: &'a [Mute],
    policy: &'a Policy,
}

fn is_quiet(policy: &Policy, now: Timestamp) -> bool {
    policy.quiet.is_some_and(|quiet| quiet.contains(now))
}

fn is_muted(mutes: &[Mute], incident: &Incident, now: Timestamp) -> bool {
    mutes.iter().any(|mute| mute.covers(&incident.subject, now))
}

/// Decides what people are notified of after a check, and remembers it in the incidents.
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
    let mut found = problem::detect(snapshot, own, &policy.limits, |subject| passed.get(subject).copied());
    keep_hovering(incidents, snapshot, &mut found);
    let presence = removed::find(incidents, snapshot, &mut found);
    let context = DecisionContext { now: snapshot.now, presence: &presence, mutes, policy };
    let changes = decide_on(incidents, found, &context);
    removed::remember(incidents, &presence);
    changes
}

/// Keeps the problem of a login that has only a little more time than before: a clock was set, and nobody signed in.
fn keep_hovering(incidents: &Incidents, snapshot: &Snapshot, found: &mut BTreeMap<Subject, Problem>) {
    let end_of = |subject: &Subject| {
        let agent = snapshot.agents.iter().find(|agent| agent.id.as_str() == subject.agent)?;
        let SubjectKind::Profile(id) = &subject.kind else { return None };
        let profile = agent.profiles.iter().find(|profile| profile.profile_id.as_str() == id)?;
        // If it renews automatically now, somebody signed in again.
        profile.end().filter(|_| profile.login != LoginState::Renewable)
    };
    for incident in incidents.all.iter().filter(|incident| incident.phase == Phase::Firing) {
        let Some(threshold) = incident.problem.threshold else { continue };
        let hovers = |end: Timestamp| end - snapshot.now <= threshold * problem::HYSTERESIS;
        if !found.contains_key(&incident.subject) && end_of(&incident.subject).is_some_and(hovers) {
            found.insert(incident.subject.clone(), incident.problem.clone());
        }
    }
}

fn decide_on(
    incidents: &mut Incidents,
    mut found: BTreeMap<Subject, Problem>,
    context: &DecisionContext<'_>,
) -> Vec<Change> {
    let mut kept: Vec<Incident> = Vec::with_capacity(incidents.all.len());
    for mut incident in std::mem::take(&mut incidents.all) {
        let problem = found.remove(&incident.subject);
        settle(&mut incident, problem, context);
        kept.push(incident);
    }
    kept.extend(found.into_iter().map(|(subject, problem)| open(subject, problem, context)));
    kept.sort_by(|one, other| one.subject.cmp(&other.subject));
    let mut changes = Vec::new();
    for incident in &mut kept {
        if let Some(transition) = transition(incident, context) {
            changes.push(notify(incident, transition, context.now));
        }
    }
    kept.retain(|incident| !is_forgotten(incident, context.now));
    incidents.all = kept;
    changes
}

fn open(subject: Subject, problem: Problem, context: &DecisionContext<'_>) -> Incident {
    let now = context.now;
    let mut incident = Incident {
        id: incident::id(&subject, now),
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
    settle(&mut incident, Some(problem), context);
    incident
}

/// Updates an incident with what a check found.
fn settle(incident: &mut Incident, problem: Option<Problem>, context: &DecisionContext<'_>) {
    match problem {
        Some(problem) => found(incident, problem, context),
        None if removed::is_unknown(&incident.subject, context.presence) => {}
        None => not_found(incident, context),
    }
}

fn found(incident: &mut Incident, problem: Problem, context: &DecisionContext<'_>) {
    let now = context.now;
    let before = std::mem::replace(&mut incident.problem, problem);
    let problem = &mut incident.problem;
    let is_the_same = (before.kind, before.threshold) == (problem.kind, problem.threshold);
    // While OpenClaw's configuration cannot be read, every login counts as used. That alone makes nothing worse.
    if context.presence.snapshot.config.error.is_some() && incident.phase == Phase::Firing && is_the_same {
        problem.severity = problem.severity.min(before.severity);
    }
    (incident.clear, incident.clear_since) = (0, None);
    incident.opened = not_ahead(incident.opened, now);
    match incident.phase {
        Phase::Firing => {}
        // Back before anybody was notified that it was resolved.
        Phase::Resolved => incident.phase = Phase::Firing,
        Phase::Pending | Phase::Over => {
            if incident.phase == Phase::Over {
                (incident.phase, incident.seen) = (Phase::Pending, 0);
                incident.opened = now;
            }
            incident.seen = incident.seen.saturating_add(1);
            let patience = incident.problem.patience.unwrap_or(Span::ZERO);
            if incident.seen >= context.policy.fire_after && now - incident.opened >= patience {
                incident.phase = Phase::Firing;
                incident.fired.retain(|at| apart(now, *at) <= FLAPPING_WITHIN);
                incident.fired.push(now);
                incident.flapping = incident.fired.len() >= FLAPPING_FROM;
            }
        }
    }
}

fn not_found(incident: &mut Incident, context: &DecisionContext<'_>) {
    let now = context.now;
    match incident.phase {
        // It was never found often enough.
        Phase::Pending => incident.phase = Phase::Over,
        Phase::Firing => {
            incident.clear = incident.clear.saturating_add(1);
            let since = not_ahead(incident.clear_since.unwrap_or(now), now);
            incident.clear_since = Some(since);
            let is_quiet = !incident.flapping || now - since >= FLAPPING_QUIET;
            if incident.clear >= context.policy.clear_after && is_quiet {
                incident.resolved = Some(removed::resolved_state(&incident.subject, context.presence));
                // If nobody was notified, nobody needs to know that it is resolved.
                incident.phase = if incident.notified.is_some() { Phase::Resolved } else { Phase::Over };
            }
        }
        Phase::Resolved | Phase::Over => {}
    }
}

/// Whether an incident has been over for so long that it says nothing about the next one.
fn is_forgotten(incident: &Incident, now: Timestamp) -> bool {
    if incident.problem.kind == ProblemKind::Removed && incident.phase == Phase::Firing {
        return incident.notified.is_some_and(|notified| apart(now, notified.at) > REMOVED_FOR);
    }
    let last = incident.fired.last().map_or(Span::FOREVER, |at| apart(now, *at));
    incident.phase == Phase::Over && last > FLAPPING_WITHIN
}

/// A time in the future was written before the clock was set back: waiting begins again.
fn not_ahead(then: Timestamp, now: Timestamp) -> Timestamp {
    if then > now { now } else { then }
}

/// The distance between two times: for what is remembered, far ahead is as good as long ago.
fn apart(now: Timestamp, then: Timestamp) -> Span {
    (now - then).abs()
}

/// The change of an incident that people are notified of now, if any.
fn transition(incident: &Incident, context: &DecisionContext<'_>) -> Option<Transition> {
    let DecisionContext { now, policy, mutes, .. } = *context;
    let severity = incident.problem.severity;
    let (is_muted, is_quiet) = (is_muted(mutes, incident, now), is_quiet(policy, now));
    match (incident.phase, incident.notified) {
        (Phase::Pending | Phase::Over, _) | (Phase::Resolved, None) => None,
        (Phase::Resolved, Some(notified)) => {
            (!is_quiet || notified.worst == Severity::Critical).then_some(Transition::Resolved)
        }
        // While it is muted, people are only notified of the end of what they were notified of before.
        (Phase::Firing, _) if is_muted => None,
        // The last check did not find it: everything else waits for the next one.
        (Phase::Firing, _) if incident.clear > 0 => None,
        (Phase::Firing, _) if is_quiet && severity < Severity::Critical => None,
        (Phase::Firing, None) if incident.flapping => Some(Transition::Flapping),
        (Phase::Firing, None) => Some(Transition::New),
        // While it is flapping, only a new worst severity is worth a message.
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
            // A time in the future was written by a wrong clock.
            (incident.problem.kind != ProblemKind::Removed && (now - notified.at).abs() >= repeat)
                .then_some(Transition::Still)
        }),
    }
}

/// The open problems that people were notified of before this check.
pub(super) fn still_open(
    incidents: &Incidents,
    now: Timestamp,
    mutes: &[Mute],
    policy: &Policy,
) -> Vec<Change> {
    let is_quiet = is_quiet(policy, now);
    let open = incidents.firing().filter_map(|incident| {
        let notified = incident.notified.filter(|notified| notified.at != now)?;
        let is_muted =
            is_muted(mutes, incident, now) || (is_quiet && incident.problem.severity < Severity::Critical);
        let is_over = incident.clear > 0 || incident.problem.kind == ProblemKind::Removed;
        (!is_muted && !is_over).then(|| change(incident, Transition::Still, notified.worst, now))
    });
    open.collect()
}

/// How an incident differs from what people were last notified of.
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

fn notify(incident: &mut Incident, transition: Transition, now: Timestamp) -> Change {
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
