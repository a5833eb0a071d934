//! JavaScript's idea of white space, which decides what OpenClaw takes for empty.

/// Unicode white space and the byte order mark, but not the next-line character.
#[must_use]
pub fn is_space(character: char) -> bool {
    (character.is_whitespace() && character != '\u{85}') || character == '\u{feff}'
}

/// `String.prototype.trim`.
#[must_use]
pub fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// The text, unless it is empty once trimmed.
#[must_use]
pub fn non_empty(text: &str) -> Option<&str> {
    let trimmed = trim(text);
    (!trimmed.is_empty()).then_some(trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_as_javascript_does() {
        assert_eq!(trim("\u{feff}\t a\u{a0}\n"), "a");
        assert_eq!(trim("\u{85}a"), "\u{85}a");
        assert_eq!(non_empty(" \t\n"), None);
    }
}
