//! The one verdict on something: how it is, how much that matters, and what to do about it.

use std::borrow::Cow;

use openclaw_auth::model::Timestamp;
use openclaw_auth::words;
use serde::{Serialize, Serializer};

use super::remedy::Remedy;
use super::verdict::Severity;

words! {
    /// How something is.
    pub enum AssessmentState in "snake_case" {
        Ok,
        /// Works, expires soon, and does not renew automatically.
        Expiring,
        Expired,
        Missing,
        /// The access token expired or expires soon, and is renewed without anybody.
        Renews,
        Renewing,
        /// Somebody holds its lock for longer than a renewal takes.
        RenewalStuck,
        RenewalFailing,
        /// The network keeps it from being renewed.
        RenewalBlocked,
        /// Its refresh token is rejected for good.
        NeedsSignIn,
        /// A person put something into it that cannot work.
        Malformed,
        /// A secret that only OpenClaw can resolve.
        Unresolved,
        NotSetUp,
        Disabled,
        CoolingDown,
        /// Belongs to another program.
        External,
        /// A provider in use without a login.
        NoLogin,
        Unreadable,
        MigrationIncomplete,
        Leftover,
        /// OpenClaw's configuration cannot be used.
        Unusable,
        /// A renewed login that could not be stored.
        NotStored,
        /// An entry that OpenClaw does not read.
        Ignored,
    }
}

/// The one verdict on a login, a provider in use, a store, the configuration, or a recovery file. Every surface shows it; none
/// decides again.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Assessment {
    pub state: AssessmentState,
    /// `None` where all is well.
    #[serde(serialize_with = "severity_or_ok")]
    pub severity: Option<Severity>,
    pub needs_person: bool,
    /// A fragment in plain words that stays the same while nothing changes.
    pub summary: Cow<'static, str>,
    /// Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    clippy::ref_option,
    reason = "serde hands the field over by reference"
)]
fn severity_or_ok<S: Serializer>(severity: &Option<Severity>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(severity.map_or("ok", Severity::as_str))
}

/// What a login in order is given as its verdict.
pub(super) static OK: Assessment = Assessment {
    state: AssessmentState::Ok,
    severity: None,
    needs_person: false,
    summary: Cow::Borrowed("OK"),
    since: None,
    remedy: None,
};

impl Assessment {
    /// One that a person has to do something about if it is a warning or worse.
    #[must_use]
    pub fn new(state: AssessmentState, severity: Severity, summary: impl Into<Cow<'static, str>>) -> Self {
        let needs_person = severity >= Severity::Warning;
        Self {
            state,
            severity: Some(severity),
            needs_person,
            summary: summary.into(),
            since: None,
            remedy: None,
        }
    }

    /// The same where it concerns nobody.
    #[must_use]
    pub fn for_information(&self) -> Self {
        Self { severity: Some(Severity::Info), needs_person: false, ..self.clone() }
    }

    /// With the command that resolves it.
    #[must_use]
    pub fn with_command(mut self, command: Option<String>) -> Self {
        self.remedy = Some(Remedy { meaning: self.summary.to_string(), command });
        self
    }

    /// The same with advice that goes beyond one command: its second step, or a restart of the gateway.
    #[must_use]
    pub fn with_advice(mut self, advice: &str, command: String) -> Self {
        self.remedy = Some(Remedy { meaning: format!("{}. {advice}", self.summary), command: Some(command) });
        self
    }

    #[must_use]
    pub fn command(&self) -> Option<&str> {
        self.remedy.as_ref()?.command.as_deref()
    }
}
