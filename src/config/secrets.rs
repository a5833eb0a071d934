//! Secrets of authwatch's own: never in the configuration itself, but in files or variables it names.

use std::path::Path;
use std::time::SystemTime;

use openclaw_auth::secret::SecretStr;

/// Where a secret is to be found.
#[derive(Clone, Copy, Debug)]
pub struct SecretSource<'a> {
    section: &'static str,
    name: &'static str,
    file: Option<&'a Path>,
    variable: Option<&'a str>,
    inline: Option<&'a str>,
}

impl<'a> SecretSource<'a> {
    /// A secret called `name`: in a file, else in a variable.
    pub(super) fn new(
        section: &'static str,
        name: &'static str,
        file: Option<&'a Path>,
        variable: Option<&'a str>,
    ) -> Self {
        Self { section, name, file, variable, inline: None }
    }

    /// The same, else as it stands in the configuration: for addresses, which are not always secret.
    pub(super) fn or_inline(self, inline: Option<&'a str>) -> Self {
        Self { inline, ..self }
    }

    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The file, if it is in one.
    #[must_use]
    pub fn file(&self) -> Option<&'a Path> {
        self.file
    }

    /// When its file was last written: what was refused with the old secret may be taken with a new one.
    #[must_use]
    pub fn written(&self) -> Option<SystemTime> {
        self.file?.metadata().and_then(|metadata| metadata.modified()).ok()
    }

    /// Whether any place is named.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.file.is_some() || self.variable.is_some() || self.inline.is_some()
    }

    /// Reads it; `None` where no place is named. Spaces and ends of lines around it are no part of it.
    pub fn read(&self) -> Result<Option<SecretStr<'static>>, String> {
        let Self { section, name, .. } = self;
        let text = if let Some(file) = self.file {
            std::fs::read_to_string(file).map(SecretStr::owned).map_err(|error| {
                format!("{section}: cannot read {name}_file `{}`: {error}", file.display())
            })?
        } else if let Some(variable) = self.variable {
            super::values::variable(variable)
                .map(SecretStr::owned)
                .ok_or_else(|| format!("{section}: the variable `{variable}` of {name}_env is not set"))?
        } else {
            return Ok(self.inline.map(|text| SecretStr::owned(text.trim().to_owned())));
        };
        let trimmed = text.expose().trim();
        if trimmed.is_empty() {
            return Err(format!("{section}: there is no {name} in {}", self.place()));
        }
        Ok(Some(SecretStr::owned(trimmed.to_owned())))
    }

    fn place(&self) -> String {
        match (self.file, self.variable) {
            (Some(file), _) => format!("`{}`", file.display()),
            (None, variable) => format!("the variable `{}`", variable.unwrap_or_default()),
        }
    }
}

/// An address as it may be shown: what is behind the host is a secret with most webhooks.
#[expect(clippy::ref_option, reason = "serde hands the field over by reference")]
pub(super) fn shown_url<S: serde::Serializer>(
    url: &Option<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&url.as_deref().map(redacted_url).unwrap_or_default())
}

/// An address that is no secret itself, without whoever signs in with it.
pub(super) fn shown_address<S: serde::Serializer>(address: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&without_user(address))
}

/// The same for several.
pub(super) fn shown_addresses<S: serde::Serializer>(
    addresses: &[String],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(addresses.iter().map(|address| without_user(address)))
}

/// An endpoint of a provider's: without whoever signs in with it, and without what a gateway's key may be in.
#[expect(clippy::ref_option, reason = "serde hands the field over by reference")]
pub(super) fn shown_endpoint<S: serde::Serializer>(
    url: &Option<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let url = without_user(url.as_deref().unwrap_or_default());
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
