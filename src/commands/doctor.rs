//! `authwatch doctor`: diagnoses OpenClaw's auth, and fixes what is safe to fix.

use std::path::Path;

use clap::Args;
use openclaw_auth::model::AgentId;
use openclaw_auth::paths;

use crate::clock;
use crate::commands::context::{GlobalArgs, environment, no_state_directory, runtime, unknown_agent};
use crate::config::{self, Config};
use crate::doctor::finding::Finding;
use crate::doctor::fix::{self, Fix};
use crate::doctor::inspection::{Inspection, Installation, OwnSettings};
use crate::doctor::report::{self, Column, FixResult};
use crate::doctor::{self, online};
use crate::exit::{self, Failure};
use crate::pipeline;
use crate::publish::words::{safe, wrap};
use crate::terminal;
use crate::texts::{counted, text};

/// The flags of `doctor`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct DoctorArgs {
    /// Fix what is safe to fix; asks before each change, and keeps what undoes it
    #[arg(long)]
    fix: bool,
    /// Make every change without asking, as OpenClaw's does: implies --fix
    #[arg(long)]
    yes: bool,
    /// Never ask; with --fix, make only the changes that touch no credential
    #[arg(long)]
    non_interactive: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Ask a provider's token endpoint for the time, and compare
    #[arg(long)]
    online: bool,
    /// Only what concerns this agent (repeatable)
    #[arg(long, value_name = "ID")]
    agent: Vec<String>,
}

/// Runs the command.
pub fn run(global: &GlobalArgs, args: &DoctorArgs) -> Result<u8, Failure> {
    let installation = installation(global);
    if !installation.roots.state.is_dir() {
        // A wrong configuration may have named another one.
        if let Some(problem) = installation.own.config_problem {
            return Err(Failure::new(exit::CONFIGURATION, problem));
        }
        return Err(no_state_directory(&installation.roots));
    }
    let runtime = runtime()?;
    let mut inspection = Inspection::gather(&installation);
    let agents = agents(&inspection, &args.agent)?;
    if args.online {
        let providers = inspection.login_providers();
        inspection.server_time = runtime.block_on(online::ask(&providers, &inspection.own.config));
    }
    let findings = doctor::examine(&inspection, &agents);
    if !args.fix && !args.yes {
        print(&inspection, &findings, None, args)?;
        return Ok(report::exit_code(&findings));
    }
    if !args.json {
        show(|column| column.findings(&findings))?;
    }
    let results = if let Some(own) = &installation.own.state {
        runtime.block_on(apply_fixes(own, &findings, args))?
    } else {
        terminal::say(&text("doctor-no-backups", &[]));
        Vec::new()
    };
    let mut after = Inspection::gather(&installation);
    after.server_time = inspection.server_time;
    let left = doctor::examine(&after, &agents);
    print(&after, &left, Some(&results), args)?;
    Ok(report::exit_code(&left))
}

/// An invalid configuration is a finding, and everything else is checked with the default one.
fn installation(global: &GlobalArgs) -> Installation {
    let (config, config_problem) = match Config::load(global.config.as_deref()) {
        Ok(config) => (config, None),
        Err(failure) => (Config::default(), Some(failure.in_one_line())),
    };
    Installation {
        roots: global.roots(&config),
        variables: environment().collect(),
        own: OwnSettings {
            state: paths::own_state_of_process(),
            config_file: global.config.clone().or_else(config::default_path),
            config,
            config_problem,
        },
    }
}

/// The agents of these names.
fn agents(inspection: &Inspection, names: &[String]) -> Result<Vec<AgentId>, Failure> {
    let discovery = &inspection.discovery;
    let find = |name: &String| match pipeline::find_agent(discovery, name) {
        Some(agent) => Ok(agent.id.clone()),
        None => Err(unknown_agent(
            name,
            &inspection.places.roots,
            discovery.agents.iter().map(|agent| agent.id.as_str()),
        )),
    };
    names.iter().map(find).collect()
}

fn print(
    inspection: &Inspection,
    findings: &[Finding],
    results: Option<&[FixResult]>,
    args: &DoctorArgs,
) -> Result<(), Failure> {
    if args.json {
        let mut printed = Vec::new();
        report::json(findings, results, &inspection.snapshot.generated_at, &mut printed)
            .map_err(unwritable)?;
        return terminal::print(&printed);
    }
    show(|column| match results {
        None => {
            column.findings(findings)?;
            column.summary(findings)
        }
        Some(results) => {
            results.iter().try_for_each(|result| column.result(result))?;
            if !results.is_empty() {
                writeln!(column.out, "\n{}\n", text("doctor-left", &[]))?;
                column.findings(findings)?;
            }
            column.summary(findings)
        }
    })
}

/// Prints what is written into a column of the terminal's width.
pub(super) fn show(write: impl FnOnce(&mut Column<'_>) -> std::io::Result<()>) -> Result<(), Failure> {
    let mut printed = Vec::new();
    write(&mut Column { out: &mut printed, width: terminal::width().max(20) }).map_err(unwritable)?;
    terminal::print(&printed)
}

fn unwritable(error: std::io::Error) -> Failure {
    Failure::internal("cannot write the report", error)
}

/// Applies the fixes: with `--yes` all, with `--non-interactive` those that change no credential, at a
/// terminal those the user agrees to, else none.
async fn apply_fixes(
    own_state: &Path,
    findings: &[Finding],
    args: &DoctorArgs,
) -> Result<Vec<FixResult>, Failure> {
    let mut fixes: Vec<(&'static str, &Fix)> =
        findings.iter().filter_map(|finding| Some((finding.code, finding.fix.as_ref()?))).collect();
    if fixes.is_empty() {
        terminal::say(&text("doctor-nothing-to-fix", &[]));
        return Ok(Vec::new());
    }
    let mut asks = !args.yes && !args.non_interactive;
    if asks && !terminal::is_there() {
        terminal::say(&text("doctor-cannot-ask", &[]));
        return Ok(Vec::new());
    }
    if args.non_interactive && !args.yes {
        let all = fixes.len();
        fixes.retain(|(_, fix)| !fix.changes_credential());
        if fixes.len() < all {
            terminal::say(&counted("doctor-not-asked", all - fixes.len()));
        }
    }
    let mut results = Vec::new();
    for (code, fix) in fixes {
        if asks {
            match ask(&fix.describe())? {
                FixConsent::Yes => {}
                FixConsent::All => asks = false,
                FixConsent::No => continue,
                FixConsent::Stop => break,
            }
        }
        let (applied, error) = match fix::apply(fix, own_state, clock::now()).await {
            Ok(applied) => (Some(applied), None),
            Err(error) => (None, Some(error.to_string())),
        };
        results.push(FixResult { code, what: fix.describe(), applied, error });
    }
    Ok(results)
}

enum FixConsent {
    Yes,
    No,
    All,
    Stop,
}

/// Asks until the answer is valid. The end of the input counts as `quit`.
fn ask(what: &str) -> Result<FixConsent, Failure> {
    for line in wrap(&safe(what), terminal::width()) {
        terminal::show(&format!("{line}\n"));
    }
    loop {
        let answer = terminal::answer("fix? [y]es [n]o [a]ll [q]uit: ").map_err(|error| {
            Failure::new(exit::CANNOT_READ, "cannot read from standard input").caused_by(error)
        })?;
        match answer.as_deref() {
            Some("y" | "yes") => return Ok(FixConsent::Yes),
            Some("a" | "all") => return Ok(FixConsent::All),
            Some("n" | "no" | "") => return Ok(FixConsent::No),
            Some("q" | "quit") | None => return Ok(FixConsent::Stop),
            Some(_) => {}
        }
    }
}
