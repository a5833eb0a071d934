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

/// Whether text is a variable's name and can hardly be a key that was pasted in its place: capitals, digits, and an underscore.
#[must_use]
pub fn is_variable_name(text: &str) -> bool {
    text.contains('_')
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// A variable's name as it may be shown: empty where what stands there may be a pasted key.
#[must_use]
pub fn shown_variable(name: &str) -> &str {
    if is_variable_name(name) { name } else { "" }
}

/// Whether OpenClaw leaves a character in a key: it strips line breaks and what Latin-1 has no place for.
#[must_use]
pub fn is_sent(character: char) -> bool {
    u32::from(character) <= 0xff && !matches!(character, '\r' | '\n')
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
