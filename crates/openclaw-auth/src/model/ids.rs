//! Ids.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// The agent whose logins all others inherit, and the id of one that the configuration gives none.
pub const MAIN_AGENT: &str = "main";

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

text_id! {
    /// An agent's id, as in `agents/<id>`.
    AgentId
}
text_id! {
    /// A profile's id, as in `anthropic:default`.
    ProfileId
}

/// Ids that several agents' profiles have in common, kept once: in a fleet most have the same.
#[derive(Debug, Default)]
pub struct ProfileIds(HashSet<ProfileId>);

impl ProfileIds {
    /// Where each agent has ids of its own, keeping them all would only cost.
    const MOST: usize = 256;

    /// The id with this text.
    pub fn get(&mut self, text: &str) -> ProfileId {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let id = ProfileId::from(text);
        if self.0.len() < Self::MOST {
            self.0.insert(id.clone());
        }
        id
    }
}

impl Borrow<str> for ProfileId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A provider's id, normalised by the rules of the release whose semantics are used.
#[derive(Clone, Debug)]
pub struct ProviderId(ProviderText);

/// Nearly all profiles are of a few dozen providers, whose names need no memory of their own.
#[derive(Clone, Debug)]
enum ProviderText {
    Known(&'static str),
    Other(Arc<str>),
}

impl ProviderId {
    /// The id of a provider that is known by name.
    #[must_use]
    pub const fn known(id: &'static str) -> Self {
        Self(ProviderText::Known(id))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            ProviderText::Known(id) => id,
            ProviderText::Other(id) => id,
        }
    }
}

impl From<&str> for ProviderId {
    fn from(text: &str) -> Self {
        Self(ProviderText::Other(text.into()))
    }
}

impl PartialEq for ProviderId {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for ProviderId {}

impl PartialOrd for ProviderId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ProviderId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for ProviderId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
