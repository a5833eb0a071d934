//! A credential that 2026.9 has saved to replace another one, and has not put to use: its setup is not finished.

use std::borrow::Cow;

use serde::de::{Deserialize, MapAccess};
use serde_json::value::RawValue;

use super::field::FieldValue;
use super::json::{Entries, Skipped, TakeEntry};
use super::text;

/// Takes the value of a credential's `setup`; whether the credential is one that only waits to replace another.
pub fn is_replacement<'de, A: MapAccess<'de>>(map: &mut A) -> Result<bool, A::Error> {
    let mut setup = Setup::default();
    map.next_value_seed(Entries(&mut setup))?;
    let is_filled = |field: &Option<FieldValue<'_>>| {
        field.as_ref().and_then(FieldValue::as_text).is_some_and(|text| text::non_empty(text).is_some())
    };
    // OpenClaw drops a `setup` without either, and then takes the credential for any other.
    Ok(setup.replacement && is_filled(&setup.model) && is_filled(&setup.config))
}

#[derive(Default)]
struct Setup<'a> {
    replacement: bool,
    model: Option<FieldValue<'a>>,
    config: Option<FieldValue<'a>>,
}

impl<'de> TakeEntry<'de> for Setup<'de> {
    fn take<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        match &*key {
            "replacement" => self.replacement = map.next_value::<True>()?.0,
            "modelRef" => self.model = Some(map.next_value()?),
            "configJson" => self.config = Some(map.next_value()?),
            _ => {
                map.next_value::<Skipped>()?;
            }
        }
        Ok(())
    }
}

/// Whether a value of any type is `true`.
struct True(bool);

impl<'de> Deserialize<'de> for True {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Self(raw.get() == "true"))
    }
}
