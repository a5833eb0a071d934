//! One tab-separated line a profile, without a heading: agent, profile, provider, type, status, bucket, login, expiry
//! (Unix milliseconds or `-`), reason (or `-`). Then one line for each provider in use without auth (`missing_provider`)
//! and for each store that cannot be read (`store_error`), in the same columns.

use std::io::{self, Write};

use crate::model::Snapshot;
use crate::publish::words::safe;

pub(super) fn write(snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    for agent in &snapshot.agents {
        let id = safe(agent.id.as_str());
        for profile in &agent.profiles {
            writeln!(
                out,
                "{id}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                safe(profile.profile_id.as_str()),
                safe(profile.provider.as_str()),
                profile.kind.as_str(),
                profile.status.as_str(),
                profile.bucket.as_str(),
                profile.login.as_str(),
                profile.end().map_or_else(|| "-".to_owned(), |end| format!("{:.0}", end.as_millis())),
                profile.reason_code.map_or("-", |reason| reason.as_str()),
            )?;
        }
        for provider in &agent.missing_providers_in_use {
            writeln!(
                out,
                "{id}\t-\t{}\t-\tmissing\tmissing\tnone\t-\tmissing_provider",
                safe(provider.as_str())
            )?;
        }
        if let Some(error) = &agent.store.error {
            writeln!(out, "{id}\t-\t-\t-\tmissing\tmissing\tnone\t-\tstore_error:{}", error.reason.as_str())?;
        }
    }
    Ok(())
}
