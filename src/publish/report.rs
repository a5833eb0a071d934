//! Reports: one file a format, all from the same snapshot.

mod json;
mod nagios;
mod openclaw;
mod plain;
mod table;

use std::io::{self, Write};

use crate::model::{AgentHealth, Snapshot};

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
        Format::Json => json::write(snapshot, out),
        Format::Plain => plain::write(snapshot, out),
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
