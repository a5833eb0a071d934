//! authwatch knows, for every OpenClaw agent on a machine, whether its model logins work, will soon stop, or have stopped.
//!
//! A pass goes through stages, each a file of that name, handing the next one plain data:
//!
//! ```text
//! discover -> load -> classify -> refresh -> publish, notify
//! agents      stores  health      renewed    reports, metrics, page, messages
//! ```
//!
//! Discovering and loading are [`openclaw_auth`]'s, a crate of its own; [`pipeline`] names the stages in order. [`model`] holds the
//! nouns, and no secrets: loading yields credentials, classifying yields a [`model::Snapshot`], and whatever comes after sees only
//! that. [`doctor`] asks other questions of the same files, and fixes what is safe to fix. What a person's explicit command changes
//! is [`auth`]; what failures mean, in words that all parts share, is [`error_catalog`]. Imports point one way, which
//! `tests/it/hermetic/docs/layering.rs` checks. `ARCHITECTURE.md` says where to change what.

pub mod assess;
pub mod auth;
pub mod backup;
pub mod channel;
pub mod classify;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod doctor;
pub mod error_catalog;
pub mod exit;
pub mod http;
pub mod logging;
pub mod model;
pub mod notify;
pub mod pipeline;
pub mod program;
pub mod publish;
pub mod refresh;
pub mod remedy;
pub mod serve;
pub mod settings;
pub mod state;
pub mod stop;
pub mod terminal;
pub mod texts;
