//! Changing one profile of a store and nothing else.
//!
//! The document is edited as text: the values that change are cut out and replaced, everything else stays as it was written,
//! byte for byte: unknown fields, the order of keys, numbers no double can hold, keys that are there twice. Then white space
//! is laid out as OpenClaw's `JSON.stringify(…, null, 2)` would.

pub mod member;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::Deserializer;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::json::Text;

/// A field of a credential and the JSON text of its new value.
pub type FieldChange = (&'static str, Zeroizing<String>);

/// Why a store cannot be edited.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EditError {
    /// It is no store any more.
    #[error("it is no credential store")]
    NoStore,
    /// The profile is not there any more.
    #[error("the profile is not in it")]
    NoProfile,
    /// What should be an object is something else.
    #[error("`{0}` in it is no object")]
    NoObject(String),
}

/// The JSON text of a string.
#[must_use]
pub fn text(value: &str) -> Zeroizing<String> {
    Zeroizing::new(serde_json::to_string(value).expect("a string is JSON"))
}

/// Replaces or adds fields of one profile.
pub fn set_fields(
    json: &str,
    profile: &str,
    changes: &[FieldChange],
) -> Result<Zeroizing<String>, EditError> {
    let (_, entries) = profiles(json)?;
    let entry = last(&entries, profile).ok_or(EditError::NoProfile)?;
    let fields = Object::parse(json, entry.clone()).ok_or(EditError::NoProfile)?;
    let mut edits: Vec<(Range<usize>, Zeroizing<String>)> = Vec::new();
    let mut is_empty = fields.entries.is_empty();
    for (name, value) in changes {
        let Some(range) = last(&fields.entries, name) else {
            edits.push((fields.end..fields.end, member_text(is_empty, name, value)));
            is_empty = false;
            continue;
        };
        edits.push((range.clone(), value.clone()));
    }
    Ok(pretty(&splice(json, edits)))
}

/// Adds a profile, or replaces the whole of it, with the JSON text of an entry.
pub fn put_profile(json: &str, profile: &str, entry: &str) -> Result<Zeroizing<String>, EditError> {
    let (object, entries) = profiles(json)?;
    let edit = match last(&entries, profile) {
        Some(range) => (range.clone(), Zeroizing::new(entry.to_owned())),
        None => (object.end..object.end, object.addition(profile, entry)),
    };
    Ok(pretty(&splice(json, vec![edit])))
}

/// The JSON text of a profile's entry.
#[must_use]
pub fn entry<'a>(json: &'a str, profile: &str) -> Option<&'a str> {
    let (_, entries) = profiles(json).ok()?;
    Some(&json[last(&entries, profile)?.clone()])
}

/// The raw values of some fields of an entry, where they are strings.
#[must_use]
pub fn string_field(entry: &str, name: &str) -> Option<Zeroizing<String>> {
    let object = Object::parse(entry, 0..entry.len())?;
    serde_json::from_str::<String>(&entry[last(&object.entries, name)?.clone()]).ok().map(Zeroizing::new)
}

type EntryRanges<'a> = Vec<(Cow<'a, str>, Range<usize>)>;

fn profiles(json: &str) -> Result<(Object<'_>, EntryRanges<'_>), EditError> {
    let root = Object::parse(json, 0..json.len()).ok_or(EditError::NoStore)?;
    let range = last(&root.entries, "profiles").ok_or(EditError::NoStore)?.clone();
    let object = Object::parse(json, range).ok_or(EditError::NoStore)?;
    let entries = object.entries.clone();
    Ok((object, entries))
}

/// Of equal keys the last one counts, as in JavaScript.
fn last<'e>(entries: &'e EntryRanges<'_>, name: &str) -> Option<&'e Range<usize>> {
    entries.iter().rev().find(|(key, _)| key == name).map(|(_, range)| range)
}

/// An object's entries, by where their values are in the whole text.
struct Object<'a> {
    entries: EntryRanges<'a>,
    /// Where another entry would go: behind the last value, or behind the opening brace.
    end: usize,
}

impl<'a> Object<'a> {
    fn parse(json: &'a str, range: Range<usize>) -> Option<Self> {
        struct EntryVisitor;

        impl<'de> Visitor<'de> for EntryVisitor {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((Text(key), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    entries.push((key, value));
                }
                Ok(entries)
            }
        }

        let source = &json[range.clone()];
        let mut deserializer = Deserializer::from_str(source);
        let raw = deserializer.deserialize_map(EntryVisitor).ok()?;
        let entries: EntryRanges<'a> = raw
            .into_iter()
            .map(|(key, value)| {
                // The value borrows from the text, so its address tells where it is.
                let start = value.get().as_ptr().addr() - json.as_ptr().addr();
                (key, start..start + value.get().len())
            })
            .collect();
        let brace = range.start + source.find('{')? + 1;
        let end = entries.last().map_or(brace, |(_, range)| range.end);
        Some(Self { entries, end })
    }

    fn addition(&self, name: &str, value: &str) -> Zeroizing<String> {
        member_text(self.entries.is_empty(), name, value)
    }
}

/// The text of a member that goes behind those of an object, if it has any.
fn member_text(object_is_empty: bool, name: &str, value: &str) -> Zeroizing<String> {
    let comma = if object_is_empty { "" } else { "," };
    Zeroizing::new(format!("{comma}{}:{value}", text(name).as_str()))
}

fn splice(json: &str, mut edits: Vec<(Range<usize>, Zeroizing<String>)>) -> Zeroizing<String> {
    // Stable, so that several additions keep their order.
    edits.sort_by_key(|(range, _)| range.start);
    let added: usize = edits.iter().map(|(_, value)| value.len()).sum();
    let mut result = Zeroizing::new(String::with_capacity(json.len() + added));
    let mut position = 0;
    for (range, value) in edits {
        result.push_str(&json[position..range.start]);
        result.push_str(&value);
        position = range.end;
    }
    result.push_str(&json[position..]);
    result
}

/// Laid out, a document may grow so much and no further: deeply nested ones would grow a hundredfold.
const MOST_GROWTH: usize = 4;

/// Lays out well-formed JSON with two spaces and a final newline. Literals stay as they are, and so does a document that would
/// grow beyond measure.
#[must_use]
pub fn pretty(json: &str) -> Zeroizing<String> {
    let most = json.len() * MOST_GROWTH + 64 * 1024;
    // Reserved in full: growing would leave copies of secrets behind.
    let mut result = Zeroizing::new(String::with_capacity(most + 1024));
    let (mut level, mut in_string, mut escaped) = (0_usize, false, false);
    let mut previous = None;
    let mut rest = json.chars().peekable();
    while let Some(character) = rest.next() {
        if in_string {
            result.push(character);
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match character {
            ' ' | '\t' | '\n' | '\r' => continue,
            '{' | '[' => {
                result.push(character);
                while rest.next_if(char::is_ascii_whitespace).is_some() {}
                if !matches!(rest.peek(), Some('}' | ']')) {
                    level += 1;
                    new_line(&mut result, level);
                }
            }
            '}' | ']' => {
                if !matches!(previous, Some('{' | '[')) {
                    level = level.saturating_sub(1);
                    new_line(&mut result, level);
                }
                result.push(character);
            }
            ',' => {
                result.push(',');
                new_line(&mut result, level);
            }
            ':' => result.push_str(": "),
            _ => {
                in_string = character == '"';
                result.push(character);
            }
        }
        previous = Some(character);
        if result.len() > most {
            return Zeroizing::new(json.to_owned());
        }
    }
    result.push('\n');
    result
}

/// The same on one line without spaces, as OpenClaw writes it in databases. Literals stay as they are.
#[must_use]
pub fn compact(json: &str) -> Zeroizing<String> {
    let mut result = Zeroizing::new(String::with_capacity(json.len()));
    let (mut in_string, mut escaped) = (false, false);
    for character in json.chars() {
        if !in_string && character.is_ascii_whitespace() {
            continue;
        }
        (in_string, escaped) = match character {
            '"' if !escaped => (!in_string, false),
            '\\' => (in_string, !escaped),
            _ => (in_string, false),
        };
        result.push(character);
    }
    result
}

fn new_line(text: &mut String, level: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", level));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn fields_are_replaced_and_added_and_nothing_else_changes() {
        let before =
            r#"{"version":1,"profiles":{"a":{"access":"old","x":1e400,"expires":5},"b":{}},"z":[ ]}"#;
        let after = set_fields(
            before,
            "a",
            &[
                ("access", text("n\"w")),
                ("expires", Zeroizing::new("9".to_owned())),
                ("accountId", text("acct")),
            ],
        )
        .expect("a store");
        let expected = "{\n  \"version\": 1,\n  \"profiles\": {\n    \"a\": {\n      \"access\": \"n\\\"w\",\n      \"x\": 1e400,\n      \"expires\": 9,\n      \"accountId\": \"acct\"\n    },\n    \"b\": {}\n  },\n  \"z\": []\n}\n";
        assert_eq!(*after, expected);
        assert_eq!(*pretty(&after), expected, "laying out again changes nothing");
        let added = set_fields(&after, "b", &[("access", text("q"))]).expect("a store");
        assert!(added.contains("\"b\": {\n      \"access\": \"q\"\n    }"));
        let added =
            set_fields(before, "b", &[("access", text("q")), ("refresh", text("r"))]).expect("a store");
        assert!(added.contains("\"b\": {\n      \"access\": \"q\",\n      \"refresh\": \"r\"\n    }"));
        assert_eq!(set_fields(before, "c", &[]).expect_err("absent"), EditError::NoProfile);
        assert_eq!(set_fields("[]", "c", &[]).expect_err("no store"), EditError::NoStore);
    }

    #[test]
    fn a_document_that_would_grow_beyond_measure_keeps_its_layout() {
        let nested = format!("{}{}", "[".repeat(100), "]".repeat(100));
        let many = vec![nested; 1000].join(",");
        let before = format!(r#"{{"profiles":{{"a":{{"access":"old"}}}},"x":[{many}]}}"#);
        let after = set_fields(&before, "a", &[("access", text("new"))]).expect("a store");
        assert_eq!(*after, before.replace("old", "new"));
    }

    #[test]
    fn profiles_are_put_in() {
        let after = put_profile(r#"{"profiles":{}}"#, "a:b", r#"{"type":"oauth"}"#).expect("a store");
        let value: Value = serde_json::from_str(&after).expect("JSON");
        assert_eq!(value, json!({"profiles": {"a:b": {"type": "oauth"}}}));
        assert_eq!(
            entry(&after, "a:b").and_then(|entry| string_field(entry, "type")).as_deref().map(String::as_str),
            Some("oauth")
        );
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            // Eighths are the same in every number parser; what is tested here is that the text stays.
            any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map(".*", inner, 0..5).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn everything_else_stays_equal(
            others in prop::collection::hash_map(".*", any_json(), 0..5),
            unknown in prop::collection::hash_map("[a-z]{1,3}", any_json(), 0..5),
            top in prop::collection::hash_map("[a-z]{1,3}", any_json(), 0..3),
            id in ".*", token in ".*", compact in any::<bool>(), has_access in any::<bool>(),
        ) {
            let mut profiles: serde_json::Map<String, Value> = others.into_iter().collect();
            let mut entry: serde_json::Map<String, Value> = unknown.into_iter().collect();
            if has_access {
                entry.insert("access".to_owned(), json!("before"));
            }
            profiles.insert(id.clone(), Value::Object(entry));
            let mut document: serde_json::Map<String, Value> = top.into_iter().collect();
            document.insert("profiles".to_owned(), Value::Object(profiles));
            let mut expected = Value::Object(document);
            let before = if compact { expected.to_string() } else { format!("{expected:#}") };
            let after = set_fields(&before, &id, &[("access", text(&token)), ("refresh", text("r"))]).expect("a store");
            let one_line = expected.to_string();
            prop_assert_eq!(&*super::compact(&format!("{expected:#}")), &one_line);
            prop_assert_eq!(&*super::compact(&one_line), &one_line);
            let entry = &mut expected["profiles"][&id];
            entry["access"] = json!(token);
            entry["refresh"] = json!("r");
            prop_assert_eq!(serde_json::from_str::<Value>(&after).expect("JSON"), expected);
        }
    }
}
