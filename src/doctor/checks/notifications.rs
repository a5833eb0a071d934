//! Whether people would hear of what needs them: the channels' settings, and what has come of them lately.

use crate::config;
use crate::doctor::finding::{Check, FindingKind, Findings, Severity};
use crate::doctor::inspection::Inspection;
use crate::notify::NotificationStore;
use crate::remedy::quote;
use openclaw_auth::model::Span;

const SETTING: FindingKind = FindingKind::new("notify-setting", Severity::Critical);
const FAILING: FindingKind = FindingKind::new("channel-failing", Severity::Warning);

/// A channel that was out of reach for a moment is tried again by itself.
const GRACE: Span = Span::from_mins(15.0);

pub(super) const CHECK: Check = Check { kinds: &[SETTING, FAILING], run };

fn run(inspection: &Inspection, findings: &mut Findings) {
    let config = &inspection.own.config;
    let mut problems = config::check::notifications(&config.notify);
    problems.extend(config::check::variables(config));
    for problem in problems {
        let meaning = format!("nobody would be told: {}: {}", problem.setting, problem.problem);
        let mut finding = SETTING.found(meaning).command("authwatch config check");
        finding.file.clone_from(&inspection.own.config_file);
        findings.push(finding);
    }
    let Some(store) = inspection.own.state.as_deref().and_then(|dir| NotificationStore::read(dir).ok())
    else {
        return;
    };
    let configured: Vec<String> = config.notify.channels().into_iter().map(|channel| channel.name).collect();
    for (name, record) in store.channels.iter().filter(|(name, _)| configured.contains(name)) {
        let Some(since) = record.failing_since.filter(|since| inspection.now - *since >= GRACE) else {
            continue;
        };
        let waiting = store.outbox.get(name).map_or(0, Vec::len);
        let meaning = format!(
            "the channel `{name}` has taken nothing since {}, and {waiting} message(s) wait: {}",
            crate::publish::words::date(since),
            record.problem.as_deref().unwrap_or("no cause is known")
        );
        findings.push(FAILING.found(meaning).command(format!("authwatch notify test {}", quote(name))));
    }
}
