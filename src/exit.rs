//! Exit codes: three of OpenClaw's, the rest from BSD's sysexits, kept clear of those three.

use std::process::ExitCode;

/// Everything is fine.
pub const OK: u8 = 0;
/// Something is expired or missing (`--check`), or a login is dead (`refresh`).
pub const EXPIRED_OR_MISSING: u8 = 1;
/// The daemon is not well (`probe`): what health checks take for a no.
pub const UNWELL: u8 = 1;
/// Something is expiring (`--check`). Less severe than 1, as in OpenClaw: never take a maximum of codes.
pub const EXPIRING: u8 = 2;
/// Nagios: the state could not be determined.
pub const NAGIOS_UNKNOWN: u8 = 3;
/// The command line is wrong.
pub const USAGE: u8 = 64;
/// There is no such agent or state directory.
pub const NO_INPUT: u8 = 66;
/// A fault of this program.
pub const INTERNAL: u8 = 70;
/// Something could not be written.
pub const CANNOT_WRITE: u8 = 73;
/// Something could not be read.
pub const CANNOT_READ: u8 = 74;
/// Try again later: a lock is held, or the provider is out of reach.
pub const TRY_AGAIN: u8 = 75;
/// The configuration is wrong.
pub const CONFIGURATION: u8 = 78;

/// An error that knows the exit code it stands for and what the user can do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// One of the constants of this module.
    pub code: u8,
    /// What went wrong and where: completes "authwatch: ".
    pub message: String,
    /// What to do next, shown on a line of its own.
    pub hint: Option<String>,
    #[source]
    source: Option<anyhow::Error>,
}

impl Failure {
    /// A failure without a cause of its own.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, source: None }
    }

    /// A fault of the system or of this program.
    #[must_use]
    pub fn internal(what: &str, error: std::io::Error) -> Self {
        Self::new(INTERNAL, what).caused_by(error)
    }

    /// Adds the line that says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the error that led to this one.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<anyhow::Error>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// All of it in one line, for logs.
    #[must_use]
    pub fn in_one_line(&self) -> String {
        let hint = self.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}{hint}", chain(self))
    }
}

/// An error and, behind colons, whatever led to it: what is told where there is one line for it.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}

/// Turns one of this module's constants into the process's exit code.
#[must_use]
pub fn code(code: u8) -> ExitCode {
    ExitCode::from(code)
}
