//! Which release of OpenClaw a state directory belongs to, by what that release left in it.
//!
//! Every signal is a lower bound, and the newest one counts: a downgrade leaves newer files behind, which the older release does not
//! read. Where there is no signal, the release is assumed from the kinds of stores.

use crate::words;

/// A release, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// As it was written, such as `2026.9.6`.
    pub version: Option<String>,
    /// Year and month that it is at least of.
    pub at_least: (u16, u16),
    /// What it is known by.
    pub source: ReleaseSource,
}

words! {
    /// What a release is known by.
    pub enum ReleaseSource {
        /// A person named it.
        Given = "given",
        /// `meta.lastTouchedVersion` of the configuration.
        Configuration = "configuration",
        /// That there are databases.
        Databases = "databases",
        /// Nothing says so.
        Assumed = "assumed",
    }
}

/// The first release that keeps logins in databases.
const DATABASES_SINCE: (u16, u16) = (2026, 6);
/// What is assumed where there are only JSON stores.
const JSON_ASSUMED: (u16, u16) = (2026, 4);

impl Release {
    /// A release that a person named.
    #[must_use]
    pub fn given(version: &str) -> Option<Self> {
        let at_least = year_and_month(version)?;
        Some(Self { version: Some(version.to_owned()), at_least, source: ReleaseSource::Given })
    }

    /// Finds it out from the version that last wrote the configuration, and from whether there is any database.
    #[must_use]
    pub fn detect(last_touched: Option<&str>, has_database: bool) -> Self {
        let by_databases = has_database.then_some(DATABASES_SINCE);
        let by_configuration = last_touched.and_then(|version| Some((version, year_and_month(version)?)));
        match (by_configuration, by_databases) {
            (Some((version, at_least)), by_databases)
                if by_databases.is_none_or(|other| other <= at_least) =>
            {
                Self { version: Some(version.to_owned()), at_least, source: ReleaseSource::Configuration }
            }
            (_, Some(at_least)) => Self { version: None, at_least, source: ReleaseSource::Databases },
            (_, None) => Self { version: None, at_least: JSON_ASSUMED, source: ReleaseSource::Assumed },
        }
    }

    /// Whether it keeps logins in JSON files.
    #[must_use]
    pub fn keeps_json(&self) -> bool {
        self.at_least < DATABASES_SINCE
    }
}

fn year_and_month(version: &str) -> Option<(u16, u16)> {
    let mut parts = version.trim().trim_start_matches('v').split(['.', '-']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_signal_counts() {
        let detect = Release::detect;
        assert_eq!(detect(Some("2026.4.29"), false).version.as_deref(), Some("2026.4.29"));
        assert_eq!(detect(Some("2026.4.29"), true).at_least, (2026, 6));
        assert_eq!(detect(Some("2026.9.6"), true).source, ReleaseSource::Configuration);
        assert_eq!(detect(None, true).source, ReleaseSource::Databases);
        assert_eq!(detect(Some("soon"), false).source, ReleaseSource::Assumed);
        assert!(detect(None, false).keeps_json());
        assert!(!detect(Some("v2026.10.1-beta"), false).keeps_json());
        assert_eq!(Release::given("2026.5"), Release::given("2026.5"));
        assert!(Release::given("latest").is_none());
    }
}
