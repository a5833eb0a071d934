//! Who is due. Pure: clocks, memory and credentials in, a decision out.

use openclaw_auth::model::{Span, Timestamp};

use super::outcome::NotRenewable;
use crate::clock::Boot;
use crate::model::LoginReason;
use crate::state::LoginRecord;

/// A token is renewed at least this long before its end, where OpenClaw itself would at five minutes.
const LEAD: Span = Span::from_mins(10.0);
/// Of a long life, the last tenth is for renewing.
const LEAD_SHARE: f64 = 0.1;
/// Agents with the same login should not all come at once.
const JITTER_SHARE: f64 = 0.1;
/// OpenClaw renews at this point; authwatch is never later.
const OPENCLAWS_LEAD: Span = Span::from_mins(5.0);
/// The first pause after a failure; it doubles.
const FIRST_PAUSE: Span = Span::from_secs(10.0);
/// No pause is longer, unless the provider asks for it.
const LONGEST_PAUSE: Span = Span::from_mins(5.0);

/// Both clocks: the one stores are written by, and the one that cannot jump.
#[derive(Clone, Debug)]
pub struct Clocks {
    /// Wall clock.
    pub now: Timestamp,
    /// Boot-time clock.
    pub boot: Option<Boot>,
}

/// A login, as far as the decision looks at it.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// Whether it can be renewed from here.
    pub renewable: Result<(), NotRenewable>,
    /// When its access token ends.
    pub expires: Option<Timestamp>,
    /// What is remembered about its refresh token.
    pub record: Option<&'a LoginRecord>,
    /// From 0 to 1, the same for the same login every time.
    pub jitter: f64,
}

/// What is to be done about a login.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    Due,
    /// It is not due before this.
    Fresh {
        /// Unix milliseconds.
        until: Timestamp,
    },
    /// It has failed and is tried again at this moment.
    Waiting {
        /// Unix milliseconds.
        until: Timestamp,
    },
    /// The provider has refused it for good.
    Dead(LoginReason),
    /// It cannot be renewed from here.
    NotRenewable(NotRenewable),
}

/// Decides about one login. `force` renews what is not due, but never presents a dead token again.
#[must_use]
pub fn decide(candidate: &Candidate<'_>, clocks: &Clocks, force: bool) -> Decision {
    if let Err(reason) = candidate.renewable {
        return Decision::NotRenewable(reason);
    }
    if let Some(dead) = candidate.record.and_then(|record| record.dead) {
        return Decision::Dead(dead.reason);
    }
    if force {
        return Decision::Due;
    }
    let lead = lead(candidate);
    let remaining = remaining(candidate, clocks);
    if remaining > lead {
        return Decision::Fresh { until: clocks.now + remaining - lead };
    }
    match candidate.record.and_then(|record| record.failing.as_ref()) {
        // Longer than it was ever meant to be: the clock has been set back since.
        Some(failing) if failing.next_attempt - clocks.now > failing.pause => Decision::Due,
        Some(failing) if clocks.now < failing.next_attempt => {
            Decision::Waiting { until: failing.next_attempt }
        }
        _ => Decision::Due,
    }
}

/// How long before its end a token is renewed.
#[must_use]
pub fn lead(candidate: &Candidate<'_>) -> Span {
    let lifetime = candidate.record.and_then(|record| record.issued.as_ref()).map(|issued| issued.lifetime);
    let lead = lifetime.map_or(LEAD, |lifetime| (lifetime * LEAD_SHARE).max(LEAD));
    let jittered = (lead * (1.0 + JITTER_SHARE * candidate.jitter)).max(OPENCLAWS_LEAD);
    // A token that lives for minutes would otherwise be due as soon as it is issued.
    lifetime.map_or(jittered, |lifetime| jittered.min(lifetime / 2.0))
}

/// What is left of a token by the clock that says less: a wall clock set back would make a token look young for days.
fn remaining(candidate: &Candidate<'_>, clocks: &Clocks) -> Span {
    let by_wall = candidate.expires.map_or(Span::ZERO, |expires| expires - clocks.now);
    let issued = candidate.record.and_then(|record| record.issued.as_ref());
    let by_boot = match (issued, &clocks.boot) {
        (Some(issued), Some(boot)) if issued.boot == boot.boot => issued.at + issued.lifetime - boot.at,
        _ => Span::FOREVER,
    };
    by_wall.min(by_boot)
}

/// How long to wait after the so-manieth failure in a row.
#[must_use]
pub fn pause(times: u32, retry_after: Option<Span>, jitter: f64) -> Span {
    let doubled = FIRST_PAUSE * f64::from(1_u32 << (times.saturating_sub(1)).min(16));
    let jittered = (doubled * (1.0 + JITTER_SHARE * jitter)).min(LONGEST_PAUSE);
    retry_after.map_or(jittered, |asked| asked.max(jittered))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::state::{Failing, LastIssue, Refused};

    const MINUTE: f64 = 60_000.0;
    const NOW: f64 = 1_800_000_000_000.0;

    fn clocks(now: f64, boot: f64) -> Clocks {
        Clocks {
            now: Timestamp::from_millis(now),
            boot: Some(Boot { boot: "b".to_owned(), at: Span::from_millis(boot) }),
        }
    }

    fn candidate(ends_in: f64, record: Option<&LoginRecord>) -> Candidate<'_> {
        Candidate {
            renewable: Ok(()),
            expires: Some(Timestamp::from_millis(NOW + ends_in)),
            record,
            jitter: 0.0,
        }
    }

    fn issued(lifetime: f64) -> LoginRecord {
        let issued =
            LastIssue { boot: "b".to_owned(), at: Span::ZERO, lifetime: Span::from_millis(lifetime) };
        LoginRecord { issued: Some(issued), ..LoginRecord::default() }
    }

    fn failing(next_in: f64, pause: f64) -> LoginRecord {
        let failing = Failing {
            reason: "dns".to_owned(),
            blocked: None,
            since: Timestamp::from_millis(NOW),
            times: 1,
            next_attempt: Timestamp::from_millis(NOW + next_in),
            pause: Span::from_millis(pause),
        };
        LoginRecord { failing: Some(failing), ..LoginRecord::default() }
    }

    #[test]
    fn a_token_is_due_ten_minutes_or_a_tenth_of_its_life_before_its_end() {
        let decide = |ends_in: f64, record: Option<&LoginRecord>| {
            decide(&candidate(ends_in, record), &clocks(NOW, 0.0), false)
        };
        assert_eq!(decide(10.0 * MINUTE, None), Decision::Due);
        assert_eq!(
            decide(11.0 * MINUTE, None),
            Decision::Fresh { until: Timestamp::from_millis(NOW + MINUTE) }
        );
        let long = issued(1000.0 * MINUTE);
        assert_eq!(decide(99.0 * MINUTE, Some(&long)), Decision::Due);
        assert!(matches!(decide(101.0 * MINUTE, Some(&long)), Decision::Fresh { .. }));
        let short = issued(8.0 * MINUTE);
        assert!(matches!(decide(8.0 * MINUTE, Some(&short)), Decision::Fresh { .. }), "not due at birth");
        assert_eq!(decide(4.0 * MINUTE, Some(&short)), Decision::Due);
    }

    #[test]
    fn a_wall_clock_set_back_does_not_skip_a_refresh() {
        let record = issued(60.0 * MINUTE);
        let days = 5.0 * 24.0 * 60.0 * MINUTE;
        // By the wall it ends in five days; by the boot clock it has lived for 55 of its 60 minutes.
        assert_eq!(
            decide(&candidate(days, Some(&record)), &clocks(NOW, 55.0 * MINUTE), false),
            Decision::Due
        );
        let record = failing(days, 10_000.0);
        assert_eq!(decide(&candidate(0.0, Some(&record)), &clocks(NOW, 0.0), false), Decision::Due);
        let record = failing(5000.0, 10_000.0);
        assert!(matches!(
            decide(&candidate(0.0, Some(&record)), &clocks(NOW, 0.0), false),
            Decision::Waiting { .. }
        ));
    }

    #[test]
    fn a_dead_token_is_never_presented_again() {
        let dead = Refused { reason: LoginReason::InvalidGrant, since: Timestamp::from_millis(1.0) };
        let record = LoginRecord { dead: Some(dead), ..LoginRecord::default() };
        for force in [false, true] {
            let decision = decide(&candidate(0.0, Some(&record)), &clocks(NOW, 0.0), force);
            assert_eq!(decision, Decision::Dead(LoginReason::InvalidGrant));
        }
    }

    #[test]
    fn pauses_double_up_to_five_minutes_and_honour_the_provider() {
        assert_eq!(pause(1, None, 0.0), Span::from_secs(10.0));
        assert_eq!(pause(3, None, 0.0), Span::from_secs(40.0));
        assert_eq!(pause(99, None, 1.0), LONGEST_PAUSE);
        assert_eq!(pause(1, Some(Span::from_mins(15.0)), 0.0), Span::from_mins(15.0));
        assert_eq!(pause(1, Some(Span::from_millis(1.0)), 0.0), Span::from_secs(10.0));
    }

    proptest! {
        #[test]
        fn it_is_never_later_than_openclaw_itself(
            ends_in in -1e9..1e12_f64, lifetime in prop::option::of(1.2e6..1e10_f64), jitter in 0.0..1.0_f64,
        ) {
            let record = lifetime.map(issued);
            let mut candidate = candidate(ends_in, record.as_ref());
            candidate.jitter = jitter;
            if ends_in <= OPENCLAWS_LEAD.as_millis() {
                prop_assert_eq!(decide(&candidate, &clocks(NOW, 0.0), false), Decision::Due);
            }
            if let Decision::Fresh { until } = decide(&candidate, &clocks(NOW, 0.0), false) {
                prop_assert!(until.as_millis() <= NOW + ends_in - OPENCLAWS_LEAD.as_millis() && until.as_millis() > NOW);
            }
        }
    }
}
