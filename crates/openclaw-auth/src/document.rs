//! The credential document: the same in `auth-profiles.json` and in both SQLite stores.
//!
//! Read in one streaming pass over borrowed text. Building a `serde_json::Value` first takes almost four times as long,
//! and would hold every secret in memory that is never wiped.

mod flat;
mod reader;

use std::borrow::Cow;

use serde::de::DeserializeSeed;
use serde_json::Deserializer;

pub use self::reader::Profile;
use self::reader::{DocumentReader, ProfilesField, Read};
use super::credential::Credential;
use super::json::{Entries, Shape};
use super::state::{State, StateReader};
use crate::model::{ProfileId, RejectReason, Rejected, Semantics, Source};

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
        // serde quotes values in "invalid type" and "invalid value" messages only, and always in backquotes or quotes; what was
        // expected is punctuation.
        let problem = if problem.starts_with("expected ") {
            problem
        } else {
            problem.split(['`', '"']).next().unwrap_or_default().trim_end()
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::Expires;
    use crate::model::{CredentialKind, Timestamp};

    #[test]
    fn the_last_of_equal_keys_wins() {
        let json = r#"{"profiles":{"b":{"type":"token","provider":"x","token":"1"},"a":3,
            "b":{"type":"api_key","provider":"x","key":"2"},"a":{"type":"oauth","provider":"y","expires":5}}}"#;
        let document = Document::parse(json, Semantics::V2026_9, Source::Json).expect("a store");
        let ids: Vec<_> = document.profiles.iter().map(|profile| &*profile.id).collect();
        assert_eq!(ids, ["a", "b"]);
        assert!(document.rejected.is_empty());
        assert_eq!(document.get("b").map(|credential| credential.kind), Some(CredentialKind::ApiKey));
        assert_eq!(
            document.get("a").map(|credential| credential.expires),
            Some(Expires::At(Timestamp::from_millis(5.0)))
        );
    }

    #[test]
    fn errors_say_where_and_quote_nothing() {
        let error = Document::parse("{\"profiles\":{\n \"sk-canary\" 3}}", Semantics::V2026_9, Source::Json)
            .expect_err("broken");
        assert_eq!(error.to_string(), "not JSON at line 2, column 14: expected `:`");
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
