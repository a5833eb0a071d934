//! Words shared by conditions and messages.

pub(super) use crate::publish::words::{date, safe, span};

/// A short sentence with a capital and a full stop.
pub(super) fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    let start = characters.next().map(char::to_uppercase).into_iter().flatten();
    let end = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    start.chain(characters).chain(end.chars()).collect()
}
