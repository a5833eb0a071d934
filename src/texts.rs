//! All texts people read, each written once: `texts/en.ftl`, in Fluent's syntax. Another language is another file.

use std::fmt::Display;
use std::sync::{LazyLock, Mutex, PoisonError};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

const ENGLISH: &str = include_str!("texts/en.ftl");

/// The texts by name, each as it is written.
static SOURCES: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let mut starts =
        line_starts(ENGLISH).filter(|start| ENGLISH[*start..].starts_with(is_of_name)).peekable();
    let mut sources = Vec::with_capacity(1024);
    while let Some(start) = starts.next() {
        let source = &ENGLISH[start..starts.peek().copied().unwrap_or(ENGLISH.len())];
        sources.push((&source[..source.find(' ').unwrap_or_default()], source));
    }
    sources
});

fn line_starts(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices('\n').map(|(end, _)| end + 1)
}

fn is_of_name(character: char) -> bool {
    character.is_ascii_lowercase()
}

/// What has been asked for. A run needs a few of several hundred texts, and parsing all would take longer than everything else it does.
static PARSED: LazyLock<Mutex<FluentBundle<FluentResource>>> = LazyLock::new(|| {
    let mut bundle = FluentBundle::new_concurrent(vec!["en".parse().expect("a language")]);
    // Marks around what is filled in would end up in terminals, subjects, and what people copy.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(|value, _| match value {
        FluentValue::Number(count) => Some(grouped(&count.as_string())),
        _ => None,
    }));
    Mutex::new(bundle)
});

/// The text of a name, with what is filled in.
#[must_use]
pub fn text(name: &str, parameters: &[(&'static str, &dyn Display)]) -> String {
    let mut arguments = FluentArgs::with_capacity(parameters.len());
    for (parameter, value) in parameters {
        arguments.set(*parameter, value.to_string());
    }
    format(name, &arguments).unwrap_or_else(|| name.to_owned())
}

/// The text of a name for a count: `1 login`, `1,002 logins`.
#[must_use]
pub fn counted(name: &str, count: usize) -> String {
    let mut arguments = FluentArgs::with_capacity(1);
    arguments.set("count", count);
    format(name, &arguments).unwrap_or_else(|| name.to_owned())
}

/// Digits with their thousands set apart: `12,345`.
#[must_use]
pub fn grouped(digits: &str) -> String {
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// Whether there is a text of that name.
#[must_use]
pub fn is_known(name: &str) -> bool {
    source(name).is_some()
}

fn source(name: &str) -> Option<&'static str> {
    SOURCES.iter().find(|(known, _)| *known == name).map(|(_, source)| *source)
}

fn format(name: &str, arguments: &FluentArgs<'_>) -> Option<String> {
    let mut catalog = PARSED.lock().unwrap_or_else(PoisonError::into_inner);
    if !catalog.has_message(name) {
        let resource = FluentResource::try_new(source(name)?.to_owned()).ok()?;
        catalog.add_resource(resource).ok()?;
    }
    let pattern = catalog.get_message(name)?.value()?;
    let mut errors = Vec::new();
    let text = catalog.format_pattern(pattern, Some(arguments), &mut errors).into_owned();
    debug_assert!(errors.is_empty(), "`{name}`: {errors:?}");
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn texts_are_filled_in_and_counts_agree() {
        assert_eq!(text("login-expired", &[]), "expired; cannot renew automatically");
        assert_eq!(counted("logins", 1), "1 login");
        assert_eq!(counted("logins", 2), "2 logins");
        assert_eq!(counted("logins", 1_234_567), "1,234,567 logins");
        assert_eq!(["0", "999", "1000"].map(grouped), ["0", "999", "1,000"]);
        assert!(text("login-disabled", &[("until", &"noon"), ("reason", &"billing")]).contains("noon"));
    }

    #[test]
    fn every_text_is_well_formed_and_has_a_name_of_its_own() {
        let all = FluentResource::try_new(ENGLISH.to_owned()).expect("the catalog is well-formed");
        let mut together = FluentBundle::new_concurrent(Vec::new());
        together.add_resource(all).expect("every text has a name of its own");
        // A text that refers to another would have to be parsed with it.
        for (name, source) in SOURCES.iter() {
            let alone = FluentResource::try_new((*source).to_owned()).expect("each is well-formed");
            let mut bundle = FluentBundle::new_concurrent(Vec::new());
            bundle.add_resource(alone).expect("an empty bundle");
            assert!(together.has_message(name) && bundle.has_message(name), "{name}");
            let references = source.split("{ ").skip(1).filter(|inside| inside.starts_with(is_of_name));
            assert_eq!(references.count(), 0, "{name}");
        }
    }

    #[test]
    fn every_state_has_its_words() {
        for state in crate::model::AssessmentState::ALL {
            let has = |kind: &str| ENGLISH.contains(&format!("\n{kind}-{} = ", state.as_str()));
            assert!(has("state"), "{state:?} has no words on the page");
            let is_told = !["ok", "renews", "renewing", "cooling_down", "external", "leftover", "ignored"]
                .contains(&state.as_str());
            assert!(!is_told || has("subject"), "{state:?} has no words in messages");
        }
    }

    #[test]
    fn texts_follow_the_rules_of_writing() {
        for line in ENGLISH.lines().filter(|line| line.contains(" = ")) {
            let (name, text) = line.split_once(" = ").expect("chosen by it");
            // The page has whole sentences; elsewhere a surface completes a fragment.
            assert!(name.starts_with("page-") || !text.ends_with('.'), "{name}: surfaces add the full stop");
            for word in ["is no ", "mend", "lapsed", "(s)", "so-manieth", "hear of", "told of"] {
                assert!(!text.contains(word), "{name} says `{word}`");
            }
        }
    }

    #[test]
    fn every_text_of_the_page_exists_is_used_and_holds_no_markup() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/src/serve");
        let files = [format!("{page}/page.rs")].map(std::path::PathBuf::from).into_iter().chain(
            std::fs::read_dir(format!("{page}/page")).expect("a folder").flatten().map(|entry| entry.path()),
        );
        let code: String = files.map(|file| std::fs::read_to_string(file).expect("a text")).collect();
        let used = code.split('"').filter(|text| text.starts_with("page-"));
        let used: BTreeSet<&str> = used.collect();
        let known = ENGLISH.lines().filter_map(|line| line.split_once(" ="));
        let known: BTreeSet<&str> =
            known.map(|(name, _)| name).filter(|name| name.starts_with("page-")).collect();
        assert_eq!(used.symmetric_difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new());
        // Their parameters may be markup, so they are not escaped.
        let texts = ENGLISH.replace("{ \" \" }", " ");
        assert!(!texts.lines().any(|line| line.starts_with("page-") && line.contains(['<', '&', '"'])));
    }
}
