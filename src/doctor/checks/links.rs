//! Stores that are links. They work, and are written through; two links to one store do not lock each other out.

use openclaw_auth::model::StoreKind;

use crate::doctor::files;
use crate::doctor::finding::{Check, FindingKind, Findings, Severity};
use crate::doctor::inspection::Inspection;
use crate::remedy::quote;

const LINK: FindingKind = FindingKind::new("store-symlink", Severity::Info);
const TWICE: FindingKind = FindingKind::new("store-linked-twice", Severity::Warning);

pub(super) const CHECK: Check = Check { kinds: &[LINK, TWICE], run };

fn run(inspection: &Inspection, findings: &mut Findings) {
    for (index, agent) in inspection.agents.iter().enumerate() {
        let is_link = files::look(&agent.store).is_some_and(|facts| facts.is_link) && agent.store.exists();
        if !is_link || agent.kind != StoreKind::Json {
            continue;
        }
        let other = inspection.agents.iter().enumerate().find(|(other_index, other)| {
            *other_index != index && other.kind == StoreKind::Json && other.real_store == agent.real_store
        });
        let target = quote(&agent.real_store.to_string_lossy());
        let show = format!("ls -l {}", quote(&agent.store.to_string_lossy()));
        let finding = match other {
            Some((other_index, _)) if other_index > index && is_linked(inspection, other_index) => continue,
            Some((_, other)) => TWICE.found(format!(
                "it leads to {target}, as the store of `{}` does: the locks are named after the links, so both can write at once and lose a login",
                other.id
            )),
            None => LINK.found(format!("it is a link to {target}: OpenClaw and authwatch write through it")),
        };
        findings.push(finding.of(&agent.id).at(&agent.store).command(show));
    }
}

/// Of two links to one store the later agent's is told of.
fn is_linked(inspection: &Inspection, index: usize) -> bool {
    files::look(&inspection.agents[index].store).is_some_and(|facts| facts.is_link)
}
