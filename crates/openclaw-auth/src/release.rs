//! Which release of OpenClaw a state directory belongs to, by what that release left in it, and which rules it follows.
//!
//! Every signal is a lower bound, and the newest one counts: a downgrade leaves newer files behind, which the older release does not
//! read. Where there is no signal, the release is assumed from the kinds of stores.

use std::cmp::Ordering;

use crate::model::Semantics;
use crate::words;

/// A release's number. One without a patch stands for the newest of its month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The year.
    pub year: u16,
    /// The month, or the number that stands in its place.
    pub month: u16,
    /// The last of the three.
    pub patch: u16,
}

impl Version {
    /// The first release that keeps logins in databases.
    pub const DATABASES: Self = Self::new(2026, 6, 0);

    /// The number of a release.
    #[must_use]
    pub const fn new(year: u16, month: u16, patch: u16) -> Self {
        Self { year, month, patch }
    }

    /// Reads `2026.9.6`, `v2026.9.6-beta.1`, or `2026.9`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().trim_start_matches('v').split(['.', '-', '+']);
        let (year, month) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let patch = parts.next().and_then(|patch| patch.parse().ok()).unwrap_or(u16::MAX);
        Some(Self { year, month, patch })
    }
}

words! {
    /// The rules by which releases answer `openclaw models status --check`, each named after the first release that has them.
    pub enum Rules in "snake_case" {
        /// 2026.2.26 to 2026.4.12: every token and login counts, and one that can be refreshed is always OK.
        #[strum(serialize = "2026.2")]
        Refreshable,
        /// 2026.4.25 to 2026.5.7: every token and login counts.
        #[strum(serialize = "2026.4")]
        Everything,
        /// 2026.5.12 to 2026.7.35: the providers in use count, each by all profiles that could be tried.
        #[strum(serialize = "2026.5")]
        InUse,
        /// 2026.8.1 and later: each model in use counts, by the one profile it would be called with.
        #[strum(serialize = "2026.8")]
        Selected,
    }
}

impl Rules {
    /// The rules of a release.
    #[must_use]
    pub fn of(version: Version) -> Self {
        match version {
            version if version < Version::new(2026, 4, 25) => Self::Refreshable,
            version if version < Version::new(2026, 5, 12) => Self::Everything,
            version if version < Version::new(2026, 8, 0) => Self::InUse,
            _ => Self::Selected,
        }
    }

    /// How a release with these rules reads documents and credentials.
    #[must_use]
    pub fn semantics(self) -> Semantics {
        match self {
            Self::Refreshable | Self::Everything => Semantics::V2026_4,
            Self::InUse | Self::Selected => Semantics::V2026_9,
        }
    }
}

/// A release, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// As it was written, such as `2026.9.6`.
    pub version: Option<String>,
    /// The release that it is at least.
    pub at_least: Version,
    /// What it is known by.
    pub source: ReleaseSource,
}

words! {
    /// What a release is known by.
    pub enum ReleaseSource in "snake_case" {
        /// A person named it.
        Given,
        /// `meta.lastTouchedVersion` of the configuration.
        Configuration,
        /// The databases' schema.
        Databases,
        /// Nothing says so.
        Assumed,
    }
}

/// What is assumed where there are only JSON stores.
const JSON_ASSUMED: Version = Version::new(2026, 4, 29);

/// The databases of a state directory, by the `user_version` of their schema; `None` where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schemas {
    /// `state/openclaw.sqlite`.
    pub shared: Option<u32>,
    /// The newest of the agents' databases.
    pub agent: Option<u32>,
}

impl Schemas {
    /// The release that the databases are at least of.
    fn at_least(self) -> Option<Version> {
        let shared = self.shared.map(|schema| match schema {
            0..15 => Version::DATABASES,
            15..18 => Version::new(2026, 8, 0),
            _ => Version::new(2026, 9, 0),
        });
        let agent = self.agent.map(|schema| match schema {
            0..19 => Version::DATABASES,
            19..23 => Version::new(2026, 8, 0),
            _ => Version::new(2026, 9, 0),
        });
        shared.max(agent)
    }
}

impl Release {
    /// A release that a person named.
    #[must_use]
    pub fn given(version: &str) -> Option<Self> {
        let at_least = Version::parse(version)?;
        Some(Self { version: Some(version.to_owned()), at_least, source: ReleaseSource::Given })
    }

    /// Finds it out from the version that last wrote the configuration, and from the databases.
    #[must_use]
    pub fn detect(last_touched: Option<&str>, schemas: Schemas) -> Self {
        let by_configuration = last_touched.and_then(|version| Some((version, Version::parse(version)?)));
        match (by_configuration, schemas.at_least()) {
            (Some((version, at_least)), by_databases)
                if by_databases.is_none_or(|other| other.cmp(&at_least) != Ordering::Greater) =>
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
        self.at_least < Version::DATABASES
    }

    /// The rules it follows.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules::of(self.at_least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_signal_counts() {
        let none = Schemas::default();
        let agent = |schema| Schemas { agent: Some(schema), ..none };
        let detect = Release::detect;
        assert_eq!(detect(Some("2026.4.29"), none).version.as_deref(), Some("2026.4.29"));
        assert_eq!(detect(Some("2026.4.29"), agent(1)).at_least, Version::DATABASES);
        assert_eq!(detect(Some("2026.9.6"), agent(23)).source, ReleaseSource::Configuration);
        assert_eq!(detect(None, agent(1)).source, ReleaseSource::Databases);
        assert_eq!(detect(None, agent(19)).rules(), Rules::Selected);
        let shared = Schemas { shared: Some(18), agent: Some(1) };
        assert_eq!(detect(Some("2026.8.2"), shared).at_least, Version::new(2026, 9, 0));
        assert_eq!(detect(Some("soon"), none).source, ReleaseSource::Assumed);
        assert_eq!(detect(None, none).rules(), Rules::Everything);
        assert!(detect(None, none).keeps_json());
        assert!(!detect(Some("v2026.10.1-beta"), none).keeps_json());
        assert_eq!(Release::given("2026.5"), Release::given("2026.5"));
        assert!(Release::given("latest").is_none());
    }

    #[test]
    fn four_sets_of_rules_follow_one_another() {
        let rules = |text| Rules::of(Version::parse(text).expect("a version"));
        for (version, expected) in [
            ("2026.2.26", Rules::Refreshable),
            ("2026.4.12", Rules::Refreshable),
            ("2026.4.25", Rules::Everything),
            ("2026.5.7", Rules::Everything),
            ("2026.5.12", Rules::InUse),
            ("2026.5", Rules::InUse),
            ("2026.7.35", Rules::InUse),
            ("2026.8.1", Rules::Selected),
            ("2027.1", Rules::Selected),
        ] {
            assert_eq!(rules(version), expected, "{version}");
        }
    }
}
