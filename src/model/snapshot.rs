//! Everything one pass found out.

use std::path::PathBuf;

use serde::Serialize;

use super::assessment::Assessment;
use super::remedy::{AgentRemedy, Remedy};
use super::verdict::{Bucket, LoginReason, LoginState, Scope, Status};
use openclaw_auth::check::{Answer, ModelLogin, ModelRoute};
use openclaw_auth::model::VariableOrigin;
use openclaw_auth::model::shown_path;
use openclaw_auth::model::{
    AgentId, ConfigHealth, Cooldown, CredentialKind, MAIN_AGENT, Mistake, ProfileId, ProviderId, ReasonCode,
    Rejected, Semantics, Source, Span, StoreHealth, Timestamp,
};
use openclaw_auth::release::ReleaseSource;
use openclaw_auth::release::Rules;

/// The health of one profile, as one agent sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileHealth {
    pub profile_id: ProfileId,
    pub provider: ProviderId,
    #[serde(rename = "type")]
    pub kind: CredentialKind,
    pub status: Status,
    /// Why, where OpenClaw gives a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<ReasonCode>,
    /// When the access token ends, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Milliseconds until then; negative afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_ms: Option<Span>,
    /// When an expired token ended: OpenClaw leaves `expiresAt` out for those.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    pub bucket: Bucket,
    pub login: LoginState,
    /// Why the login is as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_reason: Option<LoginReason>,
    /// Since when it is dead, blocked or being refreshed, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_since: Option<Timestamp>,
    /// Whether the agent has it from the main store.
    pub inherited: bool,
    /// Whether a configured model uses it.
    pub in_use: bool,
    /// Set while OpenClaw leaves it alone. Few profiles have one, so it is kept apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cooldown: Option<Box<Cooldown>>,
    /// Set while renewing it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing: Option<Box<FailingRenewal>>,
    /// What is wrong with what a person put into it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mistake: Option<Mistake>,
    /// The verdict on it; `None` where all is well. Most are, so it is kept apart.
    #[serde(flatten, serialize_with = "with_remedy")]
    pub assessment: Option<Box<Assessment>>,
    /// The variable that it refers to, if nothing that is known sets it; empty where what stands there may be a pasted key.
    #[serde(skip)]
    pub unset_variable: Option<Box<str>>,
    /// The account's e-mail address, for the report to people alone: it is never serialized.
    #[serde(skip)]
    pub account: Option<Box<str>>,
    /// Where it was read from.
    pub source: Source,
}

impl ProfileHealth {
    /// When the access token ends or ended.
    #[must_use]
    pub fn end(&self) -> Option<Timestamp> {
        self.expires_at.or(self.ended_at)
    }
}

/// A provider's roll-up over its profiles.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderHealth {
    pub provider: ProviderId,
    /// The worst of the profiles that count.
    pub status: Status,
    /// The earliest end among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Milliseconds until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_ms: Option<Span>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentHealth {
    pub id: AgentId,
    #[serde(serialize_with = "shown_path")]
    pub dir: PathBuf,
    /// Whether it is the configured default.
    pub default: bool,
    /// Whether OpenClaw's configuration lists it, or it is `main` where that lists none.
    pub configured: bool,
    /// What `--check` would say of it alone.
    pub exit_code: u8,
    /// What led OpenClaw's own command to that, by the rules of its release.
    #[serde(skip)]
    pub check: Answer,
    /// Its models, and what each is called with.
    pub models: Vec<ModelRoute>,
    pub store: StoreHealth,
    /// Its profiles, inherited ones among them, sorted by provider, then id.
    pub profiles: Vec<ProfileHealth>,
    /// Their roll-up by provider.
    pub providers: Vec<ProviderHealth>,
    /// Providers its models use that have no auth at all.
    pub missing_providers_in_use: Vec<ProviderId>,
    pub rejected: Vec<Rejected>,
    /// The verdict on its store; `None` where all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_assessment: Option<Assessment>,
    /// The verdicts on the providers without auth.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub provider_assessments: Vec<ProviderAssessment>,
    /// What to do about those: the key of reports from before there were verdicts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<AgentRemedy>,
}

impl AgentHealth {
    /// What its models are called with that is in no store, keys or none.
    pub fn keys(&self) -> impl Iterator<Item = (&ModelRoute, KeyPlace<'_>)> {
        self.models.iter().filter_map(|route| match &route.login {
            ModelLogin::Variable { variable, origin } => Some((route, KeyPlace::Variable(variable, *origin))),
            ModelLogin::Configuration => Some((route, KeyPlace::Configuration)),
            ModelLogin::NoKey => Some((route, KeyPlace::NotNeeded)),
            _ => None,
        })
    }
}

/// Where a key is that is in no store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyPlace<'a> {
    /// In a variable, which something sets.
    Variable(&'a str, VariableOrigin),
    /// In the configuration itself.
    Configuration,
    /// Nowhere, because none is needed.
    NotNeeded,
}

impl KeyPlace<'_> {
    /// A name for it, as ids of profiles are written.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Variable(variable, _) => format!("env:{variable}"),
            Self::Configuration => "config".to_owned(),
            Self::NotNeeded => "no-key".to_owned(),
        }
    }

    /// The word for what holds it.
    #[must_use]
    pub fn origin(&self) -> &'static str {
        match self {
            Self::Variable(_, origin) => origin.as_str(),
            Self::Configuration => "configuration",
            Self::NotNeeded => "not_needed",
        }
    }
}

/// The verdict on a provider that an agent's models use and nothing gives auth to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderAssessment {
    pub provider: ProviderId,
    pub assessment: Assessment,
}

/// Attempts to renew a login that fail.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailingRenewal {
    /// Why, in a word: one of those of `authwatch_refresh_failures_total`.
    pub reason: String,
    /// Unix milliseconds.
    pub since: Timestamp,
    /// How often in a row.
    pub times: u32,
    /// Unix milliseconds.
    pub next_attempt: Timestamp,
}

/// Writes the verdict, and what to do beside it, where it was before there were verdicts.
#[expect(clippy::ref_option, reason = "serde hands the field over by reference")]
fn with_remedy<S: serde::Serializer>(
    assessment: &Option<Box<Assessment>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Assessed<'a> {
        assessment: &'a Assessment,
        #[serde(skip_serializing_if = "Option::is_none")]
        remedy: Option<&'a Remedy>,
    }
    let assessment = assessment.as_deref().unwrap_or(&super::assessment::OK);
    Assessed { assessment, remedy: assessment.remedy.as_ref() }.serialize(serializer)
}

/// How many profiles are on each heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub valid: usize,
    pub expiring: usize,
    pub missing: usize,
}

impl Summary {
    pub fn count(&mut self, bucket: Bucket) {
        match bucket {
            Bucket::Valid => self.valid += 1,
            Bucket::Expiring => self.expiring += 1,
            Bucket::Missing => self.missing += 1,
        }
    }

    /// Adds other profiles, counted already.
    pub fn add(&mut self, other: Self) {
        self.valid += other.valid;
        self.expiring += other.expiring;
        self.missing += other.missing;
    }
}

/// Everything one pass found out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    pub format_version: u8,
    /// When the stores were read, RFC 3339.
    pub generated_at: String,
    /// The moment they were judged by, Unix milliseconds.
    pub now: Timestamp,
    /// The release whose rules were applied.
    pub semantics: Semantics,
    pub scope: Scope,
    /// What `--check` exits with.
    pub exit_code: u8,
    /// The fleet's profiles, counted per agent.
    pub summary: Summary,
    pub config: ConfigHealth,
    /// The verdict on it; `None` where all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_assessment: Option<Assessment>,
    /// The agents, main first.
    pub agents: Vec<AgentHealth>,
    /// Logins that belong to vendors' CLIs: observed, never touched, and no part of the exit code.
    pub external: Vec<ProfileHealth>,
    /// What authwatch has done and will do about renewable logins; only where it runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub renewals: Vec<Renewal>,
    /// Profiles whose renewed login could not be stored and waits in a recovery file of authwatch's; only where it runs.
    #[serde(rename = "rescued", skip_serializing_if = "Vec::is_empty")]
    pub recoveries: Vec<String>,
    /// The verdict on those; `None` where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_assessment: Option<Assessment>,
    /// Which OpenClaw it is.
    pub openclaw: OpenclawRelease,
}

impl Snapshot {
    /// The agent whose logins all others inherit; `None` in a report on others alone.
    #[must_use]
    pub fn main(&self) -> Option<&AgentHealth> {
        self.agents.iter().find(|agent| agent.id.as_str() == MAIN_AGENT)
    }
}

/// The release of OpenClaw that a state directory belongs to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenclawRelease {
    /// Where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whose rules were applied.
    pub rules: Rules,
    /// What it is known by.
    pub source: ReleaseSource,
}

/// One login that authwatch renews.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Renewal {
    /// The agent that owns it.
    pub agent: AgentId,
    pub profile: ProfileId,
    pub provider: ProviderId,
    /// When it was last renewed, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Timestamp>,
    /// When that was last attempted, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_attempt: Option<Timestamp>,
    /// When it is due, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
}

/// How a way to reach people is doing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelHealth {
    /// The user's name for it.
    pub name: String,
    /// `email`, `ntfy`, …
    pub kind: &'static str,
    pub sent: u64,
    /// Attempts that failed, for every reason there is.
    pub failures: Vec<(&'static str, u64)>,
    /// When it last took one, Unix milliseconds.
    pub last_success: Option<Timestamp>,
    /// Since when it takes none, Unix milliseconds.
    pub failing_since: Option<Timestamp>,
    pub problem: Option<String>,
    pub waiting: usize,
}
