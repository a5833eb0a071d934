//! Signing in and out, storing keys and tokens, and ordering profiles: what a person's explicit command changes.
//!
//! Every change is made under the store's lock, to what the store holds at that time. What it replaces is backed up first, readable
//! only by its owner. Databases are only written by OpenClaw.

pub mod callback;
pub mod change;
pub mod clean;
pub mod entry;
pub mod import;
pub mod sign_in;
pub mod view;
