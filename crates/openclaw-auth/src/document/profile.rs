//! A profile of a document.

use std::borrow::Cow;

use crate::credential::Credential;
use crate::model::Source;

/// A credential and its id.
#[derive(Debug)]
pub struct Profile<'a> {
    /// The key of the entry.
    pub id: Cow<'a, str>,
    /// What the entry holds.
    pub credential: Credential<'a>,
    /// The store it was read from.
    pub source: Source,
}
