//! In which databases logins are renewed: combinations of schema, release and provider that have stood a storm of real OpenClaw processes
//! beside authwatch's. Everything else is only read.

use openclaw_auth::discover::Discovery;
use openclaw_auth::load;
use openclaw_auth::paths::Roots;
use openclaw_auth::release::{Release, Schemas, Version};

use super::outcome::NotRenewable;
use crate::config::{DatabaseMode, RefreshConfig};

/// What has been tried.
struct Tried {
    schemas: Schemas,
    /// The newest release with these schemas that has been tried.
    newest: Version,
    /// Those whose logins the release itself refreshes, and that were in the storm.
    providers: &'static [&'static str],
}

const TRIED: &[Tried] = &[Tried {
    schemas: Schemas { shared: Some(1), agent: Some(1) },
    newest: Version::new(2026, 7, 35),
    providers: &["openai"],
}];

/// Which logins in the databases of a state directory are renewed.
#[derive(Clone, Copy, Debug)]
pub struct Renewable {
    providers: Result<&'static [&'static str], NotRenewable>,
}

impl Renewable {
    #[must_use]
    pub fn of(roots: &Roots, discovery: &Discovery, config: &RefreshConfig) -> Self {
        if config.databases == DatabaseMode::Off {
            return Self { providers: Err(NotRenewable::DatabasesOff) };
        }
        let schemas = load::schemas(roots, &discovery.agents);
        let release = Release::detect(discovery.settings.last_touched.as_deref(), schemas);
        let tried = TRIED.iter().find(|tried| tried.schemas == schemas && release.at_least <= tried.newest);
        Self { providers: tried.map(|tried| tried.providers).ok_or(NotRenewable::Database) }
    }

    pub(super) fn check(self, provider: &str) -> Result<(), NotRenewable> {
        if self.providers?.contains(&provider) { Ok(()) } else { Err(NotRenewable::Database) }
    }
}
