//! Every setting there is, asked of the code that reads them: a deserializer that notes what it is asked for.

use std::cell::RefCell;

use authwatch::config::Config;
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::{Deserialize as _, forward_to_deserialize_any};

/// What a setting holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Struct(&'static str, &'static [&'static str]),
    Choice(&'static [&'static str]),
    Named,
    List,
    Switch,
    Number,
    Text,
    Unknown,
}

/// One setting.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// The tables around it, outermost first. `<id>` is a name of the user's choice, `[]` an entry of a list.
    pub(super) table: Vec<String>,
    /// The structure that has it as a field.
    pub(super) structure: &'static str,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

impl Setting {
    pub(super) fn key(&self) -> &str {
        self.name
    }

    pub(super) fn path(&self) -> String {
        [&self.table[..], &[self.name.to_owned()]].concat().join(".")
    }
}

/// All settings, in the order of the code, those of a table together.
pub(crate) fn settings() -> Vec<Setting> {
    let mut all = Vec::new();
    below(&[], &mut all);
    all
}

fn below(table: &[String], all: &mut Vec<Setting>) {
    let Kind::Struct(structure, names) = kind(table) else { return };
    let mut tables = Vec::new();
    for name in names {
        let mut place = table.to_vec();
        place.push((*name).to_owned());
        let found = kind(&place);
        // What is inside a named table or a list decides whether that is a table of its own.
        let inside = match found {
            Kind::Named => Some("<id>"),
            Kind::List => Some("[]"),
            _ => None,
        };
        place.extend(inside.map(str::to_owned));
        if let Kind::Struct(..) = kind(&place) {
            tables.push(place);
        } else {
            all.push(Setting { table: table.to_vec(), structure, name, kind: found });
        }
    }
    for table in tables {
        below(&table, all);
    }
}

/// What is read at a path.
fn kind(path: &[String]) -> Kind {
    let seen = RefCell::new(Kind::Unknown);
    // Whether the value pleases does not matter; it is known by then what was asked for.
    let _ = Config::deserialize(Probe { rest: path, seen: &seen });
    seen.into_inner()
}

#[derive(Clone, Copy)]
struct Probe<'a> {
    rest: &'a [String],
    seen: &'a RefCell<Kind>,
}

impl<'a> Probe<'a> {
    fn see(self, kind: Kind) {
        if self.rest.is_empty() {
            *self.seen.borrow_mut() = kind;
        }
    }

    fn step(self) -> Option<(&'a str, Self)> {
        let (first, rest) = self.rest.split_first()?;
        Some((first, Self { rest, ..self }))
    }
}

impl IntoDeserializer<'_, Error> for Probe<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.see(Kind::Struct(name, fields));
        visitor.visit_map(MapDeserializer::new(self.step().into_iter()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.see(Kind::Named);
        visitor.visit_map(MapDeserializer::new(self.step().into_iter()))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.see(Kind::List);
        visitor.visit_seq(SeqDeserializer::new(self.step().map(|(_, rest)| rest).into_iter()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        self.see(Kind::Choice(variants));
        Err(Error::custom("seen"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.see(Kind::Switch);
        visitor.visit_bool(false)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.see(Kind::Text);
        visitor.visit_str("")
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.see(Kind::Number);
        visitor.visit_u64(0)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("it is not known what is asked for"))
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_u64(visitor)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}
