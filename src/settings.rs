//! How settings are read, shown, and reported: durations, addresses, secrets in files or variables, and what is wrong with one.

use std::fmt;
use std::path::Path;
use std::time::SystemTime;

use openclaw_auth::secret::SecretStr;

/// Something that is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingProblem {
    /// The setting: `notify.email.ops.password_file`.
    pub setting: String,
    pub problem: String,
    pub hint: Option<String>,
}

impl fmt::Display for SettingProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.setting, self.problem)?;
        self.hint.iter().try_for_each(|hint| write!(formatter, " ({hint})"))
    }
}

impl SettingProblem {
    /// A problem without a hint.
    #[must_use]
    pub fn new(setting: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { setting: setting.into(), problem: problem.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The value of an environment variable, if it is set and not empty.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Reads and writes a duration as people write it: `#[serde(with = "duration")]`.
pub(crate) mod duration {
    use openclaw_auth::model::Span;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Span>, D::Error> {
        let text = String::deserialize(deserializer)?;
        crate::clock::duration(&text).map(Some).map_err(serde::de::Error::custom)
    }

    #[expect(clippy::ref_option, reason = "serde hands the field over by reference")]
    pub(crate) fn serialize<S: Serializer>(span: &Option<Span>, serializer: S) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => serializer.collect_str(&humantime::format_duration(span.to_std())),
            None => serializer.serialize_none(),
        }
    }
}

/// Where a secret is: never in the configuration itself, but in a file or a variable that the configuration names.
#[derive(Clone, Copy, Debug)]
pub struct SecretSource<'a> {
    section: &'static str,
    name: &'static str,
    file: Option<&'a Path>,
    variable: Option<&'a str>,
    inline: Option<&'a str>,
}

impl<'a> SecretSource<'a> {
    /// The secret of the settings `<name>_file` and `<name>_env` in a section. The file wins.
    pub(crate) fn new(
        section: &'static str,
        name: &'static str,
        file: Option<&'a Path>,
        variable: Option<&'a str>,
    ) -> Self {
        Self { section, name, file, variable, inline: None }
    }

    /// Falls back to the value in the configuration: for addresses, which are not always secret.
    pub(crate) fn or_inline(self, inline: Option<&'a str>) -> Self {
        Self { inline, ..self }
    }

    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    #[must_use]
    pub fn file(&self) -> Option<&'a Path> {
        self.file
    }

    /// When its file was last written. What was refused with the old secret may be accepted with a new one.
    #[must_use]
    pub fn written(&self) -> Option<SystemTime> {
        self.file?.metadata().and_then(|metadata| metadata.modified()).ok()
    }

    /// Whether the configuration names a place for it.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.file.is_some() || self.variable.is_some() || self.inline.is_some()
    }

    /// Reads it without the whitespace around it; `None` if the configuration names no place.
    pub fn read(&self) -> Result<Option<SecretStr<'static>>, String> {
        let Self { section, name, .. } = self;
        let (text, place) = if let Some(file) = self.file {
            let text = std::fs::read_to_string(file).map_err(|error| {
                format!("{section}: cannot read {name}_file `{}`: {error}", file.display())
            })?;
            (text, format!("`{}`", file.display()))
        } else if let Some(name_of_variable) = self.variable {
            let text = variable(name_of_variable).ok_or_else(|| {
                format!("{section}: the variable `{name_of_variable}` of {name}_env is not set")
            })?;
            (text, format!("the variable `{name_of_variable}`"))
        } else {
            return Ok(self.inline.map(|text| SecretStr::owned(text.trim().to_owned())));
        };
        let text = SecretStr::owned(text);
        let trimmed = text.expose().trim();
        if trimmed.is_empty() {
            return Err(format!("{section}: there is no {name} in {place}"));
        }
        Ok(Some(SecretStr::owned(trimmed.to_owned())))
    }
}

/// Writes an address of which only the host may be shown: with most webhooks, the path is a secret.
#[expect(clippy::ref_option, reason = "serde hands the field over by reference")]
pub(crate) fn shown_url<S: serde::Serializer>(
    url: &Option<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match url {
        Some(url) => serializer.serialize_str(&redacted_url(url)),
        None => serializer.serialize_none(),
    }
}

/// Writes an address that is not a secret, without user and password.
pub(crate) fn shown_address<S: serde::Serializer>(address: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&without_user(address))
}

/// Writes several of them.
pub(crate) fn shown_addresses<S: serde::Serializer>(
    addresses: &[String],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(addresses.iter().map(|address| without_user(address)))
}

/// Writes a provider's endpoint without user and password, and without the query, which may hold a gateway's key.
#[expect(clippy::ref_option, reason = "serde hands the field over by reference")]
pub(crate) fn shown_endpoint<S: serde::Serializer>(
    url: &Option<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let Some(url) = url.as_deref().map(without_user) else { return serializer.serialize_none() };
    match url.split_once('?') {
        Some((endpoint, _)) => serializer.serialize_str(&format!("{endpoint}?[redacted]")),
        None => serializer.serialize_str(&url),
    }
}

/// An address without user and password.
#[must_use]
pub fn without_user(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => address.to_owned(),
    }
}

/// An address without user, path and query.
#[must_use]
pub fn redacted_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "[redacted]".to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or_default();
    let hidden = if matches!(behind, "" | "/") { behind } else { "/[redacted]" };
    format!("{scheme}://{host}{hidden}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_what_is_secret() {
        assert_eq!(redacted_url("https://hooks.example/T0/B0/x?y=z"), "https://hooks.example/[redacted]");
        assert_eq!(redacted_url("https://me:pw@ntfy.example:8443/"), "https://ntfy.example:8443/");
        assert_eq!(redacted_url("https://ntfy.sh"), "https://ntfy.sh");
        assert_eq!(redacted_url("garbage"), "[redacted]");
        assert_eq!(without_user("http://me:p@w@alerts.example:9093/x@y"), "http://alerts.example:9093/x@y");
        assert_eq!(without_user("topic@home"), "topic@home");
    }

    #[test]
    fn a_secret_is_read_without_the_end_of_its_line_and_an_empty_one_is_none() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("secret");
        std::fs::write(&file, " s3cret\n").expect("writable");
        let source = SecretSource::new("notify.email", "password", Some(&file), None);
        assert_eq!(source.read().expect("there").expect("named").expose(), "s3cret");
        std::fs::write(&file, "\n").expect("writable");
        let problem = source.read().expect_err("empty");
        assert!(problem.starts_with("notify.email: there is no password in `/"), "{problem}");
        let gone = dir.path().join("gone");
        let problem = SecretSource::new("notify.ntfy", "token", Some(&gone), None).read().expect_err("gone");
        assert!(problem.contains("token_file"), "{problem}");
        assert!(SecretSource::new("notify.ntfy", "token", None, None).read().expect("no place").is_none());
    }
}
