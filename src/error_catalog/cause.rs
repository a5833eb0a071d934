//! A cause of failing logins: which kind it is, what it means, and the command that fixes it.

use openclaw_auth::words;

words! {
    /// Where a cause is.
    pub enum CauseKind in "kebab-case" {
        /// The login itself: sign in again, or for the first time.
        Login,
        /// The connection to the provider.
        Network,
        /// Settings, files, and permissions on this machine.
        Configuration,
        /// A valid credential that is not for this.
        WrongCredential,
        /// Two programs need the same thing at the same time.
        Contention,
        /// An unfinished migration of stores.
        Migration,
        /// The provider's side: its limits, bills, failures, and refusals.
        Provider,
    }
}

impl CauseKind {
    /// For people.
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

/// The command that fixes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CauseRemedy {
    /// Sign in to the provider again, whatever kind of login it has.
    SignIn,
    /// Give it an API key.
    PasteKey,
    /// Install a newer OpenClaw.
    UpdateOpenClaw,
    /// This command. `{agent}`, `{profile}`, and `{provider}` stand for what it is about.
    Run(&'static str),
    /// None: only time, or somebody else, resolves it.
    Wait,
}

#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// Never changes.
    pub code: &'static str,
    pub kind: CauseKind,
    /// A sentence without a full stop.
    pub meaning: &'static str,
    pub remedy: CauseRemedy,
    /// More to know, in sentences; may be empty.
    pub hint: &'static str,
    /// The texts by which it is recognized, in lower case: a line must have all of one list.
    pub(super) signs: Signs,
    /// Whether it says little, and is omitted if the text names another cause.
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
