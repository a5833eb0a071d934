//! The report for people: agent by agent, what works, for how long, and what to do about what does not.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use openclaw_auth::model::{CooldownKind, StrandedKind};

use crate::model::{AgentHealth, Bucket, LoginState, ProfileHealth, Snapshot};
use crate::publish::words::{date, safe, span, state, wrap};
use crate::remedy::{self, Remedy};

const GOOD: Style = AnsiColor::Green.on_default();
const SOON: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const FAINT: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// From here on a profile fits on one line.
const WIDE: usize = 76;

pub(super) fn write(snapshot: &Snapshot, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table { out, width: width.max(20), snapshot };
    for agent in &snapshot.agents {
        table.agent(agent)?;
    }
    if !snapshot.external.is_empty() {
        table.heading("Command line tools' own logins", "")?;
        for profile in &snapshot.external {
            table.profile(profile, None)?;
        }
        writeln!(table.out)?;
    }
    table.summary()
}

struct Table<'a> {
    out: &'a mut dyn Write,
    width: usize,
    snapshot: &'a Snapshot,
}

impl Table<'_> {
    fn agent(&mut self, agent: &AgentHealth) -> io::Result<()> {
        let kind = agent.store.kind.words();
        let default = if agent.default { "default" } else { "" };
        let notes: Vec<&str> = [default, kind].into_iter().filter(|note| !note.is_empty()).collect();
        self.heading(&safe(agent.id.as_str()), &notes.join(", "))?;
        let severity = match &agent.store.stranded {
            Some(stranded) if agent.store.error.is_none() && stranded.kind == StrandedKind::LeftoverJson => {
                Bucket::Expiring
            }
            _ => Bucket::Missing,
        };
        if let Some(remedy) = remedy::for_store(agent) {
            let what = if agent.store.error.is_some() { "store unreadable" } else { "stranded migration" };
            self.line(severity, what, "")?;
            self.remedy(&remedy)?;
        }
        // What works and is main's is listed there; here it would only bury what needs a look.
        let (quiet, listed): (Vec<_>, Vec<_>) = agent.profiles.iter().partition(|profile| {
            profile.inherited
                && profile.bucket == Bucket::Valid
                && profile.login != LoginState::Dead
                && profile.cooldown.is_none()
        });
        for profile in listed {
            self.profile(profile, remedy::for_profile(&agent.id, profile))?;
        }
        if !quiet.is_empty() {
            let ids: Vec<String> = quiet.iter().map(|profile| safe(profile.profile_id.as_str())).collect();
            self.line(Bucket::Valid, &format!("{} from main", quiet.len()), &ids.join(", "))?;
        }
        for provider in &agent.missing_providers_in_use {
            self.line(Bucket::Missing, &safe(provider.as_str()), "no login")?;
            self.remedy(&remedy::for_missing_provider(agent, provider))?;
        }
        for rejected in &agent.rejected {
            let what = format!("ignored by OpenClaw ({})", rejected.reason.as_str());
            self.line(Bucket::Expiring, &safe(rejected.profile_id.as_str()), &what)?;
        }
        let has_lines = !agent.profiles.is_empty()
            || !agent.missing_providers_in_use.is_empty()
            || !agent.rejected.is_empty()
            || agent.store.error.is_some();
        if !has_lines {
            self.wrapped("  ", "no profiles", FAINT)?;
        }
        writeln!(self.out)
    }

    fn heading(&mut self, title: &str, notes: &str) -> io::Result<()> {
        let notes = if notes.is_empty() { String::new() } else { format!(" ({notes})") };
        if title.chars().count() + notes.chars().count() <= self.width {
            writeln!(self.out, "{BOLD}{title}{BOLD:#}{FAINT}{notes}{FAINT:#}")
        } else {
            self.wrapped("", title, BOLD)?;
            self.wrapped(" ", notes.trim_start(), FAINT)
        }
    }

    fn profile(&mut self, profile: &ProfileHealth, remedy: Option<Remedy>) -> io::Result<()> {
        let dead = profile.login == LoginState::Dead;
        let bucket = if dead { Bucket::Missing } else { profile.bucket };
        let mut words = vec![state(profile, self.snapshot.now)];
        match profile.login {
            LoginState::Dead => words.push("login dead".to_owned()),
            LoginState::Refreshing => words.push("being refreshed".to_owned()),
            LoginState::Blocked => words.push("blocked by the network".to_owned()),
            _ => {}
        }
        if let Some(at) = profile.end().map(date).filter(|date| !date.is_empty()) {
            words.push(at);
        }
        if profile.inherited {
            words.push("from main".to_owned());
        }
        if profile.source.is_import_only() {
            words.push("not imported yet".to_owned());
        }
        self.line(bucket, &safe(profile.profile_id.as_str()), &words.join(", "))?;
        if let Some(cooldown) = &profile.cooldown {
            let kind = match cooldown.kind {
                CooldownKind::Cooldown => "cooling down",
                CooldownKind::Disabled => "disabled",
            };
            let reason = cooldown.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            let left = cooldown.until - self.snapshot.now;
            self.wrapped("      ", &format!("{kind}{reason} for another {}", span(left)), SOON)?;
        }
        match remedy {
            Some(remedy) => self.remedy(&remedy),
            None => Ok(()),
        }
    }

    /// Mark, name and state: beside each other where there is room, below each other on a phone.
    fn line(&mut self, bucket: Bucket, name: &str, state: &str) -> io::Result<()> {
        let (style, mark) = match bucket {
            Bucket::Valid => (GOOD, "ok "),
            Bucket::Expiring => (SOON, "!  "),
            Bucket::Missing => (BAD, "X  "),
        };
        let name_width = name.chars().count();
        if self.width >= WIDE
            && !state.is_empty()
            && name_width <= 32
            && 6 + 32 + state.chars().count() < self.width
        {
            let padding = " ".repeat(33 - name_width);
            writeln!(self.out, "  {style}{mark}{style:#} {name}{padding}{style}{state}{style:#}")
        } else {
            let mut lines = wrap(name, self.width.saturating_sub(6)).into_iter();
            writeln!(self.out, "  {style}{mark}{style:#} {}", lines.next().unwrap_or_default())?;
            for line in lines {
                writeln!(self.out, "      {line}")?;
            }
            self.wrapped("      ", state, style)
        }
    }

    fn remedy(&mut self, remedy: &Remedy) -> io::Result<()> {
        self.wrapped("      ", &safe(&remedy.meaning), FAINT)?;
        match &remedy.command {
            // On one line, however long: a command that is broken cannot be copied.
            Some(command) => writeln!(self.out, "      $ {BOLD}{}{BOLD:#}", safe(command)),
            None => Ok(()),
        }
    }

    /// Text in a column; the indent of the first line is blank on the others.
    fn wrapped(&mut self, indent: &str, text: &str, style: Style) -> io::Result<()> {
        let room = self.width.saturating_sub(indent.len());
        for (number, line) in wrap(text, room).into_iter().enumerate() {
            let blank = " ".repeat(indent.len());
            let indent = if number == 0 { indent } else { &blank };
            writeln!(self.out, "{indent}{style}{line}{style:#}")?;
        }
        Ok(())
    }

    fn summary(&mut self) -> io::Result<()> {
        let summary = self.snapshot.summary;
        let agents = self.snapshot.agents.len();
        let unreadable = self.snapshot.agents.iter().filter(|agent| agent.store.error.is_some()).count();
        let mut text = format!(
            "{agents} {}: {} valid, {} expiring, {} missing",
            if agents == 1 { "agent" } else { "agents" },
            summary.valid,
            summary.expiring,
            summary.missing,
        );
        if unreadable > 0 {
            text += &format!(", {unreadable} unreadable");
        }
        if let Some(error) = &self.snapshot.config.error {
            self.wrapped("", &format!("OpenClaw's configuration: {}", safe(&error.message)), BAD)?;
        }
        self.wrapped("", &text, BOLD)
    }
}
