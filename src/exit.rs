//! Exit codes: three of OpenClaw's, and BSD's sysexits for all other failures.

use crate::model::Severity;

pub const OK: u8 = 0;
/// Something is expired or missing (`--check`), or a login needs a sign-in (`refresh`).
pub const EXPIRED_OR_MISSING: u8 = 1;
/// The daemon is unhealthy (`probe`).
pub const UNWELL: u8 = 1;
/// Something is expiring (`--check`). Less severe than 1, as in OpenClaw: never take a maximum of codes.
pub const EXPIRING: u8 = 2;
/// Nagios: the state could not be determined.
pub const NAGIOS_UNKNOWN: u8 = 3;
pub const USAGE: u8 = 64;
/// There is no such agent or state directory.
pub const NO_INPUT: u8 = 66;
/// A bug in this program.
pub const INTERNAL: u8 = 70;
pub const CANNOT_WRITE: u8 = 73;
pub const CANNOT_READ: u8 = 74;
/// Try again later: a file is locked, or the provider cannot be reached.
pub const TRY_AGAIN: u8 = 75;
pub const CONFIGURATION: u8 = 78;

/// The code for the worst severity that needs a person: 1 critical, 2 warning.
pub fn by_severity(worst: Option<Severity>) -> u8 {
    match worst {
        Some(Severity::Critical) => EXPIRED_OR_MISSING,
        Some(Severity::Warning) => EXPIRING,
        Some(Severity::Info) | None => OK,
    }
}

/// An error that knows the exit code it stands for and what the user can do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// One of the constants of this module.
    pub code: u8,
    /// What went wrong and where: completes "authwatch: ".
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    #[source]
    source: Option<anyhow::Error>,
}

impl Failure {
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, source: None }
    }

    pub fn internal(what: &str, error: std::io::Error) -> Self {
        Self::new(INTERNAL, what).caused_by(error)
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn caused_by(mut self, source: impl Into<anyhow::Error>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The message, its causes, and the hint on one line, for logs.
    pub fn in_one_line(&self) -> String {
        let hint = self.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}{hint}", chain(self))
    }
}

/// An error and its sources, separated by colons, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}
