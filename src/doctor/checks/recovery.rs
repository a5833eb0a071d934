//! Rescue files: logins that were renewed and could not be stored.

use crate::doctor::files;
use crate::doctor::finding::{Check, FindingKind, Findings, Severity};
use crate::doctor::inspection::Inspection;
use crate::refresh::recovery;
use crate::remedy::quote;

const WAITING: FindingKind = FindingKind::new("rescue-waiting", Severity::Critical);
const SUPERSEDED: FindingKind = FindingKind::new("rescue-superseded", Severity::Info);
const OTHER_ACCOUNT: FindingKind = FindingKind::new("rescue-other-account", Severity::Warning);

pub(super) const CHECK: Check = Check { kinds: &[WAITING, SUPERSEDED, OTHER_ACCOUNT], run };

fn run(inspection: &Inspection, findings: &mut Findings) {
    let Some(state) = &inspection.own.state else { return };
    for (name, path) in files::list(&state.join("rescue")) {
        if !name.starts_with("rescue-") {
            continue;
        }
        let shown = quote(&path.to_string_lossy());
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if extension == "json" {
            let meaning = "a login was renewed and could not be stored; this file has the only copy, and the store a token that is spent";
            findings.push(WAITING.found(meaning).at(&path).command(inspection.commands.store_recovered()));
        } else if extension == recovery::OTHER_ACCOUNT {
            let meaning = "a provider renewed a login with another account's tokens, which were not stored: somebody has put one account's refresh token into another's profile. Sign in to that profile again";
            findings.push(OTHER_ACCOUNT.found(meaning).at(&path).command(format!("rm -i -- {shown}")));
        } else if extension == recovery::SUPERSEDED {
            let meaning = "a rescued login that was not needed any more: somebody had signed in meanwhile";
            findings.push(SUPERSEDED.found(meaning).at(&path).command(format!("rm -i -- {shown}")));
        }
    }
}
