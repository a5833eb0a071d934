//! Whether authwatch can do its work: whether something runs it, whether its messages arrive, and this
//! machine's clock.

use std::path::Path;

use openclaw_auth::model::{Span, Timestamp};

use crate::clock;
use crate::config;
use crate::doctor::files::{self, quoted};
use crate::doctor::finding::Findings;
use crate::doctor::inspection::Inspection;
use crate::doctor::kinds::{
    CHANNEL_FAILING, CLOCK_OFF, ENDPOINT_UNREACHABLE, NOT_SCHEDULED, NOTIFY_SETTING, RUN_OVERDUE,
    TEXTFILE_DIRECTORY,
};
use crate::doctor::online::ServerTime;
use crate::notify::NotificationStore;
use crate::publish::words::{date, span};
use crate::remedy::quote;
use crate::texts::counted;
use openclaw_auth::service;

/// A channel that fails for a shorter time is tried again anyway.
const CHANNEL_GRACE: Span = Span::from_mins(15.0);
/// The interval of a timer whose unit does not say.
const DAY: Span = Span::from_days(1.0);
/// No run is overdue sooner: machines sleep.
const HOUR: Span = Span::from_mins(60.0);
/// How far off the clock may be: answers take seconds, and servers' clocks differ a little.
const TOLERANCE: Span = Span::from_mins(1.0);

pub(super) fn run(inspection: &Inspection, findings: &mut Findings) {
    notifications(inspection, findings);
    schedule(inspection, findings);
    clock_and_endpoints(inspection, findings);
}

fn notifications(inspection: &Inspection, findings: &mut Findings) {
    let config = &inspection.own.config;
    let mut problems = config::check::notifications(&config.notify);
    problems.extend(config::check::variables(config));
    for problem in problems {
        let finding = NOTIFY_SETTING.found(&[("setting", &problem.setting), ("problem", &problem.problem)]);
        findings.push(finding.at_own_config(inspection));
    }
    let Some(store) = inspection.own.state.as_deref().and_then(|dir| NotificationStore::read(dir).ok())
    else {
        return;
    };
    let configured: Vec<String> = config.notify.channels().into_iter().map(|channel| channel.name).collect();
    for (name, record) in store.channels.iter().filter(|(name, _)| configured.contains(name)) {
        let Some(since) = record.failing_since.filter(|since| inspection.now - *since >= CHANNEL_GRACE)
        else {
            continue;
        };
        let waiting = counted("messages", store.outbox.get(name).map_or(0, Vec::len));
        let problem = record.problem.as_deref().unwrap_or("unknown cause");
        let finding = CHANNEL_FAILING.found(&[
            ("channel", name),
            ("since", &date(since)),
            ("waiting", &waiting),
            ("problem", &problem),
        ]);
        findings.push(finding.command(format!("authwatch notify test {}", quote(name))));
    }
}

fn schedule(inspection: &Inspection, findings: &mut Findings) {
    let units = service::units(&inspection.places.roots, "authwatch");
    let timer = units.iter().find(|unit| unit.extension().is_some_and(|extension| extension == "timer"));
    let textfile = inspection.own.config.watch.textfile.as_deref();
    if let Some(path) = textfile {
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !files::may_write_into(dir) {
            let show = format!("ls -ld {}", quoted(dir));
            findings.push(TEXTFILE_DIRECTORY.found(&[]).at(dir).command(show));
            return;
        }
    }
    let written = textfile.and_then(files::facts).map(|facts| facts.modified);
    let triggered = timer.and_then(|timer| last_triggered(inspection, timer));
    let last = [written, triggered].into_iter().flatten().reduce(Timestamp::max);
    let age = last.map(|last| inspection.now - last);
    match (timer, age) {
        (Some(timer), Some(age)) if age > (interval(timer) * 3.0).max(HOUR) => {
            let name = timer.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let scope = if is_of_user(inspection, timer) { "systemctl --user" } else { "systemctl" };
            let finding = RUN_OVERDUE.found(&[("ago", &span(age))]).at(timer);
            findings.push(finding.command(format!("{scope} enable --now {}", quote(&name))));
        }
        (None, _) if units.is_empty() => not_scheduled(inspection, age, findings),
        _ => {}
    }
}

/// Only somebody who has written a configuration expects authwatch to run.
fn not_scheduled(inspection: &Inspection, age: Option<Span>, findings: &mut Findings) {
    let Some(config) = inspection.own.config_file.as_deref().filter(|path| path.exists()) else { return };
    let is_fresh = age.is_some_and(|age| age < DAY);
    let termux = inspection.places.roots.home.join(".termux/boot");
    let has_job = files::list(&termux).iter().any(|(_, path)| files::secret_text(path).contains("authwatch"));
    if !is_fresh && !has_job && !files::authwatch_runs(&inspection.places.roots, "watch") {
        findings.push(NOT_SCHEDULED.found(&[]).at(config).command("authwatch watch"));
    }
}

/// Whether a unit is the user's own, and not the system's.
fn is_of_user(inspection: &Inspection, unit: &Path) -> bool {
    unit.starts_with(inspection.places.user_dir("XDG_CONFIG_HOME", ".config"))
}

/// When systemd last started a timer's service; it records that for persistent timers.
fn last_triggered(inspection: &Inspection, timer: &Path) -> Option<Timestamp> {
    let name = format!("stamp-{}", timer.file_name()?.to_string_lossy());
    let user = inspection.places.user_dir("XDG_DATA_HOME", ".local/share").join("systemd/timers").join(&name);
    let system = Path::new("/var/lib/systemd/timers").join(&name);
    let found = if is_of_user(inspection, timer) { user } else { system };
    files::facts(&found).map(|facts| facts.modified)
}

fn interval(timer: &Path) -> Span {
    let text = files::secret_text(timer);
    let given = text.lines().filter_map(|line| line.split_once('=')).find_map(|(key, value)| {
        (key.trim() == "OnUnitActiveSec").then(|| clock::duration(value).ok()).flatten()
    });
    let hourly = text.lines().any(|line| line.trim() == "OnCalendar=hourly");
    given.unwrap_or(if hourly { HOUR } else { DAY })
}

/// Compares this machine's clock with a provider's, if `--online` has asked one.
fn clock_and_endpoints(inspection: &Inspection, findings: &mut Findings) {
    match &inspection.server_time {
        Some(ServerTime::Unreachable { host, problem }) => {
            let finding = ENDPOINT_UNREACHABLE.found(&[("host", host), ("problem", problem)]);
            findings.push(finding.command("authwatch refresh --dry-run"));
        }
        Some(ServerTime::Known { host, ahead }) if ahead.abs() > TOLERANCE => {
            let way = if *ahead > Span::ZERO { "ahead of" } else { "behind" };
            let finding = CLOCK_OFF.found(&[("off", &span(*ahead)), ("way", &way), ("host", host)]);
            findings.push(finding.command("sudo timedatectl set-ntp true"));
        }
        Some(ServerTime::Known { .. }) | None => {}
    }
}
