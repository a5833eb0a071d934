//! Reports, all from the same snapshot: JSON and plain lines here, the other formats in a file each.

mod nagios;
mod openclaw;
mod table;

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::model::{AgentHealth, Snapshot};
use crate::publish::words::safe;

pub use self::nagios::exit_code as nagios_exit_code;

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: what needs you first, fits a phone.
    #[default]
    Table,
    /// For programs: the whole snapshot.
    Json,
    /// For scripts: one tab-separated line a profile.
    Plain,
    /// The keys that scripts read from `openclaw models status --json`; one agent.
    Openclaw,
    /// A Nagios plugin's line, with its own exit codes.
    Nagios,
}

/// How a table is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Columns to fit into.
    pub width: usize,
    /// Whether what needs nobody is left out.
    pub only_problems: bool,
}

pub fn write(snapshot: &Snapshot, format: Format, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Table => table::write(snapshot, layout.width, layout.only_problems, out),
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, snapshot)?;
            writeln!(out)
        }
        Format::Plain => plain(snapshot, out),
        Format::Openclaw => match one_agent(snapshot) {
            Some(agent) => openclaw::write(snapshot, agent, out),
            None => Ok(()),
        },
        Format::Nagios => nagios::write(snapshot, out),
    }
}

/// The agent an `openclaw` report is about: the only one, or else the default one.
#[must_use]
pub fn one_agent(snapshot: &Snapshot) -> Option<&AgentHealth> {
    match snapshot.agents.as_slice() {
        [only] => Some(only),
        agents => agents.iter().find(|agent| agent.default).or(agents.first()),
    }
}

/// One tab-separated line a profile, without a heading: agent, profile, provider, type, status, bucket, login, expiry
/// (Unix milliseconds or `-`), reason (or `-`). Then, in the same columns, one line for each key in use that is in no store
/// (type `env`), for each provider in use without auth (`missing_provider`), and for each store that cannot be read
/// (`store_error`).
fn plain(snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
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
        let keys: BTreeSet<_> = agent.keys().map(|(route, key)| (&*route.provider, key)).collect();
        for (provider, key) in keys {
            writeln!(out, "{id}\t{}\t{}\tenv\tstatic\tvalid\tnone\t-\t-", safe(&key.id()), safe(provider))?;
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
