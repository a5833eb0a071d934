//! The report for people: one line that says whether anything needs them, then what does, the worst first, with the command; then
//! everything else, a line each.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use openclaw_auth::model::MAIN_AGENT;

use crate::assess::{self, headline};
use crate::model::{AgentHealth, Issue, IssueOf, KeyPlace, ModelLogin, ProfileHealth, Severity, Snapshot};
use crate::publish::words::{date, safe, span, state, wrap};
use crate::texts::{counted, text};

const GOOD: Style = AnsiColor::Green.on_default();
const SOON: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const FAINT: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// From here on a login fits on one line.
const WIDE: usize = 76;
/// Where text below a name begins.
const INDENT: &str = "     ";

/// Writes it; with `only_problems`, without what needs nobody.
pub(super) fn write(
    snapshot: &Snapshot,
    width: usize,
    only_problems: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let issues = assess::issues(snapshot);
    let mut table = Table { out, width: width.max(20), snapshot };
    table.verdict(&issues)?;
    let (problems, notes): (Vec<_>, Vec<_>) = issues.iter().partition(|issue| issue.assessment.needs_person);
    for problem in &problems {
        table.problem(problem)?;
    }
    if only_problems {
        return Ok(());
    }
    table.rest(&problems, &notes)
}

struct Table<'a> {
    out: &'a mut dyn Write,
    width: usize,
    snapshot: &'a Snapshot,
}

/// A line of what needs nobody.
struct TableRow<'a> {
    profile: &'a ProfileHealth,
    agent: &'a str,
    note: Option<&'a str>,
    /// Other agents that have it from there.
    users: usize,
    /// The models that are called with it.
    models: BTreeSet<&'a str>,
}

impl Table<'_> {
    fn verdict(&mut self, issues: &[Issue<'_>]) -> io::Result<()> {
        let style = style(assess::worst(issues));
        let openclaw = openclaw(self.snapshot);
        let checked = text("checked", &[("at", &date(self.snapshot.now))]);
        let verdict = headline(self.snapshot, issues);
        self.wrapped("", &verdict, style)?;
        self.wrapped("", &format!("{openclaw}, {checked}"), FAINT)?;
        writeln!(self.out)
    }

    fn problem(&mut self, issue: &Issue<'_>) -> io::Result<()> {
        let name = safe(&assess::name(issue));
        let agent = issue.agent.map_or_else(String::new, |agent| format!("agent {}", safe(agent.as_str())));
        let mut details = vec![agent];
        if !issue.also.is_empty() {
            details.push(text("also-used-by", &[("agents", &counted("agents", issue.also.len()))]));
        }
        if let IssueOf::Login(profile) = issue.of {
            details.extend(profile.account.as_deref().map(safe));
        }
        details.extend(self.when(issue));
        details.retain(|detail| !detail.is_empty());
        self.line(issue.assessment.severity, &name, &details.join(", "))?;
        let meaning =
            issue.assessment.remedy.as_ref().map_or(&*issue.assessment.summary, |remedy| &remedy.meaning);
        self.wrapped(INDENT, &safe(meaning), Style::new())?;
        if let Some(command) = issue.assessment.command() {
            // On one line, however long: a command that is broken cannot be copied.
            writeln!(self.out, "{INDENT}$ {BOLD}{}{BOLD:#}", safe(command))?;
        }
        writeln!(self.out)
    }

    /// Since when it is so, or until when it can wait.
    fn when(&self, issue: &Issue<'_>) -> Option<String> {
        let now = self.snapshot.now;
        if let Some(since) = issue.assessment.since {
            return Some(text("since", &[("since", &date(since)), ("ago", &span(now - since))]));
        }
        let IssueOf::Login(profile) = issue.of else { return None };
        let end = profile.end().filter(|end| *end > now)?;
        Some(text("expires-in", &[("left", &span(end - now)), ("at", &date(end))]))
    }

    fn rest(&mut self, problems: &[&Issue<'_>], notes: &[&Issue<'_>]) -> io::Result<()> {
        for note in notes.iter().filter(|note| !matches!(note.of, IssueOf::Login(_))) {
            let agent =
                note.agent.map_or_else(String::new, |agent| format!("agent {}", safe(agent.as_str())));
            self.line(note.assessment.severity, &safe(&assess::name(note)), &agent)?;
            self.wrapped(INDENT, &safe(&note.assessment.summary), FAINT)?;
        }
        for agent in &self.snapshot.agents {
            for rejected in &agent.rejected {
                let what = text("entry-ignored", &[("reason", &rejected.reason.as_str())]);
                let what = format!("agent {}, {what}", safe(agent.id.as_str()));
                self.line(Some(Severity::Info), &safe(rejected.profile_id.as_str()), &what)?;
            }
            if agent.configured
                && agent.profiles.is_empty()
                && agent.store_assessment.is_none()
                && agent.provider_assessments.is_empty()
                && agent.keys().next().is_none()
            {
                self.line(
                    Some(Severity::Info),
                    &format!("agent {}", safe(agent.id.as_str())),
                    &text("no-logins", &[]),
                )?;
            }
        }
        for row in Self::rows(self.snapshot, problems) {
            self.row(&row)?;
        }
        self.keys()?;
        for profile in &self.snapshot.external {
            let note = profile.assessment.as_deref().map(|assessment| &*assessment.summary);
            let row = TableRow { profile, agent: "", note, users: 0, models: BTreeSet::new() };
            self.row(&row)?;
        }
        Ok(())
    }

    /// Every key in use that is in no store, once, with the agents and models that use it.
    fn keys(&mut self) -> io::Result<()> {
        let mut users: BTreeMap<_, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
        for agent in &self.snapshot.agents {
            // What cannot work is among the problems.
            for (route, key) in agent.keys().filter(|(route, _)| route.mistake.is_none()) {
                let (agents, models) = users.entry((key, &*route.provider)).or_default();
                agents.insert(agent.id.as_str());
                models.insert(&*route.model);
            }
        }
        for ((key, provider), (agents, models)) in users {
            let agents = match agents.first() {
                Some(only) if agents.len() == 1 => format!("agent {}", safe(only)),
                _ => text("used-by", &[("agents", &counted("agents", agents.len()))]),
            };
            let origin = text(&format!("key-from-{}", key.origin()), &[("provider", &safe(provider))]);
            let words = [agents, origin, for_models(&models)].join(", ");
            let name = match key {
                KeyPlace::Variable(variable, _) => safe(variable),
                KeyPlace::Configuration | KeyPlace::NotNeeded => safe(provider),
            };
            self.line(None, &name, &words)?;
        }
        Ok(())
    }

    /// Every login that needs nobody, once: at the agent that owns it.
    fn rows<'s>(snapshot: &'s Snapshot, problems: &[&Issue<'_>]) -> Vec<TableRow<'s>> {
        let is_problem = |agent: &str, profile: &ProfileHealth| {
            problems.iter().any(|issue| {
                matches!(issue.of, IssueOf::Login(other) if other.profile_id == profile.profile_id)
                    && (issue.agent.is_some_and(|at| at.as_str() == agent)
                        || issue.also.iter().any(|also| also.as_str() == agent))
            })
        };
        let mut users: BTreeMap<&str, usize> = BTreeMap::new();
        let agents = &snapshot.agents;
        let has = |id: &str| {
            snapshot.main().is_some_and(|main| main.profiles.iter().any(|own| own.profile_id.as_str() == id))
        };
        let mut rows = Vec::new();
        for agent in agents {
            for profile in agent.profiles.iter().filter(|profile| !is_problem(agent.id.as_str(), profile)) {
                let id = profile.profile_id.as_str();
                if profile.inherited {
                    *users.entry(id).or_default() += 1;
                    if has(id) || users[id] > 1 {
                        continue;
                    }
                }
                let note = profile.assessment.as_deref().map(|assessment| &*assessment.summary);
                let agent = if profile.inherited { MAIN_AGENT } else { agent.id.as_str() };
                rows.push(TableRow { profile, agent, note, users: 0, models: BTreeSet::new() });
            }
        }
        let mut models = models_by_login(agents);
        for row in &mut rows {
            let login = (row.agent, row.profile.profile_id.as_str());
            row.models = models.remove(&login).unwrap_or_default();
        }
        for row in rows.iter_mut().filter(|row| row.agent == MAIN_AGENT) {
            row.users = users.get(row.profile.profile_id.as_str()).copied().unwrap_or_default();
        }
        rows
    }

    fn row(&mut self, row: &TableRow<'_>) -> io::Result<()> {
        let mut words = Vec::new();
        if !row.agent.is_empty() {
            words.push(format!("agent {}", safe(row.agent)));
        }
        if row.users > 0 {
            words.push(text("used-by", &[("agents", &counted("agents", row.users))]));
        }
        words.extend(row.profile.account.as_deref().map(safe));
        words.push(state(row.profile, self.snapshot.now));
        words.extend(row.note.map(safe));
        if !row.models.is_empty() {
            words.push(for_models(&row.models));
        }
        if row.profile.source.is_import_only() {
            words.push(text("not-imported", &[]));
        }
        let severity = row.note.map(|_| Severity::Info);
        self.line(severity, &safe(row.profile.profile_id.as_str()), &words.join(", "))
    }

    /// Mark, name and state: beside each other where there is room, below each other on a phone.
    fn line(&mut self, severity: Option<Severity>, name: &str, state: &str) -> io::Result<()> {
        let style = style(severity);
        let mark = match severity {
            None => "ok ",
            Some(Severity::Info) => "-  ",
            Some(Severity::Warning) => "!  ",
            Some(Severity::Critical) => "X  ",
        };
        let name_width = name.chars().count();
        let fits = self.width >= WIDE && name_width <= 30 && 5 + 31 + state.chars().count() <= self.width;
        if fits && !state.is_empty() {
            let padding = " ".repeat(31 - name_width);
            return writeln!(self.out, "{style}{mark}{style:#}  {name}{padding}{state}");
        }
        let mut lines = wrap(name, self.width.saturating_sub(INDENT.len())).into_iter();
        writeln!(self.out, "{style}{mark}{style:#}  {}", lines.next().unwrap_or_default())?;
        for line in lines {
            writeln!(self.out, "{INDENT}{line}")?;
        }
        self.wrapped(INDENT, state, Style::new())
    }

    /// Text in a column.
    fn wrapped(&mut self, indent: &str, text: &str, style: Style) -> io::Result<()> {
        for line in wrap(text, self.width.saturating_sub(indent.len())) {
            writeln!(self.out, "{indent}{style}{line}{style:#}")?;
        }
        Ok(())
    }
}

/// The models that are called with each login, by the agent that owns it and its profile.
fn models_by_login(agents: &[AgentHealth]) -> BTreeMap<(&str, &str), BTreeSet<&str>> {
    let mut models: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for agent in agents {
        for route in &agent.models {
            let ModelLogin::Profile { profile: id } = &route.login else { continue };
            let is_inherited =
                agent.profiles.iter().any(|own| own.profile_id.as_str() == id && own.inherited);
            let owner = if is_inherited { MAIN_AGENT } else { agent.id.as_str() };
            models.entry((owner, id.as_str())).or_default().insert(&*route.model);
        }
    }
    models
}

fn for_models(models: &BTreeSet<&str>) -> String {
    let names: Vec<String> = models.iter().map(|model| safe(model)).collect();
    text("for-models", &[("models", &names.join(", "))])
}

fn style(severity: Option<Severity>) -> Style {
    match severity {
        None => GOOD,
        Some(Severity::Info) => FAINT,
        Some(Severity::Warning) => SOON,
        Some(Severity::Critical) => BAD,
    }
}

/// Which OpenClaw it is, and how that is known.
fn openclaw(snapshot: &Snapshot) -> String {
    let release = &snapshot.openclaw;
    let rules = release.rules.as_str();
    match &release.version {
        Some(version) => text("openclaw-version", &[("version", version), ("rules", &rules)]),
        None => text(&format!("openclaw-{}", release.source.as_str()), &[("rules", &rules)]),
    }
}
