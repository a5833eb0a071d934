//! The files of older releases that OpenClaw's import takes logins from. What the import cannot parse it archives all the same, so
//! nothing may ask for the import while such a file is there.

use std::path::Path;

use super::{STATE_FILE, STORE_FILE, parse, parse_error, parse_leniently, parse_state};
use crate::discover::Agent;
use crate::document::{Document, DocumentError};
use crate::file;
use crate::json::javascript;
use crate::model::{Semantics, Source, StoreError, Unimportable};
use crate::paths::Roots;
use crate::secret::SecretBuffer;

/// The files that the import could not read, of all agents. Looked for one by one, as they are asked for.
pub fn unimportable<'a>(
    roots: &Roots,
    agents: &'a [Agent],
    semantics: Semantics,
) -> impl Iterator<Item = Unimportable> + use<'a> {
    let shared = check(&roots.oauth.join("oauth.json"), |path, buffer| {
        legacy(path, buffer, |text| Document::parse_oauth_file(text, semantics))
    });
    shared.into_iter().chain(agents.iter().flat_map(move |agent| of_agent(&agent.dir, semantics)))
}

fn of_agent(dir: &Path, semantics: Semantics) -> impl Iterator<Item = Unimportable> + use<> {
    let store = |path: &Path, buffer: &SecretBuffer| {
        let mut decoded = SecretBuffer::default();
        parse(path, buffer, semantics, Source::Json).map(|_| ()).or_else(|error| {
            parse_leniently(path, buffer, &mut decoded, semantics, Source::Json).map(|_| ()).ok_or(error)
        })
    };
    let flat = |path: &Path, buffer: &SecretBuffer| {
        legacy(path, buffer, |text| Document::parse_flat(text, semantics))
    };
    let state = |path: &Path, buffer: &SecretBuffer| parse_state(path, buffer, semantics).map(|_| ());
    let found = [
        check(&dir.join(STORE_FILE), store),
        check(&dir.join("auth.json"), flat),
        check(&dir.join(STATE_FILE), state),
    ];
    found.into_iter().flatten()
}

fn check(
    path: &Path,
    parse: impl Fn(&Path, &SecretBuffer) -> Result<(), StoreError>,
) -> Option<Unimportable> {
    let mut buffer = SecretBuffer::default();
    let read = file::read(path, &mut buffer);
    let error = read.and_then(|found| if found.is_some() { parse(path, &buffer) } else { Ok(()) }).err()?;
    Some(Unimportable { path: path.to_owned(), error })
}

/// As [`super::legacy`] reads them.
fn legacy(
    path: &Path,
    buffer: &SecretBuffer,
    parse: impl for<'t> Fn(&'t str) -> Result<Option<Document<'t>>, DocumentError>,
) -> Result<(), StoreError> {
    let decoded = javascript::strict(buffer.bytes()).map(SecretBuffer::from);
    let text = file::text(path, decoded.as_ref().unwrap_or(buffer))?;
    parse(text).map(|_| ()).map_err(|error| parse_error(path, &error))
}
