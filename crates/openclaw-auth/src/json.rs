//! Reading JSON of any shape: a store is somebody else's file, and every field may hold anything.

pub mod javascript;

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// How deep a document may nest. `serde_json` stops there of its own accord where it recurses.
pub const MAX_DEPTH: usize = 128;

/// Implements the visitor methods for the scalar types a visitor does not care about.
///
/// The value may be made of the visitor itself: `self => …`.
macro_rules! scalars_are {
    ($value:expr) => {
        $crate::json::scalars_are!(self => $value);
    };
    ($this:ident => $value:expr) => {
        fn visit_bool<E: serde::de::Error>($this, _: bool) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_i64<E: serde::de::Error>($this, _: i64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_u64<E: serde::de::Error>($this, _: u64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_f64<E: serde::de::Error>($this, _: f64) -> Result<Self::Value, E> {
            Ok($value)
        }
    };
}
pub(crate) use scalars_are;

/// A string that is no secret, borrowed where possible. (`Option<Cow<str>>` would never borrow.)
pub struct Text<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

/// A value nobody looks at. It is passed over unparsed, but may not nest without end.
pub struct Skipped;

impl<'de> Deserialize<'de> for Skipped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        // A nest of n levels takes 2n bytes at least, so most values need no look.
        if raw.len() > MAX_DEPTH && depth(raw) > MAX_DEPTH {
            return Err(de::Error::custom(format_args!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self)
    }
}

/// How deep well-formed JSON nests.
fn depth(json: &str) -> usize {
    let (mut deepest, mut level, mut in_string, mut escaped) = (0usize, 0usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                level += 1;
                deepest = deepest.max(level);
            }
            b']' | b'}' => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Passes over the rest of an array.
pub fn drain_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<Skipped>()?.is_some() {}
    Ok(())
}

/// Passes over the rest of an object.
pub fn drain_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<Text<'de>, Skipped>()?.is_some() {}
    Ok(())
}

/// What a value turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An object; its entries have been taken.
    Object,
    /// An array; it has been passed over.
    Array,
    /// Anything else.
    Scalar,
}

/// Visits the entries of an object and passes over a value of any other type.
///
/// `visit` gets each key and must take the value from the access it is given.
pub struct Entries<F>(pub F);

/// Takes one value of an object with whatever type it wants to see it as.
pub trait TakeEntry<'de> {
    /// Takes the value that belongs to `key`.
    fn take<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, map: &mut A) -> Result<(), A::Error>;
}

impl<'de, F: TakeEntry<'de>> DeserializeSeed<'de> for Entries<&mut F> {
    type Value = Shape;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: TakeEntry<'de>> Visitor<'de> for Entries<&mut F> {
    type Value = Shape;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    scalars_are!(Shape::Scalar);

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Shape::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Shape::Scalar)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        drain_seq(seq)?;
        Ok(Shape::Array)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while let Some(Text(key)) = map.next_key()? {
            self.0.take(key, &mut map)?;
        }
        Ok(Shape::Object)
    }
}

/// A number as JavaScript would read it; `None` for any other type.
pub struct Number(pub Option<f64>);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By way of the raw text: serde_json refuses 1e999, which is Infinity to JavaScript.
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let number = matches!(raw.as_bytes().first(), Some(b'0'..=b'9' | b'-'));
        if !number && raw.len() > MAX_DEPTH && depth(raw) > MAX_DEPTH {
            return Err(de::Error::custom(format_args!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self(if number { raw.parse().ok() } else { None }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_javascripts() {
        let number = |json: &str| serde_json::from_str::<Number>(json).expect("well-formed").0;
        assert_eq!(number("1.9e12"), Some(1.9e12));
        assert_eq!(number("1e999"), Some(f64::INFINITY));
        assert_eq!(number("\"1\""), None);
        assert_eq!(number("null"), None);
    }

    #[test]
    fn nesting_is_bounded_where_nobody_looks() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(serde_json::from_str::<Skipped>(&nested(100)).is_ok());
        assert!(serde_json::from_str::<Skipped>(&nested(200)).is_err());
        assert_eq!(depth(r#"{"a":"[[[[\"[","b":[{}]}"#), 3);
    }
}
