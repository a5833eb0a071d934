//! One round over all logins: several at once, each provider and profile one at a time by its lock.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use openclaw_auth::model::Timestamp;
use tokio::sync::Semaphore;

use super::candidates::Login;
use super::outcome::{Outcome, TransientReason};
use super::plan::Decision;
use super::refresher::Refresher;
use super::sequence;
use crate::clock;
use crate::state::Fingerprint;

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
    let tasks: Vec<_> = by_token(logins)
        .into_iter()
        .map(|copies| {
            let (refresher, permits) = (Rc::clone(refresher), Rc::clone(&permits));
            let copies: Vec<(usize, Login)> =
                copies.into_iter().map(|index| (index, logins[index].clone())).collect();
            let indices: Vec<usize> = copies.iter().map(|(index, _)| *index).collect();
            let task = tokio::task::spawn_local(async move {
                let _permit = permits.acquire().await;
                let mut outcomes = Vec::with_capacity(copies.len());
                for (index, login) in &copies {
                    let start = Instant::now();
                    outcomes.push((*index, one(&refresher, login, force, begin).await, start.elapsed()));
                }
                outcomes
            });
            (indices, task)
        })
        .collect();
    let mut outcomes = vec![(Outcome::Contended, Duration::ZERO); logins.len()];
    for (indices, task) in tasks {
        // Its locks were released on the way; the others go on.
        if let Ok(done) = task.await {
            for (index, outcome, took) in done {
                outcomes[index] = (outcome, took);
            }
        } else {
            // What it panicked with was said by then, without what may be secret in it.
            tracing::error!("a refresh has failed by a fault of authwatch's own ({} logins)", indices.len());
        }
    }
    outcomes
}

/// The logins by their refresh tokens. Copies of one login may stand under several profile ids, whose locks are different ones: they
/// take turns, and the second one finds that its token is spent.
fn by_token(logins: &[Login]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut known: HashMap<&Fingerprint, usize> = HashMap::new();
    for (index, login) in logins.iter().enumerate() {
        let next = groups.len();
        let group = login.fingerprint.as_ref().map_or(next, |token| *known.entry(token).or_insert(next));
        if group == next {
            groups.push(Vec::new());
        }
        groups[group].push(index);
    }
    groups
}

async fn one(refresher: &Refresher, login: &Login, force: bool, begin: fn(&Login)) -> Outcome {
    match &login.decision {
        Decision::Due if refresher.stop.is_requested() => Outcome::Stopped,
        Decision::Due => {
            begin(login);
            sequence::renew(refresher, login, force).await
        }
        Decision::Fresh { .. } => {
            Outcome::AlreadyFresh { expires: login.expires.unwrap_or(Timestamp::NEVER) }
        }
        Decision::Waiting { until } => {
            let wait = *until - clock::now();
            Outcome::Transient(TransientReason::BackingOff, Some(wait))
        }
        Decision::Dead(reason) => Outcome::Dead(*reason),
        Decision::NotRenewable(reason) => Outcome::NotRenewable(*reason),
    }
}
