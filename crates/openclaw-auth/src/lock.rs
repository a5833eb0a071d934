//! OpenClaw's lock files: their names, what is in them, how long they are waited for, and when one is stale.
//!
//! Pure. A lock is a sidecar file created exclusively; `flock` is invisible to OpenClaw. Two generations of rules are in
//! the field, and a lock is broken only when *both* call it stale: breaking one that its holder still trusts costs a login.

use std::time::Duration;

use ring::digest;
use serde::{Deserialize, Serialize};

use super::digest::hex;
use crate::model::{Span, Timestamp};

/// How a lock is waited for, and when it is stale.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Attempts, the first one included.
    pub attempts: u32,
    /// The pause after the first attempt; it doubles.
    pub first_pause: Duration,
    /// No pause is longer.
    pub longest_pause: Duration,
    /// A lock without a provable holder is stale after this.
    pub stale_after: Span,
}

/// OpenClaw's patience with the refresh lock: about 143 s in all.
pub const REFRESH_LOCK: Patience = Patience {
    attempts: 20,
    first_pause: Duration::from_millis(100),
    longest_pause: Duration::from_secs(10),
    stale_after: Span::from_mins(3.0),
};

/// OpenClaw's patience with the lock of a store: about 43 s in all.
pub const STORE_LOCK: Patience = Patience {
    attempts: 10,
    first_pause: Duration::from_millis(100),
    longest_pause: Duration::from_secs(10),
    stale_after: Span::from_secs(30.0),
};

/// What a lock file says about its holder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload {
    /// The holder's process id.
    pub pid: u32,
    /// When it was taken, ISO 8601 UTC.
    pub created_at: String,
    /// The holder's start time: field 22 of `/proc/<pid>/stat`. Without it a reused pid looks alive for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starttime: Option<u64>,
    /// Where the process id was given, where the holder says so: OpenClaw does not, and takes no notice of it.
    #[serde(flatten)]
    pub origin: Option<PidOrigin>,
}

/// Where a process id means something: one PID namespace during one boot. A container has a namespace of its own, and to whoever looks at
/// its processes from another one they seem to be dead, or to be others.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PidOrigin {
    /// The inode of `/proc/self/ns/pid`.
    pub pid_namespace: u64,
    /// `/proc/sys/kernel/random/boot_id`: every machine numbers its namespaces alike.
    pub boot_id: String,
}

impl Payload {
    /// The file's content, as OpenClaw writes it.
    #[must_use]
    pub fn to_json(&self) -> String {
        format!("{}\n", serde_json::to_string_pretty(self).expect("a payload is plain values"))
    }

    /// Reads a lock file; `None` where there is no pid to be read.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        /// Anything may be wrong with the other fields; the pid alone decides.
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct LockFileText {
            pid: u32,
            #[serde(default)]
            created_at: serde_json::Value,
            #[serde(default)]
            starttime: serde_json::Value,
            #[serde(default)]
            pid_namespace: serde_json::Value,
            #[serde(default)]
            boot_id: serde_json::Value,
        }
        let written: LockFileText = serde_json::from_slice(bytes).ok()?;
        (written.pid > 0).then(|| Self {
            pid: written.pid,
            created_at: written.created_at.as_str().unwrap_or_default().to_owned(),
            starttime: written.starttime.as_u64(),
            origin: written
                .pid_namespace
                .as_u64()
                .zip(written.boot_id.as_str())
                .map(|(pid_namespace, boot_id)| PidOrigin { pid_namespace, boot_id: boot_id.to_owned() }),
        })
    }

    /// When it says it was taken.
    #[must_use]
    pub fn created(&self) -> Option<Timestamp> {
        let date = chrono::DateTime::parse_from_rfc3339(&self.created_at).ok()?;
        Some(date.into())
    }
}

/// What the system says about a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// There is none, or only its remains wait to be collected.
    Dead,
    /// It lives.
    Alive {
        /// Its start time, where the system tells.
        starttime: Option<u64>,
    },
}

/// What is known about a lock when it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What the file says; `None` where it has no readable pid, or is a directory.
    pub payload: Option<&'a Payload>,
    /// What the system says about the pid.
    pub process: Option<Process>,
    /// Where the process ids mean something that the system was asked about; `None` where it does not say.
    pub origin: Option<&'a PidOrigin>,
    /// When file or directory were last changed.
    pub modified: Timestamp,
    /// After this long a lock without a provable holder is stale.
    pub limit: Span,
    /// The moment.
    pub now: Timestamp,
}

impl Evidence<'_> {
    /// Whether the rules of 2026.4 *and* those of 2026.5 and later call the lock stale, and its holder is not merely out of sight.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        match (self.payload, self.process) {
            // Both releases would break it at once; but a living process of another container looks dead from here.
            (Some(payload), Some(Process::Dead)) => self.shares_origin(payload) || self.is_old(),
            // 2026.5 knows that the pid has been reused; 2026.4 waits for the lock to grow old.
            (
                Some(Payload { starttime: Some(taken), .. }),
                Some(Process::Alive { starttime: Some(runs) }),
            ) => taken != &runs && self.is_old(),
            // 2026.4 would break it for its age alone; 2026.5 respects a live pid for ever.
            (Some(_), _) => false,
            (None, _) => self.is_old(),
        }
    }

    /// Whether the pid was provably given where the system was asked about it.
    fn shares_origin(&self, payload: &Payload) -> bool {
        payload.origin.is_some() && payload.origin.as_ref() == self.origin
    }

    /// Old by every sign: either release looks at the younger of the two as well.
    fn is_old(&self) -> bool {
        let age = |since: Timestamp| self.now - since;
        let created = self.payload.and_then(Payload::created).map_or(Span::FOREVER, age);
        created.min(age(self.modified)) > self.limit
    }
}

/// The name of the refresh lock up to 2026.5, without `.lock`.
#[must_use]
pub fn refresh_lock_name(provider: &str, profile: &str) -> String {
    let digest = digest::digest(&digest::SHA256, format!("{provider}\0{profile}").as_bytes());
    format!("sha256-{}", hex(digest.as_ref()))
}

/// The name of the refresh lock from 2026.6 on, without `.lock`.
#[must_use]
pub fn newer_refresh_lock_name(provider: &str, profile: &str) -> String {
    const PRIME: u64 = 1_099_511_628_211;
    let key = serde_json::to_string(&[provider, profile]).expect("two strings are JSON");
    let (mut first, mut second) = (14_695_981_039_346_656_037_u64, 11_160_318_154_034_397_263_u64);
    for byte in key.bytes().map(u64::from) {
        first = (first ^ byte).wrapping_mul(PRIME);
        second = (second ^ byte.wrapping_add(11_400_714_819_323_198_485)).wrapping_mul(PRIME);
    }
    format!("lock-{first:016x}{second:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_openclaws() {
        for (provider, older, newer) in [
            (
                "openai-codex",
                "sha256-cee1bbaed8073aace8170859a25616882c288ceeaa1119df363bf01cc0cdab65",
                "lock-7b9da1f0ba485a46aaec13e8c09ceb27",
            ),
            (
                "openai",
                "sha256-5745659ffbfd6177a09e335e5c3da5e6bc0c2ed19b67af51f537ea171e03ccd0",
                "lock-5440fa0b86d2697ef1152f7cb32a8157",
            ),
            (
                "anthropic",
                "sha256-3ca41129fe4df4051f8cd238745d9783c6bef528402e728a4e7c5f3485af52a5",
                "lock-d86ff71f0416cea6738a705bf801262d",
            ),
        ] {
            let profile = format!("{provider}:default");
            assert_eq!(refresh_lock_name(provider, &profile), older);
            assert_eq!(newer_refresh_lock_name(provider, &profile), newer);
        }
    }

    #[test]
    fn a_lock_is_stale_only_where_both_releases_say_so() {
        let (now, limit) = (Timestamp::from_millis(1_800_000_000_000.0), Span::from_secs(30.0));
        let own = PidOrigin { pid_namespace: 4_026_531_836, boot_id: "b-1".to_owned() };
        let judged = |payload: &str, process: Option<Process>, age: f64, origin: Option<&PidOrigin>| {
            let payload = Payload::parse(payload.as_bytes());
            let modified = now - Span::from_millis(age);
            Evidence { payload: payload.as_ref(), process, origin, modified, limit, now }.is_stale()
        };
        let stale =
            |payload: &str, process: Option<Process>, age: f64| judged(payload, process, age, Some(&own));
        let created = |age_s: i64| {
            let at =
                chrono::DateTime::from_timestamp_millis(1_800_000_000_000 - age_s * 1000).expect("a date");
            at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
        };
        let payload =
            |age_s: i64, rest: &str| format!(r#"{{"pid": 7, "createdAt": "{}"{rest}}}"#, created(age_s));
        let alive = |starttime| Some(Process::Alive { starttime });
        let dead = Some(Process::Dead);
        let from =
            |namespace: u64, boot: &str| format!(r#", "pidNamespace": {namespace}, "bootId": "{boot}""#);
        let ours = from(4_026_531_836, "b-1");
        assert!(stale(&payload(1, &ours), dead, 1000.0), "dead pid of our own namespace");
        assert!(!judged(&payload(1, &ours), dead, 1000.0, None), "our own namespace cannot be told");
        for (whose, origin) in [
            ("OpenClaw's", String::new()),
            ("another container's", from(4_026_532_300, "b-1")),
            ("another machine's", from(4_026_531_836, "b-2")),
            ("half of an origin", r#", "pidNamespace": 4026531836"#.to_owned()),
        ] {
            assert!(!stale(&payload(1, &origin), dead, 1000.0), "{whose}, young");
            assert!(!stale(&payload(31, &origin), dead, 1000.0), "{whose}, touched a moment ago");
            assert!(!stale(&payload(1, &origin), dead, 31_000.0), "{whose}, taken a moment ago");
            assert!(stale(&payload(31, &origin), dead, 31_000.0), "{whose}, old");
        }
        assert!(!judged(&payload(1, ""), dead, 1000.0, None), "nobody tells");
        assert!(!stale(&payload(9999, ""), alive(Some(1)), 9_999_000.0), "old, live pid: 2026.5 respects it");
        assert!(
            !stale(&payload(9, r#", "starttime": 2"#), alive(Some(1)), 9000.0),
            "reused pid, young: 2026.4 does"
        );
        assert!(stale(&payload(31, r#", "starttime": 2"#), alive(Some(1)), 31_000.0), "reused pid, old");
        assert!(!stale(&payload(31, r#", "starttime": 2"#), alive(Some(1)), 1000.0), "touched a moment ago");
        assert!(!stale(&payload(31, r#", "starttime": 1"#), alive(Some(1)), 31_000.0), "its holder");
        assert!(!stale(&payload(31, r#", "starttime": 2"#), alive(None), 31_000.0), "cannot be told");
        assert!(!stale("", None, 29_000.0) && stale("", None, 31_000.0), "empty");
        assert!(!stale("garbage", None, 29_000.0) && stale("garbage", None, 31_000.0), "garbage");
        assert!(!stale("", None, -9_000_000.0), "from the future");
    }

    #[test]
    fn the_payload_reads_back() {
        let mut payload = Payload {
            pid: 7,
            created_at: "2026-11-21T10:00:00.000Z".to_owned(),
            starttime: Some(9),
            origin: Some(PidOrigin { pid_namespace: 5, boot_id: "b".to_owned() }),
        };
        assert_eq!(Payload::parse(payload.to_json().as_bytes()).as_ref(), Some(&payload));
        payload.origin = None;
        assert!(!payload.to_json().contains("pidNamespace"));
        assert_eq!(Payload::parse(payload.to_json().as_bytes()), Some(payload));
        assert_eq!(Payload::parse(br#"{"pid": 0}"#), None);
        assert_eq!(
            Payload::parse(br#"{"pid": 5, "createdAt": 3, "starttime": "x"}"#).map(|payload| payload.pid),
            Some(5)
        );
    }
}
