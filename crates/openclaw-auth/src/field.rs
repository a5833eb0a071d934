//! A value of a credential's field, kept only as far as OpenClaw's coercion looks at it: text, a reference to a secret that is
//! kept elsewhere (`SecretRef`), or anything else.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::json::{Skipped, Text, drain_seq, scalars_are};
use crate::model::{SecretReference, Semantics};
use crate::secret::SecretStr;
use crate::text;

/// A value of a credential's field.
#[derive(Debug)]
pub enum FieldValue<'a> {
    /// `null`.
    Null,
    /// A string.
    Text(SecretStr<'a>),
    /// An object, as far as it could be a `SecretRef`.
    Object(RefShape),
    /// A number, a boolean or an array.
    Other,
}

impl FieldValue<'_> {
    /// The string, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.expose()),
            _ => None,
        }
    }

    /// Whether OpenClaw takes the value for a reference to a secret kept elsewhere.
    #[must_use]
    pub fn is_secret_ref(&self, semantics: Semantics) -> bool {
        match self {
            Self::Text(value) => env_template(value.expose(), semantics).is_some(),
            Self::Object(shape) => shape.is_secret_ref(semantics),
            Self::Null | Self::Other => false,
        }
    }

    /// What it refers to, where it is a reference to a secret kept elsewhere.
    #[must_use]
    pub fn reference(&self, semantics: Semantics) -> Option<SecretReference> {
        match self {
            Self::Text(value) => {
                let name = env_template(value.expose(), semantics)?.to_owned();
                Some(SecretReference { source: "env".to_owned(), provider: None, id: name })
            }
            Self::Object(shape) if shape.is_secret_ref(semantics) => shape.reference.as_deref().cloned(),
            _ => None,
        }
    }

    /// Whether it is the one shape in which older releases referred to OAuth tokens kept in a file of their own.
    #[must_use]
    pub fn is_legacy_oauth_ref(&self) -> bool {
        matches!(self, Self::Object(shape) if shape.is_legacy_oauth_ref())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for FieldValue<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldVisitor;

        impl<'de> Visitor<'de> for FieldVisitor {
            type Value = FieldValue<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("any value")
            }

            scalars_are!(FieldValue::Other);

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(FieldValue::Null)
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(FieldValue::Text(SecretStr::borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(FieldValue::Text(SecretStr::owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                drain_seq(seq)?;
                Ok(FieldValue::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut extra = 0;
                let (mut source, mut provider, mut id) = (None, None, None);
                while let Some(Text(key)) = map.next_key()? {
                    match &*key {
                        "source" => source = Some(map.next_value::<FieldValue<'de>>()?),
                        "provider" => provider = Some(map.next_value::<FieldValue<'de>>()?),
                        "id" => id = Some(map.next_value::<FieldValue<'de>>()?),
                        _ => {
                            map.next_value::<Skipped>()?;
                            extra += 1;
                        }
                    }
                }
                Ok(FieldValue::Object(RefShape::of(extra, [&source, &provider, &id])))
            }
        }

        deserializer.deserialize_any(FieldVisitor)
    }
}

/// The name in `${UPPER_CASE}`; in `$UPPER_CASE` in 2026.9, too.
fn env_template(value: &str, semantics: Semantics) -> Option<&str> {
    let named = text::trim(value).strip_prefix('$');
    let name = named.and_then(|rest| match rest.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}'),
        None => Some(rest).filter(|_| semantics == Semantics::V2026_9),
    });
    name.filter(|name| {
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
    is_legacy_oauth: bool,
    reference: Option<Box<SecretReference>>,
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
    /// An object with so many entries besides `source`, `provider` and `id`, and these.
    fn of(others: usize, fields: [&Option<FieldValue<'_>>; 3]) -> Self {
        let [source, provider, id] = fields.map(Option::as_ref);
        let word = |field: Option<&FieldValue<'_>>| Some(text::non_empty(field?.as_text()?)?.to_owned());
        Self {
            reference: word(source)
                .zip(word(id))
                .map(|(source, id)| Box::new(SecretReference { source, provider: word(provider), id })),
            keys: others + fields.iter().filter(|field| field.is_some()).count(),
            source: source.and_then(ref_source),
            provider: provider.map_or(RefField::Absent, ref_field),
            id: id.map_or(RefField::Absent, ref_field),
            is_legacy_oauth: is_legacy_oauth_ref([source, provider, id].map(|field| field?.as_text())),
        }
    }

    fn is_legacy_oauth_ref(&self) -> bool {
        self.is_legacy_oauth
    }

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

fn ref_field(value: &FieldValue<'_>) -> RefField {
    match value.as_text().and_then(text::non_empty) {
        Some(_) => RefField::Filled,
        None => RefField::Useless,
    }
}

fn is_legacy_oauth_ref(source_provider_id: [Option<&str>; 3]) -> bool {
    let is_digest = |id: &str| {
        id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    matches!(source_provider_id, [Some("openclaw-credentials"), Some("openai-codex"), Some(id)] if is_digest(id))
}

fn ref_source(value: &FieldValue<'_>) -> Option<RefSource> {
    match value.as_text()? {
        "env" => Some(RefSource::Env),
        "file" => Some(RefSource::File),
        "exec" => Some(RefSource::Exec),
        "store" => Some(RefSource::Store),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ref(json: &str, semantics: Semantics) -> bool {
        serde_json::from_str::<FieldValue<'_>>(json).expect("well-formed").is_secret_ref(semantics)
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
        assert!(!is_ref(r#""$ANTHROPIC_API_KEY""#, Semantics::V2026_4));
        assert!(is_ref(r#"" $ANTHROPIC_API_KEY ""#, Semantics::V2026_9));
        let store = r#"{"source":"store","provider":"default","id":"X"}"#;
        assert!(!is_ref(store, Semantics::V2026_4));
        assert!(is_ref(store, Semantics::V2026_9));
    }

    #[test]
    fn a_login_kept_elsewhere_is_told_from_other_objects() {
        let is_oauth_ref = |source: &str, provider: &str, id: &str| {
            let json = format!(r#"{{"source":"{source}","provider":"{provider}","id":"{id}"}}"#);
            serde_json::from_str::<FieldValue<'_>>(&json).expect("well-formed").is_legacy_oauth_ref()
        };
        let id = "0123456789abcdef".repeat(2);
        assert!(is_oauth_ref("openclaw-credentials", "openai-codex", &id));
        assert!(!is_oauth_ref("env", "openai-codex", &id));
        assert!(!is_oauth_ref("openclaw-credentials", "openai", &id));
        assert!(!is_oauth_ref("openclaw-credentials", "openai-codex", &id.to_uppercase()));
    }
}
