//! Stores, and what can be wrong with them.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::ids::ProfileId;
use crate::words;

/// A path as text. Directories may have any name, and a report must not fail because of one.
pub fn shown_path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

words! {
    /// The kind of store an agent's own credentials are in.
    pub enum StoreKind in "kebab-case" {
        /// `auth-profiles.json`, or the legacy files that stand in for it.
        Json,
        /// `openclaw-agent.sqlite`.
        AgentSqlite,
        /// `state/openclaw.sqlite`.
        SharedSqlite,
        /// None of its own.
        None,
    }
}

impl StoreKind {
    /// What it is, for people; empty for the usual kind.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Json => "",
            Self::AgentSqlite => "SQLite",
            Self::SharedSqlite => "shared SQLite",
            Self::None => "no store of its own",
        }
    }
}

words! {
    /// Why a store could not be read.
    pub enum StoreErrorReason in "kebab-case" {
        /// Not well-formed.
        Parse,
        /// Not ours to read.
        Permission,
        /// Held by a writer.
        Locked,
        /// Well-formed, but no store this version knows.
        Schema,
        /// Beyond the cap of 16 MiB.
        TooLarge,
        /// A directory, a FIFO, a device, or a link to nothing.
        NotAFile,
        /// Anything else the system reported.
        Io,
    }
}

/// A store that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoreError {
    /// The kind of failure.
    pub reason: StoreErrorReason,
    /// What exactly, with the file it is about. Never contains anything that was in the file.
    pub message: String,
    /// What has to be repaired in the file itself, where that is the trouble.
    #[serde(skip)]
    pub fault: Option<Fault>,
}

impl StoreError {
    /// An error that no change to the file would fix.
    #[must_use]
    pub fn new(reason: StoreErrorReason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), fault: None }
    }

    /// A file that cannot be parsed.
    #[must_use]
    pub fn in_file(fault: Fault, message: impl Into<String>) -> Self {
        let reason = if fault == Fault::Shape { StoreErrorReason::Schema } else { StoreErrorReason::Parse };
        Self { reason, message: message.into(), fault: Some(fault) }
    }
}

/// What has to be repaired in a file that cannot be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It begins with a byte order mark, as Windows programs write it.
    ByteOrderMark,
    /// It is not UTF-8.
    Encoding,
    /// It is not JSON.
    Syntax,
    /// It is JSON, but not a store.
    Shape,
    /// It is not a database, or a damaged one.
    Database,
    /// The database is fine, but not the JSON document in it.
    Row,
}

/// Credentials that OpenClaw no longer reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IncompleteMigration {
    /// What kind of leftover it is.
    pub kind: MigrationKind,
    /// The file that is not used.
    #[serde(serialize_with = "shown_path")]
    pub path: PathBuf,
    /// How many profiles it holds.
    pub profiles: usize,
    /// A file that OpenClaw's import would put away without its logins, of this agent or another: it has to be repaired first.
    #[serde(skip)]
    pub repair_first: Option<Unimportable>,
}

/// A file of an older release that OpenClaw's import cannot read. The import archives it all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unimportable {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub error: StoreError,
}

words! {
    /// The ways a migration leaves credentials behind.
    pub enum MigrationKind in "kebab-case" {
        /// A file of an older release, without which the release that is in use does not use the store, or does not read it.
        NotImported,
        /// A JSON store beside a populated database: only a leftover.
        LeftoverJson,
        /// A JSON store with profiles beside a database with none: the logins are there, and OpenClaw does not see them.
        EmptyDatabase,
    }
}

/// A file's permission bits. Reports show them as `chmod` takes them: four octal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode(pub u32);

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04o}", self.0)
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The state of an agent's own store.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoreHealth {
    /// Which kind is in effect.
    pub kind: StoreKind,
    /// Its file (or where it would be).
    #[serde(serialize_with = "shown_path")]
    pub path: PathBuf,
    /// The file's mode bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The file owner's user id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<u32>,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<StoreError>,
    /// Why the file with order and usage could not be read. OpenClaw goes on without it.
    #[serde(rename = "stateError", skip_serializing_if = "Option::is_none")]
    pub state_error: Option<StoreError>,
    /// An incomplete migration beside it.
    #[serde(rename = "stranded", skip_serializing_if = "Option::is_none")]
    pub migration: Option<IncompleteMigration>,
}

/// An entry of a store that OpenClaw drops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rejected {
    /// The entry's key.
    pub profile_id: ProfileId,
    /// Why it is dropped.
    pub reason: RejectReason,
}

words! {
    /// Why OpenClaw drops an entry.
    pub enum RejectReason in "snake_case" {
        /// Not an object.
        NonObject,
        /// None of the three kinds.
        InvalidType,
        /// Without a provider.
        MissingProvider,
    }
}

/// The state of OpenClaw's own configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigHealth {
    /// Its file.
    #[serde(serialize_with = "shown_path")]
    pub path: PathBuf,
    /// Why it could not be used. Agents are then found by their directories alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<StoreError>,
}
