//! This machine's clock against a provider's, where `--online` has asked one.

use openclaw_auth::model::Span;

use crate::doctor::finding::{Check, FindingKind, Findings, Severity};
use crate::doctor::inspection::Inspection;
use crate::doctor::online::ServerTime;
use crate::publish::words::span;

const CLOCK: FindingKind = FindingKind::new("clock-off", Severity::Warning);
const UNREACHABLE: FindingKind = FindingKind::new("endpoint-unreachable", Severity::Warning);

pub(super) const CHECK: Check = Check { kinds: &[CLOCK, UNREACHABLE], run };

/// Answers take seconds, and servers' clocks differ a little. A minute is neither.
const TOLERANCE: Span = Span::from_mins(1.0);

fn run(inspection: &Inspection, findings: &mut Findings) {
    match &inspection.server_time {
        Some(ServerTime::Unreachable { host, problem }) => {
            let meaning = format!(
                "no token endpoint answers ({host}: {problem}): nothing can be renewed until one does"
            );
            findings.push(UNREACHABLE.found(meaning).command("authwatch refresh --dry-run"));
        }
        Some(ServerTime::Told { host, ahead }) if ahead.abs() > TOLERANCE => {
            let way = if *ahead > Span::ZERO { "ahead" } else { "behind" };
            let meaning = format!(
                "this machine's clock is {} {way} of {host}'s: logins end sooner or later than it seems",
                span(*ahead)
            );
            findings.push(CLOCK.found(meaning).command("sudo timedatectl set-ntp true"));
        }
        Some(ServerTime::Told { .. }) | None => {}
    }
}
