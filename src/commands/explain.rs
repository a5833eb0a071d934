//! `authwatch explain`: an error message or a piece of log in, what it means and the command that mends it out.

use std::io::{IsTerminal, Read};

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde_json::json;

use crate::error_catalog::{self, RecognizedCause};
use crate::exit::{self, Failure};
use crate::publish::words::{safe, wrap};
use crate::remedy::Commands;
use crate::terminal;

/// More of a log is not read: its end is what matters, and `tail` gives that.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

const BOLD: Style = Style::new().bold();
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
pub fn run(args: &ExplainArgs) -> Result<u8, Failure> {
    let text = if args.text.is_empty() || args.text == ["-"] { read()? } else { args.text.join(" ") };
    if text.trim().is_empty() {
        return Err(Failure::new(exit::USAGE, "there is nothing to explain")
            .hint("give the message in quotes, or a log on standard input: `… | authwatch explain`"));
    }
    let findings = error_catalog::recognize(&text);
    let answer = if args.json { as_json(&findings) } else { as_text(&findings, terminal::width()) };
    terminal::print(answer.as_bytes())?;
    Ok(exit::OK)
}

fn read() -> Result<String, Failure> {
    let mut stdin = std::io::stdin().lock();
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

fn as_json(findings: &[RecognizedCause]) -> String {
    let causes: Vec<_> = findings
        .iter()
        .map(|finding| {
            json!({
                "code": finding.cause.code,
                "kind": finding.cause.kind.as_str(),
                "meaning": finding.cause.meaning,
                "command": Commands::default().for_cause(finding.cause.remedy, &finding.context),
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

fn as_text(findings: &[RecognizedCause], width: usize) -> String {
    if findings.is_empty() {
        return block("", "authwatch does not know this message.", width, Style::new())
            + &block("", "What to try:", width, Style::new())
            + &block("  $ ", "authwatch doctor", width, BOLD)
            + &block("  $ ", "authwatch status --scope all", width, BOLD);
    }
    let mut answer = String::new();
    for finding in findings {
        let cause = finding.cause;
        if !answer.is_empty() {
            answer.push('\n');
        }
        answer += &block("", &format!("{}: {}", cause.kind.words(), cause.code), width, KIND);
        answer += &block("  ", &format!("{}.", cause.meaning), width, Style::new());
        if !cause.hint.is_empty() {
            answer += &block("  ", cause.hint, width, Style::new());
        }
        if let Some(command) = Commands::default().for_cause(cause.remedy, &finding.context) {
            // On one line, however long: a command that is broken cannot be copied.
            answer += &format!("  $ {BOLD}{}{BOLD:#}\n", safe(&command));
        }
        answer += &block("  ", &format!("line {}: {}", finding.line, safe(&finding.quote)), width, FAINT);
    }
    answer
}

/// Text in a column; the indent of the first line is blank on the others.
fn block(indent: &str, text: &str, width: usize, style: Style) -> String {
    let mut lines = String::new();
    for (number, line) in wrap(text, width.saturating_sub(indent.len())).into_iter().enumerate() {
        let blank = " ".repeat(indent.len());
        let indent = if number == 0 { indent } else { &blank };
        lines += &format!("{indent}{style}{line}{style:#}\n");
    }
    lines
}
