//! The tests at the level users see: the binary, its exit codes, its files.
//!
//! One binary with a file a topic. Everything that varies is injected: the home directory, the environment, the clock.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
#![allow(clippy::print_stdout, reason = "what is measured is shown by `--nocapture`")]
#![allow(clippy::too_many_lines, reason = "a table of cases is as long as there are cases")]
#![allow(missing_docs, reason = "nothing here is public")]

#[cfg(feature = "sqlite")]
mod alike;
mod auth;
mod auth_login;
mod auth_storm;
mod auth_terminal;
mod bad_input;
#[cfg(feature = "sqlite")]
mod canary;
mod conformance;
#[cfg(feature = "sqlite")]
mod demo;
mod exit_codes;
mod explain;
#[cfg(feature = "sqlite")]
mod fleet;
#[cfg(feature = "sqlite")]
mod formats;
mod kill;
mod layering;
mod network;
#[cfg(feature = "sqlite")]
mod page;
mod prometheus;
mod pty;
mod readme;
#[cfg(feature = "sqlite")]
mod real_prometheus;
mod refresh;
#[cfg(feature = "sqlite")]
mod servers;
#[cfg(feature = "sqlite")]
mod sqlite;
mod storm;
mod support;
mod token_server;
mod watch;
mod watching;
#[cfg(feature = "sqlite")]
mod webdriver;
