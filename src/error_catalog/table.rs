//! The table, by where a cause is to be looked for. What says more stands before what says less.

mod login;
mod machine;
mod network;
mod provider;

use super::cause::Cause;

/// Every cause there is. The network first: a login that could not be renewed because of it needs no signing in.
pub fn all() -> impl Iterator<Item = &'static Cause> {
    [network::CAUSES, login::CAUSES, machine::CAUSES, provider::CAUSES].into_iter().flatten()
}
