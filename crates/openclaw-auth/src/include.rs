//! `$include`: a configuration put together from several files, as OpenClaw does it.
//!
//! An object with `$include` (a path, or a list of them) is replaced by what those files hold, merged in order; what stands
//! beside `$include` is merged over that. Objects merge key by key, lists are joined, of anything else the later one stays.

use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value};

const INCLUDE: &str = "$include";
/// How many files may include one another, by OpenClaw's own limit.
const MAX_DEPTH: usize = 10;
/// Names that OpenClaw never merges, for they are JavaScript's own.
const BLOCKED: [&str; 3] = ["__proto__", "constructor", "prototype"];

/// Reads an included file, or says what is wrong with it.
pub type Open<'o> = &'o mut dyn FnMut(&Path) -> Result<Value, String>;

/// Replaces all `$include` of a configuration. The error names the file it is about and quotes no content.
pub fn resolve(root: Value, config: &Path, open: Open<'_>) -> Result<Value, String> {
    let mut chain = vec![normalized(config)];
    Resolver { open, chain: &mut chain }.resolve(root)
}

struct Resolver<'r, 'o> {
    open: Open<'o>,
    /// The files that include one another, from the configuration to the one at hand.
    chain: &'r mut Vec<PathBuf>,
}

impl Resolver<'_, '_> {
    fn resolve(&mut self, value: Value) -> Result<Value, String> {
        match value {
            Value::Array(list) => {
                list.into_iter().map(|item| self.resolve(item)).collect::<Result<_, _>>().map(Value::Array)
            }
            Value::Object(mut object) => match object.remove(INCLUDE) {
                None => self.resolve_entries(object).map(Value::Object),
                Some(include) => self.include(&include, object),
            },
            scalar => Ok(scalar),
        }
    }

    fn resolve_entries(&mut self, object: Map<String, Value>) -> Result<Map<String, Value>, String> {
        object.into_iter().map(|(key, value)| Ok((key, self.resolve(value)?))).collect()
    }

    fn include(&mut self, include: &Value, beside: Map<String, Value>) -> Result<Value, String> {
        let included = match include {
            Value::String(path) => self.load(path)?,
            Value::Array(paths) => {
                let mut merged = Value::Object(Map::new());
                for path in paths {
                    let Value::String(path) = path else {
                        return Err(format!(
                            "`$include` in `{}` lists what is no path",
                            self.here().display()
                        ));
                    };
                    merged = merge(merged, self.load(path)?);
                }
                merged
            }
            _ => {
                return Err(format!(
                    "`$include` in `{}` is neither a path nor a list",
                    self.here().display()
                ));
            }
        };
        if beside.is_empty() {
            return Ok(included);
        }
        if !included.is_object() {
            let here = self.here().display();
            return Err(format!("`$include` in `{here}` has other keys beside it, and brings no object"));
        }
        Ok(merge(included, Value::Object(self.resolve_entries(beside)?)))
    }

    fn load(&mut self, path: &str) -> Result<Value, String> {
        let here = self.here();
        let path = normalized(&here.parent().unwrap_or(Path::new("/")).join(path));
        let named = format!("`{}`, included by `{}`,", path.display(), here.display());
        if self.chain.contains(&path) {
            return Err(format!("{named} includes itself"));
        }
        if self.chain.len() > MAX_DEPTH {
            return Err(format!("{named} is more than {MAX_DEPTH} files deep"));
        }
        let value = (self.open)(&path).map_err(|problem| format!("{named} {problem}"))?;
        self.chain.push(path);
        let resolved = self.resolve(value);
        self.chain.pop();
        resolved
    }

    fn here(&self) -> &Path {
        self.chain.last().expect("the configuration itself is the first of the chain")
    }
}

fn merge(target: Value, source: Value) -> Value {
    match (target, source) {
        (Value::Array(mut target), Value::Array(source)) => {
            target.extend(source);
            Value::Array(target)
        }
        (Value::Object(mut target), Value::Object(source)) => {
            for (key, value) in source.into_iter().filter(|(key, _)| !BLOCKED.contains(&key.as_str())) {
                let value = match target.remove(&key) {
                    Some(earlier) => merge(earlier, value),
                    None => value,
                };
                target.insert(key, value);
            }
            Value::Object(target)
        }
        (_, source) => source,
    }
}

/// The path without `.` and `..`, by its text alone.
#[must_use]
pub fn normalized(path: &Path) -> PathBuf {
    let mut normalized = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normalized.pop();
            }
            other => normalized.push(other),
        }
    }
    normalized
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    type Files<'f> = &'f [(&'f str, Value)];

    fn resolved(root: Value, files: Files<'_>) -> Result<Value, String> {
        resolve(root, Path::new("/c/openclaw.json"), &mut |path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, value)| value.clone()).ok_or_else(|| "is not there".to_owned())
        })
    }

    #[test]
    fn what_is_included_is_merged_and_what_stands_beside_it_wins() {
        let files = [
            ("/c/a.json5", json!({"x": {"one": 1, "two": 1}, "list": [1], "constructor": 1})),
            ("/c/sub/b.json5", json!({"x": {"two": 2}, "list": [2], "deeper": {"$include": "../d.json5"}})),
            ("/c/d.json5", json!([{"id": "d"}])),
        ];
        let root = json!({"$include": ["./a.json5", "sub/b.json5"], "x": {"three": 3}, "list": [3]});
        let expected =
            json!({"x": {"one": 1, "two": 2, "three": 3}, "list": [1, 2, 3], "deeper": [{"id": "d"}]});
        assert_eq!(resolved(root, &files), Ok(expected));
        let nested = json!({"agents": {"list": {"$include": "/c/d.json5"}}});
        assert_eq!(resolved(nested, &files), Ok(json!({"agents": {"list": [{"id": "d"}]}})));
        assert_eq!(resolved(json!({"$include": []}), &[]), Ok(json!({})));
    }

    #[test]
    fn what_cannot_be_included_is_named() {
        let circle = [("/c/a", json!({"$include": "b"})), ("/c/b", json!({"$include": "a"}))];
        let deep: Vec<(String, Value)> = (0..12)
            .map(|level| (format!("/c/{level}"), json!({"$include": (level + 1).to_string()})))
            .collect();
        let deep: Vec<(&str, Value)> =
            deep.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let cases: [(Value, Files<'_>, &str); 6] = [
            (json!({"$include": "gone"}), &[], "`/c/gone`, included by `/c/openclaw.json`, is not there"),
            (json!({"$include": "a"}), &circle, "`/c/a`, included by `/c/b`, includes itself"),
            (json!({"$include": "0"}), &deep, "`/c/10`, included by `/c/9`, is more than 10 files deep"),
            (json!({"$include": 3}), &[], "is neither a path nor a list"),
            (json!({"$include": [3]}), &[], "lists what is no path"),
            (json!({"$include": "l", "a": 1}), &[("/c/l", json!([]))], "brings no object"),
        ];
        for (root, files, expected) in cases {
            let problem = resolved(root, files).expect_err("it cannot be included");
            assert!(problem.contains(expected), "{problem}");
        }
    }
}
