//! Times as people give them and see them, and what the system says about this process.

use chrono::{DateTime, Timelike};
pub use openclaw_auth::clock::{Boot, boot, date, now};
use openclaw_auth::model::{Span, Timestamp};
use openclaw_auth::process::Stat;

/// What the system says about this process.
#[derive(Clone, Copy, Debug)]
pub struct ProcessUsage {
    pub cpu_seconds: f64,
    pub resident_bytes: f64,
    pub open_files: f64,
    pub started: Timestamp,
}

/// Reads `/proc/self`; `None` where there is none.
#[must_use]
pub fn process() -> Option<ProcessUsage> {
    let stat = Stat::read("self")?;
    let number = |field: usize| stat.field(field)?.parse::<f64>().ok();
    #[expect(clippy::cast_precision_loss, reason = "ticks a second and bytes a page are small")]
    let (ticks, page) = (rustix::param::clock_ticks_per_second() as f64, rustix::param::page_size() as f64);
    #[expect(clippy::cast_precision_loss, reason = "a process has few files")]
    let open_files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count) as f64;
    Some(ProcessUsage {
        cpu_seconds: (number(14)? + number(15)?) / ticks,
        resident_bytes: number(24)? * page,
        open_files,
        started: stat.started()?,
    })
}

/// The local minute of the day at a moment.
#[must_use]
pub fn local_minute(at: Timestamp) -> Option<u16> {
    let local = DateTime::<chrono::Local>::from(date(at)?);
    u16::try_from(local.hour() * 60 + local.minute()).ok()
}

/// The local date and time of a moment, to the minute; empty beyond the calendar.
#[must_use]
pub fn local_date(at: Timestamp) -> String {
    let local = date(at).map(DateTime::<chrono::Local>::from);
    local.map(|date| date.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

/// The same with its zone, for what is read on another machine: `2026-11-26 18:05 UTC`, `… +01:00`.
#[must_use]
pub fn zoned_date(at: Timestamp) -> String {
    let Some(local) = date(at).map(DateTime::<chrono::Local>::from) else { return String::new() };
    let zone = if local.offset().local_minus_utc() == 0 { "UTC" } else { "%:z" };
    local.format(&format!("%Y-%m-%d %H:%M {zone}")).to_string()
}

/// A time to judge by, as given to `--at`: RFC 3339, `+36h`, `-2d`, or Unix milliseconds.
pub fn parse_at(text: &str) -> Result<At, String> {
    let text = text.trim();
    if let Some(ahead) = text.strip_prefix('+') {
        return duration(ahead).map(At::Relative);
    }
    if let Some(back) = text.strip_prefix('-') {
        return duration(back).map(|span| At::Relative(-span));
    }
    if let Ok(milliseconds) = text.parse::<u64>() {
        #[expect(clippy::cast_precision_loss, reason = "JavaScript keeps times as doubles too")]
        return Ok(At::Absolute(Timestamp::from_millis(milliseconds as f64)));
    }
    DateTime::parse_from_rfc3339(text).map(|date| At::Absolute(date.into())).map_err(|_| {
        format!("`{text}` is no time: give RFC 3339 (2026-12-24T18:00:00Z), +36h, or Unix milliseconds")
    })
}

/// A duration as people write it (`90m`, `24h`, `1d 12h`), in milliseconds; `0` is allowed bare.
pub fn duration(text: &str) -> Result<Span, String> {
    if text.trim() == "0" {
        return Ok(Span::ZERO);
    }
    humantime::parse_duration(text.trim())
        .map(Span::from)
        .map_err(|error| format!("`{text}` is no duration: {error} (try 24h, 90m or 1d 12h)"))
}

/// A parsed `--at`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum At {
    Absolute(Timestamp),
    /// So long from now (or ago, when negative).
    Relative(Span),
}

impl At {
    /// The moment meant, seen from `now`.
    #[must_use]
    pub fn resolve(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Absolute(at) => at,
            Self::Relative(offset) => now + offset,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_all_three_forms() {
        assert_eq!(parse_at("1800000000000"), Ok(At::Absolute(Timestamp::from_millis(1_800_000_000_000.0))));
        assert_eq!(parse_at("+36h"), Ok(At::Relative(Span::from_hours(36.0))));
        assert_eq!(parse_at("-1d"), Ok(At::Relative(-Span::from_days(1.0))));
        assert_eq!(
            parse_at("2027-01-15T08:00:00Z"),
            Ok(At::Absolute(Timestamp::from_millis(1_800_000_000_000.0)))
        );
        assert!(parse_at("friday").unwrap_err().contains("RFC 3339"));
        assert_eq!(duration("0"), Ok(Span::ZERO));
        assert_eq!(duration("300000ms"), Ok(Span::from_mins(5.0)));
        assert!(duration("a day").is_err());
    }
}
