//! The files that stood where the store is now. Read as OpenClaw's first use would import them, and never rewritten.

use std::path::PathBuf;

use super::loaded::{Loaded, health};
use crate::discover::Agent;
use crate::document::Document;
use crate::file::{self, FileFacts};
use crate::json::javascript;
use crate::model::{Semantics, StoreError, StoreKind};
use crate::paths::Roots;
use crate::secret::SecretBuffer;

/// What an import would bring.
pub(super) struct Import<'b> {
    document: Document<'b>,
    /// The first file that contributes.
    path: Option<(PathBuf, FileFacts)>,
    read: [Option<&'b [u8]>; 2],
}

/// Reads the agent's flat `auth.json` and, for providers not there yet, the `oauth.json` every agent shares.
pub(super) fn import<'b>(
    agent: &Agent,
    roots: &Roots,
    semantics: Semantics,
    buffers: [&'b mut SecretBuffer; 2],
) -> Import<'b> {
    let [flat, oauth] = buffers;
    let mut import = Import { document: Document::default(), path: None, read: [None; 2] };
    import.read[0] = import
        .add(agent.dir.join("auth.json"), flat, |text| Document::parse_flat(text, semantics).ok().flatten());
    import.read[1] = import.add(roots.oauth.join("oauth.json"), oauth, |text| {
        Document::parse_oauth_file(text, semantics).ok().flatten()
    });
    import
}

impl<'b> Import<'b> {
    /// Adds what a file brings; its text if it brings anything. A legacy file that cannot be read is passed over, as OpenClaw does:
    /// `doctor` names it.
    fn add(
        &mut self,
        path: PathBuf,
        buffer: &'b mut SecretBuffer,
        parse: impl Fn(&'b str) -> Option<Document<'b>>,
    ) -> Option<&'b [u8]> {
        let facts = file::read(&path, buffer).ok()??;
        if let Some(text) = javascript::strict(buffer.bytes()) {
            *buffer = SecretBuffer::from(text);
        }
        let text = file::text(&path, buffer).ok()?;
        let document = parse(text).filter(|document| !document.profiles.is_empty())?;
        self.document.add_missing(document);
        self.path.get_or_insert((path, facts));
        Some(text.as_bytes())
    }

    /// The result for an agent whose store is absent, or is none for the given reason.
    pub(super) fn into_loaded(self, store: PathBuf, broken: Option<(FileFacts, StoreError)>) -> Loaded<'b> {
        let mut health = match (&broken, self.path) {
            (Some((facts, _)), _) => health(StoreKind::Json, store, Some(*facts)),
            (None, Some((path, facts))) => health(StoreKind::Json, path, Some(facts)),
            (None, None) => health(StoreKind::None, store, None),
        };
        health.error = broken.map(|(_, error)| error);
        Loaded { health, document: self.document, read: self.read }
    }
}
