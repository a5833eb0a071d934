//! Which variables are set, in the process, in OpenClaw's `.env` and in its configuration.
//!
//! Values are keys: they are held only while the configuration is read, for it may refer to them, and wiped then.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::{dotenv, mistakes, provider, text};
use crate::model::{Mistake, VariableOrigin};

/// The names of the variables that are set to something, with what sets them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    names: BTreeMap<String, SetVariable>,
}

/// What is known of a variable besides its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SetVariable {
    origin: VariableOrigin,
    /// What is wrong with its value, if that is to be a key.
    mistake: Option<Mistake>,
}

impl Environment {
    /// Takes the names of variables that hold something.
    #[must_use]
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Variables::new(variables).environment()
    }

    /// Adds names that something else sets, to what is not known.
    pub fn add(&mut self, names: impl IntoIterator<Item = String>, origin: VariableOrigin) {
        let unknown = SetVariable { origin, mistake: None };
        self.names.extend(names.into_iter().map(|name| (name, unknown)));
    }

    /// Adds what another environment has, in the place of what is there of the same name.
    pub fn extend(&mut self, other: Self) {
        self.names.extend(other.names);
    }

    /// The same without some names.
    #[must_use]
    pub fn without(mut self, names: &BTreeSet<String>) -> Self {
        self.names.retain(|name, _| !names.contains(name));
        self
    }

    /// The names of all that are set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// Whether a variable is set.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// What sets a variable.
    #[must_use]
    pub fn origin(&self, name: &str) -> Option<VariableOrigin> {
        self.names.get(name).map(|variable| variable.origin)
    }

    /// What is wrong with the value of a variable that is to be a key.
    #[must_use]
    pub fn mistake(&self, name: &str) -> Option<Mistake> {
        self.names.get(name)?.mistake
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
        Self::of(process, VariableOrigin::Process)
    }

    /// Takes what something else sets.
    #[must_use]
    pub fn of<V: Into<Zeroizing<String>>>(
        values: impl IntoIterator<Item = (String, V)>,
        origin: VariableOrigin,
    ) -> Self {
        let values = values.into_iter().map(|(name, value)| (name, (value.into(), origin)));
        Self { values: values.collect() }
    }

    /// Adds what a `.env` file sets. What the process has stays, were it empty.
    pub fn add_dotenv(&mut self, content: &str) {
        self.add_file(content, VariableOrigin::Dotenv);
    }

    fn add_file(&mut self, content: &str, origin: VariableOrigin) {
        let mut added: BTreeMap<&str, &str> = BTreeMap::new();
        added.extend(dotenv::assignments(content));
        for (name, value) in added {
            let value = || (Zeroizing::new(value.to_owned()), origin);
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
        let known = usable.map(|(name, (value, origin))| {
            (name.clone(), SetVariable { origin: *origin, mistake: mistakes::in_variable(value) })
        });
        Environment { names: known.collect() }
    }
}

/// Whether anything is left of a value once OpenClaw has stripped it.
fn is_usable(value: &str) -> bool {
    value.chars().any(|character| text::is_sent(character) && !text::is_space(character))
}

/// The variables that a `.env` file sets to something.
#[must_use]
pub fn parse_dotenv(content: &str, origin: VariableOrigin) -> Environment {
    let mut variables = Variables::default();
    variables.add_file(content, origin);
    variables.environment()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn dotenv_names_what_is_set() {
        let found = parse_dotenv(
            "# keys\nexport A=1\nB=\"two # no comment\"\nC=''\nD= # nothing\nE = x # y\nnot a line\nF=\"\nG: 1\nA=\n",
            VariableOrigin::Dotenv,
        );
        assert_eq!(found.names().collect::<Vec<_>>(), ["B", "E", "F", "G"]);
        assert_eq!((found.mistake("E"), found.mistake("F")), (None, Some(Mistake::Wrapped)));
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
