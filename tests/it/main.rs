//! The tests at the level users see: the binary, its exit codes, its files.
//!
//! Everything that varies is injected: the home directory, the environment, the clock.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
#![allow(clippy::print_stdout, reason = "what is measured is shown by `--nocapture`")]
#![allow(clippy::too_many_lines, reason = "a table of cases is as long as there are cases")]

mod hermetic;
mod support;
mod system;
