//! The snapshot itself, in the contract's form.

use std::io::{self, Write};

use crate::model::Snapshot;

pub(super) fn write(snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, snapshot)?;
    writeln!(out)
}
