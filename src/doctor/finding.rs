//! A finding: what was found, how bad it is, what it means, and what to do.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

use openclaw_auth::model::{AgentId, ProfileId};
use serde::{Serialize, Serializer};

use super::files::{self, FileAttributes};
use super::fix::Fix;
use super::inspection::Inspection;
pub use crate::model::Severity;
use crate::model::{AgentHealth, Assessment};
use crate::remedy::Commands;
use crate::texts::text;

/// A kind of finding; all are in [`super::kinds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FindingKind {
    /// Its name, which never changes. Its text is `finding-` and this name.
    pub code: &'static str,
    /// How bad it is, unless the case at hand is milder.
    pub severity: Severity,
    /// Whether `--fix` can resolve it.
    pub fixable: bool,
}

impl FindingKind {
    /// A kind that only a person can resolve.
    #[must_use]
    pub const fn new(code: &'static str, severity: Severity) -> Self {
        Self { code, severity, fixable: false }
    }

    /// A kind that `--fix` can resolve.
    #[must_use]
    pub const fn fixable(code: &'static str, severity: Severity) -> Self {
        Self { code, severity, fixable: true }
    }

    /// A finding of this kind, with what is filled in to its text.
    #[must_use]
    pub fn found(&self, parameters: &[(&'static str, &dyn Display)]) -> Finding {
        self.meaning(text(&format!("finding-{}", self.code), parameters))
    }

    /// The same with the text `finding-CODE-VARIANT`.
    #[must_use]
    pub fn variant(&self, variant: &str, parameters: &[(&'static str, &dyn Display)]) -> Finding {
        self.meaning(text(&format!("finding-{}-{variant}", self.code), parameters))
    }

    /// A finding whose meaning is given: a sentence without a full stop.
    #[must_use]
    pub fn meaning(&self, meaning: impl Into<String>) -> Finding {
        Finding {
            code: self.code,
            severity: self.severity,
            agent: None,
            also_of: Vec::new(),
            profile: None,
            file: None,
            meaning: meaning.into(),
            command: None,
            fix: None,
        }
    }

    /// A finding about what is assessed: it has the assessment's severity, meaning, and command.
    #[must_use]
    pub fn assessed(&self, assessment: &Assessment) -> Finding {
        let meaning = assessment.remedy.as_ref().map_or(&*assessment.summary, |remedy| &remedy.meaning);
        let mut finding = self.meaning(meaning).severity(assessment.severity.unwrap_or(Severity::Info));
        finding.command = assessment.command().map(str::to_owned);
        finding
    }
}

/// Something that is wrong. Holds no secret.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub code: &'static str,
    pub severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// Further agents it is about.
    #[serde(skip)]
    also_of: Vec<AgentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    pub meaning: String,
    /// The command that resolves it, or the first step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(rename = "fixable", serialize_with = "is_some")]
    pub fix: Option<Fix>,
}

#[expect(clippy::ref_option, reason = "serde hands the field over by reference")]
fn is_some<S: Serializer>(fix: &Option<Fix>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(fix.is_some())
}

impl Finding {
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    #[must_use]
    pub fn of<'a>(mut self, agent: impl Into<Option<&'a AgentId>>) -> Self {
        self.agent = agent.into().cloned();
        self
    }

    #[must_use]
    pub fn also_of(mut self, agents: Vec<AgentId>) -> Self {
        self.also_of = agents;
        self
    }

    #[must_use]
    pub fn profile(mut self, profile: &str) -> Self {
        self.profile = Some(ProfileId::from(profile));
        self
    }

    #[must_use]
    pub fn at(mut self, file: &Path) -> Self {
        self.file = Some(file.display().to_string());
        self
    }

    /// Says that it is about authwatch's own configuration file.
    #[must_use]
    pub fn at_own_config(mut self, inspection: &Inspection) -> Self {
        self.file = inspection.own.config_file.as_ref().map(|file| file.display().to_string());
        self.command("authwatch config check")
    }

    #[must_use]
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    /// Whether it concerns an agent: as its own, by a login it inherits, or because it concerns all.
    #[must_use]
    pub fn concerns(&self, agent: &AgentHealth) -> bool {
        let is_inherited = |id: &ProfileId| {
            agent.profiles.iter().any(|profile| profile.inherited && profile.profile_id == *id)
        };
        self.agent.as_ref().is_none_or(|own| *own == agent.id)
            || self.also_of.contains(&agent.id)
            || self.profile.as_ref().is_some_and(is_inherited)
    }

    /// Gives what `--fix` would do. That is the command, too, if there is no other.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// Gives the change of a file's mode as the command and, where this user may make it, as what `--fix`
    /// would do.
    #[must_use]
    pub fn set_mode(self, path: &Path, facts: &FileAttributes, to: u32, is_allowed: bool) -> Self {
        let finding = self.at(path).command(format!("chmod {to:o} {}", files::quoted(path)));
        if is_allowed {
            finding.fix(Fix::Mode { path: path.to_owned(), owner: facts.owner, from: facts.mode, to })
        } else {
            finding
        }
    }
}

/// What has been found so far.
#[derive(Debug, Default)]
pub struct Findings {
    all: Vec<Finding>,
    /// Where the findings about a profile are in `all`.
    of_profiles: BTreeMap<(AgentId, ProfileId), Vec<usize>>,
}

impl Findings {
    pub fn push(&mut self, finding: Finding) {
        if let (Some(agent), Some(profile)) = (&finding.agent, &finding.profile) {
            let of_profile = self.of_profiles.entry((agent.clone(), profile.clone())).or_default();
            of_profile.push(self.all.len());
        }
        self.all.push(finding);
    }

    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.all.iter()
    }

    /// Whether a finding of one of these kinds explains what is assessed of a profile. If that needs a person, the finding
    /// gets its severity.
    #[must_use]
    pub fn explain(
        &mut self,
        agent: &AgentId,
        profile: &ProfileId,
        kinds: &[FindingKind],
        assessment: Option<&Assessment>,
    ) -> bool {
        let key = (agent.clone(), profile.clone());
        let mut is_explained = false;
        for index in self.of_profiles.get(&key).into_iter().flatten() {
            let finding = &mut self.all[*index];
            if kinds.iter().any(|kind| kind.code == finding.code) {
                is_explained = true;
                let needs_person = assessment.filter(|assessment| assessment.needs_person);
                finding.severity = needs_person.and_then(|it| it.severity).unwrap_or(finding.severity);
            }
        }
        is_explained
    }

    /// All of them, the worst first; of equal severity in the order of the checks.
    #[must_use]
    pub fn into_sorted(mut self, commands: &Commands) -> Vec<Finding> {
        for finding in self.all.iter_mut().filter(|finding| finding.fix.is_some()) {
            finding.command.get_or_insert_with(|| commands.fix());
        }
        self.all.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        self.all
    }
}
