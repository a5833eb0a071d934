//! `.env`: lines OpenClaw cannot read, and who else can.

use openclaw_auth::dotenv::malformed_lines;
use openclaw_auth::file;
use openclaw_auth::secret::SecretBuffer;

use crate::doctor::files;
use crate::doctor::finding::{Check, FindingKind, Findings, Severity};
use crate::doctor::fix::Fix;
use crate::doctor::inspection::Inspection;
use crate::remedy::quote;

const MALFORMED: FindingKind = FindingKind::new("env-malformed", Severity::Warning);
const MODE: FindingKind = FindingKind::fixable("env-mode", Severity::Warning);
const UNREADABLE: FindingKind = FindingKind::new("env-unreadable", Severity::Critical);

pub(super) const CHECK: Check = Check { kinds: &[MALFORMED, MODE, UNREADABLE], run };

fn run(inspection: &Inspection, findings: &mut Findings) {
    let path = inspection.places.roots.dotenv();
    let name = quote(&path.to_string_lossy());
    let mut buffer = SecretBuffer::default();
    let text = match file::read(&path, &mut buffer) {
        Ok(None) => return,
        Ok(Some(_)) => file::text_after_mark(&path, &buffer),
        Err(error) => Err(error),
    };
    match text {
        Ok(text) => {
            let lines = malformed_lines(text);
            if let Some(first) = lines.first() {
                let more =
                    if lines.len() > 1 { format!(" and {} more", lines.len() - 1) } else { String::new() };
                let meaning = format!(
                    "line {first}{more} is no NAME=VALUE, or has a quote that does not end: OpenClaw passes over it, and over the key that may be in it"
                );
                findings.push(
                    MALFORMED.found(meaning).at(&path).command(format!("${{EDITOR:-vi}} +{first} {name}")),
                );
            }
        }
        Err(error) => {
            let meaning = format!("{}: the keys in it reach nobody", error.message);
            findings.push(UNREADABLE.found(meaning).at(&path).command(format!("ls -l {name}")));
        }
    }
    let real = files::real(&path);
    // A service that runs as somebody else may need its group; nobody needs the others.
    let Some(facts) = files::look(&real).filter(|facts| facts.is_file && facts.mode & 0o007 != 0) else {
        return;
    };
    let meaning =
        format!("its mode is {:04o}: everybody on this machine can read the keys in it", facts.mode);
    // A link may lead to anybody's file.
    let is_elsewhere = path.is_symlink() && inspection.owner != Some(facts.owner);
    let command = if is_elsewhere { format!("ls -l {name}") } else { format!("chmod 600 {name}") };
    let mut finding = MODE.found(meaning).at(&path).command(command);
    if inspection.may_change_mode(facts.owner) {
        finding = finding.fix(Fix::Mode { path: real, owner: facts.owner, from: facts.mode, to: 0o600 });
    }
    findings.push(finding);
}
