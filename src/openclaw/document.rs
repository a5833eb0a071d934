//! The credential document: the same in `auth-profiles.json` and in both SQLite stores.
//!
//! Read in one streaming pass over borrowed text. Building a `serde_json::Value` first takes almost four times as long,
//! and would hold every secret in memory that is never wiped.

mod flat;

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::Deserializer;

use super::credential::{Credential, RawEntry};
use super::loose::{self, Entries, Shape, TakeEntry, Text, scalars_are};
use super::state::{State, StateReader};
use crate::model::{ProfileId, RejectReason, Rejected, Semantics, Source};

/// What JavaScript takes for something else than a key.
const PROTOTYPE: &str = "__proto__";
/// Most stores hold no more profiles; room for them is made at once.
const USUAL_PROFILES: usize = 8;

/// A store's content.
#[derive(Debug, Default)]
pub struct Document<'a> {
    /// The profiles, sorted by id, each once.
    pub profiles: Vec<Profile<'a>>,
    /// The entries OpenClaw drops, sorted by id.
    pub rejected: Vec<Rejected>,
    /// Order and usage kept in the store itself.
    pub state: State,
}

/// A credential and its id.
#[derive(Debug)]
pub struct Profile<'a> {
    /// The key of the entry.
    pub id: Cow<'a, str>,
    /// What the entry holds.
    pub credential: Credential<'a>,
    /// The store it was read from.
    pub source: Source,
}

/// Why text is no credential document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is not JSON.
    #[error("not JSON at line {line}, column {column}: {problem}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser expected. Never quotes the text.
        problem: String,
    },
    /// It is JSON to JavaScript alone.
    #[error(
        "JSON that only JavaScript reads (line {line}, column {column}: {problem}), and cannot be rewritten as it is"
    )]
    Unwritable {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What it is that only JavaScript reads.
        problem: &'static str,
    },
    /// It is JSON, but has no `profiles` object.
    #[error("no credential store: {0}")]
    NoStore(&'static str),
}

impl DocumentError {
    /// Makes a syntax error out of `serde_json`'s, without quoting any of the text.
    #[must_use]
    pub fn syntax(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let (line, column) = (error.line(), error.column());
        if text.starts_with("number out of range") {
            return Self::Unwritable { line, column, problem: "a number out of range" };
        }
        if text.starts_with("lone leading surrogate") || text.starts_with("unexpected end of hex escape") {
            return Self::Unwritable { line, column, problem: "half of a character" };
        }
        let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
        // serde quotes values in "invalid type" and "invalid value" messages only, and always in backquotes or quotes.
        let problem = problem.split(['`', '"']).next().unwrap_or_default().trim_end();
        Self::Syntax { line, column, problem: problem.to_owned() }
    }
}

/// The memory of a document that is not needed any more. A fleet of stores is read into the same piece, one after the other.
#[derive(Debug, Default)]
pub struct Room(Vec<Profile<'static>>);

impl<'a> Document<'a> {
    /// Reads a credential document.
    pub fn parse(json: &'a str, semantics: Semantics, source: Source) -> Result<Self, DocumentError> {
        Self::parse_into(Room::default(), json, semantics, source)
    }

    /// Gives its memory back for the next document.
    #[must_use]
    pub fn into_room(mut self) -> Room {
        self.profiles.clear();
        Room(relabel(self.profiles))
    }

    /// Reads a credential document into memory that another one has used.
    pub fn parse_into(
        room: Room,
        json: &'a str,
        semantics: Semantics,
        source: Source,
    ) -> Result<Self, DocumentError> {
        let mut reader = DocumentReader {
            profiles: ProfilesField::Absent,
            read: Read { profiles: relabel(room.0), rejected: Vec::new() },
            state: StateReader { state: State::default(), semantics },
            semantics,
            source,
        };
        let mut deserializer = Deserializer::from_str(json);
        let shape = Entries(&mut reader)
            .deserialize(&mut deserializer)
            .and_then(|shape| deserializer.end().map(|()| shape))
            .map_err(|error| DocumentError::syntax(&error))?;
        match reader.profiles {
            _ if shape != Shape::Object => Err(DocumentError::NoStore("the top level is no object")),
            ProfilesField::Absent => Err(DocumentError::NoStore("there is no `profiles`")),
            ProfilesField::Useless => Err(DocumentError::NoStore("`profiles` is no object")),
            ProfilesField::Read => Ok(Self::collect(reader.read, reader.state.state)),
        }
    }

    /// Finds a profile by its id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Credential<'a>> {
        let index = self.profiles.binary_search_by(|profile| (*profile.id).cmp(id)).ok()?;
        Some(&self.profiles[index].credential)
    }

    /// Adds the profiles of another document under ids not there yet.
    pub fn add_missing(&mut self, other: Self) {
        let missing: Vec<_> =
            other.profiles.into_iter().filter(|profile| self.get(&profile.id).is_none()).collect();
        self.profiles.extend(missing);
        self.profiles.sort_by(|one, other| one.id.cmp(&other.id));
    }

    /// Sorts what was read, and keeps the last of equal keys, as JavaScript does.
    fn collect(read: Read<'a>, state: State) -> Self {
        let Read { mut profiles, rejected } = read;
        let in_order = profiles.is_sorted_by(|one, other| one.id < other.id);
        if in_order && rejected.is_empty() {
            return Self { profiles, rejected: Vec::new(), state };
        }
        if rejected.is_empty() {
            sort_keeping_last(&mut profiles, |profile| &profile.id);
            return Self { profiles, rejected: Vec::new(), state };
        }
        // An entry that is dropped may stand before or behind one of the same key that is not.
        let mut entries: Vec<(usize, Result<Profile<'a>, Dropped<'a>>)> = Vec::new();
        entries.extend(profiles.into_iter().enumerate().map(|(index, profile)| (2 * index + 1, Ok(profile))));
        entries.extend(rejected.into_iter().map(|(position, id, reason)| (2 * position, Err((id, reason)))));
        entries.sort_by_key(|(position, _)| *position);
        sort_keeping_last(&mut entries, |(_, entry)| match entry {
            Ok(profile) => &profile.id,
            Err((id, _)) => id,
        });
        let mut document = Self { profiles: Vec::with_capacity(entries.len()), rejected: Vec::new(), state };
        for (_, entry) in entries {
            match entry {
                Ok(profile) => document.profiles.push(profile),
                Err((id, reason)) => {
                    document.rejected.push(Rejected { profile_id: ProfileId::from(&*id), reason });
                }
            }
        }
        document
    }
}

/// The key of an entry that is dropped, and why.
type Dropped<'a> = (Cow<'a, str>, RejectReason);

/// An empty list keeps its memory when it is made to hold other things of the same size.
#[expect(clippy::unnecessary_filter_map, reason = "`filter` would keep the lifetime")]
fn relabel<'b>(profiles: Vec<Profile<'_>>) -> Vec<Profile<'b>> {
    debug_assert!(profiles.is_empty(), "only the memory is wanted");
    profiles.into_iter().filter_map(|_| None).collect()
}

/// Sorts by key; of equal keys the one that came last stays.
fn sort_keeping_last<T>(entries: &mut Vec<T>, key: impl Fn(&T) -> &Cow<'_, str>) {
    entries.sort_by(|one, other| key(one).cmp(key(other)));
    entries.reverse();
    entries.dedup_by(|earlier, kept| key(earlier) == key(kept));
    entries.reverse();
}

/// The entries as they were read.
struct Read<'a> {
    profiles: Vec<Profile<'a>>,
    /// Entries that are dropped, and how many profiles stood before each.
    rejected: Vec<(usize, Cow<'a, str>, RejectReason)>,
}

impl<'a> Read<'a> {
    fn new() -> Self {
        Self { profiles: Vec::with_capacity(USUAL_PROFILES), rejected: Vec::new() }
    }

    fn push(&mut self, id: Cow<'a, str>, entry: Result<Credential<'a>, RejectReason>, source: Source) {
        // JavaScript sets an object's prototype by that name, and no entry.
        if id == PROTOTYPE {
            return;
        }
        match entry {
            Ok(credential) => self.profiles.push(Profile { id, credential, source }),
            Err(reason) => self.rejected.push((self.profiles.len(), id, reason)),
        }
    }
}

enum ProfilesField {
    Absent,
    Useless,
    Read,
}

struct DocumentReader<'a> {
    profiles: ProfilesField,
    read: Read<'a>,
    state: StateReader,
    semantics: Semantics,
    source: Source,
}

impl<'de> TakeEntry<'de> for DocumentReader<'de> {
    fn take<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        if key != "profiles" {
            return self.state.take(key, map);
        }
        self.read.profiles.clear();
        self.read.rejected.clear();
        let (semantics, source) = (self.semantics, self.source);
        let is_store = map.next_value_seed(ProfilesSeed { read: &mut self.read, semantics, source })?;
        self.profiles = if is_store { ProfilesField::Read } else { ProfilesField::Useless };
        Ok(())
    }
}

/// Reads the value of `profiles`; yields whether it passes for an object.
struct ProfilesSeed<'s, 'a> {
    read: &'s mut Read<'a>,
    semantics: Semantics,
    source: Source,
}

impl<'de> DeserializeSeed<'de> for ProfilesSeed<'_, 'de> {
    type Value = bool;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ProfilesSeed<'_, 'de> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    scalars_are!(false);

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(false)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Self::Value, A::Error> {
        // 2026.4 asks `typeof`, to which an array is an object whose keys are 0, 1, …
        if self.semantics == Semantics::V2026_9 {
            loose::drain_seq(seq)?;
            return Ok(false);
        }
        for index in 0.. {
            if seq.next_element_seed(self.entry(Cow::Owned(index.to_string())))?.is_none() {
                break;
            }
        }
        Ok(true)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        while let Some(Text(id)) = map.next_key()? {
            map.next_value_seed(self.entry(id))?;
        }
        Ok(true)
    }
}

impl<'a> ProfilesSeed<'_, 'a> {
    fn entry(&mut self, id: Cow<'a, str>) -> EntrySeed<'_, 'a> {
        EntrySeed { read: self.read, id, semantics: self.semantics, fallback: None, source: self.source }
    }
}

/// Reads one entry of `profiles` to where it is kept: a credential is too large to be handed from call to call.
struct EntrySeed<'s, 'a> {
    read: &'s mut Read<'a>,
    id: Cow<'a, str>,
    semantics: Semantics,
    /// The provider of an entry that names none, in files that are keyed by provider.
    fallback: Option<&'s str>,
    source: Source,
}

impl<'de> DeserializeSeed<'de> for EntrySeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl EntrySeed<'_, '_> {
    fn reject(self, reason: RejectReason) {
        self.read.push(self.id, Err(reason), self.source);
    }
}

impl<'de> Visitor<'de> for EntrySeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    scalars_are!(self => self.reject(RejectReason::NonObject));

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        self.reject(RejectReason::NonObject);
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        self.reject(RejectReason::NonObject);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        loose::drain_seq(seq)?;
        // An array has no `type` to 2026.4, and is no record to 2026.9.
        let reason = match self.semantics {
            Semantics::V2026_4 => RejectReason::InvalidType,
            Semantics::V2026_9 => RejectReason::NonObject,
        };
        self.reject(reason);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entry = RawEntry::default();
        while let Some(Text(field)) = map.next_key()? {
            entry.take(&field, &mut map)?;
        }
        if self.fallback.is_some() {
            entry.drop_what_an_import_drops(self.semantics);
        }
        self.read.push(self.id, entry.coerce(self.semantics, self.fallback), self.source);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CredentialKind, Millis};
    use crate::openclaw::credential::Expires;

    #[test]
    fn the_last_of_equal_keys_wins() {
        let json = r#"{"profiles":{"b":{"type":"token","provider":"x","token":"1"},"a":3,
            "b":{"type":"api_key","provider":"x","key":"2"},"a":{"type":"oauth","provider":"y","expires":5}}}"#;
        let document = Document::parse(json, Semantics::V2026_9, Source::Json).expect("a store");
        let ids: Vec<_> = document.profiles.iter().map(|profile| &*profile.id).collect();
        assert_eq!(ids, ["a", "b"]);
        assert!(document.rejected.is_empty());
        assert_eq!(document.get("b").map(|credential| credential.kind), Some(CredentialKind::ApiKey));
        assert_eq!(document.get("a").map(|credential| credential.expires), Some(Expires::At(Millis(5.0))));
    }

    #[test]
    fn errors_say_where_and_quote_nothing() {
        let error = Document::parse("{\"profiles\":{\n \"sk-canary\" 3}}", Semantics::V2026_9, Source::Json)
            .expect_err("broken");
        assert_eq!(error.to_string(), "not JSON at line 2, column 14: expected");
        assert_eq!(
            Document::parse("[]", Semantics::V2026_9, Source::Json).expect_err("no store").to_string(),
            "no credential store: the top level is no object"
        );
    }

    #[test]
    fn an_array_passes_for_an_object_in_2026_4_only() {
        let json = r#"{"profiles":[{"type":"api_key","provider":"zai"}]}"#;
        assert_eq!(
            Document::parse(json, Semantics::V2026_4, Source::Json).expect("a store").profiles[0].id,
            "0"
        );
        assert!(Document::parse(json, Semantics::V2026_9, Source::Json).is_err());
    }
}
