//! authwatch's own files: its configuration, the secrets that names, its state, recovery files, backups, and
//! demo data.

use std::path::Path;

use openclaw_auth::file;
use openclaw_auth::model::{Span, Timestamp};

use crate::backup;
use crate::config;
use crate::doctor::files::{self, quoted};
use crate::doctor::finding::{FindingKind, Findings};
use crate::doctor::fix::Fix;
use crate::doctor::inspection::Inspection;
use crate::doctor::kinds::{
    DEMO_LEFTOVER, OLD_BACKUPS, OWN_CONFIG, OWN_STATE, OWN_STATE_MODE, RESCUE_OTHER_ACCOUNT,
    RESCUE_SUPERSEDED, RESCUE_WAITING, SECRET_FILE_MISSING, SECRET_FILE_MODE, SETTING_REMOVED,
};
use crate::refresh::recovery;

/// Where recovery files are, below authwatch's state directory.
const RECOVERY: &str = "rescue";
/// A demo that runs writes all the time, and one that only prints ends at once.
const YOUNGEST_DEMO: Span = Span::from_mins(60.0);

pub(super) fn run(inspection: &Inspection, findings: &mut Findings) {
    recovery_files(inspection, findings);
    if let Some(problem) = &inspection.own.config_problem {
        findings.push(OWN_CONFIG.found(&[("problem", problem)]).at_own_config(inspection));
    }
    for problem in &inspection.own.config.removed {
        let meaning = format!("{}: {}", problem.setting, problem.problem);
        findings.push(SETTING_REMOVED.meaning(meaning).at_own_config(inspection));
    }
    state(inspection, findings);
    // The file with users and certificates is not all secret, and needs the same care.
    let page = inspection.own.config.watch.web_config_file.clone();
    let secrets = config::check::secret_files(&inspection.own.config).into_iter().map(|(_, path)| path);
    for path in secrets.chain(page) {
        secret_file(inspection, &path, findings);
    }
    demo(inspection, findings);
}

/// Logins that were renewed and could not be stored.
fn recovery_files(inspection: &Inspection, findings: &mut Findings) {
    let Some(state) = &inspection.own.state else { return };
    for (name, path) in files::list(&state.join(RECOVERY)) {
        if !name.starts_with("rescue-") {
            continue;
        }
        let remove = format!("rm -i -- {}", quoted(&path));
        let (kind, command) = match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => (RESCUE_WAITING, inspection.commands.store_recovered()),
            Some(recovery::OTHER_ACCOUNT) => (RESCUE_OTHER_ACCOUNT, remove),
            Some(recovery::SUPERSEDED) => (RESCUE_SUPERSEDED, remove),
            _ => continue,
        };
        findings.push(kind.found(&[]).at(&path).command(command));
    }
}

fn state(inspection: &Inspection, findings: &mut Findings) {
    let Some(dir) = &inspection.own.state else {
        findings.push(OWN_STATE.variant("nowhere", &[]));
        return;
    };
    if let Some(problem) = &inspection.memory_problem {
        let finding = OWN_STATE.variant("unusable", &[("problem", problem)]).at(&dir.join("state.json"));
        findings.push(finding.command(format!("ls -l {}", quoted(dir))));
        return;
    }
    // It is created when first needed, in the nearest directory that exists.
    let parent = dir.ancestors().find(|dir| files::facts(dir).is_some()).unwrap_or(dir);
    if !files::may_write_into(parent) {
        let show = format!("ls -ld {}", quoted(parent));
        findings.push(OWN_STATE.found(&[]).at(parent).command(show));
        return;
    }
    let recovery = files::list(&dir.join(RECOVERY)).into_iter().map(|(_, path)| path);
    for path in std::iter::once(dir.join("state.json")).chain(recovery) {
        mode(inspection, &path, OWN_STATE_MODE, 0o077, findings);
    }
    let count = backup::count_old(dir, inspection.now);
    if count > 0 {
        let (dir, days) = (dir.join(backup::DIRECTORY), backup::KEEP_FOR / Span::from_days(1.0));
        let finding = OLD_BACKUPS.found(&[("count", &count), ("days", &days)]).at(&dir);
        findings.push(finding.command(format!("ls -lR {}", quoted(&dir))));
    }
}

fn secret_file(inspection: &Inspection, path: &Path, findings: &mut Findings) {
    let problem = match file::open(path) {
        Ok(Some(_)) => return mode(inspection, &files::real(path), SECRET_FILE_MODE, 0o007, findings),
        Ok(None) => format!("`{}` does not exist", path.display()),
        Err(error) => error.message,
    };
    let finding = SECRET_FILE_MISSING.found(&[("problem", &problem)]).at(path);
    findings.push(finding.command(format!("ls -l {}", quoted(path))));
}

/// Checks that a file's mode has none of the bits `others`.
fn mode(inspection: &Inspection, path: &Path, kind: FindingKind, others: u32, findings: &mut Findings) {
    let Some(facts) = files::facts(path).filter(|facts| facts.is_file && facts.mode & others != 0) else {
        return;
    };
    let finding = kind.found(&[("mode", &format!("{:04o}", facts.mode))]);
    findings.push(finding.set_mode(path, &facts, 0o600, inspection.may_change(facts.owner)));
}

/// Demo data that a killed `--demo` left in the directory for temporary files.
fn demo(inspection: &Inspection, findings: &mut Findings) {
    let temporary = inspection.places.variable("TMPDIR").unwrap_or("/tmp");
    for (name, path) in files::list(Path::new(temporary)) {
        let is_demo = name.strip_prefix("authwatch-demo-").is_some_and(|rest| rest.len() == 6);
        let Some(facts) = files::facts(&path).filter(|facts| is_demo && facts.is_dir) else { continue };
        let newest = newest(&path).max(facts.modified);
        if facts.owner != inspection.user
            || inspection.now - newest < YOUNGEST_DEMO
            || files::authwatch_runs(&inspection.places.roots, "--demo")
        {
            continue;
        }
        findings.push(DEMO_LEFTOVER.found(&[]).at(&path).fix(Fix::Tree { path }));
    }
}

/// When anything in a directory was last changed.
fn newest(dir: &Path) -> Timestamp {
    let inside = files::list(dir).into_iter().filter_map(|(_, path)| {
        let facts = files::facts(&path)?;
        Some(if facts.is_dir { newest(&path).max(facts.modified) } else { facts.modified })
    });
    inside.fold(Timestamp::EPOCH, Timestamp::max)
}
