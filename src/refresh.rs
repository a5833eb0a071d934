//! Renewing logins, under OpenClaw's own locks, and without ever losing one.
//!
//! [`candidates`] finds the logins and [`plan`] decides which are due. [`run`] renews several at once, each by the steps of
//! [`sequence`]. [`recovery`] settles what could not be stored and what a late writer undid.

pub mod answer;
pub mod candidates;
mod commit;
pub mod databases;
pub mod endpoint;
mod held;
mod locks;
pub mod outcome;
mod place;
pub mod plan;
pub mod recovery;
mod refresher;
pub mod sequence;

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use openclaw_auth::model::Timestamp;
use tokio::sync::Semaphore;

use self::candidates::Login;
use self::outcome::{Outcome, TransientReason};
use self::plan::Decision;
pub use self::refresher::{Refresher, SetupError};
use crate::clock;
use crate::state::Fingerprint;

/// Logins that are renewed at the same time. One takes a second or two.
const MAX_CONCURRENT: usize = 8;

/// Renews what is due. Must run on a `LocalSet`.
///
/// After a stop, renewals in progress are finished and no others begin. `begin` is called for each login before it is renewed. The
/// outcomes are in the order of the logins, each with its duration.
pub async fn run(
    refresher: &Rc<Refresher>,
    logins: &[Login],
    force: bool,
    begin: fn(&Login),
) -> Vec<(Outcome, Duration)> {
    let permits = Rc::new(Semaphore::new(MAX_CONCURRENT));
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
        if let Ok(done) = task.await {
            for (index, outcome, took) in done {
                outcomes[index] = (outcome, took);
            }
        } else {
            // It panicked: its locks were released, and the panic hook printed the message.
            tracing::error!("a refresh has failed by a fault of authwatch's own ({} logins)", indices.len());
        }
    }
    outcomes
}

/// Groups logins by refresh token. Copies of one login may have several profile IDs with different locks, so they are renewed one
/// after another, and the second one finds its token used.
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
        Decision::NeedsSignIn(reason) => Outcome::NeedsSignIn(*reason),
        Decision::NotRenewable(reason) => Outcome::NotRenewable(*reason),
    }
}
