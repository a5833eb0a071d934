//! What was read of a store.

use std::path::PathBuf;

use crate::document::Document;
use crate::file::FileFacts;
use crate::model::{Mode, StoreHealth, StoreKind};

/// An agent's own store, read.
pub struct Loaded<'b> {
    /// Its state.
    pub health: StoreHealth,
    /// Its content; empty where there is none or it could not be read.
    pub document: Document<'b>,
    /// The documents it was made from.
    pub(super) read: [Option<&'b [u8]>; 2],
}

/// Tells one content of a store from another, without keeping what is secret in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentDigest([u8; 32]);

impl Loaded<'_> {
    /// The digest of everything that was read: the documents, and what is known of the store itself.
    #[must_use]
    pub fn digest(&self) -> ContentDigest {
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        for document in self.read {
            // The length keeps apart where one ends and the other begins.
            context.update(&document.map_or(usize::MAX, <[u8]>::len).to_le_bytes());
            context.update(document.unwrap_or_default());
        }
        context.update(&serde_json::to_vec(&self.health).expect("health is plain data"));
        // What reports leave out.
        let fault = self.health.error.as_ref().and_then(|error| error.fault);
        context.update(&[fault.map_or(0, |fault| fault as u8 + 1)]);
        let mut digest = [0; 32];
        digest.copy_from_slice(context.finish().as_ref());
        ContentDigest(digest)
    }
}

pub(super) fn health(kind: StoreKind, path: PathBuf, facts: Option<FileFacts>) -> StoreHealth {
    StoreHealth {
        kind,
        path,
        mode: facts.map(|facts| Mode(facts.mode)),
        owner: facts.map(|facts| facts.owner),
        error: None,
        state_error: None,
        migration: None,
    }
}
