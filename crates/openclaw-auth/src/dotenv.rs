//! `.env` files as OpenClaw's reader (dotenv) understands them: `NAME=VALUE`, `NAME: VALUE`, quotes over several lines, comments.

use super::text;

/// What a `.env` file sets, in order. A name may come several times: the last one counts. Values may be empty.
#[must_use]
pub fn assignments(content: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = content;
    while !rest.is_empty() {
        match assignment(rest) {
            Some((name, value, after)) => {
                found.push((name, value));
                rest = after;
            }
            None => rest = after_line(rest),
        }
    }
    found
}

/// The assignment a text begins with, and what follows it. White space before it may span lines.
fn assignment(content: &str) -> Option<(&str, &str, &str)> {
    let start = content.trim_start_matches(is_space);
    let exported = start.strip_prefix("export").filter(|rest| rest.starts_with(is_space));
    let after_export = exported.map(|rest| rest.trim_start_matches(is_space));
    after_export.and_then(named).or_else(|| named(start))
}

fn named(content: &str) -> Option<(&str, &str, &str)> {
    let length = content.bytes().take_while(|byte| is_name_byte(*byte)).count();
    let (name, rest) = content.split_at(length);
    let spaced = rest.trim_start_matches(is_space);
    let value = match (spaced.strip_prefix('='), rest.strip_prefix(':')) {
        (Some(value), _) => value,
        (None, Some(value)) if value.starts_with(is_space) => value,
        _ => return None,
    };
    (length > 0).then(|| {
        let (value, after) = quoted(value).unwrap_or_else(|| plain(value));
        (name, value, after)
    })
}

/// A quoted value, if nothing but a comment stands behind the quote that ends it. It may begin on a later line.
fn quoted(content: &str) -> Option<(&str, &str)> {
    let start = content.trim_start_matches(is_space);
    let quote = start.chars().next().filter(|first| matches!(first, '"' | '\'' | '`'))?;
    let inner = &start[1..];
    let mut escaped = false;
    let end = inner.find(|character| {
        let ends = character == quote && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    })?;
    let after = &inner[end + 1..];
    let line = after.split(['\n', '\r']).next().unwrap_or_default();
    let behind = line.trim_matches(is_space);
    (behind.is_empty() || behind.starts_with('#')).then(|| (&inner[..end], after_line(after)))
}

/// A value without quotes: what stands on the line before a comment. A quote that is never closed is part of it.
fn plain(content: &str) -> (&str, &str) {
    let line = content.split(['\n', '\r']).next().unwrap_or_default();
    let value = text::trim(line.split('#').next().unwrap_or_default());
    let unquoted =
        ['"', '\'', '`'].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    (unquoted.unwrap_or(value), after_line(content))
}

fn after_line(content: &str) -> &str {
    content.find(['\n', '\r']).map_or("", |end| &content[end + 1..])
}

fn is_space(character: char) -> bool {
    text::is_space(character)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
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
pub(crate) fn sets_variable(line: &str) -> bool {
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
    fn assignments_are_read_as_dotenv_reads_them() {
        let cases: [(&str, &[(&str, &str)]); 17] = [
            ("A=1\r\nB = x # y\rC=", &[("A", "1"), ("B", "x"), ("C", "")]),
            ("# A=1\n\n  export  A = 1", &[("A", "1")]),
            ("export=1", &[("export", "1")]),
            ("A: 1\nB:2\nC : 3", &[("A", "1")]),
            ("A=#x\nB=x#y", &[("A", ""), ("B", "x")]),
            ("A=\"x # y\" # z", &[("A", "x # y")]),
            ("A=\"x\" y", &[("A", "\"x\" y")]),
            ("A=\"x\nB=1\n\"\nC=2", &[("A", "x\nB=1\n"), ("C", "2")]),
            ("A=\"x\nB=1", &[("A", "\"x"), ("B", "1")]),
            ("A=\n\"x\"", &[("A", "x")]),
            ("A=\nB=1", &[("A", ""), ("B", "1")]),
            ("A='it\\'s'", &[("A", "it\\'s")]),
            ("A=`x`", &[("A", "x")]),
            ("\u{feff}A=1", &[("A", "1")]),
            ("not a line\nA=1", &[("A", "1")]),
            ("A=1\nA=", &[("A", "1"), ("A", "")]),
            ("1A=1\na.b-c=2\n=3", &[("1A", "1"), ("a.b-c", "2")]),
        ];
        for (content, expected) in cases {
            assert_eq!(assignments(content), expected, "{content:?}");
        }
    }
}
