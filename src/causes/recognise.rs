//! Recognising causes in an error message or in a piece of log.

use super::{Cause, Context, all, mask};

/// A cause that a text names.
#[derive(Debug)]
pub struct Finding {
    /// The cause.
    pub cause: &'static Cause,
    /// The line it was first named on, from 1.
    pub line: usize,
    /// That line, without secrets.
    pub quote: String,
    /// Whom it is about.
    pub context: Context,
}

/// The causes a text names, each once, in the order of the text.
#[must_use]
pub fn recognise(text: &str) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
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
            let context = Context::of(line, text);
            findings.push(Finding { cause, line: index + 1, quote: mask(line.trim()), context });
        }
    }
    // What says little adds nothing where the whole text is about one thing.
    if findings.iter().any(|finding| !finding.cause.generic) {
        findings.retain(|finding| !finding.cause.generic);
    }
    findings
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
        recognise(text).iter().map(|finding| finding.cause.code).collect()
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
    fn each_once_and_in_order() {
        let log = "x\ngetaddrinfo ENOTFOUND auth.openai.com\ninvalid_grant\ngetaddrinfo ENOTFOUND again";
        let findings = recognise(log);
        let named: Vec<_> = findings.iter().map(|finding| (finding.cause.code, finding.line)).collect();
        assert_eq!(named, [("dns", 2), ("invalid_grant", 3)]);
    }
}
