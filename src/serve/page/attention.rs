//! The answer to "is everything all right?", and what needs a person, with the command to run.

use maud::{Markup, html};
use openclaw_auth::model::Timestamp;

use super::pieces::{As, Foreign, Tone, command, count, grouped, icon, moment};
use super::rows::{Row, RowKind};
use super::view::PageInput;
use crate::assess::{self, headline};
use crate::model::{Issue, IssueOf, LoginState, Severity, Snapshot};
use crate::texts::text;

/// Longer lists are cut: the rest is in the list of logins.
const MOST_NEEDS: usize = 10;

/// The big answer on top of the page.
pub(super) fn verdict(
    input: &PageInput<'_>,
    snapshot: &Snapshot,
    rows: &[Row<'_>],
    issues: &[Issue<'_>],
) -> Markup {
    let needs = |severity| issues.iter().filter(|issue| issue.assessment.severity == Some(severity)).count();
    let (urgent, later) = (needs(Severity::Critical), needs(Severity::Warning));
    let profiles =
        || rows.iter().filter(|row| matches!(row.what, RowKind::Profile(_)) && row.agent.is_some());
    let tone = match (urgent, later) {
        (0, 0) if profiles().next().is_none() => Tone::Busy,
        (0, 0) => Tone::Good,
        (0, _) => Tone::Soon,
        (_, _) => Tone::Bad,
    };
    let short = if urgent + later == 0 { String::new() } else { format!("({}) ", urgent + later) };
    let tally = |tone: Tone| match tone {
        Tone::Bad => urgent,
        Tone::Soon => later,
        Tone::Busy => needs(Severity::Info),
        Tone::Good => profiles().filter(|row| row.tone == tone && !row.inherited()).count(),
    };
    html! {
        section.verdict.(tone.class()) aria-label="Verdict" data-title={ (short) "authwatch" } {
            (icon(tone))
            div {
                div role="status" aria-live="polite" aria-atomic="true" {
                    h1 { (headline(snapshot, issues)) }
                    @if urgent > 0 && later > 0 {
                        p.sub { (count(later, "of them is", "of them are")) " less urgent." }
                    } @else if urgent == 0 && later > 0 {
                        p.sub { "All logins that models use work now." }
                    } @else if tone == Tone::Busy {
                        p.sub { "No agent has a login yet. Set one up with "
                            code { "openclaw models auth login" } "." }
                    }
                }
                @if tone == Tone::Good { (next_need(snapshot, rows)) }
                p.look {
                    @if !input.host.is_empty() { span.id { (Foreign(input.host)) } ". " }
                    "Last checked " span.fresh { (moment(snapshot.now, snapshot.now, As::Ago)) " ago" } ", "
                    span #look { (moment(snapshot.now, snapshot.now, As::Date)) } ". "
                    @if input.refreshing_enabled { "Automatic renewal is on." }
                    @else { "Automatic renewal is off." }
                }
            }
        }
        dl.tally {
            div { dt { "Agents" } dd { (grouped(snapshot.agents.len())) } }
            @for (tone, name) in [
                (Tone::Good, "OK"), (Tone::Busy, "For information"), (Tone::Soon, "Warning"), (Tone::Bad, "Critical"),
            ] {
                div.(tone.class()).none[tally(tone) == 0] { dt { (icon(tone)) (name) } dd { (grouped(tally(tone))) } }
            }
        }
    }
}

/// Everything is fine; what will be next to need a person, and when?
fn next_need(snapshot: &Snapshot, rows: &[Row<'_>]) -> Markup {
    let next = rows
        .iter()
        .filter(|row| !row.inherited() && row.agent.is_some() && !renews_itself(row))
        .filter_map(|row| Some((row, row.end()?)))
        .filter(|(_, end)| *end > snapshot.now)
        .min_by(|left, right| left.1.total_cmp(&right.1));
    html! {
        @if let Some((row, end)) = next {
            p.sub { "Next to expire: " b { "agent " (Foreign(row.agent_name())) ": " (Foreign(row.name())) }
                ", in " (moment(end, snapshot.now, As::Left)) "." }
        }
    }
}

/// Whether its end comes and goes without anybody doing anything.
pub(super) fn renews_itself(row: &Row<'_>) -> bool {
    matches!(row.what, RowKind::Profile(profile)
        if matches!(profile.login, LoginState::Renewable | LoginState::Refreshing | LoginState::External))
}

/// What needs a person, each with what it means, since when, and the command.
pub(super) fn section(snapshot: &Snapshot, issues: &[Issue<'_>]) -> Markup {
    let needs: Vec<&Issue<'_>> = issues.iter().filter(|issue| issue.assessment.needs_person).collect();
    if needs.is_empty() {
        return Markup::default();
    }
    html! {
        section #needs aria-labelledby="needs-title" {
            h2 #needs-title { "What needs you" }
            ul.needs {
                @for need in needs.iter().take(MOST_NEEDS) { (one(need, snapshot.now)) }
            }
            @if needs.len() > MOST_NEEDS {
                p.more { "And " (grouped(needs.len() - MOST_NEEDS)) " more: "
                    a href="?show=attention#logins" { "everything that needs attention" } "." }
            }
        }
    }
}

fn one(issue: &Issue<'_>, now: Timestamp) -> Markup {
    let assessment = &issue.assessment;
    let tone = Tone::of(assessment.severity);
    let agent = issue.agent.map_or("", |agent| agent.as_str());
    let name = &*assess::name(issue);
    let in_use = !matches!(issue.of, IssueOf::Login(profile) if !profile.in_use);
    let meaning = assessment.remedy.as_ref().map_or(&*assessment.summary, |remedy| &remedy.meaning);
    html! {
        li.need.(tone.class()) data-key={ (Foreign(agent)) "/" (Foreign(name)) } {
            (icon(tone))
            div.what {
                h3 {
                    @if !agent.is_empty() { span.of { "agent " span.id { (Foreign(agent)) } ": " } }
                    span.id { (Foreign(name)) }
                    " " span.badge { (text(&format!("state-{}", assessment.state.as_str()), &[])) }
                }
                p {
                    (Foreign(&sentence(meaning))) "."
                    @if let Some(since) = assessment.since { " Since " (moment(since, now, As::Date)) ", " (moment(since, now, As::Ago)) " ago." }
                    @if let Some(end) = ends(issue, now) { " " (moment(end, now, As::Left)) " left." }
                    @if !in_use { " No configured model uses it." }
                    @if !issue.also.is_empty() {
                        " Also used by " (count(issue.also.len(), "agent", "agents")) "."
                    }
                }
                @if let Some(line) = assessment.command() { (command(line, &format!("agent {agent}: {name}"))) }
            }
        }
    }
}

/// When it ends, if that is ahead.
fn ends(issue: &Issue<'_>, now: Timestamp) -> Option<Timestamp> {
    let IssueOf::Login(profile) = issue.of else { return None };
    profile.end().filter(|end| *end > now)
}

/// A short sentence with a capital.
pub(super) fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
