//! A cause of failing logins: where to look for it, what it means, and the command that fixes it.

use openclaw_auth::words;

words! {
    /// Where a cause is to be looked for.
    pub enum CauseKind {
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

impl CauseKind {
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
pub enum CauseRemedy {
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
    pub kind: CauseKind,
    /// What it means: a sentence without a full stop.
    pub meaning: &'static str,
    /// The command that mends it.
    pub remedy: CauseRemedy,
    /// What else to know, in sentences; may be empty.
    pub hint: &'static str,
    /// The texts by which it is recognised: all of one list have to be on a line. Lower case.
    pub(super) signs: Signs,
    /// Whether it says little, and is left out where the same line names another cause.
    pub(super) generic: bool,
}

type Signs = &'static [&'static [&'static str]];

pub(super) const fn cause(
    code: &'static str,
    kind: CauseKind,
    meaning: &'static str,
    remedy: CauseRemedy,
    hint: &'static str,
    signs: Signs,
) -> Cause {
    Cause { code, kind, meaning, remedy, hint, signs, generic: false }
}

pub(super) const fn generic(cause: Cause) -> Cause {
    Cause { generic: true, ..cause }
}

pub(super) const DOCTOR: CauseRemedy = CauseRemedy::Run("authwatch doctor");
pub(super) const REFRESH: CauseRemedy = CauseRemedy::Run("authwatch refresh --agent {agent}");
