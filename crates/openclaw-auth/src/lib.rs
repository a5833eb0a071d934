//! What OpenClaw puts on disk about its model logins: where it is, what it means, and how to change it without losing a
//! login.
//!
//! The crate reads every store that OpenClaw has used (JSON files, agent databases, the shared database), merges and orders
//! profiles as OpenClaw does, and writes JSON stores and the agent databases of 2026.6 and 2026.7 under OpenClaw's own locks. It has
//! no command line, no network, no async runtime, and no configuration of its own.
//!
//! ```text
//! paths -> discover -> load -> merge, order -> attempts      reading
//!                              locking -> store              writing, under OpenClaw's lock
//! ```
//!
//! | For | Modules |
//! |---|---|
//! | Nouns | [`model`], [`secret`] |
//! | Where things are | [`paths`], [`discover`], [`mod@file`], [`ownership`] |
//! | `openclaw.json` and the environment | [`settings`], [`mod@include`], [`environment`], [`dotenv`], [`setup`] |
//! | Documents | [`document`], [`credential`], [`field`], [`state`], [`json`], [`text`] |
//! | What credentials mean | [`provider`], [`identity`], [`fence`], [`jwt`] |
//! | What an agent sees and would use | [`merge`], [`order`], [`attempts`] |
//! | Reading stores | [`load`] |
//! | Writing | [`lock`] (names, payloads, staleness: pure), [`locking`], [`edit`], [`store`] |
//!
//! Everything but [`discover`], [`mod@file`], [`load`], [`locking`], [`ownership`], and [`store`] is pure: text in, plain data out.
//!
//! # Example
//!
//! The logins that agent main of a state directory sees, with the end of their access tokens:
//!
//! ```
//! use openclaw_auth::discover;
//! use openclaw_auth::load::{self, Buffers};
//! use openclaw_auth::merge::View;
//! use openclaw_auth::model::{Semantics, Timestamp};
//! use openclaw_auth::paths::Roots;
//!
//! # let state = tempfile::tempdir()?;
//! # let agent = state.path().join("agents/main/agent");
//! # std::fs::create_dir_all(&agent)?;
//! # let store = r#"{"version":1,"profiles":{"xai:default":{"type":"oauth","provider":"xai","access":"a","refresh":"r","expires":1800000000000}}}"#;
//! # std::fs::write(agent.join("auth-profiles.json"), store)?;
//! # let state = state.path();
//! let roots = Roots::from_process(Some(state));
//! let found = discover::discover(&roots, std::env::vars());
//! let mut buffers = Buffers::default();
//! let main = load::load_main(&found.agents[0], &roots, Semantics::V2026_9, &mut buffers);
//! let view = View::of_main(&main.document);
//! let login = &view.profiles[0];
//! assert_eq!(login.id, "xai:default");
//! let end = login.credential.expires.moment(Semantics::V2026_9);
//! assert_eq!(end, Some(Timestamp::from_millis(1_800_000_000_000.0)));
//! // The tokens themselves cannot be printed.
//! assert!(!format!("{:?}", login.credential).contains("\"r\""));
//! # Ok::<(), std::io::Error>(())
//! ```

#![warn(missing_docs)]

pub mod attempts;
#[doc(hidden)]
pub mod check;
pub mod checkpoint;
pub mod clock;
pub mod credential;
pub mod digest;
pub mod discover;
pub mod document;
pub mod dotenv;
pub mod edit;
pub mod environment;
pub mod fence;
pub mod field;
pub mod file;
pub mod identity;
pub mod include;
pub mod json;
pub mod jwt;
pub mod load;
pub mod lock;
pub mod locking;
pub mod merge;
pub mod mistakes;
pub mod model;
pub mod order;
pub mod ownership;
pub mod paths;
pub mod process;
pub mod provider;
pub mod random;
pub mod release;
pub mod secret;
pub mod service;
pub mod settings;
pub mod setup;
pub mod spelling;
pub mod state;
pub mod store;
pub mod text;
mod words;
