//! One round over all logins: several at once, each provider and profile one at a time by its lock.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::candidates::Login;
use super::outcome::{NotRenewable, Outcome, TransientReason};
use super::plan::Decision;
use super::{Refresher, delegate};
use crate::clock;
use crate::model::Millis;
use crate::openclaw::credential::REFRESH_MARGIN;

/// Logins that are renewed at the same time. One provider's answer takes a second or two.
const AT_ONCE: usize = 8;

/// Renews what is due. Runs on a `LocalSet`.
///
/// After a stop, what has begun is finished and what has not is left for the next round. `begin` is called for each login before
/// it is renewed. The outcomes are in the order of the logins, each with how long it took.
pub async fn run(
    refresher: &Rc<Refresher>,
    logins: &[Login],
    force: bool,
    begin: fn(&Login),
) -> Vec<(Outcome, Duration)> {
    let permits = Rc::new(Semaphore::new(AT_ONCE));
    let tasks: Vec<_> = logins
        .iter()
        .cloned()
        .map(|login| {
            let (refresher, permits) = (Rc::clone(refresher), Rc::clone(&permits));
            tokio::task::spawn_local(async move {
                let _permit = permits.acquire().await;
                let start = Instant::now();
                (one(&refresher, &login, force, begin).await, start.elapsed())
            })
        })
        .collect();
    let mut outcomes = Vec::with_capacity(tasks.len());
    for task in tasks {
        // Its locks were released on the way; the others go on.
        outcomes.push(task.await.unwrap_or_else(|_| {
            // What it panicked with was said by then, without what may be secret in it.
            tracing::error!("a refresh has failed by a fault of authwatch's own");
            (Outcome::Contended, Duration::ZERO)
        }));
    }
    outcomes
}

async fn one(refresher: &Refresher, login: &Login, force: bool, begin: fn(&Login)) -> Outcome {
    match &login.decision {
        Decision::Due if refresher.stop.is_requested() => Outcome::Stopped,
        Decision::Due => {
            begin(login);
            refresher.refresh(login, force).await
        }
        Decision::Fresh { .. } => {
            Outcome::AlreadyFresh { expires: login.expires.unwrap_or(Millis(f64::INFINITY)) }
        }
        Decision::Waiting { until } => {
            let wait = Millis(until.0 - clock::now().0);
            Outcome::Transient(TransientReason::BackingOff, Some(wait))
        }
        Decision::Dead(reason) => Outcome::Dead(*reason),
        Decision::NotRenewable(reason) => delegated(refresher, login, *reason, begin).await,
    }
}

/// Lets OpenClaw itself renew what only it may.
async fn delegated(refresher: &Refresher, login: &Login, reason: NotRenewable, begin: fn(&Login)) -> Outcome {
    let config = &refresher.config.refresh;
    let for_others =
        matches!(reason, NotRenewable::Database | NotRenewable::Unsupported | NotRenewable::External);
    let due = login.expires.is_some_and(|end| end.0 - clock::now().0 <= REFRESH_MARGIN.0);
    if config.delegate_command.is_empty() || !for_others || !due {
        return Outcome::NotRenewable(reason);
    }
    begin(login);
    let ran =
        delegate::run(config, login.agent.as_str(), login.provider.as_str(), login.profile.as_str()).await;
    match ran {
        Ok(()) => Outcome::Delegated,
        Err(problem) => {
            tracing::warn!("{problem}");
            Outcome::Transient(TransientReason::Delegate, None)
        }
    }
}
