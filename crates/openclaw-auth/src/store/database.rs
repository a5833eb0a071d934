//! A credential document in a database of an agent's, as releases without fences write it.
//!
//! A database has no lock file: whoever renews holds the login's refresh lock, and each version is one transaction over exactly the
//! document that was read. Nothing of the database itself changes: no schema, no checkpoint, no file beside it that its owner's
//! programs would not make.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior};

use super::holder;
use super::interface::{OpenError, Refusal, Store, Written, is_a_store};
use crate::checkpoint;
use crate::edit;
use crate::file;
use crate::load::sqlite::{self, Database, alone};
use crate::ownership;
use crate::secret::SecretBuffer;

/// How long a transaction of somebody else's is waited for; OpenClaw's own wait.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The only schema whose logins are renewed under the refresh lock alone.
const SCHEMA: i64 = 1;

const UPDATE: &str = "UPDATE auth_profile_store SET store_json = ?1, \
    updated_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) WHERE store_key = 'primary' AND store_json = ?2";
const REHEARSAL: &str =
    "UPDATE auth_profile_store SET store_json = store_json WHERE store_key = 'primary' AND store_json = ?1";

/// `openclaw-agent.sqlite`, with the login's refresh lock held by the caller.
#[derive(Debug)]
pub struct DatabaseStore {
    /// Where the file really is.
    target: PathBuf,
    shown: PathBuf,
    agent: String,
    content: SecretBuffer,
}

impl DatabaseStore {
    /// Reads the store of an agent. It is refused where a new version could not be stored safely.
    pub fn open(path: &Path, agent: &str) -> Result<Self, OpenError> {
        let followed = match ownership::follow(path) {
            Ok(followed) => followed,
            Err(ownership::FollowError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                return Err(OpenError::Absent);
            }
            Err(error) => return Err(OpenError::Lock(error.into())),
        };
        let owner = std::os::unix::fs::MetadataExt::uid(&followed.metadata);
        if owner != rustix::process::geteuid().as_raw() {
            return Err(OpenError::Refused(Refusal::OtherOwner(owner)));
        }
        let mut store = Self {
            target: followed.path,
            shown: path.to_owned(),
            agent: agent.to_owned(),
            content: SecretBuffer::default(),
        };
        store.admit()?;
        store.reread()?;
        Ok(store)
    }

    fn admit(&self) -> Result<(), OpenError> {
        if let Some(holder) = holder::foreign(&self.target).map_err(OpenError::Lock)? {
            return Err(OpenError::Refused(Refusal::ForeignHolder(holder)));
        }
        let _alone = alone();
        let refusal = self.connect().and_then(|connection| self.refusal(&connection));
        match refusal.map_err(|failure| OpenError::Lock(failed(failure)))? {
            Some(refusal) => Err(OpenError::Refused(refusal)),
            None => Ok(()),
        }
    }

    /// One transaction that changes at most the document, and only if that is what was read. `before_commit` may still end it.
    fn transact(
        &self,
        statement: &str,
        values: &[&[u8]],
        before_commit: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<Written> {
        let _alone = alone();
        let mut connection = self.connect().map_err(failed)?;
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        if let Some(refusal) = self.refusal(&transaction).map_err(failed)? {
            return Err(io::Error::other(refusal));
        }
        let texts = values.iter().map(|bytes| std::str::from_utf8(bytes).map_err(io::Error::other));
        let texts = texts.collect::<io::Result<Vec<&str>>>()?;
        let changed = transaction.execute(statement, rusqlite::params_from_iter(texts)).map_err(failed)?;
        if changed == 0 {
            return Ok(Written::Changed);
        }
        before_commit()?;
        transaction.commit().map_err(failed)?;
        Ok(Written::Stored)
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        // Never created: a database that is gone stays gone.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.target, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // A rotated token must not be lost with the power, as it may be in the mode OpenClaw writes with.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "trusted_schema", false)?;
        // Moving the log into the database is its owner's to do.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        Ok(connection)
    }

    /// Why it is not what it was taken for.
    fn refusal(&self, connection: &Connection) -> rusqlite::Result<Option<Refusal>> {
        let schema: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if schema != SCHEMA {
            return Ok(Some(Refusal::Schema(schema)));
        }
        let query = "SELECT role = 'agent' AND agent_id = ?1 FROM schema_meta WHERE meta_key = 'primary'";
        let is_this_agents = connection.query_row(query, [&self.agent], |row| row.get(0)).optional()?;
        Ok((is_this_agents != Some(true)).then_some(Refusal::OtherAgent))
    }
}

impl Store for DatabaseStore {
    fn text(&self) -> Result<&str, OpenError> {
        file::text(&self.shown, &self.content).map_err(OpenError::Read)
    }

    fn reread(&mut self) -> Result<(), OpenError> {
        let mut state = SecretBuffer::default();
        match sqlite::read(&self.target, Database::Agent, &mut self.content, &mut state) {
            Ok(Some(content)) if content.has_store => Ok(()),
            Ok(_) => Err(OpenError::Absent),
            Err(error) => Err(OpenError::Read(error)),
        }
    }

    fn rehearse(&mut self) -> io::Result<Written> {
        let written = self.transact(REHEARSAL, &[self.content.bytes()], || Ok(()))?;
        checkpoint::reached("rehearsed");
        checkpoint::fails("reserve")?;
        Ok(written)
    }

    /// Nobody takes a row; what can happen is that a process appears to which the refresh lock says nothing.
    fn is_still_ours(&self) -> bool {
        matches!(holder::foreign(&self.target), Ok(None))
    }

    fn replace(&mut self, json: &str) -> io::Result<Written> {
        checkpoint::fails("write")?;
        is_a_store(json)?;
        let written =
            self.transact(UPDATE, &[edit::compact(json).as_bytes(), self.content.bytes()], || {
                checkpoint::reached("written");
                checkpoint::fails("commit")
            })?;
        checkpoint::reached("committed");
        Ok(written)
    }
}

fn failed(failure: rusqlite::Error) -> io::Error {
    let kind = match failure.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => io::ErrorKind::ResourceBusy,
        Some(ErrorCode::DiskFull) => io::ErrorKind::StorageFull,
        Some(ErrorCode::ReadOnly) => io::ErrorKind::ReadOnlyFilesystem,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, failure)
}
