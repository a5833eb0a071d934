//! References to secrets that are kept elsewhere, told from other values.

use super::loose::Loose;
use super::text;
use crate::model::Semantics;

/// `${UPPER_CASE}`; `$UPPER_CASE` in 2026.9, too.
pub(super) fn is_env_template(value: &str, semantics: Semantics) -> bool {
    let named = text::trim(value).strip_prefix('$');
    let name = named.and_then(|rest| match rest.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}'),
        None => Some(rest).filter(|_| semantics == Semantics::V2026_9),
    });
    name.is_some_and(|name| {
        name.len() <= 128
            && name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    })
}

/// What decides whether an object is a `SecretRef`.
#[derive(Debug, Default)]
pub struct RefShape {
    keys: usize,
    source: Option<RefSource>,
    provider: RefField,
    id: RefField,
    is_legacy_oauth: bool,
}

#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
enum RefField {
    #[default]
    Absent,
    Filled,
    Useless,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum RefSource {
    Env,
    File,
    Exec,
    Store,
}

impl RefShape {
    /// An object with so many entries besides `source`, `provider` and `id`, and these.
    pub(super) fn of(others: usize, fields: [&Option<Loose<'_>>; 3]) -> Self {
        let [source, provider, id] = fields.map(Option::as_ref);
        Self {
            keys: others + fields.iter().filter(|field| field.is_some()).count(),
            source: source.and_then(ref_source),
            provider: provider.map_or(RefField::Absent, ref_field),
            id: id.map_or(RefField::Absent, ref_field),
            is_legacy_oauth: is_legacy_oauth_ref([source, provider, id].map(|field| field?.as_text())),
        }
    }

    pub(super) fn is_legacy_oauth_ref(&self) -> bool {
        self.is_legacy_oauth
    }

    pub(super) fn is_secret_ref(&self, semantics: Semantics) -> bool {
        let source_known = match self.source {
            Some(RefSource::Env | RefSource::File | RefSource::Exec) => true,
            Some(RefSource::Store) => semantics == Semantics::V2026_9,
            None => false,
        };
        source_known
            && self.id == RefField::Filled
            && match self.provider {
                RefField::Filled => self.keys == 3,
                RefField::Absent => true,
                RefField::Useless => false,
            }
    }
}

fn ref_field(value: &Loose<'_>) -> RefField {
    match value.as_text().and_then(text::non_empty) {
        Some(_) => RefField::Filled,
        None => RefField::Useless,
    }
}

fn is_legacy_oauth_ref(source_provider_id: [Option<&str>; 3]) -> bool {
    let is_digest = |id: &str| {
        id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    matches!(source_provider_id, [Some("openclaw-credentials"), Some("openai-codex"), Some(id)] if is_digest(id))
}

fn ref_source(value: &Loose<'_>) -> Option<RefSource> {
    match value.as_text()? {
        "env" => Some(RefSource::Env),
        "file" => Some(RefSource::File),
        "exec" => Some(RefSource::Exec),
        "store" => Some(RefSource::Store),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ref(json: &str, semantics: Semantics) -> bool {
        serde_json::from_str::<Loose<'_>>(json).expect("well-formed").is_secret_ref(semantics)
    }

    #[test]
    fn secret_references_are_told_from_other_values() {
        for semantics in [Semantics::V2026_4, Semantics::V2026_9] {
            assert!(is_ref(r#"{"source":"env","provider":"default","id":"X"}"#, semantics));
            assert!(is_ref(r#"{"source":"env","id":"X"}"#, semantics));
            assert!(is_ref(r#"" ${ANTHROPIC_API_KEY} ""#, semantics));
            assert!(!is_ref(r#"{"source":"env","provider":"default","id":"X","extra":1}"#, semantics));
            assert!(!is_ref(r#"{"source":"env","provider":"","id":"X"}"#, semantics));
            assert!(!is_ref(r#"{"source":"nope","provider":"default","id":"X"}"#, semantics));
            assert!(!is_ref(r#""${lower}""#, semantics));
            assert!(!is_ref(r#""secretref-env:FOO""#, semantics));
            assert!(!is_ref("7", semantics));
            assert!(!is_ref(r#""$lower""#, semantics) && !is_ref(r#""$""#, semantics));
        }
        assert!(!is_ref(r#""$ANTHROPIC_API_KEY""#, Semantics::V2026_4));
        assert!(is_ref(r#"" $ANTHROPIC_API_KEY ""#, Semantics::V2026_9));
        let store = r#"{"source":"store","provider":"default","id":"X"}"#;
        assert!(!is_ref(store, Semantics::V2026_4));
        assert!(is_ref(store, Semantics::V2026_9));
    }

    #[test]
    fn a_login_kept_elsewhere_is_told_from_other_objects() {
        let is_oauth_ref = |source: &str, provider: &str, id: &str| {
            let json = format!(r#"{{"source":"{source}","provider":"{provider}","id":"{id}"}}"#);
            serde_json::from_str::<Loose<'_>>(&json).expect("well-formed").is_legacy_oauth_ref()
        };
        let id = "0123456789abcdef".repeat(2);
        assert!(is_oauth_ref("openclaw-credentials", "openai-codex", &id));
        assert!(!is_oauth_ref("env", "openai-codex", &id));
        assert!(!is_oauth_ref("openclaw-credentials", "openai", &id));
        assert!(!is_oauth_ref("openclaw-credentials", "openai-codex", &id.to_uppercase()));
    }
}
