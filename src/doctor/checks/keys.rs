//! Keys in the shell that OpenClaw's service does not see: everything works when tried by hand, and nothing at night.

use std::collections::BTreeSet;

use crate::doctor::finding::{Check, FindingKind, Findings, Severity};
use crate::doctor::inspection::Inspection;
use crate::doctor::service::Gateway;
use crate::remedy::quote;

const UNSEEN: FindingKind = FindingKind::new("key-unseen-by-service", Severity::Critical);

pub(super) const CHECK: Check = Check { kinds: &[UNSEEN], run };

fn run(inspection: &Inspection, findings: &mut Findings) {
    let settings = &inspection.discovery.settings;
    // A provider with a profile needs no key, and what asks the login shell sees what the shell does.
    if settings.asks_shell {
        return;
    }
    let mut wanted = BTreeSet::new();
    for agent in &inspection.snapshot.agents {
        let in_use = settings.providers_in_use(agent.id.as_str(), inspection.semantics);
        let has_profile = |id: &String| agent.profiles.iter().any(|profile| profile.provider.as_str() == id);
        wanted.extend(in_use.into_iter().filter(|id| {
            !has_profile(id)
                && !settings.has_key(id, inspection.semantics)
                && inspection.service_variables.variable_for(id).is_none()
                && inspection.discovery.environment.variable_for(id).is_some()
        }));
    }
    if wanted.is_empty() {
        return;
    }
    // Without a service nobody but the shell starts OpenClaw.
    let Some(gateway) = inspection.gateway() else { return };
    if gateway.variables.has("OPENCLAW_LOAD_SHELL_ENV") {
        return;
    }
    // A process has the variables it has; a unit may get more from elsewhere.
    let severity = if gateway.runs { Severity::Critical } else { Severity::Warning };
    for id in wanted.iter().filter(|id| gateway.variables.variable_for(id).is_none()) {
        let Some(variable) = inspection.discovery.environment.variable_for(id) else { continue };
        let meaning = format!(
            "the key of `{id}` is in this shell's {variable}, and OpenClaw's service ({}) does not have it: put it into {}, then restart the service",
            gateway.seen_as,
            quote(&inspection.places.roots.dotenv().to_string_lossy())
        );
        findings.push(
            UNSEEN
                .found(meaning)
                .weighing(severity)
                .at(&inspection.places.roots.dotenv())
                .command(command(inspection, gateway, variable)),
        );
    }
}

/// The value stays in the shell's variable: it must not stand on a command line or in a report.
fn command(inspection: &Inspection, gateway: &Gateway, variable: &str) -> String {
    let file = quote(&inspection.places.roots.dotenv().to_string_lossy());
    let unit = gateway.unit.as_deref().and_then(|unit| unit.file_name());
    let restart = unit.map_or_else(
        || inspection.commands.restart_gateway(),
        |unit| format!("systemctl --user restart {}", quote(&unit.to_string_lossy())),
    );
    format!("(umask 077; printf '{variable}=%s\\n' \"${variable}\" >> {file}) && {restart}")
}
