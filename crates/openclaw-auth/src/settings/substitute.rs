//! `${NAME}` in the configuration's values, as OpenClaw fills them in: capitals only, `$${NAME}` stands for itself, and
//! what names no variable that is set stays as it is written.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::environment::Variables;

/// Fills in all strings of a value.
pub(super) fn fill(value: &mut Value, variables: &Variables) {
    match value {
        Value::String(text) if text.contains('$') => *text = filled(text, variables),
        Value::Array(list) => list.iter_mut().for_each(|item| fill(item, variables)),
        Value::Object(object) => object.values_mut().for_each(|value| fill(value, variables)),
        _ => {}
    }
}

/// The text with the values of its variables.
pub(super) fn filled(text: &str, variables: &Variables) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        result.push_str(&rest[..start]);
        rest = &rest[start..];
        let escaped = rest[1..].starts_with("${");
        let Some((name, after)) = reference(&rest[usize::from(escaped)..]) else {
            result.push('$');
            rest = &rest[1..];
            continue;
        };
        if let Some(value) = variables.get(name).filter(|_| !escaped) {
            result.push_str(value);
        } else {
            result.push_str("${");
            result.push_str(name);
            result.push('}');
        }
        rest = after;
    }
    result.push_str(rest);
    result
}

/// The variable's name, where a text is one reference and nothing else.
pub(super) fn only_reference(text: &str) -> Option<&str> {
    let (name, after) = reference(text)?;
    after.is_empty().then_some(name)
}

/// Adds the names of the variables that the strings of a value refer to and that are not set.
pub(super) fn collect_unset(value: &Value, variables: &Variables, unset: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            let mut rest = text.as_str();
            while let Some(start) = rest.find('$') {
                rest = &rest[start..];
                let escaped = rest[1..].starts_with("${");
                let Some((name, after)) = reference(&rest[usize::from(escaped)..]) else {
                    rest = &rest[1..];
                    continue;
                };
                if !escaped && variables.get(name).is_none() {
                    unset.insert(name.to_owned());
                }
                rest = after;
            }
        }
        Value::Array(list) => list.iter().for_each(|item| collect_unset(item, variables, unset)),
        Value::Object(object) => object.values().for_each(|item| collect_unset(item, variables, unset)),
        _ => {}
    }
}

/// Whether a text refers to a variable.
pub(super) fn refers(text: &str) -> bool {
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        rest = &rest[start..];
        let escaped = rest[1..].starts_with("${");
        match reference(&rest[usize::from(escaped)..]) {
            Some(_) if !escaped => return true,
            Some((_, after)) => rest = after,
            None => rest = &rest[1..],
        }
    }
    false
}

/// The name in a `${NAME}` that the text begins with, and what follows.
fn reference(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix("${")?.split_once('}')?;
    let is_name = name.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    is_name.then_some((name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_filled_in_as_openclaw_does() {
        let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let variables = Variables::new([set("A", "x"), set("_B1", "y$"), set("EMPTY", "")]);
        let cases = [
            ("${A}/${_B1}", "x/y$"),
            ("$${A} $$${A}", "${A} $${A}"),
            ("${EMPTY} ${GONE}", "${EMPTY} ${GONE}"),
            ("$A ${a} ${1A} ${A", "$A ${a} ${1A} ${A"),
            ("$", "$"),
            ("é${A}é", "éxé"),
        ];
        for (text, expected) in cases {
            assert_eq!(filled(text, &variables), expected, "{text}");
        }
        assert!(refers("a ${A}") && !refers("$${A}") && !refers("${a}"));
    }
}
