//! Values of any JSON type, kept only as far as OpenClaw's coercion looks at them.
//!
//! A store is somebody else's file: every field may hold anything. [`Loose`] keeps text (borrowed), tells a
//! `SecretRef` from other objects, and forgets the rest without building a tree.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::text;
use crate::model::Semantics;
use crate::secret::SecretStr;

/// How deep a document may nest. `serde_json` stops there of its own accord where it recurses.
pub const MAX_DEPTH: usize = 128;

/// A value of a credential's field.
#[derive(Debug)]
pub enum Loose<'a> {
    /// `null`.
    Null,
    /// A string.
    Text(SecretStr<'a>),
    /// An object, as far as it could be a `SecretRef`.
    Object(RefShape),
    /// A number, a boolean or an array.
    Other,
}

impl Loose<'_> {
    /// The string, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.expose()),
            _ => None,
        }
    }

    /// Whether it is what older releases left in `oauthRef`. Nothing else is taken for it.
    #[must_use]
    pub fn is_oauth_ref(&self) -> bool {
        matches!(self, Self::Object(shape) if shape.is_oauth)
    }

    /// Whether OpenClaw takes the value for a reference to a secret kept elsewhere.
    #[must_use]
    pub fn is_secret_ref(&self, semantics: Semantics) -> bool {
        match self {
            Self::Text(value) => is_env_template(value.expose(), semantics),
            Self::Object(shape) => shape.is_secret_ref(semantics),
            Self::Null | Self::Other => false,
        }
    }
}

/// `${UPPER_CASE}`, and to 2026.9 `$UPPER_CASE`, too.
fn is_env_template(value: &str, semantics: Semantics) -> bool {
    let rest = text::trim(value).strip_prefix('$');
    let braced = rest.and_then(|rest| rest.strip_prefix('{')?.strip_suffix('}'));
    let name = braced.or(rest.filter(|_| semantics == Semantics::V2026_9));
    name.is_some_and(|name| {
        name.len() <= 128
            && name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    })
}

/// What decides whether an object is a `SecretRef`.
#[derive(Debug, Default)]
pub struct RefShape {
    keys: usize,
    source: Option<RefSource>,
    provider: RefField,
    id: RefField,
    is_oauth: bool,
}

/// A login that an older release kept elsewhere.
fn is_oauth_ref(source: &Loose<'_>, provider: &Loose<'_>, id: &Loose<'_>) -> bool {
    source.as_text() == Some("openclaw-credentials")
        && provider.as_text() == Some("openai-codex")
        && id.as_text().is_some_and(|id| {
            id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
        })
}

#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
enum RefField {
    #[default]
    Absent,
    Filled,
    Useless,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum RefSource {
    Env,
    File,
    Exec,
    Store,
}

impl RefShape {
    fn is_secret_ref(&self, semantics: Semantics) -> bool {
        let source_known = match self.source {
            Some(RefSource::Env | RefSource::File | RefSource::Exec) => true,
            Some(RefSource::Store) => semantics == Semantics::V2026_9,
            None => false,
        };
        source_known
            && self.id == RefField::Filled
            && match self.provider {
                RefField::Filled => self.keys == 3,
                RefField::Absent => true,
                RefField::Useless => false,
            }
    }
}

fn ref_field(value: &Loose<'_>) -> RefField {
    match value.as_text().and_then(text::non_empty) {
        Some(_) => RefField::Filled,
        None => RefField::Useless,
    }
}

fn ref_source(value: &Loose<'_>) -> Option<RefSource> {
    match value.as_text()? {
        "env" => Some(RefSource::Env),
        "file" => Some(RefSource::File),
        "exec" => Some(RefSource::Exec),
        "store" => Some(RefSource::Store),
        _ => None,
    }
}

/// Implements the visitor methods for the scalar types a visitor does not care about.
///
/// The value may be made of the visitor itself: `self => …`.
macro_rules! scalars_are {
    ($value:expr) => {
        $crate::openclaw::loose::scalars_are!(self => $value);
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

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LooseVisitor;

        impl<'de> Visitor<'de> for LooseVisitor {
            type Value = Loose<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("any value")
            }

            scalars_are!(Loose::Other);

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Loose::Null)
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Loose::Text(SecretStr::borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Loose::Text(SecretStr::owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                drain_seq(seq)?;
                Ok(Loose::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut shape = RefShape::default();
                let mut extra = 0;
                let (mut source, mut provider, mut id) = (None, None, None);
                while let Some(Text(key)) = map.next_key()? {
                    match &*key {
                        "source" => source = Some(map.next_value::<Loose<'de>>()?),
                        "provider" => provider = Some(map.next_value::<Loose<'de>>()?),
                        "id" => id = Some(map.next_value::<Loose<'de>>()?),
                        _ => {
                            map.next_value::<Skipped>()?;
                            extra += 1;
                        }
                    }
                }
                let present = [&source, &provider, &id].into_iter().flatten().count();
                shape.keys = extra + present;
                shape.source = source.as_ref().and_then(ref_source);
                shape.provider = provider.as_ref().map_or(RefField::Absent, ref_field);
                shape.id = id.as_ref().map_or(RefField::Absent, ref_field);
                if let (Some(source), Some(provider), Some(id)) = (&source, &provider, &id) {
                    shape.is_oauth = is_oauth_ref(source, provider, id);
                }
                Ok(Loose::Object(shape))
            }
        }

        deserializer.deserialize_any(LooseVisitor)
    }
}

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

    fn is_ref(json: &str, semantics: Semantics) -> bool {
        serde_json::from_str::<Loose<'_>>(json).expect("well-formed").is_secret_ref(semantics)
    }

    #[test]
    fn secret_references_are_told_from_other_values() {
        for semantics in [Semantics::V2026_4, Semantics::V2026_9] {
            assert!(is_ref(r#"{"source":"env","provider":"default","id":"X"}"#, semantics));
            assert!(is_ref(r#"{"source":"env","id":"X"}"#, semantics));
            assert!(is_ref(r#"" ${ANTHROPIC_API_KEY} ""#, semantics));
            assert!(!is_ref(r#"{"source":"env","provider":"default","id":"X","extra":1}"#, semantics));
            assert!(!is_ref(r#"{"source":"env","provider":"","id":"X"}"#, semantics));
            assert!(!is_ref(r#"{"source":"nope","provider":"default","id":"X"}"#, semantics));
            assert!(!is_ref(r#""${lower}""#, semantics));
            assert!(!is_ref(r#""secretref-env:FOO""#, semantics));
            assert!(!is_ref("7", semantics));
            assert!(!is_ref(r#""$lower""#, semantics) && !is_ref(r#""$""#, semantics));
        }
        let store = r#"{"source":"store","provider":"default","id":"X"}"#;
        assert!(!is_ref(store, Semantics::V2026_4));
        assert!(is_ref(store, Semantics::V2026_9));
        assert!(!is_ref(r#""$OPENAI_API_KEY""#, Semantics::V2026_4));
        assert!(is_ref(r#""$OPENAI_API_KEY""#, Semantics::V2026_9));
    }

    #[test]
    fn a_login_kept_elsewhere_is_told_from_other_objects() {
        let is_oauth_ref = |source: &str, provider: &str, id: &str| {
            let json = format!(r#"{{"source":"{source}","provider":"{provider}","id":"{id}"}}"#);
            serde_json::from_str::<Loose<'_>>(&json).expect("well-formed").is_oauth_ref()
        };
        let id = "0123456789abcdef".repeat(2);
        assert!(is_oauth_ref("openclaw-credentials", "openai-codex", &id));
        assert!(!is_oauth_ref("env", "openai-codex", &id));
        assert!(!is_oauth_ref("openclaw-credentials", "openai", &id));
        assert!(!is_oauth_ref("openclaw-credentials", "openai-codex", &id.to_uppercase()));
    }

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
