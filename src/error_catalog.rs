//! What goes wrong with logins: one catalog of causes that recognizes error messages and says what a failure
//! means.

mod cause;
mod login;
mod machine;
mod mask;
mod recognize;
mod remote;

use crate::model::LoginReason;

pub use self::cause::{Cause, CauseKind, CauseRemedy};
pub use self::mask::mask;
pub use self::recognize::{ErrorContext, RecognizedCause, all, recognize};

/// The cause of that name.
#[must_use]
pub fn find(code: &str) -> Option<&'static Cause> {
    all().find(|cause| cause.code == code)
}

/// The cause of a refused, blocked, or foreign login.
#[must_use]
pub fn of_login(reason: LoginReason) -> &'static Cause {
    find(reason.as_str()).expect("every reason is in the catalog, which a test checks")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_catalog_is_well_formed() {
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
        for &reason in LoginReason::ALL {
            assert_eq!(of_login(reason).code, reason.as_str());
        }
    }
}
