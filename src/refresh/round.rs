//! One round over all logins: several at once, each provider and profile one at a time by its lock.

use std::rc::Rc;
use std::time::{Duration, Instant};

use openclaw_auth::model::Millis;
use tokio::sync::Semaphore;

use super::Refresher;
use super::candidates::Login;
use super::outcome::{Outcome, TransientReason};
use super::plan::Decision;
use crate::clock;

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
        Decision::NotRenewable(reason) => Outcome::NotRenewable(*reason),
    }
}
