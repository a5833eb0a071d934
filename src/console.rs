//! Standard output and standard error: data for programs, sentences for people.

use std::io::{IsTerminal, Write};

use crate::exit::{self, Failure};

/// Says something to the person at the terminal.
pub fn talk(text: &str) {
    let _ = writeln!(anstream::stderr(), "authwatch: {text}");
}

/// Writes data to stdout. A reader that has seen enough (`| head`) is no error.
pub fn print(data: &[u8]) -> Result<(), Failure> {
    let write = |stdout: &mut dyn Write| stdout.write_all(data).and_then(|()| stdout.flush());
    // The filter that takes color out would take control characters out of data as well.
    let written = if data.contains(&b'\x1b') {
        write(&mut anstream::AutoStream::auto(std::io::stdout()).lock())
    } else {
        write(&mut std::io::stdout().lock())
    };
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(unwritable(error)),
        _ => Ok(()),
    }
}

/// What it means that stdout cannot be written.
#[must_use]
pub fn unwritable(error: std::io::Error) -> Failure {
    Failure::new(exit::CANNOT_WRITE, "cannot write to standard output").caused_by(error)
}

/// Columns to fit a report into: the terminal's, or `COLUMNS`, or 80.
#[must_use]
pub fn width() -> usize {
    let told =
        std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    let stdout = std::io::stdout();
    let asked = || {
        let size = stdout.is_terminal().then(|| rustix::termios::tcgetwinsize(&stdout).ok())??;
        (size.ws_col > 0).then_some(usize::from(size.ws_col))
    };
    told.or_else(asked).unwrap_or(80)
}
