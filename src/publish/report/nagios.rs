//! A Nagios plugin's line: state, summary, and performance data; with Nagios's own exit codes, in which 2 is the worse.

use std::io::{self, Write};

use openclaw_auth::model::Span;

use crate::assess;
use crate::exit;
use crate::model::{AssessmentState, Issue, Severity, Snapshot};
use crate::publish::words::{safe, span};

/// OK 0, WARNING 1, CRITICAL 2, UNKNOWN 3 (a store could not be read).
#[must_use]
pub fn exit_code(snapshot: &Snapshot) -> u8 {
    state(snapshot).0
}

fn state(snapshot: &Snapshot) -> (u8, &'static str) {
    let issues = assess::issues(snapshot);
    let is_critical = |issue: &&Issue<'_>| issue.assessment.severity == Some(Severity::Critical);
    let mut critical = issues.iter().filter(is_critical);
    match assess::worst(&issues) {
        Some(Severity::Critical)
            if critical.all(|issue| issue.assessment.state == AssessmentState::Unreadable) =>
        {
            (exit::NAGIOS_UNKNOWN, "UNKNOWN")
        }
        Some(Severity::Critical) => (2, "CRITICAL"),
        Some(Severity::Warning) => (1, "WARNING"),
        Some(Severity::Info) | None => (0, "OK"),
    }
}

pub(super) fn write(snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    let (_, word) = state(snapshot);
    let summary = snapshot.summary;
    let unreadable = snapshot.agents.iter().filter(|agent| agent.store.error.is_some()).count();
    let unauthenticated: usize =
        snapshot.agents.iter().map(|agent| agent.missing_providers_in_use.len()).sum();
    write!(
        out,
        "AUTHWATCH {word} - {} valid, {} expiring, {} missing in {} agent(s)",
        summary.valid,
        summary.expiring,
        summary.missing,
        snapshot.agents.len(),
    )?;
    if unauthenticated > 0 {
        write!(out, ", {unauthenticated} provider(s) in use without a login")?;
    }
    if unreadable > 0 {
        write!(out, ", {unreadable} store(s) unreadable")?;
    }
    let upcoming =
        snapshot.agents.iter().flat_map(|agent| agent.profiles.iter().map(move |profile| (agent, profile)));
    let next = upcoming
        .filter_map(|(agent, profile)| {
            Some((agent, profile, profile.remaining_ms.filter(|left| *left > Span::ZERO)?))
        })
        .min_by(|one, other| one.2.total_cmp(&other.2));
    if let Some((agent, profile, left)) = next {
        // A pipe would end the text and begin the performance data.
        let name =
            format!("{}/{}", safe(agent.id.as_str()), safe(profile.profile_id.as_str())).replace('|', "_");
        write!(out, ", next {name} in {}", span(left))?;
    }
    write!(
        out,
        " | valid={};;;0 expiring={};0;;0 missing={};;0;0 stores_unreadable={unreadable};;;0",
        summary.valid, summary.expiring, summary.missing,
    )?;
    if let Some((_, _, left)) = next {
        write!(out, " next_expiry={:.0}s;;;0", left.as_secs())?;
    }
    writeln!(out)
}
