//! Recognising causes in an error message or in a piece of log.

use super::cause::Cause;
use super::context::ErrorContext;
use super::mask;
use super::table::all;

/// A cause that a text names.
#[derive(Debug)]
pub struct RecognizedCause {
    pub cause: &'static Cause,
    /// The line it was first named on, from 1.
    pub line: usize,
    /// What it says there, without its secrets.
    pub quote: String,
    pub context: ErrorContext,
}

/// The causes a text names, each once, in the order of the text.
#[must_use]
pub fn recognize(text: &str) -> Vec<RecognizedCause> {
    let mut findings: Vec<RecognizedCause> = Vec::new();
    // A whole log is read once for what it names, not once for every cause in it.
    let mut whole = None;
    for (index, line) in text.lines().enumerate() {
        let lower = line.to_lowercase();
        let mut named: Vec<(usize, &'static Cause)> =
            all().filter_map(|cause| Some((position(cause, &lower)?, cause))).collect();
        if named.iter().any(|(_, cause)| !cause.generic) {
            named.retain(|(_, cause)| !cause.generic);
        } else {
            // Of several that say little, the one that says most.
            named.truncate(1);
        }
        named.sort_by_key(|(position, _)| *position);
        for (_, cause) in named {
            if findings.iter().any(|finding| finding.cause.code == cause.code) {
                continue;
            }
            let context = ErrorContext::of(line).or(whole.get_or_insert_with(|| ErrorContext::agreed(text)));
            findings.push(RecognizedCause {
                cause,
                line: index + 1,
                quote: quote(line.trim(), cause),
                context,
            });
        }
    }
    // What says little adds nothing where the whole text is about one thing.
    if findings.iter().any(|finding| !finding.cause.generic) {
        findings.retain(|finding| !finding.cause.generic);
    }
    findings
}

/// So much of a line is quoted before and behind the words that name the cause.
const AROUND: (usize, usize) = (80, 160);

/// The part of a line that names the cause, without its secrets.
fn quote(line: &str, cause: &Cause) -> String {
    let masked: Vec<char> = mask(line).chars().collect();
    // Upper case may be longer than lower case, so the place is counted in characters, and is near enough.
    let lower: String = masked.iter().collect::<String>().to_lowercase();
    let at = position(cause, &lower).map_or(0, |at| lower[..at].chars().count());
    let (from, to) = (at.saturating_sub(AROUND.0), (at + AROUND.1).min(masked.len()));
    let middle: String = masked[from.min(to)..to].iter().collect();
    let middle = middle.trim();
    let (before, behind) = (if from > 0 { "… " } else { "" }, if to < masked.len() { " …" } else { "" });
    format!("{before}{middle}{behind}")
}

/// Where a line names the cause.
fn position(cause: &Cause, line: &str) -> Option<usize> {
    let all = |sign: &&[&str]| sign.iter().map(|part| find_word(line, part)).min().flatten();
    let complete = |sign: &&&[&str]| sign.iter().all(|part| find_word(line, part).is_some());
    cause.signs.iter().filter(complete).filter_map(all).min()
}

/// Finds a text that is not part of a longer word: `token_expired` is not in `refresh_token_expired`, 429 is not in 14290.
fn find_word(line: &str, part: &str) -> Option<usize> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let bounded = |at: &usize| {
        let joined_before = part.starts_with(is_word) && line[..*at].ends_with(is_word);
        let joined_after = part.ends_with(is_word) && line[at + part.len()..].starts_with(is_word);
        !joined_before && !joined_after
    };
    line.match_indices(part).map(|(at, _)| at).find(bounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<&'static str> {
        recognize(text).iter().map(|finding| finding.cause.code).collect()
    }

    #[test]
    fn words_are_whole() {
        assert_eq!(codes("refresh_token_expired"), ["refresh_token_expired"]);
        assert_eq!(codes("token_expired"), ["token_expired"]);
        assert_eq!(codes("took 14290 ms"), [] as [&str; 0]);
        assert_eq!(codes("HTTP 429"), ["rate_limited"]);
    }

    #[test]
    fn what_says_little_gives_way() {
        assert_eq!(
            codes("401 Unauthorized: refresh_token_reused. Please try signing in again."),
            ["refresh_token_reused"]
        );
        assert_eq!(codes("401 Unauthorized"), ["unauthorized"]);
        assert_eq!(codes("file lock timeout for /x/auth-profiles.json"), ["lock_timeout"]);
    }

    #[test]
    fn of_a_long_line_what_matters_is_quoted() {
        let (x, y) = ("x ".repeat(300), "y ".repeat(300));
        assert!(recognize(&format!("{x}invalid_grant{y}")).is_empty(), "a longer word is another word");
        let quote = &recognize(&format!("{x}invalid_grant {y}"))[0].quote;
        assert!(
            quote.starts_with("… x") && quote.ends_with("y …") && quote.contains("invalid_grant"),
            "{quote}"
        );
        assert!(quote.chars().count() < 260);
        assert_eq!(recognize("İİİ invalid_grant")[0].quote, "İİİ invalid_grant");
    }

    #[test]
    fn each_once_and_in_order() {
        let log = "x\ngetaddrinfo ENOTFOUND auth.openai.com\ninvalid_grant\ngetaddrinfo ENOTFOUND again";
        let findings = recognize(log);
        let named: Vec<_> = findings.iter().map(|finding| (finding.cause.code, finding.line)).collect();
        assert_eq!(named, [("dns", 2), ("invalid_grant", 3)]);
    }
}
