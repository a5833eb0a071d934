//! The table, by where a cause is to be looked for. What says more stands before what says less.

mod login;
mod machine;
mod network;
mod provider;

use super::{Cause, Kind, Mend};

type Signs = &'static [&'static [&'static str]];

const fn cause(
    code: &'static str,
    kind: Kind,
    meaning: &'static str,
    mend: Mend,
    hint: &'static str,
    signs: Signs,
) -> Cause {
    Cause { code, kind, meaning, mend, hint, signs, generic: false }
}

const fn generic(cause: Cause) -> Cause {
    Cause { generic: true, ..cause }
}

const DOCTOR: Mend = Mend::Run("authwatch doctor");
const REFRESH: Mend = Mend::Run("authwatch refresh --agent {agent}");

/// Every cause there is. The network first: a login that could not be renewed because of it needs no signing in.
pub fn all() -> impl Iterator<Item = &'static Cause> {
    [network::CAUSES, login::CAUSES, machine::CAUSES, provider::CAUSES].into_iter().flatten()
}
