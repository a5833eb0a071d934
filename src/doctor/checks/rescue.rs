//! Rescue files: logins that were renewed and could not be stored.

use super::Check;
use crate::doctor::files;
use crate::doctor::finding::{Findings, Kind, Severity};
use crate::doctor::subject::Subject;
use crate::remedy::quote;

const WAITING: Kind = Kind::new("rescue-waiting", Severity::Critical);
const SUPERSEDED: Kind = Kind::new("rescue-superseded", Severity::Info);

pub(super) const CHECK: Check = Check { kinds: &[WAITING, SUPERSEDED], run };

fn run(subject: &Subject, findings: &mut Findings) {
    let Some(state) = &subject.own.state else { return };
    for (name, path) in files::list(&state.join("rescue")) {
        if !name.starts_with("rescue-") {
            continue;
        }
        let shown = quote(&path.to_string_lossy());
        let ends_in = |wanted: &str| path.extension().is_some_and(|extension| extension == wanted);
        if ends_in("json") {
            let meaning = "a login was renewed and could not be stored; this file has the only copy, and the store a token that is spent";
            findings.push(WAITING.found(meaning).at(&path).command("authwatch refresh"));
        } else if ends_in("superseded") {
            let meaning = "a rescued login that was not needed any more: somebody had signed in meanwhile";
            findings.push(SUPERSEDED.found(meaning).at(&path).command(format!("rm -i -- {shown}")));
        }
    }
}
