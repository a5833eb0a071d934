//! The flat legacy files, provider -> credential.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, MapAccess};
use serde_json::Deserializer;

use super::reader::{EntrySeed, PROTOTYPE, Read};
use super::{Document, DocumentError};
use crate::credential::RawEntry;
use crate::json::{Entries, Shape, Skipped, TakeEntry};
use crate::model::{Semantics, Source};
use crate::state::State;

impl<'a> Document<'a> {
    /// Reads a flat legacy `auth.json`: provider -> credential. `None` where it is none (it has a `profiles` key).
    pub fn parse_flat(json: &'a str, semantics: Semantics) -> Result<Option<Self>, DocumentError> {
        let mut reader =
            FlatReader { read: Read::new(), has_profiles: false, semantics, shape: FlatShape::Strict };
        let is_object = read_to_end(json, &mut reader)?;
        Ok((is_object && !reader.has_profiles).then(|| Self::collect(reader.read, State::default())))
    }

    /// Reads the legacy `credentials/oauth.json`: provider -> OAuth credential.
    pub fn parse_oauth_file(json: &'a str, semantics: Semantics) -> Result<Option<Self>, DocumentError> {
        let mut reader =
            FlatReader { read: Read::new(), has_profiles: false, semantics, shape: FlatShape::OAuth };
        let is_object = read_to_end(json, &mut reader)?;
        Ok(is_object.then(|| Self::collect(reader.read, State::default())))
    }
}

fn read_to_end<'a>(json: &'a str, reader: &mut FlatReader<'a>) -> Result<bool, DocumentError> {
    let mut deserializer = Deserializer::from_str(json);
    Entries(reader)
        .deserialize(&mut deserializer)
        .and_then(|shape| deserializer.end().map(|()| shape == Shape::Object))
        .map_err(|error| DocumentError::syntax(&error))
}

/// How the entries of a flat legacy file are understood.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FlatShape {
    /// `auth.json`: each entry is checked like one of a store.
    Strict,
    /// `oauth.json`: each object is taken for OAuth.
    OAuth,
}

struct FlatReader<'a> {
    read: Read<'a>,
    has_profiles: bool,
    semantics: Semantics,
    shape: FlatShape,
}

impl<'de> TakeEntry<'de> for FlatReader<'de> {
    fn take<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        let id = Cow::Owned(format!("{key}:default"));
        match self.shape {
            FlatShape::Strict if key == "profiles" => {
                self.has_profiles = true;
                map.next_value::<Skipped>()?;
            }
            FlatShape::Strict if key == PROTOTYPE => {
                map.next_value::<Skipped>()?;
            }
            FlatShape::Strict => {
                map.next_value_seed(EntrySeed {
                    read: &mut self.read,
                    id,
                    semantics: self.semantics,
                    fallback: Some(&key),
                    source: Source::LegacyAuthJson,
                })?;
            }
            FlatShape::OAuth => {
                let mut fields = OAuthEntry(RawEntry::default());
                // An array is an object to `typeof`: it makes a login without anything in it.
                if map.next_value_seed(Entries(&mut fields))? != Shape::Scalar {
                    let credential = fields.0.assume_oauth(self.semantics, &key);
                    self.read.push(id, Ok(credential), Source::LegacyOauthJson);
                }
            }
        }
        Ok(())
    }
}

struct OAuthEntry<'a>(RawEntry<'a>);

impl<'de> TakeEntry<'de> for OAuthEntry<'de> {
    fn take<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        self.0.take(&key, map)
    }
}
