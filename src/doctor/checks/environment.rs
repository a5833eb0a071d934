//! Keys in the environment: lines of `.env` that OpenClaw cannot read, who else can read them, and keys that
//! only the shell has.

use std::collections::BTreeSet;
use std::path::Path;

use openclaw_auth::dotenv::malformed_lines;
use openclaw_auth::file;
use openclaw_auth::provider;
use openclaw_auth::secret::SecretBuffer;

use crate::doctor::files::{self, quoted};
use crate::doctor::finding::{FindingKind, Findings, Severity};
use crate::doctor::inspection::Inspection;
use crate::doctor::kinds::{CONFIG_MODE, ENV_MALFORMED, ENV_MODE, ENV_UNREADABLE, KEY_UNSEEN_BY_SERVICE};
use crate::remedy::quote;
use openclaw_auth::service::Gateway;
use openclaw_auth::settings::ProviderSettings;

pub(super) fn run(inspection: &Inspection, findings: &mut Findings) {
    unseen_keys(inspection, findings);
    dotenv(inspection, findings);
    configuration_mode(inspection, findings);
}

fn dotenv(inspection: &Inspection, findings: &mut Findings) {
    let path = inspection.places.roots.dotenv();
    let name = quoted(&path);
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
                let more = lines.len() - 1;
                let finding = if more > 0 {
                    ENV_MALFORMED.variant("more", &[("line", first), ("more", &more)])
                } else {
                    ENV_MALFORMED.found(&[("line", first)])
                };
                findings.push(finding.at(&path).command(format!("${{EDITOR:-vi}} +{first} {name}")));
            }
        }
        Err(error) => {
            let finding = ENV_UNREADABLE.found(&[("problem", &error.message)]).at(&path);
            findings.push(finding.command(format!("ls -l {name}")));
        }
    }
    open_to_all(inspection, &path, ENV_MODE, findings);
}

/// The configuration may have keys, too; without, anybody may read it.
fn configuration_mode(inspection: &Inspection, findings: &mut Findings) {
    let settings = &inspection.discovery.settings;
    let has_key = settings.providers.iter().any(ProviderSettings::keeps_key);
    let sets_key = || {
        provider::all().flat_map(|provider| provider.variables).any(|name| settings.variables.contains(*name))
    };
    if has_key || sets_key() {
        open_to_all(inspection, &inspection.places.roots.config, CONFIG_MODE, findings);
    }
}

fn open_to_all(inspection: &Inspection, path: &Path, kind: FindingKind, findings: &mut Findings) {
    let (real, name) = (files::real(path), quoted(path));
    // A service of another user may need its group; nobody needs the others.
    let Some(facts) = files::facts(&real).filter(|facts| facts.is_file && facts.mode & 0o007 != 0) else {
        return;
    };
    let mode = format!("{:04o}", facts.mode);
    let is_allowed = inspection.may_change_mode(facts.owner);
    let finding = kind.found(&[("mode", &mode)]).set_mode(&real, &facts, 0o600, is_allowed).at(path);
    // A link may lead to anybody's file.
    let is_elsewhere = path.is_symlink() && inspection.owner != Some(facts.owner);
    let command = if is_elsewhere { format!("ls -l {name}") } else { format!("chmod 600 {name}") };
    findings.push(finding.command(command));
}

/// Keys in the shell that OpenClaw's service does not see: everything works when tried by hand, and nothing
/// at night.
fn unseen_keys(inspection: &Inspection, findings: &mut Findings) {
    let settings = &inspection.discovery.settings;
    // A provider with a profile needs no key, and a service that asks the login shell sees what the shell
    // does.
    if settings.asks_shell {
        return;
    }
    let mut wanted = BTreeSet::new();
    for agent in &inspection.snapshot.agents {
        let in_use = settings.providers_in_use(agent.id.as_str(), inspection.reading);
        let has_profile = |id: &String| agent.profiles.iter().any(|profile| profile.provider.as_str() == id);
        wanted.extend(in_use.into_iter().filter(|id| {
            !has_profile(id)
                && !settings.has_key(id, inspection.reading)
                && inspection.service_variables.variable_for(id).is_none()
                && inspection.discovery.environment.variable_for(id).is_some()
        }));
    }
    if wanted.is_empty() {
        return;
    }
    // Without a service only the shell starts OpenClaw.
    let Some(gateway) = inspection.gateway() else { return };
    if gateway.variables.has("OPENCLAW_LOAD_SHELL_ENV") {
        return;
    }
    // A process has the variables it has; a unit may get more from elsewhere.
    let severity = if gateway.runs { Severity::Critical } else { Severity::Warning };
    let dotenv = inspection.places.roots.dotenv();
    for id in wanted.iter().filter(|id| gateway.variables.variable_for(id).is_none()) {
        let Some(variable) = inspection.discovery.environment.variable_for(id) else { continue };
        let finding = KEY_UNSEEN_BY_SERVICE.found(&[
            ("provider", id),
            ("variable", &variable),
            ("service", &gateway.seen_as),
            ("file", &quoted(&dotenv)),
        ]);
        let command = add_key(inspection, gateway, variable);
        findings.push(finding.severity(severity).at(&dotenv).command(command));
    }
}

/// The value stays in the shell's variable: it must not be on a command line or in a report.
fn add_key(inspection: &Inspection, gateway: &Gateway, variable: &str) -> String {
    let file = quoted(&inspection.places.roots.dotenv());
    let unit = gateway.unit.as_deref().and_then(|unit| unit.file_name());
    let restart = unit.map_or_else(
        || inspection.commands.restart_gateway(),
        |unit| format!("systemctl --user restart {}", quote(&unit.to_string_lossy())),
    );
    format!("(umask 077; printf '{variable}=%s\\n' \"${variable}\" >> {file}) && {restart}")
}
