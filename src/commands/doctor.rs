//! `authwatch doctor`: says what is wrong with the auth of an OpenClaw, and mends what is safe to mend.

use std::path::Path;

use clap::Args;
use openclaw_auth::paths::{self};

use crate::clock;
use crate::commands::context::{GlobalArgs, environment, no_state_directory, runtime};
use crate::config::{self, Config};
use crate::doctor::finding::Finding;
use crate::doctor::inspection::Inspection;
use crate::doctor::installation::{Installation, OwnSettings};
use crate::doctor::report::{self, Column, FixResult};
use crate::doctor::{self, online, repair};
use crate::exit::{self, Failure};
use crate::publish::words::{safe, wrap};
use crate::terminal;

/// The flags of `doctor`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct DoctorArgs {
    /// Mend what is safe to mend; asks before each, and keeps what takes it back
    #[arg(long)]
    fix: bool,
    /// With --fix: do not ask
    #[arg(long, requires = "fix")]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Ask a provider's token endpoint for the time, and compare
    #[arg(long)]
    online: bool,
    /// Only this agent, and what concerns all (repeatable)
    #[arg(long, value_name = "ID")]
    agent: Vec<String>,
}

/// Runs the command.
pub fn run(global: &GlobalArgs, args: &DoctorArgs) -> Result<u8, Failure> {
    let installation = installation(global);
    if !installation.roots.state.is_dir() {
        // A configuration that is wrong may have named another one.
        if let Some(problem) = installation.own.config_problem {
            return Err(Failure::new(exit::CONFIGURATION, problem));
        }
        return Err(no_state_directory(&installation.roots));
    }
    let runtime = runtime()?;
    let server_time = if args.online { runtime.block_on(online::ask(&installation)) } else { None };
    let inspection = Inspection::gather(&installation, server_time.clone());
    known_agents(&inspection, args)?;
    let findings = selected(&inspection, args);
    if !args.fix {
        print(&inspection, &findings, None, args)?;
        return Ok(doctor::exit_code(&findings));
    }
    if !args.json {
        show(|column| column.findings(&findings))?;
    }
    let results = if let Some(own) = &installation.own.state {
        runtime.block_on(apply_fixes(own, &findings, args))?
    } else {
        terminal::say("there is no place for backups, so nothing was changed: set HOME or XDG_STATE_HOME");
        Vec::new()
    };
    // What is left is looked for, not reckoned.
    let inspection = Inspection::gather(&installation, server_time);
    let left = selected(&inspection, args);
    print(&inspection, &left, Some(&results), args)?;
    Ok(doctor::exit_code(&left))
}

/// A configuration that is wrong is a finding, and everything else is looked at with the default one.
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

fn known_agents(inspection: &Inspection, args: &DoctorArgs) -> Result<(), Failure> {
    let is_known = |id: &&String| inspection.discovery.agents.iter().any(|agent| agent.id.as_str() == *id);
    match args.agent.iter().find(|id| !is_known(id)) {
        None => Ok(()),
        Some(unknown) => Err(Failure::new(
            exit::NO_INPUT,
            format!("there is no agent `{unknown}` in `{}`", inspection.places.roots.state.display()),
        )
        .hint("`authwatch status --format plain | cut -f1 | sort -u` lists the agents")),
    }
}

/// What concerns the agents that were asked for: their own, what they inherit, and what concerns all.
fn selected(inspection: &Inspection, args: &DoctorArgs) -> Vec<Finding> {
    let mut findings = doctor::examine(inspection);
    let is_named = |id: &str| args.agent.iter().any(|wanted| wanted == id);
    let inherits = |finding: &Finding| {
        let agents = inspection.snapshot.agents.iter().filter(|agent| is_named(agent.id.as_str()));
        agents
            .flat_map(|agent| &agent.profiles)
            .any(|profile| profile.inherited && finding.profile.as_ref() == Some(&profile.profile_id))
    };
    findings.retain(|finding| {
        args.agent.is_empty()
            || finding.agent.as_ref().is_none_or(|agent| is_named(agent.as_str()) || inherits(finding))
    });
    findings
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
                writeln!(column.out, "\nwhat is left:\n")?;
                column.findings(findings)?;
            }
            column.summary(findings)
        }
    })
}

fn show(write: impl FnOnce(&mut Column<'_>) -> std::io::Result<()>) -> Result<(), Failure> {
    let mut printed = Vec::new();
    write(&mut Column { out: &mut printed, width: terminal::width().max(20) }).map_err(unwritable)?;
    terminal::print(&printed)
}

fn unwritable(error: std::io::Error) -> Failure {
    Failure::new(exit::INTERNAL, "cannot write the report").caused_by(error)
}

/// Applies the fixes: all of them with `--yes`, else those the user agrees to, none without a terminal.
async fn apply_fixes(
    own_state: &Path,
    findings: &[Finding],
    args: &DoctorArgs,
) -> Result<Vec<FixResult>, Failure> {
    let fixable: Vec<_> =
        findings.iter().filter_map(|finding| Some((finding, finding.fix.as_ref()?))).collect();
    if fixable.is_empty() {
        terminal::say("there is nothing that --fix could mend");
        return Ok(Vec::new());
    }
    if !args.yes && !terminal::is_there() {
        terminal::say(
            "standard input is no terminal, so nobody can be asked: nothing was changed. --yes mends without asking",
        );
        return Ok(Vec::new());
    }
    let (mut results, mut asking) = (Vec::new(), !args.yes);
    for (finding, fix) in fixable {
        if asking {
            match ask(&fix.describe())? {
                FixConsent::Yes => {}
                FixConsent::All => asking = false,
                FixConsent::No => continue,
                FixConsent::Stop => break,
            }
        }
        let (applied, error) = match repair::apply(fix, own_state, clock::now()).await {
            Ok(applied) => (Some(applied), None),
            Err(error) => (None, Some(error.to_string())),
        };
        results.push(FixResult { code: finding.code, what: fix.describe(), applied, error });
    }
    Ok(results)
}

enum FixConsent {
    Yes,
    No,
    All,
    Stop,
}

/// Asks until the answer is valid. The end of the input counts as "quit".
fn ask(what: &str) -> Result<FixConsent, Failure> {
    for line in wrap(&safe(what), terminal::width()) {
        terminal::show(&format!("{line}\n"));
    }
    loop {
        let answer = terminal::answer("mend? [y]es [n]o [a]ll [q]uit: ").map_err(|error| {
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
