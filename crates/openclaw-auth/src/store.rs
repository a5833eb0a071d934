//! Where a login is kept, held for writing: the only thing here that writes credentials.
//!
//! Whoever renews a login proves by [`Store::rehearse`], before a token is spent, that a new version can be stored; nothing
//! changes by it. Only [`Store::replace`] writes, and only over what was read last: where somebody has written in between, theirs
//! stays and the caller decides again.

mod draft;
mod interface;
mod json;

pub use self::interface::{OpenError, Store, Written};
pub use self::json::JsonStore;

use crate::model::Semantics;

/// The rules by which a store is read before it is written: no aliases of providers, so that locks are named as OpenClaw names them.
pub const SEMANTICS: Semantics = Semantics::V2026_9;
