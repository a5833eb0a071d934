//! The files of older releases that OpenClaw's import takes logins from. What the import cannot parse it archives all the same, so
//! nothing may ask for the import while such a file is there.

use std::path::{Path, PathBuf};

use super::{STATE_FILE, STORE_FILE, parse, parse_error, parse_leniently, parse_state};
use crate::discover::Agent;
use crate::document::{Document, DocumentError};
use crate::file;
use crate::json::javascript;
use crate::model::{Semantics, Source, StoreError, StoreKind, Unimportable};
use crate::paths::Roots;
use crate::release::{Rules, Version};
use crate::secret::SecretBuffer;

/// The file of an older release that keeps this one from using an agent's store, where there is one. 2026.6 and 2026.7 do not read
/// JSON files and go on without what is in them; 2026.8 and later refuse main's store while any such file is there, an empty one too,
/// and that of another agent if it has no database of its own.
#[must_use]
pub fn not_imported(
    version: Version,
    kind: StoreKind,
    agent_dir: &Path,
    is_main: bool,
    roots: &Roots,
) -> Option<PathBuf> {
    let is_database = matches!(kind, StoreKind::AgentSqlite | StoreKind::SharedSqlite);
    let own = |names: &[&str]| names.iter().map(|name| agent_dir.join(name)).find(|path| path.exists());
    if Rules::of(version) == Rules::Selected {
        if is_database && !is_main {
            return None;
        }
        let shared = || Some(roots.oauth.join("oauth.json")).filter(|path| is_main && path.exists());
        return own(&[STORE_FILE, STATE_FILE, "auth.json"]).or_else(shared);
    }
    if version < Version::DATABASES || is_database {
        return None;
    }
    own(&[STORE_FILE, "auth.json"])
}

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
