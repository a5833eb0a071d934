//! The program, stopped at a step.

use std::path::Path;
use std::process::Command;

use crate::support::home::Home;

/// The program, to be stopped at a step until the marker is removed.
pub(crate) fn stopped_at(home: &Home, step: &str, marker: &Path) -> Command {
    let mut command = home.command(&["refresh", "--log-level", "info"]);
    command.env("AUTHWATCH_TEST_PAUSE", step).env("AUTHWATCH_TEST_MARKER", marker);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    command
}
