//! What goes wrong with logins: one table of causes, by which error messages are recognised, dead logins are described and
//! notices are worded. Whoever says what a failure means takes the words from here, so that all say the same.

mod context;
mod mask;
mod recognise;
mod table;

use crate::model::LoginReason;
use openclaw_auth::words;

pub use self::context::Context;
pub use self::mask::mask;
pub use self::recognise::{Finding, recognise};
pub use self::table::all;

words! {
    /// Where a cause is to be looked for.
    pub enum Kind {
        /// The login itself: sign in again, or for the first time.
        Login = "login",
        /// The way to the provider.
        Network = "network",
        /// Settings, files and permissions on this machine.
        Configuration = "configuration",
        /// A credential that works, but not for this.
        WrongCredential = "wrong-credential",
        /// Two programs want the same thing at the same moment.
        Contention = "contention",
        /// A change of stores that is not finished.
        Migration = "migration",
        /// The provider's side: its limits, its bills, its troubles.
        Provider = "provider",
    }
}

impl Kind {
    /// What it is, for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Login => "the login",
            Self::Network => "the network",
            Self::Configuration => "the configuration",
            Self::WrongCredential => "the wrong kind of credential",
            Self::Contention => "contention",
            Self::Migration => "an unfinished migration",
            Self::Provider => "the provider's side",
        }
    }
}

/// The command that mends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mend {
    /// Sign in to the provider again, whatever kind of login it has.
    SignIn,
    /// Give it an API key.
    PasteKey,
    /// This one. `{agent}`, `{profile}` and `{provider}` stand for what it is about.
    Run(&'static str),
    /// None: only time, or somebody else, mends it.
    Wait,
}

#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// Its stable name.
    pub code: &'static str,
    /// Where it is to be looked for.
    pub kind: Kind,
    /// What it means: a sentence without a full stop.
    pub meaning: &'static str,
    /// The command that mends it.
    pub mend: Mend,
    /// What else to know, in sentences; may be empty.
    pub hint: &'static str,
    /// The texts by which it is recognised: all of one list have to be on a line. Lower case.
    signs: &'static [&'static [&'static str]],
    /// Whether it says little, and is left out where the same line names another cause.
    generic: bool,
}

/// The cause of that name.
#[must_use]
pub fn find(code: &str) -> Option<&'static Cause> {
    all().find(|cause| cause.code == code)
}

/// The cause of a dead, blocked or foreign login.
#[must_use]
pub fn of_login(reason: LoginReason) -> &'static Cause {
    find(reason.as_str()).expect("every reason is in the table, which a test checks")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_well_formed() {
        let codes: BTreeSet<&str> = all().map(|cause| cause.code).collect();
        assert_eq!(codes.len(), all().count(), "every code is there once");
        for cause in all() {
            assert!(!cause.meaning.ends_with('.'), "{}", cause.code);
            assert!(cause.hint.is_empty() || cause.hint.ends_with('.'), "{}", cause.code);
            for sign in cause.signs.iter().copied().flatten() {
                assert_eq!(*sign, sign.to_lowercase(), "{}", cause.code);
            }
        }
    }

    #[test]
    fn every_reason_of_a_login_has_a_cause() {
        for reason in LoginReason::ALL {
            assert_eq!(of_login(reason).code, reason.as_str());
        }
    }
}
