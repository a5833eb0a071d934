//! The connection: how a database is opened, what is asked of it, and what its errors mean.

use std::fmt::Write;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::content::{Content, Database, SharedOwner, beside, error};
use crate::file::{self, FileFacts, MAX_BYTES};
use crate::model::{Fault, StoreError, StoreErrorReason};
use crate::ownership;
use crate::secret::SecretBuffer;

/// How long a writer may hold us up. Writers hold a WAL database for no reader; this is for the older journal.
const BUSY_TIMEOUT: Duration = Duration::from_millis(250);
/// Reads of a database whose log comes and goes are tried this often.
const ATTEMPTS: usize = 20;
/// Between two of them: longer than a writer takes to open or close a database.
const PAUSE: Duration = Duration::from_millis(5);
/// The newest schema whose absence of credential tables is known to be meant.
const NEWEST_SCHEMA: i64 = 23;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Journal {
    /// No log: the file is the whole truth.
    NoLog,
    /// A log with an index beside it.
    Log,
    /// The older rollback journal.
    Rollback,
}

pub(super) fn read(
    path: &Path,
    database: Database,
    store: &mut SecretBuffer,
    state: &mut SecretBuffer,
) -> Result<Option<Content>, StoreError> {
    let mut problem = None;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            std::thread::sleep(PAUSE);
        }
        let Some((file, metadata)) = file::open(path)? else {
            return Ok(None);
        };
        // The log is beside the database itself, not beside a link to it.
        let followed = ownership::follow(path).map_err(|error| file::not_followed(path, error))?;
        let path = &followed.path;
        let journal = match journal(path, &file) {
            // A writer that closes the database removes the index first, then the log.
            Err(error) if error.reason == StoreErrorReason::Locked => {
                problem = Some(error);
                continue;
            }
            journal => journal?,
        };
        drop(file);
        let facts =
            FileFacts { mode: metadata.mode() & 0o7777, owner: metadata.uid(), modified: metadata.mtime() };
        match (read_rows(path, database, journal, facts, store, state), journal) {
            (rows, Journal::NoLog) if is_still_alone(path, &metadata) => return rows.map(Some),
            (_, Journal::NoLog) => {}
            // The log or its index went away while it was opened.
            (Err(error), Journal::Log)
                if matches!(error.reason, StoreErrorReason::Io | StoreErrorReason::Locked) =>
            {
                problem = Some(error);
            }
            (rows, _) => return rows.map(Some),
        }
    }
    let always_written = || {
        let what = "is being written to all the time; it is read again on the next pass";
        error(path, StoreErrorReason::Locked, what)
    };
    Err(problem.unwrap_or_else(always_written))
}

fn journal(path: &Path, mut file: &std::fs::File) -> Result<Journal, StoreError> {
    let mut header = [0_u8; 20];
    let length = file.read(&mut header).map_err(|error| file::os_error(path, &error))?;
    if length == 0 {
        return Ok(Journal::NoLog);
    }
    if length < header.len() || !header.starts_with(b"SQLite format 3\0") {
        return Err(damaged(path, "is not a SQLite database"));
    }
    match header[19] {
        1 => Ok(Journal::Rollback),
        2 => {
            let log = std::fs::metadata(beside(path, "-wal")).map_or(0, |metadata| metadata.len());
            let index = beside(path, "-shm").exists();
            match (log, index) {
                // An index alone says nothing. SQLite would make the log that is missing, even to read.
                (0, _) => Ok(Journal::NoLog),
                (_, true) => Ok(Journal::Log),
                (_, false) => Err(error(
                    path,
                    StoreErrorReason::Locked,
                    "has a write-ahead log without its index; OpenClaw recovers it when it next starts",
                )),
            }
        }
        version => Err(error(
            path,
            StoreErrorReason::Schema,
            format_args!("has file format {version}, which this version does not know: update authwatch"),
        )),
    }
}

/// The `user_version`, its log included.
pub(super) fn schema(path: &Path) -> Option<u32> {
    let (file, _) = file::open(path).ok()??;
    let path = &ownership::follow(path).ok()?.path;
    let journal = journal(path, &file).ok()?;
    drop(file);
    user_version(&connect(path, journal).ok()?).ok()
}

fn user_version<T: rusqlite::types::FromSql>(connection: &Connection) -> rusqlite::Result<T> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn connect(path: &Path, journal: Journal) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri(path, journal), flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

fn is_still_alone(path: &Path, before: &std::fs::Metadata) -> bool {
    let log = std::fs::metadata(beside(path, "-wal")).map_or(0, |metadata| metadata.len());
    let same = |now: std::fs::Metadata| {
        (now.ino(), now.len(), now.mtime(), now.mtime_nsec())
            == (before.ino(), before.len(), before.mtime(), before.mtime_nsec())
    };
    log == 0 && std::fs::metadata(path).is_ok_and(same)
}

fn read_rows(
    path: &Path,
    database: Database,
    journal: Journal,
    facts: FileFacts,
    store: &mut SecretBuffer,
    state: &mut SecretBuffer,
) -> Result<Content, StoreError> {
    let sqlite = |failure: rusqlite::Error| sqlite_error(path, &failure);
    let connection = connect(path, journal).map_err(sqlite)?;
    // One transaction, so that store, state and owner belong together.
    let reading = connection.unchecked_transaction().map_err(sqlite)?;
    let mut content = Content {
        facts,
        keeps_credentials: has_table(&reading, database).map_err(sqlite)?,
        has_store: false,
        has_state: false,
        owner: SharedOwner::LegacyMain,
    };
    if !content.keeps_credentials {
        let version: i64 = user_version(&reading).map_err(sqlite)?;
        if version > NEWEST_SCHEMA {
            let what =
                format_args!("has schema {version}, which this version does not know: update authwatch");
            return Err(error(path, StoreErrorReason::Schema, what));
        }
        return Ok(content);
    }
    match database {
        Database::Agent => {
            content.has_store = cell(&reading, path, AGENT_STORE, "primary", store)?;
            content.has_state = cell(&reading, path, AGENT_STATE, "primary", state)?;
        }
        Database::Shared => {
            content.owner = owner(&reading, path)?;
            content.has_store = cell(&reading, path, SHARED, "authProfiles.store", store)?;
            content.has_state = cell(&reading, path, SHARED, "authProfiles.state", state)?;
        }
    }
    Ok(content)
}

const AGENT_STORE: &str = "SELECT store_json FROM auth_profile_store WHERE store_key = ?1";
const AGENT_STATE: &str = "SELECT state_json FROM auth_profile_state WHERE state_key = ?1";
const SHARED: &str = "SELECT value_json FROM config_machine_state WHERE state_key = ?1";

/// A `file:` URI. `immutable` is used for a database without a log only, and the result checked afterwards.
fn uri(path: &Path, journal: Journal) -> String {
    let mut uri = "file:".to_owned();
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            write!(uri, "%{byte:02x}").expect("a string takes all text");
        }
    }
    uri.push_str(match journal {
        Journal::NoLog => "?mode=ro&immutable=1",
        Journal::Log => "?mode=ro&readonly_shm=1",
        Journal::Rollback => "?mode=ro",
    });
    uri
}

fn has_table(connection: &Connection, database: Database) -> rusqlite::Result<bool> {
    let table = match database {
        Database::Agent => "auth_profile_store",
        Database::Shared => "config_machine_state",
    };
    let query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1";
    connection.query_row(query, [table], |_| Ok(())).optional().map(|row| row.is_some())
}

/// Copies a cell into the buffer; whether there is one.
fn cell(
    connection: &Connection,
    path: &Path,
    query: &str,
    key: &str,
    buffer: &mut SecretBuffer,
) -> Result<bool, StoreError> {
    let copy = |row: &rusqlite::Row<'_>| {
        let bytes = row.get_ref(0)?.as_bytes_or_null().unwrap_or_default().unwrap_or_default();
        if bytes.len() as u64 <= MAX_BYTES {
            buffer.reset(bytes.len());
            buffer.bytes_mut().extend_from_slice(bytes);
        }
        Ok(bytes.len() as u64)
    };
    match connection.query_row(query, [key], copy).optional() {
        Ok(Some(length)) if length > MAX_BYTES => {
            let what = format_args!("keeps a document of {length} bytes; more than {MAX_BYTES} are not read");
            Err(error(path, StoreErrorReason::TooLarge, what))
        }
        Ok(row) => Ok(row.is_some()),
        Err(failure) => Err(sqlite_error(path, &failure)),
    }
}

fn owner(connection: &Connection, path: &Path) -> Result<SharedOwner, StoreError> {
    #[derive(serde::Deserialize)]
    struct Owner {
        location: String,
    }
    let read = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
    let json = connection
        .query_row(SHARED, ["auth.sharedStore"], read)
        .optional()
        .map_err(|failure| sqlite_error(path, &failure))?;
    let Some(json) = json else {
        return Ok(SharedOwner::LegacyMain);
    };
    match serde_json::from_str::<Owner>(&json).map(|owner| owner.location).as_deref() {
        Ok("legacy-main") => Ok(SharedOwner::LegacyMain),
        Ok("state-db") => Ok(SharedOwner::StateDatabase),
        _ => Err(error(
            path,
            StoreErrorReason::Schema,
            "records an owner of the shared credentials that this version does not know: update authwatch",
        )),
    }
}

fn sqlite_error(path: &Path, failure: &rusqlite::Error) -> StoreError {
    const NO_READER_YET: i32 = rusqlite::ffi::SQLITE_READONLY_CANTINIT;
    let extended = failure.sqlite_error().map_or(0, |error| error.extended_code);
    match failure.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            error(path, StoreErrorReason::Locked, "is held by a writer; it is read again on the next pass")
        }
        Some(ErrorCode::ReadOnly) if extended == NO_READER_YET => error(
            path,
            StoreErrorReason::Locked,
            "is being opened by a writer; it is read again on the next pass",
        ),
        Some(ErrorCode::ReadOnly) => error(
            path,
            StoreErrorReason::Locked,
            "was left in the middle of a write; OpenClaw recovers it when it next starts",
        ),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            damaged(path, "is not a SQLite database, or is damaged")
        }
        Some(ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => {
            error(path, StoreErrorReason::Permission, "may not be read by this user")
        }
        Some(ErrorCode::CannotOpen) => unopened(path),
        // The statements are constants: where one does not compile the tables are others.
        _ if matches!(failure, rusqlite::Error::SqlInputError { .. }) => error(
            path,
            StoreErrorReason::Schema,
            "has credential tables this version does not know: update authwatch",
        ),
        _ => error(path, StoreErrorReason::Io, format_args!("cannot be read: {failure}")),
    }
}

fn damaged(path: &Path, what: &str) -> StoreError {
    StoreError::in_file(Fault::Database, format!("`{}` {what}", path.display()))
}

/// SQLite does not say which of the files it could not open.
fn unopened(path: &Path) -> StoreError {
    for suffix in ["", "-wal", "-shm"] {
        if let Err(error) = file::open(&beside(path, suffix)) {
            return error;
        }
    }
    // All of them can be: then they came and went while a writer opened or closed it.
    error(
        path,
        StoreErrorReason::Locked,
        "is being opened and closed by writers; it is read again on the next pass",
    )
}
