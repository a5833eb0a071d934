//! What OpenClaw puts on disk, and what it means: documents, credentials, merging, provider ids, fences, settings.
//!
//! Everything here is pure: text in, plain data out. Reading the files is [`crate::load`]'s work.

pub mod attempts;
pub mod credential;
pub mod document;
pub mod dotenv;
pub mod edit;
pub mod environment;
pub mod fence;
pub mod identity;
pub mod include;
pub mod jwt;
pub mod lenient;
pub mod lock;
pub mod loose;
pub mod merge;
pub mod order;
pub mod provider;
pub mod secret_ref;
pub mod settings;
pub mod setup;
pub mod state;
pub mod text;
