//! Which logins are due: clocks, memory, and credentials in, a decision out.

use openclaw_auth::model::{Span, Timestamp};

use super::outcome::NotRenewable;
use crate::clock::Boot;
use crate::model::LoginReason;
use crate::state::LoginRecord;

/// A token is renewed at least this long before it expires; OpenClaw itself renews five minutes before.
const LEAD: Span = Span::from_mins(10.0);
/// Of a long lifetime, this last part is for renewing.
const LEAD_SHARE: f64 = 0.1;
/// So that copies of one login are not all renewed at once.
const JITTER_SHARE: f64 = 0.1;
/// OpenClaw renews at this point; authwatch is never later.
const OPENCLAW_LEAD: Span = Span::from_mins(5.0);
/// The backoff after the first failure; it doubles.
const FIRST_BACKOFF: Span = Span::from_secs(10.0);
/// The longest backoff, unless the provider asks for more.
const MAX_BACKOFF: Span = Span::from_mins(5.0);

/// The clock that stores are written by, and the one that cannot jump.
#[derive(Clone, Debug)]
pub struct Clocks {
    pub now: Timestamp,
    pub boot: Option<Boot>,
}

/// What the decision about a login depends on.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    pub renewable: Result<(), NotRenewable>,
    /// Of its access token.
    pub expires: Option<Timestamp>,
    /// What is remembered about its refresh token.
    pub record: Option<&'a LoginRecord>,
    /// From 0 to 1, the same for the same login every time.
    pub jitter: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    Due,
    /// Not due before `until`.
    Fresh {
        until: Timestamp,
    },
    /// It failed, and the next attempt is not before `until`.
    Waiting {
        until: Timestamp,
    },
    /// The provider refused it for good.
    NeedsSignIn(LoginReason),
    NotRenewable(NotRenewable),
}

/// `force` renews what is not due, but never presents a refused token again.
pub fn decide(candidate: &Candidate<'_>, clocks: &Clocks, force: bool) -> Decision {
    if let Err(reason) = candidate.renewable {
        return Decision::NotRenewable(reason);
    }
    if let Some(refused) = candidate.record.and_then(|record| record.refused) {
        return Decision::NeedsSignIn(refused.reason);
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
        // Longer than the backoff ever was: the clock was set back since.
        Some(failing) if failing.next_attempt - clocks.now > failing.backoff => Decision::Due,
        Some(failing) if clocks.now < failing.next_attempt => {
            Decision::Waiting { until: failing.next_attempt }
        }
        _ => Decision::Due,
    }
}

/// How long before it expires a token is renewed.
fn lead(candidate: &Candidate<'_>) -> Span {
    let lifetime = candidate.record.and_then(|record| record.issued.as_ref()).map(|issued| issued.lifetime);
    let lead = lifetime.map_or(LEAD, |lifetime| (lifetime * LEAD_SHARE).max(LEAD));
    let jittered = (lead * (1.0 + JITTER_SHARE * candidate.jitter)).max(OPENCLAW_LEAD);
    // Otherwise a token with a lifetime of minutes would be due as soon as it is issued.
    lifetime.map_or(jittered, |lifetime| jittered.min(lifetime / 2.0))
}

/// The time left, by the clock that says less: after the wall clock is set back, a token would seem fresh for days.
fn remaining(candidate: &Candidate<'_>, clocks: &Clocks) -> Span {
    let by_wall = candidate.expires.map_or(Span::ZERO, |expires| expires - clocks.now);
    let issued = candidate.record.and_then(|record| record.issued.as_ref());
    let by_boot = match (issued, &clocks.boot) {
        (Some(issued), Some(boot)) if issued.boot == boot.boot => issued.at + issued.lifetime - boot.at,
        _ => Span::FOREVER,
    };
    by_wall.min(by_boot)
}

/// How long to wait after `times` failures in a row.
pub fn backoff(times: u32, retry_after: Option<Span>, jitter: f64) -> Span {
    let doubled = FIRST_BACKOFF * f64::from(1_u32 << (times.saturating_sub(1)).min(16));
    let jittered = (doubled * (1.0 + JITTER_SHARE * jitter)).min(MAX_BACKOFF);
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

    fn failing(next_in: f64, backoff: f64) -> LoginRecord {
        let failing = Failing {
            reason: "dns".to_owned(),
            blocked: None,
            since: Timestamp::from_millis(NOW),
            times: 1,
            next_attempt: Timestamp::from_millis(NOW + next_in),
            backoff: Span::from_millis(backoff),
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
    fn a_refused_token_is_never_presented_again() {
        let refused = Refused { reason: LoginReason::InvalidGrant, since: Timestamp::from_millis(1.0) };
        let record = LoginRecord { refused: Some(refused), ..LoginRecord::default() };
        for force in [false, true] {
            let decision = decide(&candidate(0.0, Some(&record)), &clocks(NOW, 0.0), force);
            assert_eq!(decision, Decision::NeedsSignIn(LoginReason::InvalidGrant));
        }
    }

    #[test]
    fn backoff_doubles_up_to_five_minutes_and_honors_the_provider() {
        assert_eq!(backoff(1, None, 0.0), Span::from_secs(10.0));
        assert_eq!(backoff(3, None, 0.0), Span::from_secs(40.0));
        assert_eq!(backoff(99, None, 1.0), MAX_BACKOFF);
        assert_eq!(backoff(1, Some(Span::from_mins(15.0)), 0.0), Span::from_mins(15.0));
        assert_eq!(backoff(1, Some(Span::from_millis(1.0)), 0.0), Span::from_secs(10.0));
    }

    proptest! {
        #[test]
        fn it_is_never_later_than_openclaw_itself(
            ends_in in -1e9..1e12_f64, lifetime in prop::option::of(1.2e6..1e10_f64), jitter in 0.0..1.0_f64,
        ) {
            let record = lifetime.map(issued);
            let mut candidate = candidate(ends_in, record.as_ref());
            candidate.jitter = jitter;
            if ends_in <= OPENCLAW_LEAD.as_millis() {
                prop_assert_eq!(decide(&candidate, &clocks(NOW, 0.0), false), Decision::Due);
            }
            if let Decision::Fresh { until } = decide(&candidate, &clocks(NOW, 0.0), false) {
                prop_assert!(until.as_millis() <= NOW + ends_in - OPENCLAW_LEAD.as_millis() && until.as_millis() > NOW);
            }
        }
    }
}
