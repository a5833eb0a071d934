//! The part of a pass that renews what is due.

use std::rc::Rc;
use std::time::Duration;

use openclaw_auth::discover;

use super::monitor::Monitor;
use crate::clock;
use crate::exit::{self, Failure};
use crate::refresh::candidates::{self, Login, Selection};
use crate::refresh::plan::{Clocks, Decision};
use crate::refresh::{self, Refresher, recovery};
use crate::state::Memory;
use crate::stop::Stop;

/// While a provider or a lock keeps renewing waiting, the stores are scanned this often.
const MEANWHILE: Duration = Duration::from_secs(1);

impl Monitor {
    /// Renews what is due, and goes on publishing meanwhile if that takes long; whether the stores have to be scanned again.
    pub(super) async fn renew(&mut self, stopping: &Stop) -> Result<bool, Failure> {
        let options = self.options.clone();
        let refresher = Refresher::new(options.roots, options.state_dir, options.config, stopping.clone());
        let refresher = Rc::new(refresher.await.map_err(|error| {
            let hint = error.hint();
            Failure::new(exit::CANNOT_WRITE, "nothing is renewed").caused_by(error).hint(hint)
        })?);
        let settled = recovery::settle(&refresher).await;
        self.renewals.mark_looked();
        let logins = self.candidates()?;
        let before = clock::now();
        let round = refresh::run(&refresher, &logins, false, |_| {});
        tokio::pin!(round);
        let mut shown = false;
        let outcomes = loop {
            tokio::select! {
                outcomes = &mut round => break outcomes,
                () = tokio::time::sleep(MEANWHILE) => {
                    if let Ok(scan) = self.scan().await {
                        self.show(scan).await;
                        shown = true;
                    }
                }
            }
        };
        for (waited, broken) in refresher.take_waits() {
            self.publisher.metrics.count_lock(waited, broken);
        }
        let mut changed = shown || !settled.is_empty();
        for (login, (outcome, took)) in logins.iter().zip(outcomes) {
            let (event, is_new) = self.renewals.record(login, &outcome, before);
            changed |= is_new;
            if let Some(event) = event {
                self.publisher.record(event);
            }
            if login.renewable.is_ok() && login.decision == Decision::Due {
                self.publisher.metrics.count_outcome(login.provider.as_str(), &outcome, took);
            }
        }
        Ok(changed)
    }

    fn candidates(&self) -> Result<Vec<Login>, Failure> {
        let memory = Memory::read(&self.options.state_dir)
            .map_err(|error| Failure::new(exit::CANNOT_READ, "nothing is renewed").caused_by(error))?;
        let discovery = discover::discover(&self.options.roots, self.options.environment.iter().cloned());
        let clocks = Clocks { now: clock::now(), boot: clock::boot() };
        let config = &self.options.config.refresh;
        let roots = &self.options.roots;
        Ok(candidates::find(roots, &discovery, &memory, config, &Selection::default(), &clocks).logins)
    }
}
