//! How a document is read: entry by entry, without a tree of it, and no further than it matters.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use crate::credential::{Credential, RawEntry};
use crate::json::{self, TakeEntry, Text, scalars_are};
use crate::model::{RejectReason, Semantics, Source};
use crate::state::StateReader;

/// What JavaScript takes for something else than a key.
pub(super) const PROTOTYPE: &str = "__proto__";
/// Most stores hold no more profiles; room for them is made at once.
const USUAL_PROFILES: usize = 8;

/// A credential and its id.
#[derive(Debug)]
pub struct Profile<'a> {
    /// The key of the entry.
    pub id: Cow<'a, str>,
    /// What the entry holds.
    pub credential: Credential<'a>,
    /// The store it was read from.
    pub source: Source,
    /// How many profiles stand before it in that store.
    pub position: usize,
}

/// The entries as they were read.
pub(super) struct Read<'a> {
    pub(super) profiles: Vec<Profile<'a>>,
    /// Entries that are dropped, and how many profiles stood before each.
    pub(super) rejected: Vec<(usize, Cow<'a, str>, RejectReason)>,
}

impl<'a> Read<'a> {
    pub(super) fn new() -> Self {
        Self { profiles: Vec::with_capacity(USUAL_PROFILES), rejected: Vec::new() }
    }

    pub(super) fn push(
        &mut self,
        id: Cow<'a, str>,
        entry: Result<Credential<'a>, RejectReason>,
        source: Source,
    ) {
        // JavaScript sets an object's prototype by that name, and no entry.
        if id == PROTOTYPE {
            return;
        }
        match entry {
            Ok(credential) => {
                let position = self.profiles.len();
                self.profiles.push(Profile { id, credential, source, position });
            }
            Err(reason) => self.rejected.push((self.profiles.len(), id, reason)),
        }
    }
}

pub(super) enum ProfilesField {
    Absent,
    Useless,
    Read,
}

pub(super) struct DocumentReader<'a> {
    pub(super) profiles: ProfilesField,
    pub(super) read: Read<'a>,
    pub(super) state: StateReader,
    pub(super) semantics: Semantics,
    pub(super) source: Source,
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
            json::drain_seq(seq)?;
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
pub(super) struct EntrySeed<'s, 'a> {
    pub(super) read: &'s mut Read<'a>,
    pub(super) id: Cow<'a, str>,
    pub(super) semantics: Semantics,
    /// The provider of an entry that names none, in files that are keyed by provider.
    pub(super) fallback: Option<&'s str>,
    pub(super) source: Source,
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
        json::drain_seq(seq)?;
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
