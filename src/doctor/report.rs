//! Doctor's reports: for people, the worst first, in a column that fits a phone; for programs, as versioned
//! JSON.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::finding::{Finding, Severity};
use super::fix::{Applied, Fix};
use crate::exit;
use crate::publish::words::{safe, wrap};
use crate::texts::{counted, text};

const BAD: Style = AnsiColor::Red.on_default().bold();
const SOON: Style = AnsiColor::Yellow.on_default();
const GOOD: Style = AnsiColor::Green.on_default();
const PLAIN: Style = Style::new();
const FAINT: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// The outcome of a fix.
#[derive(Clone, Debug, Serialize)]
pub struct FixResult {
    pub code: &'static str,
    /// The fix, described.
    pub what: String,
    /// How to undo it, if it was applied.
    #[serde(flatten)]
    pub applied: Option<Applied>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    format_version: u8,
    generated_at: &'a str,
    exit_code: u8,
    summary: FindingCounts,
    findings: &'a [Finding],
    #[serde(rename = "mended", skip_serializing_if = "Option::is_none")]
    results: Option<&'a [FixResult]>,
}

/// How many findings there are of each severity, and how many `--fix` would resolve.
#[derive(Clone, Copy, Debug, Serialize)]
struct FindingCounts {
    critical: usize,
    warning: usize,
    info: usize,
    fixable: usize,
}

impl FindingCounts {
    fn of(findings: &[Finding]) -> Self {
        let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        Self {
            critical: count(Severity::Critical),
            warning: count(Severity::Warning),
            info: count(Severity::Info),
            fixable: findings.iter().filter(|finding| finding.fix.is_some()).count(),
        }
    }
}

/// 1 if a finding is critical, 2 if one is a warning, else 0.
#[must_use]
pub fn exit_code(findings: &[Finding]) -> u8 {
    exit::by_severity(findings.iter().map(|finding| finding.severity).max())
}

/// Writes the JSON report; with `results` if `--fix` was given.
pub fn json(
    findings: &[Finding],
    results: Option<&[FixResult]>,
    generated_at: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let report = Json {
        format_version: 1,
        generated_at,
        exit_code: exit_code(findings),
        summary: FindingCounts::of(findings),
        findings,
        results,
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

/// Text in a column.
pub struct Column<'a> {
    pub out: &'a mut dyn Write,
    /// In characters.
    pub width: usize,
}

impl Column<'_> {
    /// Writes every finding, grouped by severity.
    pub fn findings(&mut self, findings: &[Finding]) -> io::Result<()> {
        for &severity in Severity::ALL.iter().rev() {
            let mut group = findings.iter().filter(|finding| finding.severity == severity).peekable();
            if group.peek().is_none() {
                continue;
            }
            writeln!(self.out, "{BOLD}{}{BOLD:#}", severity.as_str())?;
            for finding in group {
                self.finding(finding)?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let (style, mark) = match finding.severity {
            Severity::Critical => (BAD, "X"),
            Severity::Warning => (SOON, "!"),
            Severity::Info => (PLAIN, "i"),
        };
        let mut whose: Vec<String> = finding.agent.iter().map(|agent| safe(agent.as_str())).collect();
        whose.extend(finding.profile.iter().map(|profile| safe(profile.as_str())));
        self.wrapped(&format!("  {mark} "), &format!("{} {}", finding.code, whose.join(" ")), style)?;
        if let Some(file) = &finding.file {
            self.wrapped("    ", &safe(file), PLAIN)?;
        }
        self.wrapped("    ", &safe(&finding.meaning), FAINT)?;
        match &finding.command {
            Some(command) => self.command("    $ ", command),
            None => Ok(()),
        }
    }

    /// Writes how many findings there are, and what `--fix` would do.
    pub fn summary(&mut self, findings: &[Finding]) -> io::Result<()> {
        if findings.is_empty() {
            return self.wrapped("", &text("doctor-fine", &[]), GOOD);
        }
        let summary = FindingCounts::of(findings);
        let counts = text(
            "doctor-counts",
            &[
                ("findings", &counted("findings", findings.len())),
                ("critical", &summary.critical),
                ("warning", &summary.warning),
                ("info", &summary.info),
            ],
        );
        self.wrapped("", &counts, BOLD)?;
        let fixes: Vec<&Fix> = findings.iter().filter_map(|finding| finding.fix.as_ref()).collect();
        if !fixes.is_empty() {
            self.wrapped("", &text("doctor-would", &[]), PLAIN)?;
            for fix in fixes {
                self.wrapped("  - ", &safe(&fix.describe()), PLAIN)?;
            }
        }
        Ok(())
    }

    /// Writes whether a fix was applied, and how to undo it.
    pub fn result(&mut self, result: &FixResult) -> io::Result<()> {
        match (&result.applied, &result.error) {
            (Some(applied), _) => {
                self.wrapped("ok  ", &safe(&format!("{}: done", result.what)), GOOD)?;
                self.wrapped("    ", &text("doctor-undo", &[]), FAINT)?;
                self.command("    $ ", &applied.undo)
            }
            (None, error) => {
                let error = error.as_deref().unwrap_or_default();
                self.wrapped("X   ", &safe(&format!("{}: {error}", result.what)), BAD)
            }
        }
    }

    /// Writes a command on one line, however long: one that is broken cannot be copied.
    pub fn command(&mut self, indent: &str, command: &str) -> io::Result<()> {
        writeln!(self.out, "{indent}{BOLD}{}{BOLD:#}", safe(command))
    }

    /// Writes wrapped text; the indent of the first line is blank on the others.
    pub fn wrapped(&mut self, indent: &str, text: &str, style: Style) -> io::Result<()> {
        let blank = " ".repeat(indent.len());
        for (number, line) in
            wrap(text.trim_end(), self.width.saturating_sub(indent.len())).into_iter().enumerate()
        {
            writeln!(self.out, "{}{style}{line}{style:#}", if number == 0 { indent } else { &blank })?;
        }
        Ok(())
    }
}
