//! The tests at the level users see: the binary, its exit codes, its files.
//!
//! One binary with a file a topic. Everything that varies is injected: the home directory, the environment, the clock.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
#![allow(clippy::print_stdout, reason = "what is measured is shown by `--nocapture`")]
#![allow(clippy::too_many_lines, reason = "a table of cases is as long as there are cases")]

mod addresses;
mod agreement;
#[cfg(feature = "sqlite")]
mod alarms;
mod auth;
mod auth_login;
mod auth_storm;
mod auth_terminal;
mod bad_input;
#[cfg(feature = "sqlite")]
mod canary;
mod conformance;
mod containers;
mod deciding;
#[cfg(feature = "sqlite")]
mod demo;
mod deploy_tools;
#[cfg(feature = "sqlite")]
mod doctor;
mod documents;
mod exit_codes;
mod explain;
mod faults;
#[cfg(feature = "sqlite")]
mod fleet;
mod foreign_links;
#[cfg(feature = "sqlite")]
mod formats;
mod generated;
mod init_systems;
mod install;
mod install_upkeep;
mod kill;
mod layering;
mod migration;
mod network;
mod never_lost;
#[cfg(feature = "sqlite")]
mod notifications_over_a_month;
#[cfg(feature = "sqlite")]
mod page;
mod probe;
mod prometheus;
mod pty;
mod readme;
#[cfg(feature = "sqlite")]
mod real_prometheus;
#[cfg(feature = "sqlite")]
mod receiver;
mod refresh;
mod removed_settings;
#[cfg(feature = "sqlite")]
mod replacements;
#[cfg(feature = "sqlite")]
mod servers;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod store_equivalence;
mod storm;
mod support;
mod systemd_units;
#[cfg(feature = "sqlite")]
mod telling;
mod termux;
mod token_server;
#[cfg(feature = "sqlite")]
mod unparsable_stores;
mod unusual_hosts;
mod watch;
mod watching;
#[cfg(feature = "sqlite")]
mod webdriver;
