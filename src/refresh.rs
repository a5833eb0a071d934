//! Fourth stage: renewing what can be renewed, under OpenClaw's own locks, and never at the price of a login.
//!
//! [`candidates`] finds the logins and [`plan`] decides who is due. [`round`] renews several at once, each by the order of steps
//! in [`sequence`]. What could not be stored, and what a late writer undid, is settled by [`recovery`].

pub mod answer;
pub mod candidates;
mod commit;
pub mod endpoint;
pub mod exchange;
mod mirror;
pub mod outcome;
mod place;
pub mod plan;
pub mod recovery;
mod refresher;
mod remember;
pub mod round;
pub mod sequence;

pub use self::refresher::{Refresher, SetupError};
