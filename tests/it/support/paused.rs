//! The program, stopped at a step of its work.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::support::home::{Home, Ran};
use crate::support::time::wait_until;

pub(crate) struct Paused {
    pub(crate) child: Child,
    marker: PathBuf,
}

impl Paused {
    /// Runs a command of this home until it is at a step.
    pub(crate) fn at(step: &str, home: &Home, mut command: Command) -> Self {
        let marker = home.path().join("marker");
        command.env("AUTHWATCH_TEST_PAUSE", step).env("AUTHWATCH_TEST_MARKER", &marker);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_until(|| marker.exists());
        Self { child, marker }
    }

    pub(crate) fn resume(&self) {
        std::fs::remove_file(&self.marker).unwrap();
    }

    /// Lets it go on, and waits for its end.
    pub(crate) fn finish(self) -> Ran {
        self.resume();
        Ran::of(self.child.wait_with_output().unwrap())
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let _ = std::fs::remove_file(&self.marker);
    }
}
