//! Whether something runs authwatch, and when it last ran.

use openclaw_auth::model::{Span, Timestamp};
use std::path::Path;

use crate::clock;
use crate::doctor::files;
use crate::doctor::finding::{Check, FindingKind, Findings, Severity};
use crate::doctor::inspection::Inspection;
use crate::doctor::service;
use crate::publish::words::span;
use crate::remedy::quote;

const OVERDUE: FindingKind = FindingKind::new("run-overdue", Severity::Warning);
const NOT_SCHEDULED: FindingKind = FindingKind::new("not-scheduled", Severity::Info);
const TEXTFILE: FindingKind = FindingKind::new("textfile-directory", Severity::Warning);

pub(super) const CHECK: Check = Check { kinds: &[OVERDUE, NOT_SCHEDULED, TEXTFILE], run };

/// A timer that says nothing of its interval is taken for a daily one.
const DAY: Span = Span::from_days(1.0);
/// Nothing is overdue sooner: machines sleep.
const LEAST: Span = Span::from_mins(60.0);

fn run(inspection: &Inspection, findings: &mut Findings) {
    let units = service::units(&inspection.places, "authwatch");
    let timer = units.iter().find(|unit| unit.extension().is_some_and(|extension| extension == "timer"));
    let textfile = inspection.own.config.watch.textfile.as_deref();
    if let Some(path) = textfile {
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !files::may_write_into(dir) {
            let meaning = "`watch.textfile` names a file here, and authwatch may not write into it: Prometheus sees nothing";
            let show = format!("ls -ld {}", quote(&dir.to_string_lossy()));
            findings.push(TEXTFILE.found(meaning).at(dir).command(show));
            return;
        }
    }
    let written = textfile.and_then(files::look).map(|facts| facts.modified);
    let triggered = timer.and_then(|timer| stamp(inspection, timer));
    let last = [written, triggered].into_iter().flatten().reduce(Timestamp::max);
    let age = last.map(|last| inspection.now - last);
    match (timer, age) {
        (Some(timer), Some(age)) if age > (interval(timer) * 3.0).max(LEAST) => {
            let name = timer.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let scope = if is_of_user(inspection, timer) { "systemctl --user" } else { "systemctl" };
            let meaning =
                format!("its last run was {} ago: the timer is not active, or every run fails", span(age));
            let command = format!("{scope} enable --now {}", quote(&name));
            findings.push(OVERDUE.found(meaning).at(timer).command(command));
        }
        (None, _) if units.is_empty() => not_scheduled(inspection, age, findings),
        _ => {}
    }
}

/// Only somebody who has written a configuration expects authwatch to run by itself.
fn not_scheduled(inspection: &Inspection, age: Option<Span>, findings: &mut Findings) {
    let Some(config) = inspection.own.config_file.as_deref().filter(|path| path.exists()) else { return };
    let is_fresh = age.is_some_and(|age| age < DAY);
    let termux = inspection.places.roots.home.join(".termux/boot");
    let has_job = files::list(&termux).iter().any(|(_, path)| files::text(path).contains("authwatch"));
    if is_fresh || has_job || service::authwatch_runs(&inspection.places, "watch") {
        return;
    }
    let meaning = "authwatch is configured, but nothing was found that runs it: no service, no timer, no Termux job, no daemon. A line in a crontab cannot be seen from here";
    findings.push(NOT_SCHEDULED.found(meaning).at(config).command("authwatch watch"));
}

/// Whether a unit is the user's own, and not the system's.
fn is_of_user(inspection: &Inspection, unit: &Path) -> bool {
    unit.starts_with(inspection.places.user_dir("XDG_CONFIG_HOME", ".config"))
}

/// When systemd last started what a timer is for; it keeps that where the timer is persistent.
fn stamp(inspection: &Inspection, timer: &Path) -> Option<Timestamp> {
    let name = format!("stamp-{}", timer.file_name()?.to_string_lossy());
    let user = inspection.places.user_dir("XDG_DATA_HOME", ".local/share").join("systemd/timers").join(&name);
    let system = Path::new("/var/lib/systemd/timers").join(&name);
    let found = if is_of_user(inspection, timer) { user } else { system };
    files::look(&found).map(|facts| facts.modified)
}

fn interval(timer: &Path) -> Span {
    let text = files::text(timer);
    let told = text.lines().filter_map(|line| line.split_once('=')).find_map(|(key, value)| {
        (key.trim() == "OnUnitActiveSec").then(|| clock::duration(value).ok()).flatten()
    });
    let hourly = text.lines().any(|line| line.trim() == "OnCalendar=hourly");
    told.unwrap_or(if hourly { LEAST } else { DAY })
}
