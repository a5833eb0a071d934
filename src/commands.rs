//! One file a command: arguments in, a stage or two called, an exit code out.

pub mod auth;
pub mod config;
pub mod context;
pub mod doctor;
pub mod explain;
pub mod notify;
pub mod probe;
pub mod refresh;
pub mod status;
pub mod watch;
