//! A Nagios plugin's line: state, summary, and performance data; with Nagios's own exit codes, in which 2 is the worse.

use std::io::{self, Write};

use openclaw_auth::model::Span;

use crate::assess::{self, headline};
use crate::exit;
use crate::model::{AssessmentState, Issue, Severity, Snapshot};
use crate::publish::words::{safe, span};
use crate::texts::{counted, text};

/// OK 0, WARNING 1, CRITICAL 2, UNKNOWN 3 (a store could not be read).
#[must_use]
pub fn exit_code(snapshot: &Snapshot) -> u8 {
    state(&assess::issues(snapshot)).0
}

fn state(issues: &[Issue<'_>]) -> (u8, &'static str) {
    let mut critical = issues.iter().filter(|issue| issue.assessment.severity == Some(Severity::Critical));
    match assess::worst(issues) {
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
    let issues = assess::issues(snapshot);
    let number = |severity| issues.iter().filter(|issue| issue.assessment.severity == Some(severity)).count();
    let (critical, warning) = (number(Severity::Critical), number(Severity::Warning));
    let summary = snapshot.summary;
    let unreadable = snapshot.agents.iter().filter(|agent| agent.store.error.is_some()).count();
    let unauthenticated: usize =
        snapshot.agents.iter().map(|agent| agent.missing_providers_in_use.len()).sum();
    let mut parts = vec![if critical + warning > 0 {
        let problems = headline(snapshot, &issues);
        text("nagios-needs", &[("problems", &problems), ("critical", &critical), ("warning", &warning)])
    } else {
        headline(snapshot, &issues)
    }];
    parts.push(text(
        "status-line",
        &[
            ("agents", &counted("agents", snapshot.agents.len())),
            ("valid", &summary.valid),
            ("expiring", &summary.expiring),
            ("missing", &summary.missing),
        ],
    ));
    if unauthenticated > 0 {
        parts.push(counted("nagios-providers", unauthenticated));
    }
    if unreadable > 0 {
        parts.push(counted("nagios-stores", unreadable));
    }
    let upcoming =
        snapshot.agents.iter().flat_map(|agent| agent.profiles.iter().map(move |profile| (agent, profile)));
    let next = upcoming
        .filter_map(|(agent, profile)| {
            Some((agent, profile, profile.remaining_ms.filter(|left| *left > Span::ZERO)?))
        })
        .min_by(|one, other| one.2.total_cmp(&other.2));
    if let Some((agent, profile, left)) = next {
        let login = format!("{}/{}", safe(agent.id.as_str()), safe(profile.profile_id.as_str()));
        parts.push(text("nagios-next", &[("login", &login), ("left", &span(left))]));
    }
    // A pipe would end the text and begin the performance data.
    let parts = parts.join("; ").replace('|', "_");
    write!(
        out,
        "AUTHWATCH {} - {parts} | critical={critical};;0;0 warning={warning};0;;0 valid={};;;0 expiring={};0;;0 missing={};;0;0 \
         stores_unreadable={unreadable};;;0",
        state(&issues).1,
        summary.valid,
        summary.expiring,
        summary.missing,
    )?;
    if let Some((_, _, left)) = next {
        write!(out, " next_expiry={:.0}s;;;0", left.as_secs())?;
    }
    writeln!(out)
}
