//! `authwatch explain`: explains an error message or a piece of a log, and prints the command that fixes it.

use std::io::{self, IsTerminal, Read};

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde_json::json;

use crate::commands::context::{Context, GlobalArgs};
use crate::commands::doctor::show;
use crate::doctor::report::Column;
use crate::error_catalog::{self, RecognizedCause};
use crate::exit::{self, Failure};
use crate::pipeline;
use crate::publish::words::safe;
use crate::remedy::Commands;
use crate::terminal;

/// The longest log that is read: its end is what matters, and `tail` gives that.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

const PLAIN: Style = Style::new();
const FAINT: Style = Style::new().dimmed();
const KIND: Style = AnsiColor::Yellow.on_default();

/// The flags of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The message; without one, or with `-`, it is read from standard input
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(global: &GlobalArgs, args: &ExplainArgs) -> Result<u8, Failure> {
    let text = if args.text.is_empty() || args.text == ["-"] { read()? } else { args.text.join(" ") };
    if text.trim().is_empty() {
        return Err(Failure::new(exit::USAGE, "there is nothing to explain")
            .hint("give the message in quotes, or a log on standard input: `… | authwatch explain`"));
    }
    let (findings, commands) = (error_catalog::recognize(&text), commands(global));
    if args.json {
        terminal::print(as_json(&findings, &commands).as_bytes())?;
    } else {
        show(|column| write_text(&findings, &commands, column))?;
    }
    Ok(exit::OK)
}

/// How commands are written for the OpenClaw on this machine, if there is one: what is pasted is most likely its message.
fn commands(global: &GlobalArgs) -> Commands {
    match Context::with_state_directory(global) {
        Ok(context) => pipeline::commands(&context.roots, &context.discover()),
        Err(_) => Commands::default(),
    }
}

fn read() -> Result<String, Failure> {
    let mut stdin = io::stdin().lock();
    if stdin.is_terminal() {
        terminal::say("paste the message, press Enter, then Ctrl-D");
    }
    let mut bytes = Vec::new();
    let read = (&mut stdin).take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| {
        Failure::new(exit::CANNOT_READ, "cannot read from standard input").caused_by(error)
    })?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Failure::new(exit::CANNOT_READ, format!("that is more than {} MiB", MAX_BYTES >> 20))
            .hint("its end is what matters: `tail -n 1000 LOG | authwatch explain`"));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn as_json(findings: &[RecognizedCause], commands: &Commands) -> String {
    let causes: Vec<_> = findings
        .iter()
        .map(|finding| {
            json!({
                "code": finding.cause.code,
                "kind": finding.cause.kind.as_str(),
                "meaning": finding.cause.meaning,
                "command": commands.for_cause(finding.cause.remedy, &finding.context),
                "hint": finding.cause.hint,
                "line": finding.line,
                "quote": finding.quote,
                "agentId": finding.context.agent,
                "profileId": finding.context.profile,
                "provider": finding.context.provider,
            })
        })
        .collect();
    let answer = json!({ "formatVersion": 1, "known": !causes.is_empty(), "causes": causes });
    format!("{answer:#}\n")
}

fn write_text(findings: &[RecognizedCause], commands: &Commands, column: &mut Column<'_>) -> io::Result<()> {
    if findings.is_empty() {
        column.wrapped("", "authwatch does not know this message.", PLAIN)?;
        column.wrapped("", "What to try:", PLAIN)?;
        column.command("  $ ", "authwatch doctor")?;
        return column.command("  $ ", "authwatch status --scope all");
    }
    for (index, finding) in findings.iter().enumerate() {
        let cause = finding.cause;
        if index > 0 {
            writeln!(column.out)?;
        }
        column.wrapped("", &format!("{}: {}", cause.kind.words(), cause.code), KIND)?;
        column.wrapped("  ", &format!("{}.", cause.meaning), PLAIN)?;
        column.wrapped("  ", cause.hint, PLAIN)?;
        if let Some(command) = commands.for_cause(cause.remedy, &finding.context) {
            column.command("  $ ", &command)?;
        }
        column.wrapped("  ", &format!("line {}: {}", finding.line, safe(&finding.quote)), FAINT)?;
    }
    Ok(())
}
