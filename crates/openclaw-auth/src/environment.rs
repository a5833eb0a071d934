//! Which variables are set, in the process, in OpenClaw's `.env` and in its configuration.
//!
//! Values are keys: they are held only while the configuration is read, for it may refer to them, and wiped then.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::{dotenv, provider, text};
use crate::model::VariableOrigin;

/// The names of the variables that are set to something, with what sets them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    names: BTreeMap<String, VariableOrigin>,
}

impl Environment {
    /// Takes the names of variables that hold something.
    #[must_use]
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Variables::new(variables).environment()
    }

    /// Adds names that something else sets.
    pub fn add(&mut self, names: impl IntoIterator<Item = String>, origin: VariableOrigin) {
        self.names.extend(names.into_iter().map(|name| (name, origin)));
    }

    /// Whether a variable is set.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// What sets a variable.
    #[must_use]
    pub fn origin(&self, name: &str) -> Option<VariableOrigin> {
        self.names.get(name).copied()
    }

    /// The variable that gives a provider auth, if one is set.
    #[must_use]
    pub fn variable_for(&self, provider_id: &str) -> Option<&'static str> {
        let variables = provider::find(provider_id)?.variables;
        variables.iter().find(|name| self.has(name)).copied()
    }
}

/// Variables with their values.
#[derive(Default)]
pub struct Variables {
    values: BTreeMap<String, (Zeroizing<String>, VariableOrigin)>,
}

impl Variables {
    /// Takes the process's.
    #[must_use]
    pub fn new(process: impl IntoIterator<Item = (String, String)>) -> Self {
        let of_process = |value| (Zeroizing::new(value), VariableOrigin::Process);
        let values = process.into_iter().map(|(name, value)| (name, of_process(value)));
        Self { values: values.collect() }
    }

    /// Adds what a `.env` file sets. What the process has stays, were it empty.
    pub fn add_dotenv(&mut self, content: &str) {
        let mut added: BTreeMap<&str, &str> = BTreeMap::new();
        added.extend(dotenv::assignments(content));
        for (name, value) in added {
            let value = || (Zeroizing::new(value.to_owned()), VariableOrigin::Dotenv);
            self.values.entry(name.to_owned()).or_insert_with(value);
        }
    }

    /// Adds a variable of the configuration, unless there is one that holds something.
    pub fn add_configured(&mut self, name: &str, value: &str) {
        if self.get(name).is_none_or(|value| text::non_empty(value).is_none()) {
            let value = (Zeroizing::new(value.to_owned()), VariableOrigin::Configuration);
            self.values.insert(name.to_owned(), value);
        }
    }

    /// The value of a variable, if it is not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|(value, _)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The names of those that hold something a key could be.
    #[must_use]
    pub fn environment(&self) -> Environment {
        let usable = self.values.iter().filter(|(_, (value, _))| is_usable(value));
        Environment { names: usable.map(|(name, (_, origin))| (name.clone(), *origin)).collect() }
    }
}

/// Whether text is a variable's name and can hardly be a key that was pasted in its place: capitals, digits, and an underscore.
#[must_use]
pub fn is_variable_name(text: &str) -> bool {
    text.contains('_')
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// OpenClaw strips line breaks and what Latin-1 has no place for from a key before it asks whether anything is left.
fn is_usable(value: &str) -> bool {
    value.chars().any(|character| u32::from(character) <= 0xff && !text::is_space(character))
}

/// The names of the variables that a `.env` file sets to something.
#[must_use]
pub fn parse_dotenv(content: &str) -> Vec<String> {
    let mut variables = Variables::default();
    variables.add_dotenv(content);
    variables.environment().names.into_keys().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn dotenv_names_what_is_set() {
        let names = parse_dotenv(
            "# keys\nexport A=1\nB=\"two # no comment\"\nC=''\nD= # nothing\nE = x # y\nnot a line\nF=\"\nG: 1\nA=\n",
        );
        assert_eq!(names, ["B", "E", "F", "G"]);
    }

    #[test]
    fn what_the_process_has_stays_and_the_configuration_fills_what_is_empty() {
        let mut variables =
            Variables::new([set("A", ""), set("B", "b"), set("D", " "), set("E", "\u{2026}")]);
        variables.add_dotenv("A=1\nB=2\nC=3\n");
        assert_eq!(
            (variables.get("A"), variables.get("B"), variables.get("C")),
            (None, Some("b"), Some("3"))
        );
        variables.add_configured("A", "x");
        variables.add_configured("B", "x");
        variables.add_configured("D", "x");
        assert_eq!(
            (variables.get("A"), variables.get("B"), variables.get("D")),
            (Some("x"), Some("b"), Some("x"))
        );
        let environment = variables.environment();
        assert!(environment.has("A") && !environment.has("E"));
    }

    #[test]
    fn the_first_variable_of_a_provider_that_is_set_counts() {
        let environment = Environment::new([set("GOOGLE_API_KEY", "k"), set("GEMINI_API_KEY", " ")]);
        assert_eq!(environment.variable_for("google"), Some("GOOGLE_API_KEY"));
        assert_eq!(environment.variable_for("openai"), None);
    }
}
