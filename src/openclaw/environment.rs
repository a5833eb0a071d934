//! Which variables are set, in the process and in OpenClaw's `.env`. Values are never kept: they are keys.

use std::collections::BTreeSet;

use super::provider;
use super::text;

/// The names of the variables that are set to something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    names: BTreeSet<String>,
}

impl Environment {
    /// Takes the names of non-empty variables.
    #[must_use]
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let filled = variables.into_iter().filter(|(_, value)| text::non_empty(value).is_some());
        Self { names: filled.map(|(name, _)| name).collect() }
    }

    /// Adds names that something else sets.
    pub fn add(&mut self, names: impl IntoIterator<Item = String>) {
        self.names.extend(names);
    }

    /// Whether a variable is set.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The variable that gives a provider auth, if one is set.
    #[must_use]
    pub fn variable_for(&self, provider_id: &str) -> Option<&'static str> {
        let variables = provider::find(provider_id)?.variables;
        variables.iter().find(|name| self.names.contains(**name)).copied()
    }
}

/// Reads a `.env` file: the names of the variables it sets to something.
#[must_use]
pub fn parse_dotenv(content: &str) -> Vec<String> {
    content.lines().filter_map(dotenv_line).collect()
}

fn dotenv_line(line: &str) -> Option<String> {
    let line = text::trim(line);
    if line.starts_with('#') {
        return None;
    }
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let (name, value) = line.split_once('=')?;
    let name = text::trim(name);
    let is_name = !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    (is_name && text::non_empty(dotenv_value(value)).is_some()).then(|| name.to_owned())
}

/// The value without its quotes, or without the comment behind it.
fn dotenv_value(value: &str) -> &str {
    let value = text::trim(value);
    for quote in ['"', '\'', '`'] {
        if let Some(rest) = value.strip_prefix(quote)
            && let Some((inner, _)) = rest.split_once(quote)
        {
            return inner;
        }
    }
    value.split('#').next().unwrap_or_default()
}

/// The numbers, from 1, of lines that are neither blank, a comment nor NAME=VALUE, and of those whose quote does not end.
#[must_use]
pub fn malformed_lines(content: &str) -> Vec<usize> {
    let lines: Vec<&str> = content.lines().collect();
    let (mut malformed, mut index) = (Vec::new(), 0);
    while let Some(line) = lines.get(index) {
        index += 1;
        let line = text::trim(line);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some(value) = assigned(line) else {
            malformed.push(index);
            continue;
        };
        let Some(quote) = value.chars().next().filter(|first| matches!(first, '"' | '\'' | '`')) else {
            continue;
        };
        if value[1..].contains(quote) {
            continue;
        }
        // A quoted value may go on over lines. One that swallows the next variable was not meant to.
        match lines[index..].iter().position(|line| line.contains(quote)) {
            Some(more) if !lines[index..=index + more].iter().any(|line| sets_variable(line)) => {
                index += more + 1;
            }
            _ => malformed.push(index),
        }
    }
    malformed
}

/// The value of `export NAME=VALUE` or `NAME: VALUE`.
fn assigned(line: &str) -> Option<&str> {
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let (name, value) = line.split_once('=').or_else(|| line.split_once(": "))?;
    let name = text::trim(name);
    let is_name = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    is_name.then(|| text::trim(value))
}

/// Whether a line sets a variable, as they are usually named.
fn sets_variable(line: &str) -> bool {
    let line = text::trim(line);
    line.strip_prefix("export ").unwrap_or(line).split_once('=').is_some_and(|(name, _)| {
        name.contains('_')
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_nobody_understands_are_numbered() {
        let fine =
            "# keys\n\nexport A=1\nB: 2\nC=\nD='two\nthree'\nE=\"-----BEGIN\nabc=\n-----END\" # x\nF=a\"b\n";
        assert_eq!(malformed_lines(fine), [0_usize; 0]);
        assert_eq!(malformed_lines("A=1\nsk-1234\nB\n A B=2\n"), [2, 3, 4]);
        assert_eq!(malformed_lines("A=\"1\nOPENAI_API_KEY=\"2\"\nC='"), [1, 3]);
    }

    #[test]
    fn dotenv_names_what_is_set() {
        let names = parse_dotenv(
            "# keys\nexport A=1\nB=\"two # no comment\"\nC=''\nD= # nothing\nE = x # y\n1BAD=2\nnot a line\nF=\"\n",
        );
        assert_eq!(names, ["A", "B", "E", "F"]);
    }

    #[test]
    fn the_first_variable_of_a_provider_that_is_set_counts() {
        let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let environment = Environment::new([set("GOOGLE_API_KEY", "k"), set("GEMINI_API_KEY", " ")]);
        assert_eq!(environment.variable_for("google"), Some("GOOGLE_API_KEY"));
        assert_eq!(environment.variable_for("openai"), None);
    }
}
