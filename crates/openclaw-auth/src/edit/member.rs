//! Members of objects at any depth, by the keys that lead to them: read, put in, taken out. Everything else stays as it is.

use std::ops::Range;

use zeroize::Zeroizing;

use super::{EditError, Object, last, pretty, splice, text};

/// The JSON text of a member.
#[must_use]
pub fn get<'a>(json: &'a str, path: &[&str]) -> Option<&'a str> {
    let mut range = 0..json.len();
    for key in path {
        range = last(&Object::parse(json, range)?.entries, key)?.clone();
    }
    Some(&json[range])
}

/// The keys of an object, in order.
#[must_use]
pub fn keys(json: &str, path: &[&str]) -> Vec<String> {
    let object = get(json, path).and_then(|text| Object::parse(text, 0..text.len()));
    object
        .map(|object| object.entries.into_iter().map(|(key, _)| key.into_owned()).collect())
        .unwrap_or_default()
}

/// Replaces a member, or adds it with all the objects that lead to it.
pub fn put(json: &str, path: &[&str], value: &str) -> Result<Zeroizing<String>, EditError> {
    let (mut range, mut rest) = (0..json.len(), path);
    while let [key, further @ ..] = rest {
        let object = object(json, range, path, rest)?;
        let Some(found) = last(&object.entries, key) else {
            let mut nested = Zeroizing::new(value.to_owned());
            for key in further.iter().rev() {
                nested = Zeroizing::new(format!("{{{}:{}}}", *text(key), *nested));
            }
            let edit = (object.end..object.end, object.addition(key, &nested));
            return Ok(pretty(&splice(json, vec![edit])));
        };
        (range, rest) = (found.clone(), further);
    }
    Ok(pretty(&splice(json, vec![(range, Zeroizing::new(value.to_owned()))])))
}

/// Takes a member out, as often as it is there; `None` where it is not.
pub fn remove(json: &str, path: &[&str]) -> Result<Option<Zeroizing<String>>, EditError> {
    let Some((name, way)) = path.split_last() else { return Ok(None) };
    let mut range = 0..json.len();
    for (index, key) in way.iter().enumerate() {
        let object = object(json, range, path, &path[index..])?;
        match last(&object.entries, key) {
            Some(found) => range = found.clone(),
            None => return Ok(None),
        }
    }
    let object = object(json, range.clone(), path, &path[way.len()..])?;
    if last(&object.entries, name).is_none() {
        return Ok(None);
    }
    let mut kept = Zeroizing::new(String::with_capacity(range.len() + 2));
    kept.push('{');
    for (key, value) in object.entries.iter().filter(|(key, _)| key != name) {
        if kept.len() > 1 {
            kept.push(',');
        }
        kept.push_str(&text(key));
        kept.push(':');
        kept.push_str(&json[value.clone()]);
    }
    kept.push('}');
    Ok(Some(pretty(&splice(json, vec![(range, kept)]))))
}

fn object<'a>(
    json: &'a str,
    range: Range<usize>,
    path: &[&str],
    rest: &[&str],
) -> Result<Object<'a>, EditError> {
    let named = &path[..path.len() - rest.len()];
    Object::parse(json, range).ok_or_else(|| match named.last() {
        Some(name) => EditError::NoObject((*name).to_owned()),
        None => EditError::NoStore,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"version":1,"order":{"xai":["a"],"zai":[1.50]},"x":{"y":{}},"n":[]}"#;

    #[test]
    fn members_are_read_put_in_and_taken_out() {
        assert_eq!(get(JSON, &["order", "xai"]), Some("[\"a\"]"));
        assert_eq!(keys(JSON, &["order"]), ["xai", "zai"]);
        let put = |path: &[&str]| put(JSON, path, "[\"b\"]").expect("an object");
        assert_eq!(
            get(&put(&["order", "xai"]), &["order", "xai"]).map(str::len),
            Some("[\n      \"b\"\n    ]".len())
        );
        assert!(put(&["order", "xai"]).contains("1.50"));
        assert!(get(&put(&["a", "b", "c"]), &["a", "b", "c"]).is_some());
        assert!(get(&put(&["x", "y", "z"]), &["x", "y", "z"]).is_some());
        let removed = |path: &[&str]| remove(JSON, path).expect("objects").expect("it is there");
        assert_eq!(keys(&removed(&["order", "xai"]), &["order"]), ["zai"]);
        assert_eq!(keys(&removed(&["order", "zai"]), &["order"]), ["xai"]);
        assert_eq!(keys(&removed(&["order"]), &[]), ["version", "x", "n"]);
        assert_eq!(remove(JSON, &["order", "q"]), Ok(None));
        assert_eq!(remove(JSON, &["q", "r"]), Ok(None));
        assert_eq!(super::put(JSON, &["n", "a"], "1"), Err(EditError::NoObject("n".to_owned())));
        assert_eq!(remove("[]", &["a"]), Err(EditError::NoStore));
        assert_eq!(
            remove(r#"{"a":1,"b":2,"a":3}"#, &["a"]).expect("an object").as_deref().map(String::as_str),
            Some("{\n  \"b\": 2\n}\n")
        );
    }
}
