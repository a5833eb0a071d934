//! `authwatch status`: discover, load, classify, and print.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use openclaw_auth::discover::NoAgent;
use openclaw_auth::model::{AgentId, Semantics, Span};
use openclaw_auth::paths::{self, Roots};
use openclaw_auth::provider;
use openclaw_auth::release::Release;

use crate::assess::{self, Limits};
use crate::clock::{self, At};
use crate::commands::context::{GlobalArgs, environment, no_state_directory, unknown_agent};
use crate::config::{self, Config};
use crate::demo::Demo;
use crate::exit::{self, Failure};
use crate::model::{Scope, Snapshot};
use crate::pipeline::{self, Cache, Request, ScanResult};
use crate::publish::report::{self, Format, Layout};
use crate::publish::words::check_cause;
use crate::refresh::recovery;
use crate::state::Memory;
use crate::terminal;
use crate::texts::text;

/// How often `--watch` redraws.
const REDRAW: Duration = Duration::from_secs(2);
/// Moves to the top left corner, and clears what is below.
const CLEAR: &[u8] = b"\x1b[H\x1b[J";

#[derive(Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct StatusArgs {
    /// Exit as `openclaw models status --check` does: 1 expired or missing, 2 expiring
    #[arg(long)]
    check: bool,
    /// Exit with 1 if something critical needs a person, 2 if a warning does; what renews automatically does not
    #[arg(long, conflicts_with = "check")]
    needs_person: bool,
    /// Show only what needs a person
    #[arg(long)]
    problems: bool,
    /// Only this agent (repeatable)
    #[arg(long, value_name = "ID")]
    agent: Vec<String>,
    /// Only this provider (repeatable)
    #[arg(long, value_name = "ID")]
    provider: Vec<String>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Judge as of another time: RFC 3339, +36h, or Unix milliseconds
    #[arg(long, value_name = "TIME", value_parser = clock::parse_at, allow_hyphen_values = true)]
    at: Option<At>,
    /// Call a token expiring this long before its end [default: 24h; 5m for what renews automatically]
    #[arg(long, value_name = "DURATION", value_parser = clock::duration)]
    warn: Option<Span>,
    /// Exit and judge by authwatch's own rules for this OpenClaw release, instead of as the release in use
    #[arg(long, value_name = "RELEASE")]
    semantics: Option<SemanticsArg>,
    /// The OpenClaw release the state directory belongs to [default: found out]
    #[arg(long, value_name = "VERSION", value_parser = release)]
    openclaw_version: Option<Release>,
    /// What counts towards the exit code [default: what counts for the OpenClaw release in use]
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeArg>,
    /// Draw the report again every 2 seconds, until Ctrl-C
    #[arg(long, conflicts_with_all = ["check", "needs_person", "json", "format", "at"])]
    watch: bool,
    /// Report on built-in demo data, laid out in a temporary directory
    #[arg(long, conflicts_with_all = ["agent", "provider"])]
    demo: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SemanticsArg {
    /// OpenClaw 2026.4 and 2026.5
    #[value(name = "2026.4")]
    V2026_4,
    /// OpenClaw 2026.9
    #[value(name = "2026.9")]
    V2026_9,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ScopeArg {
    /// Every token and OAuth profile
    All,
    /// Only what the configured models use
    InUse,
}

impl StatusArgs {
    fn request(&self, config: &Config) -> Request {
        let configured = Request::new(config);
        let semantics = self.semantics.map(|semantics| match semantics {
            SemanticsArg::V2026_4 => Semantics::V2026_4,
            SemanticsArg::V2026_9 => Semantics::V2026_9,
        });
        let scope = self.scope.map(|scope| match scope {
            ScopeArg::All => Scope::All,
            ScopeArg::InUse => Scope::InUse,
        });
        Request {
            at: self.at,
            own_rules: configured.own_rules || semantics.is_some() || scope.is_some(),
            semantics: semantics.unwrap_or(configured.semantics),
            scope: scope.or(configured.scope),
            window: self.warn.or(configured.window),
            agents: self.agent.clone(),
            providers: self.provider.clone(),
            memory: memory(),
            limits: self.limits(config),
            release: self.openclaw_version.clone(),
            only_bare: self.format() == Format::Openclaw && self.agent.is_empty(),
        }
    }

    fn limits(&self, config: &Config) -> Limits {
        let limits = Limits::new(config);
        Limits { window: self.warn.map_or(limits.window, |warn| warn.max(limits.window)), ..limits }
    }

    fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

fn release(version: &str) -> Result<Release, String> {
    Release::given(version)
        .ok_or_else(|| format!("invalid release `{version}`: use a version such as 2026.9.6"))
}

pub fn run(global: &GlobalArgs, args: &StatusArgs) -> Result<u8, Failure> {
    let format = args.format();
    if format == Format::Openclaw && args.agent.len() > 1 {
        return Err(Failure::new(exit::USAGE, "`--format openclaw` reports on one agent")
            .hint("give --agent once, or use --format json for several"));
    }
    let config = Config::load(global.config.as_deref())?;
    let mut request = args.request(&config);
    if args.demo {
        request.memory = None;
        let demo = Demo::lay_out(clock::now()).map_err(cannot_lay_out)?;
        tracing::info!("demo data in {}", demo.roots().state.display());
        let result = pipeline::run(demo.roots(), [], &request);
        return finish(args, format, &result, demo.roots());
    }
    let roots = global.roots(&config);
    if args.watch {
        return redraw(args, &config, &roots);
    }
    let result = with_recoveries(pipeline::run(&roots, environment(), &request));
    finish(args, format, &result, &roots)
}

/// Adds what is in recovery files.
fn with_recoveries(mut result: ScanResult) -> ScanResult {
    let waiting = paths::own_state_of_process().map(|dir| recovery::waiting_profiles(&dir));
    assess::add_recoveries(&mut result.snapshot, waiting.unwrap_or_default(), &result.commands);
    result
}

/// Redraws the report in place.
fn redraw(args: &StatusArgs, config: &Config, roots: &Roots) -> Result<u8, Failure> {
    if !std::io::stdout().is_terminal() {
        return Err(Failure::new(exit::USAGE, "cannot redraw: standard output is not a terminal")
            .hint("leave out --watch, or run `authwatch watch` for a status page"));
    }
    let mut cache = Cache::default();
    loop {
        let result = pipeline::run_with_cache(roots, environment(), &args.request(config), Some(&mut cache));
        let result = with_recoveries(result);
        let mut screen = CLEAR.to_vec();
        let layout = Layout { width: terminal::width(), only_problems: args.problems };
        report::write(&result.snapshot, Format::Table, layout, &mut screen)
            .map_err(|error| Failure::new(exit::INTERNAL, "cannot write the report").caused_by(error))?;
        if let Some(failure) = nothing_there(&result, roots) {
            return Err(failure);
        }
        terminal::print(&screen)?;
        std::thread::sleep(REDRAW);
    }
}

pub(super) fn cannot_lay_out(error: std::io::Error) -> Failure {
    Failure::new(exit::CANNOT_WRITE, "cannot lay out the demo data")
        .caused_by(error)
        .hint("set TMPDIR to a directory that can be written")
}

/// Without a readable memory, the report is still useful.
fn memory() -> Option<Arc<Memory>> {
    let dir = paths::own_state_of_process()?;
    match Memory::read(&dir) {
        Ok(memory) => Some(Arc::new(memory)),
        Err(error) => {
            tracing::warn!("{}; this report does not show refused logins", exit::chain(&error));
            None
        }
    }
}

fn finish(args: &StatusArgs, format: Format, result: &ScanResult, roots: &Roots) -> Result<u8, Failure> {
    let mut printed = Vec::new();
    let layout = Layout { width: terminal::width(), only_problems: args.problems };
    report::write(&result.snapshot, format, layout, &mut printed)
        .map_err(|error| Failure::new(exit::INTERNAL, "cannot write the report").caused_by(error))?;
    if args.check && format == Format::Table && result.state_exists {
        let note = check_note(&result.snapshot).unwrap_or_default();
        printed.extend_from_slice(note.as_bytes());
    }
    let nothing_there = nothing_there(result, roots);
    match (&nothing_there, format) {
        // A plugin's answer is its first line, and a selection that matches nothing is never fine.
        (Some(failure), Format::Nagios) => {
            terminal::print(format!("AUTH UNKNOWN - {}\n", failure.in_one_line()).as_bytes())?;
        }
        (Some(_), Format::Table) => {}
        _ => terminal::print(&printed)?,
    }
    match (nothing_there, format) {
        // Nothing is set up: for a check that is "missing", for a plugin "unknown", else there is no such input.
        (Some(failure), Format::Nagios) => Ok(report_and(&failure, exit::NAGIOS_UNKNOWN)),
        (Some(failure), _) if args.check => Ok(report_and(&failure, exit::EXPIRED_OR_MISSING)),
        (Some(failure), _) => Err(failure),
        (None, Format::Nagios) => Ok(report::nagios_exit_code(&result.snapshot)),
        (None, _) if args.check && format == Format::Openclaw => {
            Ok(report::one_agent(&result.snapshot).map_or(exit::OK, |agent| agent.exit_code))
        }
        (None, _) if args.check => Ok(result.snapshot.exit_code),
        (None, _) if args.needs_person => {
            Ok(exit::by_severity(assess::worst(&assess::issues(&result.snapshot))))
        }
        (None, _) => Ok(exit::OK),
    }
}

/// Why `--check` differs from the report: it answers exactly as OpenClaw does.
fn check_note(snapshot: &Snapshot) -> Option<String> {
    let issues = assess::issues(snapshot);
    let code = snapshot.exit_code;
    if code == exit::by_severity(assess::worst(&issues)) {
        return None;
    }
    let name = match code {
        exit::OK => "check-note-fine",
        exit::EXPIRING => "check-note-expiring",
        _ => "check-note-missing",
    };
    let causes = snapshot.agents.iter().flat_map(|agent| {
        let counts = agent.exit_code == code;
        agent.check.causes.iter().filter(move |_| counts).map(move |cause| check_cause(agent, cause))
    });
    let causes: Vec<String> = causes.take(CAUSES_SHOWN).map(|cause| format!("\n  {cause}")).collect();
    let name = if causes.is_empty() { name } else { "check-note-because" };
    let note = text(name, &[("code", &code), ("causes", &causes.concat())]);
    let note = format!("\n{note}\n");
    Some(note)
}

/// Causes that the note on `--check` names.
const CAUSES_SHOWN: usize = 3;

fn report_and(failure: &Failure, code: u8) -> u8 {
    tracing::warn!("{}", failure.in_one_line());
    code
}

/// Why there is nothing to report on: a selection that matches nothing is never fine.
fn nothing_there(result: &ScanResult, roots: &Roots) -> Option<Failure> {
    if let Some(no_agent) = result.refused.filter(|_| result.state_exists) {
        let problem = match no_agent {
            NoAgent::Unknown => "OpenClaw's configuration does not list the agent that is meant",
            NoAgent::Ambiguous => "several agents are configured, and nothing says which is meant",
        };
        return Some(
            Failure::new(exit::NO_INPUT, problem).hint("name it with --agent, as for OpenClaw's own command"),
        );
    }
    if !result.state_exists {
        let failure = no_state_directory(roots);
        let hint = failure.hint.clone().unwrap_or_default();
        return Some(failure.hint(format!("{hint}; `authwatch status --demo` shows built-in data")));
    }
    if let Some(unknown) = result.unknown_agents.first() {
        return Some(unknown_agent(unknown, roots, result.agent_ids.iter().map(AgentId::as_str)));
    }
    let unknown = result.unknown_providers.first()?;
    let problem = format!("no login of provider `{unknown}`, and no model that needs one");
    let nearest = config::nearest(unknown, provider::all().map(|provider| provider.id));
    Some(Failure::new(exit::NO_INPUT, problem).hint(match nearest.filter(|nearest| nearest != unknown) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "`authwatch status --format plain | cut -f3 | sort -u` lists the providers".to_owned(),
    }))
}
