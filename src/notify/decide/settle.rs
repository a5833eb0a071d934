//! Where an incident stands after a pass that has, or has not, seen its condition.

use openclaw_auth::model::{Span, Timestamp};

use super::super::incident::{Incident, Phase};
use super::super::policy::Circumstances;
use super::super::problem::{Problem, ProblemKind};
use super::removed;

/// What fires so often comes and goes, if it does so within this time: something that breaks twice a morning is two incidents.
const FLAPPING_FROM: usize = 3;
const FLAPPING_WITHIN: Span = Span::from_hours(3.0);
/// What comes and goes is mended once it has been quiet for so long.
const FLAPPING_QUIET: Span = Span::from_mins(30.0);
/// A profile that is gone has been told and is nobody's incident any more after this.
const GONE_FOR: Span = Span::from_hours(24.0);

pub(super) fn settle(incident: &mut Incident, problem: Option<Problem>, around: &Circumstances<'_>) {
    match problem {
        Some(problem) => seen(incident, problem, around),
        // What is in a store that cannot be read is as it was, as far as anybody knows.
        None if removed::is_out_of_sight(&incident.subject, around) => {}
        None => not_seen(incident, around),
    }
}

fn seen(incident: &mut Incident, problem: Problem, around: &Circumstances<'_>) {
    let now = around.snapshot.now;
    let before = std::mem::replace(&mut incident.problem, problem);
    let found = &mut incident.problem;
    let is_the_same = (before.kind, before.threshold) == (found.kind, found.threshold);
    // While OpenClaw's configuration cannot be read everything counts as used; nothing becomes worse by that alone.
    if around.snapshot.config.error.is_some() && incident.phase == Phase::Firing && is_the_same {
        found.severity = found.severity.min(before.severity);
    }
    (incident.clear, incident.clear_since) = (0, None);
    incident.opened = not_ahead(incident.opened, now);
    match incident.phase {
        Phase::Firing => {}
        // Mended and broken again before anybody heard that it was mended.
        Phase::Resolved => incident.phase = Phase::Firing,
        Phase::Pending | Phase::Over => {
            if incident.phase == Phase::Over {
                (incident.phase, incident.seen) = (Phase::Pending, 0);
                incident.opened = now;
            }
            incident.seen = incident.seen.saturating_add(1);
            let patience = incident.problem.patience.unwrap_or(Span::ZERO);
            if incident.seen >= around.policy.fire_after && now - incident.opened >= patience {
                incident.phase = Phase::Firing;
                incident.fired.retain(|at| apart(now, *at) <= FLAPPING_WITHIN);
                incident.fired.push(now);
                incident.flapping = incident.fired.len() >= FLAPPING_FROM;
            }
        }
    }
}

fn not_seen(incident: &mut Incident, around: &Circumstances<'_>) {
    let now = around.snapshot.now;
    match incident.phase {
        // Never seen often enough, so that it has not been.
        Phase::Pending => incident.phase = Phase::Over,
        Phase::Firing => {
            incident.clear = incident.clear.saturating_add(1);
            let since = not_ahead(incident.clear_since.unwrap_or(now), now);
            incident.clear_since = Some(since);
            let is_quiet = !incident.flapping || now - since >= FLAPPING_QUIET;
            if incident.clear >= around.policy.clear_after && is_quiet {
                incident.resolved = Some(removed::how(&incident.subject, around));
                // What nobody heard of need not be taken back.
                incident.phase = if incident.notified.is_some() { Phase::Resolved } else { Phase::Over };
            }
        }
        Phase::Resolved | Phase::Over => {}
    }
}

/// Whether an incident is over for so long that it says nothing about the next one.
pub(super) fn is_forgotten(incident: &Incident, now: Timestamp) -> bool {
    if incident.problem.kind == ProblemKind::Gone && incident.phase == Phase::Firing {
        return incident.notified.is_some_and(|notified| apart(now, notified.at) > GONE_FOR);
    }
    let last = incident.fired.last().map_or(Span::FOREVER, |at| apart(now, *at));
    incident.phase == Phase::Over && last > FLAPPING_WITHIN
}

/// A moment that lies ahead was written by a clock that has been set back since: waiting begins anew.
fn not_ahead(then: Timestamp, now: Timestamp) -> Timestamp {
    if then > now { now } else { then }
}

/// How far two moments are apart. For what is remembered, far ahead is as good as long ago.
fn apart(now: Timestamp, then: Timestamp) -> Span {
    (now - then).abs()
}
