//! What the system says about processes.

use std::fmt::Display;

use crate::model::{Span, Timestamp};

/// `/proc/<pid>/stat`, whose fields are described in proc(5).
#[derive(Debug)]
pub struct Stat(Vec<String>);

impl Stat {
    /// The process of that id, or `self`; `None` where there is none, or no `/proc`.
    #[must_use]
    pub fn read(process: impl Display) -> Option<Self> {
        let stat = std::fs::read(format!("/proc/{process}/stat")).ok()?;
        let stat = String::from_utf8_lossy(&stat);
        // The command's name is before them, and may hold anything.
        let (_, fields) = stat.rsplit_once(')')?;
        Some(Self(fields.split_whitespace().map(str::to_owned).collect()))
    }

    /// A field behind the command's name, by its number in proc(5).
    #[must_use]
    pub fn field(&self, number: usize) -> Option<&str> {
        self.0.get(number.checked_sub(3)?).map(String::as_str)
    }

    /// Whether the process has ended, and only its parent has not noticed yet.
    #[must_use]
    pub fn is_zombie(&self) -> bool {
        matches!(self.field(3), Some("Z" | "X"))
    }

    /// When it was started, in clock ticks since boot.
    #[must_use]
    pub fn start_ticks(&self) -> Option<u64> {
        self.field(22)?.parse().ok()
    }

    /// When it was started, by the wall clock.
    #[must_use]
    pub fn started(&self) -> Option<Timestamp> {
        let stat = std::fs::read_to_string("/proc/stat").ok()?;
        let boot: f64 = stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
        #[expect(clippy::cast_precision_loss, reason = "ticks since boot stay far below 2^53")]
        let since_boot = self.start_ticks()? as f64 / rustix::param::clock_ticks_per_second() as f64;
        Some(Timestamp::EPOCH + Span::from_secs(boot + since_boot))
    }
}
