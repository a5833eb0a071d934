//! What JavaScript's `JSON.parse` takes and a strict parser refuses.
//!
//! `JSON.parse` reads `"\ud800"`, half of a character, and `1e999`, a number beyond all numbers; and what is no UTF-8 it is never
//! shown, for it was replaced before. OpenClaw goes on with such a store, so its other logins have to be seen, too. They are only
//! read that way: whoever wants to change the store is refused, for nothing could write those back as they were.

use std::borrow::Cow;

/// What stands for half of a character.
const REPLACEMENT: &[u8] = b"fffd";

/// The text with replacements of equal weight for what a strict parser refuses; `None` where there is nothing of that.
///
/// A number that is too large becomes a negative one: neither is ever a valid time.
#[must_use]
pub fn strict(bytes: &[u8]) -> Option<Vec<u8>> {
    let decoded = String::from_utf8_lossy(bytes);
    let was_text = matches!(decoded, Cow::Borrowed(_));
    let mut text = decoded.into_owned().into_bytes();
    let mut replaced = !was_text;
    let mut at = 0;
    while at < text.len() {
        at = match text[at] {
            b'"' => past_string(&mut text, at + 1, &mut replaced),
            b'-' | b'0'..=b'9' => past_number(&mut text, at, &mut replaced),
            _ => at + 1,
        };
    }
    if replaced {
        Some(text)
    } else {
        zeroize::Zeroize::zeroize(&mut text);
        None
    }
}

fn past_string(text: &mut [u8], mut at: usize, replaced: &mut bool) -> usize {
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at = past_escape(text, at, replaced),
            _ => at += 1,
        }
    }
    at
}

fn past_escape(text: &mut [u8], at: usize, replaced: &mut bool) -> usize {
    const LENGTH: usize = "\\u0000".len();
    match unit(text, at) {
        None => at + 2,
        Some(0xd800..=0xdbff) if matches!(unit(text, at + LENGTH), Some(0xdc00..=0xdfff)) => at + 2 * LENGTH,
        Some(0xd800..=0xdfff) => {
            text[at + 2..at + LENGTH].copy_from_slice(REPLACEMENT);
            *replaced = true;
            at + LENGTH
        }
        Some(_) => at + LENGTH,
    }
}

/// The code unit of a `\uXXXX` at a place.
fn unit(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
}

fn past_number(text: &mut [u8], start: usize, replaced: &mut bool) -> usize {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let length = text[start..].iter().take_while(|byte| is_part(byte)).count();
    let number = &mut text[start..start + length];
    let value = std::str::from_utf8(number).ok().and_then(|number| number.parse::<f64>().ok());
    if value.is_some_and(f64::is_infinite) && length > 3 {
        number.fill(b'0');
        number[..3].copy_from_slice(b"-1e");
        *replaced = true;
    }
    start + length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_strict_parser_refuses_is_replaced() {
        let cases: [(&[u8], Option<&str>); 10] = [
            (br#"{"a":"\ud83d\ude00 \\ud800 \u0041","n":[1e308,-0,1.5]}"#, None),
            (br#"["\ud800"]"#, Some(r#"["\ufffd"]"#)),
            (br#"["\uDC00\uD83D"]"#, Some(r#"["\ufffd\ufffd"]"#)),
            (br#"["\ud83d\ud83d\ude00"]"#, Some(r#"["\ufffd\ud83d\ude00"]"#)),
            (br#"["\\\ud800"]"#, Some(r#"["\\\ufffd"]"#)),
            (br#"{"expires":1e999}"#, Some(r#"{"expires":-1e00}"#)),
            (br#"[-1.5E+400,"1e999"]"#, Some(r#"[-1e000000,"1e999"]"#)),
            (b"[\"a\xff\"]", Some("[\"a\u{fffd}\"]")),
            (br#"["\ud8"#, None),
            (br#"["\"#, None),
        ];
        for (json, expected) in cases {
            let read = strict(json).map(|text| String::from_utf8(text).expect("text"));
            assert_eq!(read.as_deref(), expected, "{}", String::from_utf8_lossy(json));
        }
    }
}
