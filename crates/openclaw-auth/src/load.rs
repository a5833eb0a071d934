//! Second stage: what an agent's store holds.
//!
//! Every store OpenClaw has ever used is known here; which one is in effect, and what a migration left behind, is part of
//! the result. A store that cannot be read is that store's error, never a failed pass.

pub mod external;
mod legacy;
mod loaded;
pub mod refreshing;
pub mod retired;
pub mod sqlite;

use std::path::{Path, PathBuf};

use crate::discover::{Agent, KnownBy};
use crate::document::{Document, DocumentError, Room};
use crate::json::javascript;
use crate::model::{Fault, IncompleteMigration, MigrationKind, Semantics, Source, StoreError, StoreKind};
use crate::paths::Roots;
use crate::release::Schemas;
use crate::secret::SecretBuffer;
use crate::state::State;

use self::loaded::health;
pub use self::loaded::{ContentDigest, Loaded};
use self::sqlite::{Database, SharedOwner};
use crate::file::{self, Base, FileFacts};

/// OpenClaw's JSON store.
pub const STORE_FILE: &str = "auth-profiles.json";
/// Order and usage beside it.
pub const STATE_FILE: &str = "auth-state.json";
/// The database of 2026.6 and later.
pub const DATABASE_FILE: &str = "openclaw-agent.sqlite";

/// What a thread reads stores with: the memory they are read into, one agent's at a time, and where to find them.
#[derive(Default)]
pub struct Buffers {
    base: Base,
    room: Room,
    store: SecretBuffer,
    state: SecretBuffer,
    legacy: SecretBuffer,
    lenient: SecretBuffer,
}

impl Buffers {
    /// For agents that mostly are where they are if nobody moves them.
    #[must_use]
    pub fn new(roots: &Roots) -> Self {
        Self { base: Base::open(roots.agents()), ..Self::default() }
    }

    /// Where to find their files from.
    #[must_use]
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// Takes back the memory of a document that was read into them.
    pub fn reuse(&mut self, room: Room) {
        self.room = room;
    }
}

/// The schemas of the databases that are there.
#[must_use]
pub fn schemas(roots: &Roots, agents: &[Agent]) -> Schemas {
    let of_agent = |agent: &Agent| schema(&agent.dir.join(DATABASE_FILE));
    Schemas { shared: schema(&roots.shared_database()), agent: agents.iter().find_map(of_agent) }
}

/// Where a database's header has `user_version`, in bytes.
const USER_VERSION: usize = 60;

/// The `user_version` of a database. Read from the file alone where that has one: what may be in its log instead is newer, and this a lower
/// bound. A database that OpenClaw has made and not closed yet has everything in its log.
fn schema(path: &Path) -> Option<u32> {
    match sqlite::header::<{ USER_VERSION + 4 }>(path).transpose()? {
        Ok(header) => match header.last_chunk().map(|bytes| u32::from_be_bytes(*bytes)) {
            Some(0) => Some(sqlite::schema(path).unwrap_or(0)),
            version => version,
        },
        Err(_) => Some(0),
    }
}

/// Reads an agent's own store. `None` where the agent turns out to be a leftover directory.
pub fn load<'b>(
    agent: &Agent,
    roots: &Roots,
    semantics: Semantics,
    buffers: &'b mut Buffers,
) -> Option<Loaded<'b>> {
    let database = agent.dir.join(DATABASE_FILE);
    if !buffers.base.has(&database) {
        return load_json(agent, roots, semantics, buffers);
    }
    match sqlite::read(&database, Database::Agent, &mut buffers.store, &mut buffers.state) {
        Ok(Some(content)) if content.keeps_credentials => {
            Some(from_database(StoreKind::AgentSqlite, database, content, agent, semantics, buffers))
        }
        Ok(_) => load_json(agent, roots, semantics, buffers),
        Err(error) => Some(unreadable(StoreKind::AgentSqlite, database, None, error)),
    }
}

/// Reads the store all agents inherit: the shared database if it owns the shared credentials, else main's own store.
pub fn load_main<'b>(
    main: &Agent,
    roots: &Roots,
    semantics: Semantics,
    buffers: &'b mut Buffers,
) -> Loaded<'b> {
    let shared = roots.shared_database();
    match sqlite::read(&shared, Database::Shared, &mut buffers.store, &mut buffers.state) {
        Ok(Some(content)) if content.owner == SharedOwner::StateDatabase => {
            from_database(StoreKind::SharedSqlite, shared, content, main, semantics, buffers)
        }
        Ok(_) => load(main, roots, semantics, buffers).unwrap_or_else(|| nothing(main)),
        Err(error) => unreadable(StoreKind::SharedSqlite, shared, None, error),
    }
}

fn nothing<'b>(agent: &Agent) -> Loaded<'b> {
    Loaded {
        health: health(StoreKind::None, agent.dir.join(STORE_FILE), None),
        document: Document::default(),
        read: [None; 2],
    }
}

fn unreadable<'b>(kind: StoreKind, path: PathBuf, facts: Option<FileFacts>, error: StoreError) -> Loaded<'b> {
    let mut health = health(kind, path, facts);
    health.error = Some(error);
    Loaded { health, document: Document::default(), read: [None; 2] }
}

fn load_json<'b>(
    agent: &Agent,
    roots: &Roots,
    semantics: Semantics,
    buffers: &'b mut Buffers,
) -> Option<Loaded<'b>> {
    let path = agent.dir.join(STORE_FILE);
    let Buffers { base, room, store, state, legacy, lenient } = buffers;
    let facts = match base.read(&path, store) {
        Ok(Some(facts)) => facts,
        Ok(None) if agent.known_by == KnownBy::Directory && !agent.dir.is_dir() => return None,
        Ok(None) => {
            return Some(legacy::import(agent, roots, semantics, [store, legacy]).into_loaded(path, None));
        }
        Err(error) => return Some(unreadable(StoreKind::Json, path, None, error)),
    };
    let document = match parse_into(std::mem::take(room), &path, store, semantics, Source::Json) {
        Ok(document) => document,
        Err(error) => match parse_leniently(&path, store, lenient, semantics, Source::Json) {
            Some(document) => document,
            // What is no store is imported over by OpenClaw; its error stays visible all the same.
            None => {
                return Some(
                    legacy::import(agent, roots, semantics, [state, legacy])
                        .into_loaded(path, Some((facts, error))),
                );
            }
        },
    };
    let health = health(StoreKind::Json, path, Some(facts));
    let mut loaded = Loaded { health, document, read: [Some(store.bytes()), None] };
    let beside = agent.dir.join(STATE_FILE);
    if base.has(&beside) {
        match read_state(&beside, state, semantics) {
            Ok(newer) => {
                loaded.document.state.overlay(newer);
                loaded.read[1] = Some(state.bytes());
            }
            Err(error) => loaded.health.state_error = Some(error),
        }
    }
    Some(loaded)
}

/// The state file decides nothing about health but cooldowns and order; where it is broken OpenClaw goes on without it.
fn read_state(path: &Path, buffer: &mut SecretBuffer, semantics: Semantics) -> Result<State, StoreError> {
    if file::read(path, buffer)?.is_none() {
        return Ok(State::default());
    }
    parse_state(path, buffer, semantics)
}

fn parse_state(path: &Path, buffer: &SecretBuffer, semantics: Semantics) -> Result<State, StoreError> {
    let read = file::text(path, buffer).and_then(|text| {
        State::parse(text, semantics).map_err(|error| parse_error(path, &DocumentError::syntax(&error)))
    });
    read.or_else(|error| {
        let lenient = javascript::strict(buffer.bytes()).and_then(|text| String::from_utf8(text).ok());
        lenient.and_then(|text| State::parse(&text, semantics).ok()).ok_or(error)
    })
}

/// Reads a document once more, as JavaScript would.
fn parse_leniently<'b>(
    path: &Path,
    refused: &SecretBuffer,
    lenient: &'b mut SecretBuffer,
    semantics: Semantics,
    source: Source,
) -> Option<Document<'b>> {
    *lenient = SecretBuffer::from(javascript::strict(refused.bytes())?);
    parse(path, lenient, semantics, source).ok()
}

fn parse_into<'b>(
    room: Room,
    path: &Path,
    buffer: &'b SecretBuffer,
    semantics: Semantics,
    source: Source,
) -> Result<Document<'b>, StoreError> {
    let text = file::text(path, buffer)?;
    Document::parse_into(room, text, semantics, source).map_err(|error| parse_error(path, &error))
}

fn parse<'b>(
    path: &Path,
    buffer: &'b SecretBuffer,
    semantics: Semantics,
    source: Source,
) -> Result<Document<'b>, StoreError> {
    Document::parse(file::text(path, buffer)?, semantics, source).map_err(|error| parse_error(path, &error))
}

fn parse_error(path: &Path, error: &DocumentError) -> StoreError {
    let fault = match error {
        DocumentError::Syntax { .. } | DocumentError::Unwritable { .. } => Fault::Syntax,
        DocumentError::NoStore(_) => Fault::Shape,
    };
    StoreError::in_file(fault, format!("`{}` is {error}", path.display()))
}

fn from_database<'b>(
    kind: StoreKind,
    path: PathBuf,
    content: sqlite::Content,
    agent: &Agent,
    semantics: Semantics,
    buffers: &'b mut Buffers,
) -> Loaded<'b> {
    let source = if kind == StoreKind::SharedSqlite { Source::SharedSqlite } else { Source::AgentSqlite };
    let Buffers { store, state, legacy, lenient, .. } = buffers;
    let mut document = if content.has_store {
        match parse(&path, store, semantics, source) {
            Ok(document) => document,
            Err(error) => {
                let Some(document) = parse_leniently(&path, store, lenient, semantics, source) else {
                    let message = format!("the document in {}", error.message);
                    let error = StoreError { message, fault: Some(Fault::Row), ..error };
                    return unreadable(kind, path, Some(content.facts), error);
                };
                document
            }
        }
    } else {
        Document::default()
    };
    let mut health = health(kind, path, Some(content.facts));
    if content.has_state {
        match parse_state(&health.path, state, semantics) {
            Ok(newer) => document.state.overlay(newer),
            Err(error) => health.state_error = Some(error),
        }
    }
    health.migration =
        migration(&agent.dir.join(STORE_FILE), document.profiles.is_empty(), semantics, legacy);
    let read = [content.has_store.then(|| store.bytes()), content.has_state.then(|| state.bytes())];
    Loaded { health, document, read }
}

/// A JSON store with profiles beside a database that is in effect.
fn migration(
    path: &Path,
    database_is_empty: bool,
    semantics: Semantics,
    buffer: &mut SecretBuffer,
) -> Option<IncompleteMigration> {
    file::read(path, buffer).ok()??;
    let profiles = parse(path, buffer, semantics, Source::Json).ok()?.profiles.len();
    let kind = if database_is_empty { MigrationKind::EmptyDatabase } else { MigrationKind::LeftoverJson };
    (profiles > 0).then(|| IncompleteMigration { kind, path: path.to_owned(), profiles, repair_first: None })
}
