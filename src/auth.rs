//! Signing in, storing keys and tokens, signing out, and the order of profiles: what a person's explicit command changes.
//!
//! Every change is made under the store's lock, to the store as it is *then*, and whatever it replaces is kept first, in a
//! backup only its owner reads. Databases are OpenClaw's alone.

pub mod callback;
pub mod change;
pub mod clean;
pub mod code;
pub mod entry;
pub mod import;
pub mod pkce;
pub mod provider;
pub mod sign_in;
pub mod target;
pub mod view;
