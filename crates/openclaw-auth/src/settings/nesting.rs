//! How deep JSON5 nests, told before it is parsed.

/// Whether brackets nest deeper than that. Those in strings and comments are none.
pub(super) fn nests_deeper_than(limit: usize, json5: &str) -> bool {
    let mut level = 0_usize;
    let mut rest = json5.as_bytes();
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'/', [b'/', comment @ ..]) => past(comment, ends_line, 1),
            (b'/', [b'*', comment @ ..]) => past(comment, |rest| rest.starts_with(b"*/"), 2),
            (quote @ (b'"' | b'\''), _) => past_string(*quote, after),
            (b'[' | b'{', _) => {
                level += 1;
                if level > limit {
                    return true;
                }
                after
            }
            (b']' | b'}', _) => {
                level = level.saturating_sub(1);
                after
            }
            _ => after,
        };
    }
    false
}

/// JSON5 knows four ends of a line, two of them as UTF-8.
fn ends_line(text: &[u8]) -> bool {
    text.starts_with(b"\n")
        || text.starts_with(b"\r")
        || text.starts_with(b"\xe2\x80\xa8")
        || text.starts_with(b"\xe2\x80\xa9")
}

fn past(text: &[u8], is_end: impl Fn(&[u8]) -> bool, length: usize) -> &[u8] {
    let end = (0..text.len()).find(|&at| is_end(&text[at..])).map_or(text.len(), |at| at + length);
    &text[end..]
}

fn past_string(quote: u8, text: &[u8]) -> &[u8] {
    let mut escaped = false;
    let end = text.iter().position(|&byte| {
        let ends = byte == quote && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(&[], |end| &text[end + 1..])
}
