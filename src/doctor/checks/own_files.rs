//! authwatch itself: its configuration, its state, and the secrets its configuration names.

use openclaw_auth::model::Span;
use std::path::Path;

use openclaw_auth::file;

use crate::backup;
use crate::config;
use crate::doctor::files;
use crate::doctor::finding::{Check, FindingKind, Findings, Severity};
use crate::doctor::fix::Fix;
use crate::doctor::inspection::Inspection;
use crate::remedy::quote;

const CONFIG: FindingKind = FindingKind::new("own-config", Severity::Critical);
const REMOVED: FindingKind = FindingKind::new("setting-removed", Severity::Warning);
const STATE: FindingKind = FindingKind::new("own-state", Severity::Critical);
const STATE_MODE: FindingKind = FindingKind::fixable("own-state-mode", Severity::Warning);
const BACKUPS: FindingKind = FindingKind::new("old-backups", Severity::Info);
const SECRET_MISSING: FindingKind = FindingKind::new("secret-file-missing", Severity::Critical);
const SECRET_MODE: FindingKind = FindingKind::fixable("secret-file-mode", Severity::Warning);

pub(super) const CHECK: Check =
    Check { kinds: &[CONFIG, REMOVED, STATE, STATE_MODE, BACKUPS, SECRET_MISSING, SECRET_MODE], run };

fn run(inspection: &Inspection, findings: &mut Findings) {
    if let Some(problem) = &inspection.own.config_problem {
        let meaning = format!(
            "authwatch's own configuration is wrong, and neither `refresh` nor `watch` starts: {problem}"
        );
        let mut finding = CONFIG.found(meaning).command("authwatch config check");
        finding.file.clone_from(&inspection.own.config_file);
        findings.push(finding);
    }
    for problem in &inspection.own.config.removed {
        let mut finding = REMOVED
            .found(format!("{}: {}", problem.setting, problem.problem))
            .command("authwatch config check");
        finding.file.clone_from(&inspection.own.config_file);
        findings.push(finding);
    }
    state(inspection, findings);
    // The file with users and certificates is not all secret, and wants the same care.
    let page = inspection.own.config.watch.web_config_file.clone();
    let secrets = config::check::secret_files(&inspection.own.config).into_iter().map(|(_, path)| path);
    for path in secrets.chain(page) {
        secret_file(inspection, &path, findings);
    }
}

fn state(inspection: &Inspection, findings: &mut Findings) {
    let Some(dir) = &inspection.own.state else {
        let meaning = "there is no place for authwatch's own state, so it cannot renew: set HOME, XDG_STATE_HOME or STATE_DIRECTORY";
        findings.push(STATE.found(meaning));
        return;
    };
    if let Some(problem) = &inspection.memory_problem {
        let meaning = format!(
            "authwatch's memory cannot be used, so it does not know which logins are dead, and renews nothing: {problem}"
        );
        let show = format!("ls -l {}", quote(&dir.to_string_lossy()));
        findings.push(STATE.found(meaning).at(&dir.join("state.json")).command(show));
        return;
    }
    // It is made when it is needed first; then the nearest directory that is there has to take it.
    let nearest = dir.ancestors().find(|dir| files::look(dir).is_some()).unwrap_or(dir);
    if !files::may_write_into(nearest) {
        let meaning =
            "authwatch may not write here, where its own state belongs: it renews nothing without it";
        findings.push(
            STATE.found(meaning).at(nearest).command(format!("ls -ld {}", quote(&nearest.to_string_lossy()))),
        );
        return;
    }
    let rescued = files::list(&dir.join("rescue")).into_iter().map(|(_, path)| path);
    for path in std::iter::once(dir.join("state.json")).chain(rescued) {
        mode(inspection, &path, STATE_MODE, "what authwatch remembers", 0o077, findings);
    }
    backups(inspection, dir, findings);
}

fn backups(inspection: &Inspection, dir: &Path, findings: &mut Findings) {
    let count = backup::count_old(dir, inspection.now);
    if count == 0 {
        return;
    }
    let (dir, days) = (dir.join(backup::DIRECTORY), backup::KEEP_FOR / Span::from_days(1.0));
    let meaning = format!(
        "{count} copies from before a change are older than {days} days. Keys and logins of then are in them; authwatch itself clears away what is older than the newest few of a file"
    );
    let name = quote(&dir.to_string_lossy());
    findings.push(BACKUPS.found(meaning).at(&dir).command(format!("ls -lR {name}")));
}

fn secret_file(inspection: &Inspection, path: &Path, findings: &mut Findings) {
    let problem = match file::open(path) {
        Ok(Some(_)) => None,
        Ok(None) => Some(format!("`{}` is not there", path.display())),
        Err(error) => Some(error.message),
    };
    if let Some(problem) = problem {
        let meaning = format!("the configuration names this file, and it cannot be read: {problem}");
        let show = format!("ls -l {}", quote(&path.to_string_lossy()));
        findings.push(SECRET_MISSING.found(meaning).at(path).command(show));
        return;
    }
    mode(inspection, &files::real(path), SECRET_MODE, "a secret of authwatch's", 0o007, findings);
}

fn mode(
    inspection: &Inspection,
    path: &Path,
    kind: FindingKind,
    what: &str,
    others: u32,
    findings: &mut Findings,
) {
    let Some(facts) = files::look(path).filter(|facts| facts.is_file && facts.mode & others != 0) else {
        return;
    };
    let meaning = format!("its mode is {:04o}: others on this machine can read {what}", facts.mode);
    let mut finding =
        kind.found(meaning).at(path).command(format!("chmod 600 {}", quote(&path.to_string_lossy())));
    if inspection.may_change(facts.owner) {
        finding =
            finding.fix(Fix::Mode { path: path.to_owned(), owner: facts.owner, from: facts.mode, to: 0o600 });
    }
    findings.push(finding);
}
