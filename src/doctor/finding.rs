//! A finding: what was found, how bad it is, what it means, and what to do.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use openclaw_auth::model::{AgentId, ProfileId};
use serde::{Serialize, Serializer};

use super::fix::Fix;
use super::inspection::Inspection;
use crate::model::Assessment;
pub use crate::model::Severity;
use crate::remedy::Commands;

/// A check: the kinds of finding it declares, and the function that looks for them.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    pub kinds: &'static [FindingKind],
    pub run: fn(&Inspection, &mut Findings),
}

/// A kind of finding, as a check declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FindingKind {
    /// Its name, which never changes.
    pub code: &'static str,
    /// How bad it is, unless the case at hand is milder.
    pub severity: Severity,
    /// Whether `--fix` can mend it.
    pub fixable: bool,
}

impl FindingKind {
    /// A kind that only a person can mend.
    #[must_use]
    pub const fn new(code: &'static str, severity: Severity) -> Self {
        Self { code, severity, fixable: false }
    }

    /// A kind that `--fix` can mend.
    #[must_use]
    pub const fn fixable(code: &'static str, severity: Severity) -> Self {
        Self { code, severity, fixable: true }
    }

    /// A finding of this kind. The meaning is a sentence without a full stop.
    #[must_use]
    pub fn found(&self, meaning: impl Into<String>) -> Finding {
        Finding {
            code: self.code,
            severity: self.severity,
            agent: None,
            profile: None,
            file: None,
            meaning: meaning.into(),
            command: None,
            fix: None,
        }
    }

    /// A finding of what is assessed already: its severity, what it means, and its command.
    #[must_use]
    pub fn assessed(&self, assessment: &Assessment) -> Finding {
        let meaning = assessment.remedy.as_ref().map_or(&*assessment.summary, |remedy| &remedy.meaning);
        let mut finding = self.found(meaning).weighing(assessment.severity.unwrap_or(Severity::Info));
        finding.command = assessment.command().map(str::to_owned);
        finding
    }
}

/// Something that is wrong. Holds no secret.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub code: &'static str,
    pub severity: Severity,
    /// The agent it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// The profile it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileId>,
    /// The file it is about.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown")]
    pub file: Option<PathBuf>,
    pub meaning: String,
    /// The command that mends it, or begins to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What `--fix` would do.
    #[serde(rename = "fixable", serialize_with = "is_there")]
    pub fix: Option<Fix>,
}

#[expect(clippy::ref_option, reason = "serde hands the field over by reference")]
fn shown<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.as_deref().unwrap_or(Path::new("")).display())
}

#[expect(clippy::ref_option, reason = "serde hands the field over by reference")]
fn is_there<S: Serializer>(fix: &Option<Fix>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(fix.is_some())
}

impl Finding {
    /// Says how bad this case is.
    #[must_use]
    pub fn weighing(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    #[must_use]
    pub fn of(mut self, agent: &AgentId) -> Self {
        self.agent = Some(agent.clone());
        self
    }

    #[must_use]
    pub fn profile(mut self, profile: &str) -> Self {
        self.profile = Some(ProfileId::from(profile));
        self
    }

    #[must_use]
    pub fn at(mut self, file: &Path) -> Self {
        self.file = Some(file.to_owned());
        self
    }

    #[must_use]
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    /// Gives what `--fix` would do; then that is the command, too, where there is no other.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }
}

/// What has been found so far.
#[derive(Debug, Default)]
pub struct Findings {
    all: Vec<Finding>,
    /// Which kinds are known of which profile.
    of_profiles: BTreeSet<(AgentId, ProfileId, &'static str)>,
}

impl Findings {
    pub fn push(&mut self, finding: Finding) {
        if let (Some(agent), Some(profile)) = (&finding.agent, &finding.profile) {
            self.of_profiles.insert((agent.clone(), profile.clone(), finding.code));
        }
        self.all.push(finding);
    }

    /// Whether one of these kinds is known of a profile: it then explains whatever follows from it.
    #[must_use]
    pub fn explain(&self, agent: &AgentId, profile: &ProfileId, kinds: &[FindingKind]) -> bool {
        kinds.iter().any(|kind| self.of_profiles.contains(&(agent.clone(), profile.clone(), kind.code)))
    }

    /// The same for what is assessed: its cause is as bad as that.
    #[must_use]
    pub fn explain_assessed(
        &mut self,
        agent: &AgentId,
        profile: &ProfileId,
        kinds: &[FindingKind],
        assessment: &Assessment,
    ) -> bool {
        let is_cause = |finding: &&mut Finding| {
            finding.agent.as_ref() == Some(agent)
                && finding.profile.as_ref() == Some(profile)
                && kinds.iter().any(|kind| kind.code == finding.code)
        };
        let is_explained = self.explain(agent, profile, kinds);
        if let Some(severity) = assessment.severity.filter(|_| is_explained && assessment.needs_person) {
            self.all.iter_mut().filter(is_cause).for_each(|cause| cause.severity = severity);
        }
        is_explained
    }

    /// All of them, the worst first; of equal weight in the order of the checks.
    #[must_use]
    pub fn into_sorted(mut self, commands: &Commands) -> Vec<Finding> {
        for finding in self.all.iter_mut().filter(|finding| finding.fix.is_some()) {
            finding.command.get_or_insert_with(|| commands.fix());
        }
        self.all.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        self.all
    }
}
